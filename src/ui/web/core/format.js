// Numbers and times, as they are shown.

import { language } from "./words.js";

export const number = (value, options) => new Intl.NumberFormat(language, options).format(value);

export function time(text) {
  const at = new Date(text);
  const today = at.toDateString() === new Date().toDateString();
  const how = today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" };
  return new Intl.DateTimeFormat(language, how).format(at);
}

/** 1:02:03, 2:03. */
export function duration(ms) {
  const whole = Math.max(0, Math.floor(ms / 1000));
  const two = (part) => String(part).padStart(2, "0");
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

/** The peer that everybody has, and that says what it hears; by this name it is known to itself and everywhere. */
export const ECHO = "sip:echo@localhost";
const ECHO_NAME = "Echo";

/** The user of a SIP entity, or its host where it names none: `bob` of `sip:bob@example.org`. */
export function shortName(entity) {
  if (entity === ECHO) return ECHO_NAME;
  const found = /^(?:sips?|pres|tel):(?:([^@;]+)@)?([^;?]+)/.exec(entity ?? "");
  return found ? found[1] ?? found[2] : entity;
}
