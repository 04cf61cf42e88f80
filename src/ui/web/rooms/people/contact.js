// One contact: who it is, how sure that is, what was approved, and what one does with it.

import { html, useEffect, useRef, useState } from "../../vendor/preact.js";
import { remove, segment } from "../../core/door.js";
import { SEALS } from "../../core/policy.js";
import { about, t } from "../../core/words.js";
import { Icon } from "../../parts/icon.js";
import { PeerActs } from "../../parts/peeracts.js";
import { Asked } from "../../parts/question.js";
import { Theirs, Time } from "../../parts/text.js";
import { ContactForm } from "./contactform.js";
import { groupName } from "./groups.js";

/** How sure it is that it is that one. */
const KeyTag = ({ state }) => html`<span class="keystate ${state}"><${Icon} name=${state === "verified" ? "check" : "key"} />${t(`people-key-${state}`)}</span>`;

function Approved({ kind }) {
  if (!kind) return html`<span class="detail">${t("people-unapproved")}</span>`;
  return html`<span class="seal ${SEALS[kind]}"><${Icon} name=${SEALS[kind]} />${t(`protection-${kind}`)}</span>`;
}

export function ContactRow({ contact, keys, approved }) {
  const [open, set] = useState(false);
  const state = keys ? (keys.get(contact.entity) ?? "none") : contact.approved ? "pinned" : "none";
  return html`<li class="row person">
    <div class="grow">
      <p class="who"><strong><${Theirs} text=${contact.name} /></strong> ${contact.group && html`<span class="tag">${groupName(contact.group)}</span>`}</p>
      <p class="detail"><${Theirs} text=${contact.entity} /></p>
      <p class="facts"><${KeyTag} state=${state} /> ${approved && html`<${Approved} kind=${approved.get(contact.entity)} />`}</p>
      ${contact.group && state === "none" && html`<p class="hint">${t("people-unproven")}</p>`}
    </div>
    <${PeerActs} peer=${contact.name} who=${contact.name}>
      <button class="quiet" aria-expanded=${open} aria-label=${about("people-more-of", contact.name)} onClick=${() => set(!open)}>${t("people-more-of")}</button>
    <//>
    ${open && html`<${Opened} contact=${contact} state=${state} />`}
  </li>`;
}

function Opened({ contact, state }) {
  const [editing, edit] = useState(null);
  const button = useRef();
  useEffect(() => {
    if (editing === false) button.current?.focus();
  }, [editing]);
  if (editing) return html`<${ContactForm} contact=${contact} onDone=${() => edit(false)} />`;
  return html`<div class="whole">
    <dl>
      <dt>${t("key")}</dt><dd>${t(`people-key-${state}.why`)}</dd>
      ${contact.addresses.length > 0 && html`<dt>${t("people-addresses")}</dt><dd>${contact.addresses.map((address) => html`<span><${Theirs} text=${address} /></span>`)}</dd>`}
      ${contact.note && html`<dt>${t("people-note")}</dt><dd><${Theirs} text=${contact.note} /></dd>`}
      <dt>${t("people-saved")}</dt><dd><${Time} at=${contact.since} /></dd>
    </dl>
    <div class="buttons">
      <button ref=${button} aria-label=${about("people-change", contact.name)} onClick=${() => edit(true)}>${t("people-change")}</button>
      <${Asked}
        says=${t("people-remove")}
        label=${about("people-remove", contact.name)}
        question=${t("people-remove-sure", { who: contact.name })}
        yes=${t("people-remove")}
        work=${() => remove(`/v1/contacts/${segment(contact.entity)}`)}
      />
    </div>
  </div>`;
}
