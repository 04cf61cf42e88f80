// What one does with somebody: call, ask first, write.

import { html, useState } from "../vendor/preact.js";
import { ask, call } from "../core/begin.js";
import { segment } from "../core/door.js";
import { useKnown } from "../core/store.js";
import { about, t } from "../core/words.js";
import { Asking } from "./asking.js";
import { Icon } from "./icon.js";
import { ProblemBox, useRequest } from "./problem.js";

/** `peer` as the agent is told, `who` as a person calls it. */
export function PeerActs({ peer, who, children }) {
  const known = useKnown();
  const [run, busy, problem, clear] = useRequest();
  const [begun, begin] = useState(null);
  const asked = known.asks.find((one) => one.id === begun);
  const askFirst = () => run(async () => begin((await ask(peer)).id));
  return html`<div class="acts">
      <button class="main" disabled=${busy} aria-label=${about("request-call", who)} onClick=${() => run(() => call(peer))}><${Icon} name="call" />${t("request-call")}</button>
      <button disabled=${busy} aria-label=${about("request-ask", who)} onClick=${askFirst}>${t("request-ask")}</button>
      <a class="button" href=${`#past/messages/${segment(peer)}`} aria-label=${about("people-write", who)}><${Icon} name="text" />${t("people-write")}</a>
      ${children}
    </div>
    ${asked && html`<${Asking} ask=${asked} onGone=${() => begin(null)} />`}
    <${ProblemBox} problem=${problem} onDismiss=${clear} />`;
}
