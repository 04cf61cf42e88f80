// The keys of a telephone, pressed or typed.

import { html, useState } from "../../vendor/preact.js";
import { post, segment } from "../../core/door.js";
import { useKnown } from "../../core/store.js";
import { maybe, t } from "../../core/words.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

export function Pad({ call }) {
  const [run, busy, problem, clear] = useRequest();
  const [pressed, set] = useState("");
  const theirs = useKnown().digits.get(call.id);
  const press = (digits) => {
    set((before) => (before + digits).slice(-24));
    run(() => post(`/v1/calls/${segment(call.id)}/digits`, { digits }));
  };
  const typed = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !/^[0-9*#]$/.test(event.key)) return;
    event.preventDefault();
    press(event.key);
  };
  return html`<div class="pad" onKeyDown=${typed}>
    <output aria-label=${t("digits-pressed")} dir="ltr">${pressed}</output>
    ${theirs && html`<p role="status">${t("digits-theirs")} <code dir="ltr">${theirs}</code></p>`}
    <div class="keys" role="group" aria-label=${t("keys")}>
      ${KEYS.map((key) => html`<button type="button" key=${key} onClick=${() => press(key)} aria-label=${maybe(`key-${{ "*": "star", "#": "hash" }[key]}`) ?? key}>${key}</button>`)}
    </div>
    <${ProblemBox} problem=${problem} onDismiss=${clear} />
  </div>`;
}
