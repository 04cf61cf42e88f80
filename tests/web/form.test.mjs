// A review as its user works with it: what is asked for, both embodiments, every field of FIG. 8, names of one's own, what it costs.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Agent } from "./agent.mjs";
import { launch, open, until, well } from "./browser.mjs";
import { like } from "./like.mjs";

let browser, alice, bob;

before(async () => {
  browser = await launch();
  alice = await Agent.make("alice", '[watchers]\nunknown = "place"\n');
  bob = await Agent.make("bob", '[watchers]\nunknown = "place"\n[answer]\nmode = "auto"\n[policy]\ndefault = ["spdadd any any udp -P out none;"]\n');
  await Promise.all([alice, bob].map((agent) => agent.start()));
});

after(async () => {
  await browser?.close();
  await Promise.all([alice, bob].map((agent) => agent?.stop()));
});

const field = (page) => page.getByLabel("SIP address, IP address, number or contact");
const newest = async (agent) => (await agent.run("review", "list")).reviews.at(-1);
const background = (page) => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);

async function asked(options) {
  const page = await open(browser, alice, options);
  await field(page).fill(bob.entity);
  await page.getByRole("button", { name: "Ask first" }).click();
  await page.getByRole("heading", { name: /review before you talk/ }).waitFor();
  return page;
}

async function done(page) {
  well(page);
  await page.context().close();
}

test("presence alone, or policy alone, is asked for by its box; nothing at all is not asked", async () => {
  const page = await open(browser, alice);
  await field(page).fill(bob.entity);
  for (const name of ["where they are", "how packets are to be protected"]) await page.getByRole("checkbox", { name }).uncheck();
  assert.ok(await page.getByRole("button", { name: "Ask first" }).isDisabled());
  await page.getByRole("checkbox", { name: "where they are" }).check();
  await page.getByRole("button", { name: "Ask first" }).click();
  await until(async () => (await alice.run("presence", "list")).presences.some((one) => one.entity === bob.entity));
  assert.deepEqual((await alice.run("review", "list")).reviews, [], "nothing is said of packets, and so there is nothing to review");
  await done(page);
});

test("side by side on a wide screen, stacked on a telephone, and a switch shows one of both", async () => {
  const [wide, narrow] = [await asked(), await asked({ viewport: { width: 390, height: 844 } })];
  const boxes = async (page) => Promise.all(["Presence", "Policy"].map((name) => page.getByRole("region", { name, exact: true }).boundingBox()));
  const [presence, policy] = await boxes(wide);
  assert.ok(presence.x + presence.width <= policy.x && presence.y === policy.y, "beside");
  const [above, below] = await boxes(narrow);
  assert.ok(above.y + above.height <= below.y && above.x === below.x, "below");
  const shown = (name) => wide.getByRole("region", { name, exact: true });
  for (const [button, there, gone] of [["Presence", "Presence", "Policy"], ["Policy", "Policy", "Presence"]]) {
    await wide.getByRole("group", { name: "Show" }).getByRole("button", { name: button }).click();
    await shown(there).waitFor();
    await shown(gone).waitFor({ state: "hidden" });
  }
  await wide.getByRole("button", { name: "Both" }).click();
  for (const name of ["Presence", "Policy"]) await shown(name).waitFor();
  await Promise.all([wide, narrow].map(done));
});

