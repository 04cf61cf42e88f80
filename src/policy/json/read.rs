use serde_json::{Map, Value};

use super::write::{algorithm, spd_entries};
use super::{DISABLED, MAX_ENTRIES, MAX_TEXT, MODULE, SETKEY};
use crate::policy::setkey;
use crate::policy::spd::looked_at_before;
use crate::policy::{Action, Direction, Entry, Level, Mode, Ports, Prefix, Protocol, Rule, Selector, Suite, Upper};
use crate::vocab::escape;

/// Where a JSON text says something that no entry is, and what should stand there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {expected}")]
pub struct JsonError {
    /// As `spd-entry e1, local-prefix`. Escaped: safe for a terminal.
    pub place: String,
    pub expected: String,
}

type Read<T> = Result<T, JsonError>;

fn error<T>(place: &str, expected: &str) -> Read<T> {
    Err(JsonError { place: escape(&place.chars().take(160).collect::<String>()), expected: expected.to_owned() })
}

/// Reads a list of entries. A leaf that is not known refuses all of them: it could be a restriction. The order of the list
/// is kept: where our own order is another, priorities are given.
pub fn read(text: &str) -> Read<Vec<Entry>> {
    if text.len() > MAX_TEXT {
        return error("the text", "at most 32 MiB");
    }
    let whole: Value = serde_json::from_str(text)
        .or_else(|why| error(&format!("line {}, column {}", why.line(), why.column()), "JSON (RFC 8259)"))?;
    let model = object(&whole, "the text", &[MODULE])?;
    let model = object(member(model, MODULE, "the text")?, MODULE, &["spd"])?;
    let spd = object(member(model, "spd", MODULE)?, "spd", &["spd-entry", DISABLED])?;
    let Some(list) = member(spd, "spd-entry", "spd")?.as_array() else { return error("spd-entry", "a list") };
    let disabled = spd.get(DISABLED).map_or(Ok(Vec::new()), disabled)?;
    if list.len().saturating_add(disabled.len()) > MAX_ENTRIES {
        return error("spd-entry", "at most 40000 entries");
    }
    let mut entries: Vec<Said> = Vec::new();
    for (number, value) in (1..).zip(list) {
        entries.push(spd_entry(value, number)?);
    }
    let mut entries = in_order(both_families(entries)?)?;
    entries.extend(disabled);
    Ok(entries)
}

/// Kept and not enforced: in no order.
fn disabled(value: &Value) -> Read<Vec<Entry>> {
    let Some(lines) = value.as_array() else { return error(DISABLED, "a list of spdadd lines") };
    let mut entries = Vec::new();
    for line in lines.iter().take(MAX_ENTRIES + 1) {
        let Some(line) = line.as_str() else { return error(DISABLED, "a list of spdadd lines") };
        let mut read = setkey::parse(line).or_else(|why| error(DISABLED, &why.to_string()))?;
        match read.pop().filter(|entry| read.is_empty() && entry.disabled) {
            Some(entry) => entries.push(entry),
            None => return error(DISABLED, "one spdadd line each, with `disabled` behind `# sv:`"),
        }
    }
    Ok(entries)
}

/// An entry as it was read.
struct Said {
    entry: Entry,
    place: String,
    /// By our own leaf.
    whole: bool,
    /// Both its prefixes are of no bits: which family's.
    ipv4: Option<bool>,
}

fn spd_entry(value: &Value, number: usize) -> Read<Said> {
    let known = ["name", "direction", "reqid", "ipsec-policy-config", SETKEY];
    let fields = object(value, &format!("spd-entry {number}"), &known)?;
    let name = string(fields, "name", &format!("spd-entry {number}"))?;
    let place = format!("spd-entry {name}");
    let direction = match string(fields, "direction", &place)? {
        "inbound" => Direction::In,
        "outbound" => Direction::Out,
        _ => return error(&format!("{place}, direction"), "inbound or outbound"),
    };
    let config = object(
        member(fields, "ipsec-policy-config", &place)?,
        &place,
        &["anti-replay-window-size", "traffic-selector", "processing-info"],
    )?;
    let (selector, ipv4) = traffic_selector(member(config, "traffic-selector", &place)?, direction, &place)?;
    if let Some(line) = fields.get(SETKEY) {
        return Ok(Said { entry: by_line(line, value, &place)?, place, whole: true, ipv4 });
    }
    let mut entry = Entry::new(selector, direction, Action::Discard);
    if let Some(processing) = config.get("processing-info") {
        processing_info(processing, &mut entry, &place)?;
    }
    Ok(Said { entry, place, whole: false, ipv4 })
}

