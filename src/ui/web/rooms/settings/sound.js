// By which devices calls are heard and spoken, how loud, and whether that works.

import { html } from "../../vendor/preact.js";
import { t } from "../../core/words.js";
import { useWatched } from "../../core/fetched.js";
import { useKnown } from "../../core/store.js";
import { ProblemBox } from "../../parts/problem.js";
import { Configured } from "./configured.js";
import { Devices, hasNone } from "./devices.js";
import { Trial } from "./trial.js";

const LINES = `[audio]\ninput = "default"\noutput = "default"\nring = "default"\necho-cancellation = true\nnoise-suppression = true\ngain-control = true`;

export function Sound() {
  const [devices, problem, put] = useWatched("/v1/devices", useKnown().turns.sound);
  if (!devices) return problem ? html`<${ProblemBox} problem=${problem} />` : html`<p class="empty" role="status">${t("settings-looking")}</p>`;
  return html`<${Devices} devices=${devices} onDevices=${put} />
    ${!hasNone(devices) && html`<${Trial} />`}
    <${Configured} title=${t("settings-sound-configure")} lines=${LINES}>
      <p>${t("settings-sound-configure-hint")}</p>
      <ul>${Object.entries(devices.treatment).map(([name, is]) => html`<li>${t(`settings-${name.replaceAll("_", "-")}`)}: <strong>${t(is ? "settings-on" : "settings-off")}</strong></li>`)}</ul>
    <//>`;
}
