//! The database as commands of ip-xfrm(8), for administrators who keep a kernel's policy beside ours.
//!
//! ```text
//! # e1: spdadd 192.168.1.1/32[any] 192.168.1.2/32[5060] udp -P out ipsec esp/transport//require;
//! ip xfrm policy add src 192.168.1.1/32 dst 192.168.1.2/32 proto udp dport 5060 dir out priority 1 action allow tmpl proto esp mode transport level required
//! ```
//!
//! An entry that the kernel could not follow to the letter is left out and named: one that is nearly the same would protect
//! less. Where it protects, or discards, its packets are blocked in its place, with every port and peer that the kernel cannot tell
//! apart: a later entry, as the default, would let them go.

use std::fmt::Write as _;
use std::time::Duration;

use super::{Action, Direction, Entry, Level, Mode, PeerScope, Ports, Prefix, Protocol, Rule, Selector, Upper};
use crate::vocab::{EntryId, Wall};

/// The commands, and which entries have none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Xfrm {
    pub text: String,
    pub left_out: Vec<(EntryId, Unsaid)>,
    /// Those of them whose packets are blocked.
    pub blocked: Vec<EntryId>,
}

/// Why the kernel has no words for an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsaid {
    #[error("it names several ports and not all, where the kernel knows one or all")]
    Range,
    #[error("it names a port of any protocol, where the kernel knows ports of one")]
    PortOfAny,
    #[error("it is for one peer wherever he is, and the kernel knows addresses only")]
    Peer,
    #[error("it holds in some places only, and the kernel knows no places")]
    Place,
    #[error("its two ends are of different families")]
    Families,
    #[error("it names srtp, which telephones do and the kernel does not")]
    Srtp,
}

/// `entries` in lookup order: the first gets the lowest number, which the kernel looks at first. `default_level` is what an
/// entry that names none means. Entries that are over or disabled are nowhere.
pub fn write<'a>(entries: impl IntoIterator<Item = &'a Entry>, default_level: Level, now: Wall) -> Xfrm {
    let mut all = Xfrm::default();
    for (entry, priority) in entries.into_iter().filter(|entry| entry.in_force(now)).zip(1u32..) {
        // A String takes everything.
        let _ = writeln!(all.text, "# {}: {}", entry.id, entry.to_setkey());
        match commands(entry, priority, default_level, now) {
            Ok(commands) => all.text += &(told_elsewhere(entry).to_owned() + &commands),
            Err(why) => {
                let _ = writeln!(all.text, "# left out: {why}");
                all.left_out.push((entry.id, why));
                let blocks = in_its_place(entry).map(|block| commands(&block, priority, default_level, now));
                if let Some(Ok(commands)) = blocks {
                    all.text += "# blocked in its place, or a later one would let through what it protects\n";
                    all.text += &commands;
                    all.blocked.push(entry.id);
                }
            }
        }
    }
    all
}

/// What stops all packets of an entry that protects or discards some, in words that the kernel has: for everybody and everywhere, and
/// for every port where it cannot tell them apart.
pub(super) fn in_its_place(entry: &Entry) -> Option<Entry> {
    let selector = match ports(&entry.selector) {
        Ok(_) => entry.selector.clone(),
        Err(_) => Selector { source_ports: Ports::Any, destination_ports: Ports::Any, ..entry.selector.clone() },
    };
    let block =
        || Entry { selector, action: Action::Discard, peer: PeerScope::default(), place: None, ..entry.clone() };
    (entry.action != Action::None).then(block)
}

fn commands(entry: &Entry, priority: u32, default_level: Level, now: Wall) -> Result<String, Unsaid> {
    if entry.place.is_some() {
        return Err(Unsaid::Place);
    }
    let theirs = match entry.direction {
        Direction::In => entry.selector.source,
        Direction::Out => entry.selector.destination,
    };
    let is_scoped = entry.peer.entity.is_some() || entry.peer.device.is_some() || entry.peer.group.is_some();
    if is_scoped && theirs.only_address().is_none() {
        return Err(Unsaid::Peer);
    }
    if entry.action.rule(Protocol::Srtp).is_some() {
        return Err(Unsaid::Srtp);
    }
    let ends = ends(&entry.selector)?;
    let ports = ports(&entry.selector)?;
    let limit = entry.expires.map(|at| limit(at.since(now))).unwrap_or_default();
    let action = action(&entry.action, priority, default_level);
    let direction = entry.direction;
    let line = |(source, destination): &(String, String)| {
        format!(
            "ip xfrm policy add src {source} dst {destination}{ports} dir {direction} priority {priority}{action_word}{limit}{templates}\n",
            action_word = action.0,
            templates = action.1,
        )
    };
    Ok(ends.iter().map(line).collect())
}

