// One call among others.

import { html } from "../vendor/preact.js";
import { post, remove } from "../core/door.js";
import { shortName } from "../core/format.js";
import { useSettled } from "../core/settled.js";
import { useKnown } from "../core/store.js";
import { t } from "../core/words.js";
import { Icon } from "./icon.js";
import { ProblemBox, useRequest } from "./problem.js";
import { callSeal } from "./security.js";
import { Theirs } from "./text.js";

export function CallRow({ call }) {
  const known = useKnown();
  const [run, busy, problem] = useRequest();
  const act = (what) => run(() => post(`/v1/calls/${call.id}/${what}`));
  const seal = callSeal(call, known.calls);
  const rings = ["incoming", "wanted"].includes(call.state);
  // It comes when somebody else wants it to: a click that was meant for what stood there answers nothing, and rejects nobody.
  const settled = useSettled(`${call.id} ${call.state}`);
  return html`<div class="row ${rings ? "ringing" : ""}">
    <span class="seal ${seal}"><${Icon} name=${seal} /></span>
    <a class="grow" href="#call/${call.id}">
      <strong><${Theirs} text=${shortName(call.entity ?? call.peer)} /></strong> <span class="detail">${t(`call-${call.on_hold ? "held" : call.state}`)}</span>
      ${call.moved?.below_advice && html` <span class="tag attention">${t("call-below-advice")}</span>`}
    </a>
    ${rings &&
    html`<button class="main" disabled=${busy || !settled} onClick=${() => act("answer")}><${Icon} name="call" />${t("answer")}</button>
      <button class="danger" disabled=${busy || !settled} onClick=${() => act("reject")}>${t("reject")}</button>`}
    ${!rings && html`<button class="danger" disabled=${busy} onClick=${() => run(() => remove(`/v1/calls/${call.id}`))}>${t("hangup")}</button>`}
    <${ProblemBox} problem=${problem} />
  </div>`;
}
