// The steps before the talk: each is a part of the settings, with one thing to do.

import { html, useState } from "../../vendor/preact.js";
import { useWatched } from "../../core/fetched.js";
import { useKnown } from "../../core/store.js";
import { t } from "../../core/words.js";
import { Icon } from "../../parts/icon.js";
import { Named } from "../../parts/named.js";
import { ProblemBox } from "../../parts/problem.js";
import { Theirs } from "../../parts/text.js";
import { AccountForm } from "../settings/accountform.js";
import { Devices, hasNone } from "../settings/devices.js";
import { ownWord } from "../settings/places.js";
import { Trial } from "../settings/trial.js";

export function NameStep({ onDone }) {
  const own = useKnown().presences.find((one) => one.own);
  return html`<section class="card">
    <${Named} name="user" value=${own?.user} label=${t("settings-name")} hint=${t("settings-name-hint")} button=${t("guide-save")} then=${onDone} />
    ${own && html`<p>${t("guide-address")} <strong><${Theirs} text=${own.entity} /></strong></p>`}
  </section>`;
}

export function PlaceStep({ onDone }) {
  const { status } = useKnown();
  if (!status) return null;
  const { environment } = status;
  return html`<section class="card">
    <p class=${`big scope ${environment.scope}`}><${Icon} name="place" />${t(`scope-${environment.scope}`)} <span class="detail">${t(`settings-evidence-${environment.evidence}`)}</span></p>
    <${Named} name="place" value=${ownWord(status)} example=${t("settings-place-example")} label=${t("settings-place-name")} hint=${t("settings-place-name-hint")} button=${t("guide-save")} then=${onDone} />
  </section>`;
}

export function SoundStep({ onDone }) {
  const [devices, problem, put] = useWatched("/v1/devices");
  const [heard, hear] = useState(false);
  if (!devices) return problem ? html`<${ProblemBox} problem=${problem} />` : html`<p class="empty" role="status">${t("settings-looking")}</p>`;
  return html`<${Devices} devices=${devices} onDevices=${put} />
    ${hasNone(devices) ? html`<p class="hint">${t("guide-sound-none")}</p>` : html`<${Trial} onHeard=${() => hear(true)} />`}
    ${heard && html`<div class="buttons"><button type="button" class="main" onClick=${onDone}>${t("guide-sound-well")}</button></div>`}`;
}

export function AccountStep({ onDone }) {
  const { accounts } = useKnown();
  const [adding, set] = useState(false);
  return html`<section class="card">
    ${accounts.map((account) => html`<p key=${account.entity}><strong><${Theirs} text=${account.entity} /></strong> <span class="tag">${t(`settings-account-${account.state}`)}</span></p>`)}
    ${adding ? html`<${AccountForm} onAdded=${onDone} onLeft=${() => set(false)} />` : html`<div class="buttons"><button type="button" onClick=${() => set(true)}>${t("settings-account-add")}</button></div>`}
  </section>`;
}
