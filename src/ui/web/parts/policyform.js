// The form of FIG. 8: every control of it, behind a choice that a person understands at once.

import { html, useId, useState } from "../vendor/preact.js";
import { LEVELS, PRESETS, PROTOCOLS, presetOf, SEALS, withPreset } from "../core/policy.js";
import { t } from "../core/words.js";
import { Icon } from "./icon.js";
import { Time } from "./text.js";

export function PolicyForm({ list, onChange, supports, disabled }) {
  const [open, setOpen] = useState(false);
  const chosen = list.map(presetOf);
  const one = chosen.every((name) => name === chosen[0]) ? chosen[0] : null;
  const group = useId();
  return html`<form class="policy-form" onSubmit=${(event) => event.preventDefault()}>
    <fieldset class="presets" disabled=${disabled}>
      <legend>${t("policy-choose")}</legend>
      ${PRESETS.map(
        (preset) => html`<label class="preset ${SEALS[preset.name]}">
          <input type="radio" name=${group} value=${preset.name} checked=${one === preset.name} onChange=${() => onChange(withPreset(list, preset))} />
          <${Icon} name=${SEALS[preset.name]} /><span>${t(`protection-${preset.name}`)}</span>
        </label>`,
      )}
      ${one === null && html`<p class="hint">${t("policy-own-mix")}</p>`}
    </fieldset>
    ${list.map((draft) => draft.ends && html`<p class="hint">${t("entry-ends")} <${Time} at=${draft.ends} /></p>`)}
    <details open=${open} onToggle=${(event) => setOpen(event.target.open)}>
      <summary>${t("policy-every-field")}</summary>
      ${open &&
      list.map(
        (draft, at) => html`<${DraftForm}
          key=${at}
          draft=${draft}
          number=${list.length > 1 ? at + 1 : 0}
          supports=${supports}
          disabled=${disabled}
          onChange=${(next) => onChange(list.with(at, next))}
        />`,
      )}
    </details>
  </form>`;
}

function Choice({ label, name, value, values, onChange, word }) {
  const group = useId();
  return html`<fieldset class="choice">
    <legend>${label}</legend>
    ${values.map(
      (one) => html`<label><input type="radio" name=${`${group}${name}`} checked=${value === one} onChange=${() => onChange(one)} />${t(`${word}-${one}`)}</label>`,
    )}
  </fieldset>`;
}

function Ends({ label, address, ports, onAddress, onPorts }) {
  const [addressId, portsId] = [useId(), useId()];
  return html`<div class="ends">
    <label for=${addressId}>${label}</label>
    <input id=${addressId} value=${address} dir="ltr" spellcheck=${false} onInput=${(event) => onAddress(event.target.value.trim() || "any")} />
    <label for=${portsId}>${t("ports")}</label>
    <input id=${portsId} value=${ports === "any" ? "" : ports} placeholder=${t("any")} disabled=${ports === "any"} dir="ltr" onInput=${(event) => onPorts(event.target.value.trim())} />
    <label class="any"><input type="checkbox" checked=${ports === "any"} onChange=${(event) => onPorts(event.target.checked ? "any" : "5004")} />${t("any")}</label>
  </div>`;
}

function DraftForm({ draft, number, supports, disabled, onChange }) {
  const set = (name) => (value) => onChange({ ...draft, [name]: value });
  const setRule = (name, part) => onChange({ ...draft, rules: { ...draft.rules, [name]: { ...draft.rules[name], ...part } } });
  return html`<fieldset class="draft" disabled=${disabled}>
    <legend>${number ? t("entry-number", { number }) : t("entry")}</legend>
    <${Ends} label=${t("our-address")} address=${draft.ours} ports=${draft.ourPorts} onAddress=${set("ours")} onPorts=${set("ourPorts")} />
    <${Ends} label=${t("their-address")} address=${draft.theirs} ports=${draft.theirPorts} onAddress=${set("theirs")} onPorts=${set("theirPorts")} />
    <${Choice} label=${t("upper")} name="upper" value=${draft.upper} values=${["udp", "tcp", "any"]} word="upper" onChange=${set("upper")} />
    <${Choice} label=${t("direction")} name="ways" value=${draft.ways} values=${["both", "out", "in"]} word="direction" onChange=${set("ways")} />
    <${Choice} label=${t("action")} name="action" value=${draft.action} values=${["discard", "none", "ipsec"]} word="action" onChange=${set("action")} />
    ${draft.action === "ipsec" &&
    [...PROTOCOLS].reverse().map(
      (name) => html`<${RuleForm} key=${name} name=${name} rule=${draft.rules[name]} draft=${draft} supported=${supports.protocols.includes(name)} tunnels=${supports.tunnel} onChange=${(part) => setRule(name, part)} />`,
    )}
  </fieldset>`;
}

const host = (end) => end.split("/")[0];

function RuleForm({ name, rule, draft, supported, tunnels, onChange }) {
  const [levelId, fromId, toId] = [useId(), useId(), useId()];
  const setMode = (mode) => onChange(mode === "tunnel" && !rule.from ? { mode, from: host(draft.ours), to: host(draft.theirs) } : { mode });
  return html`<div class="rule">
    <label class="protocol"><input type="checkbox" checked=${rule.on} onChange=${(event) => onChange({ on: event.target.checked })} /><strong>${t(`protocol-${name}`)}</strong> <span class="detail">${t(`protocol-${name}.what`)}</span></label>
    ${!supported && html`<span class="tag">${t("peer-cannot")}</span>`}
    ${rule.on &&
    html`<div class="rule-parts">
      <label for=${levelId}>${t("level")}</label>
      <select id=${levelId} value=${rule.level} onChange=${(event) => onChange({ level: event.target.value })}>
        ${LEVELS.map((level) => html`<option value=${level} selected=${rule.level === level}>${t(`level-${level}`)}</option>`)}
      </select>
      <${Choice} label=${t("mode")} name=${name} value=${rule.mode} values=${["transport", "tunnel"]} word="mode" onChange=${setMode} />
      ${rule.mode === "tunnel" && !tunnels && html`<span class="tag">${t("peer-cannot")}</span>`}
      ${rule.mode === "tunnel" &&
      html`<label for=${fromId}>${t("tunnel-from")}</label>
        <input id=${fromId} value=${rule.from} dir="ltr" onInput=${(event) => onChange({ from: event.target.value.trim() })} />
        <label for=${toId}>${t("tunnel-to")}</label>
        <input id=${toId} value=${rule.to} dir="ltr" onInput=${(event) => onChange({ to: event.target.value.trim() })} />`}
    </div>`}
  </div>`;
}
