// What one does in a call, and what the peers see of it: hold, keys, transfer, levels, how it sounds, and the line that says what protects it.

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { Agent } from "./agent.mjs";
import { launch, open, until, well } from "./browser.mjs";
import { like } from "./like.mjs";
import { looksWell } from "./looks.mjs";

const ESP = "ipsec esp/transport//require";
const SOUND = '[audio]\ninput = "tone:440"\n[watchers]\nunknown = "place"\n';
const AUTO = '[answer]\nmode = "auto"\n';

let browser, alice, bob, carol;

before(async () => {
  browser = await launch();
  [alice, bob, carol] = await Promise.all(["alice", "bob", "carol"].map((name) => Agent.make(name, SOUND + AUTO)));
  await Promise.all([alice, bob, carol].map((agent) => agent.start()));
  // Whoever places calls has agreed before.
  for (const [who, whom] of [[alice, bob], [alice, carol], [bob, carol]]) {
    assert.equal((await who.run("ask", whom.entity, "--approve", ESP)).state, "registered");
  }
});

after(async () => {
  await browser?.close();
  await Promise.all([alice, bob, carol].map((agent) => agent?.stop()));
});

const newest = async (agent) => (await agent.run("calls")).calls.at(-1);

/** Alice's page in a call with Bob, which he took. */
async function talking() {
  const page = await open(browser, alice);
  await page.getByLabel("SIP address, IP address, number or contact").fill(bob.entity);
  await page.getByRole("button", { name: "Call", exact: true }).click();
  await page.getByRole("status", { name: "What protects this call" }).getByText("Encrypted and authenticated, from device to device").waitFor();
  return page;
}

async function leave(page) {
  await alice.run("hangup");
  well(page);
  await page.context().close();
}

test("the line says what protects it, since when, by which rule, and what was dropped; sound shows in levels and figures", async () => {
  const page = await talking();
  const line = page.getByRole("status", { name: "What protects this call" });
  await line.getByText(ESP, { exact: true }).waitFor();
  await line.getByText(like("since ")).waitFor();
  await line.getByText("No packet was dropped.").waitFor();
  await page.getByRole("timer").getByText(/0:0[1-9]/).waitFor();
  // Both send a tone of 440 Hz, 12 dB below the most.
  for (const name of ["You", "They"]) {
    const meter = page.getByRole("meter", { name, exact: true });
    const level = await until(async () => Number(await meter.getAttribute("aria-valuenow")) > -30);
    assert.ok(level, name);
  }
  const shown = page.locator(".quality");
  for (const name of ["Quality", "Lost packets", "Jitter", "Round trip"]) await shown.getByText(name, { exact: true }).waitFor();
  const points = () => shown.locator("polyline").first().getAttribute("points");
  const before = (await points()).split(" ").length;
  await until(async () => (await points()).split(" ").length > before + 2);
  await looksWell(page, "a call");
  await leave(page);
});

/** Where the agent takes the packets of its call (proc_net(5)): what it has open by UDP beside what it takes SIP by. */
async function mediaPort({ address }) {
  const wanted = address.split(".").map((octet) => Number(octet).toString(16).padStart(2, "0").toUpperCase()).reverse().join("");
  const ends = [...(await readFile("/proc/net/udp", "utf8")).matchAll(/^ *\d+: ([0-9A-F]{8}):([0-9A-F]{4}) /gm)];
  return ends.filter(([, host]) => host === wanted).map(([, , port]) => parseInt(port, 16)).find((port) => port !== 5060);
}

test("what is dropped is counted, and why is said", async () => {
  const page = await talking();
  const port = await until(() => mediaPort(alice));
  const socket = createSocket("udp4");
  for (let sent = 0; sent < 3; sent += 1) await new Promise((resolve, reject) => socket.send("nothing that is ours, and long enough", port, alice.address, (error) => (error ? reject(error) : resolve())));
  socket.close();
  const line = page.getByRole("status", { name: "What protects this call" });
  await line.getByText(like("3 packets were dropped:")).waitFor();
  const { dropped } = (await newest(alice)).packets;
  assert.equal(Object.values(dropped).reduce((sum, count) => sum + count), 3);
  const words = { source: "from elsewhere", "unknown-spi": "under keys that do not hold here", unrecognised: "not part of a call" };
  const [[why]] = Object.entries(dropped);
  await line.locator(".tag").getByText(`${words[why]}: 3`, { exact: true }).waitFor();
  await leave(page);
});

test("hold and resume: the sound ends and goes on, and the peer's page says who holds it", async () => {
  const page = await talking();
  const theirs = await open(browser, bob);
  await theirs.getByRole("link", { name: /alice.*talking/ }).click();
  await page.getByRole("button", { name: "Hold", exact: true }).click();
  await page.getByText("on hold", { exact: true }).waitFor();
  await theirs.getByText("held by them", { exact: true }).waitFor();
  const held = (await newest(bob)).packets.received;
  await page.getByRole("button", { name: "Go on" }).click();
  for (const one of [page, theirs]) await one.getByText("talking", { exact: true }).waitFor();
  await until(async () => (await newest(bob)).packets.received > held + 10);
  well(theirs);
  await theirs.context().close();
  await leave(page);
});

test("keys pressed and typed reach the peer's page in their order", async () => {
  const page = await talking();
  const theirs = await open(browser, bob);
  await theirs.getByRole("link", { name: /alice.*talking/ }).click();
  await theirs.getByRole("status", { name: "What protects this call" }).waitFor();
  await page.getByRole("button", { name: "4", exact: true }).click();
  await page.getByRole("button", { name: "2", exact: true }).click();
  await page.keyboard.type("7");
  await page.keyboard.type("#");
  await page.getByLabel("Keys pressed").getByText("427#").waitFor();
  await theirs.getByText("They press: 427#").waitFor();
  well(theirs);
  await theirs.context().close();
  await leave(page);
});

test("the peer is asked to call somebody else, decides it at its page, and ours says how that went", async () => {
  const page = await talking();
  const theirs = await open(browser, bob);
  await page.getByText("Transfer", { exact: true }).first().click();
  await page.getByLabel("To whom").fill(carol.entity);
  await page.getByRole("button", { name: "Transfer", exact: true }).click();
  await theirs.getByText("somebody asks you to place this call").first().waitFor();
  await theirs.getByRole("button", { name: "Answer" }).click();
  await page.getByText(like(`transferred to ${carol.entity}`)).waitFor();
  const call = await until(async () => (await bob.run("calls")).calls.find((one) => one.state === "active" && one.peer.includes(carol.address)));
  assert.match(call.bundle, /^esp/);
  await bob.run("hangup", call.id);
  [page, theirs].forEach(well);
  await Promise.all([page, theirs].map((one) => one.context().close()));
});
