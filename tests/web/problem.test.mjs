// What went wrong, said in the language of the user by its code; what the agent said itself stays within reach.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Agent } from "./agent.mjs";
import { launch, open, until } from "./browser.mjs";

let browser, alice;

before(async () => {
  browser = await launch();
  alice = await (await Agent.make("alice")).start();
});

after(async () => {
  await browser?.close();
  await alice?.stop();
});

/** An address where no agent is: a connection is refused at once, a datagram would be waited for. */
const nobody = () => alice.entity.replace("sip:alice", "sips:nobody").replace(/\d+$/, "250");

const boxOf = (page, code) => page.locator(`.problem[data-code="${code}"]`);

/** Requests that are refused are what these tests are about. */
function well(page) {
  assert.deepEqual(page.wrong.filter((line) => !/status of (400|404|409|500) /.test(line)), []);
}

/** What the box says before one opens it, and the sentence of the agent in it. */
async function told(page, code) {
  const box = boxOf(page, code);
  await box.waitFor();
  const shown = (await box.locator("p:visible").allInnerTexts()).join("\n").replaceAll(/[\u2066-\u2069]/g, "");
  await box.locator("summary").click();
  const whole = await box.locator("details p").first();
  await whole.waitFor();
  assert.equal(await whole.locator("bdi").getAttribute("lang"), "en");
  return [shown, (await whole.innerText()).trim()];
}

async function ask(page, whom, button) {
  await page.getByLabel(/SIP-Adresse, IP-Adresse|SIPアドレス、IPアドレス/).fill(whom);
  await page.getByRole("button", { name: button, exact: true }).click();
}

test("in German: nobody is there, it is oneself, a contact that cannot be, a line that cannot be read", async () => {
  const page = await open(browser, alice, { locale: "de" });
  await ask(page, nobody(), "Erst fragen");
  const [german, english] = await told(page, "peer-unreachable");
  assert.match(german, new RegExp(`^${nobody().replace("sips:", "sip:")} ist nicht zu erreichen\\.\nWas tun: Prüfen Sie Adresse und Netz`));
  assert.match(english, /cannot be reached: /);

  await ask(page, alice.entity, "Anrufen");
  assert.match((await told(page, "that-is-you"))[0], /sind Sie selbst\.\nWas tun: Nennen Sie jemand anderen\.$/);

  await page.goto(`${alice.door}/#people/contacts/new`);
  await page.getByLabel("Name", { exact: true }).fill("Bob");
  await page.getByLabel("SIP-Adresse", { exact: true }).fill("sip:bob@192.0.2.1");
  await page.getByLabel("Weitere Adressen").fill("neither");
  await page.getByRole("button", { name: "Speichern", exact: true }).click();
  assert.match((await told(page, "contact-address"))[0], /^neither ist weder E-Mail-Adresse noch Telefonnummer\./);

  await page.goto(`${alice.door}/#policies/files`);
  await page.getByRole("textbox", { name: "Text", exact: true }).fill("spdadd nonsense");
  await page.getByRole("button", { name: "Importieren", exact: true }).click();
  await page.getByRole("button", { name: "Hinzufügen", exact: true }).click();
  assert.match((await told(page, "policy-text-unreadable"))[0], /^Diese Regeln sind nicht lesbar\./);
  well(page);
  await page.context().close();
});

test("in Japanese too", async () => {
  const page = await open(browser, alice, { locale: "ja" });
  await ask(page, nobody(), "まず尋ねる");
  assert.match((await told(page, "peer-unreachable"))[0], /に届きません。\n対処： アドレスとネットワーク/);
  well(page);
  await page.context().close();
});

test("in English the agent's own sentence is the only one", async () => {
  const page = await open(browser, alice);
  await page.getByLabel("SIP address, IP address, number or contact").fill(alice.entity);
  await page.getByRole("button", { name: "Call", exact: true }).click();
  const box = boxOf(page, "that-is-you");
  await box.waitFor();
  assert.equal(await box.locator("details").count(), 0);
  assert.equal(await box.locator("p").count(), 2);
  well(page);
  await page.context().close();
});

test("a failure without words of ours is shown as English, with what to do", async () => {
  const page = await open(browser, alice, { locale: "de" });
  // As of an agent that is newer than this page.
  const error = { kind: "failed", code: "never-heard-of", message: "something <b>new</b> went wrong", subject: "it", next: "look into `sottovoce help`" };
  await page.route("**/v1/doctor", (route) => route.fulfill({ status: 500, contentType: "application/json", body: JSON.stringify({ error }) }));
  await page.goto(`${alice.door}/#settings/agent`);
  const box = boxOf(page, "never-heard-of").first();
  await box.waitFor();
  const said = box.locator('bdi[lang="en"]');
  assert.deepEqual(await said.allInnerTexts(), [error.message, error.next]);
  assert.ok(await until(() => box.getByText("Was tun:").isVisible()));
  well(page);
  await page.context().close();
});
