// What was changed, when and by whom, the newest first; each change can be taken back, which is a change too.

import { html, useState } from "../../vendor/preact.js";
import { get } from "../../core/door.js";
import { t } from "../../core/words.js";
import { Done } from "../../parts/done.js";
import { ProblemBox } from "../../parts/problem.js";
import { Change } from "./change.js";
import { useTold } from "./policy.js";

/** Changes that are fetched at first, and more each time; and as many as the agent tells of. */
const STEP = 50;
const MOST = 1000;

export function Changes() {
  const [limit, setLimit] = useState(STEP);
  const [done, setDone] = useState(null);
  const { view, problem } = useTold(() => get(`/v1/policy/history?limit=${limit}`), limit);
  const changes = view?.changes ?? [];
  return html`<section aria-labelledby="changes-title">
    <h2 id="changes-title">${t("policies-changes-title")}</h2>
    <p class="hint">${t("policies-changes-hint")}</p>
    <${Done} done=${done} onDone=${setDone} />
    <${ProblemBox} problem=${problem} />
    ${view && !changes.length && html`<p class="empty">${t("policies-changes-none")}</p>`}
    <ol class="rows">${changes.map((change) => html`<${Change} key=${change.number} change=${change} onDone=${setDone} />`)}</ol>
    ${changes.length === limit && limit < MOST && html`<button onClick=${() => setLimit(Math.min(MOST, limit + STEP))}>${t("policies-changes-more")}</button>`}
    ${limit === MOST && changes.length === MOST && html`<p class="hint">${t("policies-changes-most")}</p>`}
  </section>`;
}
