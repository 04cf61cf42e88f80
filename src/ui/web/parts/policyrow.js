// What an entry of the policy says, in a sentence; and the same for who reads setkey.

import { html } from "../vendor/preact.js";
import { host, kindOf, sealOf, stateOf, whose } from "../core/spd.js";
import { lines } from "../core/text.js";
import { t } from "../core/words.js";
import { Icon } from "./icon.js";
import { Theirs, Time } from "./text.js";

/** What the sentence of a row is made of. */
export function said(row, names) {
  const what = kindOf(row);
  return { ...whose(row, names), ways: row.ways, what: t(`as-${what}`), how: t(`protection-${what}`) };
}

/** "Voice to and from bob: encrypted and authenticated, always". */
export const sentence = (row, names) => t("policies-rule", said(row, names));

/** Which packets, where not all of them are meant. */
export function packets({ draft }) {
  const end = (address, ports) => (ports === "any" ? host(address) : `${host(address)}[${ports}]`);
  const ends = [end(draft.ours, draft.ourPorts), end(draft.theirs, draft.theirPorts)];
  const upper = draft.upper === "tcp" ? ["tcp"] : [];
  return ends.every((one) => one === "any") && !upper.length ? null : [ends.join(" ↔ "), ...upper].join(" ");
}

/** How it stands: not in force, or not where it was approved. */
export function States({ row, elsewhere }) {
  const [entry] = row.entries;
  const state = stateOf(row);
  return html`${state !== "enabled" && html`<span class="tag attention">${t(`policies-state-${state}`)}</span>`}
    ${entry.expires && !entry.expired && html`<span class="tag">${t("policies-until")} <${Time} at=${entry.expires} /></span>`}
    ${row.entries.some((one) => elsewhere?.includes(one.id)) && html`<span class="tag attention">${t("policies-elsewhere")}</span>`}`;
}

export function PolicyRow({ row, names, elsewhere, where }) {
  const [entry] = row.entries;
  const which = packets(row);
  const off = stateOf(row) !== "enabled";
  return html`<li class="row policy-row ${off ? "off" : ""}">
    <span class="seal ${off ? "closed" : sealOf(row)}"><${Icon} name=${sealOf(row)} /></span>
    <a class="grow" href=${`#policies/entries/${where ?? entry.id}`}>${sentence(row, names)}</a>
    <${States} row=${row} elsewhere=${elsewhere} />
    <p class="detail under">
      ${where !== "default" && html`${entry.id} · `}${t(`policies-origin-${entry.origin}`)}${entry.id !== "e0" && html` <${Time} at=${entry.created} />`}
      ${which && html` · <code dir="ltr">${which}</code>`}${entry.note && html` · <${Theirs} text=${entry.note} />`}
    </p>
    <details class="under">
      <summary>setkey</summary>
      <${Lines} entries=${row.entries} />
    </details>
  </li>`;
}

/** As `spdadd` lines. */
export const Lines = ({ entries }) => html`<ul class="setkey">${entries.map((entry) => html`<li key=${entry.id}><code dir="ltr">${lines(entry.setkey)}</code></li>`)}</ul>`;
