// The call history: with whom, how long, how it was protected, and what became of each.

import { html, useEffect, useRef, useState } from "../../vendor/preact.js";
import { post, remove } from "../../core/door.js";
import { query, useHistory } from "../../core/history.js";
import { t } from "../../core/words.js";
import { More } from "../../parts/more.js";
import { ProblemBox } from "../../parts/problem.js";
import { Asked } from "../../parts/question.js";
import { Search } from "../../parts/search.js";
import { PastCall } from "./call.js";

const RESULTS = ["missed", "answered", "unanswered", "refused", "failed", "elsewhere"];
/** One has stopped typing after so many milliseconds. */
const TYPED_MS = 250;

/** `value`, as soon as it has not changed for a while. */
function useTyped(value) {
  const [typed, set] = useState(value);
  useEffect(() => {
    const timer = setTimeout(set, TYPED_MS, value);
    return () => clearTimeout(timer);
  }, [value]);
  return typed;
}

/** Whether somebody can see this page. */
function useInSight() {
  const [is, set] = useState(!document.hidden);
  useEffect(() => {
    const look = () => set(!document.hidden);
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, []);
  return is;
}

/** Missed calls that are shown have been seen; those of a peer alone say nothing of the others. Their numbers stay known as long as this is shown. */
function useSeen(rows, peer) {
  const fresh = useRef(new Set());
  rows?.filter((row) => !row.seen).forEach((row) => fresh.current.add(row.number));
  const unseen = !peer && rows?.some((row) => !row.seen) ? rows[0].number : null;
  const inSight = useInSight();
  useEffect(() => {
    if (unseen === null || !inSight) return;
    // Else they stay unseen, and are told of again.
    post("/v1/history/seen", { until: unseen }).catch((problem) => console.debug(problem));
  }, [unseen, inSight]);
  return fresh.current;
}

export function Calls({ id }) {
  const [peer, setPeer] = useState("");
  const [result, setResult] = useState(RESULTS.includes(id) ? id : "");
  const [outgoing, setOutgoing] = useState("");
  const [told, tell] = useState("");
  const filter = { peer: useTyped(peer.trim()), result, outgoing };
  const { rows, more, problem } = useHistory(filter);
  const fresh = useSeen(rows, filter.peer);
  const all = !Object.values(filter).some(Boolean);
  const forget = async () => {
    const { forgotten } = await remove(`/v1/history?${query(all ? { all: true } : filter)}`);
    tell(t("past-forgotten", { count: forgotten }));
  };
  return html`<div class="line filters">
      <${Search} label=${t("past-seek")} value=${peer} onChange=${setPeer} />
      <${Choose} label=${t("past-result")} any="past-any-result" value=${result} values=${RESULTS} word=${(one) => t(`result-${one}`)} onChange=${setResult} />
      <${Choose} label=${t("direction")} any="past-any-way" value=${outgoing} values=${["true", "false"]} word=${(one) => t(one === "true" ? "past-out" : "past-in")} onChange=${setOutgoing} />
    </div>
    <${ProblemBox} problem=${problem} />
    ${rows?.length > 0 && html`<ul class="rows">${rows.map((row) => html`<${PastCall} key=${row.number} row=${row} fresh=${fresh.has(row.number)} onOnly=${setPeer} />`)}</ul>`}
    ${more && html`<${More} onMore=${more} />`}
    <p class="empty" role="status">${rows && !rows.length ? t(all ? "past-none" : "past-none-found") : ""}</p>
    ${rows?.length > 0 && html`<div class="buttons"><${Asked} says=${t(all ? "past-forget-all" : "past-forget-these")} question=${t(all ? "past-forget-all-sure" : "past-forget-these-sure")} yes=${t("people-forget")} work=${forget} /></div>`}
    <p role="status" class="hint">${told}</p>`;
}

const Choose = ({ label, any, value, values, word, onChange }) => html`<select aria-label=${label} onChange=${(event) => onChange(event.target.value)}>
  <option value="" selected=${value === ""}>${t(any)}</option>
  ${values.map((one) => html`<option value=${one} selected=${one === value}>${word(one)}</option>`)}
</select>`;
