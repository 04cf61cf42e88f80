// The policy database: read, filtered, changed, taken back, written out and read in; as a person does it, and what the agent has then.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { Agent } from "./agent.mjs";
import { launch, open, well } from "./browser.mjs";
import { like, plain } from "./like.mjs";
import { looksWell } from "./looks.mjs";

const CAROL = "sip:carol@10.0.0.3";

let browser, alice, bob, kept;

before(async () => {
  browser = await launch();
  alice = await (await Agent.make("alice")).start();
  bob = await (await Agent.make("bob", '[answer]\nmode = "auto"\n[watchers]\nunknown = "place"\n[policy]\ndefault = ["spdadd any any udp -P out ipsec esp/transport//require;"]\n')).start();
  await alice.run("contact", "add", "Carol", CAROL, "--group", "friend");
  await alice.run("policy", "add", "ipsec esp/transport//require", "--entity", "Carol");
  await alice.run("policy", "add", "spdadd any 10.0.0.9 udp -P out discard; # sv: note=printer");
  await alice.run("policy", "add", "spdadd any 10.1.0.0/16 udp -P out none; # sv: group=friend");
});

after(async () => {
  await browser?.close();
  await Promise.all([alice?.stop(), bob?.stop()]);
});

/** The room in a page that the tests share, or in one of its own where `options` say of what kind. */
async function policies(tab = "entries", options = null) {
  const page = options ? await open(browser, alice, options) : (kept ??= await open(browser, alice));
  page.wrong = [];
  await page.goto(`${alice.door}/#`);
  await page.getByRole("link", { name: "Policies" }).click();
  const name = { entries: "Entries", changes: "Changes", files: "Import and export" }[tab];
  await page.getByRole("navigation", { name: "Policies" }).getByRole("link", { name }).click();
  await page.getByRole("heading", { level: 2 }).first().waitFor();
  return page;
}

const rows = (page) => page.locator(".policy-row > a");
/** The link of an entry, whatever marks stand around its names. */
const entry = (page, pattern) => rows(page).filter({ hasText: pattern }).first();

/** What the agent refuses, or has no more, the browser says in its console too. */
async function closeRefused(...pages) {
  for (const page of pages) page.wrong = page.wrong.filter((line) => !/status of (400|404|409|500) /.test(line));
  await close(...pages);
}

async function close(...pages) {
  pages.forEach(well);
  await Promise.all(pages.filter((page) => page !== kept).map((page) => page.context().close()));
}

/** What stands in the field, or was chosen, is imported: it is said what that is, and one says yes. */
async function imported(page) {
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.getByRole("button", { name: "Add them" }).click();
}

async function entries(...filter) {
  return (await alice.run("policy", "list", ...filter)).entries;
}

test("entries are sentences in lookup order, the default last; setkey shows the same", async () => {
  const page = await policies();
  await entry(page, "Carol").waitFor();
  assert.deepEqual(await plain(rows(page)), [
    "Voice to and from Carol: encrypted and authenticated, always",
    "Voice to and from contacts in friend: unprotected",
    "Voice to and from whoever is at 10.0.0.9: not at all: it blocks every packet",
    "Voice to and from everybody: encrypted and authenticated, always",
  ]);
  await page.getByRole("button", { name: "setkey", exact: true }).click();
  const shown = await page.locator(".setkey code").allInnerTexts();
  assert.deepEqual(shown, (await entries()).map((one) => one.setkey));
  assert.ok(shown.length >= 8);
  await close(page);
});

test("the filter takes text, peer, state and action, and stays while one entry is looked at", async () => {
  const page = await policies();
  await entry(page, "Carol").waitFor();
  const only = async (pattern) => {
    await page.getByText(like("1 of 3 entries.")).waitFor();
    const found = await plain(rows(page));
    assert.equal(found.length, 1, found.join("; "));
    assert.match(found[0], pattern);
  };
  await page.getByLabel("Search").fill("PRINTER");
  await only(/10\.0\.0\.9/);
  await page.getByLabel("Search").fill("");
  await page.getByLabel("Peer, device or group").fill("carol");
  await only(/Carol/);
  await entry(page, "Carol").click();
  await page.getByRole("heading", { name: /Carol/ }).waitFor();
  await page.getByRole("link", { name: "All entries" }).click();
  await page.locator(".policy-row > a:focus", { hasText: "Carol" }).waitFor();
  await only(/Carol/);
  await page.getByLabel("Peer, device or group").fill("");
  await page.getByLabel("Action").selectOption("discard");
  await only(/10\.0\.0\.9/);
  await page.getByLabel("Action").selectOption("");
  await page.getByLabel("State").selectOption("disabled");
  await page.getByText(like("0 of 3 entries.")).waitFor();
  await close(page);
});

