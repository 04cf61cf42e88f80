// How it looks and how it is used: small and large, light and dark, by keyboard alone, and by axe's rules (WCAG 2.2 AA).

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Agent } from "./agent.mjs";
import { launch, open, well } from "./browser.mjs";
import { looksWell } from "./looks.mjs";

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

for (const width of [360, 1440]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`start, review and call at ${width} px, ${colorScheme}`, async () => {
      const page = await open(browser, alice, { viewport: { width, height: 800 }, colorScheme });
      await looksWell(page, "start");
      await page.getByLabel("SIP address, IP address, number or contact").fill(bob.entity);
      await page.getByRole("button", { name: "Ask first" }).click();
      await page.getByRole("heading", { name: /review before you talk/ }).waitFor();
      await page.getByText("Every field").click();
      await page.getByRole("table", { name: "What your choice means" }).waitFor();
      await looksWell(page, "review");
      await page.getByRole("button", { name: /Register and/ }).click();
      await page.getByText("talking").waitFor();
      await looksWell(page, "call");
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

test("by keyboard alone: ask and refuse", async () => {
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
  // What came a moment ago is no aim of any key.
  await page.locator("button:enabled", { hasText: "Refuse" }).waitFor();
  await reach(/^Refuse$/);
  await press("Enter");
  await page.getByText("Refused", { exact: true }).waitFor();
  well(page);
  await page.context().close();
});