/// Our own leaf, if the others are those that belong to it.
fn by_line(line: &Value, value: &Value, place: &str) -> Read<Entry> {
    let place = format!("{place}, {SETKEY}");
    let Some(line) = line.as_str() else { return error(&place, "text") };
    let mut entries = setkey::parse(line).or_else(|why| error(&place, &why.to_string()))?;
    let Some(entry) = entries.pop().filter(|_| entries.is_empty()) else { return error(&place, "one spdadd line") };
    let bare = |value: &Value| {
        let mut bare = value.clone();
        if let Some(fields) = bare.as_object_mut() {
            fields.remove("name");
            fields.remove("reqid");
        }
        bare
    };
    if spd_entries(&entry, 1).iter().any(|said| bare(said) == bare(value)) {
        return Ok(entry);
    }
    error(&place, "the leaves of RFC 9061 beside it say another entry than this line: take one of them away")
}

fn traffic_selector(value: &Value, direction: Direction, place: &str) -> Read<(Selector, Option<bool>)> {
    let known = ["local-prefix", "remote-prefix", "inner-protocol", "local-ports", "remote-ports"];
    let fields = object(value, &format!("{place}, traffic-selector"), &known)?;
    let (local, local_ipv4) = prefix(fields, "local-prefix", place)?;
    let (remote, remote_ipv4) = prefix(fields, "remote-prefix", place)?;
    if local_ipv4 != remote_ipv4 && (local == Prefix::Any || remote == Prefix::Any) {
        return error(&format!("{place}, remote-prefix"), "a prefix of the family of local-prefix");
    }
    let upper = match fields.get("inner-protocol") {
        None => Upper::Any,
        Some(Value::String(any)) if any == "any" => Upper::Any,
        Some(number) if number.as_u64() == Some(6) => Upper::Tcp,
        Some(number) if number.as_u64() == Some(17) => Upper::Udp,
        Some(_) => return error(&format!("{place}, inner-protocol"), "\"any\", 6 or 17"),
    };
    let local = (local, ports(fields, "local-ports", place)?);
    let remote = (remote, ports(fields, "remote-ports", place)?);
    let (source, destination) = if direction == Direction::Out { (local, remote) } else { (remote, local) };
    let selector = Selector {
        source: source.0,
        source_ports: source.1,
        destination: destination.0,
        destination_ports: destination.1,
        upper,
    };
    let everything = (source.0, destination.0) == (Prefix::Any, Prefix::Any);
    Ok((selector, everything.then_some(local_ipv4)))
}

/// And whether it is of IPv4.
fn prefix(fields: &Map<String, Value>, name: &str, place: &str) -> Read<(Prefix, bool)> {
    let read = |text: &str| -> Option<(Prefix, bool)> {
        let (address, len) = text.split_once('/')?;
        let address: std::net::IpAddr = address.parse().ok()?;
        let digits = !len.is_empty() && len.bytes().all(|octet| octet.is_ascii_digit());
        Some((Prefix::new(address, len.parse().ok().filter(|_| digits)?)?, address.is_ipv4()))
    };
    let place = format!("{place}, {name}");
    match read(string(fields, name, &place)?) {
        Some(prefix) => Ok(prefix),
        None => error(&place, "a prefix as 192.168.1.0/24"),
    }
}

