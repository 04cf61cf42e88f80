// How it looks and how it is used: small and large, light and dark, by keyboard alone, and by axe's rules (WCAG 2.2 AA).

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { Agent } from "./agent.mjs";
import { launch, open, well } from "./browser.mjs";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
// An agent of ours says nothing that cannot be seen of itself, and shows nothing of the kind that others say (`ui::cli::screen::tests`, hostile).
const HOSTILE = "Bob<img src=x onerror=alert(1)><script>alert(2)</script>{{1}}";

let browser, alice, bob;

before(async () => {
  browser = await launch();
  alice = await (await Agent.make("alice", '[audio]\ninput = "tone:440"\n')).start();
  bob = await Agent.make("bob", '[answer]\nmode = "auto"\n[watchers]\nunknown = "place"\n[policy]\ndefault = ["spdadd any any udp -P out none;"]\n');
  await bob.start();
  assert.equal((await bob.run("presence", "set", "--user", HOSTILE, "--place", HOSTILE)).error, undefined);
  await alice.run("ask", bob.entity, "--approve", "none").catch(() => {});
});

after(async () => {
  await browser?.close();
  await Promise.all([alice?.stop(), bob?.stop()]);
});

/** What axe says of the page as it is. */
async function violations(page) {
  // The page's own policy lets no text become a script: axe is put in by the tools of the browser.
  const client = await page.context().newCDPSession(page);
  await client.send("Page.setBypassCSP", { enabled: true });
  await client.send("Runtime.evaluate", { expression: AXE });
  const found = await page.evaluate((rules) => globalThis.axe.run(document, { runOnly: { type: "tag", values: rules } }), RULES);
  return found.violations.map((rule) => `${rule.id}: ${rule.nodes.map((node) => node.target.join(" ")).join(", ")}`);
}

async function overflows(page) {
  return page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
}

for (const width of [360, 1440]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`start, review and call at ${width} px, ${colorScheme}`, async () => {
      const page = await open(browser, alice, { viewport: { width, height: 800 }, colorScheme });
      assert.deepEqual(await violations(page), [], "start");
      assert.ok(!(await overflows(page)), "the start is wider than the window");
      await page.getByLabel("SIP address, IP address, number or contact").fill(bob.entity);
      await page.getByRole("button", { name: "Ask first" }).click();
      await page.getByRole("heading", { name: /review before you talk/ }).waitFor();
      await page.getByText("Every field").click();
      await page.getByRole("table", { name: "What your choice means" }).waitFor();
      assert.deepEqual(await violations(page), [], "review");
      assert.ok(!(await overflows(page)), "the review is wider than the window");
      await page.getByRole("button", { name: /Register and/ }).click();
      await page.getByText("talking").waitFor();
      assert.deepEqual(await violations(page), [], "call");
      assert.ok(!(await overflows(page)), "the call is wider than the window");
      await page.getByRole("button", { name: "Hang up" }).click();
      await page.getByRole("button", { name: "Call again" }).waitFor();
      well(page);
      await page.context().close();
    });
  }
}

test("what a peer writes stays text", async () => {
  const page = await open(browser, alice);
  page.on("dialog", () => assert.fail("a script of the peer ran"));
  await page.getByLabel("SIP address, IP address, number or contact").fill(bob.entity);
  await page.getByRole("button", { name: "Ask first" }).click();
  await page.getByRole("heading", { name: /review before you talk/ }).waitFor();
  const text = await page.locator("main").innerText();
  assert.match(text, /<img src=x onerror=alert\(1\)>/);
  assert.equal(await page.locator("main img, main script").count(), 0);
  well(page);
  await page.context().close();
});

test("by keyboard alone: ask, choose, register", async () => {
  const page = await open(browser, alice);
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const reach = async (name) => {
    for (let at = 0; at < 60; at += 1) {
      const focused = await page.evaluate(() => document.activeElement.innerText || document.activeElement.id || document.activeElement.value);
      if (name.test(focused ?? "")) return;
      await press("Tab");
    }
    assert.fail(`the Tab key does not come to ${name}`);
  };
  await reach(/^peer$/);
  await page.keyboard.type(bob.entity);
  await press("Enter");
  await page.getByRole("heading", { name: /review before you talk/ }).waitFor();
  await reach(/^Refuse$/);
  await press("Enter");
  await page.getByText("Refused", { exact: true }).waitFor();
  well(page);
  await page.context().close();
});
