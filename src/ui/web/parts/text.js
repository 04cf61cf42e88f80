// Text of others, and words that belong to the field.

import { html } from "../vendor/preact.js";
import { time } from "../core/format.js";
import { harmless } from "../core/text.js";

/** What a peer, or anybody but this page, wrote. */
export const Theirs = ({ text }) => html`<bdi>${harmless(text)}</bdi>`;

export const Time = ({ at }) => html`<time datetime=${at} title=${at}>${time(at)}</time>`;

/** Four words of the fingerprint a line, as both sides read them out. */
export const Fingerprint = ({ of }) => html`<code class="fingerprint">${(of ?? "").replaceAll(":", " ")}</code>`;
