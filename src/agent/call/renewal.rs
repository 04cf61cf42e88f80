//! Where the renewal of a running call stands: what our side wants to agree anew, what of it is offered, and what the peer offers.
//!
//! | state | what leads on | to |
//! | --- | --- | --- |
//! | at rest | our entries demand more, both users agreed to less, or we moved: `wish` | wanted |
//! | wanted | the session is free: `begin_offer`, `is_offered` | offered |
//! | wanted | the peer's own offer gave what ours was wanted for: `drop_wish` | at rest |
//! | offered | something else came up: `wish` | offered, and that is next |
//! | offered | the peer's offer met it, and it goes out again: `begin_offer` | offered, with what was next |
//! | offered | the peer took it: `take_answered` | at rest, or wanted where something was next |
//! | offered | the peer did not take it: `take_refused` | at rest, or the end of the call |
//!
//! Beside that:
//!
//! | state | what leads on | to |
//! | --- | --- | --- |
//! | [`opens_beside`](Renewal::opens_beside) | the socket at our new address is bound, in `moved` | wanted |
//! | [`seek`](Renewal::seek) | no answer to an offer from there, in `lost` | offered to another place, or the end of the call |
//! | [`loosens`](Renewal::loosens) | nothing else is wanted, in `loosen` | wanted |
//! | [`PeersOffer::Waits`] | what was agreed is in force, in `loosen` | answered |
//! | [`ruled_until`](Renewal::ruled_until) | then, in `rekey` | judged by the entries that are left |

use std::net::SocketAddr;

use super::loosen::WaitingOffer;
use super::lost::Seek;
use super::reoffer::Reoffered;
use super::Calling;
use crate::keys::Initiator;
use crate::vocab::Mono;

#[derive(Default)]
pub(super) struct Renewal {
    /// New keys that our side wants. `Call::rekeying` says whether there is any.
    rekey: Option<Rekey>,
    /// Our new offer within the call, for new keys or for a hold, which is not answered yet.
    pub reoffered: Option<Reoffered>,
    /// Another socket is being opened, at the address to which we moved.
    pub opens_beside: bool,
    /// The peer does not take our offer from a new address.
    pub seek: Option<Seek>,
    /// Both users agreed to other entries since it was offered: it may have more than they demand.
    pub loosens: bool,
    pub peers_offer: PeersOffer,
    /// An entry that rules it ends then.
    pub ruled_until: Option<Mono>,
}

/// A new agreement that our side wants.
struct Rekey {
    why: Why,
    /// Where we shall receive.
    local: SocketAddr,
    stage: Stage,
    /// What came up since it was offered, and is offered when it was answered.
    next: Option<Wish>,
}

/// Why, and where we shall receive.
pub(super) type Wish = (Why, SocketAddr);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// What both users agreed to is less than the call has.
    Agreed,
    /// We are elsewhere.
    Moved,
    /// Our entries ask for more than the call has.
    Policy,
}

enum Stage {
    /// The session is not free for it yet.
    Wanted,
    /// `None`: the call has no key agreement.
    Offered(Option<Box<Initiator>>),
}

/// What the peer has answered to.
pub(super) struct Answered {
    pub why: Why,
    pub local: SocketAddr,
    /// `None`: the call has no key agreement.
    pub initiator: Option<Box<Initiator>>,
    pub next: Option<Wish>,
}

/// A new offer of the peer's that uses what was agreed.
#[derive(Default)]
pub(super) enum PeersOffer {
    #[default]
    None,
    /// Until that is in force here.
    Waits(Box<WaitingOffer>),
    /// And it does so once: what the disk did not take is not tried again and again.
    Waited,
}

impl Renewal {
    pub fn is_wanted(&self) -> bool {
        self.rekey.is_some()
    }

    pub fn why(&self) -> Option<Why> {
        self.rekey.as_ref().map(|rekey| rekey.why)
    }

    /// New keys for the sake of our entries are wanted, or none are; and they are not offered yet.
    pub fn may_ask_for_less(&self) -> bool {
        let policy = |rekey: &Rekey| rekey.why == Why::Policy && matches!(rekey.stage, Stage::Wanted);
        self.rekey.as_ref().is_none_or(policy)
    }

    /// Where we shall receive by the offer that goes out now. One that goes out again is for what came up meanwhile.
    pub fn begin_offer(&mut self) -> Option<SocketAddr> {
        let rekey = self.rekey.as_mut()?;
        if let Some((why, local)) = rekey.next.take() {
            self.loosens |= rekey.why == Why::Agreed && why != Why::Agreed;
            (rekey.why, rekey.local) = (why, local);
        }
        Some(rekey.local)
    }

    pub fn is_offered(&mut self, initiator: Option<Box<Initiator>>) {
        if let Some(rekey) = &mut self.rekey {
            rekey.stage = Stage::Offered(initiator);
        }
    }

    /// When the call has to be looked at again, and why.
    pub fn deadlines(&self, call_is_open: bool) -> impl Iterator<Item = (Mono, &'static str)> {
        let seek = self.seek.as_ref().map(|seek| (seek.at, "the peer does not answer our new address"));
        let ruled = self.ruled_until.filter(|_| call_is_open).map(|at| (at, "an entry of a call ends"));
        seek.into_iter().chain(ruled)
    }

