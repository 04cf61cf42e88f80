// What was done, and the way back.

import { html, useEffect, useRef } from "../vendor/preact.js";
import { get, post, segment } from "../core/door.js";
import { t } from "../core/words.js";
import { Icon } from "./icon.js";
import { ProblemBox, useRequest } from "./problem.js";
import { OfAgent } from "./text.js";

/** What is told of a change that was just made to this entry, or to the default. */
export async function told(text, id, warnings = []) {
  const { changes } = await get(`/v1/policy/history?limit=1${id ? `&entry=${segment(id)}` : ""}`);
  return { text, warnings, change: changes[0]?.number ?? null };
}

/** `done`: a text, warnings of the agent, and the number of the change that can be taken back. */
export function Done({ done, onDone }) {
  const [run, busy, problem, clear] = useRequest();
  const box = useRef();
  useEffect(() => {
    clear();
    // What was pressed may be gone.
    if (document.activeElement === document.body) box.current?.focus();
  }, [done]);
  const undo = () =>
    run(async () => {
      await post("/v1/policy/undo", { change: done.change });
      onDone({ text: t("policies-undone"), warnings: [], change: null });
    });
  return html`<div role="status" tabindex="-1" ref=${box} class="done">
    ${done &&
    html`<div class="done-box">
      <${Icon} name="check" /><span class="grow">${done.text}</span>
      ${done.change !== null && html`<button disabled=${busy} onClick=${undo}>${t("policies-undo")}</button>`}
      <button class="quiet" onClick=${() => onDone(null)}>${t("dismiss")}</button>
      ${done.warnings.length > 0 && html`<ul class="under">${done.warnings.map((warning) => html`<li><${OfAgent} text=${warning} /></li>`)}</ul>`}
      <${ProblemBox} problem=${problem} />
    </div>`}
  </div>`;
}
