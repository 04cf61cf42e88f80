// Ask, review, change, register, call: the two embodiments of the specification, in the browser.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Agent } from "./agent.mjs";
import { launch, open, well } from "./browser.mjs";

const BOB = '[answer]\nmode = "auto"\n[watchers]\nunknown = "place"\n[audio]\ninput = "tone:700"\n';
const NONE = '[policy]\ndefault = ["spdadd any any udp -P out none;"]\n';

let browser, alice, bob;

before(async () => {
  browser = await launch();
  alice = await (await Agent.make("alice", '[audio]\ninput = "tone:440"\n')).start();
  bob = await (await Agent.make("bob", BOB + NONE)).start();
});

after(async () => {
  await browser?.close();
  await Promise.all([alice?.stop(), bob?.stop()]);
});

test("ask, see both sides, tighten in one click, register and call under it", async () => {
  const page = await open(browser, alice);
  await page.getByLabel("SIP address, IP address, number or contact").fill(bob.entity);
  await page.getByRole("button", { name: "Ask first" }).click();
  await page.getByRole("heading", { name: /review before you talk/ }).waitFor();
  const presence = page.getByRole("region", { name: "Presence" });
  assert.match(await presence.innerText(), new RegExp(bob.address.replaceAll(".", "\\.")));
  await page.getByText(/would exchange voice with you .*unprotected/).waitFor();
  await page.getByRole("radio", { name: "Encrypted and authenticated, always" }).check();
  const differences = page.getByRole("table", { name: "What your choice means" });
  await differences.getByText("tighter").first().waitFor();
  await page.getByRole("button", { name: "Register and call" }).click();
  const security = page.getByRole("status", { name: "What protects this call" });
  await security.getByText("Encrypted and authenticated, from device to device").waitFor();
  await page.getByText("talking").waitFor();
  const calls = await alice.run("calls");
  assert.equal(calls.calls.at(-1).action, "ipsec esp/transport//require");
  await page.getByRole("button", { name: "Hang up" }).click();
  await page.getByRole("button", { name: "Call again" }).waitFor();
  well(page);
});
