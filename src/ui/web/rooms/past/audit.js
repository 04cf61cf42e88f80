// The append-only audit table, newest first.

import { html, useEffect, useId, useState } from "../../vendor/preact.js";
import { get } from "../../core/door.js";
import { download } from "../../core/download.js";
import { number } from "../../core/format.js";
import { useKnown } from "../../core/store.js";
import { t, term } from "../../core/words.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";
import { Theirs, Time } from "../../parts/text.js";

/** Rows of a question; more where one looks for something. */
const STEP = 100;
const FAR = 1000;

/** The newest rows before those that are there; anew where more came in between than one question brings. */
function before(news, rows) {
  const oldest = news.at(-1)?.number;
  const kept = rows.filter((row) => row.number < oldest);
  return kept.length && kept[0].number === oldest - 1 ? [...news, ...kept] : news;
}

/** All rows that are loaded, `older(n)` for more, and whether that were all. */
function useRows() {
  const known = useKnown();
  const [state, set] = useState({ rows: [], whole: false });
  const [run, busy, problem] = useRequest();
  const now = `${known.line} ${known.turns.audit}`;
  useEffect(() => {
    if (known.line !== "open") return;
    run(async () => {
      const { rows } = await get(`/v1/audit?limit=${STEP}`);
      set((old) => ({ rows: before(rows, old.rows), whole: rows.length < STEP || (old.whole && before(rows, old.rows).length > rows.length) }));
    });
  }, [now]);
  const older = (count) =>
    run(async () => {
      const { rows } = await get(`/v1/audit?limit=${count}&before=${state.rows.at(-1).number}`);
      set((old) => ({ rows: [...old.rows, ...rows.filter((row) => row.number < old.rows.at(-1).number)], whole: rows.length < count }));
    });
  return { ...state, busy, problem, older };
}

const has = (text, typed) => text.toLowerCase().includes(typed);

function filtered(rows, kind, text) {
  const typed = text.trim().toLowerCase();
  return rows.filter((row) => (!kind || row.kind === kind) && (!typed || has(`${row.number} ${row.subject} ${row.detail}`, typed)));
}

export function Audit() {
  const { rows, whole, busy, problem, older } = useRows();
  const [kind, setKind] = useState("");
  const [text, setText] = useState("");
  const [most, setMost] = useState(STEP);
  const shown = filtered(rows, kind, text);
  const filters = Boolean(kind || text.trim());
  const kinds = [...new Set([...rows.map((row) => row.kind), kind].filter(Boolean))].sort();
  const more = async () => {
    if (shown.length <= most) await older(filters ? FAR : STEP);
    setMost(most + STEP);
  };
  const save = () => download("sottovoce-audit.json", `${JSON.stringify({ rows: shown }, null, 2)}\n`, "application/json");
  return html`<section aria-labelledby="audit-title">
    <div class="head">
      <h2 id="audit-title">${t("past-audit-title")}</h2>
      <button disabled=${!shown.length} onClick=${save}>${t("past-audit-export", { count: shown.length })}</button>
    </div>
    <p class="hint">${t("past-audit-hint")}</p>
    <${AuditFilter} kind=${kind} kinds=${kinds} text=${text} onKind=${setKind} onText=${setText} />
    <p class="detail" role="status">${t(filters ? "past-audit-filtered" : "past-audit-count", { count: shown.length, all: rows.length })} ${!whole && t("past-audit-older-there")}</p>
    <${ProblemBox} problem=${problem} />
    ${whole && !rows.length && html`<p class="empty">${t("past-audit-none")}</p>`}
    ${shown.length > 0 && html`<${Table} rows=${shown.slice(0, most)} />`}
    ${(!whole || shown.length > most) && html`<button disabled=${busy || !rows.length} onClick=${more}>${t(filters && shown.length <= most ? "past-audit-further" : "past-audit-more", { count: number(FAR) })}</button>`}
  </section>`;
}

function AuditFilter({ kind, kinds, text, onKind, onText }) {
  const [kindId, textId] = [useId(), useId()];
  return html`<search class="filter">
    <div>
      <label for=${textId}>${t("past-audit-text")}</label>
      <input id=${textId} type="search" autocomplete="off" spellcheck=${false} value=${text} onInput=${(event) => onText(event.target.value)} />
    </div>
    <div>
      <label for=${kindId}>${t("past-audit-kind")}</label>
      <select id=${kindId} onChange=${(event) => onKind(event.target.value)}>
        <option value="" selected=${!kind}>${t("policies-any")}</option>
        ${kinds.map((one) => html`<option value=${one} selected=${one === kind}>${term("policies-kind", one)}</option>`)}
      </select>
    </div>
  </search>`;
}

function Table({ rows }) {
  return html`<table class="differences audit">
    <caption class="sr">${t("past-audit-title")}</caption>
    <thead>
      <tr>${["number", "time", "kind", "subject", "detail"].map((name) => html`<th scope="col">${t(`past-audit-${name}`)}</th>`)}</tr>
    </thead>
    <tbody>
      ${rows.map(
        (row) => html`<tr key=${row.number}>
          <td class="detail">${row.number}</td>
          <td><${Time} at=${row.time} /></td>
          <th scope="row">${term("policies-kind", row.kind)}</th>
          <td><${Theirs} text=${row.subject} /></td>
          <td><${Theirs} text=${row.detail} /> <span class="detail">${t("policies-generation", { number: String(row.generation) })}</span></td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}