fn ports(fields: &Map<String, Value>, name: &str, place: &str) -> Read<Ports> {
    let place = format!("{place}, {name}");
    let Some(list) = fields.get(name) else { return Ok(Ports::Any) };
    let one = match list.as_array().map(Vec::as_slice) {
        Some([]) => return Ok(Ports::Any),
        Some([one]) => object(one, &place, &["start", "end"])?,
        _ => return error(&place, "a list of one range: for several ranges write several entries"),
    };
    let port = |name: &str| one.get(name).and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
    match (port("start"), port("end")) {
        (Some(0), Some(0)) => Ok(Ports::Any),
        (Some(first), Some(last)) if first <= last => Ok(Ports::Range { first, last }),
        _ => error(&place, "start and end, two ports of which the first is not the larger one"),
    }
}

fn processing_info(value: &Value, entry: &mut Entry, place: &str) -> Read<()> {
    let place = format!("{place}, processing-info");
    let fields = object(value, &place, &["action", "ipsec-sa-cfg"])?;
    entry.action = match fields.get("action").map_or(Some("discard"), Value::as_str) {
        Some("discard") => Action::Discard,
        Some("bypass") => Action::None,
        Some("protect") => return association(member(fields, "ipsec-sa-cfg", &place)?, entry, &place),
        _ => return error(&place, "action protect, bypass or discard"),
    };
    match fields.get("ipsec-sa-cfg") {
        None => Ok(()),
        Some(_) => error(&place, "ipsec-sa-cfg beside protect only"),
    }
}

fn association(value: &Value, entry: &mut Entry, place: &str) -> Read<()> {
    let place = format!("{place}, ipsec-sa-cfg");
    let known = [
        "mode",
        "protocol-parameters",
        "esp-algorithms",
        "tunnel",
        "ext-seq-num",
        "pfp-flag",
        "seq-overflow",
        "stateful-frag-check",
    ];
    let fields = object(value, &place, &known)?;
    for flag in ["pfp-flag", "seq-overflow", "stateful-frag-check"] {
        if fields.get(flag).is_some_and(|value| value != &Value::Bool(false)) {
            return error(&format!("{place}, {flag}"), "false: nothing else is done here");
        }
    }
    if fields.get("protocol-parameters").is_some_and(|value| value.as_str() != Some("esp")) {
        return error(&format!("{place}, protocol-parameters"), "esp");
    }
    let mode = match fields.get("mode").map_or(Some("transport"), Value::as_str) {
        Some("transport") if fields.get("tunnel").is_none() => Mode::Transport,
        Some("tunnel") => tunnel(member(fields, "tunnel", &place)?, entry.direction, &place)?,
        _ => return error(&format!("{place}, mode"), "transport, or tunnel with its two ends"),
    };
    let rule = Rule { protocol: Protocol::Esp, mode, level: Level::Require };
    entry.action = Action::Ipsec(vec![rule]);
    algorithms(member(fields, "esp-algorithms", &place)?, entry, &place)
}

fn tunnel(value: &Value, direction: Direction, place: &str) -> Read<Mode> {
    let place = format!("{place}, tunnel");
    let fields = object(value, &place, &["local", "remote"])?;
    let end = |name: &str| match string(fields, name, &place)?.parse() {
        Ok(address) => Ok(address),
        Err(_) => error(&format!("{place}, {name}"), "an IP address"),
    };
    let (local, remote) = (end("local")?, end("remote")?);
    Ok(match direction {
        Direction::Out => Mode::Tunnel { source: local, destination: remote },
        Direction::In => Mode::Tunnel { source: remote, destination: local },
    })
}

