// What was: calls, texts, and the audit table.

import { html } from "../vendor/preact.js";
import { t } from "../core/words.js";
import { Tabs } from "../parts/tabs.js";
import { Calls } from "./past/calls.js";
import { Messages } from "./past/messages.js";
import { Audit } from "./past/audit.js";

const TABS = { calls: Calls, messages: Messages, audit: Audit };

export const Past = () => html`<h1 tabindex="-1">${t("nav-past")}</h1>
  <${Tabs} room="past" tabs=${TABS} />`;
