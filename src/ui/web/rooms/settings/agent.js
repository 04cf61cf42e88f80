// The program: whether it may disturb, what runs, whether all is well, and how this page tells of calls.

import { html } from "../../vendor/preact.js";
import { post, remove } from "../../core/door.js";
import { usePolled } from "../../core/fetched.js";
import { refreshStatus, useKnown } from "../../core/store.js";
import { t } from "../../core/words.js";
import { Asked } from "../../parts/question.js";
import { Theirs } from "../../parts/text.js";
import { Configured } from "./configured.js";
import { Doctor } from "./doctor.js";
import { Quiet } from "./quiet.js";
import { Telling } from "./telling.js";

const LINES = `[answer]\nmode = "prompt"\n[watchers]\nunknown = "policy"\n[quiet]\nfrom = "22:00"\nto = "07:00"\nzone = "local"`;

export function Agent() {
  const { status } = useKnown();
  // Quiet hours begin, and do-not-disturb is said elsewhere: no event tells of it.
  usePolled(() => refreshStatus().catch(() => {}));
  if (!status) return null;
  return html`<${Quiet} status=${status} />
    <${Telling} />
    <${Running} status=${status} />
    <${Doctor} />
    <${Configured} title=${t("settings-file")} lines=${LINES}><p>${t("settings-file-hint")}</p><//>
    <${Ends} />`;
}

function Running({ status }) {
  const row = (label, value) => html`<dt>${label}</dt>
    <dd>${value}</dd>`;
  const code = (text) => html`<code dir="ltr">${text}</code>`;
  return html`<section class="card">
    <h2>${t("settings-running")}</h2>
    ${status.keylog && html`<p class="impossible" role="alert">${t("settings-keylog")}</p>`}
    <dl>
      ${row(t("settings-version"), `sottovoce ${status.version}`)} ${row(t("settings-listens"), status.listen.map((at) => html`${code(at)} `))}
      ${row(t("settings-door"), code(status.control ?? t("not-told")))}
      ${row(t("settings-data"), status.data_dir ? html`<code dir="ltr"><${Theirs} text=${status.data_dir} /></code>` : t("settings-data-none"))}
      ${row(t("settings-answer"), t(`settings-answer-${status.answer}`))}
    </dl>
    <p><a href="#guide">${t("settings-guide")}</a></p>
  </section>`;
}

function Ends() {
  return html`<section class="card">
    <h2>${t("settings-ends")}</h2>
    <div class="ends-ways">
      <p class="hint">${t("settings-close-hint")}</p>
      <${Asked} says=${t("settings-close")} question=${t("settings-close-sure")} yes=${t("settings-close-yes")} work=${() => remove("/v1/pages")} />
      <p class="hint">${t("settings-stop-hint")}</p>
      <${Asked} says=${t("settings-stop")} question=${t("settings-stop-sure")} yes=${t("settings-stop-yes")} work=${() => post("/v1/stop")} />
    </div>
  </section>`;
}
