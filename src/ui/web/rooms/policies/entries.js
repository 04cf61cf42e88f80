// The entries in lookup order, the default last; and behind each its own page.

import { html, useEffect, useMemo, useRef, useState } from "../../vendor/preact.js";
import { filtered, namesOf, NO_FILTER } from "../../core/spd.js";
import { useKnown } from "../../core/store.js";
import { number } from "../../core/format.js";
import { t } from "../../core/words.js";
import { Done } from "../../parts/done.js";
import { Lines, PolicyRow } from "../../parts/policyrow.js";
import { ProblemBox } from "../../parts/problem.js";
import { Theirs } from "../../parts/text.js";
import { Add } from "./add.js";
import { Entry } from "./entry.js";
import { Filter } from "./filter.js";
import { Packet } from "./packet.js";
import { Standard } from "./standard.js";
import { usePolicy } from "./policy.js";

const PAGES = { default: Standard, new: Add, packet: Packet };
/** Rows that are shown at once. */
const STEP = 50;

export function Entries({ id }) {
  // What was typed stays while an entry is looked at.
  const [filter, setFilter] = useState(NO_FILTER);
  const [asSetkey, setAsSetkey] = useState(false);
  const [done, setDone] = useState(null);
  const before = useRef(null);
  const from = before.current;
  useEffect(() => void (before.current = id), [id]);
  const Page = PAGES[id] ?? Entry;
  return html`<${Done} done=${done} onDone=${setDone} />
    ${id ? html`<${Page} key=${id} id=${id} onDone=${setDone} />` : html`<${List} from=${from} filter=${filter} onFilter=${setFilter} asSetkey=${asSetkey} onSetkey=${setAsSetkey} />`}`;
}

/** Whoever comes back from an entry finds himself where he left. */
function useReturn(from, ready) {
  const title = useRef();
  const [left] = useState(from);
  useEffect(() => {
    if (!ready || !left) return;
    const link = document.querySelector(`main a[href="#policies/entries/${CSS.escape(left)}"]`);
    (link ?? title.current).focus();
  }, [ready]);
  return title;
}

function List({ from, filter, onFilter, asSetkey, onSetkey }) {
  const known = useKnown();
  const [sought, seek] = useState(null);
  const { view, rows, standard, problem } = usePolicy(sought);
  const names = useMemo(() => namesOf(known.contacts), [known.contacts]);
  const found = useMemo(() => filtered(rows, filter, names), [rows, filter, names]);
  const title = useReturn(from, Boolean(view));
  const filters = Object.values(filter).some(Boolean);
  return html`<section aria-labelledby="entries-title">
    <div class="head">
      <h2 id="entries-title" tabindex="-1" ref=${title}>${t("policies-order")}</h2>
      <div class="buttons">
        <a class="button main" href="#policies/entries/new">${t("policies-add")}</a>
        <a class="button" href="#policies/entries/packet">${t("policies-packet")}</a>
      </div>
    </div>
    <${Filter} filter=${filter} onFilter=${onFilter} asSetkey=${asSetkey} onSetkey=${onSetkey} />
    <${Beyond} view=${view} filter=${filter} sought=${sought} onSeek=${seek} />
    <${ProblemBox} problem=${problem} />
    ${view &&
    html`<p class="detail" role="status">${filters || sought ? t("policies-count-of", { count: found.length, all: rows.length }) : t("policies-count", { count: rows.length })}</p>
      ${rows.length === 0 && !sought && html`<p class="empty">${t("policies-none")}</p>`}
      <${Found} key=${JSON.stringify(filter)} view=${view} rows=${found} names=${names} asSetkey=${asSetkey} />
      ${!filters && !sought && html`<${Rest} view=${view} rows=${standard} names=${names} asSetkey=${asSetkey} />`}`}
  </section>`;
}

function Found({ view, rows, names, asSetkey }) {
  const [most, setMost] = useState(STEP);
  const shown = rows.slice(0, most);
  const left = rows.length - shown.length;
  const ids = asSetkey && new Set(shown.flatMap((row) => row.entries.map((entry) => entry.id)));
  return html`${asSetkey
      ? html`<${Lines} entries=${view.entries.filter((entry) => ids.has(entry.id))} />`
      : html`<ol class="rows">${shown.map((row) => html`<${PolicyRow} key=${row.id} row=${row} names=${names} elsewhere=${view.elsewhere} />`)}</ol>`}
    ${left > 0 && html`<button onClick=${() => setMost(most + STEP)}>${t("policies-more", { count: left })}</button>`}`;
}

/** The default, and what was agreed on and not used yet. */
function Rest({ view, rows, names, asSetkey }) {
  return html`<h2 class="apart">${t("policies-default")}</h2>
    ${asSetkey ? html`<${Lines} entries=${rows.flatMap((row) => row.entries)} />` : html`<ul class="rows">${rows.map((row) => html`<${PolicyRow} key=${row.id} row=${row} names=${names} where="default" />`)}</ul>`}
    ${view.pending.length > 0 && html`<h2 class="apart">${t("policies-pending")}</h2>`}
    ${view.pending.map((pending) => html`<div class="row" key=${pending.hash}><span class="grow">${t("policies-pending-with")} <${Theirs} text=${pending.entity} /></span><${Lines} entries=${pending.entries} /></div>`)}`;
}

/** More entries than a page holds: the agent finds those of one peer, group or address. */
function Beyond({ view, filter, sought, onSeek }) {
  const typed = filter.peer.trim();
  if (sought) return html`<p class="hint">${t("policies-sought")} <code dir="ltr"><${Theirs} text=${sought} /></code> <button class="quiet" onClick=${() => onSeek(null)}>${t("policies-all")}</button></p>`;
  if (!view?.more) return null;
  return html`<p class="hint">${t("policies-beyond", { count: number(view.more) })}
    ${typed && html` <button class="quiet" onClick=${() => onSeek(typed)}>${t("policies-seek", { what: typed })}</button>`}</p>`;
}
