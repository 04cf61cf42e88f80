// The test of both devices: a tone, chirps that the microphone should hear, two seconds to say something, and what that came to.

import { html, useEffect, useState } from "../../vendor/preact.js";
import { get, post } from "../../core/door.js";
import { number } from "../../core/format.js";
import { t } from "../../core/words.js";
import { Icon } from "../../parts/icon.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";
import { Meter } from "../../parts/quality.js";

const LOOK_MS = 100;
/** Of the loudest sample of a voice, in dBFS, as `sottovoce devices test` judges it: below is nothing, is quiet, is well; the rest too loud. */
const [NOTHING, QUIET, WELL] = [-39, -24, -2];

/** What the microphone gives while the test runs. */
function useNow(runs) {
  const [now, set] = useState(null);
  useEffect(() => {
    if (!runs) return;
    let looking = false;
    // A slow agent is asked once.
    const look = async () => {
      if (looking) return;
      looking = true;
      const found = await get("/v1/devices/test").catch(() => null);
      looking = false;
      if (found) set(found);
    };
    const timer = setInterval(look, LOOK_MS);
    return () => {
      clearInterval(timer);
      set(null);
    };
  }, [runs]);
  return now;
}

export function Trial({ onHeard }) {
  const [run, busy, problem, clear] = useRequest();
  const [result, show] = useState(null);
  const now = useNow(busy);
  const begin = async () => {
    show(null);
    const heard = await run(() => post("/v1/devices/test"));
    if (!heard) return;
    show(heard);
    if (!heard.silent) onHeard?.();
  };
  return html`<section class="card">
    <h2>${t("settings-trial")}</h2>
    <p class="hint">${t("settings-trial-hint")}</p>
    <div class="buttons"><button type="button" aria-disabled=${busy} onClick=${() => busy || begin()}>${t(result ? "settings-trial-again" : "settings-trial-begin")}</button></div>
    <div aria-live="polite">
      ${busy && html`<p class="big">${t(now?.speak ? "settings-trial-speak" : "settings-trial-listen")}</p><${Meter} label=${t("settings-trial-level")} levels=${now && [now.level]} />`}
      ${result && html`<${Result} of=${result} />`}
    </div>
    <${ProblemBox} problem=${problem} onDismiss=${clear} />
  </section>`;
}

function loudness(peak) {
  if (peak < NOTHING) return "none";
  if (peak < QUIET) return "quiet";
  return peak < WELL ? "well" : "loud";
}

function Result({ of }) {
  const voice = loudness(of.voice.peak);
  // With headphones the microphone does not hear what is played: that is no fault.
  return html`<ul class="result">
    ${of.silent
      ? html`<li><${Icon} name="warn" />${t("settings-trial-silent")}</li>`
      : html`<li><${Icon} name=${of.hears_output ? "check" : "incomparable"} />${of.hears_output ? t("settings-trial-heard", { ms: number(of.delay_ms) }) : t("settings-trial-unheard")}</li>
          <li><${Icon} name=${voice === "well" ? "check" : "warn"} />${t(`settings-trial-voice-${voice}`, { db: number(of.voice.peak) })}</li>`}
  </ul>`;
}
