// People: contacts and groups, the presence database, and who follows.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Agent } from "./agent.mjs";
import { beside, launch, open, until, well } from "./browser.mjs";
import { like } from "./like.mjs";
import { looksWell } from "./looks.mjs";

let browser, alice, bob, carol, dora;

before(async () => {
  browser = await launch();
  alice = await (await Agent.make("alice", '[watchers]\nunknown = "ask"\n')).start();
  bob = await (await Agent.make("bob", '[answer]\nmode = "auto"\n[watchers]\nunknown = "place"\n')).start();
  dora = await (await Agent.make("dora")).start();
  carol = await (await Agent.make("carol", '[watchers]\nunknown = "policy"\n')).start();
});

after(async () => {
  await browser?.close();
  await Promise.all([alice?.stop(), bob?.stop(), carol?.stop(), dora?.stop()]);
});

/** A page of that room's part. */
async function at(way, options) {
  const page = await open(browser, alice, options);
  await page.evaluate((hash) => (location.hash = hash), way);
  return page;
}

const row = (page, name) => page.getByRole("listitem").filter({ has: page.locator("strong").getByText(name, { exact: true }) });
const gone = (page, name) => row(page, name).waitFor({ state: "detached" });

test("a contact is added, found as one types, asked, changed and removed, and another browser shows it", async () => {
  const [page, other] = [await at("people/contacts"), await at("people/contacts")];
  await page.getByText("Nobody yet.").waitFor();
  await page.getByRole("button", { name: "Add a contact" }).click();
  // One types at once: the focus is in the first field.
  await page.keyboard.type("Bob");
  await page.getByLabel("SIP address", { exact: true }).fill(bob.entity);
  await page.getByLabel("Group", { exact: true }).selectOption("Friends");
  await page.getByLabel("Further addresses").fill("bob@example.org, +493012345678");
  await page.getByRole("button", { name: "Save" }).click();
  await row(page, "Bob").getByText("no key yet").waitFor();
  await row(other, "Bob").getByText("Friends").waitFor();
  const kept = await alice.run("contact", "show", "Bob");
  assert.deepEqual([kept.entity, kept.group, kept.addresses], [bob.entity, "friend", ["bob@example.org", "+493012345678"]]);

  await page.getByRole("searchbox").fill("example.org bo");
  await row(page, "Bob").waitFor();
  await page.getByRole("searchbox").fill("example.org lute");
  await gone(page, "Bob");
  await page.getByText("Nothing matches.").waitFor();
  await page.getByRole("searchbox").fill("");

  await row(page, "Bob").getByRole("button", { name: "Ask first" }).click();
  await page.getByRole("button", { name: "Register", exact: true }).click();
  await page.getByText("Registered", { exact: true }).waitFor();
  await page.evaluate(() => (location.hash = "people/contacts"));
  for (const one of [page, other]) {
    await row(one, "Bob").getByText("known, not compared").waitFor();
    await row(one, "Bob").getByText("Encrypted and authenticated, always").waitFor();
  }

  await row(page, "Bob").getByRole("button", { name: /^Details/ }).click();
  await row(page, "Bob").getByRole("button", { name: /^Change/ }).click();
  await page.getByLabel("Name", { exact: true }).fill("Robert");
  await page.getByLabel("Note", { exact: true }).fill("plays the lute");
  await page.getByRole("button", { name: "Save" }).click();
  await row(page, "Robert").getByText("plays the lute").waitFor();
  await row(other, "Robert").waitFor();
  assert.equal((await alice.run("contact", "show", "Robert")).note, "plays the lute");
  await page.waitForFunction(() => /Change/.test(document.activeElement.textContent));

  const remove = row(page, "Robert").getByRole("button", { name: /^Remove/ });
  await remove.click();
  await page.getByText(/The keys and the policy for this contact stay/).waitFor();
  await page.waitForFunction(() => document.activeElement.textContent === "Cancel");
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => /Remove/.test(document.activeElement.textContent));
  await remove.click();
  await page.getByRole("group", { name: /Remove .*Robert/ }).getByRole("button", { name: "Remove" }).click();
  await gone(page, "Robert");
  await gone(other, "Robert");
  assert.deepEqual((await alice.run("contact", "list")).contacts, []);
  assert.equal((await alice.run("identity", "show")).pins.length, 1);
  [page, other].forEach(well);
  await Promise.all([page, other].map((one) => one.context().close()));
});

test("what cannot be a contact is said at the form, which keeps what was typed", async () => {
  const page = await at("people/contacts/new/sip%3Adave%40127.9.9.9");
  await page.getByLabel("Name", { exact: true }).fill("127.9.9.9");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("form").getByRole("alert").waitFor();
  assert.equal(await page.getByLabel("SIP address", { exact: true }).inputValue(), "sip:dave@127.9.9.9");
  assert.deepEqual((await alice.run("contact", "list")).contacts, []);
  page.wrong = page.wrong.filter((what) => !/status of 4\d\d/.test(what));
  well(page);
  await page.context().close();
});

