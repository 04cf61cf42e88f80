// The guide, offered where nobody was asked or called yet. Who wants it never, says so once.

import { html, useEffect, useState } from "../../vendor/preact.js";
import { get } from "../../core/door.js";
import { kept, putOff, STEPS } from "../../core/guide.js";
import { useKnown } from "../../core/store.js";
import { t } from "../../core/words.js";

export function Offer() {
  const known = useKnown();
  const [calls, count] = useState(null);
  const off = kept().off || kept().done.includes(STEPS.at(-1));
  const asked = known.asks.length > 0 || known.calls.length > 0 || known.presences.some((one) => !one.own);
  const open = known.line === "open" && !off && !asked;
  useEffect(() => {
    if (!open) return;
    get("/v1/history?limit=1").then(
      (view) => count(view.calls.length),
      () => {},
    );
  }, [open]);
  if (!open || calls !== 0) return null;
  return html`<section class="card offer" aria-labelledby="offer-title">
    <h2 id="offer-title">${t("guide-offer")}</h2>
    <p>${t("guide-offer-what")}</p>
    <div class="buttons">
      <a class="button main" href=${`#guide/${STEPS.find((step) => !kept().done.includes(step))}`}>${t(kept().done.length ? "guide-offer-go-on" : "guide-offer-begin")}</a>
      <button type="button" class="quiet" onClick=${putOff}>${t("guide-offer-never")}</button>
    </div>
    <p class="hint">${t("guide-offer-later")}</p>
  </section>`;
}
