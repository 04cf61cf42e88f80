// Settings: who one is, accounts, places, sound and the program; each as a user sets it, and as the agent and another page have it then.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Agent } from "./agent.mjs";
import { launch, open, text, well } from "./browser.mjs";
import { looksWell } from "./looks.mjs";
import { Pulse } from "./pulse.mjs";
import { read } from "./qr.mjs";

let browser, alice, bob, pulse;

before(async () => {
  pulse = await Pulse.start();
  browser = await launch();
  if (pulse) process.env.PULSE_SERVER = pulse.address;
  alice = await (await Agent.make("alice")).start();
  delete process.env.PULSE_SERVER;
  bob = await (await Agent.make("bob", '[answer]\nmode = "auto"\n[policy]\ndefault = ["spdadd any any udp -P out none;"]\n')).start();
  await alice.run("ask", bob.entity, "--approve", "none");
});

after(async () => {
  await browser?.close();
  await Promise.all([alice?.stop(), bob?.stop(), pulse?.stop()]);
});

async function at(tab, agent = alice, options = {}) {
  const page = await open(browser, agent, options);
  await page.evaluate((to) => (location.hash = to), `settings/${tab}`);
  await page.getByRole("navigation", { name: "Settings" }).waitFor();
  return page;
}

async function leave(...pages) {
  pages.forEach(well);
  await Promise.all(pages.map((page) => page.unrouteAll({ behavior: "ignoreErrors" })));
  await Promise.all(pages.map((page) => page.context().close()));
}

/** That the agent refused something stands in the browser's console, and was meant. */
function refused(page) {
  assert.deepEqual(page.wrong.splice(0), ["Failed to load resource: the server responded with a status of 400 (Bad Request)"]);
}

test("one's name and one's code", async () => {
  const [page, other] = [await at("you"), await at("you")];
  await page.getByLabel("Your name").fill("Alice <b>Liddell</b>");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  const own = (await alice.run("presence", "list")).presences[0];
  assert.equal(own.user, "Alice <b>Liddell</b>");
  await other.waitForFunction((name) => document.querySelector("#own-user").value === name, own.user);
  const identity = await alice.run("identity", "show");
  const code = page.getByRole("img", { name: "Your SIP address and fingerprint as a QR code" });
  assert.equal(await read(code), `sottovoce:${identity.entity}?fingerprint=${identity.fingerprint}`);
  await leave(page, other);
});

test("the configuration file is the one that was read, and the SIP address one's own", async () => {
  const page = await at("you");
  const line = page.getByText("Your SIP address is set in the configuration file:");
  await line.waitFor();
  assert.ok((await line.innerText()).endsWith(`entity = "${alice.entity}"`));
  await page.goto(`${alice.door}/#settings/agent`);
  const file = page.getByText("The agent has read this file:");
  await file.waitFor();
  assert.ok((await file.innerText()).endsWith("sottovoce.toml"));
  assert.equal(await page.getByText("There is no file yet.").count(), 0);
  await leave(page);
});

test("without a configuration file it is said where to make one, and that the SIP address is the machine's", async () => {
  const page = await at("agent");
  const found = `no file, all defaults; you are ${alice.entity}; entity is not configured: ${alice.entity} is used`;
  const doctor = { ok: true, checks: [{ name: "configuration", status: "ok", found, next: "" }] };
  await page.route("**/v1/doctor", (route) => route.fulfill({ json: doctor }));
  await page.goto(`${alice.door}/#settings/you`);
  await page.getByText("Nobody has chosen your SIP address").waitFor();
  await page.goto(`${alice.door}/#settings/agent`);
  await page.getByText("There is no file yet. Make it: ~/.config/sottovoce/sottovoce.toml").waitFor();
  assert.equal(await page.getByText("The agent has read this file:").count(), 0);
  await leave(page);
});

