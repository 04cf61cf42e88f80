// What the agent is asked for by those who show it, and asked again when it is another.

import { useEffect, useState } from "../vendor/preact.js";
import { get } from "./door.js";
import { useKnown } from "./store.js";

/** `[view, problem]` of `path`, anew whenever `turn` grows or the agent is there again. */
export function useFetched(path, turn) {
  const { line } = useKnown();
  const [state, set] = useState({ view: null, problem: null });
  useEffect(() => {
    if (line !== "open") return;
    let over = false;
    const keep = (next) => over || set((before) => ({ ...before, problem: null, ...next }));
    get(path).then(
      (view) => keep({ view }),
      (problem) => keep({ problem }),
    );
    return () => (over = true);
  }, [path, turn, line]);
  return [state.view, state.problem];
}
