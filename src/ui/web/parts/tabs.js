// The parts of a room, one shown at a time; each has an address of its own.

import { html } from "../vendor/preact.js";
import { t } from "../core/words.js";
import { useWay } from "../core/way.js";

/** `tabs`: the name of each and what draws it. What stands behind the name in the address is that part's `id`. */
export function Tabs({ room, tabs }) {
  const [, name, id] = useWay();
  const shown = name in tabs ? name : Object.keys(tabs)[0];
  const Shown = tabs[shown];
  return html`<nav class="tabs" aria-label=${t(`nav-${room}`)}>
      ${Object.keys(tabs).map((tab) => html`<a key=${tab} href=${`#${room}/${tab}`} aria-current=${tab === shown ? "page" : undefined}>${t(`${room}-${tab}`)}</a>`)}
    </nav>
    <${Shown} key=${shown} id=${id} />`;
}
