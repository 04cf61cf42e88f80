// One call: what protects it stays in sight; below it what one does in a call, and how well it sounds.

import { html, useEffect, useState } from "../vendor/preact.js";
import { call as begin } from "../core/begin.js";
import { get, post, remove, segment } from "../core/door.js";
import { useSettled } from "../core/settled.js";
import { useKnown } from "../core/store.js";
import { stateWord } from "../core/calls.js";
import { duration, shortName } from "../core/format.js";
import { t } from "../core/words.js";
import { go } from "../core/way.js";
import { Icon } from "../parts/icon.js";
import { ProblemBox, useRequest } from "../parts/problem.js";
import { callSeal, SecurityLine } from "../parts/security.js";
import { Meter, QualityGraph } from "../parts/quality.js";
import { OfAgent, Theirs } from "../parts/text.js";
import { Conference } from "./call/conference.js";
import { Moved } from "./call/moved.js";
import { Pad } from "./call/pad.js";
import { Protection } from "./call/protection.js";
import { Recording } from "./call/recording.js";
import { fullOf, Tighten } from "./call/tighten.js";
import { Transfer } from "./call/transfer.js";

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
    let looking = false;
    // A slow agent is asked once.
    const look = async () => {
      if (document.hidden || looking) return;
      looking = true;
      const now = await get(`/v1/calls/${segment(call.id)}`).catch(() => null);
      looking = false;
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
  return html`<span class="timer" role="timer" dir="ltr">${duration(Date.now() - Date.parse(since))}</span>`;
}

function Shown({ call: stored }) {
  const call = useLive(stored);
  const known = useKnown();
  const [run, busy, problem, clear] = useRequest();
  const act = (what, body) => run(() => post(`/v1/calls/${segment(call.id)}/${what}`, body));
  const active = call.state === "active";
  const rings = ["incoming", "wanted"].includes(call.state);
  const over = OVER.includes(call.state);
  const more = active && !call.moved?.below_advice && callSeal(call) !== "sealed" ? fullOf(call) : null;
  // What stands under the pointer may just have become another button.
  const settled = useSettled(`${call.id} ${call.state} ${more}`);
  useEffect(() => {
    // Where it was answered just now, the call goes on here.
    const waits = known.reviews.some((review) => review.id === call.review && review.state === "pending");
    if (call.state === "reviewing" && waits) go(`review/${call.review}`);
  }, [call.state]);
  return html`<article class="callroom">
    <header class="head">
      <h1 tabindex="-1"><${Theirs} text=${shortName(call.entity ?? call.peer)} /></h1>
      <span class="state" role="status">${t(`call-${stateWord(call)}`)}</span>
      ${active && call.answered && html`<${Timer} since=${call.answered} />`}
    </header>
    <p class="detail"><${Theirs} text=${call.peer} />${!call.known && call.side === "callee" && html` <span class="tag attention">${t("caller-unproven")}</span>`}</p>
    <${SecurityLine} call=${call} calls=${known.calls} />
    ${call.moved && !over && html`<${Moved} call=${call} />`}
    ${more && html`<div class="buttons"><${Tighten} call=${call} rules=${more} /></div>`}
    ${["no_input", "no_output", "unheard"].map((name) => call[name] && html`<${ProblemBox} key=${name} problem=${call[name]} />`)}
    ${call.failure && html`<${ProblemBox} problem=${call.failure} />`}
    ${over && html`<p class="big">${call.reason ? html`<${OfAgent} text=${call.reason} />` : t(`call-${stateWord(call)}`)}</p>`}
    <div class="buttons">
      ${rings &&
      html`<button class="main" disabled=${busy || !settled} onClick=${() => act("answer")}><${Icon} name="call" />${t("answer")}</button>
        <button class="danger" disabled=${busy || !settled} onClick=${() => act("reject")}>${t("reject")}</button>`}
      ${active && html`<button disabled=${busy || !settled} aria-pressed=${call.muted} onClick=${() => run(() => (call.muted ? remove : post)(`/v1/calls/${segment(call.id)}/mute`))}>${t(call.muted ? "unmute" : "mute")}</button>`}
      ${active && html`<button disabled=${busy || !settled} aria-pressed=${call.on_hold} onClick=${() => act(call.on_hold ? "resume" : "hold")}>${t(call.on_hold ? "resume" : "hold")}</button>`}
      ${!rings && !over && html`<button class="danger" disabled=${busy || !settled} onClick=${() => run(() => remove(`/v1/calls/${segment(call.id)}`))}>${t("hangup")}</button>`}
      ${over && html`<button class="main" disabled=${busy || !settled} onClick=${() => run(() => begin(call.entity ?? call.peer))}><${Icon} name="call" />${t("call-again-short")}</button>`}
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
      </section>
      <section class="card">
        <h2>${t("call-more")}</h2>
        <${Protection} call=${call} />
        <${Transfer} call=${call} />
        <${Conference} call=${call} />
        <${Recording} call=${call} />
      </section>
    </div>`}
  </article>`;
}
