// A text that is to be put elsewhere: shown whole, and copied by a click.

import { html, useRef, useState } from "../vendor/preact.js";
import { t } from "../core/words.js";

export function Copied({ text, label }) {
  const [is, set] = useState(false);
  const code = useRef();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      set(true);
    } catch {
      // Where the browser lets nobody copy, the text is marked and the keyboard does it.
      getSelection().selectAllChildren(code.current);
    }
  };
  return html`<div class="copied">
    <pre dir="ltr" tabindex="0" role="region" aria-label=${label}><code ref=${code}>${text}</code></pre>
    <button type="button" onClick=${copy} aria-label=${`${t("settings-copy")}: ${label}`}>${t(is ? "settings-copied" : "settings-copy")}</button>
  </div>`;
}
