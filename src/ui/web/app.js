// The page: who may see it, where it is, and what stays in sight everywhere.

import { html, render, useEffect, useErrorBoundary, useState } from "./vendor/preact.js";
import { use } from "./core/door.js";
import { forget, session } from "./core/session.js";
import { dismiss, follow, useKnown } from "./core/store.js";
import { choose, language, LANGUAGES, speak, t } from "./core/words.js";
import { useWaits } from "./core/waits.js";
import { useWay } from "./core/way.js";
import { placeName } from "./core/said.js";
import { number, shortName } from "./core/format.js";
import { ring, silence } from "./core/bell.js";
import { Icon } from "./parts/icon.js";
import { CallRow } from "./parts/callrow.js";
import { ProblemBox } from "./parts/problem.js";
import { Theirs } from "./parts/text.js";
import { Call } from "./rooms/call.js";
import { Guide } from "./rooms/guide.js";
import { GuideLine } from "./rooms/guide/line.js";
import { Home } from "./rooms/home.js";
import { Past } from "./rooms/past.js";
import { People } from "./rooms/people.js";
import { Policies } from "./rooms/policies.js";
import { Review } from "./rooms/review.js";
import { Settings } from "./rooms/settings.js";

const ROOMS = { "": Home, ask: Home, call: Call, guide: Guide, past: Past, people: People, policies: Policies, review: Review, settings: Settings };
/** The rooms that one goes to from everywhere, and their signs. */
const WAYS = { "": "call", people: "people", policies: "rules", past: "past", settings: "set" };

function Page() {
  const known = useKnown();
  const [room, id] = useWay();
  const [, again] = useState(0);
  const [failure, reset] = useErrorBoundary((error) => console.error(error));
  const waits = useWaits();
  const Room = ROOMS[room] ?? Home;
  useEffect(() => {
    document.querySelector("main h1")?.focus();
    scrollTo(0, 0);
  }, [room, room in WAYS ? null : id]);
  // Calls that ring, and in other rooms those that run: nobody forgets that he is heard.
  const inSight = (call) => (room === "call" && id === call.id) || (call.state === "active" && !room);
  const calls = known.calls.filter((call) => ["incoming", "wanted", "inviting", "ringing", "active"].includes(call.state) && !inSight(call));
  return html`<a class="skip" href="#main-part" onClick=${(event) => (event.preventDefault(), document.querySelector("main").focus())}>${t("skip")}</a>
    <header class="top">
      <a class="brand" href="#"><img src="icon.svg" alt="" width="28" height="28" />sottovoce</a>
      ${known.status &&
      html`<span class="me grow"><${Theirs} text=${known.presences.find((one) => one.own)?.user ?? known.status.display_name ?? shortName(known.status.entity)} /> <span class="detail"><${Icon} name="place" /><${Theirs} text=${placeName(known.status.place) || t(`scope-${known.status.environment.scope}`)} /></span></span>`}
      <label class="language"><span class="sr">${t("language")}</span>
        <select onChange=${async (event) => (await choose(event.target.value), again((turn) => turn + 1))}>
          ${Object.entries(LANGUAGES).map(([name, word]) => html`<option value=${name} lang=${name} selected=${name === language}>${word}</option>`)}
        </select></label>
    </header>
    <nav class="ways" aria-label=${t("nav")}>
      ${Object.entries(WAYS).map(([name, sign]) => html`<a key=${name} href=${`#${name}`} aria-current=${name === room ? "page" : undefined}><${Icon} name=${sign} /><span>${t(`nav-${name || "home"}`)}</span>${waits[name] > 0 && html`<span class="tag attention">${number(waits[name])}<span class="sr"> ${t("nav-waits")}</span></span>`}</a>`)}
    </nav>
    ${known.line === "away" && html`<p class="away" role="alert"><${Icon} name="warn" />${t("agent-away")}</p>`}
    ${known.slow && known.line !== "away" && html`<p class="away" role="status"><${Icon} name="warn" />${t("agent-slow")}</p>`}
    <div class="ringings" aria-live="assertive">${calls.map((call) => html`<${CallRow} key=${call.id} call=${call} />`)}</div>
    <div class="notices" aria-live="polite">${known.notices.map((notice) => html`<${ProblemBox} key=${notice.number} problem=${notice} onDismiss=${() => dismiss(notice.number)} />`)}</div>
    <${GuideLine} room=${room} step=${id} />
    <main id="main-part" tabindex="-1">
      ${failure ? html`<div class="problem" role="alert"><p>${t("page-broken")}</p><button onClick=${reset}>${t("again")}</button></div>` : html`<${Room} id=${id} />`}
    </main>`;
}

/** For whom the page was not opened. */
const Shut = () => html`<main class="shut">
  <h1>sottovoce</h1>
  <p class="big">${t("shut")}</p>
  <p>${t("shut-next")}</p>
  <pre dir="ltr"><code>sottovoce page</code></pre>
</main>`;

const root = document.getElementById("page");

async function start() {
  await speak();
  const word = await session();
  const stop = new AbortController();
  const shut = () => {
    stop.abort();
    silence();
    forget();
    render(html`<${Shut} />`, root);
  };
  if (!word) return shut();
  use(word, shut);
  render(html`<${Page} />`, root);
  ring();
  await follow(stop.signal);
}

root.replaceChildren();
start().catch((error) => {
  console.error(error);
  root.textContent = `sottovoce: ${error.message}`;
});
