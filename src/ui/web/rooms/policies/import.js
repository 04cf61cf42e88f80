// Entries of a file, or of a text: those that are not there yet are added, in parts where there are many, until somebody has had enough.

import { html, useEffect, useId, useRef, useState } from "../../vendor/preact.js";
import { post } from "../../core/door.js";
import { contents, inWhole, isBothWays, isJson, partsOf, UNREAD } from "../../core/entrytext.js";
import { number } from "../../core/format.js";
import { SEALS, weakestFirst } from "../../core/policy.js";
import { lines } from "../../core/text.js";
import { t } from "../../core/words.js";
import { Done, told } from "../../parts/done.js";
import { Icon } from "../../parts/icon.js";
import { ProblemBox } from "../../parts/problem.js";
import { Asked } from "../../parts/question.js";

/** The longest file that is read, in octets; and the longest text that is shown to be changed, in characters. */
const MOST = 256 << 20;
const SHOWN = 200_000;

/** `onPart(number, of, added)` after each; ends early when `stopped()`. What a part before it added stays. */
async function send(text, onPart, stopped) {
  const json = isJson(text);
  const parts = json ? [{ text, line: 0 }] : partsOf(text);
  // A part may speak of one direction where the text speaks of both.
  const part = parts.length > 1 && isBothWays(await contents(text));
  const sum = { added: [], skipped: 0, warnings: [], parts: parts.length, sent: 0 };
  for (const one of parts) {
    if (stopped()) return { ...sum, left: true };
    try {
      const view = await post("/v1/policy/import", { text: one.text, format: json ? "json" : "setkey", part });
      sum.added.push(...view.added);
      sum.skipped += view.skipped.length;
      sum.warnings = [...new Set([...sum.warnings, ...view.warnings])];
    } catch (problem) {
      if (!problem.code) throw problem;
      const [whole, line] = inWhole({ code: problem.code, kind: problem.kind, message: problem.message, subject: "", next: problem.next }, one.line);
      return { ...sum, problem: whole, line };
    }
    sum.sent += 1;
    onPart(sum.sent, parts.length, sum.added.length);
  }
  return sum;
}

function words({ added, skipped, left, sent, parts }) {
  const first = left ? t("policies-import-left", { sent, parts }) : "";
  return [first, t("policies-import-added", { count: added.length }), skipped && t("policies-import-skipped", { count: skipped })].filter(Boolean).join(" ");
}

/** Another text is another question: it has another `turn`. */
const another = (name, text) => (before) => ({ name, text, turn: (before.turn ?? 0) + 1 });
const NO_FILE = { name: null, text: "" };

