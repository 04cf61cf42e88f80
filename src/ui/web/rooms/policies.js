// The security policy database.

import { html } from "../vendor/preact.js";
import { t } from "../core/words.js";
import { Tabs } from "../parts/tabs.js";
import { Entries } from "./policies/entries.js";
import { Changes } from "./policies/changes.js";
import { Files } from "./policies/files.js";

const TABS = { entries: Entries, changes: Changes, files: Files };

export const Policies = () => html`<h1 tabindex="-1">${t("nav-policies")}</h1>
  <${Tabs} room="policies" tabs=${TABS} />`;
