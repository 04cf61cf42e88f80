// One Chromium for all tests of a file, and pages in it that are watched: an error in the console fails its test, and so does a request to
// anywhere but the agent.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

// Without these it asks its maker for news, and as root it has no sandbox.
const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** Whatever is waited for is there by then. */
const PATIENCE_MS = 15_000;

export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

export function launch(executablePath = CHROMIUM) {
  return chromium.launch({ executablePath, args: ARGS });
}

/** A page of `agent` in a profile of its own. `page.wrong` has what went wrong in it. */
export async function open(browser, agent, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en", ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  watch(page, agent);
  if (process.env.PAGE_FILES) await serve(page, agent, process.env.PAGE_FILES);
  await page.goto(await agent.invitation());
  await page.getByRole("heading", { level: 1 }).waitFor();
  return page;
}

/** Another tab of the same browser, which needs no invitation; there, at that place of the page. */
export async function beside(page, agent, way) {
  const tab = await page.context().newPage();
  watch(tab, agent);
  if (process.env.PAGE_FILES) await serve(tab, agent, process.env.PAGE_FILES);
  await tab.goto(`${agent.door}/#${way}`);
  await tab.getByRole("heading", { level: 1 }).waitFor();
  return tab;
}

/** What `look` finds, as soon as it is there. */
export async function until(look) {
  const end = Date.now() + 15_000;
  while (Date.now() < end) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`never: ${look}`);
}

/** For whoever changes the page: its files come from `folder`, as they are now, and not from the program. */
async function serve(page, agent, folder) {
  // By a program of its own: the agent may be in another namespace than this.
  const [program, ...rest] = [...agent.enter, "curl", "-sI", `${agent.door}/`];
  const { stdout } = await promisify(execFile)(program, rest);
  const policy = /^content-security-policy: *(.*?)\r?$/im.exec(stdout)[1];
  const answer = async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname.startsWith("/v1/")) return route.fallback();
    const name = pathname === "/" ? "index.html" : pathname.slice(1);
    const contentType = { html: "text/html", js: "text/javascript", css: "text/css", svg: "image/svg+xml" }[name.split(".").pop()] ?? "text/plain";
    const headers = { "content-security-policy": policy, "content-type": `${contentType}; charset=utf-8` };
    return route.fulfill({ headers, body: await content(folder, name) });
  };
  // A page that is closed meanwhile wants no answer.
  const unlessClosed = (error) => {
    if (!page.isClosed()) throw error;
  };
  await page.route(`${agent.door}/**`, (route) => answer(route).catch(unlessClosed));
}

/** The program makes one of them by itself, of another. */
async function content(folder, name) {
  if (name !== "words/said.ftl") return readFile(path.join(folder, name));
  const english = await readFile(path.join(folder, "words/en.ftl"), "utf8");
  return english.split("\n").filter((line) => line.startsWith("said-")).join("\n");
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
  return new RegExp(`^\\s*\\u2068?${plain.replaceAll(" ", "[\\u2068\\u2069]? [\\u2068\\u2069]?").replaceAll("\\.", "[\\u2069]?\\.")}[\\u2069]?\\s*$`);
}

export function well(page) {
  assert.deepEqual(page.wrong, []);
}
