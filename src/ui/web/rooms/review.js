// The review (FIG. 8, 9, 11, 12, 13): the peer's presence and its policy, side by side, so that one is judged by the other.

import { html, useState } from "../vendor/preact.js";
import { ask, call as begin } from "../core/begin.js";
import { post, segment } from "../core/door.js";
import { useKnown } from "../core/store.js";
import { drafts, impossible, PRESETS, presetOf, protection, protectionOf, setkey, weakestOf, withPreset } from "../core/policy.js";
import { shortName } from "../core/format.js";
import { said } from "../core/said.js";
import { t } from "../core/words.js";
import { go } from "../core/way.js";
import { useSettled } from "../core/settled.js";
import { ChangedKey } from "../parts/changedkey.js";
import { Icon } from "../parts/icon.js";
import { PolicyForm } from "../parts/policyform.js";
import { PresenceCard } from "../parts/presencecard.js";
import { ProblemBox, useRequest } from "../parts/problem.js";
import { Cost, ofKind, Weighed, useWeighed } from "../parts/weighed.js";
import { Theirs, Time } from "../parts/text.js";

const OPEN = ["pending", "looser", "declined", "failed"];

export function Review({ id }) {
  const known = useKnown();
  const review = known.reviews.find((one) => one.id === id);
  if (!review) return html`<p class="empty">${t("review-gone")} <a href="#">${t("back")}</a></p>`;
  return html`<${Shown} key=${id} review=${review} />`;
}

const nameOf = (presence) => presence.own_user ?? presence.user ?? shortName(presence.entity);

/** What stands on top: where the peer is, what it would do, and what we think of that. */
function Sentence({ review, open, onSuggested, applied }) {
  const who = nameOf(review.presence);
  const scope = review.surroundings.environment?.scope ?? "unknown";
  const asks = weakestOf(review.proposed);
  const differ = review.proposed.some((entry) => protection(entry) !== asks);
  const least = protectionOf(review.advice.least);
  const below = review.advice.verdict === "below-advice";
  return html`<section class="sentence ${below && open && !applied ? "attention" : ""}">
    <p class="big">
      ${t(`where-${scope}`, { who })} ${t(ofKind("asks", review), { what: t(`as-${asks}`) })}
      ${differ && ` ${t("asks-differ")}`} ${review.advice.verdict === "enough" && ` ${t("advice-enough")}`}
    </p>
    ${review.advice.verdict !== "enough" &&
    html`<p class="suggest">
      <span class="grow">${t(below ? "advice-more" : "advice-less", { least: t(`protection-${least}`) })}</span>
      ${onSuggested && html`<button type="button" class=${below ? "main" : ""} disabled=${applied} onClick=${onSuggested}>${t(applied ? "suggestion-applied" : "suggestion-apply")}</button>`}
    </p>`}
    <details>
      <summary>${t("advice-why")}</summary>
      <ul>${review.advice.why.map((why) => html`<li><bdi>${said(why)}</bdi></li>`)}</ul>
    </details>
  </section>`;
}

