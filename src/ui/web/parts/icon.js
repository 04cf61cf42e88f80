// The few signs of this page. Each stands beside its word, and is none to a screen reader.

import { html } from "../vendor/preact.js";

const SHAPES = {
  call: "M6 3h4l2 5-2.5 1.5a11 11 0 0 0 5 5L16 12l5 2v4a2 2 0 0 1-2 2A16 16 0 0 1 4 5a2 2 0 0 1 2-2z",
  check: "M5 12l5 5L19 7",
  people: "M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM2 21c0-4 3-6 7-6s7 2 7 6M16 4a4 4 0 0 1 0 7M18 15c3 0 4 2.5 4 6",
  rules: "M4 6h16M4 12h16M4 18h9",
  past: "M12 8v5l3 2M12 21a9 9 0 1 0-9-9M3 5v5h5",
  set: "M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M5 19l2-2M17 7l2-2",
  sealed: "M7 11V8a5 5 0 0 1 10 0v3M5 11h14v10H5z",
  part: "M7 11V8a5 5 0 0 1 9.5-2M5 11h14v10H5zM12 15v2",
  open: "M7 11V8a5 5 0 0 1 9.5-2M5 11h14v10H5z",
  closed: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM6 6l12 12",
  tighter: "M12 20V5M6 11l6-6 6 6",
  looser: "M12 4v15M6 13l6 6 6-6",
  same: "M5 9h14M5 15h14",
  incomparable: "M8 4l-4 4 4 4M4 8h16M16 12l4 4-4 4M20 16H4",
  warn: "M12 3L2 20h20zM12 10v4M12 17v.500",
  place: "M12 21s-7-6-7-11a7 7 0 0 1 14 0c0 5-7 11-7 11zM12 12a2 2 0 1 0 0-4 2 2 0 0 0 0 4z",
  in: "M18 6L6 18M6 9v9h9",
  out: "M6 18L18 6M9 6h9v9",
  text: "M4 5h16v11H9l-5 4z",
  add: "M12 5v14M5 12h14",
  key: "M14 10a4 4 0 1 0-4 4l1-1 2 2 2-1v-2h2l2-2v-3h-3z",
};

export const Icon = ({ name }) => html`
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${SHAPES[name]} /></svg>
`;
