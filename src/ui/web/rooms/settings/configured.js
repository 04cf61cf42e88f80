// What only the configuration file can say: the lines, and where the file is.

import { html, useEffect, useState } from "../../vendor/preact.js";
import { get } from "../../core/door.js";
import { t } from "../../core/words.js";
import { Copied } from "../../parts/copied.js";
import { Theirs } from "../../parts/text.js";

/** What the agent says of its file, and of what it assumed where that says nothing. */
function useFile() {
  const [found, set] = useState(null);
  useEffect(() => {
    get("/v1/doctor").then(
      ({ checks }) => set(checks.find((check) => check.name === "configuration")?.found ?? null),
      () => {},
    );
  }, []);
  return found;
}

export function Configured({ title, lines, children }) {
  const file = useFile();
  return html`<section class="card">
    <h2>${title}</h2>
    ${children}
    <${Copied} text=${lines} label=${t("settings-file-lines")} />
    <p class="hint">${t("settings-file-where")} ${file ? html`<code><${Theirs} text=${file} /></code>` : "…"}</p>
    <p class="hint">${t("settings-file-none")} <code dir="ltr">~/.config/sottovoce/sottovoce.toml</code> ${t("settings-file-then")} <code dir="ltr">sottovoce stop; sottovoce run --page</code></p>
  </section>`;
}
