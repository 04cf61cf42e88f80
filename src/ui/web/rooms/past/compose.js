// A text to be written.

import { html, useId, useState } from "../../vendor/preact.js";
import { post, segment } from "../../core/door.js";
import { add, useKnown } from "../../core/store.js";
import { t } from "../../core/words.js";
import { go } from "../../core/way.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";

/** In octets of UTF-8. */
const MOST = 4096;
const octets = (text) => new TextEncoder().encode(text).length;

/** `peer`, where it is known to whom. */
export function Compose({ peer }) {
  const { contacts } = useKnown();
  const [to, setTo] = useState("");
  const [text, set] = useState("");
  const [run, busy, problem, clear] = useRequest();
  const [toId, textId] = [useId(), useId()];
  const send = async (open) => {
    const whom = peer ?? to.trim();
    if (!whom || !text.trim()) return;
    const said = await run(() => post("/v1/messages", { peer: whom, text, clear: open }));
    if (!said) return;
    add("messages", said);
    set("");
    if (said.peer !== peer) go(`past/messages/${segment(said.peer)}`);
  };
  const typed = (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && send(false);
  return html`<form class="form compose" onSubmit=${(event) => (event.preventDefault(), send(false))}>
    ${!peer &&
    html`<label for=${toId}>${t("transfer-to")}</label>
      <div class="field">
        <input id=${toId} value=${to} list="people-written" dir="ltr" autocomplete="off" spellcheck=${false} required placeholder=${t("request-example")} onInput=${(event) => (setTo(event.target.value), problem && clear())} />
        <datalist id="people-written">${contacts.slice(0, 500).map((contact) => html`<option value=${contact.name}>${contact.entity}</option>`)}</datalist>
      </div>`}
    <label for=${textId}>${t("past-text")}</label>
    <textarea id=${textId} rows="3" value=${text} required onInput=${(event) => (set(event.target.value), problem && clear())} onKeyDown=${typed}></textarea>
    ${octets(text) > MOST && html`<p class="impossible" role="status">${t("past-too-long")}</p>`}
    <div class="buttons"><button class="main" disabled=${busy || octets(text) > MOST}>${t("past-send")}</button></div>
    <${ProblemBox} problem=${problem} onDismiss=${clear} />
    ${problem?.code === "text-in-clear" && html`<div class="buttons"><button type="button" class="danger" disabled=${busy} onClick=${() => send(true)}>${t("past-send-open")}</button></div>`}
  </form>`;
}
