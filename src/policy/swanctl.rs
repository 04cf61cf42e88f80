//! The database as `swanctl.conf` of strongSwan, for administrators who put another IPsec program beside ours.
//!
//! ```text
//! connections {
//!     sv-e1 {
//!         version = 2
//!         local_addrs = 192.168.1.1
//!         remote_addrs = 192.168.1.2
//!         children {
//!             e1 {
//!                 local_ts = 192.168.1.1/32[udp]
//!                 remote_ts = 192.168.1.2/32[udp]
//!                 mode = transport
//!                 esp_proposals = chacha20poly1305,aes256gcm16,aes128gcm16
//!                 priority = 1
//!                 start_action = trap
//!             }
//!         }
//!     }
//! }
//! ```
//!
//! A child speaks of both directions: an entry and its other direction are one, if they say the same. Who proves by what to be
//! whom stands in sections `local` and `remote` of a connection, which is for the administrator to add: our keys are none of
//! IKE's. What strongSwan could not follow to the letter is left out and named, and dropped both ways where it protects, as for
//! [`xfrm`](super::xfrm).

use std::fmt::Write as _;
use std::net::IpAddr;

use super::{Action, Direction, Entry, Level, Mode, Ports, Prefix, Protocol, Rule, Selector, Suite, Upper};
use crate::vocab::{EntryId, Wall};

/// The file, and which entries are not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swanctl {
    pub text: String,
    pub left_out: Vec<(EntryId, Unsaid)>,
    /// Those of them whose packets are dropped.
    pub dropped: Vec<EntryId>,
}

/// A child, where its `out` entry stands or what takes its place.
struct Child {
    at: usize,
    entry: Entry,
}

/// Why strongSwan has no words for an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsaid {
    #[error("it demands both ah and esp, where strongSwan has one of them for a child")]
    Both,
    #[error("ipcomp stands there without esp in the same mode, or beside ah")]
    Compression,
    #[error("it ends at a time, and strongSwan's policies do not")]
    End,
    #[error("its two ends are of different families")]
    Families,
    #[error("its other direction says something else or is not there, and strongSwan has one policy for both")]
    OneWay,
    #[error("another entry is looked at before it in one direction and behind it in the other, where strongSwan has one order")]
    Order,
    #[error("it is for one peer wherever he is, and strongSwan's policies know addresses only")]
    Peer,
    #[error("it holds in some places only, and strongSwan knows no places")]
    Place,
    #[error("it names a port of any protocol, where the kernel knows ports of one")]
    PortOfAny,
    #[error("it names several ports and not all, where the kernel knows one or all")]
    Range,
    #[error("it names srtp, which telephones do and strongSwan does not")]
    Srtp,
    #[error("its level is use: it lets packets go in clear where there is no SA, which strongSwan does not")]
    Use,
}

/// `entries` in lookup order, the default last: the first gets the lowest priority number, which is looked at first.
/// `default_level` is what an entry that names none means. Entries that are over or disabled are nowhere.
pub fn write<'a>(entries: impl IntoIterator<Item = &'a Entry>, default_level: Level, now: Wall) -> Swanctl {
    let all: Vec<&Entry> = entries.into_iter().filter(|entry| entry.in_force(now)).collect();
    let mut file = Swanctl::default();
    let (mut said, mut drops) = (Vec::new(), Vec::new());
    for (at, entry) in all.iter().enumerate() {
        // A String takes everything.
        let _ = writeln!(file.text, "# {}: {}", entry.id, entry.to_setkey());
        // Its other direction stands for both.
        let told = match entry.direction {
            Direction::Out => paired(&all, at, &said).and_then(|back| {
                connection(entry, 1, default_level)?;
                said.push((at, back));
                Ok(())
            }),
            Direction::In if is_of_a_pair(&all, at) => Ok(()),
            Direction::In => Err(Unsaid::OneWay),
        };
        let Err(why) = told else { continue };
        let _ = writeln!(file.text, "# left out: {why}");
        file.left_out.push((entry.id, why));
        let drop = drop_of(entry).filter(|drop| connection(drop, 1, default_level).is_ok());
        if let Some(drop) = drop {
            file.text += "# dropped in its place, or a later one would let through what it protects\n";
            file.dropped.push(entry.id);
            drops.push((at, drop));
        }
    }
    let mut children: Vec<Child> = drops.into_iter().map(|(at, entry)| placed(&all, &said, at, entry)).collect();
    children.extend(said.iter().filter_map(|(at, _)| Some(Child { at: *at, entry: (*all.get(*at)?).clone() })));
    // Stable: what is dropped comes before what stands at the same place.
    children.sort_by_key(|child| child.at);
    let texts =
        children.iter().zip(1..).filter_map(|(child, number)| connection(&child.entry, number, default_level).ok());
    let texts: String = texts.collect();
    if !texts.is_empty() {
        let _ = write!(file.text, "connections {{\n{texts}}}\n");
    }
    file
}

