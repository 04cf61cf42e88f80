// Which entries are looked at.

import { html, useId } from "../../vendor/preact.js";
import { useKnown } from "../../core/store.js";
import { t } from "../../core/words.js";

function Choice({ label, value, values, onChange, word }) {
  const id = useId();
  return html`<div>
    <label for=${id}>${label}</label>
    <select id=${id} onChange=${(event) => onChange(event.target.value)}>
      <option value="" selected=${!value}>${t("policies-any")}</option>
      ${values.map((one) => html`<option value=${one} selected=${one === value}>${t(`${word}-${one}`)}</option>`)}
    </select>
  </div>`;
}

export function Filter({ filter, onFilter, asSetkey, onSetkey }) {
  const known = useKnown();
  const [text, peer, people] = [useId(), useId(), useId()];
  const set = (name) => (value) => onFilter({ ...filter, [name]: value });
  return html`<search class="filter">
    <div>
      <label for=${text}>${t("policies-filter-text")}</label>
      <input id=${text} type="search" autocomplete="off" spellcheck=${false} value=${filter.text} onInput=${(event) => set("text")(event.target.value)} />
    </div>
    <div>
      <label for=${peer}>${t("policies-filter-peer")}</label>
      <input id=${peer} type="search" list=${people} autocomplete="off" spellcheck=${false} value=${filter.peer} onInput=${(event) => set("peer")(event.target.value)} />
      <datalist id=${people}>${[...known.contacts, ...known.groups].map((one) => html`<option value=${one.name} />`)}</datalist>
    </div>
    <${Choice} label=${t("policies-filter-state")} value=${filter.state} values=${["enabled", "disabled", "expired"]} onChange=${set("state")} word="policies-state" />
    <${Choice} label=${t("action")} value=${filter.action} values=${["ipsec", "none", "discard"]} onChange=${set("action")} word="policies-action" />
    <div class="switch" role="group" aria-label=${t("policies-view")}>
      <button type="button" aria-pressed=${!asSetkey} onClick=${() => onSetkey(false)}>${t("policies-view-words")}</button>
      <button type="button" aria-pressed=${asSetkey} onClick=${() => onSetkey(true)}>setkey</button>
    </div>
  </search>`;
}
