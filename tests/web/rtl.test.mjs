// The page in a language that is written from right to left: nothing hangs over, and what is written from left to right everywhere stays so.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Agent } from "./agent.mjs";
import { launch, open, well } from "./browser.mjs";
import { looksWell } from "./looks.mjs";

let browser, alice, bob;

before(async () => {
  browser = await launch();
  alice = await (await Agent.make("alice", '[audio]\ninput = "tone:440"\n')).start();
  bob = await (await Agent.make("bob", '[answer]\nmode = "auto"\n[watchers]\nunknown = "place"\n[policy]\ndefault = ["spdadd any any udp -P out none;"]\n')).start();
});

after(async () => {
  await browser?.close();
  await Promise.all([alice?.stop(), bob?.stop()]);
});

/** What is seen of these in another direction than from left to right: addresses of SIP and IP, keys, lines of setkey, times that run, decibels. */
function turned() {
  const fixed = /sips?:\S+@|spdadd |ipsec |\b[0-9a-f]{8}[ :][0-9a-f]{8}|^\+?\d+:\d\d|\d dB|\d+\.\d+\.\d+\.\d+/;
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const element = node.parentElement;
    // Within a sentence of ours Fluent puts it between marks that isolate it.
    const alone = node.data.replaceAll(/\u2068[^\u2069]*\u2069/g, "");
    if (fixed.test(alone) && element.checkVisibility() && getComputedStyle(element).direction !== "ltr") found.push(`${element.tagName}.${element.className}: ${node.data}`);
  }
  for (const field of document.querySelectorAll("input, textarea")) {
    if (fixed.test(field.value) && field.checkVisibility() && getComputedStyle(field).direction !== "ltr") found.push(`${field.tagName}#${field.id}: ${field.value}`);
  }
  return found;
}

async function readsWell(page, what) {
  await page.evaluate(() => (document.documentElement.dir = "rtl"));
  await looksWell(page, what);
  assert.deepEqual(await page.evaluate(turned), [], what);
  if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${what}-${page.viewportSize().width}.png`, fullPage: true });
}

for (const width of [390, 1440]) {
  test(`start, review, call, policies and settings from right to left at ${width} px`, async () => {
    const page = await open(browser, alice, { viewport: { width, height: 800 } });
    await page.getByLabel("SIP address, IP address, number or contact").fill(bob.entity);
    await readsWell(page, "start");
    await page.getByRole("button", { name: "Ask first" }).click();
    await page.getByRole("heading", { name: /review before you talk/ }).waitFor();
    await page.getByText("Every field").click();
    await page.getByRole("table", { name: "What your choice means" }).waitFor();
    await page.locator(".presence summary").first().click();
    await readsWell(page, "review");
    // It is read from left to right, and begins where the cell does.
    const gap = await page.locator(".differences td > code").first().evaluate((code) => code.parentElement.getBoundingClientRect().right - code.getBoundingClientRect().right);
    assert.ok(gap < 20, `${gap} px off the start`);
    await page.getByRole("button", { name: /Register and/ }).click();
    await page.getByText("talking").waitFor();
    await page.getByRole("timer").waitFor();
    await readsWell(page, "call");
    const [one, two] = await Promise.all(["1", "2"].map((name) => page.getByRole("button", { name, exact: true }).boundingBox()));
    assert.ok(one.x < two.x, "the keys stand as on every telephone");
    await page.getByRole("button", { name: "Hang up" }).click();
    await page.getByRole("button", { name: "Call again" }).waitFor();
    await page.goto(`${alice.door}/#policies/entries`);
    await page.getByText("Default for everybody else").waitFor();
    await readsWell(page, "policies");
    await page.goto(`${alice.door}/#past/calls`);
    await page.getByRole("main").getByRole("button", { name: /^Details/ }).first().click();
    await readsWell(page, "past");
    for (const tab of ["you", "accounts", "places", "sound", "agent"]) {
      await page.goto(`${alice.door}/#settings/${tab}`);
      await page.getByRole("main").locator(".card").first().waitFor();
      await readsWell(page, tab);
    }
    well(page);
    await page.context().close();
  });
}
