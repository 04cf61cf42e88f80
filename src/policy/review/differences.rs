//! What differs between the peer's policy and ours, field by field.

use super::{Difference, Review};
use crate::policy::{compare, Action, Entry, Guarantee, Level, Piece, Protocol, Rule, Spd, Suite, Tightness, Upper};

/// One row for each field, theirs held against ours.
pub(super) fn differences(review: &Review) -> Vec<Difference> {
    let current = review.current.iter().chain(&review.by_tcp).cloned().collect();
    let spd = Spd::compile(review.generation, current, Vec::new());
    let held = |theirs: &Entry| {
        let place = place_of(theirs, &review.proposed);
        let mut found = rows(&place, &ruling(&spd, review, theirs), theirs, review.default_level);
        if let Some(ours) = ruling_tcp(&spd, review, theirs) {
            found.extend(rows(&format!("{place} tcp"), &ours, theirs, review.default_level));
        }
        found
    };
    review.proposed.iter().flat_map(held).collect()
}

/// `out`, or where several of `all` have that direction the packets that it is for.
pub(super) fn place_of(entry: &Entry, all: &[Entry]) -> String {
    let alone = all.iter().filter(|other| other.direction == entry.direction).count() == 1;
    if alone {
        entry.direction.to_string()
    } else {
        first_piece(entry).to_string()
    }
}

/// The entry of ours that names TCP and rules it where theirs speaks of any protocol.
fn ruling_tcp(spd: &Spd, review: &Review, theirs: &Entry) -> Option<Entry> {
    let piece = Piece { upper: Upper::Tcp, ..first_piece(theirs) };
    let ours = spd.lookup(&piece.flow(Some(review.peer())), review.provenance.received).entry;
    (theirs.selector.upper == Upper::Any && ours.selector.upper == Upper::Tcp).then(|| ours.clone())
}

/// The entry of ours that rules the first packet of theirs.
pub(super) fn ruling(spd: &Spd, review: &Review, theirs: &Entry) -> Entry {
    let flow = first_piece(theirs).flow(Some(review.peer()));
    spd.lookup(&flow, review.provenance.received).entry.clone()
}

fn first_piece(entry: &Entry) -> Piece {
    let selector = &entry.selector;
    let address = |prefix| match prefix {
        crate::policy::Prefix::Net { address, .. } => address,
        crate::policy::Prefix::Any => std::net::Ipv4Addr::UNSPECIFIED.into(),
    };
    Piece {
        direction: entry.direction,
        source: (address(selector.source), selector.source_ports),
        destination: (address(selector.destination), selector.destination_ports),
        // What a call sends; ours may speak of that alone.
        upper: if selector.upper == Upper::Any { Upper::Udp } else { selector.upper },
    }
}

/// One for each field, `theirs` held against `ours`.
pub(super) fn rows(place: &str, ours: &Entry, theirs: &Entry, level: Level) -> Vec<Difference> {
    let of = |entry: &Entry| Guarantee::of(&entry.action, level);
    let mut rows = vec![Difference {
        field: format!("{place} action"),
        ours: ours.action.resolved(level).to_string(),
        theirs: theirs.action.to_string(),
        relation: compare(&of(theirs), &of(ours)),
    }];
    if ours.action == Action::Discard || theirs.action == Action::Discard {
        return rows;
    }
    for protocol in [Protocol::Ah, Protocol::Esp, Protocol::Ipcomp, Protocol::Srtp] {
        rows.extend(rule(place, protocol, ours.action.rule(protocol), theirs.action.rule(protocol), level));
    }
    rows.extend(suites(place, ours, theirs));
    rows
}

fn rule(place: &str, protocol: Protocol, ours: Option<&Rule>, theirs: Option<&Rule>, level: Level) -> Vec<Difference> {
    if ours.is_none() && theirs.is_none() {
        return Vec::new();
    }
    let promised = |rule: Option<&Rule>| rule.map_or(Guarantee::default(), |rule| Guarantee::of_rule(rule, level));
    let word = |rule: Option<&Rule>| rule.map_or("-".to_owned(), |rule| rule.level.resolve(level).to_string());
    let mut rows = vec![Difference {
        field: format!("{place} {protocol} level"),
        ours: word(ours),
        theirs: word(theirs),
        relation: compare(&promised(theirs), &promised(ours)),
    }];
    if let (Some(ours), Some(theirs)) = (ours, theirs) {
        if ours.mode != theirs.mode {
            rows.push(neither(format!("{place} {protocol} mode"), ours.mode.to_string(), theirs.mode.to_string()));
        }
    }
    rows
}

fn suites(place: &str, ours: &Entry, theirs: &Entry) -> Option<Difference> {
    let esp = |entry: &Entry| entry.action.rule(Protocol::Esp).is_some();
    let words = |suites: &[Suite]| match suites {
        [] => "any".to_owned(),
        suites => suites.iter().map(|suite| suite.name()).collect::<Vec<_>>().join(", "),
    };
    let differ = esp(ours) && esp(theirs) && ours.suites != theirs.suites;
    differ.then(|| neither(format!("{place} suites"), words(&ours.suites), words(&theirs.suites)))
}

/// A capability: different, but neither tighter nor looser.
fn neither(field: String, ours: String, theirs: String) -> Difference {
    Difference { field, ours, theirs, relation: Tightness::Incomparable }
}