/// Both ways, as seen from here.
fn drop_of(entry: &Entry) -> Option<Entry> {
    let drop = Entry { expires: None, ..super::xfrm::in_its_place(entry)? };
    Some(if drop.direction == Direction::In { drop.mirror() } else { drop })
}

/// Before every child that is looked at behind the entry in a direction that it speaks of.
fn placed(all: &[&Entry], said: &[(usize, usize)], at: usize, drop: Entry) -> Child {
    let of = |direction| {
        let is = |entry: &Entry| entry.direction == direction;
        all.iter().enumerate().position(|(other, entry)| is(entry) && (other == at || mirrors_of(all, at, entry)))
    };
    let (own_out, own_in) = (of(Direction::Out), of(Direction::In));
    let behind = |(out, inward): &&(usize, usize)| {
        own_out.is_some_and(|own| *out > own) || own_in.is_some_and(|own| *inward > own)
    };
    let meets = |(out, _): &&(usize, usize)| all.get(*out).is_some_and(|other| other.selector.meets(&drop.selector));
    let first = said.iter().filter(behind).filter(meets).map(|(out, _)| *out).min();
    Child { at: first.map_or(at, |first| first.min(at)), entry: drop }
}

fn mirrors_of(all: &[&Entry], at: usize, other: &Entry) -> bool {
    all.get(at).is_some_and(|entry| mirrors(other, entry))
}

fn mirrors(one: &Entry, other: &Entry) -> bool {
    let alike = (&one.peer, one.priority, &one.suites, &one.place)
        == (&other.peer, other.priority, &other.suites, &other.place);
    alike && one.selector == other.selector.mirror() && one.action == other.action.mirror()
}

fn is_of_a_pair(all: &[&Entry], at: usize) -> bool {
    all.get(at).is_some_and(|entry| all.iter().any(|other| other.direction != entry.direction && mirrors(other, entry)))
}

/// Where the other direction of an `out` entry stands. Of two pairs that speak of common packets the first has to be so both
/// ways.
fn paired(all: &[&Entry], at: usize, said: &[(usize, usize)]) -> Result<usize, Unsaid> {
    let entry = all.get(at).ok_or(Unsaid::OneWay)?;
    let taken = |back: usize| said.iter().any(|(_, other)| *other == back);
    let is_back =
        |(back, other): &(usize, &&Entry)| other.direction == Direction::In && !taken(*back) && mirrors(other, entry);
    let (back, _) = all.iter().enumerate().find(is_back).ok_or(Unsaid::OneWay)?;
    let crossed = said.iter().any(|(out, other)| {
        *other > back && all.get(*out).is_some_and(|earlier| earlier.selector.meets(&entry.selector))
    });
    if crossed {
        return Err(Unsaid::Order);
    }
    Ok(back)
}

/// One connection with one child, from the `out` entry.
fn connection(entry: &Entry, priority: usize, default_level: Level) -> Result<String, Unsaid> {
    if entry.place.is_some() {
        return Err(Unsaid::Place);
    }
    if entry.expires.is_some() {
        return Err(Unsaid::End);
    }
    let theirs = entry.selector.destination;
    let is_scoped = entry.peer.entity.is_some() || entry.peer.device.is_some() || entry.peer.group.is_some();
    if is_scoped && theirs.only_address().is_none() {
        return Err(Unsaid::Peer);
    }
    let (local, remote) = selectors(&entry.selector)?;
    let settings = settings(entry, default_level)?;
    let gateways = entry.action.rules().iter().find_map(|rule| match rule.mode {
        Mode::Tunnel { source, destination } => Some((source, destination)),
        Mode::Transport => None,
    });
    let (ours, peer) = match gateways {
        Some((ours, peer)) => (Some(ours), Some(peer)),
        None => (entry.selector.source.only_address(), theirs.only_address()),
    };
    let address = |address: Option<IpAddr>| address.map_or_else(|| "%any".to_owned(), |address| address.to_string());
    let mut child = vec![format!("local_ts = {local}"), format!("remote_ts = {remote}")];
    child.extend(settings);
    child.push(format!("priority = {priority}"));
    child.push("start_action = trap".to_owned());
    let child: String = child.iter().map(|line| format!("                {line}\n")).collect();
    let id = name(entry, priority);
    Ok(format!(
        "    sv-{id} {{\n        version = 2\n        local_addrs = {}\n        remote_addrs = {}\n        children {{\n            \
         {id} {{\n{child}            }}\n        }}\n    }}\n",
        address(ours),
        address(peer),
    ))
}