test("the safety phrase as words and as a code, and that it was compared", async () => {
  const [page, other] = [await at("you", alice, { colorScheme: "dark", viewport: { width: 390, height: 800 } }), await at("you")];
  const [pin] = (await alice.run("identity", "show")).pins;
  const theirs = (await bob.run("identity", "show")).pins.find((one) => one.entity === alice.entity);
  assert.equal(pin.phrase.length, 16);
  if (theirs) assert.deepEqual(theirs.phrase, pin.phrase);
  await page.getByText("not compared yet").click();
  assert.deepEqual(await page.locator(".phrase li").allInnerTexts(), pin.phrase);
  const code = page.getByRole("img", { name: /^The safety phrase with .* as a QR code$/ });
  assert.equal(await read(code), pin.phrase.join(" "), "in the dark, too");
  await page.getByRole("button", { name: "The words are the same" }).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  assert.equal((await alice.run("identity", "show")).pins[0].verified, false);
  await page.getByRole("button", { name: "The words are the same" }).press("Enter");
  await page.waitForFunction(() => document.activeElement.innerText === "Cancel");
  await page.getByRole("button", { name: "Yes, remember it" }).click();
  await page.getByText("verified: you compared the safety phrase").waitFor();
  assert.equal((await alice.run("identity", "show")).pins[0].verified, true);
  await other.getByText("compared", { exact: true }).waitFor();
  await leave(page, other);
});

test("a further device: its words are read, vouched for, taken, and taken back", async () => {
  const tablet = await Agent.make("tablet");
  tablet.entity = alice.entity;
  await tablet.configure("");
  await tablet.start();
  const [old, young] = [await at("you"), await at("you", tablet)];
  const { introduction, fingerprint } = await tablet.run("identity", "show");
  await young.getByText("This is the new device").click();
  assert.equal(await young.getByRole("region", { name: "This device’s words" }).innerText(), introduction);
  await old.getByText("The new device is another one").click();
  await old.getByLabel("Words of the new device").fill(introduction);
  await old.getByRole("button", { name: "Read them" }).click();
  await old.getByText(fingerprint.replaceAll(":", " ")).waitFor();
  await old.getByRole("button", { name: "It shows the same fingerprint" }).click();
  await old.getByRole("button", { name: "It is mine: vouch for it" }).click();
  const word = await old.getByRole("region", { name: "Word for the new device" }).innerText();
  await young.getByLabel("The older device’s word for this one").fill(word);
  await young.getByRole("button", { name: "Take the word" }).click();
  await young.getByText("An older device vouches for this one").waitFor();
  assert.equal((await tablet.run("identity", "show")).vouched_names[0], alice.entity);
  await young.getByRole("button", { name: "Take back" }).click();
  await young.getByRole("button", { name: "Take it back" }).click();
  await young.getByText("An older device vouches for this one").waitFor({ state: "detached" });
  assert.deepEqual((await tablet.run("identity", "show")).vouched_names, []);
  await leave(old, young);
  await tablet.stop();
});

test("an account is added, says why it is not registered, and is removed", async () => {
  const [page, other] = [await at("accounts"), await at("accounts")];
  const entity = "sip:alice@127.0.0.1";
  await page.getByText("No account.").waitFor();
  await page.getByRole("button", { name: "Add an account" }).click();
  await page.getByLabel("SIP address").fill(entity);
  const password = page.getByLabel("Password", { exact: true });
  assert.equal(await password.getAttribute("type"), "password");
  await password.fill("a secret of hers");
  await page.getByText("More: server, user, voice messages").click();
  await page.getByLabel("Server, if not found by the domain").fill("tcp:127.0.0.1:1");
  await page.getByLabel("Ask the server for voice messages").check();
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByText(/is added\. It registers now/).waitFor();
  for (const each of [page, other]) {
    await each.getByRole("heading", { name: text(entity) }).waitFor();
    await each.getByText("not registered", { exact: true }).first().waitFor();
    await each.locator(".account .problem").getByText("What to do:").waitFor();
  }
  const [account] = (await alice.run("account", "list")).accounts;
  assert.deepEqual([account.entity, account.proxy, account.added], [entity, "tcp:127.0.0.1:1", true]);
  assert.doesNotMatch(await page.content(), /a secret of hers/);
  assert.equal(await page.evaluate(() => [localStorage, sessionStorage].some((kept) => JSON.stringify(kept).includes("secret"))), false);
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await page.getByRole("group", { name: /^Remove / }).getByRole("button", { name: "Remove" }).click();
  await page.getByText(/is removed, with its password/).waitFor();
  assert.deepEqual((await alice.run("account", "list")).accounts, []);
  await other.getByText("No account.").waitFor();
  await leave(page, other);
});

