// What a device of a peer said of itself, with the names that the user gave (items 919, 920).

import { html, useState } from "../../vendor/preact.js";
import { post, remove, segment } from "../../core/door.js";
import { shortName } from "../../core/format.js";
import { placeName } from "../../core/said.js";
import { useKnown } from "../../core/store.js";
import { about, t } from "../../core/words.js";
import { Icon } from "../../parts/icon.js";
import { PeerActs } from "../../parts/peeracts.js";
import { Renamed } from "../../parts/presencecard.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";
import { Asked } from "../../parts/question.js";
import { OfAgent, Theirs, Time } from "../../parts/text.js";
import { FollowButton, WatchTag } from "./following.js";

export const nameOf = (presence) => presence.own_user ?? presence.user ?? shortName(presence.entity);

/** What its addresses suggest, where it did not say: the agent said so when it was reviewed. */
function inferred(presence, reviews) {
  const isOf = (review) => review.presence.entity === presence.entity && review.presence.device === presence.device;
  return reviews.findLast((review) => isOf(review) && review.surroundings.inference)?.surroundings.inference;
}

export function PresenceRow({ presence, watches }) {
  const [open, set] = useState(false);
  const who = nameOf(presence);
  const scope = presence.environment?.scope;
  return html`<li class="row person">
    <div class="grow">
      <p class="who"><strong><${Theirs} text=${who} /></strong> ${watches.map((watch) => html`<${WatchTag} watch=${watch} />`)}</p>
      <p class="detail"><${Theirs} text=${presence.entity} /></p>
      <p class="facts">
        ${(presence.own_place ?? presence.place) && html`<span><${Theirs} text=${presence.own_place ?? placeName(presence.place)} /></span>`}
        <span class="scope ${scope ?? "unknown"}"><${Icon} name="place" />${scope ? t(`scope-${scope}`) : t("surroundings-withheld")}</span>
        <span class="detail">${t("presence-time")} <${Time} at=${presence.time} /></span>
      </p>
    </div>
    <${PeerActs} peer=${presence.entity} who=${who}>
      <button class="quiet" aria-expanded=${open} aria-label=${about("people-more-of", who)} onClick=${() => set(!open)}>${t("people-more-of")}</button>
    <//>
    ${open && html`<${Opened} presence=${presence} who=${who} followed=${watches.length > 0} />`}
  </li>`;
}

/** A name that can be the user's own, and go back to what the peer says. */
function Name({ label, name, theirs, own, none, presence }) {
  const [run, busy, problem] = useRequest();
  const back = () => run(() => post(`/v1/presence/${segment(presence.entity)}`, { [name]: "" }));
  return html`<dt>${label}</dt>
    <dd>
      <${Renamed} label=${label} name=${name} theirs=${theirs} own=${own} none=${none} presence=${presence} />
      ${own && html`<button class="quiet" disabled=${busy} aria-label=${about("people-name-back", label)} onClick=${back}>${t("people-name-back")}</button>`}
      <${ProblemBox} problem=${problem} />
    </dd>`;
}

function Opened({ presence, who, followed }) {
  const { reviews } = useKnown();
  const inference = !presence.environment && inferred(presence, reviews);
  const forget = () => remove(`/v1/presence/${segment(presence.entity)}`);
  return html`<div class="whole">
    <dl>
      <${Name} label=${t("presence-user")} name="user" theirs=${presence.user} own=${presence.own_user} presence=${presence} />
      <${Name} label=${t("presence-place")} name="place" theirs=${placeName(presence.place)} own=${presence.own_place} presence=${presence} />
      <${Name} label=${t("people-mail")} name="mail" none=${t("people-no-mail")} own=${presence.own_mail} presence=${presence} />
      <dt>${t("presence-network")}</dt>
      <dd>${presence.environment ? html`${t(`scope-${presence.environment.scope}`)} <span class="detail">${t(`evidence-${presence.environment.evidence}`)}</span>` : t("surroundings-withheld")} ${inference && html`<p class="inference"><${OfAgent} text=${inference} /></p>`}</dd>
      <dt>${t("presence-address")}</dt><dd><code dir="ltr">${presence.address ?? t("not-told")}</code> <span class="detail">${t(presence.observed ? "address-seen" : "address-told")}</span></dd>
      <dt>${t("people-device")}</dt><dd><code dir="ltr">${presence.device}</code></dd>
      <dt>${t("people-valid")}</dt><dd><${Time} at=${presence.expires} /></dd>
    </dl>
    <div class="buttons">
      <${FollowButton} peer=${presence.entity} who=${who} followed=${followed} />
      <${Asked} says=${t("people-forget")} label=${about("people-forget", who)} question=${t("people-forget-sure", { who })} yes=${t("people-forget")} work=${forget} />
    </div>
  </div>`;
}
