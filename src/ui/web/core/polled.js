// What the agent has and no event tells of: asked for again and again, as long as it is looked at.

import { useEffect, useRef, useState } from "../vendor/preact.js";
import { get } from "./door.js";
import { useKnown } from "./store.js";

const EVERY_MS = 2000;
/** What takes long is asked for less often: so much longer is the pause than the answer took. */
const PATIENCE = 10;

/** Does `look` now, when the line opens, `turn` grows or the window is looked at again, and every few seconds meanwhile. */
export function usePolled(look, turn = 0) {
  const { line } = useKnown();
  const newest = useRef(look);
  newest.current = look;
  useEffect(() => {
    if (line !== "open") return;
    let timer;
    let gone = false;
    const again = async () => {
      clearTimeout(timer);
      const begun = performance.now();
      if (!document.hidden) await newest.current();
      clearTimeout(timer);
      if (!gone) timer = setTimeout(again, Math.max(EVERY_MS, PATIENCE * (performance.now() - begun)));
    };
    again();
    document.addEventListener("visibilitychange", again);
    return () => {
      gone = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", again);
    };
  }, [line, turn]);
}

/** `[value, problem, put]` of a path; `put` is for the answer to a change, which is newer than what is on its way. */
export function useFetched(path, turn) {
  const [state, set] = useState({ value: null, problem: null });
  const question = useRef(0);
  const put = (value) => {
    question.current += 1;
    set({ value, problem: null });
  };
  usePolled(async () => {
    const asked = (question.current += 1);
    const next = await get(path).then(
      (value) => ({ value, problem: null }),
      (problem) => ({ problem }),
    );
    if (asked === question.current) set((before) => ({ ...before, ...next }));
  }, turn);
  return [state.value, state.problem, put];
}
