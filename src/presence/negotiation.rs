//! The `proposal` and `answer` elements of a statement.

use super::statement::{is_name, octets, policies, MAX_NAME};
use super::unreadable::Unreadable;
use super::words;
use super::xml::Element;
use crate::policy::{Proposal, ProposalAnswer, ProposalDecision, Purpose, Statement};
use crate::vocab::{Digest, PeerText};

/// Longest name of a proposal, in octets.
const MAX_ID: usize = 64;

pub(super) fn proposal(element: &Element) -> Result<Proposal, Unreadable> {
    element.only(&["policy", "note"], &["id"])?;
    let id = element.attribute("id").ok_or(Unreadable::Missing("id"))?;
    if !is_name(id, MAX_ID) {
        return Err(Unreadable::Malformed("id"));
    }
    let policies = policies(element)?;
    if policies.is_empty() {
        return Err(Unreadable::Missing("policy"));
    }
    Ok(Proposal { id: PeerText::new(id), policies, note: note(element)? })
}

/// A policy stands in it when it was countered, and only then.
pub(super) fn answer(element: &Element) -> Result<ProposalAnswer, Unreadable> {
    element.only(&["proposal", "decision", "policy", "note"], &[])?;
    let decision = element.one("decision")?.choice("decision", words::decision)?;
    let policies = policies(element)?;
    match (decision, policies.is_empty()) {
        (ProposalDecision::Countered, true) => return Err(Unreadable::Missing("policy")),
        (ProposalDecision::Accepted | ProposalDecision::Refused, false) => return Err(Unreadable::Malformed("policy")),
        _ => {}
    }
    let proposal = octets("proposal", element.one("proposal")?, Digest::from_slice)?;
    Ok(ProposalAnswer { proposal, decision, policies, note: note(element)? })
}

/// Nobody can bring a proposal along with something else.
pub(super) fn fits_purpose(statement: &Statement) -> Result<(), Unreadable> {
    let proposes = statement.purpose == Purpose::Proposal;
    let answers = statement.purpose == Purpose::Answer;
    match (statement.proposal.is_some(), statement.answer.is_some()) {
        (false, _) if proposes => Err(Unreadable::Missing("proposal")),
        (true, _) if !proposes => Err(Unreadable::Malformed("proposal")),
        (_, false) if answers => Err(Unreadable::Missing("answer")),
        (_, true) if !answers => Err(Unreadable::Malformed("answer")),
        _ => Ok(()),
    }
}

fn note(element: &Element) -> Result<Option<PeerText>, Unreadable> {
    element.maybe("note")?.map(|note| note.free_text("note", MAX_NAME)).transpose()
}