fn algorithms(value: &Value, entry: &mut Entry, place: &str) -> Read<()> {
    let place = format!("{place}, esp-algorithms");
    let fields = object(value, &place, &["encryption", "integrity", "tfc-pad"])?;
    if fields.get("integrity").is_some_and(|list| list.as_array().is_none_or(|list| !list.is_empty())) {
        return error(&format!("{place}, integrity"), "nothing: every suite that we have authenticates by itself");
    }
    let place = format!("{place}, encryption");
    let list = member(fields, "encryption", &place)?.as_array().filter(|list| !list.is_empty());
    let Some(list) = list else { return error(&place, "at least one: without any nothing would be encrypted") };
    for value in list {
        let one = object(value, &place, &["id", "algorithm-type", "key-length"])?;
        let number = |name: &str, default: u64| one.get(name).map_or(Some(default), Value::as_u64);
        let said = (number("algorithm-type", super::AES_GCM_16), number("key-length", 128));
        let is_said = |suite: &Suite| {
            let (algorithm, bits) = algorithm(*suite);
            said == (Some(algorithm), Some(bits))
        };
        match Suite::ALL.into_iter().find(is_said).filter(|suite| !entry.suites.contains(suite)) {
            Some(suite) => entry.suites.push(suite),
            None => return error(&place, "28 with 256 bits, 20 with 256 or 128 bits, each once"),
        }
    }
    if entry.suites == Suite::ALL {
        entry.suites.clear();
    }
    match fields.get("tfc-pad") {
        None => Ok(()),
        Some(Value::Bool(pads)) => {
            entry.tfc = Some(*pads);
            Ok(())
        }
        Some(_) => error(&place, "true or false for tfc-pad"),
    }
}

/// No prefix of ours is all addresses of one family: what is for those of both stands there twice, and becomes one.
fn both_families(said: Vec<Said>) -> Read<Vec<Said>> {
    let mut kept: Vec<Said> = Vec::new();
    let mut alone: Vec<usize> = Vec::new();
    for one in said {
        let is_other =
            |at: &usize| kept.get(*at).is_some_and(|other| other.ipv4 != one.ipv4 && other.entry == one.entry);
        match alone.iter().position(is_other) {
            Some(found) if one.ipv4.is_some() => drop(alone.remove(found)),
            _ => {
                alone.extend(one.ipv4.map(|_| kept.len()));
                kept.push(one);
            }
        }
    }
    match alone.first().and_then(|at| kept.get(*at)) {
        None => Ok(kept),
        Some(Said { place, ipv4: Some(true), .. }) => error(place, "beside 0.0.0.0/0 the same entry for ::/0"),
        Some(Said { place, .. }) => error(place, "beside ::/0 the same entry for 0.0.0.0/0"),
    }
}

/// The first of the list is looked at first. Where we would look at another first, each gets a priority.
fn in_order(mut said: Vec<Said>) -> Read<Vec<Entry>> {
    let falls = |one: &Said, next: &Said| looked_at_before(&next.entry, &one.entry);
    let turned = [Direction::Out, Direction::In].into_iter().any(|direction| {
        let way: Vec<&Said> = said.iter().filter(|one| one.entry.direction == direction).collect();
        way.windows(2).any(|pair| matches!(pair, [one, next] if falls(one, next)))
    });
    if turned {
        if let Some(whole) = said.iter().find(|one| one.whole) {
            return error(
                &whole.place,
                "a list in the order in which its entries are looked up: their priorities say another",
            );
        }
        for (priority, one) in (1..).zip(said.iter_mut().rev()) {
            one.entry.priority = priority;
        }
    }
    Ok(said.into_iter().map(|one| one.entry).collect())
}

fn object<'a>(value: &'a Value, place: &str, known: &[&str]) -> Read<&'a Map<String, Value>> {
    let Some(fields) = value.as_object() else { return error(place, "an object") };
    match fields.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(fields),
        Some(unknown) => {
            error(&format!("{place}, {unknown}"), "no such leaf: what is not understood could be a restriction")
        }
    }
}

fn member<'a>(fields: &'a Map<String, Value>, name: &str, place: &str) -> Read<&'a Value> {
    match fields.get(name) {
        Some(value) => Ok(value),
        None => error(&format!("{place}, {name}"), "it is missing"),
    }
}

fn string<'a>(fields: &'a Map<String, Value>, name: &str, place: &str) -> Read<&'a str> {
    match member(fields, name, place)?.as_str() {
        Some(text) => Ok(text),
        None => error(place, "text"),
    }
}
