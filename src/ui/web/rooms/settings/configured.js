// What only the configuration file can say: the lines, and where the file is.

import { html } from "../../vendor/preact.js";
import { useFile } from "../../core/file.js";
import { t } from "../../core/words.js";
import { Copied } from "../../parts/copied.js";
import { Theirs } from "../../parts/text.js";

const WHERE = "~/.config/sottovoce/sottovoce.toml";

export function Configured({ title, lines, children }) {
  const file = useFile();
  return html`<section class="card">
    <h2>${title}</h2>
    ${children}
    <${Copied} text=${lines} label=${t("settings-file-lines")} />
    ${file && html`<p class="hint">${t(file.path ? "settings-file-where" : "settings-file-none")} <code dir="ltr"><${Theirs} text=${file.path ?? WHERE} /></code></p>`}
    <p class="hint">${t("settings-file-then")} <code dir="ltr">sottovoce stop; sottovoce run --page</code></p>
  </section>`;
}
