// The catalogues say the same things in each language.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";

const SOURCE = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), "../../src");
const WEB = path.join(SOURCE, "ui/web");
/** In English the agent says itself what went wrong (`parts/problem.js`), but for what SIP says by a number. */
const OF_AGENT = "problem-";
/** What German and Japanese put into a message in the place of what English does: a protection as part of a sentence, or as one. */
const OTHERWISE = { "policies-rule": ["how"] };

// Where nothing says of what kind a `.js` file is, Node takes it for what it is not: as data it is what the browser takes it for.
const fluent = await readFile(path.join(WEB, "vendor/fluent.js"));
const { FluentResource } = await import(`data:text/javascript;base64,${fluent.toString("base64")}`);

async function read(name) {
  const { body } = new FluentResource(await readFile(path.join(WEB, `words/${name}.ftl`), "utf8"));
  return new Map(body.map((message) => [message.id, message]));
}

const [en, de, ja] = await Promise.all(["en", "de", "ja"].map(read));

/** What stands in a pattern beside what is put into it. */
const literals = (pattern) => (Array.isArray(pattern) ? pattern : [pattern]).filter((part) => typeof part === "string");

/** What is put into a pattern, wherever it stands in it. */
function variables(pattern, found = new Set()) {
  if (Array.isArray(pattern)) pattern.forEach((part) => variables(part, found));
  else if (pattern?.type === "var") found.add(pattern.name);
  else if (pattern?.type === "select") [pattern.selector, ...pattern.variants.map(({ value }) => value)].forEach((part) => variables(part, found));
  return found;
}

async function text(folder, ending) {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(ending) && !name.includes("vendor"));
  return (await Promise.all(names.map((name) => readFile(path.join(folder, name), "utf8")))).join("\n");
}

test("German and Japanese have every message of English, and besides only failures, which the agent says in English", () => {
  for (const [language, words] of Object.entries({ de, ja })) {
    assert.deepEqual([...en.keys()].filter((id) => !words.has(id)), [], `lacking in ${language}`);
    assert.deepEqual([...words.keys()].filter((id) => !en.has(id) && !id.startsWith(OF_AGENT)), [], `too much in ${language}`);
  }
  assert.deepEqual([...de.keys()].sort(), [...ja.keys()].sort());
});

test("each message has the same attributes, and puts in what is there", () => {
  for (const [id, german] of de) {
    const japanese = ja.get(id);
    assert.deepEqual(Object.keys(german.attributes), Object.keys(japanese.attributes), id);
    const english = en.get(id);
    if (!english?.value) continue;
    const there = new Set([...variables(english.value), ...(OTHERWISE[id] ?? [])]);
    for (const message of [german, japanese]) assert.deepEqual([...variables(message.value)].filter((name) => !there.has(name)), [], id);
  }
});

test("each failure that has words has a code that the agent, or the page, gives", async () => {
  const given = (await text(SOURCE, ".rs")) + (await text(WEB, ".js"));
  const codes = [...de.keys()].filter((id) => id.startsWith(OF_AGENT)).map((id) => id.slice(OF_AGENT.length));
  assert.ok(codes.length > 0);
  assert.deepEqual(codes.filter((code) => !given.includes(`"${code}"`)), []);
  for (const code of codes) assert.ok([...variables(de.get(OF_AGENT + code).value)].every((name) => name === "subject"), code);
});

/** In one line, as the compiler has them: a string of Rust can go on in the next one. */
const joined = (source) => source.replaceAll(/\\\n\s*/g, "");

/** Of a sentence that is put together: its parts. A status of SIP stands beside its reason, and is no part of it. */
const pieces = (value) => literals(value).flatMap((part) => part.split(/[:;()]/)).map((piece) => piece.replace(/^\d{3} /, "").trim());

// The rest is held by `policy::advice`, which says them all.
test("each sentence of calls, asks and checks that is found by what the agent says is one that it says", async () => {
  const source = joined(await text(SOURCE, ".rs"));
  const sentences = [...en.values()].filter(({ id }) => /^said-(answer|check|end|place|step)-/.test(id));
  assert.ok(sentences.length > 0);
  assert.deepEqual(sentences.filter(({ value }) => pieces(value).some((piece) => !source.includes(piece))).map(({ id }) => id), []);
});

