// How far the first minutes came: kept in this browser; the talk at their end, for this tab.

import { changed } from "./store.js";

export const STEPS = ["name", "place", "sound", "account", "echo"];

const KEPT = "guide";
const TALK = "guide-talk";
const OVER = ["ended", "failed"];

function read(store, name) {
  try {
    return JSON.parse(store.getItem(name));
  } catch {
    return null;
  }
}

/** Steps that were done, and whether the guide is offered no more. */
export const kept = () => ({ done: [], off: false, ...read(localStorage, KEPT) });

function keep(change) {
  localStorage.setItem(KEPT, JSON.stringify({ ...kept(), ...change }));
  changed();
}

export const putOff = () => keep({ off: true });
export const done = (step) => keep({ done: [...new Set([...kept().done, step])] });

/** The page follows the talk that this ask begins, from room to room. */
export function follow(ask) {
  sessionStorage.setItem(TALK, JSON.stringify(ask.id));
  changed();
}

export function leave() {
  sessionStorage.removeItem(TALK);
  changed();
}

/** How far the talk came, and what it is about; null where there is none. */
export function talk(known) {
  const id = read(sessionStorage, TALK);
  const ask = id && known.asks.find((one) => one.id === id);
  if (!ask) return null;
  const review = known.reviews.find((one) => one.id === ask.review);
  if (!review) return { stage: ["asking", "reviewing"].includes(ask.state) ? "ask" : "failed", ask };
  const call = known.calls.findLast((one) => one.side === "caller" && (one.entity ?? one.peer) === review.presence.entity && Date.parse(one.started) >= Date.parse(ask.started));
  if (!call) return { stage: stageOf(review), ask, review };
  return { stage: stageOfCall(call), ask, review, call };
}

function stageOfCall(call) {
  if (call.state === "active") return "hear";
  if (!OVER.includes(call.state)) return "call";
  if (call.state === "failed") return "failed";
  return /esp|ah/.test(call.bundle) ? "over" : "open";
}

function stageOf(review) {
  if (["registered", "storing"].includes(review.state)) return "call";
  return ["refused", "stale", "failed"].includes(review.state) ? "failed" : "tighten";
}
