// What the agent is asked for by those who show it, and asked again when it is another, or as long as it is looked at.

import { useEffect, useRef, useState } from "../vendor/preact.js";
import { get } from "./door.js";
import { useKnown } from "./store.js";

const EVERY_MS = 2000;
/** What takes long is asked for less often: so much longer is the pause than the answer took. */
const PATIENCE = 10;

/** Does `look` now, when the line opens and when `key` is another; if `polled`, also when the window is looked at again, and every few seconds. */
function useLook(look, key, polled) {
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
      if (!polled || !document.hidden) await newest.current();
      clearTimeout(timer);
      if (polled && !gone) timer = setTimeout(again, Math.max(EVERY_MS, PATIENCE * (performance.now() - begun)));
    };
    again();
    if (polled) document.addEventListener("visibilitychange", again);
    return () => {
      gone = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", again);
    };
  }, [line, key]);
}

/** What no event tells of. */
export const usePolled = (look) => useLook(look, null, true);

function useValue(path, turn, polled) {
  const [state, set] = useState({ value: null, problem: null });
  const question = useRef(0);
  const put = (value) => {
    question.current += 1;
    set({ value, problem: null });
  };
  const look = async () => {
    const asked = (question.current += 1);
    const next = await get(path).then(
      (value) => ({ value, problem: null }),
      (problem) => ({ problem }),
    );
    if (asked === question.current) set((before) => ({ ...before, ...next }));
  };
  useLook(look, `${path} ${turn}`, polled);
  return [state.value, state.problem, put];
}

/** `[value, problem, put]` of a path, anew whenever `turn` grows; `put` is for the answer to a change, which is newer than what is on its way. */
export const useFetched = (path, turn) => useValue(path, turn, false);

/** The same of what changes without an event. */
export const useWatched = (path, turn) => useValue(path, turn, true);
