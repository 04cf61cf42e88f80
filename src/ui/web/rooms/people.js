// Whom you know: contacts and groups, what is known of where they are, and who may know where you are.

import { html } from "../vendor/preact.js";
import { t } from "../core/words.js";
import { Tabs } from "../parts/tabs.js";
import { Contacts } from "./people/contacts.js";
import { Presences } from "./people/presences.js";
import { Watchers } from "./people/watchers.js";

const TABS = { contacts: Contacts, presences: Presences, watchers: Watchers };

export const People = () => html`<h1 tabindex="-1">${t("nav-people")}</h1>
  <${Tabs} room="people" tabs=${TABS} />`;