test("one entry: edited, disabled, ended, removed, each with a way back; another page shows it at once", async () => {
  const [page, other] = [await policies(), await policies("entries", {})];
  const [{ id }] = await entries("--peer", CAROL);
  await entry(page, "Carol").click();
  await page.getByRole("button", { name: "Edit" }).click();
  await page.getByRole("radio", { name: "Encrypted and authenticated, addresses too, always" }).check();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The entry is changed.").waitFor();
  await other.locator(".policy-row", { hasText: "addresses too" }).waitFor();
  assert.deepEqual(new Set((await entries("--peer", CAROL)).map((one) => one.rules.map((rule) => rule.protocol).join())), new Set(["esp,ah"]));
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Taken back.").waitFor();
  await other.locator(".policy-row", { hasText: "addresses too" }).waitFor({ state: "detached" });

  await page.getByRole("button", { name: "Disable" }).click();
  await other.locator(".policy-row", { hasText: "Carol" }).getByText("disabled", { exact: true }).waitFor();
  assert.equal((await alice.run("policy", "show", id)).disabled, true);
  await page.getByRole("button", { name: "Enable" }).click();
  await page.getByText("The entry is in force again.").waitFor();
  assert.equal((await alice.run("policy", "show", id)).disabled, false);

  await page.getByRole("button", { name: "Set its end" }).click();
  await page.getByRole("button", { name: "in a day" }).click();
  await other.locator(".policy-row", { hasText: "Carol" }).getByText("until").waitFor();
  assert.ok(Date.parse((await alice.run("policy", "show", id)).expires) > Date.now() + 86_000_000);
  await page.getByRole("button", { name: "Set its end" }).click();
  await page.getByLabel("At", { exact: true }).fill("2030-01-02T03:04");
  await page.getByRole("button", { name: "Save" }).click();
  await other.locator(".policy-row", { hasText: "Carol" }).getByText("2030").waitFor();
  assert.equal(Date.parse((await alice.run("policy", "show", id)).expires), Date.parse("2030-01-02T03:04"));
  await page.getByRole("button", { name: "Set its end" }).click();
  await page.getByRole("button", { name: "never" }).click();
  await other.locator(".policy-row", { hasText: "Carol" }).getByText("until").waitFor({ state: "detached" });

  await page.getByRole("button", { name: "Remove" }).click();
  await page.getByText("Removed:").waitFor();
  await entry(other, "Carol").waitFor({ state: "detached" });
  assert.deepEqual(await entries("--peer", CAROL), []);
  await page.getByRole("button", { name: "Undo" }).click();
  await entry(other, "Carol").waitFor();
  assert.equal((await entries("--peer", CAROL)).length, 2);
  await closeRefused(page, other);
});

test("an entry that is gone says so, and an edit keeps what its text does not name", async () => {
  const page = await policies();
  await entry(page, "10.0.0.9").click();
  await page.getByRole("button", { name: "Edit" }).click();
  await page.getByText("Every field").click();
  await page.getByRole("radio", { name: "to them only" }).check();
  await page.getByText("An edit keeps both directions.").waitFor();
  assert.ok(await page.getByRole("button", { name: "Save" }).isDisabled());
  await page.getByRole("radio", { name: "both" }).check();
  await page.getByRole("radio", { name: "TCP" }).check();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The entry is changed.").waitFor();
  const both = await entries("--address", "10.0.0.9");
  assert.deepEqual(both.map((one) => [one.upper, one.note]), [["tcp", "printer"], ["tcp", "printer"]]);
  await alice.run("policy", "remove", both[0].id);
  await page.getByText("This entry is there no more.").waitFor();
  await alice.run("policy", "undo");
  await page.getByRole("heading", { name: /10\.0\.0\.9/ }).waitFor();
  await closeRefused(page);
});

