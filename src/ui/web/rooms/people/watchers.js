// Who follows you or asked to, and what each is told.

import { html, useEffect, useState } from "../../vendor/preact.js";
import { useFetched } from "../../core/fetched.js";
import { useSettled } from "../../core/settled.js";
import { useKnown } from "../../core/store.js";
import { unanswered } from "../../core/waits.js";
import { t } from "../../core/words.js";
import { Icon } from "../../parts/icon.js";
import { ProblemBox } from "../../parts/problem.js";
import { Theirs } from "../../parts/text.js";
import { AnswerRow, WatcherRow } from "./watcher.js";

const List = ({ children }) => html`<ul class="rows">${children}</ul>`;

/** Strangers that may know come and go without an event: one looks again, every so many milliseconds. */
const LOOK_MS = 5000;

function useLooks() {
  const [looks, set] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || set((before) => before + 1), LOOK_MS);
    return () => clearInterval(timer);
  }, []);
  return looks;
}

export function Watchers() {
  const { turns } = useKnown();
  const [view, problem] = useFetched("/v1/watchers", turns.watchers + useLooks());
  const waiting = unanswered(view?.watchers ?? []);
  const active = view?.watchers.filter((one) => !waiting.includes(one)) ?? [];
  const away = view?.answers.filter((answer) => !view.watchers.some((one) => one.key === answer.key)) ?? [];
  const settled = useSettled([waiting, active, away].map((rows) => rows.map((one) => one.id ?? one.key).join()).join(" "));
  if (!view) return html`<${ProblemBox} problem=${problem} />`;
  const row = (one) => html`<${WatcherRow} key=${one.id} watcher=${one} answer=${view.answers.find((answer) => answer.key === one.key)} settled=${settled} />`;
  return html`<${ProblemBox} problem=${problem} />
    <p class="sr" role="status">${waiting.length ? t("people-waiting", { count: waiting.length }) : ""}</p>
    ${waiting.length > 0 &&
    html`<section class="waiting" aria-labelledby="waiting-title">
      <h2 id="waiting-title"><${Icon} name="warn" />${t("people-waiting", { count: waiting.length })}</h2>
      <p>${t("people-waiting-what")}</p>
      <${List}>${waiting.map(row)}<//>
    </section>`}
    <section aria-labelledby="followers-title">
      <h2 id="followers-title">${t("people-followers")}</h2>
      ${active.length ? html`<${List}>${active.map(row)}<//>` : html`<p class="empty">${t("people-no-followers")}</p>`}
    </section>
    ${away.length > 0 &&
    html`<section aria-labelledby="answers-title">
      <h2 id="answers-title">${t("people-answers")}</h2>
      <p class="hint">${t("people-answers-what")}</p>
      <${List}>${away.map((answer) => html`<${AnswerRow} key=${answer.key} answer=${answer} settled=${settled} />`)}<//>
    </section>`}
    ${view.servers.map(
      (server) => html`<section key=${server.entity}>
        <h2>${t("people-at-server")} <${Theirs} text=${server.entity} /></h2>
        <p class="hint">${t("people-at-server-what")}</p>
        <${ProblemBox} problem=${server.failure} />
        ${server.told && !server.watchers.length && html`<p class="hint">${t("people-no-followers")}</p>`}
        <${List}>${server.watchers.map((one, at) => html`<${WatcherRow} key=${at} watcher=${one} />`)}<//>
      </section>`,
    )}`;
}
