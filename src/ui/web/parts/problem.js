// What went wrong: what happened, to what, and what to do next.

import { html, useState } from "../vendor/preact.js";
import { maybe, t } from "../core/words.js";
import { Theirs } from "./text.js";
import { ChangedKey, changedKey } from "./changedkey.js";
import { Icon } from "./icon.js";

export function ProblemBox({ problem, onDismiss }) {
  if (!problem) return null;
  const key = changedKey(problem);
  if (key) return html`<${ChangedKey} ...${key} onAccepted=${onDismiss} />`;
  const inOurs = maybe(`problem-${problem.code}`, { subject: problem.subject ?? "" });
  // What the agent advises is typed into a terminal; where the page can do it itself, it says how.
  const next = maybe(`problem-${problem.code}.next`) ?? problem.next;
  return html`<div class="problem" role="alert" data-code=${problem.code}>
    <${Icon} name="warn" />
    <div>
      ${inOurs && html`<p>${inOurs}</p>`}
      <p class=${inOurs ? "detail" : ""}><${Theirs} text=${problem.message} /></p>
      ${next && html`<p class="next"><span class="label">${t("what-to-do")}</span> <${Theirs} text=${next} /></p>`}
    </div>
    ${onDismiss && html`<button class="quiet" onClick=${onDismiss}>${t("dismiss")}</button>`}
  </div>`;
}

/** `[run, busy, problem, clear]`: one request at a time, whose failure is kept to be shown. */
export function useRequest() {
  const [state, set] = useState({ busy: false, problem: null });
  const run = async (work) => {
    set({ busy: true, problem: null });
    try {
      const result = await work();
      set({ busy: false, problem: null });
      return result;
    } catch (problem) {
      set({ busy: false, problem: problem.code ? problem : null });
      if (!problem.code) throw problem;
      return undefined;
    }
  };
  return [run, state.busy, state.problem, () => set({ busy: false, problem: null })];
}
