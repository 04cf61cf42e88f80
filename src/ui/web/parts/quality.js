// How it sounds: levels, and loss, jitter, round trip and the estimate of MOS (ITU-T G.107) over the last minute.

import { html } from "../vendor/preact.js";
import { number } from "../core/format.js";
import { t } from "../core/words.js";

/** In dBFS; what is below is silence. */
const SILENCE = -60;

/** Of the last half second, in tenths. */
export function Meter({ label, levels }) {
  const last = levels?.at(-1);
  const part = last ? Math.max(0, Math.min(1, 1 - last.rms / SILENCE)) : 0;
  const peak = last ? Math.max(0, Math.min(1, 1 - last.peak / SILENCE)) : 0;
  return html`<div class="meter">
    <span class="label">${label}</span>
    <svg viewBox="0 0 100 6" preserveAspectRatio="none" role="meter" aria-label=${label} aria-valuemin=${SILENCE} aria-valuemax="0" aria-valuenow=${last?.rms ?? SILENCE} aria-valuetext=${t("decibels", { db: last?.rms ?? SILENCE })}>
      <rect class="track" width="100" height="6" rx="3" />
      <rect class="fill" width=${part * 100} height="6" rx="3" />
      <rect class="peak" x=${Math.max(0, peak * 100 - 1)} width="1" height="6" />
    </svg>
  </div>`;
}

/** Of one figure: its past as a line, its value as a number. */
function Figure({ name, past, now, most, unit }) {
  const points = past.map((value, at) => `${at},${20 - 18 * Math.min(1, (value ?? 0) / most)}`).join(" ");
  return html`<div class="figure">
    <span class="label">${t(`quality-${name}`)}</span>
    <svg viewBox="0 0 119 20" preserveAspectRatio="none" aria-hidden="true"><polyline points=${points} /></svg>
    <span class="value">${now === null || now === undefined ? "–" : `${now}${unit}`}</span>
  </div>`;
}

/** Packets lost between one look and the next. */
const losses = (past) => past.map((one, at) => (at ? Math.max(0, one.lost - past[at - 1].lost) : 0));

export function QualityGraph({ past, now }) {
  if (!now) return html`<p class="detail">${t("quality-none")}</p>`;
  const mos = now.mos / 100;
  const word = mos >= 4 ? "good" : mos >= 3.5 ? "fair" : mos >= 3 ? "poor" : "bad";
  return html`<div class="quality">
    <p class="big">${t(`mos-${word}`)} <span class="detail">MOS ${number(mos, { minimumFractionDigits: 1, maximumFractionDigits: 1 })}</span></p>
    <${Figure} name="mos" past=${past.map((one) => one.mos / 100)} now=${number(mos, { maximumFractionDigits: 1 })} most=${4.5} unit="" />
    <${Figure} name="lost" past=${losses(past)} now=${number(now.lost)} most=${10} unit="" />
    <${Figure} name="jitter" past=${past.map((one) => one.jitter_ms)} now=${now.jitter_ms} most=${60} unit=" ms" />
    <${Figure} name="round-trip" past=${past.map((one) => one.round_trip_ms)} now=${now.round_trip_ms} most=${300} unit=" ms" />
  </div>`;
}
