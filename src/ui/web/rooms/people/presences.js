// The presence database (FIG. 6): your own record, and where everybody is who was asked.

import { html, useMemo, useState } from "../../vendor/preact.js";
import { useKnown } from "../../core/store.js";
import { t } from "../../core/words.js";
import { usePart } from "../../parts/more.js";
import { Search } from "../../parts/search.js";
import { Following } from "./following.js";
import { OwnPresence } from "./ownpresence.js";
import { PresenceRow } from "./presence.js";

const words = (one) => [one.own_user, one.user, one.own_place, one.place, one.own_mail, one.entity, one.address].join(" ").toLowerCase();

/** Those that have every word of it, the newest first. */
function found(presences, sought) {
  const parts = sought.toLowerCase().split(/\s+/);
  return presences.filter((one) => !one.own && parts.every((part) => words(one).includes(part))).sort((one, other) => (one.time < other.time ? 1 : -1));
}

export function Presences() {
  const { presences, watches } = useKnown();
  const [sought, seek] = useState("");
  const list = useMemo(() => found(presences, sought.trim()), [presences, sought]);
  const [shown, more] = usePart(list, sought);
  const own = presences.find((one) => one.own);
  return html`${own && html`<${OwnPresence} own=${own} />`}
    <section aria-labelledby="peers-title">
      <div class="head"><h2 id="peers-title">${t("people-peers")}</h2></div>
      <div class="line"><${Search} label=${t("people-seek-presence")} value=${sought} onChange=${seek} /></div>
      ${list.length > 0 && html`<ul class="rows">${shown.map((one) => html`<${PresenceRow} key=${`${one.entity} ${one.device}`} presence=${one} watches=${watches.filter((watch) => watch.peer === one.entity)} />`)}</ul>`}
      ${more}
      <p class="empty" role="status">${list.length ? "" : t(sought ? "people-none-found" : "people-no-presence")}</p>
    </section>
    <${Following} />`;
}