test("a group is made, says something else, and is removed", async () => {
  const [page, other] = [await at("people/contacts"), await at("people/contacts")];
  await page.getByRole("button", { name: "Add a group" }).click();
  const form = page.getByRole("form", { name: "Add a group" });
  await form.getByLabel("Name", { exact: true }).fill("work");
  await form.getByLabel("They are to you").selectOption("acquaintances");
  await form.getByLabel("Told").selectOption("your policy, not your place");
  await form.getByLabel("Approved by itself").selectOption("Encrypted and authenticated, always");
  await form.getByRole("button", { name: "Save" }).click();
  await row(other, "work").getByText("your policy, not your place").waitFor();
  const group = async (name) => (await alice.run("group", "list")).groups.find((one) => one.name === name);
  const { watchers, approve, rings, relation } = await group("work");
  assert.deepEqual([watchers, approve, rings, relation], ["policy-only", "ipsec esp/transport//require", false, "acquaintance"]);

  await row(page, "Friends").getByRole("button", { name: /^Change/ }).click();
  await page.getByLabel("May call and ask in quiet hours").check();
  await page.getByRole("button", { name: "Save" }).click();
  await row(other, "Friends").getByText("rings", { exact: true }).waitFor();
  assert.equal((await group("friend")).rings, true);

  await row(page, "work").getByRole("button", { name: /^Remove/ }).click();
  await page.getByRole("group", { name: /Remove the group/ }).getByRole("button", { name: "Remove" }).click();
  await gone(page, "work");
  await gone(other, "work");
  assert.equal(await group("work"), undefined);
  assert.equal(await row(page, "Everybody else").getByRole("button").count(), 0);
  [page, other].forEach(well);
  await Promise.all([page, other].map((one) => one.context().close()));
});

test("you say who and where you are, and take it back", async () => {
  const [page, other] = [await at("people/presences"), await at("people/presences")];
  const own = (one) => one.getByRole("region", { name: "You" });
  await own(page).getByRole("button", { name: "Change who and where" }).click();
  await page.getByLabel("Place", { exact: true }).fill("train to Bern");
  await page.getByRole("button", { name: "Save" }).click();
  for (const one of [page, other]) {
    await own(one).getByText("train to Bern").waitFor();
    await one.getByRole("banner").getByText("train to Bern").waitFor();
  }
  const told = async () => (await alice.run("presence", "list")).presences[0];
  assert.deepEqual([(await told()).user, (await told()).place], ["alice", "train to Bern"]);
  await own(page).getByRole("button", { name: "Change who and where" }).click();
  await page.getByRole("button", { name: "Back to what is configured" }).click();
  await own(other).getByText("train to Bern").waitFor({ state: "detached" });
  assert.notEqual((await told()).place, "train to Bern");
  [page, other].forEach(well);
  await Promise.all([page, other].map((one) => one.context().close()));
});

test("a peer gets names of your own, is followed, and is forgotten", async () => {
  await bob.run("presence", "set", "--user", "Bob B.", "--place", "office");
  await alice.run("ask", bob.entity, "--approve");
  await alice.run("ask", carol.entity, "--approve");
  const page = await at("people/presences");
  const other = await beside(page, alice, "people/presences");
  await row(page, "Bob B.").getByRole("button", { name: /^Details/ }).click();
  await page.getByRole("button", { name: "Rename: User" }).click();
  await page.getByRole("textbox", { name: "User" }).fill("Bobby");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Rename: E-mail" }).click();
  await page.getByRole("textbox", { name: "E-mail" }).fill("bobby@example.org");
  await page.getByRole("button", { name: "Save" }).click();
  await row(other, "Bobby").waitFor();
  const kept = async () => (await alice.run("presence", "show", bob.entity)).presences[0];
  await until(async () => (await kept()).own_mail === "bobby@example.org");
  assert.deepEqual([(await kept()).own_user, (await kept()).user], ["Bobby", "Bob B."]);
  await page.getByRole("button", { name: "As they say: User" }).click();
  await row(page, "Bob B.").waitFor();
  assert.equal((await kept()).own_user, null);

  await row(page, "Bob B.").getByRole("button", { name: /^Follow/ }).click();
  await row(page, "Bob B.").getByText("followed", { exact: true }).waitFor();
  await row(other, "bob").getByText("followed", { exact: true }).waitFor();
  assert.equal((await alice.run("presence", "watching")).watches.length, 1);
  // Where he is comes by itself from then on.
  await bob.run("presence", "set", "--place", "garden");
  await row(other, "Bob B.").getByText("garden").waitFor();
  await row(page, "Bob B.").getByRole("button", { name: /^Follow no more/ }).click();
  await gone(page, "bob");
  await gone(other, "bob");
  assert.deepEqual((await alice.run("presence", "watching")).watches, []);

  // One who does not tell where he is: we say so.
  await row(page, "carol").getByText("They do not tell.").waitFor();
  await row(page, "carol").getByRole("button", { name: /^Details/ }).click();
  const inference = (await alice.run("review", "list")).reviews.at(-1).surroundings.inference;
  await row(page, "carol").getByText(inference).waitFor();
  await row(page, "carol").getByRole("button", { name: /^Forget/ }).click();
  await page.getByRole("group", { name: /Forget where/ }).getByRole("button", { name: "Forget" }).click();
  await gone(page, "carol");
  await gone(other, "carol");
  assert.equal((await alice.run("presence", "list")).presences.length, 2);
  [page, other].forEach(well);
  await page.context().close();
});

