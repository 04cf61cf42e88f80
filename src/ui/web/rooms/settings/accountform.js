// A further account. Its password goes to the agent, which keeps it encrypted; nothing of this page keeps it.

import { html, useEffect, useRef, useState } from "../../vendor/preact.js";
import { post } from "../../core/door.js";
import { add } from "../../core/store.js";
import { t } from "../../core/words.js";
import { ProblemBox, useRequest } from "../../parts/problem.js";

const EMPTY = { entity: "", password: "", proxy: "", second_proxy: "", user: "", realm: "", phone_context: "", expires: "3600", publish: true, watchers: true, mailbox: false };
const TEXTS = { proxy: "tls:sip.example.org", second_proxy: "tls:b.example.org", user: "alice", realm: "example.org", phone_context: "+4930" };

/** What is left empty is not sent: the agent knows what it is then. */
function body(typed) {
  const given = Object.entries(typed).filter(([, value]) => value !== "");
  const sent = Object.fromEntries(given.map(([name, value]) => [name, typeof value === "string" && name !== "password" ? value.trim() : value]));
  return { ...sent, expires: typed.expires === "" ? undefined : Number(typed.expires) };
}

export function AccountForm({ onAdded, onLeft, leave = t("cancel") }) {
  const [typed, set] = useState(EMPTY);
  const [run, busy, problem, clear] = useRequest();
  const first = useRef();
  useEffect(() => first.current.focus(), []);
  const type = (name) => (event) => {
    clear();
    set({ ...typed, [name]: event.target.type === "checkbox" ? event.target.checked : event.target.value });
  };
  const send = async (event) => {
    event.preventDefault();
    if (!typed.entity.trim()) return first.current.focus();
    const account = await run(() => post("/v1/accounts", body(typed)));
    if (!account) return;
    set(EMPTY);
    add("accounts", account);
    onAdded(account);
  };
  const field = (name, extra) => html`<label for=${`account-${name}`}>${t(`settings-account-field-${name}`)}</label>
    <input id=${`account-${name}`} value=${typed[name]} onInput=${type(name)} autocomplete="off" autocapitalize="none" spellcheck=${false} dir="ltr" placeholder=${TEXTS[name]} ...${extra} />`;
  const tick = (name) => html`<label><input type="checkbox" checked=${typed[name]} onChange=${type(name)} />${t(`settings-account-field-${name}`)}</label>`;
  return html`<form class="filled account-form" novalidate onSubmit=${send} aria-label=${t("settings-account-add")}>
    ${field("entity", { ref: first, placeholder: "sip:alice@example.org" })}
    ${field("password", { type: "password", autocomplete: "new-password", "aria-describedby": "account-password-hint" })}
    <p class="hint" id="account-password-hint">${t("settings-account-password-hint")}</p>
    <details>
      <summary>${t("settings-account-more")}</summary>
      <div class="filled">
        ${Object.keys(TEXTS).map((name) => field(name))} ${field("expires", { type: "number", min: 60, max: 86400 })}
        ${tick("publish")} ${tick("watchers")} ${tick("mailbox")}
      </div>
    </details>
    <${ProblemBox} problem=${problem} onDismiss=${clear} />
    <div class="buttons">
      <button class="main" disabled=${busy}>${t("settings-account-add-it")}</button>
      <button type="button" onClick=${onLeft}>${leave}</button>
    </div>
  </form>`;
}