/// What its policies have no words for, its states have: the administrator sets it there.
fn told_elsewhere(entry: &Entry) -> &'static str {
    match (entry.suites.is_empty(), entry.tfc) {
        (true, None) => "",
        (true, Some(_)) => "# not told: tfc, which the kernel takes from its states (tfcpad)\n",
        (false, None) => "# not told: suites, which the kernel takes from its states (aead)\n",
        (false, Some(_)) => "# not told: suites and tfc, which the kernel takes from its states (aead, tfcpad)\n",
    }
}

/// The kernel keeps one policy for each family.
fn ends(selector: &Selector) -> Result<Vec<(String, String)>, Unsaid> {
    let (source, destination) = (selector.source, selector.destination);
    let families: Vec<bool> = [true, false]
        .into_iter()
        .filter(|is_ipv4| [source, destination].iter().all(|end| is_of(*end, *is_ipv4)))
        .collect();
    if families.is_empty() {
        return Err(Unsaid::Families);
    }
    Ok(families.into_iter().map(|is_ipv4| (end(source, is_ipv4), end(destination, is_ipv4))).collect())
}

fn is_of(prefix: Prefix, is_ipv4: bool) -> bool {
    match prefix {
        Prefix::Any => true,
        Prefix::Net { address, .. } => address.is_ipv4() == is_ipv4,
    }
}

fn end(prefix: Prefix, is_ipv4: bool) -> String {
    match (prefix, is_ipv4) {
        (Prefix::Any, true) => "0.0.0.0/0".to_owned(),
        (Prefix::Any, false) => "::/0".to_owned(),
        (net, _) => net.to_string(),
    }
}

fn ports(selector: &Selector) -> Result<String, Unsaid> {
    let (source, destination) = (one(selector.source_ports)?, one(selector.destination_ports)?);
    let named = |word: &str, port: Option<u16>| port.map(|port| format!(" {word} {port}")).unwrap_or_default();
    match selector.upper {
        Upper::Any if source.or(destination).is_some() => Err(Unsaid::PortOfAny),
        Upper::Any => Ok(String::new()),
        upper => Ok(format!(" proto {upper}{}{}", named("sport", source), named("dport", destination))),
    }
}

fn one(ports: Ports) -> Result<Option<u16>, Unsaid> {
    match ports {
        Ports::Any | Ports::Range { first: 0, last: u16::MAX } => Ok(None),
        // To the kernel zero is every port.
        Ports::Range { first, last } if first == last && first > 0 => Ok(Some(first)),
        Ports::Range { .. } => Err(Unsaid::Range),
    }
}

/// Seconds that the kernel counts from when it took the policy; what is left of one is one.
fn limit(left: Duration) -> String {
    format!(" limit time-hard {}", left.as_millis().div_ceil(1000))
}

/// `allow` or `block`, and one template for each rule, inside out as the kernel applies them.
fn action(action: &Action, number: u32, default_level: Level) -> (&'static str, String) {
    match action {
        Action::Discard => (" action block", String::new()),
        Action::None => (" action allow", String::new()),
        Action::Ipsec(rules) => {
            (" action allow", rules.iter().map(|rule| template(rule, number, default_level)).collect())
        }
    }
}

fn template(rule: &Rule, number: u32, default_level: Level) -> String {
    let protocol = match rule.protocol {
        Protocol::Ipcomp => "comp",
        // `commands` left it out.
        Protocol::Esp | Protocol::Srtp => "esp",
        Protocol::Ah => "ah",
    };
    let (ends, mode) = match rule.mode {
        Mode::Transport => (String::new(), "transport"),
        Mode::Tunnel { source, destination } => (format!(" src {source} dst {destination}"), "tunnel"),
    };
    let (own, level) = match rule.level.resolve(default_level) {
        Level::Use => (String::new(), "use"),
        // Its SA serves no other policy.
        Level::Unique => (format!(" reqid {number}"), "required"),
        Level::Default | Level::Require => (String::new(), "required"),
    };
    format!(" tmpl{ends} proto {protocol}{own} mode {mode} level {level}")
}

#[cfg(test)]
mod tests;
