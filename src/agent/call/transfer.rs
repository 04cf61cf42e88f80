//! Call transfer (RFC 3515, 3891, 5589): the peer of a call is asked to call somebody else. [`super::transferor`] asks,
//! [`super::transferee`] is asked, [`super::replacement`] is the one to whom a call is transferred that it is part of already.
//!
//! | step | transferor | transferee | target |
//! | --- | --- | --- | --- |
//! | REFER | `Command::Transfer` -> `transfer` | `handle_referred`: a call that waits for its user | |
//! | decision | | the user, or his approved entry -> `place_wanted` | |
//! | INVITE | | `dial`, or ask and review first: as any call | `judge_offer`, then `judge_replacement` |
//! | news | `handle_referral_progress` | `tell_of` | |
//! | end | `handle_referral_ended`: BYE, or the call is kept | | the old call ends once the new one stands |

use std::collections::BTreeMap;

use super::{CallState, Calling};
use crate::agent::{Agent, Event};
use crate::sip::headers::{NameAddr, Replaces};
use crate::sip::ReferralId;
use crate::vocab::{CallId, Failure, FailureKind, Mono, Now};

/// What is under way.
#[derive(Default)]
pub(super) struct Transfers {
    /// REFERs of ours, and the call whose peer they ask.
    pub asked: BTreeMap<ReferralId, CallId>,
    /// Calls that the peer of another one wants us to place.
    pub wanted: BTreeMap<CallId, Wanted>,
    /// When the user was last told of a REFER outside of every call.
    pub outside_told: Option<Mono>,
    /// Calls to us, and the call whose place each is to take.
    pub replacing: BTreeMap<CallId, CallId>,
}

/// A call that the peer of another one wants us to place.
pub(super) struct Wanted {
    pub referral: ReferralId,
    /// The call of whoever wants it.
    pub by: CallId,
    /// Who is one whom our user approved.
    pub known: bool,
    /// The status of which it was told last.
    pub told: u16,
    /// For our INVITE.
    pub replaces: Option<Replaces>,
    pub referred_by: Option<NameAddr>,
}

impl Transfers {
    /// What the INVITE of a call says of why it comes: whose place it takes, and who wanted it.
    pub fn occasion(&self, call: CallId) -> (Option<Replaces>, Option<NameAddr>) {
        let wanted = self.wanted.get(&call);
        (wanted.and_then(|wanted| wanted.replaces.clone()), wanted.and_then(|wanted| wanted.referred_by.clone()))
    }

    /// Calls that a peer wants and that are not decided, or not over.
    pub fn wanted_by(&self, call: CallId) -> usize {
        self.wanted.values().filter(|wanted| wanted.by == call).count()
    }
}

impl Agent {
    /// Tells peers how the calls stand that they wanted, and ends those whose place was taken. Says whether there was any of that.
    pub(in crate::agent) fn settle_transfers(&mut self, now: Now) -> bool {
        let wanted: Vec<CallId> = self.calls.transfers.wanted.keys().copied().collect();
        let replacing: Vec<CallId> = self.calls.transfers.replacing.keys().copied().collect();
        let told = wanted.into_iter().filter(|id| self.tell_of(now, *id)).count();
        told + replacing.into_iter().filter(|id| self.settle_replacement(now, *id)).count() > 0
    }

    fn tell_of(&mut self, now: Now, id: CallId) -> bool {
        let (status, reason) = self.calls.all.get(&id).map_or((503, "Service Unavailable"), stands);
        let Some(wanted) = self.calls.transfers.wanted.get_mut(&id).filter(|wanted| wanted.told != status) else {
            return false;
        };
        wanted.told = status;
        let (referral, by) = (wanted.referral, wanted.by);
        self.endpoint.report_referral(now, referral, status, reason);
        if status >= 200 {
            self.calls.transfers.wanted.remove(&id);
        }
        if (200..300).contains(&status) {
            self.succeed(by, id);
        }
        true
    }

    /// The one call has taken the place of the other, for whoever follows that.
    pub(super) fn succeed(&mut self, old: CallId, new: CallId) {
        if let Some(calling) = self.calls.all.get_mut(&old) {
            calling.call.successor = Some(new);
            self.event(Event::CallChanged(old));
        }
    }
}

/// How a call stands for whoever wanted it: no more than a status, which says nothing of our entries and keys (RFC 3515 section
/// 5.3.3).
fn stands(calling: &Calling) -> (u16, &'static str) {
    if calling.call.setup.is_some() {
        return (200, "OK");
    }
    match calling.ending.as_ref().unwrap_or(&calling.call.state) {
        CallState::Active => (200, "OK"),
        CallState::Ended { .. } => (603, "Decline"),
        CallState::Failed(failure) => failed(failure),
        CallState::Ringing => (180, "Ringing"),
        CallState::Asking | CallState::Incoming | CallState::Inviting | CallState::Reviewing(_) | CallState::Wanted => {
            (100, "Trying")
        }
    }
}

fn failed(failure: &Failure) -> (u16, &'static str) {
    match (failure.kind, failure.code) {
        (_, "busy") => (486, "Busy Here"),
        (FailureKind::RefusedByUser, _) => (603, "Decline"),
        (FailureKind::Trust, _) => (403, "Forbidden"),
        (FailureKind::RefusedByPolicy, _) => (488, "Not Acceptable Here"),
        (FailureKind::Unreachable, _) => (480, "Temporarily Unavailable"),
        _ => (503, "Service Unavailable"),
    }
}
