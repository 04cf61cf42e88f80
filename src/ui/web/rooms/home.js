// The request (FIG. 4): whom to ask or call, and what is under way.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { ask, call } from "../core/begin.js";
import { useFetched } from "../core/fetched.js";
import { useKnown } from "../core/store.js";
import { shortName } from "../core/format.js";
import { t } from "../core/words.js";
import { Icon } from "../parts/icon.js";
import { ProblemBox, useRequest } from "../parts/problem.js";
import { Theirs } from "../parts/text.js";
import { Asking } from "../parts/asking.js";
import { CallRow } from "../parts/callrow.js";
import { HistoryRow } from "../parts/historyrow.js";
import { Offer } from "./guide/offer.js";

/** `id`: an ask that is to be looked at. */
export function Home({ id }) {
  const known = useKnown();
  const [shown, show] = useState(id ?? null);
  useEffect(() => show((before) => id ?? before), [id]);
  const ask = known.asks.find((one) => one.id === shown);
  // Those that ring stand on top of every room.
  const calls = known.calls.filter((call) => !["ended", "failed", "incoming", "wanted"].includes(call.state));
  const reviews = known.reviews.filter((review) => ["pending", "looser", "declined", "proposed"].includes(review.state));
  return html`<div class="home">
    <h1 tabindex="-1">${t("request-title")}</h1>
    <${Request} onAsk=${show} />
    ${ask && html`<${Asking} ask=${ask} onGone=${() => show(null)} />`}
    <${Offer} />
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
  const askFirst = async (event) => {
    event.preventDefault();
    if (!peer.trim()) return field.current.focus();
    await run(async () => onAsk((await ask(peer.trim(), wants)).id));
  };
  const callNow = async () => {
    if (!peer.trim()) return field.current.focus();
    await run(() => call(peer.trim()));
  };
  return html`<form class="request card" onSubmit=${askFirst}>
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
      <button type="button" class="call" disabled=${busy} onClick=${callNow}><${Icon} name="call" />${t("request-call")}</button>
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
  const [view] = useFetched("/v1/history?limit=8", known.turns.history);
  if (!view?.calls.length) return null;
  return html`<section>
    <h2>${t("recent")}</h2>
    <ul class="rows">${view.calls.map((row) => html`<${HistoryRow} key=${row.number} row=${row} />`)}</ul>
  </section>`;
}
