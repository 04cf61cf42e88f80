// Another key than the one that was approved: unmissable, and nothing goes on before the user has compared it.

import { html, useState } from "../vendor/preact.js";
import { ask } from "../core/begin.js";
import { useSettled } from "../core/settled.js";
import { shortName } from "../core/format.js";
import { t } from "../core/words.js";
import { go } from "../core/way.js";
import { Icon } from "./icon.js";
import { Fingerprint, OfAgent, Theirs } from "./text.js";

const PRINT = "[0-9a-f]{8}(?::[0-9a-f]{8}){7}";
/** The end of what the agent says, which no name of a peer stands in. */
const SAID = new RegExp(`: (${PRINT}) was approved, (${PRINT}) answers\\. Somebody may stand between you$`);
/** Whose key, the one that was approved and the one that answers; null of any other problem. */
export function changedKey(problem) {
  const found = problem?.code === "key-changed" && SAID.exec(problem.message);
  return found ? { entity: problem.subject, known: found[1], now: found[2] } : null;
}

/** `onAccepted` comes after the peer was asked anew with the key that it has now. */
export function ChangedKey({ who, entity, known, now, onAccepted }) {
  const [state, set] = useState({ busy: false, problem: null });
  const settled = useSettled(`${entity} ${known} ${now}`);
  const accept = async () => {
    set({ busy: true, problem: null });
    try {
      const begun = await ask(entity, { accept_key: now });
      await onAccepted?.();
      go(`ask/${begun.id}`);
    } catch (problem) {
      set({ busy: false, problem });
    }
  };
  return html`<section class="changed" role="alert">
    <h2><${Icon} name="warn" />${t("key-changed-title", { who: who ?? shortName(entity) })}</h2>
    <p>${t("key-changed-what")}</p>
    <dl>
      <dt>${t("presence-entity")}</dt>
      <dd><${Theirs} text=${entity} /></dd>
      <dt>${t("key-known")}</dt>
      <dd><${Fingerprint} of=${known} /></dd>
      <dt>${t("key-now")}</dt>
      <dd><${Fingerprint} of=${now} /></dd>
    </dl>
    <button class="danger" disabled=${state.busy || !settled} onClick=${accept}>${t("key-accept")}</button>
    ${state.problem && html`<p class="next"><${OfAgent} text=${state.problem.message} /></p>`}
  </section>`;
}
