use std::collections::BTreeMap;
use std::net::IpAddr;

/// How many there are of each address.
#[derive(Debug, Default)]
pub(super) struct Crowd(BTreeMap<IpAddr, usize>);

impl Crowd {
    pub fn enter(&mut self, address: IpAddr) {
        *self.0.entry(address).or_default() += 1;
    }

    pub fn leave(&mut self, address: IpAddr) {
        let Some(count) = self.0.get_mut(&address) else { return };
        *count = count.saturating_sub(1);
        if *count == 0 {
            self.0.remove(&address);
        }
    }

    pub fn of(&self, address: IpAddr) -> usize {
        self.0.get(&address).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_left_is_forgotten() {
        let [one, two] = [[192, 0, 2, 1], [192, 0, 2, 2]].map(IpAddr::from);
        let mut crowd = Crowd::default();
        [one, one, two].into_iter().for_each(|address| crowd.enter(address));
        assert_eq!((crowd.of(one), crowd.of(two)), (2, 1));
        [one, two, two].into_iter().for_each(|address| crowd.leave(address));
        assert_eq!((crowd.of(one), crowd.of(two), crowd.0.len()), (1, 0, 1));
    }
}