test("who wants to follow you stands on top until you answer, and each answer counts at once", async () => {
  const [page, other] = [await at("people/watchers"), await at("people/watchers")];
  await page.getByText("Nobody.").waitFor();
  await dora.run("presence", "watch", alice.entity);
  const waiting = (one) => one.getByRole("region", { name: "Somebody waits for your answer" });
  for (const one of [page, other]) await waiting(one).getByText("dora", { exact: true }).waitFor();
  const first = await page.locator("main h2").first().innerText();
  assert.match(first, /Somebody waits/);
  await waiting(page).getByRole("button", { name: "Policy only" }).click();
  const answered = async () => (await alice.run("watchers", "list")).answers.map((answer) => answer.watchers);
  await waiting(page).waitFor({ state: "detached" });
  await waiting(other).waitFor({ state: "detached" });
  assert.deepEqual(await answered(), ["policy-only"]);
  await row(page, "dora").getByRole("button", { name: "Policy only", pressed: true }).waitFor();
  // Where one is cannot be taken back once it was told: so that is asked.
  const allow = () => row(page, "dora").getByRole("button", { name: "Allow", exact: true }).click();
  const question = page.getByRole("group", { name: like("Tell dora your policy and your place, now and whenever they change?") });
  await allow();
  await question.getByRole("button", { name: "Cancel" }).click();
  await question.waitFor({ state: "detached" });
  assert.deepEqual(await answered(), ["policy-only"]);
  await allow();
  await question.getByRole("button", { name: "Tell them" }).click();
  await row(page, "dora").getByRole("button", { name: "Allow", pressed: true }).waitFor();
  assert.deepEqual(await answered(), ["allow"]);
  await row(page, "dora").getByRole("button", { name: "Take back" }).click();
  await row(page, "dora").getByRole("button", { name: "Take back" }).waitFor({ state: "detached" });
  assert.deepEqual(await answered(), []);
  [page, other].forEach(well);
  await Promise.all([page, other].map((one) => one.context().close()));
});

test("a click that comes as the rows move answers nobody", async () => {
  const page = await at("people/watchers");
  await bob.run("presence", "watch", alice.entity);
  await row(page, "bob").getByRole("button", { name: "Policy only" }).waitFor();
  await page.evaluate(() => {
    const rows = () => [...document.querySelectorAll("main li.person")];
    const before = rows().length;
    new MutationObserver((_, observer) => {
      if (rows().length === before) return;
      observer.disconnect();
      for (const row of rows()) [...row.querySelectorAll("button")].find((button) => button.textContent === "Policy only").click();
      document.title = "clicked";
    }).observe(document.querySelector("main"), { childList: true, subtree: true });
  });
  await carol.run("presence", "watch", alice.entity);
  await page.waitForFunction(() => document.title === "clicked");
  // What is pressed after it is answered, and nothing else was.
  await row(page, "carol").getByRole("button", { name: "Policy only" }).click();
  await row(page, "carol").getByRole("button", { name: "Policy only", pressed: true }).waitFor();
  assert.deepEqual((await alice.run("watchers", "list")).answers.map((answer) => [answer.entity, answer.watchers]), [[carol.entity, "policy-only"]]);
  well(page);
  await page.context().close();
});

for (const [width, colorScheme] of [[360, "dark"], [1440, "light"]]) {
  test(`contacts, presences and watchers at ${width} px, ${colorScheme}`, async () => {
    await alice.run("ask", bob.entity, "--approve");
    await alice.run("contact", "add", "Bartholomew-Maximilian-von-und-zu-Hohenhausen", bob.entity, "--group", "family");
    const page = await at("people/contacts", { viewport: { width, height: 800 }, colorScheme });
    await page.getByRole("button", { name: /^Details: .*Barth/ }).click();
    await page.getByRole("button", { name: /^Remove: .*Barth/ }).click();
    await looksWell(page, "contacts");
    await page.getByRole("button", { name: "Add a contact" }).click();
    await row(page, "Family").getByRole("button", { name: /^Change/ }).click();
    await looksWell(page, "the forms of contacts and groups");
    await page.getByRole("link", { name: "Where they are" }).click();
    await page.getByRole("button", { name: "Change who and where" }).click();
    await page.getByRole("button", { name: /^Details/ }).first().click();
    await looksWell(page, "presences");
    await page.getByRole("link", { name: "Who may know of you" }).first().click();
    await page.getByRole("heading", { name: "Who follows you" }).waitFor();
    await looksWell(page, "watchers");
    well(page);
    await page.context().close();
    await alice.run("contact", "remove", bob.entity);
  });
}
