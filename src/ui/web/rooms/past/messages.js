// Short texts: by peer, and one to write. They are kept by nobody and read by everybody on the way, which is said where one writes.

import { html, useEffect, useRef } from "../../vendor/preact.js";
import { segment } from "../../core/door.js";
import { shortName } from "../../core/format.js";
import { useKnown } from "../../core/store.js";
import { t } from "../../core/words.js";
import { Icon } from "../../parts/icon.js";
import { ProblemBox } from "../../parts/problem.js";
import { Theirs, Time } from "../../parts/text.js";
import { Compose } from "./compose.js";

/** With whom, and the texts of each; who wrote last stands first. */
function talks(messages) {
  const all = [...Map.groupBy(messages, (message) => message.peer)];
  return all.sort(([, one], [, other]) => (one.at(-1).time < other.at(-1).time ? 1 : -1));
}

/** A contact's texts are found by its name, too. */
const entityOf = (peer, contacts) => contacts.find((contact) => contact.name === peer)?.entity ?? peer;

export function Messages({ id }) {
  const { messages, contacts } = useKnown();
  const all = talks(messages);
  const peer = id && entityOf(id, contacts);
  const talk = all.find(([who]) => who === peer)?.[1] ?? [];
  const nameOf = (entity) => contacts.find((contact) => contact.entity === entity)?.name ?? shortName(entity);
  return html`<p class="clear-note"><${Icon} name="open" />${t("past-clear")}</p>
    <div class="sides talks">
      <nav aria-label=${t("past-talks")}>
        ${all.length === 0 && html`<p class="hint">${t("past-no-messages")}</p>`}
        ${all.map(
          ([who, texts]) => html`<a key=${who} class="row" href=${`#past/messages/${segment(who)}`} aria-current=${who === peer ? "true" : undefined}>
            <span class="grow"><strong><${Theirs} text=${nameOf(who)} /></strong> <span class="detail"><${Time} at=${texts.at(-1).time} /></span><span class="last"><${Theirs} text=${texts.at(-1).text} /></span></span>
          </a>`,
        )}
      </nav>
      <section class="card" aria-labelledby="talk-title">
        <h2 id="talk-title">${peer ? html`<${Theirs} text=${nameOf(peer)} />` : t("past-write-title")}</h2>
        ${peer && html`<p class="detail"><${Theirs} text=${peer} /></p>`}
        ${talk.length > 0 && html`<${Talk} key=${peer} texts=${talk} />`}
        <${Compose} key=${peer ?? ""} peer=${peer} />
      </section>
    </div>`;
}

function Talk({ texts }) {
  const end = useRef();
  useEffect(() => {
    end.current.scrollTop = end.current.scrollHeight;
  }, [texts.length]);
  return html`<ol class="talk" ref=${end} tabindex="0" aria-label=${t("past-messages")} aria-live="polite">
    ${texts.map(
      (one) => html`<li key=${one.id} class=${one.outgoing ? "ours" : "theirs"}>
        <p><${Theirs} text=${one.text} /></p>
        <p class="detail"><${Time} at=${one.time} /> · ${t(`past-text-${one.state}`)}</p>
        <${ProblemBox} problem=${one.failure} />
      </li>`,
    )}
  </ol>`;
}
