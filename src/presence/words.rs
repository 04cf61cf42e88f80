//! The words of enumerations, as statements write them.

use crate::policy::{Direction, Keying, Level, ProposalDecision, Protocol, Purpose, Upper};

pub(super) fn direction(word: &str) -> Option<Direction> {
    [Direction::In, Direction::Out].into_iter().find(|direction| direction.to_string() == word)
}

/// Never `default`: the author resolves it first (PROTOCOL section 2).
pub(super) fn level(word: &str) -> Option<Level> {
    [Level::Use, Level::Require, Level::Unique].into_iter().find(|level| level.to_string() == word)
}

pub(super) fn protocol(word: &str) -> Option<Protocol> {
    [Protocol::Ipcomp, Protocol::Esp, Protocol::Ah].into_iter().find(|protocol| protocol.to_string() == word)
}

/// The one mode that is stated: transport mode goes without saying.
pub(super) const TUNNEL: &str = "tunnel";

pub(super) fn tunnel(word: &str) -> Option<()> {
    (word == TUNNEL).then_some(())
}

pub(super) fn upper(word: &str) -> Option<Upper> {
    [Upper::Any, Upper::Tcp, Upper::Udp].into_iter().find(|upper| upper.to_string() == word)
}

pub(super) fn keying(word: &str) -> Option<Keying> {
    (word == keying_name(Keying::Agreement)).then_some(Keying::Agreement)
}

pub(super) fn keying_name(keying: Keying) -> &'static str {
    match keying {
        Keying::Agreement => "agreement",
    }
}

pub(super) fn purpose(word: &str) -> Option<Purpose> {
    let all = [Purpose::Answer, Purpose::Notify, Purpose::Proposal, Purpose::Publish, Purpose::Request];
    all.into_iter().find(|purpose| purpose_name(*purpose) == word)
}

pub(super) fn decision(word: &str) -> Option<ProposalDecision> {
    ProposalDecision::from_name(word)
}

pub(super) fn purpose_name(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Answer => "answer",
        Purpose::Notify => "notify",
        Purpose::Proposal => "proposal",
        Purpose::Publish => "publish",
        Purpose::Request => "request",
    }
}
