// More protection in one click.

import { html } from "../../vendor/preact.js";
import { post, segment } from "../../core/door.js";
import { PRESETS, protectionOf, rulesOf } from "../../core/policy.js";
import { useSettled } from "../../core/settled.js";
import { t } from "../../core/words.js";
import { Icon } from "../../parts/icon.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";
import { Seal } from "../../parts/security.js";

/** `rules`: what holds from then on, in setkey's form. */
export function Tighten({ call, rules }) {
  const [run, busy, problem, clear] = useRequest();
  // It comes when the call begins, or a side moves: a click that was meant for what stood there changes nothing.
  const settled = useSettled(`${call.id} ${call.state} ${rules}`);
  const tighten = () => run(() => post(`/v1/calls/${segment(call.id)}/tighten`, { rules }));
  return html`<button class="main" disabled=${busy || !settled || call.rekeying} onClick=${tighten}><${Icon} name="tighter" />${t("tighten-to")} <${Seal} action=${rules} /></button>
    <${ProblemBox} problem=${problem} onDismiss=${clear} />`;
}

/** By what a call is protected in full that is not yet: ESP, and what it has beside. */
const FULL = { none: "esp", "ah-use": "esp", "esp-use": "esp", ah: "esp-ah", "ah-esp-use": "esp-ah" };

/** The rules that encrypt and authenticate a call that lacks either; null where nothing is missing, or what is at the other end cannot follow. */
export function fullOf(call) {
  const preset = PRESETS.find((one) => one.name === FULL[protectionOf(call.action)]);
  const follows = call.known && !call.telephone && !call.through && !call.forwards;
  return preset && follows ? rulesOf(preset) : null;
}
