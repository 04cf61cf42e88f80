// A question before what cannot be taken back.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { t } from "../core/words.js";

/** A button; pressed it becomes `question`, which is answered by `yes` or left. `then` does it. `kind` is `danger`, or `main` where it is none. */
export function Sure({ label, question, yes, busy, then, kind = "danger" }) {
  const [open, set] = useState(false);
  const [button, no] = [useRef(), useRef()];
  const was = useRef(false);
  useEffect(() => {
    // The answer that changes nothing has the focus, so that no second press of the same key is a yes.
    if (open) no.current.focus();
    else if (was.current) button.current?.focus();
    was.current = open;
  }, [open]);
  const escape = (event) => event.key === "Escape" && set(false);
  if (!open) return html`<button type="button" class=${kind} ref=${button} disabled=${busy} onClick=${() => set(true)}>${label}</button>`;
  return html`<div class=${`sure ${kind}`} role="group" aria-label=${question} onKeyDown=${escape}>
    <p>${question}</p>
    <button type="button" ref=${no} onClick=${() => set(false)}>${t("settings-leave-it")}</button>
    <button type="button" class=${kind} disabled=${busy} onClick=${async () => (await then(), set(false))}>${yes}</button>
  </div>`;
}
