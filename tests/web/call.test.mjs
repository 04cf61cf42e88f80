// Calls as the page has them: one that comes in, keys that are others now, a looser policy that is proposed, three who talk, an agent that is slow.

import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { after, before, test } from "node:test";
import { Agent } from "./agent.mjs";
import { launch, open, text, until, well } from "./browser.mjs";
import { looksWell } from "./looks.mjs";

const ESP = "ipsec esp/transport//require";
const SOUND = '[audio]\ninput = "tone:440"\n[watchers]\nunknown = "place"\n';
const NONE = '[policy]\ndefault = ["spdadd any any udp -P out none;"]\n';
const AUTO = '[answer]\nmode = "auto"\n';

let browser, alice, bob, carol, dora, eve;

before(async () => {
  browser = await launch();
  [alice, bob, carol, dora, eve] = await Promise.all([
    Agent.make("alice", SOUND + AUTO),
    Agent.make("bob", SOUND),
    Agent.make("carol", SOUND + AUTO),
    Agent.make("dora", SOUND + AUTO + NONE),
    Agent.make("eve", SOUND + AUTO + NONE),
  ]);
  await Promise.all([alice, bob, carol, dora, eve].map((agent) => agent.start()));
});

after(async () => {
  await browser?.close();
  await Promise.all([alice, bob, carol, dora, eve].map((agent) => agent?.stop()));
});

const close = (...pages) => Promise.all(pages.map((page) => page.context().close()));
const status = (page) => page.getByRole("status", { name: "What protects this call" });

test("a call rings in every room of each page; who answers first has it, and the others show it", async () => {
  const [one, other] = [await open(browser, bob), await open(browser, bob, { viewport: { width: 360, height: 800 }, colorScheme: "dark" })];
  await one.getByRole("link", { name: "Settings" }).click();
  const called = alice.run("call", bob.entity, "--approve", ESP, "--duration", "60");
  for (const page of [one, other]) await page.getByText("is calling you").first().waitFor();
  await looksWell(other, "a call that rings");
  await other.getByRole("button", { name: "Answer" }).click();
  await one.getByRole("button", { name: "Answer" }).waitFor({ state: "detached" });
  // Who took it talks where the call is.
  await status(other).getByText("Encrypted and authenticated, from device to device").waitFor();
  await one.getByRole("link", { name: "Start" }).click();
  await one.getByRole("link", { name: /alice.*talking/ }).click();
  await status(one).getByText("Encrypted and authenticated, from device to device").waitFor();
  await one.getByRole("button", { name: "Mute" }).click();
  await one.getByRole("button", { name: "Unmute" }).waitFor();
  assert.equal((await bob.run("calls")).calls.at(-1).muted, true);
  await one.getByRole("button", { name: "5", exact: true }).click();
  await one.getByLabel("Keys pressed").getByText("5").waitFor();
  await one.getByText("Sounds good").waitFor();
  await one.getByRole("button", { name: "Hang up" }).click();
  await one.getByRole("button", { name: "Call again" }).waitFor();
  assert.equal((await called).error, undefined);
  [one, other].forEach(well);
  await close(one, other);
});

test("a call that is rejected rings no more", async () => {
  const page = await open(browser, bob);
  const called = alice.run("call", bob.entity);
  await page.getByRole("button", { name: "Reject", exact: true }).click();
  await page.getByText("is calling you").first().waitFor({ state: "detached" });
  assert.equal((await called).error.kind, "refused-by-user");
  // On the other side it is no failure of anybody's.
  const theirs = await open(browser, alice);
  await theirs.goto(`${alice.door}/#call/${(await alice.run("calls")).calls.at(-1).id}`);
  await theirs.getByRole("status").getByText("declined", { exact: true }).waitFor();
  await theirs.locator('.problem[data-code="declined"]').getByText(/did not take the call\.$/).waitFor();
  await close(theirs);
  well(page);
  await close(page);
});

test("more and less protection, a recording, and three who talk", async () => {
  const page = await open(browser, alice);
  await alice.run("ask", carol.entity, "--approve", ESP);
  await page.getByLabel("SIP address, IP address, number or contact").fill(carol.entity);
  await page.getByRole("button", { name: "Call", exact: true }).click();
  await status(page).getByText("Encrypted and authenticated, from device to device").waitFor();
  await page.getByText("Change protection").click();
  await page.getByLabel("From now on").selectOption("esp-ah");
  await page.getByRole("button", { name: "Protect more now" }).click();
  await status(page).getByText(`${ESP} ah/transport//require`).waitFor();
  const { started, protected_since } = (await alice.run("calls")).calls.at(-1);
  assert.ok(protected_since > started, "what protects it now began later");
  await until(async () => (await status(page).locator("time").getAttribute("datetime")) === protected_since);
  // It was told while it came about, and is no trouble any more.
  assert.equal(await page.locator(".notices .problem").count(), 0);
  await page.getByText("Record", { exact: true }).click();
  await page.getByRole("button", { name: "Begin recording" }).click();
  await status(page).getByText("recorded").waitFor();
  const { calls } = await alice.run("calls");
  const { recording } = calls.at(-1);
  await page.getByRole("button", { name: "End recording" }).click();
  await status(page).getByText("recorded").waitFor({ state: "detached" });
  assert.ok((await stat(recording)).size > 0);
  // Bob is called beside her, and both are put together.
  const called = bob.run("call", alice.entity, "--approve", ESP, "--duration", "60");
  await page.getByText("Talk as three").click();
  await page.getByRole("button", { name: text("Put together with bob") }).click();
  await page.getByText(text("bob takes part. Everybody hears everybody.")).waitFor();
  await looksWell(page, "three who talk");
  await alice.run("hangup");
  await called;
  well(page);
  await close(page);
});