/// A configured default has no number.
fn name(entry: &Entry, priority: usize) -> String {
    match entry.id.0 {
        0 => format!("default{priority}"),
        _ => entry.id.to_string(),
    }
}

/// Mode and proposals.
fn settings(entry: &Entry, default_level: Level) -> Result<Vec<String>, Unsaid> {
    let rules = match &entry.action {
        Action::Discard => return Ok(vec!["mode = drop".to_owned()]),
        Action::None => return Ok(vec!["mode = pass".to_owned()]),
        Action::Ipsec(rules) => rules,
    };
    if entry.action.rule(Protocol::Srtp).is_some() {
        return Err(Unsaid::Srtp);
    }
    let (esp, ah) = (entry.action.rule(Protocol::Esp), entry.action.rule(Protocol::Ah));
    let (rule, proposals) = match (esp, ah) {
        (Some(_), Some(_)) => return Err(Unsaid::Both),
        (Some(esp), None) => (esp, format!("esp_proposals = {}", suites(&entry.suites))),
        (None, Some(ah)) => (ah, "ah_proposals = sha256".to_owned()),
        (None, None) => return Err(Unsaid::Compression),
    };
    let compression = entry.action.rule(Protocol::Ipcomp);
    if compression.is_some_and(|ipcomp| ah.is_some() || ipcomp.mode != rule.mode) {
        return Err(Unsaid::Compression);
    }
    let weak = |rule: &&Rule| rule.protocol != Protocol::Ipcomp && rule.level.resolve(default_level) == Level::Use;
    if rules.iter().any(|rule| weak(&rule)) {
        return Err(Unsaid::Use);
    }
    let mode = if rule.mode == Mode::Transport { "transport" } else { "tunnel" };
    let mut lines = vec![format!("mode = {mode}"), proposals];
    lines.extend(compression.map(|_| "ipcomp = yes".to_owned()));
    if entry.tfc == Some(true) {
        lines.push("tfc_padding = mtu".to_owned());
    }
    Ok(lines)
}

/// strongSwan's names; all that we have where the entry names none.
fn suites(named: &[Suite]) -> String {
    let all = if named.is_empty() { &Suite::ALL[..] } else { named };
    let name = |suite: &Suite| match suite {
        Suite::Aes128Gcm => "aes128gcm16",
        Suite::Aes256Gcm => "aes256gcm16",
        Suite::Chacha20Poly1305 => "chacha20poly1305",
    };
    all.iter().map(name).collect::<Vec<_>>().join(",")
}

/// Ours and theirs, of an `out` entry.
fn selectors(selector: &Selector) -> Result<(String, String), Unsaid> {
    let (source, destination) = (selector.source, selector.destination);
    let families: Vec<bool> =
        [true, false].into_iter().filter(|v4| [source, destination].iter().all(|end| is_of(*end, *v4))).collect();
    if families.is_empty() {
        return Err(Unsaid::Families);
    }
    let end = |prefix: Prefix, ports: Ports| -> Result<String, Unsaid> {
        let ports = bracket(selector.upper, ports)?;
        let of = |v4: &bool| match prefix {
            Prefix::Any if *v4 => format!("0.0.0.0/0{ports}"),
            Prefix::Any => format!("::/0{ports}"),
            net => format!("{net}{ports}"),
        };
        Ok(families.iter().map(of).collect::<Vec<_>>().join(","))
    };
    Ok((end(source, selector.source_ports)?, end(destination, selector.destination_ports)?))
}

fn is_of(prefix: Prefix, v4: bool) -> bool {
    match prefix {
        Prefix::Any => true,
        Prefix::Net { address, .. } => address.is_ipv4() == v4,
    }
}

fn bracket(upper: Upper, ports: Ports) -> Result<String, Unsaid> {
    let port = match ports.bounds() {
        (0, u16::MAX) => None,
        // To the kernel zero is every port.
        (first, last) if first == last && first > 0 => Some(first),
        _ => return Err(Unsaid::Range),
    };
    match (upper, port) {
        (Upper::Any, Some(_)) => Err(Unsaid::PortOfAny),
        (Upper::Any, None) => Ok(String::new()),
        (upper, None) => Ok(format!("[{upper}]")),
        (upper, Some(port)) => Ok(format!("[{upper}/{port}]")),
    }
}

#[cfg(test)]
mod tests;
