// The first minutes: offered once, in steps that can be left out and come back to, and followed through review and call.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Agent } from "./agent.mjs";
import { launch, open, well } from "./browser.mjs";
import { looksWell } from "./looks.mjs";

let browser, alice;

before(async () => {
  browser = await launch();
  alice = await (await Agent.make("alice", '[audio]\ninput = "tone:440"\n')).start();
});

after(async () => {
  await browser?.close();
  await alice?.stop();
});

/** What the page asks the echo goes to `peer`. */
const instead = (page, peer) =>
  page.route("**/v1/asks", (route) => {
    const body = route.request().method() === "POST" && route.request().postDataJSON();
    if (!body) return route.fallback();
    assert.equal(body.peer, "sip:echo@localhost");
    return route.continue({ postData: JSON.stringify({ ...body, peer }) });
  });

async function leave(page) {
  well(page);
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.context().close();
}

/** Our own tone comes back: it is loud at our ear. */
async function heard() {
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    const { levels } = (await alice.run("calls")).calls.at(-1);
    if (levels?.output.some(({ rms }) => rms > -30)) return;
  }
  assert.fail("nothing comes back");
}

const step = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();

test("it is offered on the start, until somebody wants it never", async () => {
  const page = await open(browser, alice);
  await page.getByRole("heading", { name: "New here?" }).waitFor();
  await page.getByRole("button", { name: "Do not offer it again" }).click();
  await page.getByRole("heading", { name: "New here?" }).waitFor({ state: "detached" });
  const history = page.waitForResponse(/\/v1\/history/);
  await page.reload();
  await history;
  assert.equal(await page.getByRole("heading", { name: "New here?" }).count(), 0);
  await page.evaluate(() => (location.hash = "settings/agent"));
  await page.getByRole("link", { name: "Go through the first steps" }).click();
  await step(page, "What are you called?");
  await leave(page);
});

test("steps are done, left out and come back to, and the agent has what was said", async () => {
  const page = await open(browser, alice);
  await page.getByRole("link", { name: "Show me" }).click();
  await step(page, "What are you called?");
  // Whoever uses a screen reader hears where this is.
  await page.waitForFunction(() => document.activeElement.tagName === "H1");
  await page.getByLabel("Your name").fill("Alice Liddell");
  await page.getByRole("button", { name: "Save and go on" }).click();
  await step(page, "Where are you?");
  await page.getByLabel("This place is called").fill("Study");
  await page.getByRole("button", { name: "Save and go on" }).click();
  await step(page, "Do you hear, and are you heard?");
  const own = (await alice.run("presence", "list")).presences[0];
  assert.deepEqual([own.user, own.place], ["Alice Liddell", "Study"]);
  await page.getByRole("link", { name: "Leave this out" }).click();
  await step(page, "An account, if you want one");
  await page.getByRole("link", { name: "Back", exact: true }).click();
  await step(page, "Do you hear, and are you heard?");
  const progress = page.getByRole("navigation", { name: "Steps of the guide" });
  assert.equal(await progress.getByText("done", { exact: true }).count(), 2);
  await progress.getByRole("link", { name: "Name" }).click();
  await step(page, "What are you called?");
  assert.equal(await page.getByLabel("Your name").inputValue(), "Alice Liddell");
  // The guide holds nobody up: what is left for another time is gone on with.
  await page.getByRole("link", { name: "Start" }).click();
  await page.getByRole("link", { name: "Go on with the guide" }).click();
  await step(page, "Do you hear, and are you heard?");
  await leave(page);
});

test("an echo that does not answer is told, and the step can be left out", async () => {
  const page = await open(browser, alice);
  await instead(page, "sip:nobody@127.0.0.1:1");
  await page.evaluate(() => (location.hash = "guide/echo"));
  await page.getByRole("button", { name: "Ask the echo" }).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("That came to nothing. Ask again").waitFor();
  await page.getByRole("link", { name: "Leave this out" }).click();
  await step(page, "That is all");
  await leave(page);
});

test("ask, review, tighten, call, hear, with the way back in sight", async () => {
  const page = await open(browser, alice);
  await page.evaluate(() => (location.hash = "guide/echo"));
  await page.getByRole("button", { name: "Ask the echo" }).click();
  const line = page.getByRole("complementary", { name: "Guide" });
  await page.getByRole("heading", { name: /review before you talk/ }).waitFor();
  await page.getByText("built in: it is this program’s own").waitFor();
  await line.getByText(/Tighten the policy: choose .*Encrypted and authenticated, always/).waitFor();
  await line.getByRole("link", { name: "Back to the guide" }).click();
  await step(page, "Talk to yourself, protected");
  await page.getByRole("button", { name: "Go on there" }).click();
  await page.getByRole("radio", { name: "Encrypted and authenticated, always" }).check();
  await page.getByRole("button", { name: "Register and call" }).click();
  await line.getByText(/Say something: you hear yourself/).waitFor();
  await page.getByText("Encrypted and authenticated, from device to device").waitFor();
  await heard();
  await page.reload();
  await line.getByText(/Say something: you hear yourself/).waitFor();
  await page.getByRole("button", { name: "Hang up" }).click();
  await line.getByText("That was your first protected call.").waitFor();
  await line.getByRole("button", { name: "Finish" }).click();
  await step(page, "That is all");
  assert.equal(await line.count(), 0);
  const [call] = (await alice.run("calls")).calls;
  assert.equal(call.action, "ipsec esp/transport//require");
  await leave(page);
});

