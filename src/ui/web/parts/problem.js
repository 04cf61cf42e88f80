// What went wrong: what happened, to what, and what to do next.

import { html, useState } from "../vendor/preact.js";
import { maybe, t } from "../core/words.js";
import { ChangedKey, changedKey } from "./changedkey.js";
import { Icon } from "./icon.js";
import { English, OfAgent } from "./text.js";

/** The agent's own sentences, for what those in the user's language leave out: names and numbers. */
const Whole = ({ problem }) => html`<details>
  <summary>${t("agent-words")}</summary>
  <p class="detail"><${English} text=${problem.message} /></p>
  ${problem.next && html`<p class="detail"><${English} text=${problem.next} /></p>`}
</details>`;

export function ProblemBox({ problem, onDismiss }) {
  if (!problem) return null;
  const key = changedKey(problem);
  if (key) return html`<${ChangedKey} ...${key} onAccepted=${onDismiss} />`;
  const about = { subject: problem.subject ?? "" };
  const what = maybe(`problem-${problem.code}`, about);
  // What the agent advises is typed into a terminal; where the page can do it itself, it says how.
  const ours = maybe(`problem-${problem.code}.next`, about);
  const next = ours ?? (!what && problem.next && html`<${OfAgent} text=${problem.next} />`);
  return html`<div class="problem" role="alert" data-code=${problem.code}>
    <${Icon} name="warn" />
    <div>
      <p>${what ?? html`<${OfAgent} text=${problem.message} />`}</p>
      ${next && html`<p class="next"><span class="label">${t("what-to-do")}</span> ${next}</p>`}
      ${what && problem.message && html`<${Whole} problem=${problem} />`}
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
