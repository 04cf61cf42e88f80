// Entries of one's own: for everybody, a peer, a device or a group; by the form, or as lines.

import { html, useId, useRef, useState } from "../../vendor/preact.js";
import { post } from "../../core/door.js";
import { useKnown } from "../../core/store.js";
import { t } from "../../core/words.js";
import { go } from "../../core/way.js";
import { told } from "../../parts/done.js";
import { PolicyEditor, useEditor } from "../../parts/policyeditor.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";
import { BackToList, Title } from "./entry.js";

const KINDS = ["entity", "device", "group", "everybody"];

/** What the agent is told of whom it is for. */
function scope({ kind, entity, device, group }) {
  if (kind === "entity") return { entity };
  if (kind === "device") return { entity: entity || null, device };
  return kind === "group" ? { group } : {};
}

export function Add({ onDone }) {
  const editor = useEditor(null);
  const [whom, setWhom] = useState({ kind: "entity", entity: "", device: "", group: "" });
  const [run, busy, problem] = useRequest();
  const name = useRef();
  const missing = whom.kind !== "everybody" && !whom[whom.kind].trim();
  const put = async () => {
    if (missing) return name.current?.focus();
    await run(async () => {
      const view = await post("/v1/policy", { text: editor.text, ...scope(whom) });
      const news = view.added.length > 0;
      const text = news ? t("policies-added", { count: view.added.length, ids: view.added.slice(0, 4).join(", ") }) : t("policies-there", { ids: view.skipped.map((one) => one.id).join(", ") });
      onDone(news ? await told(text, view.added[0], view.warnings) : { text, warnings: view.warnings, change: null });
      const first = view.added[0] ?? view.skipped[0]?.id;
      go(view.added.length <= 2 && first ? `policies/entries/${first}` : "policies/entries");
    });
  };
  return html`<${BackToList} />
    <article class="card">
      <${Title}>${t("policies-add-title")}<//>
      <${Whom} whom=${whom} onWhom=${setWhom} first=${name} />
      <${PolicyEditor} editor=${editor} disabled=${busy} />
      <${ProblemBox} problem=${problem} />
      <div class="buttons">
        <button class="main" disabled=${busy || Boolean(editor.cannot)} onClick=${put}>${t("policies-add-do")}</button>
        <a class="button quiet" href="#policies/entries">${t("cancel")}</a>
        ${missing && html`<span class="hint">${t("policies-add-whom")}</span>`}
      </div>
    </article>`;
}

function Whom({ whom, onWhom, first }) {
  const known = useKnown();
  const group = useId();
  const set = (name) => (event) => onWhom({ ...whom, [name]: event.target.value });
  const field = (name, first, list) => html`<${Field} name=${name} value=${whom[name]} onInput=${set(name)} first=${first} list=${list} />`;
  const devices = known.presences.filter((one) => !whom.entity || one.entity === whom.entity).map((one) => one.device);
  return html`<fieldset class="choice">
      <legend>${t("policies-for")}</legend>
      ${KINDS.map((kind) => html`<label><input type="radio" name=${group} checked=${whom.kind === kind} onChange=${() => onWhom({ ...whom, kind })} />${t(`policies-kind-${kind}`)}</label>`)}
    </fieldset>
    ${whom.kind === "entity" && field("entity", first, known.contacts.map((one) => one.name))}
    ${whom.kind === "device" && html`${field("device", first, devices)}${field("entity", null, known.contacts.map((one) => one.name))}`}
    ${whom.kind === "group" && html`<${Groups} value=${whom.group} groups=${known.groups.filter((one) => one.relation !== "unknown")} onChange=${set("group")} first=${first} />`}`;
}

function Field({ name, value, onInput, first, list }) {
  const [id, known] = [useId(), useId()];
  return html`<label for=${id} class="over">${t(`policies-name-${name}`)}</label>
    <input id=${id} ref=${first} value=${value} onInput=${onInput} list=${known} dir="ltr" autocomplete="off" autocapitalize="none" spellcheck=${false} />
    <datalist id=${known}>${list.map((one) => html`<option value=${one} />`)}</datalist>`;
}

function Groups({ value, groups, onChange, first }) {
  const id = useId();
  return html`<label for=${id} class="over">${t("policies-name-group")}</label>
    <select id=${id} ref=${first} onChange=${onChange}>
      <option value="" selected=${!value}></option>
      ${groups.map((one) => html`<option value=${one.name} selected=${one.name === value}>${one.name}</option>`)}
    </select>`;
}
