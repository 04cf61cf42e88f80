//! The asks of this agent, those under way and the last ones, with what happened in each.

use std::collections::BTreeMap;

use super::by_itself::Direct;
use super::fail_over::Untried;
use super::further::Further;
use super::redirect::Redirects;
use super::target::Target;
use super::{Ask, AskState};
use crate::policy::{Answer, Intent, Wanted};
use crate::sip::{Candidate, SubscriptionId};
use crate::vocab::{AskId, CallId, Device, Fingerprint, Mono, Nonce, Now, Wall};

/// Steps of an ask that are remembered.
const MAX_STEPS: usize = 64;

/// Of them, those that say how it began.
const FIRST_STEPS: usize = 8;

#[derive(Default)]
pub struct Asks {
    pub all: BTreeMap<AskId, Asking>,
    pub subscriptions: BTreeMap<SubscriptionId, AskId>,
    /// Single devices that are asked besides.
    pub devices: BTreeMap<SubscriptionId, AskId>,
    last: u64,
    /// Ended just now.
    pub ended: Vec<AskId>,
}

/// An ask with what only its story needs.
pub struct Asking {
    pub ask: Ask,
    pub target: Target,
    pub nonce: Nonce,
    pub answer: Option<Answer>,
    pub accept_key: Option<Fingerprint>,
    pub intent: Intent,
    pub subscription: Option<SubscriptionId>,
    /// Where else the peer is.
    pub untried: Untried,
    /// Where it was asked.
    pub tried: Vec<Candidate>,
    pub redirects: Redirects,
    /// When SUBSCRIBE was sent, the last time.
    pub sent: Mono,
    /// It went by TLS.
    pub by_tls: bool,
    /// And accepted: whoever did that is the right one.
    pub accepted: bool,
    /// When to say again that it still waits.
    pub tick: Option<Mono>,
    /// The call that had to wait for this.
    pub call: Option<CallId>,
    /// The running call that is to have less, if its device agrees.
    pub relaxes: Option<CallId>,
    /// The one device of the peer that is meant.
    pub only: Option<Device>,
    /// It was asked by an account's proxy, where a presence server may answer.
    pub by_server: bool,
    /// What else was in the answer.
    pub further: Further,
    /// What a server answered, while the devices themselves are asked.
    pub direct: Option<Direct>,
}

impl Asks {
    pub fn next_id(&mut self) -> AskId {
        self.last += 1;
        AskId(self.last)
    }
}

impl Asks {
    /// What comes of this ask is for a running call, and for its device alone.
    pub fn relaxes(&mut self, id: AskId, call: CallId, device: Device) {
        if let Some(asking) = self.all.get_mut(&id) {
            asking.relaxes = Some(call);
        }
        self.only(id, device);
    }

    /// What other devices of the peer say is not put.
    pub fn only(&mut self, id: AskId, device: Device) {
        if let Some(asking) = self.all.get_mut(&id) {
            asking.only = Some(device);
        }
    }
}

impl Asking {
    /// A question that nobody was asked yet; `peer` is whom the user typed, escaped.
    pub fn new(id: AskId, now: Now, (peer, target): (String, Target), wanted: Wanted, nonce: Nonce) -> Self {
        let ask = Ask {
            id,
            peer,
            target: target.entity.to_string(),
            wanted,
            started: now.wall,
            state: AskState::Asking,
            steps: Vec::new(),
            presence: None,
            review: None,
            next: None,
        };
        Self {
            ask,
            target,
            nonce,
            answer: None,
            accept_key: None,
            intent: Intent::default(),
            subscription: None,
            untried: Untried::default(),
            tried: Vec::new(),
            redirects: Redirects::default(),
            sent: now.mono,
            by_tls: false,
            accepted: false,
            tick: None,
            call: None,
            relaxes: None,
            only: None,
            by_server: false,
            further: Further::default(),
            direct: None,
        }
    }

    /// The same question, for another device that answered it.
    pub fn beside(&self, id: AskId, now: Now, further: Further) -> Self {
        let named = (self.ask.peer.clone(), self.target.clone());
        Self {
            answer: self.answer.clone(),
            intent: self.intent,
            accept_key: self.accept_key,
            tried: self.tried.clone(),
            sent: self.sent,
            by_tls: self.by_tls,
            accepted: self.accepted,
            by_server: self.by_server,
            further,
            ..Self::new(id, now, named, self.ask.wanted, self.nonce)
        }
    }

    pub fn is_open(&self) -> bool {
        matches!(self.ask.state, AskState::Asking | AskState::Reviewing(_))
    }

    /// For the peer.
    pub fn waits(&self) -> bool {
        self.ask.state == AskState::Asking
    }
}

/// How it began stays, and what happened last; of what was between the oldest goes.
pub fn keep_step(steps: &mut Vec<(Wall, String)>, step: (Wall, String)) {
    if steps.len() >= MAX_STEPS {
        steps.remove(FIRST_STEPS);
    }
    steps.push(step);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_steps_the_first_and_the_newest_are_kept() {
        let mut steps = Vec::new();
        (0..100).for_each(|number| keep_step(&mut steps, (Wall(number), number.to_string())));
        let kept: Vec<u64> = steps.iter().map(|(at, _)| at.0).collect();
        let expected: Vec<u64> = (0..8).chain(44..100).collect();
        assert_eq!(kept, expected);
    }
}
