// Text of others, and words that belong to the field.

import { html } from "../vendor/preact.js";
import { time } from "../core/format.js";
import { inOurs } from "../core/said.js";
import { harmless } from "../core/text.js";

/** What a peer, or anybody but this page, wrote. */
export const Theirs = ({ text }) => html`<bdi>${harmless(text)}</bdi>`;

/** What the agent says, as it says it. */
export const English = ({ text }) => html`<bdi lang="en">${harmless(text)}</bdi>`;

/** What the agent says: in the user's language where the catalogue has it, else in English. */
export function OfAgent({ text }) {
  const ours = inOurs(text);
  return ours ? html`<bdi>${ours}</bdi>` : html`<${English} text=${text} />`;
}

export const Time = ({ at }) => html`<time dir="auto" datetime=${at} title=${at}>${time(at)}</time>`;

/** Four words of the fingerprint a line, as both sides read them out. */
export const Fingerprint = ({ of }) => html`<code class="fingerprint" dir="ltr">${(of ?? "").replaceAll(":", " ")}</code>`;
