// Do not disturb.

import { html, useState } from "../../vendor/preact.js";
import { post } from "../../core/door.js";
import { known, changed } from "../../core/store.js";
import { t } from "../../core/words.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";
import { Time } from "../../parts/text.js";

const HOUR = 3600;
/** In seconds. */
const SPANS = { "half-hour": HOUR / 2, "two-hours": 2 * HOUR, "eight-hours": 8 * HOUR, day: 24 * HOUR, week: 7 * 24 * HOUR };

export function Quiet({ status }) {
  const [span, choose] = useState("eight-hours");
  const [run, busy, problem, clear] = useRequest();
  const is = status.do_not_disturb;
  const set = async (seconds) => {
    const now = await run(() => post("/v1/do-not-disturb", { seconds }));
    if (!now) return;
    known.status = now;
    changed();
  };
  return html`<section class="card">
    <h2>${t("settings-quiet")}</h2>
    <p class="hint">${t("settings-quiet-hint")}</p>
    <p class="big" role="status">${is ? html`${t("settings-quiet-until")} <${Time} at=${is} />` : status.quiet_until ? html`${t("settings-quiet-hours")} <${Time} at=${status.quiet_until} />` : t("settings-quiet-not")}</p>
    <div class="line">
      <label for="quiet-span">${t("settings-quiet-for")}</label>
      <select id="quiet-span" class="narrow" onChange=${(event) => choose(event.target.value)}>
        ${Object.keys(SPANS).map((name) => html`<option value=${name} selected=${name === span}>${t(`settings-span-${name}`)}</option>`)}
      </select>
      <button type="button" class=${is ? "" : "main"} disabled=${busy} onClick=${() => set(SPANS[span])}>${t(is ? "settings-quiet-change" : "settings-quiet-on")}</button>
      ${is && html`<button type="button" class="main" disabled=${busy} onClick=${() => set(null)}>${t("settings-quiet-off")}</button>`}
    </div>
    <${ProblemBox} problem=${problem} onDismiss=${clear} />
  </section>`;
}
