use std::collections::BTreeMap;

use crate::keys::agreement::Replayed;
use crate::keys::EphemeralMemory;
use crate::vocab::{VerifyKey, Wall};

/// The offers of calls that were read: each counts once. A pinned device has a memory of its own, or one of them, with
/// many offers dated in the future, would have the others' refused; all strangers share one, where an offer that came
/// before its device was pinned is found too.
#[derive(Default)]
pub struct Offers {
    pinned: BTreeMap<VerifyKey, EphemeralMemory>,
    strangers: EphemeralMemory,
}

impl Offers {
    /// Looks up and remembers the offer in `message`, which says `time`; `device` is the key of a pinned caller. Returns
    /// the ephemeral key by which it is remembered.
    pub fn check(
        &mut self,
        device: Option<VerifyKey>,
        message: &[u8],
        time: Wall,
        now: Wall,
    ) -> Result<[u8; 32], Replayed> {
        if device.is_some() && self.strangers.knows(message) {
            return Err(Replayed::Seen);
        }
        self.memory(device).check(message, time, now)
    }

    /// Remembers an offer of a pinned device that was read before a restart.
    pub fn recall(&mut self, device: VerifyKey, ephemeral: [u8; 32], time: Wall) {
        self.memory(Some(device)).recall(ephemeral, time);
    }

    /// As many as our user has pinned devices, and one.
    fn memory(&mut self, device: Option<VerifyKey>) -> &mut EphemeralMemory {
        match device {
            Some(device) => self.pinned.entry(device).or_default(),
            None => &mut self.strangers,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: u16) -> [u8; 32] {
        let mut octets = [0; 32];
        octets[..2].copy_from_slice(&number.to_be_bytes());
        octets
    }

    #[test]
    fn an_offer_of_before_the_pin_counts_after_it() {
        let (mut offers, now) = (Offers::default(), Wall::from_secs(10_000));
        offers.check(None, &message(1), now, now).unwrap();
        let pinned = Some(VerifyKey([1; 32]));
        assert_eq!(offers.check(pinned, &message(1), now, now), Err(Replayed::Seen));
        assert!(offers.check(pinned, &message(2), now, now).is_ok());
    }

    /// More offers than fit, all of them dated as far in the future as is allowed.
    #[test]
    fn who_floods_shuts_out_himself_alone() {
        let now = Wall::from_secs(10_000);
        let ahead = |number: u16| Wall(now.0 + 290_000 + u64::from(number));
        for flooder in [Some(VerifyKey([1; 32])), None] {
            let mut offers = Offers::default();
            for number in 0..=EphemeralMemory::CAPACITY as u16 {
                offers.check(flooder, &message(number), ahead(number), now).unwrap();
            }
            assert_eq!(offers.check(flooder, &message(5_000), now, now), Err(Replayed::Old));
            let honest = Some(VerifyKey([2; 32]));
            assert!(offers.check(honest, &message(5_000), now, now).is_ok());
            assert_eq!(offers.check(honest, &message(5_000), now, now), Err(Replayed::Seen));
        }
    }
}
