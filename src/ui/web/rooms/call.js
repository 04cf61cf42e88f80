// One call: what protects it stays in sight; below it what one does in a call, and how well it sounds.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { get, post, remove, segment } from "../core/door.js";
import { add, useKnown } from "../core/store.js";
import { duration, number, shortName } from "../core/format.js";
import { maybe, t } from "../core/words.js";
import { go } from "../core/way.js";
import { Icon } from "../parts/icon.js";
import { ProblemBox, useRequest } from "../parts/problem.js";
import { Seal, SecurityLine } from "../parts/security.js";
import { Meter, QualityGraph } from "../parts/quality.js";
import { Theirs } from "../parts/text.js";

const OVER = ["ended", "failed"];
/** Between two looks at a running call, in milliseconds: it keeps the levels of the last half second. */
const LOOK_MS = 500;

export function Call({ id }) {
  const known = useKnown();
  const call = known.calls.find((one) => one.id === id);
  if (!call) return html`<p class="empty">${t("call-gone")} <a href="#">${t("back")}</a></p>`;
  return html`<${Shown} key=${id} call=${call} />`;
}

/** The call as it is twice a second, and what its sound was since this page shows it. */
function useLive(call) {
  const [live, set] = useState({ call, past: [] });
  const running = call.state === "active";
  useEffect(() => {
    if (!running) return;
    const look = async () => {
      if (document.hidden) return;
      const now = await get(`/v1/calls/${segment(call.id)}`).catch(() => null);
      if (now) set((before) => ({ call: now, past: now.packets.quality ? [...before.past, now.packets.quality].slice(-120) : before.past }));
    };
    const timer = setInterval(look, LOOK_MS);
    return () => clearInterval(timer);
  }, [call.id, running]);
  return { ...call, ...(running && live.call.state === "active" ? { packets: live.call.packets, levels: live.call.levels } : {}), past: live.past };
}

function Timer({ since }) {
  const [, again] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => again((turn) => turn + 1), 500);
    return () => clearInterval(timer);
  }, []);
  return html`<span class="timer" role="timer">${duration(Date.now() - Date.parse(since))}</span>`;
}

function Shown({ call: stored }) {
  const call = useLive(stored);
  const known = useKnown();
  const [run, busy, problem, clear] = useRequest();
  const act = (what, body) => run(() => post(`/v1/calls/${segment(call.id)}/${what}`, body));
  const active = call.state === "active";
  const rings = ["incoming", "wanted"].includes(call.state);
  const over = OVER.includes(call.state);
  useEffect(() => {
    if (call.state === "reviewing" && call.review) go(`review/${call.review}`);
  }, [call.state]);
  return html`<article class="callroom">
    <header class="head">
      <h1><${Theirs} text=${shortName(call.entity ?? call.peer)} /></h1>
      <span class="state" role="status">${t(`call-${call.on_hold ? "held" : call.state}`)}</span>
      ${active && html`<${Timer} since=${call.started} />`}
    </header>
    <p class="detail"><${Theirs} text=${call.peer} />${!call.known && call.side === "callee" && html` <span class="tag attention">${t("caller-unproven")}</span>`}</p>
    <${SecurityLine} call=${call} calls=${known.calls} />
    ${call.moved && !over && html`<${Moved} call=${call} />`}
    ${["no_input", "no_output", "unheard"].map((name) => call[name] && html`<${ProblemBox} key=${name} problem=${call[name]} />`)}
    ${call.failure && html`<${ProblemBox} problem=${call.failure} />`}
    ${over && html`<p class="big">${call.reason ? html`<${Theirs} text=${call.reason} />` : t(`call-${call.state}`)}</p>`}
    <div class="buttons">
      ${rings &&
      html`<button class="main" disabled=${busy} onClick=${() => act("answer")}><${Icon} name="call" />${t("answer")}</button>
        <button class="danger" disabled=${busy} onClick=${() => act("reject")}>${t("reject")}</button>`}
      ${active && html`<button disabled=${busy} aria-pressed=${call.muted} onClick=${() => run(() => (call.muted ? remove : post)(`/v1/calls/${segment(call.id)}/mute`))}>${t(call.muted ? "unmute" : "mute")}</button>`}
      ${active && html`<button disabled=${busy} aria-pressed=${call.on_hold} onClick=${() => act(call.on_hold ? "resume" : "hold")}>${t(call.on_hold ? "resume" : "hold")}</button>`}
      ${!rings && !over && html`<button class="danger" disabled=${busy} onClick=${() => run(() => remove(`/v1/calls/${segment(call.id)}`))}>${t("hangup")}</button>`}
      ${over && html`<button class="main" disabled=${busy} onClick=${() => run(async () => { const begun = await post("/v1/calls", { peer: call.entity ?? call.peer }); add("calls", begun); go(`call/${begun.id}`); })}><${Icon} name="call" />${t("call-again-short")}</button>`}
    </div>
    <${ProblemBox} problem=${problem} onDismiss=${clear} />
    ${active &&
    html`<div class="sides">
      <section class="card">
        <h2>${t("sound")}</h2>
        <${Meter} label=${t("level-you")} levels=${call.levels?.input} />
        <${Meter} label=${t("level-them")} levels=${call.levels?.output} />
        <${QualityGraph} past=${call.past} now=${call.packets.quality} />
      </section>
      <section class="card">
        <h2>${t("keys")}</h2>
        <${Pad} call=${call} />
        <${Transfer} call=${call} />
      </section>
    </div>`}
  </article>`;
}

function Moved({ call }) {
  const [run, busy, problem] = useRequest();
  const moved = call.moved;
  const tighten = () => run(() => post(`/v1/calls/${segment(call.id)}/tighten`, { rules: moved.least }));
  return html`<section class="moved ${moved.below_advice ? "attention" : ""}" role="alert">
    <p class="big"><${Icon} name="place" />${t(moved.by_peer ? "moved-peer" : "moved-you", { who: shortName(call.entity ?? call.peer), scope: t(`scope-${moved.scope}`) })}</p>
    <ul>${moved.why.map((why) => html`<li><${Theirs} text=${why} /></li>`)}</ul>
    ${moved.below_advice && html`<button class="main" disabled=${busy || call.rekeying} onClick=${tighten}><${Icon} name="tighter" />${t("tighten-to")} <${Seal} action=${moved.least} /></button>`}
    <${ProblemBox} problem=${problem} />
  </section>`;
}

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

function Pad({ call }) {
  const [run, busy, problem, clear] = useRequest();
  const [pressed, set] = useState("");
  const box = useRef();
  const press = (digits) => {
    set((before) => (before + digits).slice(-24));
    run(() => post(`/v1/calls/${segment(call.id)}/digits`, { digits }));
  };
  const typed = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !/^[0-9*#]$/.test(event.key)) return;
    event.preventDefault();
    press(event.key);
  };
  return html`<div class="pad" ref=${box} onKeyDown=${typed}>
    <output aria-label=${t("digits-pressed")} dir="ltr">${pressed}</output>
    <div class="keys" role="group" aria-label=${t("keys")}>
      ${KEYS.map((key) => html`<button type="button" key=${key} onClick=${() => press(key)} aria-label=${maybe(`key-${{ "*": "star", "#": "hash" }[key]}`) ?? key}>${key}</button>`)}
    </div>
    <${ProblemBox} problem=${problem} onDismiss=${clear} />
  </div>`;
}

function Transfer({ call }) {
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
