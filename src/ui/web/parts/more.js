// A long list, a part at a time.

import { html, useState } from "../vendor/preact.js";
import { t } from "../core/words.js";

/** Rows that are drawn at once. */
const PART = 50;

/** `[shown, button]`; another `reset` begins anew. */
export function usePart(list, reset) {
  const [{ of, count }, set] = useState({ of: reset, count: PART });
  const most = of === reset ? count : PART;
  const more = list.length > most && html`<${More} left=${list.length - most} onMore=${() => set({ of: reset, count: most + PART })} />`;
  return [list.slice(0, most), more];
}

/** `left`: how many more there are, where that is known. */
export const More = ({ left, busy, onMore }) => html`<p class="more"><button disabled=${busy} onClick=${onMore}>${left ? t("people-more", { count: left }) : t("past-more")}</button></p>`;
