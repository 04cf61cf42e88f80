// Sentences that the agent says, in the language of the user. It says them in English; the English catalogue has the same ones, and so the message is found
// by what it says. Tests hold both together (`policy::advice`, `tests/web/words.test.mjs`). What is not in the catalogue stays as it is.

import { harmless } from "./text.js";
import { sentences, t } from "./words.js";

const PREFIX = "said-";
/** Longer is no sentence of the catalogue: nothing is looked for in whatever somebody sends. */
const MOST = 1000;
let known = null;

const literal = (text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** A message as an expression that finds it, and the names of what stands in it. */
function finder({ id, value }) {
  const parts = Array.isArray(value) ? value : [value];
  const names = parts.filter((part) => part.name).map((part) => part.name);
  return { id, names, expression: new RegExp(`^${parts.map((part) => (part.name ? "(.+?)" : literal(part))).join("")}$`) };
}

/** What a peer may have written of the end of a call, by its name in such a message: no sentence of the agent's. */
const isTheirs = (id, name) => id.startsWith("said-end-") && name === "why";

/** A message isolates what is put into it; what is within that is isolated with it. */
const within = (id, name, words) => (isTheirs(id, name) ? harmless(words) : said(words).replaceAll(/[\u2068\u2069]/g, ""));

/** The sentence in the user's language, or null where the catalogue has none like it; `kind` is what its name begins with. */
export function inOurs(sentence, kind = "") {
  known ??= sentences(PREFIX).map(finder);
  if (!sentence || sentence.length > MOST) return null;
  for (const { id, names, expression } of known) {
    const found = id.startsWith(PREFIX + kind) && expression.exec(sentence);
    if (found) return t(id, Object.fromEntries(names.map((name, at) => [name, within(id, name, found[at + 1])])));
  }
  return null;
}

/** A sentence within it, too. It is harmless, and has the marks of direction that messages have: put it into a <bdi>. */
export function said(sentence) {
  return inOurs(sentence) ?? harmless(sentence);
}

/** The name of a place: some are the agent's own, all others somebody's. */
export const placeName = (name) => name && (inOurs(name, "place-") ?? name);
