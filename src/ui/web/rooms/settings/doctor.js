// What the agent depends on, looked at one by one, and what to do where something is not well.

import { html, useEffect, useState } from "../../vendor/preact.js";
import { get } from "../../core/door.js";
import { maybe, term, t } from "../../core/words.js";
import { Icon } from "../../parts/icon.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";
import { OfAgent } from "../../parts/text.js";

const SIGNS = { ok: "check", warn: "warn", fail: "closed" };

export function Doctor() {
  const [found, set] = useState(null);
  const [run, busy, problem] = useRequest();
  const look = async () => {
    const said = await run(() => get("/v1/doctor"));
    if (said) set(said);
  };
  useEffect(() => void look(), []);
  const bad = found?.checks.filter((check) => check.status !== "ok") ?? [];
  return html`<section class="card" aria-busy=${busy}>
    <div class="head">
      <h2>${t("settings-doctor")}</h2>
      <button type="button" disabled=${busy} onClick=${look}>${t(busy ? "settings-looking" : "settings-doctor-again")}</button>
    </div>
    ${found && html`<p class="big" role="status">${t("settings-doctor-found", { count: bad.length })}</p>`}
    <ul class="checks">${bad.map((check) => html`<${Check} key=${check.name + check.found} check=${check} />`)}</ul>
    ${found &&
    html`<details>
      <summary>${t("settings-doctor-all")}</summary>
      <ul class="checks">${found.checks.filter((check) => check.status === "ok").map((check) => html`<${Check} key=${check.name + check.found} check=${check} />`)}</ul>
    </details>`}
    <${ProblemBox} problem=${problem} />
  </section>`;
}

// What the agent advises is typed into a terminal, or into its file; where the page has a control for it, it names that.
const Next = ({ check }) => html`<p class="next"><span class="label">${t("what-to-do")}</span> ${maybe(`settings-check-${check.name}.next`) ?? html`<${OfAgent} text=${check.next} />`}</p>`;

const Check = ({ check }) => html`<li class=${check.status}>
  <${Icon} name=${SIGNS[check.status]} />
  <div>
    <p><strong>${term("settings-check", check.name)}</strong> <span class="tag">${t(`settings-check-is-${check.status}`)}</span></p>
    <p class="detail"><${OfAgent} text=${check.found} /></p>
    ${check.next && html`<${Next} check=${check} />`}
  </div>
</li>`;
