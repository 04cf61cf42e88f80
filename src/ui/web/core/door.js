// The agent's control door: requests, and events as they happen.

/** What the door says when it cannot: code, message, subject, next, kind. */
export class Problem extends Error {
  constructor(view) {
    super(view.message);
    Object.assign(this, view);
  }
}

const AWAY = {
  code: "agent-away",
  kind: "unreachable",
  message: "the agent does not answer",
  subject: "agent",
  next: "start it again with `sottovoce run`; this page goes on by itself",
};

/** An agent that has not answered for so long is slow, in milliseconds. */
const SLOW_MS = 2000;

let word = null;
let onShut = () => {};
let onSlow = () => {};
let slow = 0;

/** `listener` is told whether something takes long. */
export function whenSlow(listener) {
  onSlow = listener;
}

/** Waits for `answer`; where that takes long it is told, until it is there. */
async function watched(answer) {
  let late = false;
  const timer = setTimeout(() => ((late = true), (slow += 1), onSlow(true)), SLOW_MS);
  try {
    return await answer;
  } finally {
    clearTimeout(timer);
    if (late && (slow -= 1) === 0) onSlow(false);
  }
}

/** With this word every request goes out; `shut` is called when it opens nothing any more. */
export function use(session, shut) {
  word = session;
  onShut = shut;
}

const headers = () => ({ Authorization: `Bearer ${word}` });

async function ask(method, path, body) {
  const options = { method, headers: headers() };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  let answer;
  try {
    answer = await watched(fetch(path, options));
  } catch {
    throw new Problem(AWAY);
  }
  if (answer.status === 401) onShut();
  const type = answer.headers.get("Content-Type") || "";
  const said = type.includes("json") ? await answer.json() : await answer.text();
  if (!answer.ok) throw new Problem(said.error || { ...AWAY, code: `http-${answer.status}`, message: String(said) });
  return said;
}

export const get = (path) => ask("GET", path);
export const post = (path, body) => ask("POST", path, body);
export const remove = (path) => ask("DELETE", path);

/** One segment of a path. */
export const segment = (text) => encodeURIComponent(text);

/** The longest line of events that is read, in characters. */
const MOST = 16 << 20;

/** Reads events until the connection ends: `on(name, data)`. Not EventSource, which cannot send the word. */
export async function events(on, signal) {
  const answer = await fetch("/v1/events", { headers: headers(), signal });
  if (answer.status === 401) onShut();
  if (!answer.ok) throw new Problem(AWAY);
  on("open");
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value;
    if (rest.length > MOST) return reader.cancel();
    const whole = rest.split("\n\n");
    rest = whole.pop();
    whole.forEach((event) => tell(event, on));
  }
}

function tell(event, on) {
  const lines = event.split("\n").map((line) => line.split(/: ?(.*)/s));
  const name = lines.find(([field]) => field === "event");
  const data = lines.filter(([field]) => field === "data").map(([, text]) => text);
  if (name) on(name[1], data.length ? JSON.parse(data.join("\n")) : null);
}