test("a call in clear offers what it lacks in one click", async () => {
  const page = await open(browser, dora);
  assert.equal((await dora.run("ask", eve.entity, "--approve")).state, "registered");
  await page.getByLabel("SIP address, IP address, number or contact").fill(eve.entity);
  await page.getByRole("button", { name: "Call", exact: true }).click();
  await status(page).getByText("Not protected: anybody on the way can listen").waitFor();
  await page.getByRole("button", { name: /^Tighten to/ }).click();
  await status(page).getByText("Encrypted and authenticated, from device to device").waitFor();
  await page.getByRole("button", { name: /^Tighten to/ }).waitFor({ state: "detached" });
  assert.match((await dora.run("calls")).calls.at(-1).bundle_in, /^esp/);
  await dora.run("hangup");
  well(page);
  await close(page);
});

test("a looser policy is proposed, and the peer decides at its page", async () => {
  const [one, other] = [await open(browser, alice), await open(browser, carol)];
  // She takes proposals of devices only that she approved.
  assert.equal((await carol.run("ask", alice.entity, "--approve")).state, "registered");
  await one.getByLabel("SIP address, IP address, number or contact").fill(carol.entity);
  await one.getByRole("button", { name: "Ask first" }).click();
  await one.getByRole("heading", { name: /review before you talk/ }).waitFor();
  await one.getByRole("radio", { name: "Not protected: anybody on the way can listen" }).check();
  await one.getByText("looser").first().waitFor();
  await one.getByLabel("A word to them").fill("the line is slow");
  await one.getByRole("button", { name: "Ask them for it" }).click();
  await other.getByRole("link", { name: /alice.*Waiting for you/ }).click();
  await other.getByText("the line is slow").waitFor();
  await other.getByText(/proposes that voice be exchanged/).waitFor();
  await other.getByRole("button", { name: "Register", exact: true }).click();
  await one.getByText("Registered", { exact: true }).waitFor();
  [one, other].forEach(well);
  await close(one, other);
});

test("another key than before cannot be missed, and nothing is registered until it was compared", async () => {
  await carol.kill();
  await carol.forget();
  await carol.start();
  const page = await open(browser, alice);
  await page.getByLabel("SIP address, IP address, number or contact").fill(carol.entity);
  await page.getByRole("button", { name: "Ask first" }).click();
  const alert = page.getByRole("alert").filter({ hasText: "has another key than before" });
  await alert.waitFor();
  await looksWell(page, "another key");
  assert.deepEqual((await alice.run("review", "list")).reviews.filter((review) => review.state === "pending"), []);
  await alert.getByRole("button", { name: "I compared it: accept the new key" }).click();
  await page.getByText("new, accepted by you").waitFor();
  await page.getByRole("button", { name: "Register", exact: true }).click();
  await page.getByText("Registered", { exact: true }).waitFor();
  well(page);
  await close(page);
});

test("an agent that is slow is told of, and what was done comes when it goes on", async () => {
  const page = await open(browser, alice);
  await page.getByLabel("SIP address, IP address, number or contact").fill(bob.entity);
  alice.process.kill("SIGSTOP");
  try {
    await page.getByRole("button", { name: "Ask first" }).click();
    await page.getByText("The agent takes long to answer.").waitFor();
    assert.ok(await page.getByRole("button", { name: "Ask first" }).isDisabled(), "it is asked once");
  } finally {
    alice.process.kill("SIGCONT");
  }
  await page.getByRole("heading", { name: /review before you talk/ }).waitFor();
  await page.getByText("The agent takes long to answer.").waitFor({ state: "detached" });
  well(page);
  await close(page);
});

test("the tone of a call that rings ends with its agent", async () => {
  const page = await open(browser, bob);
  await page.evaluate(() => {
    globalThis.tones = 0;
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (...args) {
      globalThis.tones += 1;
      return start.apply(this, args);
    };
  });
  const called = alice.run("call", bob.entity).catch(() => {});
  await page.waitForFunction(() => globalThis.tones > 2);
  await bob.kill();
  await page.getByText("The agent does not answer").first().waitFor();
  const before = await page.evaluate(() => globalThis.tones);
  // Longer than from one tone to the next.
  await page.waitForTimeout(3000);
  assert.equal(await page.evaluate(() => globalThis.tones), before);
  await called;
  await page.context().close();
});
