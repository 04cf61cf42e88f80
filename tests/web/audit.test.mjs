// The audit table: what happened, found by typing, older rows on demand, saved as it is shown.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { Agent } from "./agent.mjs";
import { launch, open, well } from "./browser.mjs";
import { like } from "./like.mjs";
import { looksWell } from "./looks.mjs";

let browser, alice;

before(async () => {
  browser = await launch();
  alice = await (await Agent.make("alice")).start();
  await alice.run("policy", "add", "spdadd any 10.0.0.1 udp -P out none;");
  // More rows than are loaded at first.
  const page = await open(browser, alice);
  await page.evaluate(async () => {
    const headers = { Authorization: `Bearer ${sessionStorage.getItem("session")}`, "Content-Type": "application/json" };
    for (let hours = 1; hours <= 110; hours += 1) await fetch("/v1/policy/entries/e1/expiry", { method: "POST", headers, body: JSON.stringify({ seconds: hours * 3600 }) });
  });
  await page.context().close();
});

after(async () => {
  await browser?.close();
  await alice?.stop();
});

async function audit(options) {
  const page = await open(browser, alice, options);
  await page.getByRole("link", { name: "History" }).click();
  await page.getByRole("navigation", { name: "History" }).getByRole("link", { name: "Audit" }).click();
  await page.getByRole("table", { name: "Audit table" }).waitFor();
  return page;
}

const rows = (page) => page.getByRole("table", { name: "Audit table" }).locator("tbody tr");

test("newest first, filtered as one types, and honest about what is not loaded", async () => {
  const page = await audit();
  assert.equal(await rows(page).count(), 100);
  const { rows: told } = await alice.run("audit", "--limit", "1");
  await rows(page).first().getByText(String(told[0].number), { exact: true }).waitFor();
  await page.getByText("Older rows are not loaded yet, and not searched.").waitFor();
  await page.getByLabel("Peer or text").fill("own entries");
  await page.getByText(like("0 of the 100 newest rows.")).waitFor();
  await page.getByRole("button", { name: like("Search 1,000 older rows") }).click();
  await page.getByText(like("1 of the 111 newest rows.")).waitFor();
  assert.equal(await page.getByText("Older rows are not loaded yet").count(), 0);
  await page.getByLabel("Peer or text").fill("");
  await page.getByLabel("Kind").selectOption("expiry");
  await page.getByText(like("110 of the 111 newest rows.")).waitFor();
  await page.getByLabel("Kind").selectOption("");
  await page.getByLabel("Peer or text").fill("OWN ENTRIES");
  await page.getByText(like("1 of the 111 newest rows.")).waitFor();
  await rows(page).getByText("Approved").waitFor();
  well(page);
  await page.context().close();
});

test("older rows on demand, new ones by themselves, and what is shown is saved", async () => {
  const page = await audit();
  await page.getByRole("button", { name: "Show older rows" }).click();
  await page.getByText(like("111 rows.")).waitFor();
  await alice.run("policy", "add", "spdadd any 10.0.0.2 udp -P out discard;");
  await page.getByText(like("112 rows.")).waitFor();
  await page.getByLabel("Peer or text").fill("10.0.0.2");
  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save this row" }).click();
  const download = await saved;
  const { rows: kept } = JSON.parse(await readFile(await download.path(), "utf8"));
  assert.deepEqual(kept, (await alice.run("audit", "--limit", "1")).rows);
  well(page);
  await page.context().close();
});

for (const [width, colorScheme] of [[360, "dark"], [1440, "light"]]) {
  test(`the audit table at ${width} px, ${colorScheme}`, async () => {
    const page = await audit({ viewport: { width, height: 800 }, colorScheme });
    await looksWell(page, "audit");
    well(page);
    await page.context().close();
  });
}

test("what a command adds to the table is there without looking again", async () => {
  const page = await audit();
  for (const name of ["Carol", "Dave"]) {
    await alice.run("contact", "add", name, `sip:${name.toLowerCase()}@192.0.2.7`);
    await rows(page).first().getByText(`${name}, group none`).waitFor();
  }
  well(page);
  await page.context().close();
});
