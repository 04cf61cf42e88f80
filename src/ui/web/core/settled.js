// What is pressed is what was meant: not what came under the pointer a moment before.

import { useEffect, useState } from "../vendor/preact.js";

/** A moment after what a button means has changed, or the page was looked at again, in milliseconds: nobody meant the click that comes within it. */
const SETTLES_MS = 600;

/** Whether `what` has been the same for that long. */
export function useSettled(what) {
  const [is, set] = useState(null);
  useEffect(() => {
    let timer;
    const wait = () => {
      set(null);
      clearTimeout(timer);
      timer = setTimeout(() => set(what), SETTLES_MS);
    };
    wait();
    addEventListener("focus", wait);
    return () => {
      clearTimeout(timer);
      removeEventListener("focus", wait);
    };
  }, [what]);
  return is === what;
}
