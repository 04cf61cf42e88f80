// When an entry ends.

import { html, useEffect, useId, useRef, useState } from "../../vendor/preact.js";
import { post, segment } from "../../core/door.js";
import { t } from "../../core/words.js";
import { told } from "../../parts/done.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";

/** In seconds. */
const SPANS = { hour: 3600, day: 86_400, week: 7 * 86_400 };

export function Ends({ id, ends, onDone, onCancel }) {
  const [at, setAt] = useState("");
  const [run, busy, problem] = useRequest();
  const first = useRef();
  const field = useId();
  useEffect(() => first.current.focus(), []);
  const set = (body) =>
    run(async () => {
      const policy = await post(`/v1/policy/entries/${segment(id)}/expiry`, body);
      onDone(await told(t("policies-ends-set"), id, policy.warnings));
    });
  const then = (event) => {
    event.preventDefault();
    // Without fractions of a second.
    if (at) set({ at: new Date(at).toISOString().replace(/\.\d+/, "") });
  };
  return html`<form class="inset" onSubmit=${then}>
    <p>${t("policies-ends-when")}</p>
    <div class="buttons">
      ${Object.entries(SPANS).map(([name, seconds], number) => html`<button type="button" ref=${number ? null : first} disabled=${busy} onClick=${() => set({ seconds })}>${t(`policies-ends-${name}`)}</button>`)}
      <button type="button" disabled=${busy || !ends} onClick=${() => set({ never: true })}>${t("policies-never")}</button>
    </div>
    <label for=${field} class="over">${t("policies-ends-at")}</label>
    <div class="line">
      <input id=${field} type="datetime-local" value=${at} onInput=${(event) => setAt(event.target.value)} />
      <button disabled=${busy || !at}>${t("save")}</button>
      <button type="button" class="quiet" onClick=${onCancel}>${t("cancel")}</button>
    </div>
    <${ProblemBox} problem=${problem} />
  </form>`;
}
