// Ask, review, change, register, call: the two embodiments of the specification, in the browser.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Agent } from "./agent.mjs";
import { launch, open, text, until, well } from "./browser.mjs";

const BOB = '[answer]\nmode = "auto"\n[watchers]\nunknown = "place"\n[audio]\ninput = "tone:700"\n';
const NONE = '[policy]\ndefault = ["spdadd any any udp -P out none;"]\n';

const ESP = "ipsec esp/transport//require";

let browser, alice, bob, carol;

before(async () => {
  browser = await launch();
  alice = await (await Agent.make("alice", '[audio]\ninput = "tone:440"\n')).start();
  bob = await (await Agent.make("bob", BOB + NONE)).start();
  carol = await (await Agent.make("carol", BOB)).start();
});

after(async () => {
  await browser?.close();
  await Promise.all([alice, bob, carol].map((agent) => agent?.stop()));
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

/** What was approved for packets between both, out then in, as it stands in the database of `one`. */
async function actions(one, other) {
  return (await one.run("policy", "list", "--peer", other.entity)).entries.map((entry) => entry.setkey.match(/ -P \w+ ([^;]+);/)[1]);
}

test("a proposal that is made tighter goes back as a counter-proposal, says so, and then stands on both sides", async () => {
  for (const [one, other] of [[alice, carol], [carol, alice]]) assert.equal((await one.run("ask", other.entity, "--approve", ESP)).state, "registered");
  const [theirs, ours] = [await open(browser, alice), await open(browser, carol)];
  await theirs.getByLabel("SIP address, IP address, number or contact").fill(carol.entity);
  await theirs.getByRole("button", { name: "Ask first" }).click();
  await theirs.getByRole("radio", { name: "Not protected: anybody on the way can listen" }).check();
  // Here it is less than they ask for, and is said to be.
  await theirs.getByText(/^This protects less than .*carol.* asks for/).waitFor();
  await theirs.getByRole("button", { name: "Ask them for it" }).click();

  await ours.getByRole("link", { name: /alice.*Waiting for you/ }).click();
  await ours.getByText(/proposes that voice be exchanged/).waitFor();
  await ours.getByRole("radio", { name: "Encrypted and authenticated, addresses too, always" }).check();
  await ours.getByText(text("This is another policy than alice proposes. They are told that you would accept it; nothing changes before they agree.")).waitFor();
  assert.equal(await ours.getByText(/protects less than/).count(), 0, "it protects more");
  assert.equal(await ours.getByRole("button", { name: /^Register/ }).count(), 0);
  await ours.getByLabel("A word to them").fill("rather more");
  await ours.getByRole("button", { name: "Ask them for it" }).click();
  await ours.getByText("They are told that you would accept this instead.").waitFor();
  assert.equal(await ours.getByRole("button", { name: "Call now" }).count(), 0, "nothing is agreed yet");

  // The counter-proposal is a review of its own there.
  const counter = await until(async () => (await alice.run("review", "list")).reviews.find((one) => one.kind === "counter"));
  const esp = ["ipsec esp/transport//require", "ipsec esp/transport//require"];
  assert.deepEqual([await actions(carol, alice), await actions(alice, carol)], [esp, esp], "nothing in clear is in force, and nothing new");
  await theirs.goto(`${alice.door}/#review/${counter.id}`);
  await theirs.getByText(/would accept that voice be exchanged/).waitFor();
  await theirs.getByText("rather more").waitFor();
  await theirs.getByRole("button", { name: "Register and call" }).click();
  await theirs.getByText("talking").first().waitFor();
  const both = ["ipsec esp/transport//require ah/transport//require", "ipsec esp/transport//require ah/transport//require"];
  await until(async () => (await actions(carol, alice))[0] === both[0]);
  assert.deepEqual([await actions(carol, alice), await actions(alice, carol)], [both, both]);
  await ours.goto(`${carol.door}/#review/${(await carol.run("review", "list")).reviews.find((one) => one.kind === "proposal").id}`);
  await ours.getByText("Registered", { exact: true }).waitFor();
  await theirs.getByRole("button", { name: "Hang up" }).click();
  [theirs, ours].forEach(well);
});

test("a click that comes as another review takes the place refuses nothing", async () => {
  const reviews = [];
  for (const peer of [bob, carol]) {
    await alice.run("ask", peer.entity);
    reviews.push((await alice.run("review", "list")).reviews.findLast((one) => one.state === "pending" && one.presence.entity === peer.entity).id);
  }
  const states = async () => (await alice.run("review", "list")).reviews.filter((one) => reviews.includes(one.id)).map((one) => one.state);
  const page = await open(browser, alice);
  await page.goto(`${alice.door}/#review/${reviews[0]}`);
  const refuse = page.getByRole("button", { name: "Refuse" });
  await refuse.waitFor();
  await page.waitForFunction(() => !document.querySelector("footer.answer .danger").disabled);
  await page.evaluate((next) => {
    const before = document.querySelector("main h1").textContent;
    new MutationObserver((_, observer) => {
      if (!document.querySelector("footer.answer .danger") || document.querySelector("main h1").textContent === before) return;
      observer.disconnect();
      document.querySelector("footer.answer .danger").click();
      document.title = "clicked";
    }).observe(document.querySelector("main"), { childList: true, subtree: true, characterData: true });
    location.hash = `review/${next}`;
  }, reviews[1]);
  await page.waitForFunction(() => document.title === "clicked");
  // What is pressed after it refuses the one that is shown.
  await page.goto(`${alice.door}/#review/${reviews[0]}`);
  await page.getByRole("heading", { level: 1, name: /bob/ }).waitFor();
  await refuse.click();
  await page.getByText("Refused", { exact: true }).waitFor();
  assert.deepEqual(await states(), ["refused", "pending"]);
  well(page);
});
