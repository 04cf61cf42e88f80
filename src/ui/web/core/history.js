// The call history, a part at a time and as it is filtered.

import { useEffect, useState } from "../vendor/preact.js";
import { get } from "./door.js";
import { useKnown } from "./store.js";

/** Rows that are asked for at once, and the most that the agent gives. */
const [PART, MOST] = [50, 1000];

/** `peer`, `result`, `outgoing`; what is empty is not asked for. */
export const query = (filter) => new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== ""));

const part = (filter, more) => get(`/v1/history?${query({ ...filter, ...more })}`);

/** `{ rows, more, problem }`: `more` fetches older ones, and is null where there are none. */
export function useHistory(filter) {
  const { turns, line } = useKnown();
  const key = String(query(filter));
  const [state, set] = useState({ of: null, rows: null, rest: false, problem: null });
  const keep = (rows, got, asked) => set({ of: key, rows, rest: got.length === asked, problem: null });
  const fail = (problem) => set((before) => ({ ...before, problem }));
  useEffect(() => {
    if (line !== "open") return;
    let over = false;
    // What is shown stays shown, as long as the filter is the same.
    const limit = state.of === key ? Math.min(MOST, Math.max(PART, state.rows.length)) : PART;
    part(filter, { limit }).then(
      ({ calls }) => over || keep(calls, calls, limit),
      (problem) => over || fail(problem),
    );
    return () => (over = true);
  }, [key, turns.history, line]);
  const more = () => part(filter, { limit: PART, before: state.rows.at(-1).number }).then(({ calls }) => keep([...state.rows, ...calls], calls, PART), fail);
  return { rows: state.of === key ? state.rows : null, more: state.rest && state.of === key ? more : null, problem: state.problem };
}
