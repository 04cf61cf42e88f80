// What is begun in several places: a call, and an ask.

import { post } from "./door.js";
import { add } from "./store.js";
import { go } from "./way.js";

/** Calls a peer, and shows the call. */
export async function call(peer) {
  const begun = await post("/v1/calls", { peer });
  add("calls", begun);
  go(`call/${begun.id}`);
  return begun;
}

/** Asks a peer where it is and how packets are to be protected, or what `wants` says. */
export async function ask(peer, wants = { presence: true, policy: true }) {
  const begun = await post("/v1/asks", { peer, ...wants });
  add("asks", begun);
  return begun;
}
