// The guide in other rooms: what is to be done here, and the way back.

import { html, useEffect } from "../../vendor/preact.js";
import { done, leave, STEPS, talk } from "../../core/guide.js";
import { useKnown } from "../../core/store.js";
import { go } from "../../core/way.js";
import { t } from "../../core/words.js";
import { where } from "./echo.js";

/** The talk is over, well or not. */
const ENDS = ["failed", "open", "over"];

export function GuideLine({ room, step }) {
  const now = talk(useKnown());
  // The answer of the echo is looked at as soon as it is there, by who waits for it.
  useEffect(() => {
    if (now?.stage === "tighten" && room === "guide" && step === "echo") go(where(now));
  }, [now?.stage]);
  useEffect(() => {
    if (now?.stage === "over") done("echo");
  }, [now?.stage]);
  const here = now && room === "guide" ? null : now?.call ? room === "call" && step === now.call.id : now?.review && room === "review";
  // What is over is told where it was; who goes on from there has read it.
  const past = now?.call && ENDS.includes(now.stage) && here === false;
  useEffect(() => {
    if (past) leave();
  }, [past]);
  if (!now || room === "guide" || past) return null;
  return html`<aside class="guide-line" aria-label=${t("guide-title")}>
    <p class="grow" role="status"><strong class="at">${t("guide-at", { at: STEPS.length, of: STEPS.length })}</strong> ${t(`guide-do-${now.stage}`)}</p>
    ${!here && now.review && !ENDS.includes(now.stage) && html`<a class="button" href=${`#${where(now)}`}>${t("guide-go-on")}</a>`}
    ${now.stage === "over" ? html`<button type="button" class="main" onClick=${() => (leave(), go("guide/end"))}>${t("guide-finish")}</button>` : html`<a class="button" href="#guide/echo">${t("guide-return")}</a>`}
    <button type="button" class="quiet" onClick=${leave}>${t("guide-leave")}</button>
  </aside>`;
}
