// An ask that was begun where this is shown, step by step.

import { html, useEffect } from "../vendor/preact.js";
import { remove, segment } from "../core/door.js";
import { shortName } from "../core/format.js";
import { t } from "../core/words.js";
import { go } from "../core/way.js";
import { ProblemBox, useRequest } from "./problem.js";
import { OfAgent, Theirs } from "./text.js";

const OVER = ["cancelled", "failed", "presence-stored", "refused", "registered"];

export function Asking({ ask, onGone }) {
  const [run, busy, problem] = useRequest();
  const cancel = () => run(() => remove(`/v1/asks/${segment(ask.id)}`));
  // Its answer is looked at as soon as it is there.
  useEffect(() => {
    if (ask.state === "reviewing" && ask.review) go(`review/${ask.review}`);
  }, [ask.state]);
  const asking = !OVER.includes(ask.state);
  return html`<section class="asking card" aria-live="polite" aria-busy=${asking}>
    <div class="head">
      <h2>${t(asking ? "asking" : `asked-${ask.state}`, { who: shortName(ask.peer) })}</h2>
      ${asking ? html`<button disabled=${busy} onClick=${cancel}>${t("cancel")}</button>` : html`<button class="quiet" onClick=${onGone}>${t("dismiss")}</button>`}
    </div>
    ${asking && html`<progress aria-label=${t("asking", { who: shortName(ask.peer) })}></progress>`}
    <ol class="steps">${ask.steps.map((step) => html`<li><${OfAgent} text=${step.text} /></li>`)}</ol>
    ${ask.failure && html`<${ProblemBox} problem=${ask.failure} />`}
    ${ask.state === "presence-stored" && ask.answer && html`<${Answered} presence=${ask.answer} />`}
    <${ProblemBox} problem=${problem} />
  </section>`;
}

/** Only where the peer is was asked. */
const Answered = ({ presence }) => html`<p>
  <${Theirs} text=${presence.user ?? shortName(presence.entity)} /> · <${Theirs} text=${presence.place ?? t("not-told")} /> ·
  ${t(`scope-${presence.environment?.scope ?? "unknown"}`)} · <code dir="ltr">${presence.address}</code>
</p>`;
