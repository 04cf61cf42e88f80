// What is known of a peer beside its record: whether its key is, and what was approved for it.

import { useMemo } from "../vendor/preact.js";
import { useFetched } from "./fetched.js";
import { weakestOf } from "./policy.js";
import { useKnown } from "./store.js";

/** Entries that are fetched at once, the most that the agent gives. */
const MOST = 10_000;

/** By entity: "verified" where the safety phrase was compared for every device, otherwise "pinned". */
function keyStates(pins) {
  const states = new Map();
  pins.forEach(({ entity, verified }) => states.set(entity, verified && states.get(entity) !== "pinned" ? "verified" : "pinned"));
  return states;
}

/** By entity: the weakest that was approved for one of its devices, which is a way past all others. */
function approvals(entries) {
  const inForce = entries.filter((entry) => entry.entity && entry.origin === "review" && !entry.disabled && !entry.expired);
  return new Map([...Map.groupBy(inForce, (entry) => entry.entity)].map(([entity, own]) => [entity, weakestOf(own)]));
}

/** `{ keys, approved }`, null as long as they are not known. */
export function useApproved() {
  const { turns } = useKnown();
  const [identity] = useFetched("/v1/identity", turns.policy + turns.pins);
  const [policy] = useFetched(`/v1/policy?origin=review&limit=${MOST}`, turns.policy);
  return {
    keys: useMemo(() => identity && keyStates(identity.pins), [identity]),
    approved: useMemo(() => policy && approvals(policy.entries), [policy]),
  };
}
