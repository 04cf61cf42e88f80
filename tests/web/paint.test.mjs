// How soon something is seen: the goal is 100 ms on loopback.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Agent } from "./agent.mjs";
import { launch, open, well } from "./browser.mjs";

/** Milliseconds; machines that test do other things beside it. */
const MOST = 1000;
const LOADS = 9;

let browser, alice;

before(async () => {
  browser = await launch();
  alice = await (await Agent.make("alice")).start();
});

after(async () => {
  await browser?.close();
  await alice?.stop();
});

/** When the first content was painted, after the page was asked for. */
const painted = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve) => {
        new PerformanceObserver((list) => list.getEntriesByName("first-contentful-paint").forEach((entry) => resolve(entry.startTime))).observe({ type: "paint", buffered: true });
      }),
  );

test("something is painted at once", async (context) => {
  const page = await open(browser, alice);
  const [first, whole] = [[], []];
  for (let load = 0; load < LOADS; load += 1) {
    await page.reload();
    await page.getByRole("heading", { level: 1 }).waitFor();
    whole.push(await page.evaluate(() => performance.now()));
    first.push(await painted(page));
  }
  const median = (times) => Math.round(times.sort((one, other) => one - other)[Math.floor(LOADS / 2)]);
  context.diagnostic(`first contentful paint ${median(first)} ms, the whole page ${median(whole)} ms (medians of ${LOADS})`);
  assert.ok(median(first) < MOST, `${first}`);
  well(page);
  await page.context().close();
});
