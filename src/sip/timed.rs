use std::collections::BTreeMap;

use crate::vocab::{Deadline, Mono};

/// What has to be looked at again at some time.
pub(crate) trait Timed {
    /// When, and why.
    fn deadline(&self) -> Option<(Mono, &'static str)>;
}

/// A map that knows which of its values is due next, without asking all of them.
///
/// A value that was lent to be changed may have another deadline than before. It is asked when the next one is lent, and
/// until then whoever asks the map asks it too.
#[derive(Debug)]
pub(crate) struct TimedMap<K, V> {
    /// Boxed: they are large, and the map moves them about.
    values: BTreeMap<K, Box<Held<V>>>,
    /// When each is due, and why.
    order: BTreeMap<(Mono, K), &'static str>,
    lent: Option<K>,
}

#[derive(Debug)]
struct Held<V> {
    value: V,
    /// Where it stands in the order.
    at: Option<Mono>,
}

impl<K: Ord + Clone, V: Timed> TimedMap<K, V> {
    pub fn new() -> Self {
        Self { values: BTreeMap::new(), order: BTreeMap::new(), lent: None }
    }

    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let before = self.remove(&key);
        self.values.insert(key.clone(), Box::new(Held { value, at: None }));
        self.lend(key);
        before
    }

    pub fn remove(&mut self, key: &K) -> Option<V> {
        let (key, held) = self.values.remove_entry(key)?;
        if let Some(at) = held.at {
            self.order.remove(&(at, key));
        }
        Some(held.value)
    }

    pub fn get(&self, key: &K) -> Option<&V> {
        self.values.get(key).map(|held| &held.value)
    }

    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        if !self.values.contains_key(key) {
            return None;
        }
        self.lend(key.clone());
        self.values.get_mut(key).map(|held| &mut held.value)
    }

    pub fn contains_key(&self, key: &K) -> bool {
        self.values.contains_key(key)
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub fn keys(&self) -> impl Iterator<Item = &K> {
        self.values.keys()
    }

    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.values.values().map(|held| &held.value)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.values.iter().map(|(key, held)| (key, &held.value))
    }

    /// The earliest deadline of all.
    pub fn deadline(&self) -> Option<Deadline> {
        let lent = self.lent.as_ref().and_then(|key| self.get(key)).and_then(V::deadline);
        // What stands in the order of the one that is lent may be no longer true.
        let first = self.order.iter().find(|((_, key), _)| Some(key) != self.lent.as_ref());
        let first = first.map(|((at, _), why)| (*at, *why));
        lent.into_iter().chain(first).min().map(|(at, why)| Deadline { at, why })
    }

    /// One that is due.
    pub fn due(&mut self, now: Mono) -> Option<K> {
        self.settle();
        self.order.keys().next().filter(|(at, _)| *at <= now).map(|(_, key)| key.clone())
    }

    /// All that are due, the earliest first.
    pub fn all_due(&mut self, now: Mono) -> Vec<K> {
        self.settle();
        self.order.keys().take_while(|(at, _)| *at <= now).map(|(_, key)| key.clone()).collect()
    }

    fn lend(&mut self, key: K) {
        if self.lent.as_ref() != Some(&key) {
            self.settle();
            self.lent = Some(key);
        }
    }

    /// Puts the one that was lent where it belongs.
    fn settle(&mut self) {
        let Some(key) = self.lent.take() else { return };
        let Some(held) = self.values.get_mut(&key) else { return };
        let due = held.value.deadline();
        let before = std::mem::replace(&mut held.at, due.map(|(at, _)| at));
        if let Some(before) = before.filter(|before| Some(*before) != held.at) {
            self.order.remove(&(before, key.clone()));
        }
        if let Some((at, why)) = due {
            self.order.insert((at, key), why);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug)]
    struct At(Option<u64>);

    fn ms(ms: u64) -> Mono {
        Mono(Duration::from_millis(ms))
    }

    impl Timed for At {
        fn deadline(&self) -> Option<(Mono, &'static str)> {
            self.0.map(|at| (ms(at), "test"))
        }
    }

    #[test]
    fn one_that_was_lent_is_due_when_it_says_so_now() {
        let mut map = TimedMap::new();
        map.insert(1, At(Some(10)));
        map.insert(2, At(Some(20)));
        assert_eq!(map.deadline().unwrap().at, ms(10));
        map.get_mut(&1).unwrap().0 = Some(30);
        assert_eq!(map.deadline().unwrap().at, ms(20));
        assert_eq!((map.due(ms(19)), map.due(ms(20)), map.all_due(ms(30))), (None, Some(2), vec![2, 1]));
        map.get_mut(&2).unwrap().0 = None;
        assert_eq!(map.deadline().unwrap().at, ms(30));
        map.remove(&1);
        assert_eq!((map.deadline(), map.due(ms(99))), (None, None));
    }

    proptest! {
        /// Beside a map that asks everybody.
        #[test]
        fn it_knows_what_asking_everybody_would_tell(
            steps in prop::collection::vec((0..6_u8, prop::option::of(0..50_u64), 0..4_u8), 0..60),
        ) {
            let mut map = TimedMap::new();
            let mut plain = BTreeMap::new();
            for (key, at, what) in steps {
                match what {
                    0 => {
                        map.insert(key, At(at));
                        plain.insert(key, at);
                    }
                    1 => {
                        prop_assert_eq!(map.remove(&key).map(|held| held.0), plain.remove(&key));
                    }
                    2 => if let (Some(held), Some(expected)) = (map.get_mut(&key), plain.get_mut(&key)) {
                        held.0 = at;
                        *expected = at;
                    }
                    _ => {
                        let mut due = map.all_due(ms(at.unwrap_or(0)));
                        due.sort_unstable();
                        let is_due = |held: &Option<u64>| held.is_some_and(|held| held <= at.unwrap_or(0));
                        prop_assert_eq!(due, plain.iter().filter(|(_, held)| is_due(held)).map(|(key, _)| *key).collect::<Vec<_>>());
                    }
                }
                prop_assert_eq!(map.deadline().map(|deadline| deadline.at), plain.values().copied().flatten().min().map(ms));
                prop_assert_eq!((map.len(), map.keys().copied().collect::<Vec<_>>()), (plain.len(), plain.keys().copied().collect()));
            }
        }
    }
}
