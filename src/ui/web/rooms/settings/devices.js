// The choice of devices and gains. It counts at once, in calls that run too.

import { html, useState } from "../../vendor/preact.js";
import { post } from "../../core/door.js";
import { number } from "../../core/format.js";
import { harmless } from "../../core/text.js";
import { t } from "../../core/words.js";
import { Icon } from "../../parts/icon.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";
import { Saved } from "../../parts/saved.js";

/** In decibels (docs/sound.md). */
const [QUIETEST, LOUDEST] = [-40, 20];
const NOTHING = ["silence", "none"];

/** This machine has nothing to hear or speak by. */
export const hasNone = (devices) => !devices.inputs.length && !devices.outputs.length;

export function Devices({ devices, onDevices }) {
  const [run, busy, problem, clear] = useRequest();
  const [said, say] = useState(null);
  const use = async (choice) => {
    say(null);
    const now = await run(() => post("/v1/devices", choice));
    if (!now) return null;
    onDevices(now);
    say(t("settings-saved"));
    return now;
  };
  const missing = hasNone(devices);
  const silent = NOTHING.includes(devices.input) || NOTHING.includes(devices.output);
  return html`<section class="card">
    <h2>${t("settings-devices")}</h2>
    ${silent && html`<${Silent} devices=${devices} missing=${missing} busy=${busy} onUse=${use} />`}
    <div class="fields">
      <${Choice} name="input" now=${devices.input} list=${devices.inputs} onUse=${use} />
      <${Choice} name="output" now=${devices.output} list=${devices.outputs} onUse=${use} />
      <${Choice} name="ring" now=${devices.ring} list=${devices.outputs} onUse=${use} />
      <${Gain} name="input_gain" now=${devices.input_gain} onUse=${use} />
      <${Gain} name="output_gain" now=${devices.output_gain} onUse=${use} />
    </div>
    ${devices.chosen && html`<div class="buttons"><span class="grow hint">${t("settings-sound-chosen")}</span><button type="button" disabled=${busy} onClick=${() => use({ configured: true })}>${t("settings-sound-configured")}</button></div>`}
    <${Saved} text=${said} />
    <${ProblemBox} problem=${problem} onDismiss=${clear} />
  </section>`;
}

/** Nobody hears anything so: said before a call is. */
function Silent({ devices, missing, busy, onUse }) {
  const [mute, deaf] = [NOTHING.includes(devices.input), NOTHING.includes(devices.output)];
  return html`<div class="silent" role="status">
    <p><${Icon} name="warn" />${t(`settings-silent-${mute && deaf ? "both" : mute ? "input" : "output"}`)}</p>
    ${missing
      ? html`<p>${t("settings-no-devices")}</p>`
      : html`<button type="button" class="main" disabled=${busy} onClick=${() => onUse({ ...(mute && { input: "default" }), ...(deaf && { output: "default" }) })}>${t("settings-use-default")}</button>`}
  </div>`;
}

/** Of what is used: a device can be configured by what it is called for people, too. */
function valueOf(now, list) {
  if (NOTHING.includes(now)) return "none";
  const found = list.find((device) => [device.name, device.description].includes(now.replace(/^device:/, "")));
  return found ? `device:${found.name}` : now;
}

function Choice({ name, now, list, onUse }) {
  const [known, value] = [["default", "none", ...list.map((device) => `device:${device.name}`)], valueOf(now, list)];
  const gone = value.startsWith("device:") && !known.includes(value);
  // What the machine does not have is refused: then it stands as it was.
  const choose = async ({ target }) => (await onUse({ [name]: target.value })) ?? (target.value = value);
  const option = (is, words) => html`<option value=${is} selected=${is === value}>${words}</option>`;
  return html`<label for=${`sound-${name}`}>${t(`settings-sound-${name}`)}</label>
    <select id=${`sound-${name}`} onChange=${choose}>
      ${option("default", t("settings-device-default"))} ${list.map((device) => option(`device:${device.name}`, harmless(device.description)))} ${option("none", t("settings-device-none"))}
      ${!known.includes(value) && html`<option value=${value} selected disabled>${harmless(value)}</option>`}
    </select>
    ${gone && html`<p class="gone" role="status"><${Icon} name="warn" />${t("settings-device-gone")}</p>`}`;
}

/** Sent when it is let go of, not at each step on the way. */
function Gain({ name, now, onUse }) {
  const [moved, move] = useState(null);
  const value = moved ?? now;
  const send = async (event) => {
    await onUse({ [name]: Number(event.target.value) });
    move(null);
  };
  const words = t("decibels", { db: number(value, { signDisplay: "exceptZero" }) });
  return html`<label for=${`sound-${name}`}>${t(`settings-${name.replace("_", "-")}`)}</label>
    <div class="gain">
      <input id=${`sound-${name}`} type="range" min=${QUIETEST} max=${LOUDEST} step="1" value=${value} aria-valuetext=${words} onInput=${(event) => move(Number(event.target.value))} onChange=${send} />
      <output for=${`sound-${name}`} dir="ltr">${words}</output>
    </div>`;
}
