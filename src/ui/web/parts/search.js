// A field that narrows the list below it as one types.

import { html, useId } from "../vendor/preact.js";

export function Search({ label, value, onChange }) {
  const id = useId();
  return html`<label class="sr" for=${id}>${label}</label>
    <input id=${id} type="search" value=${value} placeholder=${label} autocomplete="off" spellcheck=${false} onInput=${(event) => onChange(event.target.value)} />`;
}