test("on a telephone the line of the guide is small, says who is who in the table below it, and goes when the call is over", async () => {
  const page = await open(browser, alice, { viewport: { width: 390, height: 844 } });
  await page.evaluate(() => (location.hash = "guide/echo"));
  await page.getByRole("button", { name: "Ask the echo" }).click();
  const line = page.getByRole("complementary", { name: "Guide" });
  const small = async (what) => {
    const { height } = await line.boundingBox();
    assert.ok(height <= 110, `${what}: ${height} px`);
    const buttons = await line.locator("a, button").all();
    for (const one of buttons) assert.ok((await one.boundingBox()).height >= 24, "one can hit it");
    await looksWell(page, what);
  };
  await page.getByRole("heading", { name: /^.?Echo.?: review before you talk/ }).waitFor();
  await line.getByText(/Tighten the policy/).waitFor();
  await small("the line in the review");
  // The heads of its columns are not in sight: each value says whose it is.
  const row = page.getByRole("table", { name: "What your choice means" }).locator("tbody tr").first();
  await row.waitFor();
  assert.deepEqual((await row.innerText()).match(/Your choice|They ask|Registered now/g), ["Your choice", "They ask", "Registered now"]);
  await page.getByRole("radio", { name: "Encrypted and authenticated, always" }).check();
  await page.getByRole("button", { name: "Register and call" }).click();
  await line.getByText(/Say something: you hear yourself/).waitFor();
  await page.getByRole("heading", { level: 1, name: "Echo", exact: true }).waitFor();
  await small("the line in the call");
  await page.getByRole("button", { name: "Hang up" }).click();
  await line.getByText("That was your first protected call.").waitFor();
  await small("the line after the call");
  await page.getByRole("link", { name: "Start", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Whom would you like to talk to?" }).waitFor();
  await line.waitFor({ state: "detached" });
  await page.getByText("Echo", { exact: true }).first().waitFor();
  assert.equal(await page.getByText("echo", { exact: true }).count(), 0, "it has one name");
  await page.goBack();
  await page.getByRole("heading", { level: 1, name: "Echo" }).waitFor();
  assert.equal(await line.count(), 0, "it does not come back");
  await leave(page);
});

test("a talk that was not protected is not called so, and the step is not done", async () => {
  const page = await open(browser, alice);
  await page.evaluate(() => localStorage.removeItem("guide"));
  await alice.run("policy", "undo");
  await page.evaluate(() => (location.hash = "guide/echo"));
  await page.getByRole("button", { name: "Ask the echo" }).click();
  const line = page.getByRole("complementary", { name: "Guide" });
  await page.getByRole("heading", { name: /review before you talk/ }).waitFor();
  await page.getByRole("radio", { name: "Not protected: anybody on the way can listen" }).check();
  await page.getByText("That is too little.").last().waitFor();
  await page.getByRole("button", { name: "Register and call" }).click();
  await line.getByText(/Say something: you hear yourself/).waitFor();
  await page.getByRole("button", { name: "Hang up" }).click();
  await line.getByText("That call was not protected.").waitFor();
  assert.deepEqual(await page.evaluate(() => JSON.parse(localStorage.getItem("guide"))?.done ?? []), []);
  await leave(page);
});

for (const [width, colorScheme] of [[360, "dark"], [1440, "light"]]) {
  test(`every step at ${width} px, ${colorScheme}`, async () => {
    const page = await open(browser, alice, { viewport: { width, height: 800 }, colorScheme });
    for (const [name, title] of Object.entries({ name: "What are you called?", place: "Where are you?", sound: "Do you hear, and are you heard?", account: "An account, if you want one", echo: "Talk to yourself, protected", end: "That is all" })) {
      await page.evaluate((to) => (location.hash = `guide/${to}`), name);
      await step(page, title);
      if (name === "sound") {
        // This agent has no sound device: nothing is promised that nobody hears.
        await page.getByText("Calls work without a sound device too").waitFor();
        assert.equal(await page.getByText("Test the sound").count(), 0);
      }
      await looksWell(page, name);
    }
    await leave(page);
  });
}
