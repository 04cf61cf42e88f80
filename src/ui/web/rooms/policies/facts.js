// Every field of an entry (FIG. 7).

import { html } from "../../vendor/preact.js";
import { t } from "../../core/words.js";
import { Theirs, Time } from "../../parts/text.js";

const Row = ({ label, children }) => html`<dt>${label}</dt>
  <dd>${children}</dd>`;

const rule = ({ protocol, mode, endpoint, level }) => `${protocol}/${mode}/${endpoint ? `${endpoint.source}-${endpoint.destination}` : ""}/${level}`;

/** Whom it is for, as narrow as it is. */
function For({ entry }) {
  if (!entry.entity && !entry.device && !entry.group) return t("policies-kind-everybody");
  return html`${entry.entity && html`<${Theirs} text=${entry.entity} />`}
    ${entry.device && html`<span class="detail">${t("policies-device")} <code dir="ltr"><${Theirs} text=${entry.device} /></code></span>`}
    ${entry.group && html`<span>${t("policies-group")} <${Theirs} text=${entry.group} /></span>`}`;
}

export function Facts({ row }) {
  const [entry] = row.entries;
  const { draft } = row;
  const end = (address, ports) => html`<code dir="ltr">${address === "any" ? t("any") : address}</code> <span class="detail">${t("ports")}: ${ports === "any" ? t("any") : ports}</span>`;
  return html`<dl>
    <${Row} label=${t("policies-for")}><${For} entry=${entry} /><//>
    <${Row} label=${t("our-address")}>${end(draft.ours, draft.ourPorts)}<//>
    <${Row} label=${t("their-address")}>${end(draft.theirs, draft.theirPorts)}<//>
    <${Row} label=${t("upper")}>${t(`upper-${entry.upper}`)}<//>
    <${Row} label=${t("direction")}>${t(`direction-${row.ways}`)}<//>
    <${Row} label=${t("action")}>${t(`action-${entry.action}`)}${entry.rules.map((one) => html` <code dir="ltr">${rule(one)}</code>`)}<//>
    ${entry.suites.length > 0 && html`<${Row} label=${t("field-suites")}><code dir="ltr">${entry.suites.join(", ")}</code><//>`}
    ${entry.tfc !== null && html`<${Row} label=${t("policies-padding")}>${t(entry.tfc ? "policies-padding-on" : "policies-padding-off")}<//>`}
    <${Row} label=${t("policies-priority")}>${entry.priority}<//>
    ${entry.place && html`<${Row} label=${t("policies-place")}>${t("policies-place-both", { ours: t(`scope-${entry.place.ours}`), theirs: t(`scope-${entry.place.theirs}`) })}<//>`}
    <${Row} label=${t("policies-origin")}>${t(`policies-origin-${entry.origin}`)}${entry.id !== "e0" && html` <span class="detail"><${Time} at=${entry.created} /></span>`}<//>
    <${Row} label=${t("policies-until-field")}>${entry.expires ? html`<${Time} at=${entry.expires} />` : t("policies-never")}<//>
    ${entry.note && html`<${Row} label=${t("policies-note")}><${Theirs} text=${entry.note} /><//>`}
  </dl>`;
}
