// Whom you follow, and how that stands.

import { html, useState } from "../../vendor/preact.js";
import { post, remove, segment } from "../../core/door.js";
import { shortName } from "../../core/format.js";
import { add, useKnown } from "../../core/store.js";
import { about, t } from "../../core/words.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";
import { Theirs, Time } from "../../parts/text.js";

const follow = async (peer) => {
  const { watches } = await post("/v1/watches", { peer });
  watches.forEach((watch) => add("watches", watch));
  return watches;
};
const unfollow = (peer) => remove(`/v1/watches/${segment(peer)}`);

export const WatchTag = ({ watch }) => html`<span class="tag ${watch.state === "active" ? "" : "attention"}">${t(`people-watch-${watch.state}`)}</span>`;

export function FollowButton({ peer, who, followed }) {
  const [run, busy, problem, clear] = useRequest();
  const word = followed ? "people-unfollow" : "people-follow";
  return html`<button type="button" disabled=${busy} aria-label=${about(word, who)} onClick=${() => run(() => (followed ? unfollow : follow)(peer))}>${t(word)}</button>
    <${ProblemBox} problem=${problem} onDismiss=${clear} />`;
}

export function Following() {
  const { watches } = useKnown();
  const [peer, set] = useState("");
  const [run, busy, problem, clear] = useRequest();
  const begin = async (event) => {
    event.preventDefault();
    if (peer.trim() && (await run(() => follow(peer.trim())))) set("");
  };
  return html`<section aria-labelledby="following-title">
    <h2 id="following-title">${t("people-following")}</h2>
    <p class="hint">${t("people-following-what")}</p>
    <form class="line" onSubmit=${begin}>
      <input aria-label=${t("people-follow-whom")} placeholder=${t("people-follow-whom")} value=${peer} dir="ltr" autocomplete="off" spellcheck=${false} onInput=${(event) => (set(event.target.value), problem && clear())} />
      <button disabled=${busy}>${t("people-follow")}</button>
    </form>
    <${ProblemBox} problem=${problem} onDismiss=${clear} />
    <ul class="rows">${watches.map((watch) => html`<${WatchRow} key=${`${watch.peer} ${watch.device}`} watch=${watch} />`)}</ul>
  </section>`;
}

function WatchRow({ watch }) {
  const when = (word, at) => at && html`${t(word)} <${Time} at=${at} />`;
  return html`<li class="row">
    <div class="grow">
      <p class="who"><strong><${Theirs} text=${shortName(watch.peer)} /></strong> <${WatchTag} watch=${watch} /></p>
      <p class="detail"><${Theirs} text=${watch.peer} />${watch.device && html` · <code dir="ltr">${watch.device}</code>`}</p>
      <p class="detail">${when("people-since", watch.since)}${watch.heard && html` · ${when("people-heard", watch.heard)}`}${watch.again && html` · ${when("people-again", watch.again)}`}</p>
      <${ProblemBox} problem=${watch.failure} />
    </div>
    ${!watch.device && html`<${FollowButton} peer=${watch.peer} who=${shortName(watch.peer)} followed />`}
  </li>`;
}
