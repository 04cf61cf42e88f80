// A packet is tried: which entry would rule it, and why.

import { html, useId, useState } from "../../vendor/preact.js";
import { get, post } from "../../core/door.js";
import { namesOf, rowsOf, sealOf } from "../../core/spd.js";
import { useKnown } from "../../core/store.js";
import { lines } from "../../core/text.js";
import { t } from "../../core/words.js";
import { Icon } from "../../parts/icon.js";
import { sentence } from "../../parts/policyrow.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";
import { BackToList, Title } from "./entry.js";

/** The address at which this agent listens, where it is one. */
function ownAddress(status) {
  const found = /^\w+:\[?(.*?)\]?:\d+$/.exec(status?.listen[0] ?? "")?.[1];
  return !found || found === "0.0.0.0" || found === "::" ? status?.environment.address ?? "" : found;
}

/** From here out, or here from outside. */
function body({ ours, ourPort, theirs, theirPort, upper, direction }) {
  const [here, there] = [[ours.trim(), ourPort.trim()], [theirs.trim(), theirPort.trim()]];
  const [[source, source_port], [destination, destination_port]] = direction === "out" ? [here, there] : [there, here];
  return { source, source_port, destination, destination_port, upper, direction };
}

export function Packet() {
  const known = useKnown();
  const [packet, setPacket] = useState({ ours: ownAddress(known.status), ourPort: "5004", theirs: "", theirPort: "5004", upper: "udp", direction: "out" });
  const [found, setFound] = useState(null);
  const [run, busy, problem] = useRequest();
  const set = (name, value) => (setPacket({ ...packet, [name]: value }), setFound(null));
  const field = (name, label) => html`<${Field} label=${label} value=${packet[name]} onInput=${(event) => set(name, event.target.value)} />`;
  const radios = (name, values, word) => html`<${Radios} label=${t(name)} values=${values} value=${packet[name]} word=${word} onChange=${(value) => set(name, value)} />`;
  const test = async (event) => {
    event.preventDefault();
    const found = await run(async () => {
      const [ruling, { entries }] = await Promise.all([post("/v1/policy/test", body(packet)), get("/v1/policy?limit=0")]);
      return { ...ruling, isDefault: entries.some((entry) => entry.setkey === ruling.entry.setkey) };
    });
    setFound(found ?? null);
  };
  return html`<${BackToList} />
    <article class="card">
      <${Title}>${t("policies-packet-title")}<//>
      <form onSubmit=${test}>
        ${radios("direction", ["out", "in"], "policies-packet")} ${radios("upper", ["udp", "tcp"], "upper")}
        <div class="packet">${field("ours", t("our-address"))} ${field("ourPort", t("policies-port-ours"))} ${field("theirs", t("their-address"))} ${field("theirPort", t("policies-port-theirs"))}</div>
        <div class="buttons"><button class="main" disabled=${busy || !packet.ours || !packet.theirs}>${t("policies-packet-test")}</button></div>
      </form>
      <${ProblemBox} problem=${problem} />
      <div role="status">${found && html`<${Ruling} found=${found} names=${namesOf(known.contacts)} />`}</div>
    </article>`;
}

function Ruling({ found, names }) {
  const [row] = rowsOf([found.entry]);
  return html`<section class="ruling">
    <p class="big"><span class="seal ${sealOf(row)}"><${Icon} name=${sealOf(row)} />${t(found.isDefault ? "policies-ruled-default" : "policies-ruled")}</span> <a href=${`#policies/entries/${found.isDefault ? "default" : found.entry.id}`}>${sentence(row, names)}</a></p>
    <pre class="setkey" dir="ltr"><code>${lines(found.why.trimEnd()).join("\n")}</code></pre>
  </section>`;
}

function Field({ label, value, onInput }) {
  const id = useId();
  return html`<div><label for=${id}>${label}</label><input id=${id} value=${value} onInput=${onInput} dir="ltr" autocomplete="off" spellcheck=${false} /></div>`;
}

function Radios({ label, values, value, word, onChange }) {
  const group = useId();
  return html`<fieldset class="choice">
    <legend>${label}</legend>
    ${values.map((one) => html`<label><input type="radio" name=${group} checked=${value === one} onChange=${() => onChange(one)} />${t(`${word}-${one}`)}</label>`)}
  </fieldset>`;
}
