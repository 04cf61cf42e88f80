// How calls are told of.

/** The end of the name of the message that says how it stands. */
export function stateWord(call) {
  if (call.failure?.code === "declined") return "declined";
  if (call.state !== "active") return call.state;
  if (call.on_hold) return "held";
  return call.held_by_peer ? "held-by-peer" : call.state;
}
