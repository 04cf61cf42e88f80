// A name of one's own, user or place: typed and saved.

import { html, useState } from "../vendor/preact.js";
import { post } from "../core/door.js";
import { put, refreshStatus } from "../core/store.js";
import { t } from "../core/words.js";
import { ProblemBox, useRequest } from "./problem.js";
import { Saved } from "./saved.js";

/** `name` is the agent's name of the field; `then` is done once it is saved, and `button` is then what it says. */
export function Named({ name, value, label, hint, example, button = t("save"), then, children }) {
  const [typed, set] = useState(null);
  const [said, say] = useState(null);
  const [run, busy, problem, clear] = useRequest();
  const save = async (text) => {
    const saved = await run(async () => {
      const own = await post("/v1/presence", { [name]: text });
      put("presences", own);
      await refreshStatus();
      return own;
    });
    if (!saved) return;
    set(null);
    say(t("settings-saved"));
    then?.();
  };
  const type = (event) => {
    clear();
    say(null);
    set(event.target.value);
  };
  // What another page saves meanwhile is shown where nothing is being typed.
  const shown = typed ?? value ?? "";
  return html`<form class="named" onSubmit=${(event) => (event.preventDefault(), save(shown.trim()))}>
    <label for=${`own-${name}`}>${label}</label>
    <div class="line">
      <input id=${`own-${name}`} value=${shown} maxlength="200" placeholder=${example} autocomplete="off" aria-describedby=${`own-${name}-hint`} onInput=${type} />
      <button class="main" disabled=${busy}>${button}</button>
      ${children?.(save, busy)}
    </div>
    <p class="hint" id=${`own-${name}-hint`}>${hint}</p>
    <${Saved} text=${said} />
    <${ProblemBox} problem=${problem} onDismiss=${clear} />
  </form>`;
}
