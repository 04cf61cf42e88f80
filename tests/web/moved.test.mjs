// The peer of a call moves from the office to a network outside (situation 7 of the specification): the page says so, and one click protects more.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Agent } from "./agent.mjs";
import { launch, open, well } from "./browser.mjs";
import { looksWell } from "./looks.mjs";
import { Network, OFFICE_GATEWAY } from "./network.mjs";

const OFFICE = `[[place]]\nname = "office"\nscope = "private"\nnetworks = ["192.168.1.0/24"]\ngateways = ["${OFFICE_GATEWAY}"]\n`;
const AUTO = '[answer]\nmode = "auto"\n[audio]\ninput = "tone:700"\n[watchers]\nunknown = "place"\n';
const NONE = '[policy]\ndefault = ["spdadd any any udp -P out none;"]\n';

let network, browser, alice, bob;

before(async () => {
  network = await Network.make("alice", "bob");
  alice = await Agent.make("alice", `${AUTO}${NONE}${OFFICE}`, await network.plug("alice", "office", "192.168.1.1"));
  bob = await Agent.make("bob", `${AUTO}${NONE}${OFFICE}`, await network.plug("bob", "office", "192.168.1.2"));
  await Promise.all([alice.start(), bob.start()]);
  browser = await launch(await network.chromium("alice"));
});

after(async () => {
  await browser?.close();
  await Promise.all([alice?.stop(), bob?.stop()]);
  await network?.remove();
});

test("the peer moves out of the office in a call, and one click protects more", async () => {
  const page = await open(browser, alice);
  await page.getByLabel("SIP address, IP address, number or contact").fill(bob.entity);
  await page.getByRole("button", { name: "Ask first" }).click();
  await page.getByRole("heading", { name: /review before you talk/ }).waitFor();
  await page.getByText("That is enough.").waitFor();
  await page.getByRole("button", { name: "Register and call" }).click();
  const security = page.getByRole("status", { name: "What protects this call" });
  await security.getByText("Not protected: anybody on the way can listen").waitFor();
  await network.plug("bob", "public", "133.134.10.10");
  const moved = page.getByRole("alert").filter({ hasText: "moved" });
  await moved.getByText(/public network\u2069 now/).waitFor();
  await looksWell(page, "a call whose peer moved");
  // In another room it stays in sight.
  await page.getByRole("link", { name: "Policies" }).click();
  await page.getByRole("link", { name: /bob.*talking.*less than advised here/ }).click();
  await moved.getByRole("button", { name: /Tighten to/ }).click();
  await security.getByText(/Encrypted and authenticated/).waitFor();
  const call = (await alice.run("calls")).calls.at(-1);
  assert.match(call.bundle, /esp/);
  assert.equal(call.moved.to, "133.134.10.10");
  well(page);
});
