// Where the page is: `#review/r1`.

import { useEffect, useState } from "../vendor/preact.js";

function read() {
  try {
    return location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  } catch {
    return [""];
  }
}

export const go = (where) => (location.hash = where);

/** The parts of the address behind its #. */
export function useWay() {
  const [way, set] = useState(read);
  useEffect(() => {
    const moved = () => set(read());
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);
  return way;
}
