// What an edited policy means, held against what the peer asks and against what is registered: the agent's judgement, as one types.

import { html, useEffect, useState } from "../vendor/preact.js";
import { post, segment } from "../core/door.js";
import { addedKbits } from "../core/policy.js";
import { number } from "../core/format.js";
import { maybe, t } from "../core/words.js";
import { Icon } from "./icon.js";
import { ProblemBox } from "./problem.js";

/** Typing rests so long before the agent is asked, in milliseconds. */
const REST_MS = 120;
const AGAIN_MS = 2000;

/** What is known of `lines`, or of what stood there before: `of` tells which. */
export function useWeighed(review, lines, wanted) {
  const [weighed, set] = useState(null);
  // A line that was cut, or a busy agent, is asked again.
  const [failedAt, again] = useState(0);
  useEffect(() => {
    if (!wanted) return set(null);
    let late = false;
    const soon = setTimeout(async () => {
      const found = await post(`/v1/reviews/${segment(review.id)}/weigh`, { entries: lines }).catch((problem) => ({
        differences: [],
        looser: [],
        failure: problem,
        octets_per_packet: null,
        verdict: null,
      }));
      if (late) return;
      set({ ...found, of: lines });
      if (found.failure && found.failure.kind !== "usage" && found.failure.kind !== "refused-by-policy") setTimeout(() => late || again((times) => times + 1), AGAIN_MS);
    }, REST_MS);
    return () => {
      late = true;
      clearTimeout(soon);
    };
  }, [review.id, review.against, lines, wanted, failedAt]);
  return weighed;
}

/** A word that is another one where the peer proposes, or counters what was proposed: that is accepted as it is, or answered by another policy. */
export const ofKind = (word, review) => (review.kind === "statement" ? word : `${word}-${review.kind}`);

const Relation = ({ is }) => html`<span class="relation ${is}"><${Icon} name=${is} />${t(`relation-${is}`)}</span>`;

/** Whose it is, where the heads of the columns are out of sight. */
const Whose = ({ word }) => html`<span class="column">${t(word)}</span> `;

/** What is nowhere said is left open. */
const Against = ({ relation, value, word }) => relation && html`<${Whose} word=${word} /><${Relation} is=${relation} /><code dir="ltr">${value}</code>`;

/** "out esp level" in the reader's language. */
const field = (name) => name.split(" ").map((word) => maybe(`field-${word}`) ?? word).join(" ");

export function Weighed({ weighed, review }) {
  if (!weighed) return null;
  if (weighed.failure) return html`<${ProblemBox} problem=${weighed.failure} />`;
  const theirs = ofKind("difference-theirs", review);
  return html`<table class="differences" aria-live="polite">
    <caption>
      ${t("differences")}
    </caption>
    <thead>
      <tr>
        <th scope="col">${t("field")}</th>
        <th scope="col">${t("difference-yours")}</th>
        <th scope="col">${t(theirs)}</th>
        <th scope="col">${t("difference-now")}</th>
      </tr>
    </thead>
    <tbody>
      ${weighed.differences.map(
        (row) => html`<tr key=${row.field}>
          <th scope="row">${field(row.field)}</th>
          <td><${Whose} word="difference-yours" /><code dir="ltr">${row.yours}</code></td>
          <td><${Against} word=${theirs} relation=${row.to_theirs} value=${row.theirs} /></td>
          <td><${Against} word="difference-now" relation=${row.to_current} value=${row.current} /></td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}

export function Cost({ octets, verdict }) {
  if (octets === null || octets === undefined) return null;
  return html`<p class="cost">
    ${octets ? t("cost", { octets: number(octets), kbits: number(addedKbits(octets), { maximumFractionDigits: 1 }) }) : t("cost-none")}
    ${verdict === "more-than-needed" && html` <span class="tag">${t("more-than-needed")}</span>`}
    ${verdict === "below-advice" && html` <span class="tag attention">${t("below-advice")}</span>`}
  </p>`;
}
