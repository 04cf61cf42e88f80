// Who you are and where, as peers are told: set by yourself, or as it is configured and judged.

import { html, useEffect, useRef, useState } from "../../vendor/preact.js";
import { post } from "../../core/door.js";
import { put } from "../../core/store.js";
import { placeName } from "../../core/said.js";
import { t } from "../../core/words.js";
import { Field } from "../../parts/field.js";
import { Icon } from "../../parts/icon.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";
import { Theirs, Time } from "../../parts/text.js";

export function OwnPresence({ own }) {
  const [editing, edit] = useState(null);
  const button = useRef();
  useEffect(() => {
    if (editing === false) button.current.focus();
  }, [editing]);
  const scope = own.environment?.scope ?? "unknown";
  return html`<section class="card" aria-labelledby="own-title">
    <div class="head">
      <h2 id="own-title">${t("people-own")}</h2>
      ${!editing && html`<button ref=${button} onClick=${() => edit(true)}>${t("people-own-change")}</button>`}
    </div>
    ${editing
      ? html`<${OwnForm} own=${own} onDone=${() => edit(false)} />`
      : html`<dl>
          <dt>${t("presence-user")}</dt><dd><${Theirs} text=${own.user ?? t("not-told")} /></dd>
          <dt>${t("presence-place")}</dt><dd><${Theirs} text=${placeName(own.place) ?? t("not-told")} /></dd>
          <dt>${t("presence-network")}</dt><dd><span class="scope ${scope}"><${Icon} name="place" />${t(`scope-${scope}`)}</span> ${own.environment && html`<span class="detail">${t(`evidence-${own.environment.evidence}`)}</span>`}</dd>
          <dt>${t("presence-entity")}</dt><dd><${Theirs} text=${own.entity} /></dd>
          <dt>${t("presence-address")}</dt><dd><code dir="ltr">${own.address ?? t("not-told")}</code></dd>
          <dt>${t("presence-time")}</dt><dd><${Time} at=${own.time} /></dd>
        </dl>
        <p class="hint">${t("people-own-what")} <a href="#people/watchers">${t("people-watchers")}</a></p>`}
  </section>`;
}

function OwnForm({ own, onDone }) {
  const [form, set] = useState({ user: own.user ?? "", place: own.place ?? "" });
  const [run, busy, problem, clear] = useRequest();
  const say = async (names) => {
    const said = await run(() => post("/v1/presence", names));
    if (!said) return;
    put("presences", said);
    onDone();
  };
  // What is left as it is stays as it came about.
  const changed = () => Object.fromEntries(Object.entries(form).filter(([name, text]) => text.trim() !== (own[name] ?? "")).map(([name, text]) => [name, text.trim()]));
  const save = (event) => {
    event.preventDefault();
    const names = changed();
    return Object.keys(names).length ? say(names) : onDone();
  };
  return html`<form class="form" aria-label=${t("people-own-change")} onSubmit=${save} onKeyDown=${(event) => event.key === "Escape" && onDone()}>
    <${Field} label=${t("presence-user")} value=${form.user} onChange=${(user) => set({ ...form, user })} focused />
    <${Field} label=${t("presence-place")} hint=${t("people-own-place-hint")} value=${form.place} onChange=${(place) => set({ ...form, place })} />
    <div class="buttons">
      <button class="main" disabled=${busy}>${t("save")}</button>
      <button type="button" disabled=${busy} onClick=${() => say({ user: "", place: "" })}>${t("people-own-back")}</button>
      <button type="button" class="quiet" onClick=${onDone}>${t("cancel")}</button>
    </div>
    <${ProblemBox} problem=${problem} onDismiss=${clear} />
  </form>`;
}
