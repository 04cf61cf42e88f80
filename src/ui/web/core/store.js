// What this page knows of the agent. It is fetched whole whenever events begin, and kept by them from then on: so all pages show the same.

import { useEffect, useReducer } from "../vendor/preact.js";
import { events, get, whenSlow } from "./door.js";

/** Nouns by the name of their list: where it is fetched, and by what each one is known. */
const LISTS = {
  accounts: { path: "/v1/accounts", key: (account) => account.entity },
  asks: { path: "/v1/asks", key: (ask) => ask.id },
  calls: { path: "/v1/calls", key: (call) => call.id },
  contacts: { path: "/v1/contacts", key: (contact) => contact.entity },
  groups: { path: "/v1/groups", key: (group) => group.name },
  messages: { path: "/v1/messages", key: (text) => text.id },
  presences: { path: "/v1/presence", key: (presence) => `${presence.entity} ${presence.device}` },
  proposals: { path: "/v1/proposals", key: (proposal) => proposal.id },
  reviews: { path: "/v1/reviews", key: (review) => review.id },
  watches: { path: "/v1/watches", key: (watch) => `${watch.peer} ${watch.device ?? ""}` },
};

/** As many as the agent itself remembers of what comes again and again, and the states in which one goes on: that is never forgotten. */
const REMEMBERED = {
  asks: { most: 256, open: ["asking", "reviewing"] },
  calls: { most: 256, open: ["active", "asking", "incoming", "inviting", "reviewing", "ringing", "wanted"] },
  messages: { most: 256, open: ["sending"] },
  proposals: { most: 128, open: ["waiting"] },
  reviews: { most: 256, open: ["declined", "failed", "looser", "pending", "proposed", "storing"] },
};

/** `list` without the oldest of what is over, where it is too long. */
function remembered(name, list) {
  const { most, open } = REMEMBERED[name] ?? { most: Infinity };
  const over = list.length > most ? list.findIndex((one) => !open.includes(one.state)) : -1;
  return over < 0 ? list : list.toSpliced(over, 1);
}

/** Which list an event's noun belongs to. */
const KEPT_BY = {
  account: "accounts",
  ask: "asks",
  call: "calls",
  contact: "contacts",
  group: "groups",
  message: "messages",
  presence: "presences",
  proposal: "proposals",
  review: "reviews",
  watch: "watches",
};
const GONE = { "account-gone": "accounts", "contact-gone": "contacts", "group-gone": "groups", "presence-gone": "presences", "watch-gone": "watches" };

/** Notices that are kept. */
const NOTICES = 20;
/** Calls whose keys are kept, and how many of each. */
const KEYED = 8;
const DIGITS = 24;
/** Between two attempts to reach the agent, in milliseconds: the first one, the longest one. */
const AGAIN = [250, 3000];

export const known = {
  /** "starting", "open", "away": whether events come. */
  line: "starting",
  /** Something that was asked takes long. */
  slow: false,
  status: null,
  notices: [],
  /** Keys of their telephones that peers have pressed in calls of this page's time, the newest last, by call. */
  digits: new Map(),
  /** Each grows when what it is named by changes: who shows that asks again. */
  turns: { audit: 0, history: 0, pins: 0, policy: 0, sound: 0, watchers: 0 },
  ...Object.fromEntries(Object.keys(LISTS).map((name) => [name, []])),
};

const listeners = new Set();
let waiting = false;

/** Tells those who show something; many changes at once are one. */
export function changed() {
  if (waiting) return;
  waiting = true;
  queueMicrotask(() => {
    waiting = false;
    listeners.forEach((listener) => listener());
  });
}

whenSlow((slow) => {
  known.slow = slow;
  changed();
});

/** `listener()` hears of each change. */
export const onChange = (listener) => listeners.add(listener);

/** `known`, and again whenever it changed. */
export function useKnown() {
  const [, again] = useReducer((turn) => turn + 1, 0);
  useEffect(() => {
    listeners.add(again);
    return () => listeners.delete(again);
  }, []);
  return known;
}

