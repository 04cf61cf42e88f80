// Where this telephone is: what the agent judges, what one says oneself, and how a network gets a name.

import { html } from "../../vendor/preact.js";
import { usePolled } from "../../core/fetched.js";
import { refreshStatus, useKnown } from "../../core/store.js";
import { t } from "../../core/words.js";
import { Icon } from "../../parts/icon.js";
import { Named } from "../../parts/named.js";
import { Theirs } from "../../parts/text.js";
import { Configured } from "./configured.js";

/** The usual size of a network around an address; who has another one corrects it. */
function network(address) {
  if (!address) return "192.168.1.0/24";
  if (!address.includes(":")) return `${address.split(".").slice(0, 3).join(".")}.0/24`;
  // The first half, the interface's identifier left out (RFC 4291 section 2.5.4).
  const head = address.split("::")[0].split(":").slice(0, 4);
  return `${head.join(":")}::/64`;
}

/** The name that the user gave the place; what the agent judges is none. */
export const ownWord = (status) => (status.environment.evidence === "user" ? status.place : "");

/** In TOML, as a basic string. */
const quoted = (text) => JSON.stringify(text);

export function Places() {
  const { status } = useKnown();
  usePolled(() => refreshStatus().catch(() => {}));
  if (!status) return null;
  const { environment } = status;
  const row = (label, value) => html`<dt>${label}</dt>
    <dd>${value}</dd>`;
  const named = environment.evidence !== "address" && status.place;
  const lines = `[[place]]\nname = ${quoted(named || t("settings-place-example"))}\nscope = "private"\nnetworks = [${quoted(network(environment.address))}]`;
  return html`<section class="card">
      <h2>${t("settings-place-now")}</h2>
      <dl>
        ${row(t("presence-place"), html`<${Theirs} text=${status.place ?? t("settings-place-none")} />`)}
        ${row(t("presence-network"), html`<span class="scope ${environment.scope}"><${Icon} name="place" />${t(`scope-${environment.scope}`)}</span> <span class="detail">${t(`settings-evidence-${environment.evidence}`)}</span>`)}
        ${row(t("presence-address"), html`<code dir="ltr">${environment.address ?? t("not-told")}</code>`)}
        ${row(t("settings-listens"), status.listen.map((at) => html`<code dir="ltr">${at}</code> `))}
      </dl>
      <${Named} name="place" value=${ownWord(status)} example=${t("settings-place-example")} label=${t("settings-place-name")} hint=${t("settings-place-name-hint")}>
        ${(save, busy) => environment.evidence === "user" && html`<button type="button" disabled=${busy} onClick=${() => save("")}>${t("settings-place-judge")}</button>`}
      <//>
    </section>
    <${Configured} title=${t("settings-place-configure")} lines=${lines}>
      <p>${t("settings-place-configure-hint")}</p>
    <//>`;
}