/** The first argument of each call of one of these functions, from `open` on: what stands before a comma or the end at its own depth. */
function argument(source, open) {
  let depth = 0;
  for (let at = open; at < source.length; at += 1) {
    if ("([{".includes(source[at])) depth += 1;
    else if (")]}".includes(source[at])) depth -= 1;
    if (depth < 1 || (depth === 1 && source[at] === ",")) return source.slice(open + 1, at);
  }
  return "";
}

/** Names of messages in an expression: whole ones, and what those begin with that are put together. What is compared with something is none. */
function namesIn(expression) {
  const said = expression.replaceAll(/[!=]== ("[^"]*"|null)/g, "").replaceAll(/\[[^\]]*\]\.includes\([^)]*\)/g, "");
  const whole = [...said.replaceAll(/`[^`]*`/g, "").matchAll(/"([^"]*)"/g)].map(([, name]) => name);
  const begun = [...said.matchAll(/`([^`$]*)\$\{/g)].map(([, name]) => name);
  return { whole: whole.filter((name) => /^[a-z][a-z0-9-]*(\.[a-z]+)?$/.test(name)), begun: begun.filter(Boolean) };
}

async function asked() {
  const source = await text(WEB, ".js");
  const found = [...source.matchAll(/\b(?:t|about)(\()/g)].map((match) => namesIn(argument(source, match.index + match[0].length - 1)));
  return { whole: new Set(found.flatMap(({ whole }) => whole)), begun: new Set(found.flatMap(({ begun }) => begun)), source };
}

test("each message that the page says is in the catalogue, and the catalogue has none that nobody says", async () => {
  const { whole, begun, source } = await asked();
  assert.ok(whole.size > 200 && begun.size > 20);
  const has = (name) => {
    const [id, attribute] = name.split(".");
    return attribute ? en.get(id)?.attributes[attribute] : en.has(id);
  };
  assert.deepEqual([...whole].filter((name) => !has(name)), []);
  const ids = [...en.keys()];
  assert.deepEqual([...begun].filter((start) => !ids.some((id) => id.startsWith(start))), []);
  // Of those that are put together from more: a word that a control is given, and the parts of a room.
  const words = [...source.matchAll(/(?:\bword=|\bofKind\(|\bterm\(|\], )"([a-z-]+)"/g)].map(([, word]) => `${word}-`);
  const starts = [...words, ...[...source.matchAll(/`([a-z][a-z0-9-]*-)\$\{/g)].map(([, start]) => start)];
  const rooms = [...source.matchAll(/\broom="([a-z]+)"/g)].map(([, room]) => room);
  const isTab = (id) => rooms.some((room) => id.startsWith(`${room}-`) && new RegExp(`\\b${id.slice(room.length + 1)}: [A-Z]`).test(source));
  const within = [...(await readFile(path.join(WEB, "words/en.ftl"), "utf8")).matchAll(/\{ ([a-z][a-z0-9-]*) \}/g)].map(([, id]) => id);
  const isSaid = (id) => within.includes(id) || source.includes(`"${id}"`) || starts.some((start) => id.startsWith(start)) || /^(said|problem|dropped)-/.test(id) || isTab(id);
  assert.deepEqual(ids.filter((id) => !isSaid(id)), []);
});

test("each reason why packets are dropped has words", async () => {
  const names = async (file, within) => [...within.exec(await readFile(path.join(SOURCE, file), "utf8"))[0].matchAll(/=> "([a-z-]+)"/g)].map(([, name]) => name);
  const reasons = await names("ipsec/drop_reason.rs", /pub fn name[^]*?\n    }\n/);
  assert.equal(reasons.length, 14);
  for (const [language, words] of Object.entries({ en, de, ja })) assert.deepEqual(reasons.filter((name) => !words.has(`dropped-${name}`)), [], language);
});
