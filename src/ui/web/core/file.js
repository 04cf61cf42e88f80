// The configuration file of the agent, as the agent says of it.

import { useEffect, useState } from "../vendor/preact.js";
import { get } from "./door.js";

const NONE = "no file, all defaults";

/** What the check of the configuration found: the path, or null where there is no file, and whether the entity had to be assumed. */
export function fileOf(found) {
  const [path] = found.split("; you are ");
  return { path: path === NONE ? null : path, assumed: found.includes("; entity is not configured: ") };
}

/** Null as long as nothing is known of it. */
export function useFile() {
  const [file, set] = useState(null);
  useEffect(() => {
    get("/v1/doctor").then(
      ({ checks }) => set(checks.filter(({ name, status }) => name === "configuration" && status === "ok").map(({ found }) => fileOf(found))[0] ?? null),
      () => {},
    );
  }, []);
  return file;
}
