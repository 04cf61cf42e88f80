// Whose keys are pinned, and the safety phrase with each of their devices: the same words on both screens, or somebody stands in between.

import { html, useRef, useState } from "../../vendor/preact.js";
import { post } from "../../core/door.js";
import { shortName } from "../../core/format.js";
import { useKnown } from "../../core/store.js";
import { t } from "../../core/words.js";
import { Icon } from "../../parts/icon.js";
import { Qr } from "../../parts/qr.js";
import { Asked } from "../../parts/question.js";
import { Fingerprint, Theirs, Time } from "../../parts/text.js";

/** Shown at once; the rest is found by typing, or by asking for more. */
const AT_ONCE = 20;
/** So many are seen without looking for them. */
const FEW = 5;

/** The agent remembers for a whole entity that its phrases were compared: so all of its devices stand together. */
function people(pins, presences) {
  const known = new Map(presences.map((one) => [one.entity, one]));
  return Object.entries(Object.groupBy(pins, (pin) => pin.entity)).map(([entity, devices]) => {
    const one = known.get(entity);
    return { entity, devices, who: one?.own_user ?? one?.user ?? shortName(entity) };
  });
}

export function Pins({ pins, onIdentity }) {
  const [sought, seek] = useState("");
  const [most, more] = useState(AT_ONCE);
  const { presences } = useKnown();
  const all = people(pins, presences);
  const found = all.filter(({ who, entity }) => `${who} ${entity}`.toLowerCase().includes(sought.trim().toLowerCase()));
  return html`<section class="card">
    <h2>${t("settings-pins")}</h2>
    <p class="hint">${t("settings-pins-hint")}</p>
    ${all.length > FEW && html`<input type="search" aria-label=${t("settings-pins-find")} placeholder=${t("settings-pins-find")} value=${sought} onInput=${(event) => seek(event.target.value)} />`}
    ${!all.length && html`<p class="empty">${t("settings-pins-none")}</p>`}
    ${all.length > 0 && !found.length && html`<p class="empty" role="status">${t("settings-pins-not-found")}</p>`}
    ${found.slice(0, most).map((person) => html`<${Person} key=${person.entity} ...${person} onIdentity=${onIdentity} />`)}
    ${found.length > most && html`<button type="button" onClick=${() => more(most + AT_ONCE)}>${t("settings-more", { count: found.length - most })}</button>`}
  </section>`;
}

function Person({ entity, devices, who, onIdentity }) {
  const [open, set] = useState(false);
  const box = useRef();
  const verified = devices.every((pin) => pin.verified);
  const verify = async () => {
    onIdentity(await post("/v1/identity/verify", { entity }));
    // The button is gone.
    box.current.querySelector("summary").focus();
  };
  return html`<details class="pin" ref=${box} onToggle=${(event) => event.target === event.currentTarget && set(event.target.open)}>
    <summary>
      <span><strong><${Theirs} text=${who} /></strong> <span class="detail"><${Theirs} text=${entity} /></span></span>
      <span class=${`tag ${verified ? "" : "attention"}`}>${t(verified ? "settings-compared" : "settings-not-compared")}</span>
    </summary>
    ${open && devices.map((pin) => html`<${Phrase} key=${pin.device} pin=${pin} who=${who} />`)}
    ${verified && html`<p class="keystate verified" role="status"><${Icon} name="check" />${t("key-verified")}</p>`}
    ${!verified && html`<${Asked} key=${devices.map((pin) => pin.fingerprint).join()} says=${t("settings-verify", { count: devices.length })} question=${t("settings-verify-sure", { who, count: devices.length })} yes=${t("settings-verify-yes")} kind="main" work=${verify} />`}
  </details>`;
}

function Phrase({ pin, who }) {
  return html`<div class="beside">
      <div>
        <h3>${t("settings-phrase", { who })}</h3>
        <ol class="phrase" dir="ltr" lang="en">${pin.phrase.map((word) => html`<li>${word}</li>`)}</ol>
        <p class="hint">${t("settings-phrase-hint", { who, you: pin.you })}</p>
        <details>
          <summary>${t("fingerprint")}</summary>
          <${Fingerprint} of=${pin.fingerprint} />
          <p class="detail">${t("settings-device")} <code dir="ltr">${pin.device}</code> · ${t("settings-pinned-since")} <${Time} at=${pin.since} /></p>
        </details>
      </div>
      <figure>
        <${Qr} text=${pin.phrase.join(" ")} label=${t("settings-qr-phrase", { who })} />
        <figcaption class="hint">${t("settings-qr-phrase-hint", { who })}</figcaption>
      </figure>
    </div>`;
}
