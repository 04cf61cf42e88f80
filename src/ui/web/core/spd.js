// The security policy database as people see it: an entry and its other direction are one row, in lookup order.

import { draftOf, protection, SEALS } from "./policy.js";
import { shortName } from "./format.js";

const turned = { in: "out", out: "in" };

/** What two entries have in common that are each other's direction. */
function apart(entry, draft) {
  const { priority, entity, device, group, place, disabled, origin, note } = entry;
  return JSON.stringify([{ ...draft, ways: "" }, priority, entity, device, group, place, disabled, origin, note]);
}

/** Each row stands where the first of its two entries does. */
export function rowsOf(entries) {
  const rows = [];
  const alone = new Map();
  for (const entry of entries) {
    const draft = draftOf(entry);
    const key = apart(entry, draft);
    const other = alone.get(`${turned[entry.direction]} ${key}`);
    if (other) {
      other.entries.push(entry);
      other.ways = "both";
      alone.delete(`${turned[entry.direction]} ${key}`);
    } else {
      const row = { id: entry.id, entries: [entry], draft, ways: entry.direction };
      rows.push(row);
      alone.set(`${entry.direction} ${key}`, row);
    }
  }
  return rows;
}

/** Names of contacts by their entity. */
export const namesOf = (contacts) => new Map(contacts.map((contact) => [contact.entity, contact.name]));

/** Whose packets an entry is for: a kind, and a name. */
export function whose({ entries: [entry], draft }, names) {
  const name = entry.entity && (names.get(entry.entity) ?? shortName(entry.entity));
  if (entry.device) return { kind: name ? "device" : "device-alone", name: name ?? entry.device };
  if (name) return { kind: "entity", name };
  if (entry.group) return { kind: "group", name: entry.group };
  return draft.theirs === "any" ? { kind: "everybody", name: "" } : { kind: "address", name: host(draft.theirs) };
}

/** A prefix that is one address, without its length. */
export const host = (prefix) => prefix.replace(prefix.includes(":") ? /\/128$/ : /\/32$/, "");

/** In force or not: "enabled", "disabled", "expired". */
export const stateOf = ({ entries: [entry] }) => (entry.disabled ? "disabled" : entry.expired ? "expired" : "enabled");

export const kindOf = ({ entries: [entry] }) => protection(entry);
export const sealOf = (row) => SEALS[kindOf(row)];

const has = (text, typed) => (text ?? "").toLowerCase().includes(typed);

function isFor({ entries: [entry] }, typed, names) {
  return [entry.entity, entry.device, entry.group, names.get(entry.entity)].some((text) => has(text, typed));
}

function says(row, typed, names) {
  return isFor(row, typed, names) || row.entries.some((entry) => has(`${entry.id} ${entry.setkey} ${entry.note ?? ""}`, typed));
}

export const NO_FILTER = { text: "", peer: "", state: "", action: "" };

/** The rows for which all of the filter is so. */
export function filtered(rows, filter, names) {
  const [text, peer] = [filter.text, filter.peer].map((typed) => typed.trim().toLowerCase());
  const fits = (row) =>
    (!filter.state || stateOf(row) === filter.state) &&
    (!filter.action || row.entries[0].action === filter.action) &&
    (!peer || isFor(row, peer, names)) &&
    (!text || says(row, text, names));
  return rows.filter(fits);
}
