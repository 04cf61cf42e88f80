// What was: the call history, and short texts.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Agent } from "./agent.mjs";
import { beside, launch, open, until, well } from "./browser.mjs";
import { looksWell } from "./looks.mjs";

const NONE = '[policy]\ndefault = ["spdadd any any udp -P out none;"]\n';

let browser, alice, bob;

before(async () => {
  browser = await launch();
  alice = await (await Agent.make("alice", `[audio]\ninput = "tone:440"\n[watchers]\nunknown = "place"\n${NONE}`)).start();
  bob = await (await Agent.make("bob", `[answer]\nmode = "auto"\n[watchers]\nunknown = "place"\n${NONE}`)).start();
  await bob.run("ask", alice.entity, "--approve", "none");
});

after(async () => {
  await browser?.close();
  await Promise.all([alice?.stop(), bob?.stop()]);
});

/** Bob calls alice, who answers or not; then it is over. */
async function called(answers) {
  const call = bob.run("call", alice.entity, "--duration", "0.5");
  const { id } = await until(async () => (await alice.run("calls")).calls.find((one) => one.state === "incoming"));
  await (answers ? alice.run("answer", id) : bob.run("hangup"));
  await call;
  await until(async () => !["incoming", "active"].includes((await alice.run("calls")).calls.find((one) => one.id === id)?.state));
}

const rows = (page) => page.locator("main").getByRole("listitem");

/** As many rows as that. */
const count = (page, number) => until(async () => (await rows(page).count()) === number);

async function at(way, options) {
  const page = await open(browser, alice, options);
  await page.evaluate((hash) => (location.hash = hash), way);
  return page;
}

test("missed calls are told until they are seen; calls are found, looked at and forgotten, in another tab too", async () => {
  await called(true);
  await called(false);
  assert.equal((await alice.run("status")).missed, 1);
  const page = await at("past/calls/answered");
  await count(page, 1);
  // What was not shown was not seen.
  assert.equal((await alice.run("status")).missed, 1);
  await page.getByLabel("What became of it").selectOption("whatever became of it");
  await count(page, 2);
  assert.equal(await rows(page).locator(".seal[title]").count(), 1, "what protected it, of the one in which somebody talked");
  await rows(page).first().getByText("new", { exact: true }).waitFor();
  await rows(page).first().getByText(/missed/).waitFor();
  await until(async () => (await alice.run("status")).missed === 0);

  // What came while nobody looked is seen as soon as somebody looks again.
  const look = (hidden) =>
    page.evaluate((hidden) => {
      Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    }, hidden);
  await look(true);
  await called(false);
  await count(page, 3);
  const badge = page.getByRole("link", { name: /^History/ }).locator(".tag");
  await badge.getByText("1").waitFor();
  assert.equal((await alice.run("status")).missed, 1);
  await look(false);
  await until(async () => (await alice.run("status")).missed === 0);
  await badge.waitFor({ state: "detached" });

  const [row] = (await alice.run("history", "--result", "answered")).calls;
  const answered = rows(page).filter({ hasText: "answered" });
  await answered.getByRole("button", { name: /^Details/ }).click();
  await answered.locator(".whole").getByText("Not protected: anybody on the way can listen").waitFor();
  await answered.getByText(row.outcome).waitFor();
  await answered.getByText(new RegExp(`${row.packets.sent}\\W*sent, \\W*${row.packets.received}\\W*received`)).waitFor();
  // A row that is opened stays so when another call ends.
  await called(false);
  await count(page, 4);
  await answered.getByText(row.outcome).waitFor();

  await page.getByRole("searchbox").fill("nobody");
  await page.getByText("No such calls.").waitFor();
  await page.getByRole("searchbox").fill("bob@");
  await count(page, 4);
  await page.getByLabel("What became of it").selectOption("missed");
  await count(page, 3);
  const tab = await beside(page, alice, "past/calls");
  await count(tab, 4);
  await page.getByRole("button", { name: "Forget these calls" }).click();
  await page.getByRole("group", { name: /Forget every call that/ }).getByRole("button", { name: "Forget" }).click();
  await page.getByText(/3\W+calls were forgotten/).waitFor();
  await count(tab, 1);
  assert.deepEqual((await alice.run("history")).calls.map((one) => one.result), ["answered"]);
  await page.getByRole("searchbox").fill("");
  await page.getByLabel("What became of it").selectOption("whatever became of it");
  await page.getByRole("button", { name: "Forget the whole history" }).click();
  await page.getByRole("group", { name: /Forget every call\?/ }).getByRole("button", { name: "Forget" }).click();
  await page.getByText("No calls yet.").waitFor();
  assert.deepEqual((await alice.run("history")).calls, []);
  [page, tab].forEach(well);
  await page.context().close();
});

