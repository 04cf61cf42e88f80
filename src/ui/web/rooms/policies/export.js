// The database in one of the languages that it can be told in.

import { html, useId, useState } from "../../vendor/preact.js";
import { get } from "../../core/door.js";
import { download } from "../../core/download.js";
import { number } from "../../core/format.js";
import { lines } from "../../core/text.js";
import { t } from "../../core/words.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";
import { Theirs } from "../../parts/text.js";

/** What a file of each is called. */
const FORMATS = { setkey: "conf", json: "json", xfrm: "sh", swanctl: "conf" };
/** Lines of it that are shown. */
const SHOWN = 500;

export function Export() {
  const [format, setFormat] = useState("setkey");
  const [told, setTold] = useState(null);
  const [run, busy, problem] = useRequest();
  const group = useId();
  const fetched = () => run(() => get(`/v1/policy/export?format=${format}`));
  const show = async () => {
    const view = await fetched();
    if (view) setTold(view);
  };
  const save = async () => {
    const view = await fetched();
    if (!view) return;
    setTold(view);
    download(`sottovoce-policy-${view.generation}.${format}.${FORMATS[format]}`, view.text, format === "json" ? "application/json" : "text/plain");
  };
  return html`<section class="card" aria-labelledby="export-title">
    <h2 id="export-title">${t("policies-export")}</h2>
    <fieldset class="stack">
      <legend class="sr">${t("policies-export-format")}</legend>
      ${Object.keys(FORMATS).map((name) => html`<label><input type="radio" name=${group} checked=${format === name} onChange=${() => (setFormat(name), setTold(null))} /><span>${t(`policies-format-${name}`)} <span class="detail">${t(`policies-format-${name}.what`)}</span></span></label>`)}
    </fieldset>
    <div class="buttons">
      <button class="main" disabled=${busy} onClick=${save}>${t("policies-export-save")}</button>
      <button disabled=${busy} onClick=${show}>${t("policies-export-show")}</button>
    </div>
    <${ProblemBox} problem=${problem} />
    ${told && html`<${Told} view=${told} />`}
  </section>`;
}

function Told({ view }) {
  const all = lines(view.text.trimEnd());
  const id = useId();
  return html`<label for=${id} class="over">${t("policies-export-text", { generation: String(view.generation) })}</label>
    <textarea id=${id} readonly rows="12" dir="ltr" spellcheck=${false} wrap="off" value=${all.slice(0, SHOWN).join("\n")}></textarea>
    ${all.length > SHOWN && html`<p class="hint">${t("policies-export-cut", { shown: number(SHOWN), all: number(all.length) })}</p>`}
    ${view.left_out.length > 0 &&
    html`<p class="attention">${t("policies-left-out", { count: view.left_out.length })}</p>
      <ul class="hint">${view.left_out.slice(0, SHOWN).map((one) => html`<li><a href="#policies/entries/${one.id}">${one.id}</a>: <${Theirs} text=${one.why} /></li>`)}</ul>`}`;
}
