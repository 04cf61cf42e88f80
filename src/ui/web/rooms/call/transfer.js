// Another one in one's place: the peer is asked to call him.

import { html, useState } from "../../vendor/preact.js";
import { post, segment } from "../../core/door.js";
import { useKnown } from "../../core/store.js";
import { shortName } from "../../core/format.js";
import { t } from "../../core/words.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";

export function Transfer({ call }) {
  const [to, set] = useState("");
  const [run, busy, problem, clear] = useRequest();
  const known = useKnown();
  const others = known.calls.filter((one) => one.id !== call.id && one.state === "active");
  const send = (body) => run(() => post(`/v1/calls/${segment(call.id)}/transfer`, body));
  return html`<details>
    <summary>${t("transfer")}</summary>
    <form class="line" onSubmit=${(event) => (event.preventDefault(), to.trim() && send({ peer: to.trim() }))}>
      <input aria-label=${t("transfer-to")} placeholder=${t("transfer-to")} list="people-here" value=${to} dir="ltr" onInput=${(event) => set(event.target.value)} />
      <datalist id="people-here">${known.contacts.map((contact) => html`<option value=${contact.name}>${contact.entity}</option>`)}</datalist>
      <button disabled=${busy}>${t("transfer")}</button>
    </form>
    ${others.map((other) => html`<button disabled=${busy} onClick=${() => send({ call: other.id })}>${t("transfer-to-call", { who: shortName(other.peer) })}</button>`)}
    ${call.transfer && html`<p role="status">${t(`transfer-${call.transfer.state}`, { who: call.transfer.target })}</p>`}
    ${call.transfer?.failure && html`<${ProblemBox} problem=${call.transfer.failure} />`}
    <${ProblemBox} problem=${problem} onDismiss=${clear} />
  </details>`;
}
