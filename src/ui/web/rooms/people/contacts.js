// Whom you know: contacts, found as one types, and the groups that they are in.

import { html, useEffect, useMemo, useRef, useState } from "../../vendor/preact.js";
import { useApproved } from "../../core/approved.js";
import { useKnown } from "../../core/store.js";
import { t } from "../../core/words.js";
import { go, useWay } from "../../core/way.js";
import { Icon } from "../../parts/icon.js";
import { usePart } from "../../parts/more.js";
import { Search } from "../../parts/search.js";
import { ContactForm } from "./contactform.js";
import { ContactRow } from "./contact.js";
import { Groups } from "./groups.js";

const names = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });

/** All that a contact may be sought by. */
const words = (contact) => [contact.name, contact.entity, contact.group, contact.note, ...contact.addresses].join(" ").toLowerCase();

const byName = (contacts) => contacts.toSorted((one, other) => names.compare(one.name, other.name));

/** Those that have every word of it. */
function found(contacts, sought) {
  const parts = sought.toLowerCase().split(/\s+/);
  return contacts.filter((contact) => parts.every((part) => words(contact).includes(part)));
}

export function Contacts() {
  const { contacts } = useKnown();
  const [, , word, peer] = useWay();
  const [sought, seek] = useState("");
  const all = useMemo(() => byName(contacts), [contacts]);
  const list = useMemo(() => found(all, sought.trim()), [all, sought]);
  const [shown, more] = usePart(list, sought);
  const { keys, approved } = useApproved();
  const adding = word === "new";
  const button = useRef();
  const added = useRef(false);
  useEffect(() => {
    if (!adding && added.current) button.current?.focus();
    added.current = adding;
  }, [adding]);
  return html`<div class="line">
      <${Search} label=${t("people-seek")} value=${sought} onChange=${seek} />
      ${!adding && html`<button class="main" ref=${button} onClick=${() => go("people/contacts/new")}><${Icon} name="add" />${t("people-add")}</button>`}
    </div>
    ${adding && html`<${ContactForm} key=${peer} peer=${peer} onDone=${() => go("people/contacts")} />`}
    ${list.length > 0 && html`<ul class="rows">${shown.map((contact) => html`<${ContactRow} key=${contact.entity} contact=${contact} keys=${keys} approved=${approved} />`)}</ul>`}
    ${more}
    <p class="empty" role="status">${list.length ? "" : t(contacts.length ? "people-none-found" : "people-none")}</p>
    <${Groups} />`;
}
