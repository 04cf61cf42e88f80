// What waits for the user in rooms that he is not in: the numbers beside their ways.

import { useFetched } from "./fetched.js";
import { useKnown } from "./store.js";

/** Watchers that wait for an answer; one that left without it can be answered too. */
export const unanswered = (watchers) => watchers.filter((one) => one.id && one.state !== "active");

/** By room. `status` and `watchers` are what the agent says there, or null. */
export const waits = (status, watchers) => ({ past: status?.missed ?? 0, people: unanswered(watchers?.watchers ?? []).length });

export function useWaits() {
  const { turns } = useKnown();
  const [status] = useFetched("/v1/status", turns.history);
  const [watchers] = useFetched("/v1/watchers", turns.watchers);
  return waits(status, watchers);
}
