// A text of entries that is to be imported: what is in it, and a large one in parts that the agent takes, as the command `policy import` sends them. Each
// part is a change of its own. What counts is what the agent reads; this page counts it so that nobody imports what he did not mean.

import { protectionOf } from "./policy.js";

/** The longest part, in characters. */
const PART = 400 << 10;

/** Cut where a line begins with `spdadd`: `[{ text, line }]`, with the number of the line before it. */
export function partsOf(text) {
  const parts = [];
  let [begin, end, line, first] = [0, 0, 0, 0];
  while (end < text.length) {
    const feed = text.indexOf("\n", end);
    const next = feed < 0 ? text.length : feed + 1;
    const begins = /^\p{White_Space}*spdadd/u.test(text.slice(end, Math.min(next, end + 200)));
    if (begins && next - begin > PART && end > begin) {
      parts.push({ text: text.slice(begin, end), line: first });
      [begin, first] = [end, line];
    }
    [end, line] = [next, line + 1];
  }
  return end > begin ? [...parts, { text: text.slice(begin), line: first }] : parts;
}

/** Where it is not in the form of the agent's own export, what is in it is unknown. */
export const UNREAD = "unread";

/** A comment, the end of a command, or a word: as setkey has them, and apart as the agent has them, which takes other characters for blanks than `\s`. */
const TOKEN = /#[^\n]*|;|[^\p{White_Space};#]+/gu;
/** Commands of setkey that the agent passes over, with what stands behind them. */
const PASSED_OVER = ["flush", "spdflush"];
/** What our own comments say of the entry before them. */
const OFF = /^#\s*sv:.*\bdisabled\b/;
/** `ipsec esp/tunnel/10.0.0.1-10.0.0.2/require`: to whoever is at its end. */
const TUNNEL = /\/tunnel\//;
/** What stands before the action, and a value behind it. */
const PRIORITY = "prio";

/** `{ way, action }` of each `spdadd` of a text; what stands in a comment is none. */
function* commands(text) {
  let words = null;
  let strange = false;
  const read = () => {
    const at = words.indexOf("-P");
    const rest = at < 0 ? [] : words.slice(at + (words[at + 2] === PRIORITY ? 4 : 2));
    return { way: at < 0 ? null : words[at + 1], action: rest.join(" ") };
  };
  for (const [token] of text.matchAll(TOKEN)) {
    if (token.startsWith("#")) {
      if (OFF.test(token)) yield { off: true };
      continue;
    }
    if (words && (token === ";" || token === "spdadd")) yield read();
    if (token === "spdadd") words = [];
    else if (token === ";") words = null;
    else if (words) words.push(token);
    else if (!strange && !PASSED_OVER.includes(token)) yield { way: null, action: "" };
    // What is no entry is one that cannot be read, once.
    strange = !words && token !== ";";
  }
  if (words) yield read();
}

/** Actions that the model of RFC 9061 has; of what it cannot say, our own leaf has the whole line. */
const MODEL = { bypass: "none", discard: "discard", protect: "ipsec esp/transport//require" };
const [MODULE, LINE, DISABLED] = ["ietf-i2nsf-ikeless:ipsec-ikeless", "sottovoce-policy:setkey", "sottovoce-policy:disabled"];
const WAYS = { inbound: "in", outbound: "out" };

const list = (value) => (Array.isArray(value) ? value : []);

function* modelled(text) {
  let spd;
  try {
    spd = JSON.parse(text)[MODULE]?.spd;
  } catch {
    // The agent says where.
    return;
  }
  const entry = (one) => ({ way: WAYS[one?.direction], action: MODEL[one?.["ipsec-policy-config"]?.["processing-info"]?.action] ?? "" });
  for (const one of list(spd?.["spd-entry"])) {
    if (typeof one?.[LINE] === "string") yield* commands(one[LINE]);
    else yield entry(one);
  }
  for (const line of list(spd?.[DISABLED])) {
    for (const one of commands(String(line))) if (!one.off) yield* [one, { off: true }];
  }
}

const ACTION = /^(none|discard|ipsec( (ah|esp|ipcomp|srtp)\/(transport|tunnel)\/[^\s/]*\/(default|use|require|unique(:\d+)?))+)$/;
const kindOf = (action) => (ACTION.test(action) ? protectionOf(action) : UNREAD);

/** How many entries of which protection, `{ count, kinds, ways, tunnels, off }`: `kinds` by their names, `ways` of `in` and `out`. Between the parts of a large text others have their turn. */
export async function contents(text) {
  const json = isJson(text);
  const found = { count: 0, kinds: new Map(), ways: new Set(), tunnels: 0, off: 0 };
  for (const part of json ? [{ text }] : partsOf(text)) {
    for (const { way, action, off } of json ? modelled(part.text) : commands(part.text)) {
      if (off) {
        found.off += 1;
        continue;
      }
      found.tunnels += TUNNEL.test(action) ? 1 : 0;
      const kind = kindOf(action);
      found.count += 1;
      found.kinds.set(kind, (found.kinds.get(kind) ?? 0) + 1);
      found.ways.add(way);
    }
    await new Promise((resolve) => setTimeout(resolve));
  }
  return found;
}

/** Whether it speaks of both directions: then no part of it is taken for all that there is. */
export const isBothWays = ({ ways }) => ways.has("in") && ways.has("out");

export const isJson = (text) => text.trimStart().startsWith("{");

/** A failure in a part, by the lines of the whole text: `[problem, line]`. */
export function inWhole(problem, line) {
  const found = /\bline (\d+)/.exec(problem.message);
  if (!found) return [problem, null];
  const number = Number(found[1]) + line;
  return [{ ...problem, message: problem.message.replace(found[0], `line ${number}`) }, number];
}
