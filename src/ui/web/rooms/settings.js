// This telephone: who it is, where it is registered, where it is, how it sounds, and the program itself.

import { html } from "../vendor/preact.js";
import { t } from "../core/words.js";
import { Tabs } from "../parts/tabs.js";
import { You } from "./settings/you.js";
import { Accounts } from "./settings/accounts.js";
import { Places } from "./settings/places.js";
import { Sound } from "./settings/sound.js";
import { Agent } from "./settings/agent.js";

const TABS = { you: You, accounts: Accounts, places: Places, sound: Sound, agent: Agent };

export const Settings = () => html`<h1 tabindex="-1">${t("nav-settings")}</h1>
  <${Tabs} room="settings" tabs=${TABS} />`;
