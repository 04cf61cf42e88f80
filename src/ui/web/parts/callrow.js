// One call among others.

import { html } from "../vendor/preact.js";
import { stateWord } from "../core/calls.js";
import { post, remove, segment } from "../core/door.js";
import { shortName } from "../core/format.js";
import { useSettled } from "../core/settled.js";
import { useKnown } from "../core/store.js";
import { go } from "../core/way.js";
import { t } from "../core/words.js";
import { Icon } from "./icon.js";
import { ProblemBox, useRequest } from "./problem.js";
import { callSeal } from "./security.js";
import { Theirs } from "./text.js";

export function CallRow({ call }) {
  const known = useKnown();
  const [run, busy, problem] = useRequest();
  const answer = async () => {
    const here = location.hash;
    await post(`/v1/calls/${segment(call.id)}/answer`);
    // Who has gone somewhere else meanwhile stays there.
    if (location.hash === here) go(`call/${call.id}`);
  };
  const seal = callSeal(call, known.calls);
  const rings = ["incoming", "wanted"].includes(call.state);
  // It comes when somebody else wants it to: a click that was meant for what stood there answers nothing, and rejects nobody.
  const settled = useSettled(`${call.id} ${call.state}`);
  return html`<div class="row ${rings ? "ringing" : ""}">
    <span class="seal ${seal}"><${Icon} name=${seal} /></span>
    <a class="grow" href="#call/${call.id}">
      <strong><${Theirs} text=${shortName(call.entity ?? call.peer)} /></strong> <span class="detail">${t(`call-${stateWord(call)}`)}</span>${call.rekeying && html` <span class="tag attention">${t("protect-rekeying")}</span>`}
      ${call.moved?.below_advice && html` <span class="tag attention">${t("call-below-advice")}</span>`}
    </a>
    ${rings &&
    html`<button class="main" disabled=${busy || !settled} onClick=${() => run(answer)}><${Icon} name="call" />${t("answer")}</button>
      <button class="danger" disabled=${busy || !settled} onClick=${() => run(() => post(`/v1/calls/${segment(call.id)}/reject`))}>${t("reject")}</button>`}
    ${!rings && html`<button class="danger" disabled=${busy} onClick=${() => run(() => remove(`/v1/calls/${segment(call.id)}`))}>${t("hangup")}</button>`}
    <${ProblemBox} problem=${problem} />
  </div>`;
}
