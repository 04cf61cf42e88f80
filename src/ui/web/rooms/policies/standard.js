// The default for everybody else: what it is, another one, and the configuration's again.

import { html, useState } from "../../vendor/preact.js";
import { post, remove } from "../../core/door.js";
import { namesOf, sealOf } from "../../core/spd.js";
import { useKnown } from "../../core/store.js";
import { t } from "../../core/words.js";
import { told } from "../../parts/done.js";
import { Icon } from "../../parts/icon.js";
import { PolicyEditor, useEditor } from "../../parts/policyeditor.js";
import { Lines, sentence } from "../../parts/policyrow.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";
import { BackToList, Title } from "./entry.js";
import { Facts } from "./facts.js";
import { usePolicy } from "./policy.js";

export function Standard({ onDone }) {
  const known = useKnown();
  const { standard, view, problem } = usePolicy(null);
  const [edits, setEdits] = useState(false);
  const [run, busy, failure] = useRequest();
  const names = namesOf(known.contacts);
  const entries = standard.flatMap((row) => row.entries);
  const isSet = entries.some((entry) => entry.origin !== "config");
  const finish = (done) => (setEdits(false), onDone(done));
  const goBack = () =>
    run(async () => {
      const policy = await remove("/v1/policy/default");
      finish(await told(t("policies-default-back-done"), null, policy.warnings));
    });
  return html`<${BackToList} />
    <${ProblemBox} problem=${problem} />
    ${view &&
    html`<article class="card entry">
      <${Title}>${standard.map((row) => html`<span class="seal ${sealOf(row)}"><${Icon} name=${sealOf(row)} />${sentence(row, names)}</span>`)}<//>
      <p class="hint">${t("policies-default-hint")}</p>
      <div class="buttons">
        <button aria-expanded=${edits} onClick=${() => setEdits(!edits)}>${t("policies-default-set")}</button>
        ${isSet && html`<button disabled=${busy} onClick=${goBack}>${t("policies-default-back")}</button>`}
      </div>
      <${ProblemBox} problem=${failure} />
      ${edits && html`<${Another} entries=${entries} onDone=${finish} onCancel=${() => setEdits(false)} />`}
      ${standard.map((row) => html`<${Facts} row=${row} />`)}
      <details open>
        <summary>setkey</summary>
        <${Lines} entries=${entries} />
      </details>
    </article>`}`;
}

function Another({ entries, onDone, onCancel }) {
  const editor = useEditor(entries);
  const [run, busy, problem] = useRequest();
  const save = () =>
    run(async () => {
      const { warnings } = await post("/v1/policy/default", { text: editor.text });
      onDone(await told(t("policies-default-done"), null, warnings));
    });
  return html`<section class="inset" aria-label=${t("policies-default-set")}>
    <${PolicyEditor} editor=${editor} disabled=${busy} />
    <${ProblemBox} problem=${problem} />
    <div class="buttons">
      <button class="main" disabled=${busy || Boolean(editor.cannot)} onClick=${save}>${t("save")}</button>
      <button class="quiet" onClick=${onCancel}>${t("cancel")}</button>
    </div>
  </section>`;
}
