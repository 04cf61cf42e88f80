// Entries of the security policy while they are edited: what the form of FIG. 8 shows, and the `spdadd` lines that the agent reads. What a
// change means, tighter or looser, the agent says: this page does not judge.

/** Inside out, as setkey lists them. */
export const PROTOCOLS = ["ipcomp", "esp", "ah"];
export const LEVELS = ["default", "use", "require", "unique"];

/** The kinds of protection that a person is told of, from an action and its rules. */
export function protection(entry) {
  if (entry.action !== "ipsec") return entry.action;
  const level = (protocol) => entry.rules.find((rule) => rule.protocol === protocol)?.level;
  // What `default` is, the agent says when it weighs: until then no more is promised than `use`.
  const grade = (protocol) => ({ default: "use", unique: "require" })[level(protocol)] ?? level(protocol);
  const [esp, ah, srtp] = ["esp", "ah", "srtp"].map(grade);
  if (srtp) return `srtp-${srtp}`;
  if (esp === "require") return ah ? "esp-ah" : "esp";
  if (esp) return ah === "require" ? "ah-esp-use" : "esp-use";
  return ah ? (ah === "require" ? "ah" : "ah-use") : "none";
}

/** The same, of an action in setkey's form: `ipsec esp/transport//require`. */
export function protectionOf(action) {
  const [word, ...rules] = action.split(" ");
  const read = (rule) => ({ protocol: rule.split("/")[0], level: rule.split("/")[3] });
  return protection({ action: word, rules: rules.map(read) });
}

/** How safe that is at a glance: sealed, part, open, closed. */
export const SEALS = {
  ah: "part",
  "ah-esp-use": "part",
  "ah-use": "open",
  discard: "closed",
  esp: "sealed",
  "esp-ah": "sealed",
  "esp-use": "part",
  none: "open",
  "srtp-require": "part",
  "srtp-use": "part",
};

const RANKS = ["none", "ah-use", "esp-use", "srtp-use", "ah", "srtp-require", "ah-esp-use", "esp", "esp-ah", "discard"];

/** What nobody knows stands before all. */
export const weakestFirst = (kinds) => kinds.toSorted((one, other) => RANKS.indexOf(one) - RANKS.indexOf(other));

/** The weakest of several entries: it is a way past all others. */
export function weakestOf(entries) {
  const kinds = entries.map(protection);
  return RANKS.find((kind) => kinds.includes(kind)) ?? "none";
}

/** What a person can choose in one click. */
export const PRESETS = [
  { name: "esp", action: "ipsec", levels: { esp: "require" } },
  { name: "esp-ah", action: "ipsec", levels: { esp: "require", ah: "require" } },
  { name: "esp-use", action: "ipsec", levels: { esp: "use" } },
  { name: "ah", action: "ipsec", levels: { ah: "require" } },
  { name: "none", action: "none", levels: {} },
  { name: "discard", action: "discard", levels: {} },
];

/** A preset as rules are typed: `ipsec esp/transport//require`. */
export function rulesOf(preset) {
  const rules = PROTOCOLS.filter((name) => name in preset.levels).map((name) => `${name}/transport//${preset.levels[name]}`);
  return [preset.action, ...rules].join(" ");
}

/** What this program itself can do: for entries that no peer was asked for. */
export const OWN_SUPPORTS = { protocols: PROTOCOLS, tunnel: true };

const noRule = () => ({ on: false, level: "require", mode: "transport", from: "", to: "" });

function draftRule(rule) {
  if (!rule) return noRule();
  return { on: true, level: rule.level, mode: rule.mode, from: rule.endpoint?.source ?? "", to: rule.endpoint?.destination ?? "" };
}

function oneWay(entry) {
  const rules = PROTOCOLS.map((protocol) => [protocol, draftRule(entry.rules.find((rule) => rule.protocol === protocol))]);
  return {
    ways: entry.direction,
    ours: entry.direction === "out" ? entry.source : entry.destination,
    ourPorts: entry.direction === "out" ? entry.source_ports : entry.destination_ports,
    theirs: entry.direction === "out" ? entry.destination : entry.source,
    theirPorts: entry.direction === "out" ? entry.destination_ports : entry.source_ports,
    upper: entry.upper,
    action: entry.action,
    rules: Object.fromEntries(rules),
    // Neither edited by this form nor lost by it.
    others: entry.rules.filter((rule) => !PROTOCOLS.includes(rule.protocol)),
    suites: entry.suites,
    tfc: entry.tfc,
    // A word of its own: what stands before it may be a peer's.
    expires: entry.setkey.split(/\s+/).find((word) => word.startsWith("expires="))?.slice("expires=".length) ?? null,
    ends: entry.expires,
  };
}

