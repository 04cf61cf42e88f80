// What holds for whom: what the members of a group are told, what of theirs is approved by itself, and who rings in quiet hours.

import { html, useEffect, useRef, useState } from "../../vendor/preact.js";
import { useKnown } from "../../core/store.js";
import { remove, segment } from "../../core/door.js";
import { protectionOf } from "../../core/policy.js";
import { about, t } from "../../core/words.js";
import { Icon } from "../../parts/icon.js";
import { Asked } from "../../parts/question.js";
import { Theirs } from "../../parts/text.js";
import { GroupForm } from "./groupform.js";

const ALWAYS = ["own", "family", "friend", "acquaintance", "unknown"];
/** Those that are always there have names in the user's language. */
export const groupName = (name) => (ALWAYS.includes(name) ? t(`people-group-${name}`) : name);

export function Groups() {
  const { groups, contacts } = useKnown();
  const [adding, add] = useState(null);
  const button = useRef();
  useEffect(() => {
    if (adding === false) button.current.focus();
  }, [adding]);
  const last = ({ name }) => (name === "unknown" ? 1 : 0);
  return html`<section aria-labelledby="groups-title">
    <div class="head">
      <h2 id="groups-title">${t("people-groups")}</h2>
      ${!adding && html`<button ref=${button} onClick=${() => add(true)}><${Icon} name="add" />${t("people-group-add")}</button>`}
    </div>
    <p class="hint">${t("people-groups-what")}</p>
    ${adding && html`<${GroupForm} onDone=${() => add(false)} />`}
    <ul class="rows">
      ${groups.toSorted((one, other) => last(one) - last(other)).map((group) => html`<${GroupRow} key=${group.name} group=${group} members=${contacts.filter((contact) => contact.group === group.name)} />`)}
    </ul>
  </section>`;
}

/** What is approved by itself, in words. */
export const approvesWord = (rules) => (rules === null ? t("people-approve-never") : rules === "none" ? t("people-approve-advised") : t(`protection-${protectionOf(rules)}`));

function GroupRow({ group, members }) {
  const [editing, edit] = useState(null);
  const button = useRef();
  useEffect(() => {
    if (editing === false) button.current?.focus();
  }, [editing]);
  const who = groupName(group.name);
  const fact = (label, value) => html`<dt>${label}</dt><dd>${value}</dd>`;
  const unknown = group.name === "unknown";
  return html`<li class="row">
    <div class="grow">
      <p class="who"><strong><${Theirs} text=${who} /></strong> ${!group.built_in && html`<span class="tag">${t(`people-relation-${group.relation}`)}</span>`} ${!unknown && html`<span class="detail">${t("people-members", { count: members.length })}</span>`}</p>
      <dl class="group">
        ${fact(t("people-told"), t(`people-told-${group.watchers}`))}
        ${!unknown && fact(t("people-approve"), approvesWord(group.approve))}
        ${!unknown && fact(t("people-rings"), t(group.rings ? "people-rings-yes" : "people-rings-no"))}
      </dl>
      ${unknown && html`<p class="hint">${t("people-unknown-what")}</p>`}
    </div>
    ${!unknown && !editing && html`<button ref=${button} aria-label=${about("people-change", who)} onClick=${() => edit(true)}>${t("people-change")}</button>`}
    ${!group.built_in && !editing && html`<${Asked} says=${t("people-remove")} label=${about("people-remove", who)} question=${t("people-group-remove-sure", { who })} yes=${t("people-remove")} work=${() => remove(`/v1/groups/${segment(group.name)}`)} />`}
    ${editing && html`<${GroupForm} group=${group} onDone=${() => edit(false)} />`}
  </li>`;
}
