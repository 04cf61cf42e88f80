// A question before what cannot be taken back.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { t } from "../core/words.js";
import { ProblemBox, useRequest } from "./problem.js";

/** A button that asks before it does `work`; `label` names it where its word alone does not. */
export function Asked({ word, label, question, yes, work }) {
  const [open, set] = useState(null);
  const [run, busy, problem, clear] = useRequest();
  const [button, no] = [useRef(), useRef()];
  // What would be pressed by mistake is not where the focus is; afterwards that is back where it was asked.
  useEffect(() => {
    if (open !== null) (open ? no : button).current?.focus();
  }, [open]);
  const close = () => (clear(), set(false));
  const sure = () => run(async () => (await work(), set(false)));
  if (!open) return html`<button type="button" class="danger" aria-label=${label} ref=${button} onClick=${() => set(true)}>${t(word)}</button>`;
  return html`<div class="question" role="group" aria-label=${question} onKeyDown=${(event) => event.key === "Escape" && close()}>
    <p role="alert">${question}</p>
    <div class="line">
      <button type="button" class="danger" disabled=${busy} onClick=${sure}>${yes}</button>
      <button type="button" ref=${no} onClick=${close}>${t("cancel")}</button>
    </div>
    <${ProblemBox} problem=${problem} />
  </div>`;
}