test("voice messages that wait are counted, and why nothing is published is told", async () => {
  const page = await open(browser, alice);
  // No server here has any: what the agent says of one that does.
  const none = { failure: null, again: null };
  const told = {
    ...none, entity: "sip:alice@example.org", added: false, proxy: "tls:example.org", address: "tls:192.0.2.1:5061", user: "alice", state: "registered",
    until: "2030-01-01T00:00:00Z", heard: null, gruu: null, service_route: [], flows: [],
    publication: { ...none, state: "withheld", until: null, reason: "it is nobody's business" },
    mailbox: { state: "told", waiting: true, new: 2, old: 5, urgent: 1, failure: null },
  };
  await page.route("**/v1/accounts", (route) => route.fulfill({ json: { accounts: [told] } }));
  await page.reload();
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.evaluate(() => (location.hash = "settings/accounts"));
  await page.getByText(/2.? new voice messages\./).waitFor();
  for (const words of [/5.? heard before/, /1.? urgent/]) await page.locator(".account").getByText(words).first().waitFor();
  await page.getByText("Every detail").click();
  await page.getByText("it is nobody's business").waitFor();
  await page.getByText("It stands in the configuration file").waitFor();
  assert.equal(await page.getByRole("button", { name: "Remove" }).count(), 0);
  await leave(page);
});

test("an account that cannot be is refused beside its form, which keeps what was typed", async () => {
  const page = await at("accounts");
  await page.getByRole("button", { name: "Add an account" }).click();
  await page.getByLabel("SIP address").fill("no address at all");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.locator(".account-form .problem").waitFor();
  assert.equal(await page.getByLabel("SIP address").inputValue(), "no address at all");
  refused(page);
  await leave(page);
});

test("the place is named, and judged by the address again", async () => {
  const [page, other] = [await at("places"), await at("places")];
  await page.getByLabel("This place is called").fill("Office");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("you said so").waitFor();
  assert.equal((await alice.run("status")).place, "Office");
  await other.getByText("you said so").waitFor();
  assert.match(await other.locator(".me").innerText(), /Office/);
  const lines = await page.getByRole("region", { name: "Lines for the configuration file" }).innerText();
  assert.equal(lines, `[[place]]\nname = "Office"\nscope = "private"\nnetworks = ["${alice.address.replace(/\d+$/, "0/24")}"]`);
  await page.getByText(new RegExp(alice.dir)).waitFor();
  await page.getByRole("button", { name: "Judge it by the address again" }).click();
  await page.getByText("judged by your address").waitFor();
  await other.getByText("judged by your address").waitFor();
  assert.equal((await alice.run("status")).environment.evidence, "address");
  await leave(page, other);
});

test("devices and gains are chosen, and tried", async (context) => {
  if (!pulse) return context.skip("no pulseaudio here");
  const [page, other] = [await at("sound"), await at("sound")];
  await page.getByText("You hear nothing and nobody hears you").waitFor();
  await page.getByRole("button", { name: "Begin the test" }).click();
  await page.locator('[data-code="no-devices"]').waitFor();
  refused(page);
  await page.getByRole("button", { name: "Use the machine’s own devices" }).click();
  await page.getByText("Saved.").waitFor();
  await page.getByLabel("Microphone", { exact: true }).selectOption({ label: "Microphone" });
  await other.waitForFunction(() => document.querySelector("#sound-input")?.value === "device:mouth");
  await page.getByLabel("Your voice louder by").focus();
  await page.keyboard.press("ArrowRight");
  await other.waitForFunction(() => document.querySelector("#sound-input_gain")?.value === "1");
  const now = await alice.run("devices", "list");
  assert.deepEqual([now.input, now.output, now.input_gain], ["device:mouth", "default", 1]);
  await page.getByRole("button", { name: "Begin the test" }).click();
  await page.waitForFunction(() => Number(document.querySelector('[role="meter"]')?.getAttribute("aria-valuenow")) > -60);
  await page.getByText("Say something now").waitFor();
  // A machine that has no time for what it plays hears nothing of it: once more then.
  for (let again = 2; again > 0; again -= 1) {
    await page.locator(".result").waitFor();
    if (await page.getByText(/The microphone hears the loudspeaker/).count()) break;
    await page.getByRole("button", { name: "Test again" }).click();
  }
  await page.getByText(/The microphone hears the loudspeaker, .* ms later/).waitFor();
  await page.getByText(/No voice was heard/).waitFor();
  await page.getByRole("button", { name: "As the configuration says" }).click();
  await other.getByText("You hear nothing and nobody hears you").waitFor();
  assert.equal((await alice.run("devices", "list")).chosen, false);
  await leave(page, other);
});