export function Import() {
  const [file, setFile] = useState(NO_FILE);
  const [way, setWay] = useState(null);
  const [failed, setFailed] = useState(null);
  const [done, setDone] = useState(null);
  const stop = useRef(false);
  const [field, chooser] = [useId(), useId()];
  const clear = () => (setFailed(null), setDone(null));
  const take = async (chosen) => {
    if (!chosen) return;
    clear();
    if (chosen.size > MOST) return setFailed({ problem: { code: "import-large" } });
    setFile(another(chosen.name, await chosen.text()));
  };
  const start = async () => {
    clear();
    stop.current = false;
    setWay({ sent: 0, parts: 1, added: 0 });
    const sum = await send(file.text, (sent, parts, added) => setWay({ sent, parts, added }), () => stop.current).finally(() => setWay(null));
    if (sum.problem) setFailed({ ...sum, source: lines(file.text.split("\n", sum.line ?? 0)[(sum.line ?? 0) - 1] ?? "")[0] });
    if (sum.problem && !sum.added.length) return;
    const one = sum.parts === 1 && sum.added.length > 0;
    const text = words(sum);
    setDone(one ? await told(text, sum.added[0], sum.warnings) : { text, warnings: sum.warnings, change: null });
    if (!sum.problem && !sum.left) setFile(NO_FILE);
  };
  const choose = async (event) => {
    const { target } = event;
    await take(target.files[0]);
    // The same one can be chosen again.
    target.value = "";
  };
  const drop = (event) => {
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  };
  return html`<section class="card drop" aria-labelledby="import-title" onDragOver=${(event) => event.preventDefault()} onDrop=${drop}>
    <h2 id="import-title">${t("policies-import")}</h2>
    <p class="hint">${t("policies-import-hint")}</p>
    <label for=${chooser} class="over">${t("policies-import-file")}</label>
    <input id=${chooser} type="file" accept=".conf,.json,.txt,.setkey" disabled=${Boolean(way)} onChange=${choose} />
    ${file.text.length > SHOWN
      ? html`<p>${t("policies-import-chosen", { name: file.name ?? "", count: file.text.split("\n").length })} <button class="quiet" onClick=${() => setFile(NO_FILE)}>${t("policies-import-other")}</button></p>`
      : html`<label for=${field} class="over">${t("policies-import-text")}</label>
          <textarea id=${field} rows="8" dir="ltr" spellcheck=${false} wrap="off" disabled=${Boolean(way)} value=${file.text} onInput=${(event) => (setFile(another(null, event.target.value)), clear())}></textarea>`}
    <div class="buttons">
      ${!way &&
      html`<${Asked} key=${file.turn} says=${t("policies-import-do")} question=${t("policies-import-sure")} yes=${t("policies-import-yes")} kind="main" disabled=${!file.text.trim()} work=${() => void start()}>
        <${Contents} text=${file.text} />
      <//>`}
      ${way && html`<button onClick=${() => (stop.current = true)}>${t("cancel")}</button>`}
    </div>
    ${way && html`<p role="status">${t("policies-import-way", way)}</p><progress aria-label=${t("policies-import")} max=${way.parts} value=${way.sent}></progress>`}
    <${Failed} failed=${failed} />
    <${Done} done=${done} onDone=${setDone} />
  </section>`;
}

/** What a text has, before it is taken: the weakest first. */
function Contents({ text }) {
  const [found, set] = useState(null);
  useEffect(() => {
    let over = false;
    contents(text).then((found) => over || set(found));
    return () => (over = true);
  }, [text]);
  if (!found) return html`<p role="status">${t("policies-import-counting")}</p>`;
  const open = [...found.kinds].filter(([kind]) => SEALS[kind] === "open").reduce((sum, [, count]) => sum + count, 0);
  return html`<p role="status">${t("policies-import-found", { count: found.count })}</p>
    <ul class="kinds">
      ${weakestFirst([...found.kinds.keys()]).map((kind) => html`<li key=${kind}><span class="seal ${SEALS[kind] ?? "open"}"><${Icon} name=${SEALS[kind] ?? "warn"} />${number(found.kinds.get(kind))} × ${t(kind === UNREAD ? "policies-import-unread" : `protection-${kind}`)}</span></li>`)}
    </ul>
    ${open > 0 && html`<p><span class="tag attention">${t("policies-import-open", { count: open })}</span></p>`}
    ${found.tunnels > 0 && html`<p><span class="tag attention">${t("policies-import-tunnels", { count: found.tunnels })}</span></p>`}
    ${found.off > 0 && html`<p class="hint">${t("policies-import-off", { count: found.off })}</p>`}
    ${found.count > 0 && !isBothWays(found) && html`<p class="hint">${t("policies-import-mirrored")}</p>`}`;
}

function Failed({ failed }) {
  if (!failed) return null;
  return html`<${ProblemBox} problem=${failed.problem} />
    ${failed.line && html`<p class="detail">${t("policies-import-line", { line: String(failed.line) })} <code dir="ltr">${failed.source.slice(0, 200)}</code></p>`}
    ${failed.sent > 0 && html`<p class="detail">${t("policies-import-before", { sent: failed.sent, parts: failed.parts })}</p>`}`;
}
