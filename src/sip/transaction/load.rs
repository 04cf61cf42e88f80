use std::collections::BTreeMap;
use std::net::IpAddr;

/// What the remembered requests of others take: together, and those of each address.
#[derive(Debug, Default)]
pub(super) struct Load {
    octets: usize,
    of: BTreeMap<IpAddr, Share>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub requests: usize,
    pub octets: usize,
}

impl Load {
    pub fn add(&mut self, address: IpAddr, octets: usize) {
        self.octets += octets;
        let share = self.of.entry(address).or_default();
        share.requests += 1;
        share.octets += octets;
    }

    pub fn remove(&mut self, address: IpAddr, octets: usize) {
        self.octets = self.octets.saturating_sub(octets);
        let Some(share) = self.of.get_mut(&address) else { return };
        share.requests = share.requests.saturating_sub(1);
        share.octets = share.octets.saturating_sub(octets);
        if share.requests == 0 {
            self.of.remove(&address);
        }
    }

    pub fn octets(&self) -> usize {
        self.octets
    }

    pub fn of(&self, address: IpAddr) -> Share {
        self.of.get(&address).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_share_and_leaves_nothing_behind() {
        let [one, two] = [[192, 0, 2, 1], [192, 0, 2, 2]].map(IpAddr::from);
        let mut load = Load::default();
        load.add(one, 10);
        load.add(one, 5);
        load.add(two, 7);
        assert_eq!((load.octets(), load.of(one)), (22, Share { requests: 2, octets: 15 }));
        load.remove(one, 10);
        load.remove(two, 7);
        assert_eq!(
            (load.octets(), load.of(one), load.of(two)),
            (5, Share { requests: 1, octets: 5 }, Share::default())
        );
        load.remove(one, 5);
        assert!(load.of.is_empty() && load.octets() == 0);
    }
}
