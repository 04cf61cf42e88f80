// Sentences that the agent says, in the language of the user. It says them in English; the English catalogue has the same ones, and so the message is found
// by what it says. A test of the agent holds both together (`policy::advice`). What is not in the catalogue stays as it is.

import { harmless } from "./text.js";
import { sentences, t } from "./words.js";

const PREFIX = "said-";
let known = null;

const literal = (text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** A message as an expression that finds it, and the names of what stands in it. */
function finder({ id, value }) {
  const parts = Array.isArray(value) ? value : [value];
  const names = parts.filter((part) => part.name).map((part) => part.name);
  return { id, names, expression: new RegExp(`^${parts.map((part) => (part.name ? "(.+?)" : literal(part))).join("")}$`) };
}

/** The sentence in the user's language; a sentence within it, too. It is harmless, and has the marks of direction that messages have: put it into a <bdi>. */
export function said(sentence) {
  known ??= sentences(PREFIX).map(finder);
  for (const { id, names, expression } of known) {
    const found = expression.exec(sentence);
    if (found) return t(id, Object.fromEntries(names.map((name, at) => [name, said(found[at + 1])])));
  }
  return harmless(sentence);
}
