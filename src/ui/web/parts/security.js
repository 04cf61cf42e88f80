// What protects a call, in a line that stays: the sign, the sentence, and the figures for who wants them.

import { html } from "../vendor/preact.js";
import { SEALS, protectionOf } from "../core/policy.js";
import { number, time } from "../core/format.js";
import { t, term } from "../core/words.js";
import { Icon } from "./icon.js";

/** Of an action in setkey's form. */
export function Seal({ action }) {
  const kind = protectionOf(action);
  return html`<span class="seal ${SEALS[kind]}"><${Icon} name=${SEALS[kind]} />${t(`protection-${kind}`)}</span>`;
}

const total = (dropped) => Object.values(dropped).reduce((sum, count) => sum + count, 0);

const RANKS = ["open", "part", "sealed"];
const weakest = (...seals) => seals.reduce((one, other) => (RANKS.indexOf(one) < RANKS.indexOf(other) ? one : other));

/** Of packets that carry this: a bundle's name, as the agent has it. */
function sealOf(bundle) {
  if (bundle.includes("esp")) return "sealed";
  return /ah|srtp/.test(bundle) ? "part" : "open";
}

/** How a call is protected, and in which words: by what its packets carry, both ways, which counts, and not by what was wished. */
function carried(call) {
  const [out, back] = [sealOf(call.bundle), sealOf(call.bundle_in)];
  const both = weakest(out, back);
  if (call.through) return { seal: weakest(both, "part"), word: "carries-gateway" };
  if (call.forwards) return { seal: weakest(both, "part"), word: "carries-forwards" };
  if (call.carries) return { seal: both, word: "carries-tunnel" };
  if (call.bundle === "srtp") {
    const keys = /^DTLS-SRTP(.*)$/.exec(call.suite ?? "");
    return { seal: "part", word: !keys ? "carries-sdes" : keys[1] ? "carries-dtls" : "carries-making" };
  }
  if (out !== back) return { seal: both, word: out === both ? "carries-less-out" : "carries-less-in" };
  return { seal: both, word: { open: "carries-clear", part: "carries-ah", sealed: "carries-esp" }[both] };
}

function state(call) {
  if (call.state === "active" && call.bundle) return carried(call);
  const kind = protectionOf(call.action);
  return { seal: SEALS[kind], word: `protection-${kind}` };
}

const pastOf = ({ bundle, suite }) => carried({ bundle, bundle_in: bundle, suite });

/** Of a call that was: what its packets carried, or the rule where nobody talked. */
export function PastSeal({ row }) {
  if (!row.talked_ms || !row.bundle) return html`<${Seal} action=${row.action} />`;
  const { seal, word } = pastOf(row);
  return html`<span class="seal ${seal}"><${Icon} name=${seal} />${t(word)}</span>`;
}

/** The same at a glance, of a call in which somebody talked. */
export function PastSign({ row }) {
  if (!row.talked_ms || !row.bundle) return null;
  const { seal, word } = pastOf(row);
  return html`<span class="seal ${seal}" title=${t(word)}><${Icon} name=${seal} /><span class="sr">${t(word)}</span></span>`;
}

/** At a glance; three who talk are as safe as the weaker of two calls. */
export function callSeal(call, calls = []) {
  const other = calls.find((one) => one.id === call.conference);
  const own = state(call).seal;
  return other && own !== "closed" ? weakest(own, state(other).seal) : own;
}

export function SecurityLine({ call, calls }) {
  const active = call.state === "active";
  const { word } = state(call);
  const seal = callSeal(call, calls);
  const dropped = total(call.packets.dropped);
  return html`<section class="security ${seal}" aria-label=${t("security")} role="status">
    <${Icon} name=${seal} />
    <div>
      <p class="big">${t(word)}</p>
      ${call.conference && html`<p class="big">${t("security-conference")}</p>`}
      ${call.recording && html`<p class="tag attention">${t("security-recorded")}</p>`}
      <p class="detail">
        ${active && call.suite ? `${call.suite} · ` : ""}${active && call.protected_since && html`<time datetime=${call.protected_since}>${t("security-since", { time: time(call.protected_since) })}</time> · `}${t("security-rule")}: <code dir="ltr">${call.action}</code>
      </p>
      ${call.rekeying && html`<p>${t("protect-rekeying")}</p>`}
      <p class=${dropped ? "detail attention" : "detail"}>
        ${t("security-dropped", { count: dropped })}
        ${Object.entries(call.packets.dropped).map(([why, count]) => html` <span class="tag">${term("dropped", why)}: ${number(count)}</span>`)}
      </p>
    </div>
  </section>`;
}
