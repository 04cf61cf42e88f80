// The first minutes: name, place, sound, account, and a talk with the echo. Each step can be left out, and none holds one up.

import { html } from "../vendor/preact.js";
import { done, kept, STEPS } from "../core/guide.js";
import { useKnown } from "../core/store.js";
import { go } from "../core/way.js";
import { t } from "../core/words.js";
import { Icon } from "../parts/icon.js";
import { EchoStep } from "./guide/echo.js";
import { AccountStep, NameStep, PlaceStep, SoundStep } from "./guide/steps.js";

const SHOWN = { name: NameStep, place: PlaceStep, sound: SoundStep, account: AccountStep, echo: EchoStep };

export function Guide({ id }) {
  // What is done may be so by another page.
  useKnown();
  if (id === "end") return html`<${End} />`;
  const step = id in SHOWN ? id : STEPS[0];
  const at = STEPS.indexOf(step);
  const Step = SHOWN[step];
  const next = STEPS[at + 1] ?? "end";
  const onDone = () => {
    done(step);
    go(`guide/${next}`);
  };
  return html`<article class="guide">
    <${Progress} step=${step} />
    <h1 tabindex="-1">${t(`guide-${step}`)}</h1>
    <p class="hint">${t(`guide-${step}-hint`)}</p>
    <${Step} key=${step} onDone=${onDone} />
    <nav class="buttons" aria-label=${t("guide-ways")}>
      ${at > 0 && html`<a class="button" href=${`#guide/${STEPS[at - 1]}`}>${t("guide-back")}</a>`}
      <a class="button" href=${`#guide/${next}`}>${t(kept().done.includes(step) ? "guide-next" : "guide-skip")}</a>
    </nav>
  </article>`;
}

const Progress = ({ step }) => html`<nav aria-label=${t("guide-progress")}>
  <p class="label">${t("guide-at", { at: STEPS.indexOf(step) + 1, of: STEPS.length })}</p>
  <ol class="progress">
    ${STEPS.map((name, at) => html`<li key=${name}><a href=${`#guide/${name}`} aria-current=${name === step ? "step" : undefined}>
      <span class="mark" aria-hidden="true">${kept().done.includes(name) ? html`<${Icon} name="check" />` : at + 1}</span>
      <span>${t(`guide-short-${name}`)}</span>${kept().done.includes(name) && html`<span class="sr">${t("guide-is-done")}</span>`}
    </a></li>`)}
  </ol>
</nav>`;

const End = () => html`<article class="guide">
  <h1 tabindex="-1">${t("guide-end")}</h1>
  <p class="big">${t("guide-end-what")}</p>
  <p class="hint">${t("guide-end-again")}</p>
  <div class="buttons"><a class="button main" href="#">${t("guide-end-start")}</a><a class="button" href="#people/contacts">${t("guide-end-people")}</a></div>
</article>`;
