// One who follows you, or asked to: who, as far as that is proven, since when, what he is told, and your answer.

import { html } from "../../vendor/preact.js";
import { post, remove, segment } from "../../core/door.js";
import { shortName } from "../../core/format.js";
import { about, t } from "../../core/words.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";
import { Asked } from "../../parts/question.js";
import { Theirs, Time } from "../../parts/text.js";
import { groupName } from "./groups.js";

/** What can be answered, the most open first. */
const ANSWERS = ["allow", "policy-only", "polite-block", "block"];

/** One answer. What was told stays told: before that one is asked. */
function Answer({ one, who, pressed, disabled, answer }) {
  const [says, title] = [t(`people-answer-${one}`), t(`people-told-${one}`)];
  if (one === "allow" && !pressed) return html`<${Asked} says=${says} question=${t("people-allow-sure", { who })} yes=${t("people-allow-yes")} kind="" disabled=${disabled} work=${answer} title=${title} aria-pressed="false" />`;
  return html`<button class=${one === "block" ? "danger" : ""} disabled=${disabled} aria-pressed=${pressed} title=${title} onClick=${answer}>${says}</button>`;
}

/** `now`: what holds, which is pressed; `answered`: by the user, so that it can be taken back; `settled`: the rows have not moved for a moment. */
function Answers({ whom, who, now, answered, settled }) {
  const [run, busy, problem, clear] = useRequest();
  const path = `/v1/watchers/${segment(whom)}`;
  return html`<div class="buttons" role="group" aria-label=${about("people-answer-group", who)}>
      ${ANSWERS.map((one) => html`<${Answer} key=${one} one=${one} who=${who} pressed=${now === one} disabled=${busy || !settled} answer=${() => run(() => post(path, { watchers: one }))} />`)}
      ${answered && html`<button class="quiet" disabled=${busy || !settled} title=${t("people-answer-forget-what")} onClick=${() => run(() => remove(path))}>${t("people-answer-forget")}</button>`}
    </div>
    <${ProblemBox} problem=${problem} onDismiss=${clear} />`;
}

export function WatcherRow({ watcher, answer, settled }) {
  const who = watcher.contact ?? shortName(watcher.who ?? watcher.claims) ?? watcher.address ?? t("people-nobody-known");
  const told = watcher.state === "active" ? (watcher.told ? t(`people-told-${watcher.told}`) : null) : t(`people-watcher-${watcher.state}`);
  return html`<li class="row person">
    <div class="grow">
      <p class="who"><strong><${Theirs} text=${who} /></strong> ${watcher.group && html`<span class="tag">${groupName(watcher.group)}</span>`} ${watcher.id && !watcher.who && html`<span class="tag attention">${t("people-watcher-unproven")}</span>`}</p>
      <p class="detail"><${Theirs} text=${watcher.who ?? watcher.claims ?? ""} /> ${watcher.address && html`<code dir="ltr">${watcher.address}</code>`}</p>
      <p class="facts">
        ${told && html`<span>${t("people-told")}: ${told}</span>`}
        ${watcher.since && html`<span class="detail">${t("people-since")} <${Time} at=${watcher.since} /></span>`}
        ${watcher.until && html`<span class="detail attention">${t("people-watcher-until")} <${Time} at=${watcher.until} /></span>`}
        ${answer && html`<span class="detail">${t("people-answered")} <${Time} at=${answer.since} /></span>`}
      </p>
    </div>
    ${watcher.id && html`<${Answers} whom=${watcher.id} who=${who} now=${answer?.watchers ?? (watcher.state === "active" ? watcher.told : null)} answered=${answer} settled=${settled} />`}
  </li>`;
}

/** What was answered about one who does not follow you now. */
export function AnswerRow({ answer, settled }) {
  const who = shortName(answer.entity);
  return html`<li class="row person">
    <div class="grow">
      <p class="who"><strong><${Theirs} text=${who} /></strong></p>
      <p class="detail"><${Theirs} text=${answer.entity} /> · ${t("people-answered")} <${Time} at=${answer.since} /></p>
    </div>
    <${Answers} whom=${answer.key} who=${who} now=${answer.watchers} answered settled=${settled} />
  </li>`;
}
