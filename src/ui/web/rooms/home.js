// The request (FIG. 4): whom to ask or call, and what is under way.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { get, post, remove, segment } from "../core/door.js";
import { add, useKnown } from "../core/store.js";
import { shortName } from "../core/format.js";
import { t } from "../core/words.js";
import { go } from "../core/way.js";
import { Icon } from "../parts/icon.js";
import { ProblemBox, useRequest } from "../parts/problem.js";
import { Theirs, Time } from "../parts/text.js";
import { CallRow } from "../parts/callrow.js";

const OVER = ["cancelled", "failed", "presence-stored", "refused", "registered"];

export function Home() {
  const known = useKnown();
  const [shown, show] = useState(null);
  const ask = known.asks.find((one) => one.id === shown);
  // The answer of the ask that was begun here is looked at as soon as it is there.
  useEffect(() => {
    if (ask?.state === "reviewing" && ask.review) go(`review/${ask.review}`);
  }, [ask?.state]);
  const calls = known.calls.filter((call) => !["ended", "failed"].includes(call.state));
  const reviews = known.reviews.filter((review) => ["pending", "looser", "declined", "proposed"].includes(review.state));
  return html`<div class="home">
    <h1>${t("request-title")}</h1>
    <${Request} onAsk=${show} />
    ${ask && html`<${Asking} ask=${ask} onGone=${() => show(null)} />`}
    ${calls.length > 0 && html`<section><h2>${t("calls-now")}</h2>${calls.map((call) => html`<${CallRow} key=${call.id} call=${call} />`)}</section>`}
    ${reviews.length > 0 &&
    html`<section>
      <h2>${t("reviews-waiting")}</h2>
      ${reviews.map((review) => html`<${ReviewRow} key=${review.id} review=${review} />`)}
    </section>`}
    <${Recent} />
  </div>`;
}

function Request({ onAsk }) {
  const known = useKnown();
  const field = useRef();
  const [peer, setPeer] = useState("");
  const [wants, setWants] = useState({ presence: true, policy: true });
  const [run, busy, problem, clear] = useRequest();
  const nothing = !wants.presence && !wants.policy;
  const tick = (name) => (event) => setWants({ ...wants, [name]: event.target.checked });
  const ask = async (event) => {
    event.preventDefault();
    if (!peer.trim()) return field.current.focus();
    const begun = await run(() => post("/v1/asks", { peer: peer.trim(), ...wants }));
    if (begun) {
      add("asks", begun);
      onAsk(begun.id);
    }
  };
  const call = async () => {
    if (!peer.trim()) return field.current.focus();
    const begun = await run(() => post("/v1/calls", { peer: peer.trim() }));
    if (begun) {
      add("calls", begun);
      go(`call/${begun.id}`);
    }
  };
  return html`<form class="request card" onSubmit=${ask}>
    <label for="peer">${t("request-peer")}</label>
    <div class="line">
      <input
        id="peer"
        ref=${field}
        value=${peer}
        onInput=${(event) => (setPeer(event.target.value), problem && clear())}
        list="people"
        placeholder=${t("request-example")}
        autocomplete="off"
        autocapitalize="none"
        spellcheck=${false}
        dir="ltr"
        enterkeyhint="go"
      />
      <datalist id="people">${known.contacts.map((contact) => html`<option value=${contact.name}>${contact.entity}</option>`)}</datalist>
      <button class="main" disabled=${busy || nothing}>${t("request-ask")}</button>
      <button type="button" class="call" disabled=${busy} onClick=${call}><${Icon} name="call" />${t("request-call")}</button>
    </div>
    <fieldset class="ticks">
      <legend>${t("request-what")}</legend>
      <label><input type="checkbox" checked=${wants.presence} onChange=${tick("presence")} />${t("request-presence")}</label>
      <label><input type="checkbox" checked=${wants.policy} onChange=${tick("policy")} />${t("request-policy")}</label>
    </fieldset>
    ${nothing && html`<p class="hint" role="status">${t("request-nothing")}</p>`}
    <${ProblemBox} problem=${problem} onDismiss=${clear} />
  </form>`;
}

function Asking({ ask, onGone }) {
  const [run, busy, problem] = useRequest();
  const cancel = () => run(() => remove(`/v1/asks/${segment(ask.id)}`));
  const asking = !OVER.includes(ask.state);
  return html`<section class="asking card" aria-live="polite" aria-busy=${asking}>
    <div class="head">
      <h2>${t(asking ? "asking" : `asked-${ask.state}`, { who: shortName(ask.peer) })}</h2>
      ${asking ? html`<button disabled=${busy} onClick=${cancel}>${t("cancel")}</button>` : html`<button class="quiet" onClick=${onGone}>${t("dismiss")}</button>`}
    </div>
    ${asking && html`<progress aria-label=${t("asking", { who: shortName(ask.peer) })}></progress>`}
    <ol class="steps">${ask.steps.map((step) => html`<li><${Theirs} text=${step.text} /></li>`)}</ol>
    ${ask.failure && html`<${ProblemBox} problem=${ask.failure} />`}
    ${ask.state === "presence-stored" && ask.answer && html`<${Answered} presence=${ask.answer} />`}
    <${ProblemBox} problem=${problem} />
  </section>`;
}

/** Only where the peer is was asked. */
const Answered = ({ presence }) => html`<p>
  <${Theirs} text=${presence.user ?? shortName(presence.entity)} /> · <${Theirs} text=${presence.place ?? t("not-told")} /> ·
  ${t(`scope-${presence.environment?.scope ?? "unknown"}`)} · <code dir="ltr">${presence.address}</code>
</p>`;

function ReviewRow({ review }) {
  const who = review.presence.own_user ?? review.presence.user ?? shortName(review.presence.entity);
  return html`<a class="row" href="#review/${review.id}">
    <${Icon} name="rules" />
    <span class="grow"><strong><${Theirs} text=${who} /></strong> <span class="detail"><${Theirs} text=${review.presence.entity} /></span></span>
    <span class="tag attention">${t(`review-state-${review.state}`)}</span>
  </a>`;
}

function Recent() {
  const known = useKnown();
  const [rows, set] = useState([]);
  useEffect(() => {
    if (known.line !== "open") return;
    get("/v1/history?limit=8").then(
      (view) => set(view.calls),
      () => {},
    );
  }, [known.turns.history, known.line]);
  if (!rows.length) return null;
  const again = async (row) => {
    const begun = await post("/v1/calls", { peer: row.name ?? row.peer }).catch(() => null);
    if (begun) {
      add("calls", begun);
      go(`call/${begun.id}`);
    }
  };
  return html`<section>
    <h2>${t("recent")}</h2>
    ${rows.map(
      (row) => html`<div class="row" key=${row.number}>
        <span class=${`way ${row.result}`} aria-hidden="true">${row.outgoing ? "↗" : "↙"}</span>
        <span class="grow"><strong><${Theirs} text=${row.name ?? shortName(row.peer)} /></strong> <span class="detail">${t(`result-${row.result}`)} · <${Time} at=${row.started} /></span></span>
        <button class="quiet" onClick=${() => again(row)} aria-label=${t("call-again", { who: row.name ?? shortName(row.peer) })}><${Icon} name="call" /></button>
      </div>`,
    )}
  </section>`;
}