test("entries are added by the form and as lines; what cannot be read says where", async () => {
  const page = await policies();
  await page.getByRole("link", { name: "Add an entry" }).click();
  await page.getByRole("radio", { name: "a contact group" }).check();
  await page.getByLabel("Contact group", { exact: true }).selectOption("family");
  await page.getByRole("radio", { name: "Authenticated, but anybody on the way can listen" }).check();
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByText(like("2 added:")).waitFor();
  const [one] = await entries("--group", "family");
  assert.equal(one.rules[0].protocol, "ah");
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Taken back.").waitFor();
  assert.deepEqual((await alice.run("policy", "list", "--group", "family")).entries, []);

  await page.goto(`${alice.door}/#policies/entries/new`);
  await page.getByRole("radio", { name: "everybody" }).check();
  await page.getByRole("button", { name: "setkey lines" }).click();
  const field = page.getByLabel("Lines as of setkey, or rules alone");
  await field.fill("spdadd any 10.3.0.1 udp -P out nonsense;");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByText(/line 1, column 32/).waitFor();
  await field.fill("spdadd any 10.3.0.1 udp -P out none;");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("heading", { name: /10\.3\.0\.1/ }).waitFor();
  assert.equal((await entries("--address", "10.3.0.1")).length, 2);
  await closeRefused(page);
});

test("the default is set, and the configuration's comes back", async () => {
  const page = await policies();
  await entry(page, "everybody").click();
  await page.getByRole("button", { name: "Set another default" }).click();
  await page.getByRole("radio", { name: "Not protected: anybody on the way can listen" }).check();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The default is set.").waitFor();
  await page.getByText(/calls with whoever has no entry go in clear/).waitFor();
  assert.equal((await entries()).at(-1).action, "none");
  await page.getByRole("button", { name: "Back to the configuration’s" }).click();
  await page.getByText("The configuration’s default is in force again.").waitFor();
  assert.equal((await entries()).at(-1).action, "ipsec");
  await close(page);
});

test("a packet is tested: which entry rules it, and why", async () => {
  const page = await policies();
  await page.getByRole("link", { name: "Test a packet" }).click();
  await page.getByLabel("Their address").fill("10.3.0.1");
  await page.getByRole("button", { name: "Test" }).click();
  await page.getByText("This entry rules it:").waitFor();
  await page.getByText(/out udp .* -> 10\.3\.0\.1\[5004\]: none/).waitFor();
  await page.getByLabel("Their address").fill("10.200.0.1");
  await page.getByRole("radio", { name: "from them to you" }).check();
  await page.getByRole("button", { name: "Test" }).click();
  await page.getByText("The default rules it:").waitFor();
  await page.getByText(/in udp 10\.200\.0\.1\[5004\] -> /).waitFor();
  await page.getByLabel("Their address").fill("nowhere");
  await page.getByRole("button", { name: "Test" }).click();
  await page.getByRole("alert").getByText("write an IP address").waitFor();
  await closeRefused(page);
});

test("what a peer agreed to is not loosened by an edit; its user is asked", async () => {
  await alice.run("ask", bob.entity, "--approve", "ipsec esp/transport//require");
  const page = await policies();
  await entry(page, "one device of").click();
  await page.getByRole("button", { name: "Edit" }).click();
  await page.getByRole("radio", { name: "Encrypted if possible, otherwise in the clear" }).check();
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator('.problem[data-code="looser-than-asked"]').waitFor();
  await page.getByLabel("A word to them").fill("the line is slow");
  await page.getByRole("button", { name: "Ask them for it" }).click();
  await page.getByRole("link", { name: "To the review" }).click();
  await page.getByRole("heading", { name: /review before you talk/ }).waitFor();
  const asked = (await alice.run("proposal", "list")).proposals.at(-1);
  assert.equal(asked.note, "the line is slow");
  await closeRefused(page);
});

