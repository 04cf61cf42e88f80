// One entry, whole, and what can be done with it.

import { html, useEffect, useRef, useState } from "../../vendor/preact.js";
import { post, remove, segment } from "../../core/door.js";
import { namesOf, rowsOf, sealOf, stateOf } from "../../core/spd.js";
import { useKnown } from "../../core/store.js";
import { t } from "../../core/words.js";
import { go } from "../../core/way.js";
import { told } from "../../parts/done.js";
import { Icon } from "../../parts/icon.js";
import { Lines, said, sentence, States } from "../../parts/policyrow.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";
import { ChangesOf } from "./change.js";
import { Edit } from "./edit.js";
import { Ends } from "./ends.js";
import { Facts } from "./facts.js";
import { useEntry } from "./policy.js";

export const BackToList = () => html`<p><a href="#policies/entries">${t("policies-back")}</a></p>`;

/** The heading of a page within the tab: it is gone to when the page opens. */
export function Title({ children }) {
  const at = useRef();
  useEffect(() => at.current.focus({ preventScroll: true }), []);
  return html`<h2 class="page-title" tabindex="-1" ref=${at}>${children}</h2>`;
}

export function Entry({ id, onDone }) {
  const { view, problem } = useEntry(id);
  return html`<${BackToList} />
    <${ProblemBox} problem=${problem} />
    ${view?.gone && html`<p class="empty">${t("policies-gone")} <a href="#policies/changes">${t("policies-changes")}</a></p>`}
    ${view?.entries && html`<${Shown} id=${id} entries=${view.entries} onDone=${onDone} />`}`;
}

function Shown({ id, entries, onDone }) {
  const known = useKnown();
  const names = namesOf(known.contacts);
  const [part, setPart] = useState(null);
  const rows = rowsOf(entries);
  const [row] = rows;
  const shut = () => setPart(null);
  const finish = (done) => (shut(), onDone(done));
  const is = (name) => (part === name ? null : name);
  return html`<article class="card entry">
    <${Title}>${rows.map((one) => html`<span class="seal ${sealOf(one)}"><${Icon} name=${sealOf(one)} />${sentence(one, names)}</span>`)}<//>
    <p><${States} row=${row} /></p>
    <div class="buttons">
      <button aria-expanded=${part === "edit"} onClick=${() => setPart(is("edit"))}>${t("policies-edit")}</button>
      <button aria-expanded=${part === "ends"} onClick=${() => setPart(is("ends"))}>${t("policies-ends")}</button>
      <${Switch} id=${id} disabled=${stateOf(row) === "disabled"} onDone=${finish} />
      <${Remove} id=${id} what=${said(row, names)} onDone=${finish} />
    </div>
    ${part === "edit" && html`<${Edit} id=${id} entries=${entries} onDone=${finish} onCancel=${shut} />`}
    ${part === "ends" && html`<${Ends} id=${id} ends=${entries[0].expires} onDone=${finish} onCancel=${shut} />`}
    ${rows.map((one) => html`<${Facts} key=${one.id} row=${one} />`)}
    <details open>
      <summary>setkey</summary>
      <${Lines} entries=${entries} />
    </details>
    <${ChangesOf} id=${id} />
  </article>`;
}

function Switch({ id, disabled, onDone }) {
  const [run, busy, problem] = useRequest();
  const turn = () =>
    run(async () => {
      const policy = await post(`/v1/policy/entries/${segment(id)}/${disabled ? "enable" : "disable"}`);
      onDone(await told(t(disabled ? "policies-enabled-now" : "policies-disabled-now"), id, policy.warnings));
    });
  return html`<button disabled=${busy} onClick=${turn}>${t(disabled ? "policies-enable" : "policies-disable")}</button><${ProblemBox} problem=${problem} />`;
}

function Remove({ id, what, onDone }) {
  const [run, busy, problem] = useRequest();
  const gone = () =>
    run(async () => {
      await remove(`/v1/policy/entries/${segment(id)}`);
      onDone(await told(t("policies-removed", what), id));
      go("policies/entries");
    });
  return html`<button class="danger" disabled=${busy} onClick=${gone}>${t("policies-remove")}</button><${ProblemBox} problem=${problem} />`;
}
