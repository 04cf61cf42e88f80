// What the review makes of where both are: less than is advised, more than is needed, a place that is not told. And who is asked: by name or number.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Agent } from "./agent.mjs";
import { launch, open, text, until, well } from "./browser.mjs";

/** What turns the direction of what follows, where a name may stand. */
const TURNS = "\u202e";
const place = (scope, name = "here") => `[[place]]\nname = "${name}"\nscope = "${scope}"\nnetworks = ["127.0.0.0/8"]\n`;
const TELLS = '[watchers]\nunknown = "place"\n';
const asks = (action) => `[policy]\ndefault = ["spdadd any any udp -P out ${action};"]\n`;
const ESP = "ipsec esp/transport//require";
const BOTH = `${ESP} ah/transport//require`;

let browser, alice, cafe, home, hidden;

before(async () => {
  browser = await launch();
  [alice, cafe, home, hidden] = await Promise.all([
    Agent.make("alice", place("private")),
    Agent.make("cafe", TELLS + asks("none") + place("public", `<b>caf${TURNS}e</b>`)),
    Agent.make("home", TELLS + asks(BOTH) + place("private")),
    Agent.make("hidden", '[watchers]\nunknown = "policy"\n' + place("public")),
  ]);
  await Promise.all([alice, cafe, home, hidden].map((agent) => agent.start()));
});

after(async () => {
  await browser?.close();
  await Promise.all([alice, cafe, home, hidden].map((agent) => agent?.stop()));
});

/** A page with the review of what `typed` answers, and its number. */
async function asked(typed) {
  const page = await open(browser, alice);
  await page.getByLabel("SIP address, IP address, number or contact").fill(typed);
  await page.getByRole("button", { name: "Ask first" }).click();
  await page.getByRole("heading", { name: /review before you talk/ }).waitFor();
  return { page, id: new URL(page.url()).hash.split("/")[1] };
}

const reviewOf = async (id) => (await alice.run("review", "list")).reviews.find((one) => one.id === id);
const actionsOf = async (peer) => (await alice.run("policy", "list", "--peer", peer.entity)).entries.map((entry) => entry.setkey.match(/ -P \w+ ([^;]+);/)[1]);

test("who is outside and asks for nothing: what is too little is said, and one click puts it right", async () => {
  const { page, id } = await asked(cafe.entity);
  await page.getByText(/on a public network.*unprotected/).waitFor();
  // What the peer calls its place is text, and nothing more.
  const shown = await page.getByRole("region", { name: "Presence" }).innerText();
  assert.ok(shown.includes("<b>caf\\u{202e}e</b>") && !shown.includes(TURNS), shown);
  const warned = page.locator(".sentence.attention");
  await warned.getByText(text("That is too little. We suggest: Encrypted and authenticated, always.")).waitFor();
  await warned.getByRole("button").click();
  // Nothing warns any more of what is not what would be registered.
  await warned.waitFor({ state: "detached" });
  assert.ok(await page.getByRole("radio", { name: "Encrypted and authenticated, always" }).isChecked());
  await page.getByRole("button", { name: "Register", exact: true }).click();
  await page.getByText("Registered", { exact: true }).waitFor();
  await page.reload();
  await page.getByText("Registered", { exact: true }).waitFor();
  assert.equal(await warned.count(), 0, "nothing is too little any more");
  assert.equal((await reviewOf(id)).state, "registered");
  assert.deepEqual(await actionsOf(cafe), [ESP, ESP]);
  well(page);
  await page.context().close();
});

test("who is at home and asks for much: that less would do is said, with what it costs", async () => {
  const { page } = await asked(home.entity);
  await page.getByText(/^That is more than is needed here\. This would do: /).waitFor();
  await page.getByText("more than needed", { exact: true }).waitFor();
  await page.getByText(/kbit\/s/).first().waitFor();
  well(page);
  await page.context().close();
});

test("a place that is not told is shown with what we make of that", async () => {
  const { page } = await asked(hidden.entity);
  const presence = page.getByRole("region", { name: "Presence" });
  const inference = await presence.locator(".inference").innerText();
  const { surroundings } = (await alice.run("review", "list")).reviews.findLast((one) => one.presence.entity === hidden.entity);
  assert.equal(surroundings.kind, "withheld");
  assert.equal(inference, surroundings.inference);
  well(page);
  await page.context().close();
});

test("who is asked is typed as an address, a contact's name, or its number", async () => {
  await alice.run("contact", "add", "Mad Hatter", home.entity, "--address", "+493012345678");
  for (const typed of [home.address, "Mad Hatter", "+49 30 12345678"]) {
    const { page, id } = await asked(typed);
    assert.equal((await reviewOf(id)).presence.entity, home.entity, typed);
    well(page);
    await page.context().close();
  }
});

test("what the terminal answers is shown as answered, and who refused asks again in one click", async () => {
  const { page, id } = await asked(home.entity);
  await alice.run("review", "answer", id, "--refuse");
  await page.getByText("Refused", { exact: true }).waitFor();
  await page.getByText(/^Answered by /).waitFor();
  assert.equal(await page.getByRole("button", { name: "Register", exact: true }).count(), 0);
  await page.getByRole("button", { name: "Ask again" }).click();
  const next = await until(async () => (await alice.run("review", "list")).reviews.find((one) => one.state === "pending" && one.presence.entity === home.entity && one.id !== id));
  await page.waitForURL(new RegExp(`#review/${next.id}$`));
  await page.getByRole("button", { name: "Refuse" }).waitFor();
  well(page);
  await page.context().close();
});
