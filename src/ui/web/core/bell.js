// A tone and a notification for what waits for a person: calls that ring, and reviews. The agent rings on its own devices too, where it has one.

import { known, onChange, onEvent } from "./store.js";
import { shortName } from "./format.js";
import { t } from "./words.js";

const RINGS = ["incoming", "wanted"];
/** Hz of the two tones, and seconds: on, off. */
const TONES = [587, 740];
const [ON, OFF] = [0.4, 2.2];

/** Under this name the browser keeps that this page is silent. */
const KEPT = "tones";

/** Whether this page rings. */
export const tones = () => localStorage.getItem(KEPT) !== "off";
export const turnTones = (on) => localStorage.setItem(KEPT, on ? "on" : "off");

let context = null;
let timer = null;

export function chirp() {
  context ??= new AudioContext();
  const now = context.currentTime;
  const volume = context.createGain();
  volume.gain.setValueAtTime(0, now);
  volume.gain.linearRampToValueAtTime(0.12, now + 0.02);
  volume.gain.setValueAtTime(0.12, now + ON - 0.05);
  volume.gain.linearRampToValueAtTime(0, now + ON);
  volume.connect(context.destination);
  TONES.forEach((hertz) => {
    const tone = new OscillatorNode(context, { frequency: hertz });
    tone.connect(volume);
    tone.start(now);
    tone.stop(now + ON);
  });
}

/** By what is known now, and not by what happened: an agent that is gone rings no more. */
function turn() {
  const rings = known.line === "open" && known.calls.some((call) => RINGS.includes(call.state));
  if (rings && !timer) {
    const sound = () => tones() && chirp();
    sound();
    timer = setInterval(sound, (ON + OFF) * 1000);
  }
  if (!rings) silence();
}

export function silence() {
  clearInterval(timer);
  timer = null;
}

function tell(title, where) {
  if (!document.hidden || Notification.permission !== "granted") return;
  const shown = new Notification(title, { tag: where });
  shown.onclick = () => {
    window.focus();
    location.hash = where;
    shown.close();
  };
}

export function ring() {
  onChange(turn);
  onEvent((name, noun, before) => {
    if (name === "call" && RINGS.includes(noun.state) && !before) tell(t("notify-call", { who: shortName(noun.peer) }), `call/${noun.id}`);
    if (name !== "review" || noun.state !== "pending" || before) return;
    // Who looks sees it.
    if (document.hidden && tones()) chirp();
    tell(t("notify-review", { who: shortName(noun.presence.entity) }), `review/${noun.id}`);
  });
}
