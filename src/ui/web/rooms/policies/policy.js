// What the agent says of the policy, again with each change of it.

import { useEffect, useState } from "../../vendor/preact.js";
import { get, segment } from "../../core/door.js";
import { rowsOf } from "../../core/spd.js";
import { useKnown } from "../../core/store.js";

/** Entries that the agent tells of at once. */
const MOST = 10_000;

/** `{ view, problem }`: what `fetched` last brought, again when the policy changed or the agent came back. */
export function useTold(fetched, ...more) {
  const known = useKnown();
  const [state, set] = useState({ view: null, problem: null });
  useEffect(() => {
    if (known.line !== "open") return;
    let late = false;
    fetched().then(
      (view) => late || set({ view, problem: null }),
      (problem) => late || set((before) => ({ ...before, problem })),
    );
    return () => (late = true);
  }, [known.turns.policy, known.line, ...more]);
  return state;
}

/** By what the agent is to look for what was typed. */
function query(sought, groups) {
  if (!sought) return "";
  const name = groups.some((group) => group.name === sought) ? "group" : /^[\d.]+$|^[\da-f]*:[\da-f:.]+$/i.test(sought) ? "address" : "peer";
  return `&${name}=${segment(sought)}`;
}

/** The database, its default apart; or what the agent finds by `sought`. */
export function usePolicy(sought) {
  const known = useKnown();
  const fetched = async () => {
    const view = await get(`/v1/policy?limit=${MOST}${query(sought, known.groups)}`);
    const end = view.entries.length - view.defaults;
    return { ...view, rows: rowsOf(view.entries.slice(0, end)), standard: rowsOf(view.entries.slice(end)) };
  };
  const { view, problem } = useTold(fetched, sought);
  return { view, problem, rows: view?.rows ?? [], standard: view?.standard ?? [] };
}

/** An entry and its other direction, out before in; `gone` where it is there no more. */
export function useEntry(id) {
  const path = (one) => `/v1/policy/entries/${segment(one)}`;
  const fetched = async () => {
    const one = await get(path(id)).catch((problem) => {
      if (problem.code === "no-such-entry") return null;
      throw problem;
    });
    if (!one) return { gone: true };
    const both = one.other ? [one, await get(path(one.other))] : [one];
    return { entries: both.sort((a, b) => b.direction.localeCompare(a.direction)) };
  };
  return useTold(fetched, id);
}