test("the history has what was changed and by whom; a change is undone, and the undo too", async () => {
  await alice.run("policy", "add", "spdadd any 10.4.0.1 udp -P out none;");
  const page = await policies("changes");
  const newest = page.locator(".change").first();
  await newest.getByText("Approved").waitFor();
  assert.match((await plain(newest))[0], /own entries.*by you.*Voice with whoever is at 10\.4\.0\.1:\s*Not protected/s);
  await newest.getByText(like("2 lines")).click();
  await newest.locator("code", { hasText: "spdadd 0.0.0.0/0[any] 10.4.0.1/32[any] udp -P out none;" }).waitFor();
  const { number } = (await alice.run("policy", "history", "--limit", "1")).changes[0];
  await alice.run("policy", "add", "spdadd any 10.4.0.2 udp -P out none;");
  await page.locator(`[data-change="${number + 1}"]`).waitFor();
  await page.locator(`[data-change="${number}"]`).getByRole("button", { name: /Undo/ }).click();
  await newest.locator("strong", { hasText: "Taken back" }).waitFor();
  assert.deepEqual(await entries("--address", "10.4.0.1"), []);
  assert.equal((await entries("--address", "10.4.0.2")).length, 2, "what came after it stays");
  await newest.getByRole("button", { name: /Undo/ }).click();
  await page.locator(`[data-change="${number + 3}"]`).waitFor();
  assert.equal((await entries("--address", "10.4.0.1")).length, 2);
  // What something newer touched cannot be taken back any more, and says so where it was pressed.
  const [touched] = await entries("--address", "10.4.0.2");
  await alice.run("policy", "disable", touched.id);
  await page.locator(`[data-change="${number + 4}"]`).waitFor();
  await page.locator(`[data-change="${number + 1}"]`).getByRole("button", { name: /Undo/ }).click();
  await page.locator(`[data-change="${number + 1}"] .problem`).waitFor();
  assert.equal((await entries("--address", "10.4.0.2")).length, 2);
  await closeRefused(page);
});

test("an import says the line that cannot be read, takes pasted text and files, and can be undone", async () => {
  const page = await policies("files");
  const field = page.getByLabel("Text", { exact: true });
  await field.fill("# one\nspdadd any 10.5.0.1 udp -P out none;\nspdadd any 10.5.0.2 udp -P out perhaps;\n");
  await imported(page);
  await page.getByText(like("Line 3:")).waitFor();
  await page.getByText("spdadd any 10.5.0.2 udp -P out perhaps;", { exact: true }).last().waitFor();
  assert.deepEqual(await entries("--address", "10.5.0.1"), [], "nothing of it");
  await field.fill("spdadd any 10.5.0.1 udp -P out none;");
  await imported(page);
  await page.getByText(like("2 entries were added.")).waitFor();
  assert.deepEqual((await entries("--address", "10.5.0.1")).map((one) => one.origin), ["import", "import"]);
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Taken back.").waitFor();
  assert.deepEqual(await entries("--address", "10.5.0.1"), []);
  const file = path.join(alice.dir, "entries.conf");
  await writeFile(file, "flush;\nspdadd any 10.5.0.3 udp -P out discard;\n");
  await page.getByLabel("File").setInputFiles(file);
  await imported(page);
  await page.getByText(/`flush` of the file: not obeyed/).waitFor();
  assert.equal((await entries("--address", "10.5.0.3")).length, 2);
  const dropped = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["spdadd any 10.5.0.4 udp -P out discard;"], "dropped.conf"));
    return transfer;
  });
  await page.getByRole("region", { name: "Import" }).dispatchEvent("drop", { dataTransfer: dropped });
  await imported(page);
  await page.getByText(like("2 entries were added.")).waitFor();
  assert.equal((await entries("--address", "10.5.0.4")).length, 2);
  await closeRefused(page);
});

test("an export is saved as a file, and read back; what another program cannot follow is said beside it", async () => {
  const page = await policies("files");
  for (const format of ["setkey", "JSON"]) {
    await page.getByRole("radio", { name: format }).check();
    const saved = page.waitForEvent("download");
    await page.getByRole("button", { name: "Save as a file" }).click();
    const download = await saved;
    assert.match(download.suggestedFilename(), /^sottovoce-policy-\d+\./);
    const text = await readFile(await download.path(), "utf8");
    assert.equal(text, (await alice.run("policy", "export", "--format", format.toLowerCase())).text);
    const [gone] = await entries("--address", "10.4.0.2");
    await alice.run("policy", "remove", gone.id);
    await page.getByLabel("File").setInputFiles(await download.path());
    await imported(page);
    await page.getByText(/entries were added\..*were there already/).waitFor();
    assert.equal((await entries("--address", "10.4.0.2")).length, 2);
    await page.getByRole("button", { name: "Dismiss" }).click();
  }
  await page.getByRole("radio", { name: "ip xfrm" }).check();
  await page.getByRole("button", { name: "Show" }).click();
  await page.getByText(/could not be told in this form/).waitFor();
  assert.match(await page.getByLabel(/^Generation/).inputValue(), /ip xfrm policy/);
  await close(page);
});

