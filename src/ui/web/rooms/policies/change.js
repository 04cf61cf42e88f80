// One change of the policy: what it made of which entries, when and by whom; and the way back.

import { html, useState } from "../../vendor/preact.js";
import { get, post, segment } from "../../core/door.js";
import { shortName } from "../../core/format.js";
import { protectionOf } from "../../core/policy.js";
import { host, namesOf } from "../../core/spd.js";
import { useKnown } from "../../core/store.js";
import { lines } from "../../core/text.js";
import { t, term } from "../../core/words.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";
import { Seal } from "../../parts/security.js";
import { Theirs, Time } from "../../parts/text.js";
import { useTold } from "./policy.js";

/** The action of an `spdadd` line, in setkey's form. */
const actionOf = (line) => /-P (?:in|out) (?:prio \S+ )?(\w+[^;]*)/.exec(line)?.[1].trim() ?? "none";

const EVERYBODY = /^(0\.0\.0\.0\/0|::\/0)$/;

/** Whose packets an `spdadd` line is about: a kind, and a name. */
function whoseOf(line, names) {
  const word = (key) => new RegExp(` ${key}=(\\S+)`).exec(line.split("# sv:")[1] ?? "")?.[1];
  const [entity, group] = [word("entity"), word("group")];
  if (entity) return { kind: "entity", name: names.get(entity) ?? shortName(entity) };
  if (group) return { kind: "group", name: group };
  const [, source, destination] = line.split(" ").map((end) => end.replace(/\[.*/, ""));
  const theirs = line.includes(" -P in ") ? source : destination;
  return EVERYBODY.test(theirs) ? { kind: "everybody" } : { kind: "address", name: host(theirs) };
}

/** "by user: ..." and "review r1 ...": who it was. */
const byWhom = (detail) => /^by (\w+)/.exec(detail)?.[1] ?? (/^review /.test(detail) ? "review" : null);

/** What it made of an entry, at a glance. */
function Turn({ before, after }) {
  const [was, is] = [before, after].map((line) => line && actionOf(line));
  if (!is) return html`<${Seal} action=${was} /> <span class="detail">${t("policies-change-gone")}</span>`;
  if (!was || protectionOf(was) === protectionOf(is)) return html`<${Seal} action=${is} />`;
  return html`<${Seal} action=${was} /> <span>${t("policies-change-then")}</span> <${Seal} action=${is} />`;
}

const Line = ({ mark, word, text }) => text && html`<li class="diff ${word}"><span class="sr">${t(`policies-change-${word}`)}</span><span aria-hidden="true">${mark}</span> <code dir="ltr">${lines(text)}</code></li>`;

export function Change({ change, onDone }) {
  const [run, busy, problem] = useRequest();
  const known = useKnown();
  const who = byWhom(change.detail);
  const kind = term("policies-kind", change.kind);
  const undo = () =>
    run(async () => {
      const policy = await post("/v1/policy/undo", { change: change.number });
      onDone({ text: t("policies-undone"), warnings: policy.warnings, change: null });
    });
  const [first] = change.entries;
  const subject = change.default ? t("policies-default") : change.subject === "own entries" ? t("policies-own-entries") : change.subject;
  return html`<li class="row change" data-change=${change.number}>
    <span class="grow"><strong>${kind}</strong>: <${Theirs} text=${subject} />
      <span class="detail"> · <${Time} at=${change.time} />${who && html` · ${term("policies-by", who)}`}</span></span>
    ${onDone && html`<button disabled=${busy} onClick=${undo} aria-label=${t("policies-undo-which", { number: String(change.number), what: `${kind}: ${subject}` })}>${t("policies-undo")}</button>`}
    ${first && html`<p class="under">${!change.default && html`<span>${t("policies-change-whose", whoseOf(first.after ?? first.before, namesOf(known.contacts)))}</span>`} <${Turn} before=${first.before} after=${first.after} /></p>`}
    <details class="under">
      <summary>${t("policies-change-lines", { count: change.entries.length + change.more })}</summary>
      <ul class="setkey">${change.entries.map((entry) => html`<${Line} mark="−" word="before" text=${entry.before} /><${Line} mark="+" word="after" text=${entry.after} />`)}</ul>
      ${change.more > 0 && html`<p class="hint">${t("policies-change-more", { count: change.more })}</p>`}
      <p class="detail"><${Theirs} text=${change.detail.split(": spdadd")[0]} /> · ${t("policies-generation", { number: String(change.generation) })}</p>
    </details>
    <${ProblemBox} problem=${problem} />
  </li>`;
}

/** Those that touched one entry, once somebody wants to know. */
export function ChangesOf({ id }) {
  const [open, setOpen] = useState(false);
  return html`<details open=${open} onToggle=${(event) => setOpen(event.target.open)}>
    <summary>${t("policies-history-of")}</summary>
    ${open && html`<${Fetched} id=${id} />`}
  </details>`;
}

function Fetched({ id }) {
  const { view, problem } = useTold(() => get(`/v1/policy/history?limit=50&entry=${segment(id)}`), id);
  return html`<${ProblemBox} problem=${problem} />
    ${view && (view.changes.length ? html`<ol class="rows">${view.changes.map((change) => html`<${Change} key=${change.number} change=${change} />`)}</ol>` : html`<p class="empty">${t("policies-changes-none")}</p>`)}`;
}
