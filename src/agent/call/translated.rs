//! A NAT on the way of a call whose protection, or lack of it, does not survive one: AH guards the addresses, and what is in clear counts
//! only from the address that was agreed. Told at both ends, once until something is heard again; never while the call is held.
//!
//! | what is seen | what is told |
//! | --- | --- |
//! | packets come, and none of them was believed yet, or none for 5 s | that, as a fact, and what guards the addresses |
//! | nothing comes, one side is private and the other not | that a NAT between them may be why |

use super::loosen::crosses_nat;
use super::{Agreement, Calling};
use crate::agent::{Agent, Event};
use crate::ipsec::DropReason;
use crate::media::Counters;
use crate::policy::Bundle;
use crate::vocab::{shell_word, CallId, Failure, FailureKind, Now};

const ESP: &str = "ipsec esp/transport//require";

/// Packets that came and do not authenticate, or are in clear and from somewhere else.
pub(super) fn unbelieved(counters: &Counters) -> u64 {
    let of = |reason: DropReason| counters.dropped.get(reason.name()).copied().unwrap_or(0);
    of(DropReason::BadIcv) + of(DropReason::Source)
}

impl Agent {
    /// A stream has counted.
    pub(super) fn tell_of_nat(&mut self, now: Now, id: CallId) {
        let Some(calling) = self.calls.all.get_mut(&id).filter(|calling| !calling.hearing.told_nat) else { return };
        let Some(failure) = calling.spoiled_by_nat(now) else { return };
        calling.hearing.told_nat = true;
        calling.call.unheard = Some(failure.clone());
        self.event(Event::CallChanged(id));
        self.event(Event::Notice(failure));
    }
}

impl Calling {
    fn spoiled_by_nat(&self, now: Now) -> Option<Failure> {
        let agreed = self.agreement.as_ref()?;
        let came = self.hearing.is_nothing_believed(now.mono, &self.call.counters);
        match Fragile::of(agreed.protected.inbound).filter(|_| came) {
            Some(fragile) => Some(self.unbelieved(fragile)),
            None if self.call.quiet && self.call.counters.received == 0 => self.perhaps_a_nat(agreed),
            None => None,
        }
    }

    fn unbelieved(&self, fragile: Fragile) -> Failure {
        let (id, peer) = (self.call.id, &self.call.peer);
        let why = match fragile {
            Fragile::Ah { .. } => "`ah` guards the addresses, and a NAT between you changes them, or somebody changes the packets",
            Fragile::Clear => "they are not protected and do not come from the address that it named: a NAT between you changes it, or they are somebody else's",
        };
        let message = format!("packets come in call {id} with {peer}, and none of them is believed: {why}");
        Failure::new(FailureKind::Trust, "spoiled-by-nat", message, peer, fragile.remedy(id, peer))
    }

    fn perhaps_a_nat(&self, agreed: &Agreement) -> Option<Failure> {
        let local = self.local?.ip();
        let both = [agreed.protected.outbound, agreed.protected.inbound];
        let fragile = both.into_iter().find_map(Fragile::of)?;
        if !crosses_nat(local, agreed.remote.ip()) {
            return None;
        }
        let (id, peer) = (self.call.id, &self.call.peer);
        let why = match fragile {
            Fragile::Ah { .. } => "`ah` guards the addresses, which a NAT changes",
            Fragile::Clear => "what is not protected counts only from the address that was named, which a NAT changes",
        };
        let message = format!(
            "nothing is heard in call {id} with {peer}: between {local} and {} there may be a NAT, and {why}",
            agreed.remote.ip()
        );
        Some(Failure::new(FailureKind::Unreachable, "spoiled-by-nat", message, peer, fragile.remedy(id, peer)))
    }
}

/// What does not survive a change of the addresses.
#[derive(Clone, Copy)]
enum Fragile {
    /// Alone, or around ESP.
    Ah {
        esp: bool,
    },
    Clear,
}

impl Fragile {
    fn of(bundle: Bundle) -> Option<Self> {
        match bundle {
            bundle if bundle.ah => Some(Self::Ah { esp: bundle.esp }),
            bundle if bundle.is_empty() => Some(Self::Clear),
            _ => None,
        }
    }

    fn remedy(self, id: CallId, peer: &str) -> String {
        match self {
            Self::Ah { esp: true } => {
                format!("`esp` alone comes through a NAT: `sottovoce relax {id} '{ESP}'` proposes that to the peer, whose user decides")
            }
            Self::Ah { esp: false } => {
                let peer = shell_word(peer);
                format!("`esp` comes through a NAT: `sottovoce ask {peer} --approve '{ESP}' --propose` proposes that, and its user decides")
            }
            Self::Clear => {
                format!("`esp` comes through a NAT: `sottovoce tighten {id} '{ESP}'`, which needs nobody's leave")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A peer chooses its name, and the user copies the command.
    #[test]
    fn the_peer_is_one_word_in_what_is_advised() {
        let advised = Fragile::Ah { esp: false }.remedy(CallId(1), "sip:$(id)@127.66.9.8");
        assert!(advised.contains("`sottovoce ask 'sip:$(id)@127.66.9.8' --approve 'ipsec esp"), "{advised}");
    }
}