test("before an import it is said what the text has: what stands in a comment is nothing, and no is no", async () => {
  const page = await policies("files");
  const field = page.getByLabel("Text", { exact: true });
  const question = page.getByRole("group", { name: "Add the entries of this text?" });
  const kinds = async () => (await plain(question.getByRole("listitem"))).map((one) => one.trim());
  const ask = () => page.getByRole("button", { name: "Import", exact: true }).click();
  await field.fill("# spdadd any any udp -P in none;\nspdadd any 10.6.0.1 udp -P out none; # -P in\nspdadd any 10.6.0.2 udp -P out prio 3\n  ipsec esp/transport//require;spdadd any 10.6.0.3 udp -P out ipsec ah/transport//require # spdadd\n");
  await ask();
  await question.getByText(like("It has 3 entries:")).waitFor();
  assert.deepEqual(await kinds(), ["1 × Not protected: anybody on the way can listen", "1 × Authenticated, but anybody on the way can listen", "1 × Encrypted and authenticated, always"]);
  await question.getByText("One of them lets packets pass in the clear.").waitFor();
  await question.getByText("What is said of one direction alone will hold for the other too.").waitFor();
  await page.keyboard.press("Enter");
  await question.waitFor({ state: "detached" });
  assert.deepEqual(await entries("--address", "10.6.0.1"), [], "the key that asked is no yes");
  // Another text is another question.
  await ask();
  await field.fill("spdadd any 10.6.0.1 udp -P out discard;\nspdadd 10.6.0.1 any udp -P in discard;\n");
  await question.waitFor({ state: "detached" });
  await ask();
  await question.getByText(like("It has 2 entries:")).waitFor();
  assert.deepEqual(await kinds(), ["2 × Blocked: nothing passes"]);
  assert.equal(await question.getByText(/One of them|holds? for the other/).count(), 0);
  await page.getByRole("button", { name: "Add them" }).click();
  await page.getByText(like("2 entries were added.")).waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Taken back.").waitFor();
  await close(page);
});

test("a large text of one direction is mirrored, whatever its comments say", async () => {
  const page = await policies("files");
  const long = `# -P in ${"x".repeat(100_000)}\n`;
  const file = path.join(alice.dir, "one-way.conf");
  await writeFile(file, Array.from({ length: 6 }, (_, at) => `${long}spdadd any 10.7.0.${at} udp -P out discard;\n`).join(""));
  await page.getByLabel("File").setInputFiles(file);
  await page.getByText("one-way.conf").waitFor();
  await imported(page);
  await page.getByText(like("12 entries were added.")).waitFor();
  await close(page);
});

const HOSTILE = `<img src=x onerror="document.title='taken'"> \u202egpj.\n$(touch x) \`touch y\` '; touch z; '" \\`;
/** As the text of entries has it. */
const quoted = encodeURIComponent(HOSTILE).replaceAll("'", "%27");
/** As the agent shows it. */
const HOSTILE_SHOWN = HOSTILE.replace("\u202e", "\\u{202e}").replace("\n", "\\u{a}");

/** What the page of `agent` saves in `format`, as a file. */
async function saved(page, format) {
  await page.getByRole("radio", { name: format }).check();
  const coming = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save as a file" }).click();
  return (await coming).path();
}

