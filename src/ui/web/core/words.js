// The page's words, in the language of the user. Every catalogue has every message.

import { FluentBundle, FluentResource } from "../vendor/fluent.js";
import { harmless } from "./text.js";

export const LANGUAGES = { en: "English", de: "Deutsch", ja: "日本語" };
const KEPT = "language";

let bundle;
let english = [];

/** The messages in English whose names begin so. */
export const sentences = (prefix) => english.filter(({ id }) => id.startsWith(prefix));

/** The language that is shown. */
export let language = "en";

async function load(name) {
  const answer = await fetch(`words/${name}.ftl`);
  return new FluentResource(await answer.text());
}

function wanted() {
  const chosen = localStorage.getItem(KEPT);
  const asked = chosen ? [chosen] : navigator.languages.map((tag) => tag.split("-")[0]);
  return asked.find((name) => name in LANGUAGES) ?? "en";
}

export async function speak(name = wanted()) {
  // Of English a page in another language needs the agent's sentences, to know them by.
  const [words, said] = await Promise.all([load(name), name !== "en" && load("said")]);
  const made = new FluentBundle(name);
  made.addResource(words);
  bundle = made;
  english = (said || words).body;
  language = name;
  document.documentElement.lang = name;
  document.documentElement.dir = new Intl.Locale(name).getTextInfo?.().direction ?? "ltr";
}

export async function choose(name) {
  localStorage.setItem(KEPT, name);
  await speak(name);
}

/** Whatever stands in a message may be a peer's word; the message isolates its direction. */
const safe = (args) => Object.fromEntries(Object.entries(args ?? {}).map(([name, value]) => [name, typeof value === "string" ? harmless(value) : value]));

/** The message of that name, or null. */
export function maybe(id, args) {
  const [name, attribute] = id.split(".");
  const message = bundle?.getMessage(name);
  const pattern = attribute ? message?.attributes[attribute] : message?.value;
  return pattern ? bundle.formatPattern(pattern, safe(args), []) : null;
}

/** The message of that name. */
export const t = (id, args) => maybe(id, args) ?? id;

/** A term that is a fixed one of the field, as `tighter` or `esp`; what the catalogues do not know stands as it is. */
export const term = (kind, word) => maybe(`${kind}-${word}`) ?? word;

/** The name of a control that stands in several rows: what it does, and about whom. */
export const about = (id, who) => `${t(id)}: ${harmless(who)}`;
