// Who this page is to the agent: a word that the agent gave for the code in the address, once. It is kept for this tab alone, and passed on to
// other tabs of this page that ask for it: it never stands in an address, and so in no history.

const KEPT = "session";
const tabs = new BroadcastChannel("sottovoce-session");

// Other tabs have this long to answer.
const PATIENCE_MS = 300;

/** The code of the address, taken out of it; null where it has none. */
function takeCode() {
  if (!location.hash.startsWith("#code=")) return null;
  const code = location.hash.slice("#code=".length);
  history.replaceState(null, "", location.pathname);
  return code;
}

function askOtherTabs() {
  return new Promise((resolve) => {
    const heard = (event) => {
      if (typeof event.data?.session !== "string") return;
      tabs.removeEventListener("message", heard);
      resolve(event.data.session);
    };
    tabs.addEventListener("message", heard);
    tabs.postMessage("session?");
    setTimeout(() => resolve(null), PATIENCE_MS);
  });
}

async function exchange(code) {
  const answer = await fetch("/v1/pages/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code }),
  });
  return answer.ok ? (await answer.json()).session : null;
}

/** The session's word, or null where the page has to be opened anew. */
export async function session() {
  const code = takeCode();
  // An address with a code that is none comes from somebody else: it brings up nothing.
  const found = code === null ? sessionStorage.getItem(KEPT) || (await askOtherTabs()) : await exchange(code);
  if (found) sessionStorage.setItem(KEPT, found);
  return found;
}

export function forget() {
  sessionStorage.removeItem(KEPT);
}

tabs.addEventListener("message", (event) => {
  const kept = sessionStorage.getItem(KEPT);
  if (event.data === "session?" && kept) tabs.postMessage({ session: kept });
});

// An address with a code that is opened where the page is already: only its # is another one.
addEventListener("hashchange", () => {
  if (location.hash.startsWith("#code=")) location.reload();
});
