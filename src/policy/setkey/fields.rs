//! The `# sv:` comment: what setkey has no word for.

use super::grammar::number;
use super::token::Token;
use super::{Line, SetkeyError};
use crate::policy::{Entry, Keying, Origin, PlaceCondition, Scope, Suite};
use crate::vocab::{read_timestamp, Device, Entity, EntryId, Wall};

const KEYS: &str =
    "one of id, entity, device, group, priority, suites, tfc, keying, place, expires, disabled, origin, created, note, each once";

/// The one word that stands without a value.
const DISABLED: &str = "disabled";

/// Fills the entry from `key=value` pairs. An unknown key is refused: it could be a restriction.
pub(super) fn read(comment: &Token<'_>, line: &mut Line) -> Result<(), SetkeyError> {
    let mut seen: Vec<&str> = Vec::new();
    for pair in comment.text.split_whitespace() {
        let error = |expected: &str| SetkeyError::new(comment.line, comment.column, Some(pair), expected);
        let (key, value) = match pair.split_once('=') {
            None if pair == DISABLED => (pair, ""),
            None if seen.is_empty() => return Err(error("key=value")),
            None => return Err(error("key=value; a space within a value is written %20")),
            Some((DISABLED, _)) => return Err(error("disabled, without a value")),
            Some(both) => both,
        };
        let (name, expected) = expected(key).filter(|_| !seen.contains(&key)).ok_or_else(|| error(KEYS))?;
        seen.push(key);
        line.named.insert(name);
        decode(value).and_then(|value| set(&mut line.entry, key, &value)).ok_or_else(|| error(expected))?;
    }
    Ok(())
}

/// The key, and what its value can be.
fn expected(key: &str) -> Option<(&'static str, &'static str)> {
    const TIME: &str = "a time as 2026-11-24T18:00:00Z, or in Unix seconds as 1700000000 or 1700000000.250";
    const EXPECTED: [(&str, &str); 14] = [
        ("created", TIME),
        ("device", "a device, 1 to 128 visible characters"),
        (DISABLED, "disabled, without a value"),
        ("entity", "an entity as sip:bob@example.com"),
        ("expires", TIME),
        ("group", "some percent-encoded text"),
        ("id", "a number as e5"),
        ("keying", "agreement"),
        ("note", "some percent-encoded text"),
        ("origin", "config, import, review or user"),
        ("place", "two of private, public, unknown, as private/public"),
        ("priority", "a number from -2147483648 to 2147483647"),
        ("suites", "suites as chacha20-poly1305,aes-256-gcm,aes-128-gcm, each once"),
        ("tfc", "on or off"),
    ];
    EXPECTED.into_iter().find(|(known, _)| *known == key)
}

fn set(entry: &mut Entry, key: &str, value: &str) -> Option<()> {
    match key {
        "created" => entry.created = time(value)?,
        "device" => entry.peer.device = Some(Device::new(value)?),
        DISABLED => entry.disabled = true,
        "entity" => entry.peer.entity = Some(Entity::parse(value).ok()?),
        "expires" => entry.expires = Some(time(value)?),
        "group" => entry.peer.group = Some(value.to_owned()),
        "id" => entry.id = EntryId(number(value.strip_prefix('e')?)?),
        "keying" => entry.keying = (value == "agreement").then_some(Keying::Agreement)?,
        "note" => entry.note = Some(value.to_owned()),
        "origin" => entry.origin = Origin::from_name(value)?,
        "place" => entry.place = Some(place(value)?),
        "priority" => entry.priority = value.parse().ok()?,
        "suites" => entry.suites = suites(value)?,
        "tfc" => entry.tfc = Some(switch(value)?),
        _ => return None,
    }
    Some(())
}

fn place(text: &str) -> Option<PlaceCondition> {
    let (ours, theirs) = text.split_once('/')?;
    Some(PlaceCondition { ours: Scope::from_name(ours)?, theirs: Scope::from_name(theirs)? })
}

fn switch(text: &str) -> Option<bool> {
    match text {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

fn suites(text: &str) -> Option<Vec<Suite>> {
    let mut suites = Vec::new();
    for name in text.split(',') {
        let suite = Suite::from_name(name).filter(|suite| !suites.contains(suite))?;
        suites.push(suite);
    }
    Some(suites)
}

/// Seconds, and milliseconds behind a point; or RFC 3339.
fn time(text: &str) -> Option<Wall> {
    if text.contains(['T', 't']) {
        let digits: String = text.split_once('.').map_or("", |(_, rest)| rest).chars().take(3).collect();
        let millis = number::<u64>(&digits).filter(|_| digits.len() == 3).unwrap_or_default();
        return read_timestamp(text).and_then(|whole| whole.0.checked_add(millis)).map(Wall);
    }
    let (seconds, millis) = match text.split_once('.') {
        None => (text, 0),
        Some((seconds, millis)) if millis.len() == 3 => (seconds, number(millis)?),
        Some(_) => return None,
    };
    number::<u64>(seconds)?.checked_mul(1000)?.checked_add(millis).map(Wall)
}

/// ` # sv: ...`, or nothing when every field has its plainest value.
pub(super) fn write(entry: &Entry) -> String {
    let mut out = String::new();
    for (key, value) in pairs(entry) {
        out.push_str(if out.is_empty() { " # sv: " } else { " " });
        out.push_str(key);
        if key != DISABLED {
            out.push('=');
            encode(&value, &mut out);
        }
    }
    out
}

fn pairs(entry: &Entry) -> impl Iterator<Item = (&'static str, String)> {
    let named = |present: bool, text: String| present.then_some(text);
    let suites: Vec<&str> = entry.suites.iter().map(|suite| suite.name()).collect();
    [
        ("id", named(entry.id != EntryId::default(), entry.id.to_string())),
        ("entity", entry.peer.entity.as_ref().map(Entity::to_string)),
        ("device", entry.peer.device.as_ref().map(Device::to_string)),
        ("group", entry.peer.group.clone()),
        ("priority", named(entry.priority != 0, entry.priority.to_string())),
        ("suites", named(!suites.is_empty(), suites.join(","))),
        ("tfc", entry.tfc.map(|tfc| if tfc { "on" } else { "off" }.to_owned())),
        ("place", entry.place.map(|place| format!("{}/{}", place.ours, place.theirs))),
        ("expires", entry.expires.map(write_time)),
        (DISABLED, named(entry.disabled, String::new())),
        ("origin", named(entry.origin != Origin::User, entry.origin.name().to_owned())),
        ("created", named(entry.created != Wall::default(), write_time(entry.created))),
        ("note", entry.note.clone()),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key, value?)))
}

fn write_time(time: Wall) -> String {
    match time.0 % 1000 {
        0 => time.as_secs().to_string(),
        millis => format!("{}.{millis:03}", time.as_secs()),
    }
}

/// Percent-encodes all but visible ASCII, and `%` itself.
fn encode(value: &str, out: &mut String) {
    for octet in value.bytes() {
        if octet.is_ascii_graphic() && octet != b'%' {
            out.push(char::from(octet));
        } else {
            out.push_str(&format!("%{octet:02X}"));
        }
    }
}

fn decode(text: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            plain => plain,
        });
    }
    String::from_utf8(octets).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
