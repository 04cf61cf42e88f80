// A group while it is written.

import { html, useId, useState } from "../../vendor/preact.js";
import { post, segment } from "../../core/door.js";
import { put } from "../../core/store.js";
import { t } from "../../core/words.js";
import { Field } from "../../parts/field.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";
import { approvesWord } from "./groups.js";

const RELATIONS = ["own", "family", "friend", "acquaintance"];
const TOLD = ["allow", "policy-only", "ask", "polite-block", "block"];
const ESP = "ipsec esp/transport//require";
/** The least that is approved by itself: null is nothing, `none` whatever the advice has nothing against. */
const APPROVED = [null, ESP, `${ESP} ah/transport//require`, "none"];

export function GroupForm({ group, onDone }) {
  const [name, setName] = useState("");
  const [relation, setRelation] = useState("friend");
  const [says, set] = useState({ watchers: group?.watchers ?? "allow", approve: group?.approve ?? null, rings: group?.rings ?? false });
  const [run, busy, problem, clear] = useRequest();
  // One that was written by a command stays a choice.
  const least = APPROVED.includes(group?.approve ?? null) ? APPROVED : [...APPROVED, group.approve];
  const save = async (event) => {
    event.preventDefault();
    const change = { ...says, approve: says.approve ?? "never" };
    const said = await run(() => (group ? post(`/v1/groups/${segment(group.name)}`, change) : post("/v1/groups", { name: name.trim(), relation, change })));
    if (!said) return;
    put("groups", said);
    onDone();
  };
  return html`<form class="card form" aria-label=${t(group ? "people-change" : "people-group-add")} onSubmit=${save} onKeyDown=${(event) => event.key === "Escape" && onDone()}>
    ${!group && html`<${Field} label=${t("people-name")} hint=${t("people-group-name-hint")} value=${name} onChange=${setName} required focused pattern="[a-z0-9\\-]{1,32}" />`}
    ${!group && html`<${Choose} label=${t("people-relation")} value=${relation} values=${RELATIONS} word=${(one) => t(`people-relation-${one}`)} onChange=${setRelation} />`}
    <${Choose} label=${t("people-told")} value=${says.watchers} values=${TOLD} word=${(one) => t(`people-told-${one}`)} onChange=${(watchers) => set({ ...says, watchers })} />
    <${Choose} label=${t("people-approve")} value=${says.approve} values=${least} word=${approvesWord} onChange=${(approve) => set({ ...says, approve })} />
    <label class="tick"><input type="checkbox" checked=${says.rings} onChange=${(event) => set({ ...says, rings: event.target.checked })} />${t("people-rings-tick")}</label>
    <div class="buttons">
      <button class="main" disabled=${busy}>${t("save")}</button>
      <button type="button" onClick=${onDone}>${t("cancel")}</button>
    </div>
    <${ProblemBox} problem=${problem} onDismiss=${clear} />
  </form>`;
}

/** By its place in `values`, since null is a value here. */
function Choose({ label, value, values, word, onChange }) {
  const id = useId();
  return html`<label for=${id}>${label}</label>
    <select id=${id} onChange=${(event) => onChange(values[event.target.selectedIndex])}>
      ${values.map((one, at) => html`<option value=${at} selected=${one === value}>${word(one)}</option>`)}
    </select>`;
}