test("from a row one calls again, asks first, and saves a contact", async () => {
  await called(true);
  const page = await at("past/calls");
  await page.getByRole("button", { name: /^Details/ }).first().click();
  await page.getByRole("link", { name: /^Save as contact/ }).click();
  assert.equal(await page.getByLabel("SIP address", { exact: true }).inputValue(), bob.entity);
  await page.getByLabel("Name", { exact: true }).fill("Bob");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: "Ask first: Bob" }).waitFor();
  await page.evaluate(() => (location.hash = "past/calls"));
  await rows(page).getByText("Bob", { exact: true }).first().waitFor();
  await page.getByRole("button", { name: /^Details/ }).first().click();
  await page.getByRole("button", { name: "Ask first: Bob" }).click();
  await page.getByRole("heading", { name: /review before you talk/ }).waitFor();
  await page.getByRole("button", { name: "Register", exact: true }).click();
  await page.getByText("Registered", { exact: true }).waitFor();
  await page.evaluate(() => (location.hash = ""));
  await page.getByRole("button", { name: /Call .*Bob.* again/ }).first().click();
  await page.getByText("talking").waitFor();
  await page.getByRole("button", { name: "Hang up" }).click();
  await page.getByRole("button", { name: "Call again" }).waitFor();
  await alice.run("contact", "remove", "Bob");
  well(page);
  await page.context().close();
});

test("texts go there and come, and it is said who can read them", async () => {
  const page = await at("past/messages");
  await page.getByText(/Everybody on the way can read texts/).waitFor();
  await page.getByLabel("To whom").fill(bob.entity);
  await page.getByLabel("Text", { exact: true }).fill("Supper at <b>eight</b>?");
  await page.getByRole("button", { name: "Send, readable on the way" }).click();
  const talk = page.getByRole("list", { name: "Texts" });
  await talk.getByText("Supper at <b>eight</b>?").waitFor();
  await talk.getByText(/· delivered/).waitFor();
  assert.equal(await page.getByLabel("Text", { exact: true }).inputValue(), "");
  assert.equal((await bob.run("message")).messages.at(-1).text, "Supper at <b>eight</b>?");
  await bob.run("message", alice.entity, "Yes,", "gladly");
  await talk.getByText("Yes, gladly").waitFor();
  await talk.getByText(/· received/).waitFor();
  well(page);
  await page.context().close();
});

test("where a peer's packets must be encrypted, a text goes only if anybody may read it", async () => {
  await alice.run("ask", bob.entity, "--approve", "ipsec esp/transport//require");
  const page = await at(`past/messages/${encodeURIComponent(bob.entity)}`);
  await page.getByLabel("Text", { exact: true }).fill("hush");
  await page.getByRole("button", { name: "Send, readable on the way" }).click();
  const all = page.getByRole("button", { name: "Send it all the same" });
  await all.waitFor();
  assert.ok((await bob.run("message")).messages.every((one) => one.text !== "hush"));
  await all.click();
  await page.getByText("hush").last().waitFor();
  await until(async () => (await bob.run("message")).messages.some((one) => one.text === "hush"));
  page.wrong = page.wrong.filter((what) => !/status of 4\d\d/.test(what));
  well(page);
  await page.context().close();
});

for (const [width, colorScheme] of [[360, "dark"], [1440, "light"]]) {
  test(`calls and texts at ${width} px, ${colorScheme}`, async () => {
    const page = await at("past/calls", { viewport: { width, height: 800 }, colorScheme });
    await page.getByRole("button", { name: /^Details/ }).first().click();
    await page.getByRole("button", { name: "Forget the whole history" }).click();
    await looksWell(page, "calls");
    await page.getByRole("link", { name: "Texts" }).click();
    await page.getByRole("navigation", { name: "With whom" }).getByRole("link", { name: /bob/ }).click();
    await page.getByRole("list", { name: "Texts" }).waitFor();
    await looksWell(page, "texts");
    well(page);
    await page.context().close();
  });
}