export function put(name, noun) {
  const { key } = LISTS[name];
  const at = known[name].findIndex((one) => key(one) === key(noun));
  known[name] = at < 0 ? remembered(name, [...known[name], noun]) : known[name].with(at, noun);
  changed();
}

/** What was begun by this page, where no event was quicker than the answer. */
export function add(name, noun) {
  if (!known[name].some((one) => LISTS[name].key(one) === LISTS[name].key(noun))) put(name, noun);
}

function drop(name, gone) {
  known[name] = known[name].filter((one) => LISTS[name].key(one) !== gone);
}

/** What stands with the call, or in the list of reviews, until it is answered. */
const SHOWN_ELSEWHERE = ["call-moved", "proposal-came"];

function notice(problem) {
  if (SHOWN_ELSEWHERE.includes(problem.code)) return;
  known.notices = [...known.notices, { ...problem, number: (known.notices.at(-1)?.number ?? 0) + 1 }].slice(-NOTICES);
  changed();
}

export function dismiss(number) {
  known.notices = known.notices.filter((one) => one.number !== number);
  changed();
}

function pressed({ call, digit }) {
  const before = known.digits.get(call) ?? "";
  known.digits.delete(call);
  known.digits.set(call, (before + digit).slice(-DIGITS));
  if (known.digits.size > KEYED) known.digits.delete(known.digits.keys().next().value);
}

async function fetchAll() {
  const lists = Object.entries(LISTS).map(async ([name, { path }]) => [name, Object.values(await get(path)).find(Array.isArray)]);
  const [status, ...found] = await Promise.all([get("/v1/status"), ...lists]);
  Object.assign(known, { status, line: "open" }, Object.fromEntries(found));
  Object.keys(known.turns).forEach((name) => (known.turns[name] += 1));
  changed();
}

/** The agent's own state: events say that it changed, and not how. */
export async function refreshStatus() {
  known.status = await get("/v1/status");
  changed();
}

const tellers = new Set();

/** `teller(name, noun, before)` hears each event, for tones and notifications. */
export function onEvent(teller) {
  tellers.add(teller);
}

function heard(name, noun) {
  if (KEPT_BY[name]) {
    const list = KEPT_BY[name];
    const before = known[list].find((one) => LISTS[list].key(one) === LISTS[list].key(noun));
    put(list, noun);
    tellers.forEach((teller) => teller(name, noun, before));
    if (name === "call" && !noun.rekeying) known.notices = known.notices.filter((one) => one.code !== "agreed-anew" || !one.message.includes(` call ${noun.id} `));
  } else if (GONE[name]) drop(GONE[name], LISTS[GONE[name]].key(noun) ?? noun);
  else if (name === "notice") notice(noun);
  else if (name === "digit") pressed(noun);
  else if (name in known.turns) known.turns[name] += 1;
  else if (name.startsWith("watcher")) known.turns.watchers += 1;
  // The top of the page says who and where its user is, and whether he is to be disturbed.
  if (name === "do-not-disturb" || (name === "presence" && noun.own)) refreshStatus().catch((error) => console.debug(error));
  changed();
}

/** Until the session opens nothing any more. What came while the lists were fetched is newer than they are. */
export async function follow(signal) {
  let pause = AGAIN[0];
  while (!signal.aborted) {
    const line = new AbortController();
    const early = [];
    let fetched = false;
    const whole = async () => {
      fetched = false;
      await fetchAll();
      pause = AGAIN[0];
      early.splice(0).forEach(([name, noun]) => heard(name, noun));
      fetched = true;
    };
    try {
      await events((name, noun) => {
        // More may have happened than a page that was busy could hear.
        if (name === "open" || noun?.code === "events-lost") whole().catch(() => line.abort());
        else if (fetched) heard(name, noun);
        else early.push([name, noun]);
      }, AbortSignal.any([signal, line.signal]));
    } catch (error) {
      // The line is cut, or cannot be had: it is tried again, and the page says so meanwhile.
      console.debug(error);
    }
    if (signal.aborted) return;
    known.line = "away";
    changed();
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * 2, AGAIN[1]);
  }
}
