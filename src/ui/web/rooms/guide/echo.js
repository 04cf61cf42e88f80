// The talk at the end: ask, review, tighten, call, and hear oneself. What is done in other rooms is done there as with any peer.

import { html } from "../../vendor/preact.js";
import { ask } from "../../core/begin.js";
import { remove, segment } from "../../core/door.js";
import { ECHO } from "../../core/format.js";
import { follow, leave, talk } from "../../core/guide.js";
import { useKnown } from "../../core/store.js";
import { go } from "../../core/way.js";
import { t } from "../../core/words.js";
import { Icon } from "../../parts/icon.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";

const STAGES = ["ask", "tighten", "call", "hear"];

/** Where the talk is now. */
export const where = ({ review, call }) => (call ? `call/${call.id}` : `review/${review.id}`);

export function EchoStep({ onDone }) {
  const known = useKnown();
  const [run, busy, problem, clear] = useRequest();
  const now = talk(known);
  const running = now && !["failed", "open", "over"].includes(now.stage);
  const begin = () => run(async () => follow(await ask(ECHO)));
  const end = () => {
    leave();
    onDone();
  };
  return html`<section class="card">
    <ol class="stages">
      ${STAGES.map((stage) => html`<li key=${stage} class=${mark(stage, now?.stage)} aria-current=${stage === now?.stage ? "step" : undefined}>
        ${mark(stage, now?.stage) === "past" && html`<${Icon} name="check" />`}<span><strong>${t(`guide-stage-${stage}`)}</strong> ${t(`guide-stage-${stage}-what`)}</span>
      </li>`)}
    </ol>
    ${now?.stage === "ask" && html`<progress aria-label=${t("guide-asking")}></progress>`}
    ${now?.stage === "failed" && html`<p class="impossible" role="status">${t("guide-failed")}</p><${ProblemBox} problem=${now.call?.failure ?? now.review?.failure ?? now.ask.failure} />`}
    ${now?.stage === "open" && html`<p class="impossible" role="status">${t("guide-do-open")}</p>`}
    <div class="buttons">
      ${!running && html`<button type="button" class=${now?.stage === "over" ? "" : "main"} disabled=${busy} onClick=${begin}>${t(now ? "ask-again" : "guide-begin")}</button>`}
      ${running && now.stage !== "ask" && html`<button type="button" class="main" onClick=${() => go(where(now))}>${t("guide-go-on")}</button>`}
      ${now?.stage === "ask" && html`<button type="button" disabled=${busy} onClick=${() => run(() => remove(`/v1/asks/${segment(now.ask.id)}`))}>${t("cancel")}</button>`}
      ${now?.stage === "over" && html`<button type="button" class="main" onClick=${end}>${t("guide-finish")}</button>`}
    </div>
    <${ProblemBox} problem=${problem} onDismiss=${clear} />
  </section>`;
}

function mark(stage, now) {
  if (now === "over") return "past";
  const at = STAGES.indexOf(now);
  return at > STAGES.indexOf(stage) ? "past" : "";
}