    /// The peer has answered, or has been heard of.
    pub fn end_seek(&mut self) {
        self.seek = None;
    }

    /// What it waited for is in force, or will not be.
    pub fn take_waiting_offer(&mut self) -> Option<WaitingOffer> {
        match std::mem::take(&mut self.peers_offer) {
            PeersOffer::Waits(offer) => Some(*offer),
            other => {
                self.peers_offer = other;
                None
            }
        }
    }

    /// An offer comes that waited already.
    pub fn take_waited(&mut self) -> bool {
        let waited = matches!(self.peers_offer, PeersOffer::Waited);
        if waited {
            self.peers_offer = PeersOffer::None;
        }
        waited
    }

    fn wish(&mut self, (why, local): Wish) {
        match &mut self.rekey {
            // Who moves offers what the policy wants as well.
            Some(Rekey { stage: Stage::Offered(_), next, .. }) if next.is_none() || why == Why::Moved => {
                *next = Some((why, local));
            }
            // Such an offer has what our entries demand, and no more.
            Some(Rekey { why: before @ Why::Policy, stage: Stage::Wanted, .. }) if why == Why::Agreed => *before = why,
            Some(_) if why != Why::Moved => {}
            wanted => *wanted = Some(Rekey { why, local, stage: Stage::Wanted, next: None }),
        }
    }
}

/// What changes whether new keys are wanted, which whoever looks at the call sees.
impl Calling {
    /// Whether the session has to be asked for its turn: it was not, and no offer is on its way.
    pub(super) fn wish(&mut self, wish: Wish) -> bool {
        let is_first = !self.renewal.is_wanted();
        self.renewal.wish(wish);
        self.call.rekeying = true;
        is_first && self.renewal.reoffered.is_none()
    }

    /// What our entries wanted is given. A wish of another kind, or one that is offered, stays.
    pub(super) fn drop_wish(&mut self) {
        if self.renewal.may_ask_for_less() {
            self.take_rekey();
        }
    }

    pub(super) fn take_answered(&mut self) -> Option<Answered> {
        let Rekey { why, local, stage: Stage::Offered(initiator), next } = self.take_rekey()? else { return None };
        self.renewal.end_seek();
        Some(Answered { why, local, initiator, next })
    }

    pub(super) fn take_refused(&mut self) -> Option<Why> {
        let why = self.take_rekey()?.why;
        self.renewal.end_seek();
        Some(why)
    }

    fn take_rekey(&mut self) -> Option<Rekey> {
        self.call.rekeying = false;
        self.renewal.rekey.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], port))
    }

    fn offered(why: Why) -> Renewal {
        let mut renewal = Renewal::default();
        renewal.wish((why, place(1)));
        renewal.begin_offer();
        renewal.is_offered(None);
        renewal
    }

    #[test]
    fn what_comes_up_while_it_is_offered_is_next_and_a_move_before_all() {
        let mut renewal = offered(Why::Policy);
        renewal.wish((Why::Agreed, place(2)));
        renewal.wish((Why::Policy, place(3)));
        assert_eq!(renewal.rekey.as_ref().unwrap().next, Some((Why::Agreed, place(2))));
        renewal.wish((Why::Moved, place(4)));
        assert_eq!(renewal.rekey.as_ref().unwrap().next, Some((Why::Moved, place(4))));
        assert_eq!(renewal.why(), Some(Why::Policy));
    }

    #[test]
    fn an_offer_that_goes_out_again_is_for_what_came_up_and_less_is_wanted_after_it() {
        let mut renewal = offered(Why::Agreed);
        assert_eq!(renewal.begin_offer(), Some(place(1)));
        assert!(!renewal.loosens);
        renewal.wish((Why::Moved, place(2)));
        assert_eq!(renewal.begin_offer(), Some(place(2)));
        assert_eq!(renewal.why(), Some(Why::Moved));
        assert!(renewal.loosens);
    }

    #[test]
    fn less_takes_the_place_of_what_the_entries_want_until_that_is_offered() {
        let mut renewal = Renewal::default();
        assert!(renewal.may_ask_for_less());
        renewal.wish((Why::Policy, place(1)));
        assert!(renewal.may_ask_for_less());
        renewal.wish((Why::Agreed, place(1)));
        assert_eq!(renewal.why(), Some(Why::Agreed));
        assert!(!renewal.may_ask_for_less());
        assert!(!offered(Why::Policy).may_ask_for_less());
    }

    #[test]
    fn a_move_takes_the_place_of_every_wish_and_no_wish_that_of_a_move() {
        let mut renewal = Renewal::default();
        renewal.wish((Why::Agreed, place(1)));
        renewal.wish((Why::Moved, place(2)));
        renewal.wish((Why::Policy, place(3)));
        renewal.wish((Why::Agreed, place(3)));
        assert_eq!((renewal.why(), renewal.begin_offer()), (Some(Why::Moved), Some(place(2))));
    }
}
