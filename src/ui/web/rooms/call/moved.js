// One side is elsewhere than at the beginning.

import { html } from "../../vendor/preact.js";
import { post, segment } from "../../core/door.js";
import { shortName } from "../../core/format.js";
import { said } from "../../core/said.js";
import { t } from "../../core/words.js";
import { Icon } from "../../parts/icon.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";
import { Seal } from "../../parts/security.js";

export function Moved({ call }) {
  const [run, busy, problem] = useRequest();
  const moved = call.moved;
  const tighten = () => run(() => post(`/v1/calls/${segment(call.id)}/tighten`, { rules: moved.least }));
  return html`<section class="moved ${moved.below_advice ? "attention" : ""}" role="alert">
    <p class="big"><${Icon} name="place" />${t(moved.by_peer ? "moved-peer" : "moved-you", { who: shortName(call.entity ?? call.peer), scope: t(`scope-${moved.scope}`) })}</p>
    <ul>${moved.why.map((why) => html`<li><bdi>${said(why)}</bdi></li>`)}</ul>
    ${moved.below_advice && html`<button class="main" disabled=${busy || call.rekeying} onClick=${tighten}><${Icon} name="tighter" />${t("tighten-to")} <${Seal} action=${moved.least} /></button>`}
    <${ProblemBox} problem=${problem} />
  </section>`;
}
