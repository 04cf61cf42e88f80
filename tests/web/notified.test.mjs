// Who does not look at the page is told by the browser: of a call that rings, and of a review that waits.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Agent } from "./agent.mjs";
import { launch, open, until, well } from "./browser.mjs";
import { like } from "./like.mjs";

const ESP = "ipsec esp/transport//require";

let browser, alice, bob;

before(async () => {
  browser = await launch();
  [alice, bob] = await Promise.all(["alice", "bob"].map((name) => Agent.make(name, '[watchers]\nunknown = "place"\n')));
  await Promise.all([alice, bob].map((agent) => agent.start()));
});

after(async () => {
  await browser?.close();
  await Promise.all([alice, bob].map((agent) => agent?.stop()));
});

/** The page goes to the background, where the browser would show notifications: here they are kept, to be looked at and clicked. */
const hide = (page) =>
  page.evaluate(() => {
    globalThis.told = [];
    globalThis.Notification = class {
      static permission = "granted";
      constructor(title, { tag }) {
        Object.assign(this, { title, tag, close() {} });
        globalThis.told.push(this);
      }
    };
    Object.defineProperty(document, "hidden", { value: true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });

const told = (page) => page.evaluate(() => globalThis.told.map(({ title, tag }) => ({ title, tag })));

test("a call that rings and a review that waits are notified while nobody looks, and a click leads there", async () => {
  const page = await open(browser, bob);
  // Whoever looks is not told.
  const before = alice.run("call", bob.entity, "--approve", ESP).catch(() => {});
  await page.getByRole("button", { name: "Reject", exact: true }).click();
  await before;
  await hide(page);
  const called = alice.run("call", bob.entity, "--approve", ESP).catch(() => {});
  const [call] = await until(async () => (await told(page)).length && told(page));
  assert.match(call.title, like("alice is calling"));
  assert.match(call.tag, /^call\/c\d+$/);
  await page.evaluate(() => globalThis.told[0].onclick());
  await page.getByRole("button", { name: "Reject", exact: true }).first().click();
  await called;
  await bob.run("ask", alice.entity);
  const review = await until(async () => (await told(page)).find((one) => one.tag.startsWith("review/")));
  assert.match(review.title, /review/i);
  await page.evaluate(() => globalThis.told.at(-1).onclick());
  await page.getByRole("heading", { name: /review before you talk/ }).waitFor();
  assert.equal((await told(page)).length, 2, "each once");
  well(page);
  await page.context().close();
});
