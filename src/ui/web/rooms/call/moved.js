// One side is elsewhere than at the beginning.

import { html } from "../../vendor/preact.js";
import { shortName } from "../../core/format.js";
import { said } from "../../core/said.js";
import { t } from "../../core/words.js";
import { Icon } from "../../parts/icon.js";
import { Tighten } from "./tighten.js";

export function Moved({ call }) {
  const moved = call.moved;
  return html`<section class="moved ${moved.below_advice ? "attention" : ""}" role="alert">
    <p class="big"><${Icon} name="place" />${t(moved.by_peer ? "moved-peer" : "moved-you", { who: shortName(call.entity ?? call.peer), scope: t(`scope-${moved.scope}`) })}</p>
    <ul>${moved.why.map((why) => html`<li><bdi>${said(why)}</bdi></li>`)}</ul>
    ${moved.below_advice && html`<${Tighten} call=${call} rules=${moved.least} />`}
  </section>`;
}
