// Who this telephone is to others, and whom it knows by their keys.

import { html } from "../../vendor/preact.js";
import { useFile } from "../../core/file.js";
import { useWatched } from "../../core/fetched.js";
import { useKnown } from "../../core/store.js";
import { harmless } from "../../core/text.js";
import { t } from "../../core/words.js";
import { Named } from "../../parts/named.js";
import { ProblemBox } from "../../parts/problem.js";
import { Qr } from "../../parts/qr.js";
import { Fingerprint, Theirs } from "../../parts/text.js";
import { Pins } from "./pins.js";
import { Vouching } from "./vouching.js";

/** What the code of one's own holds (docs/page.md): the entity, and the fingerprint that its keys have to have. */
const introduction = ({ entity, fingerprint }) => `sottovoce:${encodeURI(entity).replaceAll("?", "%3F")}?fingerprint=${fingerprint}`;

export function You() {
  const { turns } = useKnown();
  const [identity, problem, put] = useWatched("/v1/identity", turns.pins + turns.policy);
  if (!identity) return problem ? html`<${ProblemBox} problem=${problem} />` : html`<p class="empty" role="status">${t("settings-looking")}</p>`;
  return html`<${Self} identity=${identity} />
    <${Pins} pins=${identity.pins} onIdentity=${put} />
    <${Vouching} identity=${identity} onIdentity=${put} />`;
}

function Self({ identity }) {
  const own = useKnown().presences.find((one) => one.own);
  const file = useFile();
  const row = (label, value) => html`<dt>${label}</dt>
    <dd>${value}</dd>`;
  return html`<section class="card">
    <h2>${t("settings-self")}</h2>
    <${Named} name="user" value=${own?.user} label=${t("settings-name")} hint=${t("settings-name-hint")} />
    <div class="beside">
      <dl>
        ${row(t("presence-entity"), html`<${Theirs} text=${identity.entity} />`)} ${row(t("settings-device"), html`<code dir="ltr">${identity.device}</code>`)}
        ${row(t("fingerprint"), html`<${Fingerprint} of=${identity.fingerprint} />`)}
      </dl>
      <figure>
        <${Qr} text=${introduction(identity)} label=${t("settings-qr-self")} />
        <figcaption class="hint">${t("settings-qr-self-hint")}</figcaption>
      </figure>
    </div>
    ${file && html`<p class="hint">${t(file.assumed ? "settings-self-assumed" : "settings-self-fixed")} <code dir="ltr">entity = "${harmless(identity.entity)}"</code></p>`}
  </section>`;
}
