//! From what a peer says to entries that rule that peer's streams and nobody else's.

use std::net::IpAddr;

use super::{Review, Unreviewable};
use crate::policy::spd::{cut, ends};
use crate::policy::{
    both_directions, Action, Direction, Entry, Level, Origin, PeerScope, PlaceCondition, Prefix, Purpose, Selector,
    StatedPolicy, Statement,
};

/// The entries that approving as it is would register, out then in, and what was cut off, in words.
pub(super) fn propose(
    statement: &Statement,
    between: (IpAddr, IpAddr),
    place: PlaceCondition,
) -> Result<(Vec<Entry>, Vec<String>), Unreviewable> {
    match statement.policies.len() {
        0 => return Err(Unreviewable::NoPolicy),
        count if count > Review::MAX_POLICIES => return Err(Unreviewable::TooManyPolicies),
        _ => {}
    }
    let mut cuts = Vec::new();
    let mut entries = Vec::new();
    for (at, policy) in statement.policies.iter().enumerate() {
        let entry = entry(statement, policy, at + 1, place)?;
        let (kept, words) = cut_to(entry, between);
        let words = words.filter(|_| !is_for_anybody(statement, policy));
        cuts.extend(words.map(|words| format!("policy {} ({}): {words}", at + 1, policy.direction)));
        entries.extend(kept);
    }
    if entries.is_empty() {
        return Err(Unreviewable::NotAboutUs);
    }
    let mut entries = both_directions(entries);
    entries.sort_by_key(|entry| entry.direction == Direction::In);
    Ok((entries, cuts))
}

/// The part of an entry between the two ends, and what happened to the rest.
pub(super) fn cut_to(entry: Entry, (ours, theirs): (IpAddr, IpAddr)) -> (Option<Entry>, Option<String>) {
    let ends = ends(entry.direction, ours, theirs);
    match cut(&entry.selector, ends) {
        None => {
            let words = format!("{} is not between the two of you, and is left out", addresses(&entry.selector));
            (None, Some(words))
        }
        Some(selector) if selector == entry.selector => (Some(entry), None),
        Some(selector) => {
            let words = format!("{} is cut to {}", addresses(&entry.selector), addresses(&selector));
            (Some(Entry { selector, ..entry }), Some(words))
        }
    }
}

fn entry(
    statement: &Statement,
    policy: &StatedPolicy,
    number: usize,
    place: PlaceCondition,
) -> Result<Entry, Unreviewable> {
    let action = match &policy.action {
        Action::Ipsec(rules) if rules.iter().any(|rule| rule.level == Level::Default) => {
            return Err(Unreviewable::DefaultLevel { policy: number })
        }
        Action::Ipsec(rules) => {
            Action::ipsec(rules.clone()).map_err(|source| Unreviewable::Rules { policy: number, source })?
        }
        plain => plain.clone(),
    };
    Ok(Entry {
        suites: policy.suites.clone(),
        keying: policy.keying,
        peer: scope(statement),
        place: Some(place),
        expires: policy.expires,
        origin: Origin::Review,
        ..Entry::new(policy.selector.clone(), policy.direction, action)
    })
}

/// The statement's own device, and no other.
pub(super) fn scope(statement: &Statement) -> PeerScope {
    PeerScope { entity: Some(statement.entity.clone()), device: Some(statement.device.clone()), group: None }
}

/// What is published names nobody at the reader's end: cutting that to us is no news.
fn is_for_anybody(statement: &Statement, policy: &StatedPolicy) -> bool {
    let StatedPolicy { selector: Selector { source, destination, .. }, .. } = policy;
    let (ours, theirs) = if policy.direction == Direction::In { (destination, source) } else { (source, destination) };
    statement.purpose == Purpose::Publish && *ours == Prefix::Any && *theirs != Prefix::Any
}

fn addresses(selector: &Selector) -> String {
    format!("{} -> {}", selector.source, selector.destination)
}
