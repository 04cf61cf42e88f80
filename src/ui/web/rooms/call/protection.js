// The protection of a call that runs: more of it at once, less of it if the peer agrees.

import { html, useState } from "../../vendor/preact.js";
import { post, segment } from "../../core/door.js";
import { PRESETS, protectionOf, rulesOf } from "../../core/policy.js";
import { shortName } from "../../core/format.js";
import { add, useKnown } from "../../core/store.js";
import { t } from "../../core/words.js";
import { Icon } from "../../parts/icon.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";

const CHOICES = PRESETS.filter((preset) => preset.action !== "discard");

export function Protection({ call }) {
  const now = protectionOf(call.action);
  const [wanted, want] = useState(now);
  const [asked, setAsked] = useState(null);
  const [run, busy, problem, clear] = useRequest();
  const ask = useKnown().asks.find((one) => one.id === asked);
  const rules = rulesOf(CHOICES.find((preset) => preset.name === wanted));
  const path = `/v1/calls/${segment(call.id)}`;
  const relax = async () => {
    const begun = await run(() => post(`${path}/relax`, { rules }));
    if (!begun) return;
    add("asks", begun);
    setAsked(begun.id);
  };
  return html`<details>
    <summary>${t("protect")}</summary>
    <label class="choice">${t("protect-as")}
      <select value=${wanted} onChange=${(event) => (clear(), want(event.target.value))}>
        ${!CHOICES.some((preset) => preset.name === now) && html`<option value=${now}>${t(`protection-${now}`)}</option>`}
        ${CHOICES.map((preset) => html`<option key=${preset.name} value=${preset.name}>${t(`protection-${preset.name}`)}</option>`)}
      </select>
    </label>
    <div class="buttons">
      <button disabled=${busy || call.rekeying || wanted === now} onClick=${() => run(() => post(`${path}/tighten`, { rules }))}><${Icon} name="tighter" />${t("protect-tighter")}</button>
      <button disabled=${busy || call.rekeying || wanted === now} onClick=${relax}><${Icon} name="looser" />${t("protect-looser")}</button>
    </div>
    <p class="hint">${t("protect-how", { who: shortName(call.entity ?? call.peer) })}</p>
    ${ask && html`<p role="status">${t(`relax-${ask.state}`)}</p>`}
    ${ask?.failure && html`<${ProblemBox} problem=${ask.failure} />`}
    <${ProblemBox} problem=${problem} onDismiss=${clear} />
  </details>`;
}
