// Where the peer is and who it is (FIG. 9, 11), and how sure that is. User and place can be given names of one's own.

import { html, useState } from "../vendor/preact.js";
import { post, segment } from "../core/door.js";
import { ECHO } from "../core/format.js";
import { useKnown } from "../core/store.js";
import { placeName, said } from "../core/said.js";
import { t } from "../core/words.js";
import { Icon } from "./icon.js";
import { ProblemBox, useRequest } from "./problem.js";
import { Fingerprint, Theirs, Time } from "./text.js";

/** A name of the peer, which the user can put his own in the place of. */
export function Renamed({ label, name, theirs, own, none = t("not-told"), presence }) {
  const [typed, set] = useState(null);
  const [run, busy, problem] = useRequest();
  const save = async (event) => {
    event.preventDefault();
    const saved = await run(() => post(`/v1/presence/${segment(presence.entity)}`, { [name]: typed.trim() }));
    if (!saved) return;
    set(null);
  };
  if (typed !== null) {
    return html`<form class="line" onSubmit=${save}>
      <input aria-label=${label} value=${typed} maxlength="200" onInput=${(event) => set(event.target.value)} ref=${(field) => field?.focus()} />
      <button class="main" disabled=${busy}>${t("save")}</button>
      <button type="button" class="quiet" onClick=${() => set(null)}>${t("cancel")}</button>
      <${ProblemBox} problem=${problem} />
    </form>`;
  }
  return html`<span class="grow"><${Theirs} text=${own ?? theirs ?? none} />${own && theirs && html` <span class="detail">(${t("says-itself")} <${Theirs} text=${theirs} />)</span>`}</span>
    <button class="quiet" onClick=${() => set(own ?? theirs ?? "")} aria-label=${`${t("rename")}: ${label}`}>${t("rename")}</button>`;
}

export function PresenceCard({ review }) {
  const { surroundings, statement } = review;
  // Names of one's own may have been given since.
  const now = useKnown().presences.find((one) => one.entity === review.presence.entity && one.device === review.presence.device);
  const presence = { ...review.presence, own_user: now?.own_user ?? review.presence.own_user, own_place: now?.own_place ?? review.presence.own_place };
  // The agent was given the echo's keys, and knows it by them.
  const key = presence.entity === ECHO && statement.key_state !== "changed" ? "echo" : statement.key_state;
  const row = (label, value) => html`<dt>${label}</dt>
    <dd>${value}</dd>`;
  return html`<section class="card presence" aria-labelledby="presence-title">
    <h2 id="presence-title">${t("presence-title")}</h2>
    <dl>
      ${row(t("presence-user"), html`<${Renamed} label=${t("presence-user")} name="user" theirs=${presence.user} own=${presence.own_user} presence=${presence} />`)}
      ${row(t("presence-place"), html`<${Renamed} label=${t("presence-place")} name="place" theirs=${placeName(presence.place)} own=${presence.own_place} presence=${presence} />`)}
      ${row(
        t("presence-network"),
        html`<span class="scope ${surroundings.environment?.scope ?? "unknown"}"><${Icon} name="place" />${t(`scope-${surroundings.environment?.scope ?? "unknown"}`)}</span>
          ${surroundings.environment && html`<span class="detail">${t(`evidence-${surroundings.environment.evidence}`)}</span>`}
          ${surroundings.kind !== "stated" && html`<span class="detail">${t(`surroundings-${surroundings.kind}`)}</span>`}
          ${surroundings.inference && html`<p class="inference"><bdi>${said(surroundings.inference)}</bdi></p>`}`,
      )}
      ${row(t("presence-entity"), html`<${Theirs} text=${presence.entity} />`)}
      ${row(t("presence-address"), html`<code dir="ltr">${presence.address ?? t("not-told")}</code> <span class="detail">${t(presence.observed ? "address-seen" : "address-told")}</span>`)}
      ${row(t("presence-time"), html`<${Time} at=${presence.time} />`)}
      ${row(
        t("key"),
        html`<span class="keystate ${key}"><${Icon} name="key" />${t(`key-${key}`)}</span>
          <details>
            <summary>${t("fingerprint")}</summary>
            <${Fingerprint} of=${statement.fingerprint} />
            <p class="detail">${t(statement.signed ? "signed" : "unsigned")} · ${t("received")} <${Time} at=${statement.received} /></p>
          </details>`,
      )}
    </dl>
  </section>`;
}