test("do not disturb, the checks, tones and the language", async () => {
  await alice.run("devices", "use", "--configured");
  const [page, other] = [await at("agent", alice, { permissions: ["notifications"] }), await at("agent")];
  await page.getByLabel("For", { exact: true }).selectOption("two hours");
  await page.getByRole("button", { name: "Do not disturb" }).click();
  await page.getByText(/^Nothing rings until/).waitFor();
  const until = Date.parse((await alice.run("status")).do_not_disturb) - Date.now();
  assert.ok(until > 7_100_000 && until <= 7_200_000, `${until}`);
  await other.getByText(/^Nothing rings until/).waitFor();
  await other.getByRole("button", { name: "Let it ring again" }).click();
  await page.getByText("You can be disturbed.").waitFor();
  assert.equal((await alice.run("status")).do_not_disturb, null);
  await page.getByText(/things? to look at/).waitFor();
  await page.locator(".checks").getByText("What to do:").first().waitFor();
  await page.getByText("Notifications: allowed").waitFor();
  await page.getByLabel("This page rings").uncheck();
  await page.reload();
  await page.getByLabel("This page rings").waitFor();
  assert.equal(await page.getByLabel("This page rings").isChecked(), false);
  await page.getByRole("main").getByLabel("Language").selectOption("Deutsch");
  await page.getByRole("heading", { name: "Nicht stören" }).waitFor();
  await page.getByRole("link", { name: "Einstellungen" }).waitFor();
  await leave(page, other);
});

for (const [width, colorScheme] of [[360, "light"], [1440, "dark"]]) {
  test(`every tab at ${width} px, ${colorScheme}`, async () => {
    const page = await at("you", alice, { viewport: { width, height: 800 }, colorScheme });
    await page.locator(".pin > summary").click();
    await page.getByText("A further device of your own").waitFor();
    await looksWell(page, "you");
    for (const [tab, shown] of [["Accounts", "No account."], ["Places", "Where you are now"], ["Sound", "What is done to your voice"], ["Program", "What is well"]]) {
      await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: tab }).click();
      await page.getByText(shown).waitFor();
      if (tab === "Accounts") await page.getByRole("button", { name: "Add an account" }).click();
      if (tab === "Program") await page.getByRole("button", { name: "Stop the agent" }).click();
      await looksWell(page, tab);
    }
    await leave(page);
  });
}

test("all pages are closed, and the agent is stopped, by who says so twice", async () => {
  const [page, other] = [await at("agent"), await at("agent")];
  await page.getByRole("button", { name: "Close all pages" }).click();
  await page.getByRole("button", { name: "Close them" }).click();
  for (const each of [page, other]) await each.getByText("This page was not opened by you").waitFor();
  await Promise.all([page.context().close(), other.context().close()]);
  const last = await at("agent");
  const ended = new Promise((resolve) => alice.process.once("exit", resolve));
  await last.getByRole("button", { name: "Stop the agent" }).click();
  await last.getByRole("button", { name: "Stop it" }).click();
  await last.getByText("The agent does not answer.").first().waitFor();
  assert.equal(await ended, 0);
  await last.context().close();
});