test("what is chosen is registered and called, and what it costs is told", async () => {
  const page = await asked();
  await page.getByText(like("Adds nothing to packets.")).waitFor();
  await page.getByRole("radio", { name: "Encrypted and authenticated, always" }).check();
  await page.getByText(/^Adds \D?\d+\D? octets to each packet/).waitFor();
  await page.getByRole("button", { name: "Register", exact: true }).click();
  await page.getByText("Registered", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Call now" }).click();
  await page.getByRole("status", { name: "What protects this call" }).getByText("Encrypted and authenticated, from device to device").waitFor();
  await page.getByRole("button", { name: "Hang up" }).click();
  await page.getByRole("button", { name: "Call again" }).waitFor();
  await done(page);
});

test("every field of the form goes into the entry as it is shown", async () => {
  const page = await asked();
  await page.getByText("Every field").click();
  const out = page.getByRole("group", { name: /^Entry/ }).first();
  await out.getByRole("radio", { name: "ipsec" }).check();
  const rule = (name) => out.locator(".rule", { hasText: name });
  for (const name of ["AH", "IPComp"]) await rule(name).getByRole("checkbox", { name }).check();
  if (!(await rule("ESP").getByRole("checkbox", { name: "ESP" }).isChecked())) await rule("ESP").getByRole("checkbox", { name: "ESP" }).check();
  await rule("ESP").getByRole("combobox").selectOption("unique");
  await page.getByText("tighter").first().waitFor();
  await page.getByRole("button", { name: "Register", exact: true }).click();
  await page.getByText("Registered", { exact: true }).waitFor();
  const { entries } = await alice.run("policy", "list", "--peer", bob.entity);
  assert.match(entries[0].setkey, /ipsec .*esp\/transport\/\/unique/);
  for (const part of ["ah/transport", "ipcomp/transport"]) assert.ok(entries[0].setkey.includes(part), entries[0].setkey);
  await done(page);
});

test("addresses, ports, protocol, direction, level and the tunnel's ends are weighed as they are typed", async () => {
  const page = await asked();
  await page.getByText("Every field").click();
  const out = page.getByRole("group", { name: /^Entry/ }).first();
  /** The lines that the agent is asked to weigh, once they have this. */
  const weighed = async (wanted, change) => {
    const has = (request) => request.url().endsWith("/weigh") && JSON.parse(request.postData()).entries.includes(wanted);
    await Promise.all([page.waitForRequest(has), change()]);
  };
  const radio = (group, name) => out.getByRole("group", { name: group, exact: true }).getByRole("radio", { name, exact: true });
  await out.getByRole("radio", { name: "ipsec" }).check();
  const esp = out.locator(".rule", { hasText: "ESP" });
  if (!(await esp.getByRole("checkbox", { name: "ESP" }).isChecked())) await esp.getByRole("checkbox", { name: "ESP" }).check();
  await weighed("spdadd 192.0.2.7[", () => out.getByLabel("Your address").fill("192.0.2.7"));
  await weighed(" 192.0.2.8[", () => out.getByLabel("Their address").fill("192.0.2.8"));
  const ports = out.getByLabel("Ports");
  for (const [at, wanted] of [[0, "192.0.2.7[5004]"], [1, "192.0.2.8[5006]"]]) {
    const any = out.getByRole("checkbox", { name: "any", exact: true }).nth(at);
    if (await any.isChecked()) await any.uncheck();
    await weighed(wanted, () => ports.nth(at).fill(/\[(\d+)/.exec(wanted)[1]));
  }
  await weighed("192.0.2.7[any]", () => out.getByRole("checkbox", { name: "any", exact: true }).first().check());
  for (const [shown, wanted] of [["TCP", "tcp"], ["any", "any"], ["UDP", "udp"]]) await weighed(`] ${wanted} -P `, () => radio("Protocol", shown).check());
  for (const level of ["use", "default", "unique", "require"]) await weighed(`esp/transport//${level}`, () => esp.getByRole("combobox").selectOption(level));
  await radio("Direction", "to them only").check();
  await esp.getByRole("radio", { name: "tunnel", exact: true }).check();
  await weighed("-P out ipsec esp/tunnel/192.0.2.1-192.0.2.8/require", () => esp.getByLabel("From").fill("192.0.2.1"));
  await weighed("esp/tunnel/192.0.2.1-192.0.2.2/require", () => esp.getByLabel("To", { exact: true }).fill("192.0.2.2"));
  // On the way back a tunnel's ends change places.
  await weighed("-P in ipsec esp/tunnel/192.0.2.2-192.0.2.1/require", () => radio("Direction", "from them only").check());
  await esp.getByLabel("To", { exact: true }).fill("");
  await page.locator(".impossible").waitFor();
  await weighed("-P in discard;", () => out.getByRole("radio", { name: "discard" }).check());
  await weighed("-P in none;", () => out.getByRole("radio", { name: "none" }).check());
  // What is no entry for this peer is refused as it is typed.
  page.wrong = page.wrong.filter((what) => !/status of 400/.test(what));
  await done(page);
});

test("what cannot be is explained where it is chosen, and is not registered", async () => {
  const page = await asked();
  await page.getByText("Every field").click();
  const out = page.getByRole("group", { name: /^Entry/ }).first();
  await out.getByRole("radio", { name: "ipsec" }).check();
  const box = (name) => out.locator(".rule", { hasText: name }).getByRole("checkbox", { name });
  for (const name of ["AH", "ESP", "IPComp"]) await box(name).uncheck();
  await page.getByText("With ipsec at least one of AH and ESP is needed.").waitFor();
  assert.ok(await page.getByRole("button", { name: /Register/ }).first().isDisabled());
  await box("IPComp").check();
  await page.getByText("IPComp compresses and protects nothing: add AH or ESP.").waitFor();
  await box("ESP").check();
  await page.getByText(/IPComp compresses and protects nothing/).waitFor({ state: "detached" });
  await page.waitForFunction(() => ![...document.querySelectorAll("footer.answer button")].some((button) => button.disabled));
  await done(page);
});

test("user and place get names of one's own (919, 920)", async () => {
  const page = await asked();
  for (const [label, name] of [["User", "Bobby"], ["Place", "his kitchen"]]) {
    await page.getByRole("button", { name: `Rename: ${label}` }).click();
    await page.getByRole("textbox", { name: label, exact: true }).fill(name);
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByRole("region", { name: "Presence", exact: true }).getByText(name, { exact: true }).waitFor();
  }
  const { presences } = await alice.run("presence", "list");
  const his = presences.find((one) => one.entity === bob.entity);
  assert.deepEqual([his.own_user, his.own_place], ["Bobby", "his kitchen"]);
  await done(page);
});

test("by keyboard alone: ask, choose, register", async () => {
  const page = await open(browser, alice);
  const reach = async (found) => {
    for (let at = 0; at < 80; at += 1) {
      if (await page.evaluate(found)) return;
      await page.keyboard.press("Tab");
    }
    assert.fail(`the Tab key does not come to ${found}`);
  };
  await reach(() => document.activeElement.id === "peer");
  await page.keyboard.type(bob.entity);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: /review before you talk/ }).waitFor();
  await reach(() => document.activeElement.type === "radio");
  await page.keyboard.press("ArrowDown");
  const chosen = await page.evaluate(() => document.activeElement.closest("label").innerText);
  // What came a moment ago is no aim of any key.
  await page.waitForFunction(() => [...document.querySelectorAll("footer.answer button")].every((button) => !button.disabled));
  const state = await newest(alice);
  await reach(() => /^Register$|^Ask them/.test(document.activeElement.innerText));
  await page.keyboard.press("Enter");
  const after = await until(async () => (await newest(alice)).state !== "pending" && newest(alice));
  assert.equal(after.id, state.id);
  assert.ok(["registered", "proposed"].includes(after.state), `${after.state} of ${chosen}`);
  await done(page);
});

test("dark is dark", async () => {
  const [light, dark] = [await open(browser, alice), await open(browser, alice, { colorScheme: "dark" })];
  const brightness = async (page) => (await background(page)).match(/\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0);
  assert.ok((await brightness(light)) > 600 && (await brightness(dark)) < 200, `${await background(light)}, ${await background(dark)}`);
  await Promise.all([light, dark].map(done));
});
