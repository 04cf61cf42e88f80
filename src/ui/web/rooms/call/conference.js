// Two calls together: three talk.

import { html } from "../../vendor/preact.js";
import { post, segment } from "../../core/door.js";
import { shortName } from "../../core/format.js";
import { useKnown } from "../../core/store.js";
import { t } from "../../core/words.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";

const nameOf = (call) => shortName(call.entity ?? call.peer);

export function Conference({ call }) {
  const { calls } = useKnown();
  const [run, busy, problem, clear] = useRequest();
  const other = calls.find((one) => one.id === call.conference);
  const others = calls.filter((one) => one.id !== call.id && one.state === "active" && !one.conference);
  const join = (one) => run(() => post(`/v1/calls/${segment(call.id)}/conference`, { with: one.id }));
  return html`<details>
    <summary>${t("conference")}</summary>
    ${other && html`<p role="status">${t("conference-with", { who: nameOf(other) })}</p>`}
    ${!other && !others.length && html`<p class="hint">${t("conference-nobody")}</p>`}
    ${!other && others.map((one) => html`<button key=${one.id} disabled=${busy} onClick=${() => join(one)}>${t("conference-join", { who: nameOf(one) })}</button>`)}
    <${ProblemBox} problem=${problem} onDismiss=${clear} />
  </details>`;
}
