// A question before what cannot be taken back, or what others rely on.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { useSettled } from "../core/settled.js";
import { t } from "../core/words.js";
import { ProblemBox, useRequest } from "./problem.js";

/**
 * A button that `says` something, and asks before it does `work`; `label` names it where that alone does not. `kind` is `danger`, or `main` where it
 * is none. `children` are what one has to know for the answer; what else is given belongs to the button.
 */
export function Asked({ says, label, question, yes, work, kind = "danger", disabled = false, children, ...more }) {
  const [open, set] = useState(null);
  const [run, busy, problem, clear] = useRequest();
  const [button, no] = [useRef(), useRef()];
  // The answer that changes nothing has the focus, so that no second press of the same key is a yes; afterwards that is back where it was asked.
  useEffect(() => {
    if (open !== null) (open ? no : button).current?.focus();
  }, [open]);
  // The second click of two was meant for the button that stood there.
  const settled = useSettled(open);
  const close = () => (clear(), set(false));
  const sure = () => run(async () => (await work(), set(false)));
  if (!open) return html`<button type="button" class=${kind} aria-label=${label} ref=${button} disabled=${disabled} ...${more} onClick=${() => set(true)}>${says}</button>`;
  return html`<div class=${`question ${kind}`} role="group" aria-label=${question} onKeyDown=${(event) => event.key === "Escape" && close()}>
    <p role="alert">${question}</p>
    ${children}
    <div class="line">
      <button type="button" class=${kind} disabled=${busy || !settled} onClick=${sure}>${yes}</button>
      <button type="button" ref=${no} onClick=${close}>${t("cancel")}</button>
    </div>
    <${ProblemBox} problem=${problem} />
  </div>`;
}
