// Where one is to be found under a name: accounts at registrars, how they stand, and why one does not.

import { html, useState } from "../../vendor/preact.js";
import { remove, segment } from "../../core/door.js";
import { useKnown } from "../../core/store.js";
import { t } from "../../core/words.js";
import { ProblemBox } from "../../parts/problem.js";
import { Asked } from "../../parts/question.js";
import { Saved } from "../../parts/saved.js";
import { OfAgent, Theirs, Time } from "../../parts/text.js";
import { AccountForm } from "./accountform.js";

export function Accounts() {
  const { accounts } = useKnown();
  const [adding, set] = useState(false);
  const [said, say] = useState(null);
  const added = (account) => {
    set(false);
    say(t("settings-account-added", { who: account.entity }));
  };
  return html`<section class="card">
    <div class="head">
      <h2>${t("settings-accounts")}</h2>
      ${!adding && html`<button type="button" class="main" onClick=${() => (say(null), set(true))}>${t("settings-account-add")}</button>`}
    </div>
    <p class="hint">${t("settings-accounts-hint")}</p>
    <${Saved} text=${said} />
    ${adding && html`<${AccountForm} onAdded=${added} onLeft=${() => set(false)} />`}
    ${!accounts.length && !adding && html`<p class="empty">${t("settings-accounts-none")}</p>`}
    ${accounts.map((account) => html`<${Account} key=${account.entity} account=${account} onRemoved=${(who) => say(t("settings-account-removed", { who }))} />`)}
  </section>`;
}

const WELL = ["registered", "idle"];

function Account({ account, onRemoved }) {
  const drop = async () => {
    await remove(`/v1/accounts/${segment(account.entity)}`);
    onRemoved(account.entity);
  };
  return html`<article class="account">
    <div class="head">
      <div>
        <h3><${Theirs} text=${account.entity} /></h3>
        <p>
          <span class=${`tag ${WELL.includes(account.state) ? "" : "attention"}`}>${t(`settings-account-${account.state}`)}</span>
          ${account.until && html` <span class="detail">${t("settings-account-until")} <${Time} at=${account.until} /></span>`}
          ${account.again && html` <span class="detail">${t("settings-account-again")} <${Time} at=${account.again} /></span>`}
        </p>
      </div>
      ${account.added && html`<${Asked} says=${t("settings-account-remove")} question=${t("settings-account-sure", { who: account.entity })} yes=${t("settings-account-remove")} work=${drop} />`}
    </div>
    ${account.failure && html`<${ProblemBox} problem=${account.failure} />`}
    <${Mailbox} mailbox=${account.mailbox} />
    <${More} account=${account} />
    ${!account.added && html`<p class="hint">${t("settings-account-configured")} <code dir="ltr">[[account]]</code></p>`}
  </article>`;
}

/** Voice messages that wait (RFC 3842). */
function Mailbox({ mailbox }) {
  if (mailbox.state === "off") return null;
  const { new: fresh, old, urgent } = mailbox;
  const counted = fresh === null ? t(mailbox.waiting ? "settings-mail-waits" : "settings-mail-nothing") : t("settings-mail-new", { count: fresh });
  return html`<p>
      ${mailbox.state === "told" ? counted : t(`settings-mail-${mailbox.state}`)}
      ${old > 0 && html` <span class="detail">${t("settings-mail-old", { count: old })}</span>`}
      ${urgent > 0 && html` <span class="tag attention">${t("settings-mail-urgent", { count: urgent })}</span>`}
    </p>
    ${mailbox.failure && html`<${ProblemBox} problem=${mailbox.failure} />`}`;
}

function More({ account }) {
  const row = (label, value) => value && html`<dt>${label}</dt><dd>${value}</dd>`;
  const code = (text) => text && html`<code dir="ltr">${text}</code>`;
  const { publication } = account;
  return html`<details>
    <summary>${t("settings-every-detail")}</summary>
    <dl>
      ${row(t("settings-account-proxy"), html`${code(account.proxy)} ${code(account.address)}`)} ${row(t("settings-account-user"), html`<${Theirs} text=${account.user} />`)}
      ${row(t("settings-account-heard"), account.heard && html`<${Time} at=${account.heard} />`)}
      ${row(t("settings-account-publication"), html`${t(`settings-published-${publication.state}`)} ${publication.reason && html`<span class="detail"><${OfAgent} text=${publication.reason} /></span>`}`)}
      ${row(t("settings-account-gruu"), code(account.gruu))} ${row(t("settings-account-route"), account.service_route.length > 0 && code(account.service_route.join(" ")))}
      ${account.flows.map((flow, at) => row(t("settings-account-way", { number: at + 1 }), html`<span class="tag">${t(`settings-account-${flow.state}`)}</span> ${code(flow.address ?? flow.proxy)} ${flow.seen && html`<span class="detail">${t("settings-account-seen")} ${code(flow.seen)}</span>`}`))}
    </dl>
    ${publication.failure && html`<${ProblemBox} problem=${publication.failure} />`}
  </details>`;
}