test("what one page exports another imports, in both forms: the same entries, and notes harm nobody", async () => {
  const [carol, dave] = await Promise.all(["carol", "dave"].map(async (name) => (await Agent.make(name)).start()));
  try {
    for (const line of [
      `spdadd any 10.8.0.0/16 udp -P out ipsec esp/transport//require ah/transport//use; # sv: note=${quoted}`,
      "spdadd any[5004-5005] 10.8.0.1[any] udp -P out ipsec esp/tunnel/192.168.1.1-10.8.0.9/unique; # sv: suites=aes-256-gcm priority=-3",
      "spdadd any 10.8.0.2 tcp -P out none; # sv: group=friend place=private/unknown",
      "spdadd any 2001:db8::/32 any -P out discard; # sv: entity=sip:erin@10.8.0.3",
    ])
      assert.ok((await carol.run("policy", "add", line)).added.length, line);
    // An entry that is kept and not in force.
    await carol.run("policy", "disable", (await carol.run("policy", "list", "--group", "friend")).entries[0].id);
    const told = async (agent) => {
      const all = (await agent.run("policy", "list")).entries.filter((one) => one.id !== "e0");
      return all.map(({ id, created, origin, other, setkey, ...entry }) => entry).sort((one, next) => JSON.stringify(one).localeCompare(JSON.stringify(next)));
    };
    const before = await told(carol);
    assert.equal(before.length, 8);
    const [from, to] = await Promise.all([carol, dave].map((agent) => open(browser, agent)));
    await from.goto(`${carol.door}/#policies/files`);
    for (const format of ["setkey", "JSON"]) {
      const file = await saved(from, format);
      await to.goto(`${dave.door}/#policies/files`);
      await to.getByLabel("File").setInputFiles(file);
      await to.getByRole("button", { name: "Import", exact: true }).click();
      await to.getByText(like("It has 8 entries:")).waitFor();
      await to.getByText(like("2 of them let packets pass in the clear.")).waitFor();
      await to.getByRole("button", { name: "Add them" }).click();
      await to.getByText(like("8 entries were added.")).waitFor();
      assert.deepEqual(await told(dave), before, format);
      await to.goto(`${dave.door}/#policies/entries`);
      await to.getByText("<img src=x", { exact: false }).first().waitFor();
      assert.equal(await to.locator("main img").count(), 0);
      assert.equal(await to.title(), "sottovoce");
      assert.ok(!(await to.locator("main").innerText()).includes("\u202e"), "nothing turns the direction");
      for (const { id } of (await dave.run("policy", "list")).entries) if (id !== "e0") await dave.run("policy", "remove", id).catch(() => {});
      assert.deepEqual(await told(dave), []);
    }
    assert.equal(before.filter((one) => one.note === HOSTILE_SHOWN).length, 2);
    // Commands for a kernel: a shell that runs them runs `ip`, and nothing of the notes.
    await from.goto(`${carol.door}/#policies/files`);
    const script = await saved(from, "ip xfrm");
    const [place, bin] = [path.join(carol.dir, "empty"), path.join(carol.dir, "bin")];
    await Promise.all([place, bin].map((folder) => mkdir(folder)));
    await writeFile(path.join(bin, "ip"), `#!/bin/sh\nprintf '%s\\n' "$*" >>"$RECORD"\n`, { mode: 0o700 });
    const run = (...args) => promisify(execFile)("bash", args, { cwd: place, env: { PATH: `${bin}:${process.env.PATH}`, RECORD: path.join(carol.dir, "ran") } });
    await run("-n", script);
    const { stdout, stderr } = await run(script);
    assert.deepEqual([stdout, stderr], ["", ""]);
    const ran = (await readFile(path.join(carol.dir, "ran"), "utf8")).trim().split("\n");
    assert.equal(ran.length, (await readFile(script, "utf8")).match(/^ip /gm).length, "each command, once");
    assert.ok(ran.some((line) => line.includes("10.8.0.0/16")));
    ran.forEach((line) => assert.match(line, /^xfrm policy add [\w./: ]+$/));
    assert.deepEqual(await readdir(place), [], "no note was run");
    await close(from, to);
  } finally {
    await Promise.all([carol, dave].map((agent) => agent.stop()));
  }
});

for (const [what, text, says] of [
  ["wrong types", '{"ietf-i2nsf-ikeless:ipsec-ikeless":{"spd":{"spd-entry":[7,null,{"sottovoce-policy:setkey":[]}],"sottovoce-policy:disabled":{}}}}', /this policy cannot be read: sottovoce-policy:disabled/],
  ["a million brackets", `{"a":${"[".repeat(1_000_000)}`, /this policy cannot be read: line 1, column \d+/],
  ["huge numbers", '{"ietf-i2nsf-ikeless:ipsec-ikeless":{"spd":{"spd-entry":[{"reqid":1e999,"name":' + "9".repeat(400) + "}]}}}", /this policy cannot be read: line 1, column \d+/],
])
  test(`an import that is hostile harms nobody, and is said to be none: ${what}`, async () => {
    const page = await policies("files");
    const before = await entries();
    const file = path.join(alice.dir, "hostile.json");
    await writeFile(file, text);
    await page.getByLabel("File").setInputFiles(file);
    await imported(page);
    const problem = page.getByRole("region", { name: "Import" }).getByRole("alert");
    await problem.waitFor();
    assert.match(await problem.innerText(), says);
    assert.ok((await problem.innerText()).length < 2000);
    assert.deepEqual(await entries(), before);
    // The page and the agent go on.
    await page.getByRole("link", { name: "Entries" }).click();
    await entry(page, "Carol").waitFor();
    await closeRefused(page);
  });

