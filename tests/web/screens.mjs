// make screens: the pictures of docs/screens/, of the real page. Alice is in the office, Bob outside, in networks of namespaces (needs root).

import { mkdir } from "node:fs/promises";
import path from "node:path";
import { Agent } from "./agent.mjs";
import { launch, open } from "./browser.mjs";
import { Network, OFFICE_GATEWAY } from "./network.mjs";

const FOLDER = path.resolve(path.dirname(new URL(import.meta.url).pathname), "../../docs/screens");
const OFFICE = `[[place]]\nname = "office"\nscope = "private"\nnetworks = ["192.168.1.0/24"]\ngateways = ["${OFFICE_GATEWAY}"]\n`;
const ALICE = `[audio]\ninput = "tone:440"\n${OFFICE}`;
const BOB = '[answer]\nmode = "auto"\n[audio]\ninput = "tone:700"\n[watchers]\nunknown = "place"\n[policy]\ndefault = ["spdadd any any udp -P out none;"]\n';

const DESK = { width: 1440, height: 900 };
const TELEPHONE = { width: 390, height: 844 };
/** Nothing moves while a picture is taken. */
const STILL = { reducedMotion: "reduce" };

/** What the window shows. */
async function take(page, name) {
  await page.evaluate(() => (document.activeElement?.blur(), window.scrollTo(0, 0)));
  await page.screenshot({ path: path.join(FOLDER, `${name}.png`), animations: "disabled", caret: "hide" });
}

const go = async (page, way, heading) => {
  await page.evaluate((hash) => (location.hash = hash), way);
  await page.getByRole("heading", { level: 1, name: heading }).waitFor();
};

async function ask(page, bob) {
  await page.getByLabel("SIP address, IP address, number or contact").fill(bob.entity);
  await page.getByRole("button", { name: "Ask first" }).click();
  await page.getByRole("heading", { name: /review before you talk/ }).waitFor();
}

async function all(browser, alice, bob) {
  const page = await open(browser, alice, { ...STILL, viewport: DESK });
  await page.getByLabel("SIP address, IP address, number or contact").fill(bob.entity);
  await take(page, "start");
  await go(page, "guide", /./);
  await take(page, "guide");
  await go(page, "", "Whom would you like to talk to?");
  await ask(page, bob);
  await page.getByRole("radio", { name: "Encrypted and authenticated, always" }).check();
  await page.getByRole("table", { name: "What your choice means" }).getByText("tighter").first().waitFor();
  // What the choice means is known, and so it can be registered.
  await page.locator("button:enabled", { hasText: "Register and call" }).waitFor();
  await take(page, "review");
  await page.emulateMedia({ colorScheme: "dark" });
  await take(page, "review-dark");
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize(TELEPHONE);
  await take(page, "review-telephone");
  await page.setViewportSize(DESK);
  await page.getByRole("button", { name: "Register and call" }).click();
  const security = page.getByRole("status", { name: "What protects this call" });
  await security.getByText(/Encrypted and authenticated/).waitFor();
  await page.getByText("talking").first().waitFor();
  await page.getByText(/MOS/).first().waitFor();
  await take(page, "call");
  await page.getByRole("button", { name: "Hang up" }).first().click();
  await page.getByRole("button", { name: "Call again" }).waitFor();
  await go(page, "policies", /./);
  await page.getByText("Encrypted and authenticated, always").first().waitFor();
  await take(page, "policies");
  await alice.run("contact", "add", "Bob", bob.entity);
  await go(page, "people/contacts", /./);
  await page.getByRole("listitem").filter({ hasText: "Bob" }).first().waitFor();
  await take(page, "people");
}

async function main() {
  await mkdir(FOLDER, { recursive: true });
  const network = await Network.make("alice", "bob");
  const made = [];
  try {
    for (const [name, rest, place, address] of [["alice", ALICE, "office", "192.168.1.1"], ["bob", BOB, "public", "133.134.10.10"]])
      made.push(await (await Agent.make(name, rest, await network.plug(name, place, address))).start());
    const browser = await launch(await network.chromium("alice"));
    made.push({ stop: () => browser.close() });
    await all(browser, ...made);
  } finally {
    for (const one of made.reverse()) await one.stop();
    await network.remove();
  }
}

await main();
