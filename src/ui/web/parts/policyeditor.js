// Entries as they are written: by the form, or as the `spdadd` lines that it stands for. What is in sight counts.

import { html, useId, useState } from "../vendor/preact.js";
import { drafts, impossible, newDraft, OWN_SUPPORTS, setkey } from "../core/policy.js";
import { t } from "../core/words.js";
import { Icon } from "./icon.js";
import { PolicyForm } from "./policyform.js";

const whole = (entries) => entries.map((entry) => entry.setkey).join("\n");

/** An edit is of both directions of what is edited: it takes none away, and turns none round. */
function losesWay(before, list) {
  return before.length === list.length && before.some((draft, at) => draft.ways !== list[at].ways && list[at].ways !== "both");
}

/** `entries`: those that are edited; without them the text is a new entry's. */
export function useEditor(entries) {
  const [before] = useState(() => (entries ? drafts(entries) : [newDraft()]));
  const [list, setList] = useState(before);
  const [typed, setTyped] = useState(null);
  const found = list.map((draft) => impossible(draft, OWN_SUPPORTS)).find(Boolean) ?? (entries && losesWay(before, list) ? "policies-edit-ways" : null);
  const asText = () => setTyped(entries && list === before ? whole(entries) : setkey(list));
  return { list, setList, typed, setTyped, asText, text: typed ?? setkey(list), cannot: typed === null ? found : typed.trim() ? null : "policies-nothing-typed" };
}

export function PolicyEditor({ editor, disabled }) {
  const { list, setList, typed, setTyped, asText, text, cannot } = editor;
  const field = useId();
  return html`<div class="switch" role="group" aria-label=${t("policies-write-as")}>
      <button type="button" aria-pressed=${typed === null} onClick=${() => setTyped(null)}>${t("policies-as-form")}</button>
      <button type="button" aria-pressed=${typed !== null} onClick=${asText}>${t("policies-as-lines")}</button>
    </div>
    ${typed === null
      ? html`<${PolicyForm} list=${list} onChange=${setList} supports=${OWN_SUPPORTS} disabled=${disabled} />
          <details>
            <summary>setkey</summary>
            <pre class="setkey" dir="ltr"><code>${text}</code></pre>
          </details>`
      : html`<label for=${field} class="over">${t("policies-lines")}</label>
          <textarea id=${field} rows="6" dir="ltr" spellcheck=${false} autocapitalize="none" value=${typed} disabled=${disabled} onInput=${(event) => setTyped(event.target.value)}></textarea>
          <p class="hint">${t("policies-lines-hint")}</p>`}
    ${cannot && html`<p class="impossible" role="status"><${Icon} name="warn" />${t(cannot)}</p>`}`;
}
