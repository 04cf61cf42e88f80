//! What may be sent to whom, and how it must be protected. Pure: no clock, socket, disk or thread.
//!
//! Three shapes of policy, never a bare `Policy`: a [`Statement`] is what a peer says, an
//! [`Approved`] is what our user answered, an [`Spd`] is what packets are looked up in.

pub mod action;
pub mod advice;
pub mod approval;
pub mod demand;
pub mod entry;
pub mod environment;
pub mod framing;
pub mod groups;
pub mod guarantee;
pub mod intent;
pub mod json;
pub mod judgement;
pub mod network;
pub mod pending;
pub mod permission;
pub mod pieces;
pub mod place;
pub mod proposal;
pub mod quiet;
pub mod relation;
pub mod review;
pub mod selector;
pub mod setkey;
pub mod spd;
pub mod statement;
#[cfg(test)]
pub(crate) mod strategies;
pub mod suite;
pub mod swanctl;
mod tunnel;
pub mod xfrm;

pub use action::{Action, Carried, Level, Mode, Protocol, Rule, RulesError};
pub use advice::{advise, Advice, Circumstances, Verdict};
pub use approval::{ApprovalRule, Whom};
pub use demand::Bundle;
pub use entry::{both_directions, Entry, Keying, Origin, PeerScope, PlaceCondition};
pub use environment::{Environment, Evidence, Scope};
pub use framing::Framing;
pub use groups::Groups;
pub use guarantee::{compare, tighten, Guarantee, Strength, Tightness};
pub use intent::{Aim, Content, Intent};
pub use json::JsonError;
pub use judgement::{infer, judge, scope_of, Inference, Judgement, KnownPlace};
pub use network::{Gateway, HardwareAddress, Interface, InterfaceKind, Network, Whereabouts};
pub use pending::{agreed_terms, Pending, Terms};
pub use permission::Permission;
pub use pieces::{at_least_as_tight, compare_sets, tightens_somewhere, Piece, PieceDifference, TooManyPieces, View};
pub use proposal::{Proposal, ProposalAnswer, ProposalDecision};
pub use quiet::QuietHours;
pub use relation::Relation;
pub use review::{
    Answer, AnswerError, Approved, ApprovedPeer, Decision, Difference, Held, KeyState, NotAgreed, Proposed, Provenance,
    Review, ReviewInput, ReviewKind, Surroundings, Unreviewable, Weighed, WeighedField,
};
pub use selector::{Direction, Ports, Prefix, Selector, Upper};
pub use setkey::SetkeyError;
pub use spd::{
    publish_policy, state_policy, Asked, Asker, Beside, Criterion, Enclosing, Flow, Remembered, Ruling, Seen, Spd, Why,
};
pub use statement::{Audience, Capabilities, Person, Purpose, StatedPolicy, Statement, Wanted};
pub use suite::Suite;
pub use swanctl::Swanctl;
pub use xfrm::Xfrm;
