// Both sides into a file.

import { html, useState } from "../../vendor/preact.js";
import { post, remove, segment } from "../../core/door.js";
import { t } from "../../core/words.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";
import { Theirs } from "../../parts/text.js";

export function Recording({ call }) {
  const [tone, setTone] = useState(true);
  const [into, setInto] = useState(null);
  const [run, busy, problem, clear] = useRequest();
  const path = `/v1/calls/${segment(call.id)}/recording`;
  const begin = async () => {
    const begun = await run(() => post(path, { consent_tone: tone }));
    if (begun) setInto(begun.recording);
  };
  const file = call.recording ?? into;
  return html`<details>
    <summary>${t("record")}</summary>
    ${call.recording
      ? html`<button disabled=${busy} onClick=${() => run(() => remove(path))}>${t("record-stop")}</button>`
      : html`<label class="any"><input type="checkbox" checked=${tone} onChange=${(event) => setTone(event.target.checked)} />${t("record-tone")}</label>
          ${!tone && html`<p class="hint">${t("record-silent")}</p>`}
          <button disabled=${busy} onClick=${begin}>${t("record-begin")}</button>`}
    ${file && html`<p class="detail" role="status">${t(call.recording ? "record-into" : "record-in")} <${Theirs} text=${file} /></p>`}
    <${ProblemBox} problem=${problem} onDismiss=${clear} />
  </details>`;
}
