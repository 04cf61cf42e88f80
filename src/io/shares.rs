use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::vocab::neighbourhood;

/// Places of one queue that whoever sends from one address, or one /64 of IPv6, may have at once.
pub const SHARE: usize = 64;

/// Who has how many places in a queue, so that one who sends without end leaves places to others.
#[derive(Clone, Debug, Default)]
pub struct Shares(Arc<Mutex<BTreeMap<IpAddr, usize>>>);

/// One place, until it is dropped.
#[derive(Debug)]
pub struct Place {
    shares: Shares,
    address: IpAddr,
}

impl Shares {
    /// `None` while this address, or its neighbourhood, has its share.
    pub fn take(&self, address: IpAddr) -> Option<Place> {
        let address = neighbourhood(address);
        let mut taken = self.taken();
        let places = taken.entry(address).or_default();
        if *places >= SHARE {
            return None;
        }
        *places += 1;
        Some(Place { shares: self.clone(), address })
    }

    fn taken(&self) -> MutexGuard<'_, BTreeMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.shares.taken();
        if let Some(places) = taken.get_mut(&self.address) {
            *places = places.saturating_sub(1);
            if *places == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_share_and_gets_it_back() {
        let shares = Shares::default();
        let [one, two] = [[192, 0, 2, 1], [192, 0, 2, 2]].map(IpAddr::from);
        let mut places: Vec<_> = std::iter::from_fn(|| shares.take(one)).collect();
        assert_eq!(places.len(), SHARE);
        assert!(shares.take(two).is_some());
        places.pop();
        assert!(shares.take(one).is_some());
        drop(places);
        assert!(shares.taken().is_empty(), "nobody is remembered without a place");
    }

    #[test]
    fn the_addresses_of_one_host_have_one_share() {
        let shares = Shares::default();
        let host = |number: u128| IpAddr::V6(std::net::Ipv6Addr::from((0x2001_0db8_u128 << 96) + number));
        let places: Vec<_> = (0..100).filter_map(|number| shares.take(host(number))).collect();
        assert_eq!(places.len(), SHARE);
        assert!(shares.take(host(1 << 64)).is_some(), "the next /64");
    }
}