function Shown({ review }) {
  const known = useKnown();
  const [list, setList] = useState(() => drafts(review.proposed));
  const [side, setSide] = useState("both");
  const [note, setNote] = useState("");
  const [run, busy, problem, clear] = useRequest();
  const lines = setkey(list);
  const cannot = list.map((draft) => impossible(draft, review.statement.supports)).find(Boolean);
  const open = OPEN.includes(review.state);
  const changedKey = review.statement.key_state === "changed";
  const weighed = useWeighed(review, lines, open && !cannot && !changedKey);
  const isWeighed = weighed?.of === lines;
  const looser = isWeighed && weighed.looser.length > 0;
  const below = isWeighed && weighed.verdict === "below-advice";
  const call = known.calls.find((one) => one.review === review.id);
  const suggestion = PRESETS.find((preset) => preset.name === protectionOf(review.advice.least));
  const suggest = suggestion && open ? () => setList(withPreset(list, suggestion)) : null;
  const applied = suggestion && list.every((draft) => presetOf(draft) === suggestion.name);
  const answer = (then) =>
    run(async () => {
      // Just what is shown: what the peer asks, or what is registered, may have changed in the meantime.
      const untouched = lines === setkey(drafts(review.proposed));
      const body = review.kind === "statement" || looser || !untouched ? { answer: "edit", entries: lines } : { answer: "approve" };
      const answered = await post(`/v1/reviews/${segment(review.id)}/answer`, { ...body, by: "page", ...(looser && { propose: true, note: note || null }) });
      // What the peer has yet to agree to is no reason to call: the call would go by what holds until then.
      const agreed = !looser && review.kind !== "proposal";
      if (answered.state === "registered" && agreed) await then?.();
    });
  const callNow = async () => {
    if (call) return go(`call/${call.id}`);
    await begin(review.presence.entity);
  };
  const asked = known.asks.find((one) => one.id === review.ask);
  const askAgain = async () => go(`ask/${(await ask(asked?.peer ?? review.presence.entity)).id}`);
  const refuse = () => run(() => post(`/v1/reviews/${segment(review.id)}/answer`, { answer: "refuse", by: "page" }));
  const settled = useSettled(`${review.id} ${looser} ${open}`);
  const blocked = busy || !settled || Boolean(cannot) || changedKey || !isWeighed || Boolean(weighed.failure);
  return html`<article class="review show-${side}">
    <header class="head">
      <h1 tabindex="-1">${t("review-title", { who: nameOf(review.presence) })}</h1>
      <div class="switch" role="group" aria-label=${t("review-show")}>
        ${["both", "presence", "policy"].map((name) => html`<button type="button" aria-pressed=${side === name} onClick=${() => setSide(name)}>${t(`show-${name}`)}</button>`)}
      </div>
    </header>
    ${changedKey &&
    html`<${ChangedKey}
      who=${nameOf(review.presence)}
      entity=${review.presence.entity}
      known=${review.statement.pinned_fingerprint}
      now=${review.statement.fingerprint}
      onAccepted=${() => post(`/v1/reviews/${segment(review.id)}/answer`, { answer: "refuse", by: "page" })}
    />`}
    ${!open && html`<${Ended} review=${review} onAsk=${() => run(askAgain)} onCall=${() => run(callNow)} busy=${busy || !settled} /><${ProblemBox} problem=${problem} onDismiss=${clear} />`}
    <${Sentence} review=${review} open=${open} onSuggested=${suggest} applied=${applied} />
    ${review.note && html`<blockquote>${t("note-of", { who: nameOf(review.presence) })} <${Theirs} text=${review.note} /></blockquote>`}
    ${review.missing.length > 0 && html`<p class="hint">${t("review-missing")} <code dir="ltr">${review.missing.join(" ")}</code></p>`}
    <div class="sides">
      <${PresenceCard} review=${review} />
      <section class="card policy" aria-labelledby="policy-title">
        <h2 id="policy-title">${t("policy-title")}</h2>
        ${review.cuts.length > 0 && html`<ul class="hint">${review.cuts.map((cut) => html`<li><${Theirs} text=${cut} /></li>`)}</ul>`}
        <${PolicyForm} list=${list} onChange=${(next) => (clear(), setList(next))} supports=${review.statement.supports} disabled=${!open || changedKey} />
        ${cannot && html`<p class="impossible" role="status"><${Icon} name="warn" />${t(cannot)}</p>`}
        ${open && html`<${Weighed} weighed=${weighed} review=${review} />`}
        ${open && html`<${Cost} octets=${weighed?.octets_per_packet ?? review.advice.octets_per_packet} verdict=${weighed?.verdict ?? review.advice.verdict} />`}
      </section>
    </div>
    ${!open && html`<${ProblemBox} problem=${review.failure} />`}
    ${open &&
    html`<footer class="answer card">
      <${ProblemBox} problem=${problem ?? review.failure} onDismiss=${problem && clear} />
      ${looser &&
      html`<div class="looser-note" role="status">
        <p><${Icon} name=${review.kind === "statement" ? "looser" : "incomparable"} />${t(ofKind("looser-asks", review), { who: nameOf(review.presence) })}</p>
        <label>${t("looser-note")}<input value=${note} maxlength="80" onInput=${(event) => setNote(event.target.value)} /></label>
      </div>`}
      ${below &&
      !applied &&
      suggest &&
      html`<p class="suggest">
        <span class="grow">${t("advice-more", { least: t(`protection-${suggestion.name}`) })}</span>
        <button type="button" class="main" onClick=${suggest}>${t("suggestion-apply")}</button>
      </p>`}
      <div class="buttons">
        ${(looser || review.kind !== "proposal") &&
        html`<button class=${below ? "" : "main"} disabled=${blocked} onClick=${() => answer(callNow)}><${Icon} name="call" />${t(looser ? "ask-peer-first" : call ? "register-go-on" : "register-call")}</button>`}
        ${!looser && html`<button class=${review.kind === "proposal" && !below ? "main" : ""} disabled=${blocked} onClick=${() => answer()}>${t("register")}</button>`}
        <button class="danger" disabled=${busy || !settled} onClick=${refuse}>${t("refuse")}</button>
        <span class="detail">${t("review-until")} <${Time} at=${review.deadline} /></span>
      </div>
    </footer>`}
  </article>`;
}

/** What became of a counter-proposal, as it is shown. */
const COUNTERED = { lapsed: "declined", used: "registered", waiting: "countered" };

/** A peer's proposal is agreed to, or the peer is told what would be instead: neither is in force before the peer uses it. */
function stateOf(review, proposals) {
  if (review.kind !== "proposal" || review.state !== "registered") return review.state;
  return COUNTERED[proposals.find((one) => one.review === review.id)?.counter?.state] ?? "agreed";
}

function Ended({ review, onAsk, onCall, busy }) {
  const state = stateOf(review, useKnown().proposals);
  const good = ["agreed", "registered", "storing"].includes(state);
  return html`<section class="ended ${good ? "good" : ""}" role="status">
    <p class="big">${t(`review-state-${state}`)}</p>
    ${["agreed", "countered"].includes(state) && html`<p>${t(`review-${state}-next`)}</p>`}
    ${review.by && html`<p class="detail">${t("answered-by", { who: t(`by-${review.by}`) })}</p>`}
    ${review.state === "stale" && html`<p>${t("review-stale-next")}</p>`}
    <div class="buttons">
      ${state === "registered" && html`<button class="main" disabled=${busy} onClick=${onCall}><${Icon} name="call" />${t("call-now")}</button>`}
      ${["refused", "stale"].includes(state) && review.kind === "statement" && html`<button class="main" disabled=${busy} onClick=${onAsk}>${t("ask-again")}</button>`}
      <a class="button" href="#">${t("back")}</a>
    </div>
  </section>`;
}
