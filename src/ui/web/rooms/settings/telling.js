// How this page tells of a call or a review, and in which language it speaks: kept by this browser.

import { html, useReducer } from "../../vendor/preact.js";
import { chirp, tones, turnTones } from "../../core/bell.js";
import { changed } from "../../core/store.js";
import { choose, language, LANGUAGES, t } from "../../core/words.js";

export function Telling() {
  const [, again] = useReducer((turn) => turn + 1, 0);
  const may = "Notification" in window ? Notification.permission : "missing";
  // Browsers want that a click asks, and ask once.
  const ask = async () => (await Notification.requestPermission(), again());
  return html`<section class="card">
    <h2>${t("settings-telling")}</h2>
    <p class="hint">${t("settings-telling-hint")}</p>
    <div class="line">
      <label class="tick"><input type="checkbox" checked=${tones()} onChange=${(event) => (turnTones(event.target.checked), again())} />${t("settings-tones")}</label>
      <button type="button" class="quiet" onClick=${chirp}>${t("settings-tones-try")}</button>
    </div>
    <div class="line">
      <span class="grow" role="status">${t(`settings-notify-${may}`)}</span>
      ${may === "default" && html`<button type="button" onClick=${ask}>${t("settings-notify-ask")}</button>`}
    </div>
    <div class="line">
      <label for="page-language">${t("language")}</label>
      <select id="page-language" class="narrow" onChange=${async (event) => (await choose(event.target.value), changed())}>
        ${Object.entries(LANGUAGES).map(([name, word]) => html`<option value=${name} lang=${name} selected=${name === language}>${word}</option>`)}
      </select>
    </div>
  </section>`;
}
