// One call that was.

import { html } from "../vendor/preact.js";
import { call } from "../core/begin.js";
import { duration, shortName } from "../core/format.js";
import { t } from "../core/words.js";
import { Icon } from "./icon.js";
import { ProblemBox, useRequest } from "./problem.js";
import { PastSign } from "./security.js";
import { Theirs, Time } from "./text.js";

export const whoOf = (row) => row.name ?? shortName(row.peer);

/** `fresh`: missed, and not seen before; `children` are further buttons, `more` stands below. */
export function HistoryRow({ row, fresh, children, more }) {
  const [run, busy, problem, clear] = useRequest();
  const who = whoOf(row);
  return html`<li class="row">
    <span class="way ${row.result}"><${Icon} name=${row.outgoing ? "out" : "in"} /></span>
    <span class="grow">
      <strong><${Theirs} text=${who} /></strong> <${PastSign} row=${row} /> ${fresh && html`<span class="tag attention">${t("past-new")}</span> `}
      <span class="detail">${t(row.outgoing ? "past-out" : "past-in")} · ${t(`result-${row.result}`)} · <${Time} at=${row.started} />${row.talked_ms > 0 && ` · ${duration(row.talked_ms)}`}</span>
    </span>
    <button class="quiet" disabled=${busy} onClick=${() => run(() => call(row.name ?? row.peer))} aria-label=${t("call-again", { who })}><${Icon} name="call" /></button>
    ${children} ${more}
    <${ProblemBox} problem=${problem} onDismiss=${clear} />
  </li>`;
}
