// A QR code (ISO/IEC 18004): black on white whatever the page's colours are, since cameras expect that.

import { html, useMemo } from "../vendor/preact.js";
import { encode } from "../vendor/qr.js";

/** Light modules around it, as the standard wants them. */
const MARGIN = 4;

/** Each dark run of a line is one stroke. */
function strokes(lines) {
  const runs = (line, y) => [...line.map((dark) => (dark ? "1" : "0")).join("").matchAll(/1+/g)].map((run) => `M${run.index} ${y}h${run[0].length}v1h-${run[0].length}z`);
  return lines.flatMap(runs).join("");
}

export function Qr({ text, label }) {
  const { data, size } = useMemo(() => encode(text, { ecc: "M", border: MARGIN }), [text]);
  return html`<svg class="qr" viewBox=${`0 0 ${size} ${size}`} role="img" aria-label=${label} shape-rendering="crispEdges"><path d=${strokes(data)} /></svg>`;
}