test("what the agent takes for an entry is shown as one before it is taken, however it is written", async () => {
  const page = await policies("files");
  const question = page.getByRole("group", { name: "Add the entries of this text?" });
  const shown = async (text) => {
    await page.getByLabel("Text").fill(text);
    await page.getByRole("button", { name: "Import", exact: true }).click();
    await question.getByText(/entr(y|ies):/).waitFor();
    const words = await question.innerText();
    await question.getByRole("button", { name: "Cancel" }).click();
    return words.replaceAll(/[\u2068\u2069]/g, "");
  };
  const esp = "spdadd any 10.6.0.1 any -P out ipsec esp/transport//require;";
  // A line may begin with a blank that only some take for one.
  assert.match(await shown(`${esp}\n\u0085spdadd any 10.6.0.2 any -P out none;`), /It has 2 entries:[^]*One of them lets packets pass in the clear\./);
  assert.match(await shown(`flush; spdflush;\n${esp}\nspdmore any;`), /It has 2 entries:[^]*1 × cannot be read/);
  assert.match(await shown("spdadd any 10.6.0.3 any -P out ipsec esp/tunnel/10.0.0.1-203.0.113.66/require;"), /One of them sends packets through a tunnel/);
  assert.match(await shown(`${esp} # sv: disabled`), /One of them is switched off\./);
  await close(page);
});

for (const [width, colorScheme] of [[360, "dark"], [1440, "light"]]) {
  test(`entries, one entry, changes and files at ${width} px, ${colorScheme}`, async () => {
    const page = await policies("entries", { viewport: { width, height: 800 }, colorScheme });
    await entry(page, "Carol").waitFor();
    await looksWell(page, "entries");
    await page.getByRole("button", { name: "setkey", exact: true }).click();
    await looksWell(page, "entries as setkey");
    await page.getByRole("button", { name: "Words" }).click();
    await entry(page, "one device of").click();
    await page.getByRole("button", { name: "Edit" }).click();
    await page.getByText("Every field").click();
    await looksWell(page, "edit");
    await page.goto(`${alice.door}/#policies/entries/packet`);
    await page.getByRole("heading", { name: "Which entry would rule this packet?" }).waitFor();
    await page.getByLabel("Their address").fill("10.3.0.1");
    await page.getByRole("button", { name: "Test" }).click();
    await page.getByText("This entry rules it:").waitFor();
    await looksWell(page, "packet");
    await page.goto(`${alice.door}/#policies/changes`);
    await page.locator(".change").first().waitFor();
    await looksWell(page, "changes");
    await page.goto(`${alice.door}/#policies/files`);
    await page.getByRole("button", { name: "Show" }).click();
    await page.getByLabel(/^Generation/).waitFor();
    await looksWell(page, "files");
    await close(page);
  });
}

test("ten thousand entries: imported in parts that can be left, filtered as one types", async () => {
  const line = (at, way) => (way === "out" ? `spdadd any 10.${100 + (at >> 16)}.${(at >> 8) & 255}.${at & 255} udp -P out none; # sv: note=host-${at}` : `spdadd 10.${100 + (at >> 16)}.${(at >> 8) & 255}.${at & 255} any udp -P in none; # sv: note=host-${at}`);
  const lines = Array.from({ length: 5000 }, (_, at) => `${line(at, "out")}\n${line(at, "in")}`).join("\n");
  const file = path.join(alice.dir, "many.conf");
  await writeFile(file, lines);
  const page = await policies("files");
  await page.getByLabel("File").setInputFiles(file);
  await page.getByText("many.conf").waitFor();
  await imported(page);
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText(like("Left after 1 of 2 parts")).waitFor();
  await imported(page);
  await page.getByText(/were there already/).waitFor();
  await page.getByRole("link", { name: "Entries" }).click();
  await page.getByText(/Show more/).waitFor();
  await page.getByLabel("Search").fill("host-4321");
  await page.getByText(like("1 of 5,")).waitFor();
  const took = await page.evaluate(async () => {
    const field = document.querySelector("main input[type=search]");
    const begun = performance.now();
    field.value = "host-12";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    return performance.now() - begun;
  });
  assert.ok(took < 1000, `${took} ms for one key`);
  await close(page);
});