/** A tunnel's ends are those of outgoing packets: those of incoming ones are swapped. */
function outward(draft) {
  if (draft.ways !== "in") return draft;
  const swapped = Object.entries(draft.rules).map(([name, rule]) => [name, { ...rule, from: rule.to, to: rule.from }]);
  return { ...draft, rules: Object.fromEntries(swapped) };
}

/** An entry as the form shows it, seen from here. */
export const draftOf = (entry) => outward(oneWay(entry));

/** What a new entry begins with: all packets by UDP, protected. */
export function newDraft() {
  const rules = { ...Object.fromEntries(PROTOCOLS.map((name) => [name, noRule()])), esp: { ...noRule(), on: true } };
  const everything = { ours: "any", ourPorts: "any", theirs: "any", theirPorts: "any", upper: "udp" };
  return { ways: "both", ...everything, action: "ipsec", rules, others: [], suites: [], tfc: null, expires: null, ends: null };
}

const apart = (draft) => JSON.stringify({ ...draft, ways: "" });

/** One draft for an entry, and one alone for two that are each other's direction. */
export function drafts(entries) {
  const found = [];
  for (const draft of entries.map(draftOf)) {
    const other = found.find((one) => one.ways !== "both" && one.ways !== draft.ways && apart(one) === apart(draft));
    if (other) other.ways = "both";
    else found.push({ ...draft });
  }
  return found;
}

function ruleText(name, rule, way) {
  const ends = rule.mode === "tunnel" ? (way === "out" ? `${rule.from}-${rule.to}` : `${rule.to}-${rule.from}`) : "";
  return ` ${name}/${rule.mode}/${ends}/${rule.level}`;
}

function line(draft, way) {
  const [ours, theirs] = [`${draft.ours}[${draft.ourPorts}]`, `${draft.theirs}[${draft.theirPorts}]`];
  const ends = way === "out" ? `${ours} ${theirs}` : `${theirs} ${ours}`;
  const kept = draft.others.map((rule) => ruleText(rule.protocol, { ...rule, from: "", to: "" }, way));
  const rules = PROTOCOLS.filter((name) => draft.rules[name].on).map((name) => ruleText(name, draft.rules[name], way));
  const more = [
    draft.suites.length && `suites=${draft.suites.join(",")}`,
    draft.tfc !== null && `tfc=${draft.tfc ? "on" : "off"}`,
    draft.expires && `expires=${draft.expires}`,
  ].filter(Boolean);
  const comment = more.length ? ` # sv: ${more.join(" ")}` : "";
  return `spdadd ${ends} ${draft.upper} -P ${way} ${draft.action}${draft.action === "ipsec" ? [...kept, ...rules].join("") : ""};${comment}`;
}

/** As `spdadd` lines, out before in. */
export function setkey(list) {
  const ways = (draft) => (draft.ways === "both" ? ["out", "in"] : [draft.ways]);
  return list.flatMap((draft) => ways(draft).map((way) => line(draft, way))).join("\n");
}

/** Another preset in all drafts. */
export function withPreset(list, preset) {
  const changed = (draft, name) => ({ ...draft.rules[name], on: name in preset.levels, level: preset.levels[name] ?? draft.rules[name].level });
  const rules = (draft) => Object.fromEntries(PROTOCOLS.map((name) => [name, changed(draft, name)]));
  return list.map((draft) => ({ ...draft, action: preset.action, rules: rules(draft), others: [] }));
}

export function presetOf(draft) {
  const has = (preset, name) => draft.rules[name].on === name in preset.levels && (!draft.rules[name].on || draft.rules[name].level === preset.levels[name]);
  const fits = (preset) => preset.action === draft.action && (draft.action !== "ipsec" || (!draft.others.length && PROTOCOLS.every((name) => has(preset, name))));
  return PRESETS.find(fits)?.name ?? null;
}

/** In kbit/s and one direction, of packets of 20 ms (RFC 3551 section 4.2). */
export const addedKbits = (octetsPerPacket) => (octetsPerPacket * 8 * 50) / 1000;

/** Why a draft cannot be: a message's name, or null. The agent checks all of it again. */
export function impossible(draft, supports) {
  if (draft.action !== "ipsec") return null;
  const on = PROTOCOLS.filter((name) => draft.rules[name].on);
  if (!on.length && !draft.others.length) return "impossible-no-protocol";
  if (on.join() === "ipcomp" && !draft.others.length) return "impossible-only-ipcomp";
  if (on.some((name) => !supports.protocols.includes(name))) return "impossible-unsupported";
  if (on.some((name) => draft.rules[name].mode === "tunnel") && !supports.tunnel) return "impossible-no-tunnel";
  if (on.some((name) => draft.rules[name].mode === "tunnel" && !(draft.rules[name].from && draft.rules[name].to))) return "impossible-tunnel-ends";
  return null;
}
