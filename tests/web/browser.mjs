// One Chromium for all tests of a file, and pages in it that are watched: an error in the console fails its test, and so does a request to
// anywhere but the agent.

import assert from "node:assert/strict";
import { chromium } from "playwright-core";

// Without these it asks its maker for news, and as root it has no sandbox.
const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGS });
}

/** A page of `agent` in a profile of its own. `page.wrong` has what went wrong in it. */
export async function open(browser, agent, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en", ...options });
  const page = await context.newPage();
  watch(page, agent);
  await page.goto(await agent.invitation());
  await page.getByRole("heading", { level: 1 }).waitFor();
  return page;
}

export function watch(page, agent) {
  page.wrong = [];
  page.on("console", (message) => message.type() === "error" && page.wrong.push(message.text()));
  page.on("pageerror", (error) => page.wrong.push(String(error)));
  page.on("request", (request) => request.url().startsWith(`${agent.door}/`) || page.wrong.push(`asks ${request.url()}`));
}

/** A text of the page; what others wrote stands in it between marks of its direction. */
export function text(words) {
  const plain = words.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^\\s*${plain.replaceAll(" ", "[\\u2068\\u2069]? [\\u2068\\u2069]?").replaceAll("\\.", "[\\u2069]?\\.")}[\\u2069]?\\s*$`);
}

export function well(page) {
  assert.deepEqual(page.wrong, []);
}
