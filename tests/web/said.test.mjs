// What the agent says beside failures, in the language of the user: how calls ended, what a check found, each step of an ask.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Agent } from "./agent.mjs";
import { launch, open, text } from "./browser.mjs";

const CLEAR = '[policy]\ndefault = ["spdadd any any udp -P out none;"]\n';

let browser, alice, bob, carol;

before(async () => {
  browser = await launch();
  alice = await (await Agent.make("alice", CLEAR)).start();
  bob = await (await Agent.make("bob", `[answer]\nmode = "auto"\n[watchers]\nunknown = "place"\n${CLEAR}[[place]]\nname = "as if outside"\nscope = "public"\nnetworks = ["0.0.0.0/0"]\n`)).start();
  carol = await (await Agent.make("carol", `[answer]\nmode = "reject"\n${CLEAR}`)).start();
  for (const peer of [bob, carol]) assert.equal((await alice.run("ask", peer.entity, "--approve", "none")).error, undefined);
});

after(async () => {
  await browser?.close();
  await Promise.all([alice, bob, carol].map((agent) => agent?.stop()));
});

/** Requests that are refused are of these tests. */
function well(page) {
  assert.deepEqual(page.wrong.filter((line) => !/status of (400|404|409|500) /.test(line)), []);
}

async function call(page, whom) {
  await page.goto(`${alice.door}/#`);
  await page.getByLabel("SIP-Adresse, IP-Adresse, Nummer oder Kontakt").fill(whom);
  await page.getByRole("button", { name: "Anrufen", exact: true }).click();
}

test("how a call ended, on its page and in the history", async () => {
  const page = await open(browser, alice, { locale: "de" });
  await call(page, bob.entity);
  await page.getByText("im Gespräch").waitFor();
  await page.getByRole("main").getByRole("button", { name: "Auflegen" }).click();
  await page.getByText("Sie haben aufgelegt", { exact: true }).waitFor();

  await call(page, bob.entity);
  await page.getByText("im Gespräch").waitFor();
  await bob.run("hangup");
  await page.getByText("Die Gegenseite hat aufgelegt", { exact: true }).waitFor();

  await call(page, carol.entity);
  await page.locator('.problem[data-code="declined"]').getByText(text(`${carol.entity} wollte den Anruf nicht annehmen.`)).waitFor();

  await page.goto(`${alice.door}/#past/calls`);
  for (const at of [0, 1, 2]) await page.getByRole("main").getByRole("button", { name: /^Details:|^Einzelheiten:|^Mehr:/ }).nth(at).click();
  for (const end of [`${carol.entity} antwortete: abgelehnt`, "Die Gegenseite hat aufgelegt", "Sie haben aufgelegt"]) {
    await page.getByRole("main").getByText(text(end)).waitFor();
  }
  assert.equal(await page.locator('main [lang="en"]').count(), 0);
  well(page);
  await page.context().close();
});

test("the checks, and what to do at this page", async () => {
  const page = await open(browser, alice, { locale: "de" });
  await page.goto(`${alice.door}/#settings/agent`);
  await page.getByText("Wählen Sie unter „Ton“ ein Mikrofon.").waitFor();
  await page.getByText("Was in Ordnung ist").click();
  await page.getByText("Der Agent läuft hier und antwortet").waitFor();
  assert.deepEqual(await page.locator('.checks [lang="en"]').allInnerTexts(), []);
  well(page);
  await page.context().close();
});

test("the test of the sound speaks of the controls beside it, in English too", async () => {
  for (const [locale, begin, next] of [
    ["de", "Prüfung beginnen", "Wählen Sie auf dieser Seite beide."],
    ["en", "Begin the test", "Choose both on this page."],
  ]) {
    const page = await open(browser, alice, { locale });
    // The test is offered where there is a device; this one is gone when it is looked for.
    await page.route("**/v1/devices", async (route) => {
      const response = await route.fetch();
      const device = { name: "gone", description: "Headset", default: true };
      await route.fulfill({ response, json: { ...(await response.json()), inputs: [device], outputs: [device] } });
    });
    await page.goto(`${alice.door}/#settings/sound`);
    await page.getByRole("button", { name: begin }).click();
    const box = page.locator('.problem[data-code="no-devices"]');
    await box.locator(".next").waitFor();
    assert.ok((await box.locator(".next").innerText()).endsWith(next));
    well(page);
    await page.context().close();
  }
});

test("the steps of an ask, and a place that is the agent's own", async () => {
  const page = await open(browser, alice, { locale: "de" });
  await page.getByLabel("SIP-Adresse, IP-Adresse, Nummer oder Kontakt").fill(alice.entity.replace(/\d+$/, "250"));
  await page.getByRole("button", { name: "Erst fragen", exact: true }).click();
  await page.getByText(/SUBSCRIBE an .*, die Antwort wird erwartet/).waitFor();
  await page.getByRole("button", { name: "Abbrechen" }).click();
  await page.getByLabel("SIP-Adresse, IP-Adresse, Nummer oder Kontakt").fill(bob.entity);
  await page.getByRole("button", { name: "Erst fragen", exact: true }).click();
  await page.locator(".presence").getByText("als wäre es draußen", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Ablehnen", exact: true }).click();
  well(page);
  await page.context().close();
});
