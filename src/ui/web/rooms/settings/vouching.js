// A further device of one's own: an older one, whom peers trust already, gives its word for it.

import { html, useState } from "../../vendor/preact.js";
import { post } from "../../core/door.js";
import { useKnown } from "../../core/store.js";
import { t } from "../../core/words.js";
import { Copied } from "../../parts/copied.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";
import { Asked } from "../../parts/question.js";
import { Saved } from "../../parts/saved.js";
import { Fingerprint, Theirs } from "../../parts/text.js";

export function Vouching({ identity, onIdentity }) {
  const [said, say] = useState(null);
  const revoked = (now) => {
    onIdentity(now);
    say(t("settings-revoked"));
  };
  return html`<section class="card">
    <h2>${t("settings-vouching")}</h2>
    <p class="hint">${t("settings-vouching-hint")}</p>
    <details>
      <summary>${t("settings-new-here")}</summary>
      <p>${t("settings-introduce")}</p>
      <${Copied} text=${identity.introduction} label=${t("settings-introduction")} />
      <${Take} onIdentity=${onIdentity} />
    </details>
    <details>
      <summary>${t("settings-new-elsewhere")}</summary>
      <${Vouch} />
    </details>
    ${identity.vouched_names.map((name) => html`<${Taken} key=${name} name=${name} own=${identity.entity} onIdentity=${revoked} />`)}
    <${Saved} text=${said} />
  </section>`;
}

/** By which name both devices are known; only asked where there are several. */
function Account({ id, value, onChange }) {
  const { accounts, status } = useKnown();
  const names = [...new Set([status?.entity, ...accounts.map((account) => account.entity)])];
  if (names.length < 2) return null;
  return html`<label for=${id}>${t("settings-by-name")}</label>
    <select id=${id} onChange=${(event) => onChange(event.target.value || null)}>
      <option value="" selected=${!value}>${t("settings-by-own")}</option>
      ${names.slice(1).map((name) => html`<option value=${name} selected=${value === name}>${name}</option>`)}
    </select>`;
}

function Take({ onIdentity }) {
  const [word, set] = useState("");
  const [account, choose] = useState(null);
  const [said, say] = useState(null);
  const [run, busy, problem, clear] = useRequest();
  const take = async (event) => {
    event.preventDefault();
    const identity = await run(() => post("/v1/identity/take", { word: word.trim(), account }));
    if (!identity) return;
    onIdentity(identity);
    set("");
    say(t("settings-taken"));
  };
  return html`<form class="filled" onSubmit=${take}>
    <label for="take-word">${t("settings-take")}</label>
    <input id="take-word" value=${word} dir="ltr" autocomplete="off" spellcheck=${false} placeholder="sv-vouch:…" onInput=${(event) => (clear(), say(null), set(event.target.value))} />
    <${Account} id="take-account" value=${account} onChange=${choose} />
    <div class="buttons"><button disabled=${busy || !word.trim()}>${t("settings-take-it")}</button></div>
    <${Saved} text=${said} />
    <${ProblemBox} problem=${problem} onDismiss=${clear} />
  </form>`;
}

function Vouch() {
  const [word, set] = useState("");
  const [account, choose] = useState(null);
  const [read, show] = useState(null);
  const [run, busy, problem, clear] = useRequest();
  const ask = async (confirmed) => {
    const found = await run(() => post("/v1/identity/vouch", { word: word.trim(), account, confirmed }));
    if (found) show(found);
  };
  // What was read is of the word that stood there: another word is read anew.
  const type = (event) => {
    clear();
    show(null);
    set(event.target.value);
  };
  return html`<form class="filled" onSubmit=${(event) => (event.preventDefault(), ask(false))}>
    <label for="vouch-word">${t("settings-vouch")}</label>
    <input id="vouch-word" value=${word} dir="ltr" autocomplete="off" spellcheck=${false} placeholder="sv-device:…" onInput=${type} />
    <${Account} id="vouch-account" value=${account} onChange=${(name) => (show(null), choose(name))} />
    ${!read && html`<div class="buttons"><button disabled=${busy || !word.trim()}>${t("settings-vouch-read")}</button></div>`}
    <${ProblemBox} problem=${problem} onDismiss=${clear} />
    ${read && html`<p>${t("settings-vouch-of")} <${Theirs} text=${read.entity} /></p><${Fingerprint} of=${read.fingerprint} />`}
    ${read && !read.word && html`<${Asked} says=${t("settings-vouch-same")} question=${t("settings-vouch-sure")} yes=${t("settings-vouch-yes")} kind="main" disabled=${busy} work=${() => ask(true)} />`}
    ${read?.word && html`<p role="status">${t("settings-vouched")}</p><${Copied} text=${read.word} label=${t("settings-vouch-word")} />`}
  </form>`;
}

function Taken({ name, own, onIdentity }) {
  const revoke = async () => onIdentity(await post("/v1/identity/revoke", name === own ? {} : { account: name }));
  return html`<div class="row">
    <span class="grow">${t("settings-vouched-for", { name })}</span>
    <${Asked} says=${t("settings-revoke")} question=${t("settings-revoke-sure")} yes=${t("settings-revoke-yes")} work=${revoke} />
  </div>`;
}
