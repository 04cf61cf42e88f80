// An entry is changed. What a peer agreed to is not made looser without it: where the agent refuses that, the peer's user can be asked.

import { html, useEffect, useRef, useState } from "../../vendor/preact.js";
import { ask as begin } from "../../core/begin.js";
import { post, segment } from "../../core/door.js";
import { useKnown } from "../../core/store.js";
import { shortName } from "../../core/format.js";
import { t } from "../../core/words.js";
import { told } from "../../parts/done.js";
import { Icon } from "../../parts/icon.js";
import { PolicyEditor, useEditor } from "../../parts/policyeditor.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";
import { Theirs } from "../../parts/text.js";

const LOOSER = "looser-than-asked";

export function Edit({ id, entries, onDone, onCancel }) {
  const editor = useEditor(entries);
  const [run, busy, problem, clear] = useRequest();
  const title = useRef();
  useEffect(() => title.current.focus(), []);
  // The answer was to what stood there.
  useEffect(clear, [editor.text]);
  const save = () =>
    run(async () => {
      const policy = await post(`/v1/policy/entries/${segment(id)}`, { text: editor.text });
      onDone(await told(t("policies-edited"), id, policy.warnings));
    });
  return html`<section class="inset" aria-labelledby="edit-title">
    <h3 id="edit-title" tabindex="-1" ref=${title}>${t("policies-edit-title")}</h3>
    <${PolicyEditor} editor=${editor} disabled=${busy} />
    <p class="hint">${t(entries[0].device ? "policies-edit-hint-agreed" : "policies-edit-hint")}</p>
    <${ProblemBox} problem=${problem} />
    ${problem?.code === LOOSER && html`<${Propose} peer=${problem.subject} text=${editor.text} />`}
    <div class="buttons">
      <button class="main" disabled=${busy || Boolean(editor.cannot)} onClick=${save}>${t("save")}</button>
      <button class="quiet" onClick=${onCancel}>${t("cancel")}</button>
    </div>
  </section>`;
}

function Propose({ peer, text }) {
  const known = useKnown();
  const [asked, setAsked] = useState(null);
  const [note, setNote] = useState("");
  const [run, busy, problem] = useRequest();
  const ask = known.asks.find((one) => one.id === asked);
  const propose = (event) => {
    event.preventDefault();
    run(async () => {
      const answer = { answer: "edit", entries: text, by: "page", propose: true, note: note || null };
      setAsked((await begin(peer, { answer })).id);
    });
  };
  if (ask) return html`<${Asked} ask=${ask} />`;
  return html`<form class="looser-note" onSubmit=${propose}>
    <p><${Icon} name="looser" />${t("looser-asks", { who: shortName(peer) })}</p>
    <label>${t("looser-note")}<input value=${note} maxlength="80" onInput=${(event) => setNote(event.target.value)} /></label>
    <div class="buttons"><button class="main" disabled=${busy}>${t("ask-peer-first")}</button></div>
    <${ProblemBox} problem=${problem} />
  </form>`;
}

/** How the asking goes; what comes of it stands in the review. */
const Asked = ({ ask }) => html`<section class="looser-note" role="status">
  <p>${t(["asking", "reviewing"].includes(ask.state) ? "asking" : `asked-${ask.state}`, { who: shortName(ask.peer) })}</p>
  <ol class="steps">${ask.steps.map((step) => html`<li><${Theirs} text=${step.text} /></li>`)}</ol>
  ${ask.review && html`<a class="button" href="#review/${ask.review}">${t("policies-to-review")}</a>`}
  <${ProblemBox} problem=${ask.failure} />
</section>`;
