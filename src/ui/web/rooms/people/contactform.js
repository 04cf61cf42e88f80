// A contact while it is written: a new one, or one that is changed.

import { html, useId, useState } from "../../vendor/preact.js";
import { post, segment } from "../../core/door.js";
import { put, useKnown } from "../../core/store.js";
import { t } from "../../core/words.js";
import { Field } from "../../parts/field.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";
import { groupName } from "./groups.js";

const written = (contact, peer) => ({
  name: contact?.name ?? "",
  peer: contact?.entity ?? peer ?? "",
  group: contact?.group ?? "",
  addresses: contact?.addresses.join(", ") ?? "",
  note: contact?.note ?? "",
});

const listed = (text) => text.split(/[,;\s]+/).filter(Boolean);

/** What the agent is told; of one that is there, only what is another: what stands here is shown escaped. */
function changeOf(form, contact, before = written(contact)) {
  const all = { ...form, name: form.name.trim(), peer: form.peer.trim(), note: form.note.trim(), addresses: listed(form.addresses) };
  if (!contact) return { ...all, group: all.group || null, note: all.note || null };
  return Object.fromEntries(Object.entries(all).filter(([name]) => form[name] !== before[name]));
}

export function ContactForm({ contact, peer, onDone }) {
  const { groups } = useKnown();
  const [form, set] = useState(() => written(contact, peer));
  const [run, busy, problem, clear] = useRequest();
  const group = useId();
  const field = (name) => ({ name, value: form[name], onChange: (value) => set({ ...form, [name]: value }) });
  const save = async (event) => {
    event.preventDefault();
    const change = changeOf(form, contact);
    if (!Object.keys(change).length) return onDone();
    const said = await run(() => post(contact ? `/v1/contacts/${segment(contact.entity)}` : "/v1/contacts", change));
    if (!said) return;
    if (!contact || said.entity === contact.entity) put("contacts", said);
    onDone();
  };
  return html`<form class="card form" aria-label=${t(contact ? "people-change" : "people-add")} onSubmit=${save} onKeyDown=${(event) => event.key === "Escape" && onDone()}>
    <${Field} label=${t("people-name")} ...${field("name")} required focused />
    <${Field} label=${t("people-peer")} ...${field("peer")} required dir="ltr" placeholder=${t("request-example")} />
    <label for=${group}>${t("people-group")}</label>
    <select id=${group} onChange=${(event) => set({ ...form, group: event.target.value })}>
      <option value="" selected=${!form.group}>${t("people-no-group")}</option>
      ${groups.filter(({ name }) => name !== "unknown").map(({ name }) => html`<option value=${name} selected=${name === form.group}>${groupName(name)}</option>`)}
    </select>
    <${Field} label=${t("people-addresses")} hint=${t("people-addresses-hint")} ...${field("addresses")} dir="ltr" />
    <${Field} label=${t("people-note")} ...${field("note")} />
    <div class="buttons">
      <button class="main" disabled=${busy}>${t("save")}</button>
      <button type="button" onClick=${onDone}>${t("cancel")}</button>
    </div>
    <${ProblemBox} problem=${problem} onDismiss=${clear} />
  </form>`;
}
