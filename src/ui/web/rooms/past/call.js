// One call that was, with all that is known of it.

import { html, useState } from "../../vendor/preact.js";
import { segment } from "../../core/door.js";
import { duration, number } from "../../core/format.js";
import { about, t, term } from "../../core/words.js";
import { HistoryRow, whoOf } from "../../parts/historyrow.js";
import { PeerActs } from "../../parts/peeracts.js";
import { PastSeal } from "../../parts/security.js";
import { OfAgent, Theirs, Time } from "../../parts/text.js";

export function PastCall({ row, fresh, onOnly }) {
  const [open, set] = useState(false);
  const who = whoOf(row);
  const button = html`<button class="quiet" aria-expanded=${open} aria-label=${about("people-more-of", who)} onClick=${() => set(!open)}>${t("people-more-of")}</button>`;
  return html`<${HistoryRow} row=${row} fresh=${fresh} more=${open && html`<${Opened} row=${row} who=${who} onOnly=${onOnly} />`}>${button}<//>`;
}

const dropped = (row) => Object.entries(row.packets.dropped).filter(([, count]) => count > 0);

function Opened({ row, who, onOnly }) {
  const fact = (label, value) => html`<dt>${label}</dt><dd>${value}</dd>`;
  return html`<div class="whole">
    <dl>
      ${fact(t("presence-entity"), html`<${Theirs} text=${row.peer} />`)}
      ${fact(t("past-began"), html`<${Time} at=${row.started} />`)}
      ${row.talked_ms > 0 && fact(t("past-talked"), html`<span dir="ltr">${duration(row.talked_ms)}</span>`)}
      ${fact(t("past-protection"), html`<${PastSeal} row=${row} />`)}
      ${fact(t("past-rule"), html`<code dir="ltr">${row.action}</code> ${row.suite && html`<span class="detail">${row.suite}</span>`}`)}
      ${fact(t("past-why"), html`<${OfAgent} text=${row.outcome} />`)}
      ${fact(t("past-packets"), html`${t("past-packets-of", { sent: row.packets.sent, received: row.packets.received })} ${dropped(row).map(([why, count]) => html`<span class="tag attention">${term("dropped", why)}: ${number(count)}</span>`)}`)}
    </dl>
    <${PeerActs} peer=${row.name ?? row.peer} who=${who}>
      ${!row.name && html`<a class="button" href=${`#people/contacts/new/${segment(row.peer)}`} aria-label=${about("past-save", who)}>${t("past-save")}</a>`}
      <button aria-label=${about("past-only", who)} onClick=${() => onOnly(row.name ?? row.peer)}>${t("past-only")}</button>
    <//>
  </div>`;
}
