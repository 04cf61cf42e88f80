// The page itself: who is let in, what it asks for, and that it goes on when the agent does.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { Agent } from "./agent.mjs";
import { launch, open, text, watch, well } from "./browser.mjs";

let browser, alice, bob;

before(async () => {
  browser = await launch();
  alice = await (await Agent.make("alice")).start();
  bob = await (await Agent.make("bob", '[answer]\nmode = "auto"\n')).start();
});

after(async () => {
  await browser?.close();
  await Promise.all([alice?.stop(), bob?.stop()]);
});

test("the code opens one page once, and stands in no address afterwards", async () => {
  const url = await alice.invitation();
  const context = await browser.newContext();
  const page = await context.newPage();
  watch(page, alice);
  await page.goto(url);
  await page.getByRole("heading", { name: "Whom would you like to talk to?" }).waitFor();
  assert.equal(page.url(), `${alice.door}/`);
  await page.reload();
  await page.getByRole("heading", { name: "Whom would you like to talk to?" }).waitFor();
  // Another tab of the same browser needs no code; another browser with the used one is not let in.
  const tab = await context.newPage();
  watch(tab, alice);
  await tab.goto(`${alice.door}/`);
  await tab.getByRole("heading", { name: "Whom would you like to talk to?" }).waitFor();
  const stranger = await (await browser.newContext()).newPage();
  await stranger.goto(url);
  await stranger.getByText("This page was not opened by you").waitFor();
  well(page);
  well(tab);
  await context.close();
});

test("no log and no file that the agent leaves has the code or the session", async () => {
  const agent = await Agent.make("erin");
  let logged = "";
  await agent.start({ SOTTOVOCE_LOG: "trace" }, (text) => (logged += text));
  const url = await agent.invitation();
  const code = /#code=(\w+)/.exec(url)[1];
  const page = await open(browser, { ...agent, door: agent.door, invitation: async () => url });
  const session = await page.evaluate(() => sessionStorage.getItem("session"));
  assert.ok(session.length > 30 && code.length > 20);
  const folder = path.join(agent.dir, "data");
  const names = await readdir(folder, { recursive: true });
  assert.ok(names.some((name) => name.endsWith(".db")), `${names}`);
  for (const name of names) {
    const kept = await readFile(path.join(folder, name), "latin1").catch((error) => (["EISDIR", "ENXIO"].includes(error.code) ? "" : Promise.reject(error)));
    for (const secret of [session, code]) assert.ok(!kept.includes(secret), name);
  }
  assert.ok(!names.some((name) => name.startsWith("page")), "what led to the code is gone");
  const audit = JSON.stringify(await agent.run("audit"));
  assert.ok(logged.length > 100, "it logs");
  for (const secret of [session, code]) assert.ok(!audit.includes(secret) && !logged.includes(secret));
  await page.context().close();
  await agent.stop();
});

test("two pages stay in step, and the first answer wins", async () => {
  const [one, other] = [await open(browser, alice), await open(browser, alice)];
  await one.getByLabel("SIP address, IP address, number or contact").fill(bob.entity);
  await one.getByRole("button", { name: "Ask first" }).click();
  await one.getByRole("heading", { name: /review before you talk/ }).waitFor();
  await other.getByRole("link", { name: /bob.*Waiting for you/ }).click();
  await other.getByRole("button", { name: "Register", exact: true }).click();
  await other.getByText("Registered", { exact: true }).waitFor();
  await one.getByText("Registered", { exact: true }).waitFor();
  await one.getByText(text("Answered by this or another page")).waitFor();
  [one, other].forEach(well);
  await Promise.all([one.context().close(), other.context().close()]);
});

test("a page that stays open for weeks keeps as much as its agent does, and what goes on", async () => {
  const page = await open(browser, alice);
  const kept = await page.evaluate(async () => {
    const { known, put } = await import("/core/store.js");
    const over = { asks: "refused", calls: "ended", messages: "delivered", proposals: "expired", reviews: "refused" };
    const open = { asks: "asking", calls: "active", messages: "sending", proposals: "waiting", reviews: "declined" };
    const found = {};
    for (const [name, state] of Object.entries(over)) {
      known[name] = [];
      put(name, { id: "open", state: open[name] });
      for (let at = 0; at < 1000; at += 1) put(name, { id: `n${at}`, state });
      // What is told of again is no newer one.
      for (let at = 0; at < 1000; at += 1) put(name, { id: "n999", state });
      found[name] = [known[name].length, known[name][0].id, known[name][1].id, known[name].at(-1).id];
      known[name] = [];
    }
    return found;
  });
  const most = (count) => [count, "open", `n${1000 - count + 1}`, "n999"];
  assert.deepEqual(kept, { asks: most(256), calls: most(256), messages: most(256), proposals: most(128), reviews: most(256) });
  well(page);
  await page.context().close();
});

test("a page says when its agent is away, and how to go on when that was started anew", async () => {
  const page = await open(browser, alice);
  await page.getByLabel("SIP address, IP address, number or contact").fill("sip:nobody@127.0.0.99");
  await page.getByRole("button", { name: "Ask first" }).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText(text("You stopped asking nobody.")).waitFor();
  await alice.kill();
  await page.getByText("The agent does not answer.").waitFor();
  await alice.start();
  // Whoever listened at its port meanwhile has heard the session: it is worth nothing any more.
  await page.getByText("the agent was started anew").waitFor();
  await page.goto(await alice.invitation());
  await page.getByRole("heading", { name: "Whom would you like to talk to?" }).waitFor();
  await page.context().close();
});

test("closed pages get no answer any more", async () => {
  const page = await open(browser, alice);
  await alice.run("page", "--close");
  await page.getByText("This page was not opened by you").waitFor();
  await page.context().close();
});
