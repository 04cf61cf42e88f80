use std::net::IpAddr;

use serde_json::{json, Map, Value};

use super::{AES_GCM_16, CHACHA20_POLY1305, DISABLED, MODULE, SETKEY};
use crate::policy::{Action, Direction, Entry, Level, Mode, Ports, Prefix, Protocol, Rule, Suite, Upper};
use crate::vocab::EntryId;

/// Packets of our SAs that may come late.
const WINDOW: u32 = 1024;

/// `entries` in lookup order.
pub fn write<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> String {
    let (disabled, entries): (Vec<&Entry>, Vec<&Entry>) = entries.into_iter().partition(|entry| entry.disabled);
    let list: Vec<Value> = (1..).zip(entries).flat_map(|(number, entry)| spd_entries(entry, number)).collect();
    let mut spd = json!({ "spd-entry": list });
    if !disabled.is_empty() {
        spd[DISABLED] = disabled.into_iter().map(Entry::to_setkey).collect();
    }
    let mut model = Map::new();
    model.insert(MODULE.to_owned(), json!({ "spd": spd }));
    serde_json::to_string_pretty(&Value::Object(model)).unwrap_or_default() + "\n"
}

/// One, or one for each family: a prefix of the model is of one.
pub(super) fn spd_entries(entry: &Entry, number: u64) -> Vec<Value> {
    let (source, destination) = (entry.selector.source, entry.selector.destination);
    let family = |prefix: Prefix| match prefix {
        Prefix::Any => None,
        Prefix::Net { address, .. } => Some(address.is_ipv4()),
    };
    let name = if entry.id == EntryId(0) { format!("default{number}") } else { entry.id.to_string() };
    match (family(source), family(destination)) {
        (None, None) => {
            vec![spd_entry(entry, &name, (true, true)), spd_entry(entry, &format!("{name}-ipv6"), (false, false))]
        }
        (Some(one), None) | (None, Some(one)) => vec![spd_entry(entry, &name, (one, one))],
        (Some(source), Some(destination)) => vec![spd_entry(entry, &name, (source, destination))],
    }
}

fn spd_entry(entry: &Entry, name: &str, families: (bool, bool)) -> Value {
    let mut whole = json!({
        "name": name,
        "direction": if entry.direction == Direction::Out { "outbound" } else { "inbound" },
        // A number of 64 bits is text (RFC 7951 section 6.1).
        "reqid": entry.id.0.to_string(),
        "ipsec-policy-config": {
            "anti-replay-window-size": WINDOW,
            "traffic-selector": selector(entry, families),
            "processing-info": processing(entry),
        },
    });
    if !is_said(entry) {
        whole[SETKEY] = json!(entry.to_setkey());
    }
    whole
}

fn selector(entry: &Entry, families: (bool, bool)) -> Value {
    let selector = &entry.selector;
    let source = (selector.source, families.0, selector.source_ports);
    let destination = (selector.destination, families.1, selector.destination_ports);
    let (local, remote) = if entry.direction == Direction::Out { (source, destination) } else { (destination, source) };
    let mut said = json!({
        "local-prefix": prefix(local.0, local.1),
        "remote-prefix": prefix(remote.0, remote.1),
        "inner-protocol": match selector.upper {
            Upper::Any => json!("any"),
            Upper::Tcp => json!(6),
            Upper::Udp => json!(17),
        },
    });
    for (name, ports) in [("local-ports", local.2), ("remote-ports", remote.2)] {
        if let Ports::Range { first, last } = ports {
            said[name] = json!([{ "start": first, "end": last }]);
        }
    }
    said
}

fn prefix(prefix: Prefix, is_ipv4: bool) -> String {
    match (prefix, is_ipv4) {
        (Prefix::Any, true) => "0.0.0.0/0".to_owned(),
        (Prefix::Any, false) => "::/0".to_owned(),
        (net, _) => net.to_string(),
    }
}

fn processing(entry: &Entry) -> Value {
    match &entry.action {
        _ if !is_safe(entry) => json!({ "action": "discard" }),
        Action::Discard => json!({ "action": "discard" }),
        Action::None => json!({ "action": "bypass" }),
        Action::Ipsec(rules) => match rules.first() {
            Some(rule) => json!({ "action": "protect", "ipsec-sa-cfg": association(entry, rule) }),
            None => json!({ "action": "discard" }),
        },
    }
}

fn association(entry: &Entry, rule: &Rule) -> Value {
    let suites = if entry.suites.is_empty() { &Suite::ALL[..] } else { &entry.suites };
    let encryption = (1..).zip(suites).map(|(id, suite): (u16, _)| {
        let (algorithm, bits) = algorithm(*suite);
        json!({ "id": id, "algorithm-type": algorithm, "key-length": bits })
    });
    let mut algorithms = json!({ "encryption": encryption.collect::<Vec<Value>>() });
    if let Some(pads) = entry.tfc {
        algorithms["tfc-pad"] = json!(pads);
    }
    let mut said = json!({
        "mode": if rule.mode == Mode::Transport { "transport" } else { "tunnel" },
        "protocol-parameters": "esp",
        "esp-algorithms": algorithms,
    });
    if let Mode::Tunnel { source, destination } = rule.mode {
        let (local, remote): (IpAddr, IpAddr) =
            if entry.direction == Direction::Out { (source, destination) } else { (destination, source) };
        said["tunnel"] = json!({ "local": local.to_string(), "remote": remote.to_string() });
    }
    said
}

pub(super) fn algorithm(suite: Suite) -> (u64, u64) {
    match suite {
        Suite::Aes128Gcm => (AES_GCM_16, 128),
        Suite::Aes256Gcm => (AES_GCM_16, 256),
        Suite::Chacha20Poly1305 => (CHACHA20_POLY1305, 256),
    }
}

/// The leaves say no less than the entry does: they are for the same packets, of anybody, at any time and place, and
/// demand the same.
fn is_safe(entry: &Entry) -> bool {
    let alone = entry.peer.is_everybody() && entry.place.is_none() && entry.expires.is_none() && !entry.disabled;
    let esp = match &entry.action {
        Action::Discard | Action::None => true,
        Action::Ipsec(rules) => match &rules[..] {
            [rule] => rule.protocol == Protocol::Esp && matches!(rule.level, Level::Require | Level::Unique),
            _ => false,
        },
    };
    // Zero is every port there.
    let zero = |ports: Ports| matches!(ports, Ports::Range { first: 0, last: 0 });
    alone && esp && !zero(entry.selector.source_ports) && !zero(entry.selector.destination_ports)
}

/// The leaves say all of it.
fn is_said(entry: &Entry) -> bool {
    let level = entry.action.rules().first().map(|rule| rule.level);
    let whole = |ports: Ports| ports != Ports::Range { first: 0, last: u16::MAX };
    let plain = matches!(entry.action, Action::Ipsec(_)) || (entry.suites.is_empty() && entry.tfc.is_none());
    is_safe(entry)
        && plain
        && level.is_none_or(|level| level == Level::Require)
        && entry.priority == 0
        && entry.note.is_none()
        && entry.suites != Suite::ALL
        && whole(entry.selector.source_ports)
        && whole(entry.selector.destination_ports)
}
