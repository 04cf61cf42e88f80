// What was just done, said once and seen until the next thing is done.

import { html, useEffect, useRef } from "../vendor/preact.js";
import { Icon } from "./icon.js";

export function Saved({ text }) {
  const box = useRef();
  useEffect(() => {
    // What was pressed may be gone: whoever uses the keyboard goes on from here.
    if (text && document.activeElement === document.body) box.current.focus();
  }, [text]);
  return html`<p class="saved" role="status" tabindex="-1" ref=${box}>${text && html`<${Icon} name="check" />${text}`}</p>`;
}
