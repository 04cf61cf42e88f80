// A labelled field of a form.

import { html, useEffect, useId, useRef } from "../vendor/preact.js";

/** `focused`: one types there first. */
export function Field({ label, hint, value, onChange, focused, ...more }) {
  const [id, hintId] = [useId(), useId()];
  const field = useRef();
  useEffect(() => {
    if (focused) field.current.focus();
  }, []);
  return html`<label for=${id}>${label}</label>
    <div class="field">
      <input id=${id} ref=${field} value=${value} autocomplete="off" spellcheck=${false} aria-describedby=${hint && hintId} onInput=${(event) => onChange(event.target.value)} ...${more} />
      ${hint && html`<p class="hint" id=${hintId}>${hint}</p>`}
    </div>`;
}
