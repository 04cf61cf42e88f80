use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::signalling_loop::Inbound;
use crate::vocab::neighbourhood;

/// Octets that may wait, what each takes besides its text included.
pub const LIMIT: usize = 4 << 20;

/// What one that waits takes besides its octets.
const EACH: usize = 256;

/// Messages that came by UDP and wait for the signalling loop, a line for each [neighbourhood] they came from. The lines take
/// turns, so whoever sends without end makes nobody wait but himself. A line may be as long as what is still free (the
/// dynamic threshold of Choudhury and Hahne, IEEE/ACM ToN 6(2), 1998): one alone gets a half, and `n` of them leave a newcomer one
/// part in `n + 1`, which is a message until thousands of addresses are forged.
///
/// In a line, what belongs to a dialog and answers pass what begins something. Else whoever is late once stays so: more and more calls
/// would be open whose BYE waits behind further INVITEs, each of them sending voice meanwhile.
#[derive(Clone, Debug, Default)]
pub struct FairQueue(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    lines: Mutex<Lines>,
    some: Notify,
}

#[derive(Debug, Default)]
struct Lines {
    of: BTreeMap<IpAddr, Line>,
    /// Who has a line, the next to be served first.
    turns: VecDeque<IpAddr>,
    octets: usize,
}

#[derive(Debug, Default)]
struct Line {
    /// What begins something.
    new: VecDeque<(Inbound, usize)>,
    /// Answers, and what is of a dialog.
    on: VecDeque<(Inbound, usize)>,
    /// How many of the second were served in a row.
    passed: usize,
    octets: usize,
}

/// Then one that begins something has its turn: a flood of the others by a proxy must not keep its callers out.
const PASS: usize = 4;

impl FairQueue {
    /// `false`: the line of its address would be longer than what is free, and it is dropped.
    pub fn push(&self, from: IpAddr, length: usize, inbound: Inbound) -> bool {
        let pushed = self.lines().push(neighbourhood(from), length + EACH, inbound);
        if pushed {
            self.0.some.notify_one();
        }
        pushed
    }

    /// The next whose turn it is, if any waits.
    pub fn pop(&self) -> Option<Inbound> {
        self.lines().pop()
    }

    /// Waits for the next. One task alone may wait.
    pub async fn next(&self) -> Inbound {
        loop {
            match self.pop() {
                Some(inbound) => return inbound,
                None => self.0.some.notified().await,
            }
        }
    }

    /// How many wait.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.lines().of.values().map(|line| line.new.len() + line.on.len()).sum()
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn push(&mut self, from: IpAddr, octets: usize, inbound: Inbound) -> bool {
        let before = self.of.get(&from).map_or(0, |line| line.octets);
        if before + octets > LIMIT.saturating_sub(self.octets) {
            return false;
        }
        let line = self.of.entry(from).or_default();
        if line.is_empty() {
            self.turns.push_back(from);
        }
        line.push(inbound, octets);
        line.octets += octets;
        self.octets += octets;
        true
    }

    fn pop(&mut self) -> Option<Inbound> {
        let from = self.turns.pop_front()?;
        let line = self.of.get_mut(&from)?;
        let (inbound, octets) = line.pop()?;
        line.octets -= octets;
        self.octets -= octets;
        match line.is_empty() {
            true => drop(self.of.remove(&from)),
            false => self.turns.push_back(from),
        }
        Some(inbound)
    }
}

impl Line {
    fn is_empty(&self) -> bool {
        self.new.is_empty() && self.on.is_empty()
    }

    fn push(&mut self, inbound: Inbound, octets: usize) {
        match begins(&inbound) {
            true => self.new.push_back((inbound, octets)),
            false => self.on.push_back((inbound, octets)),
        }
    }

    fn pop(&mut self) -> Option<(Inbound, usize)> {
        let waits_long = self.passed >= PASS && !self.new.is_empty();
        if waits_long || self.on.is_empty() {
            self.passed = 0;
            return self.new.pop_front();
        }
        self.passed += 1;
        self.on.pop_front()
    }
}

/// All but answers and requests within a dialog, which keep their order among themselves, or CSeq would count backwards (RFC 3261
/// section 12.2.2); as a CANCEL keeps behind its INVITE. A guess: what it means is read when its turn comes.
fn begins(inbound: &Inbound) -> bool {
    let Inbound::Message { bytes, .. } = inbound else { return false };
    !bytes.starts_with(b"SIP/2.0 ") && !has_to_tag(bytes)
}

fn has_to_tag(bytes: &[u8]) -> bool {
    let head =
        bytes.trim_ascii_start().split(|octet| *octet == b'\n').take_while(|line| !matches!(**line, [] | [b'\r']));
    let to = head.filter_map(|line| line.split_at_checked(line.iter().position(|octet| *octet == b':')?));
    let is_to = |name: &[u8]| [&b"to"[..], b"t"].iter().any(|to| name.trim_ascii().eq_ignore_ascii_case(to));
    let mut to = to.filter(|(name, _)| is_to(name)).map(|(_, value)| value);
    to.next().is_some_and(|value| value.windows(TAG.len()).any(|part| part.eq_ignore_ascii_case(TAG)))
}

const TAG: &[u8] = b";tag=";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::{Received, Transport};

    const SOME: usize = 744;

    fn from(address: &str, number: u8) -> Inbound {
        let remote = (address.parse::<IpAddr>().unwrap(), 5060).into();
        let from = Received { transport: Transport::Udp, local: remote, remote, connection: None };
        Inbound::Message { from, bytes: vec![number].into() }
    }

    fn push(queue: &FairQueue, address: &str, number: u8) -> bool {
        queue.push(address.parse().unwrap(), SOME, from(address, number))
    }

    fn pop(queue: &FairQueue) -> Option<(String, u8)> {
        let Inbound::Message { from, bytes } = queue.pop()? else { panic!() };
        Some((from.remote.ip().to_string(), bytes[0]))
    }

    fn fill(queue: &FairQueue, address: &str) -> usize {
        (0..).take_while(|number| push(queue, address, *number as u8)).count()
    }

    #[test]
    fn who_comes_later_is_served_next_and_each_in_its_own_order() {
        let queue = FairQueue::default();
        for (address, number) in [("192.0.2.1", 0), ("192.0.2.1", 1), ("192.0.2.1", 2), ("192.0.2.2", 3)] {
            assert!(push(&queue, address, number));
        }
        let served: Vec<_> = std::iter::from_fn(|| pop(&queue)).map(|(_, number)| number).collect();
        assert_eq!(served, [0, 3, 1, 2]);
        assert!(queue.lines().of.is_empty(), "nobody is remembered without a message");
        assert_eq!(queue.lines().octets, 0);
    }

    /// The order in which these of one sender are served, by their places.
    fn served(texts: &[&str]) -> Vec<usize> {
        let queue = FairQueue::default();
        let remote: std::net::SocketAddr = "192.0.2.1:5060".parse().unwrap();
        for text in texts {
            let from = Received { transport: Transport::Udp, local: remote, remote, connection: None };
            let bytes = text.as_bytes().to_vec().into();
            assert!(queue.push(remote.ip(), text.len(), Inbound::Message { from, bytes }));
        }
        let order = std::iter::from_fn(|| queue.pop()).map(|inbound| {
            let Inbound::Message { bytes, .. } = inbound else { panic!() };
            texts.iter().position(|text| text.as_bytes() == &bytes[..]).unwrap()
        });
        order.collect()
    }

    fn request(method: &str, to: &str) -> String {
        format!("{method} sip:a SIP/2.0\r\nFrom: <sip:a>;tag=2\r\n{to}\r\n\r\nTo: ;tag=1")
    }

    #[test]
    fn what_goes_on_passes_what_begins() {
        let (new, within) = ("To: <sip:b>", "To: <sip:b>;tag=1");
        let first = ["INVITE", "CANCEL", "OPTIONS", "\r\n\r\nINVITE"].map(|method| request(method, new));
        let later = ["BYE", "ACK"].map(|method| request(method, within));
        let mut texts: Vec<&str> = first.iter().chain(&later).map(String::as_str).collect();
        texts.push("SIP/2.0 200 OK");
        assert_eq!(served(&texts), [4, 5, 6, 0, 1, 2, 3]);
    }

    #[test]
    fn and_does_not_keep_it_out() {
        let byes: Vec<String> = (0..9).map(|number| request("BYE", &format!("To: <sip:{number}>;tag=1"))).collect();
        let texts: Vec<&str> =
            ["INVITE sip:a", "INVITE sip:b"].into_iter().chain(byes.iter().map(String::as_str)).collect();
        assert_eq!(served(&texts), [2, 3, 4, 5, 0, 6, 7, 8, 9, 1, 10]);
    }

    #[test]
    fn what_is_of_one_dialog_keeps_its_order() {
        for to in ["To: <sip:b>;tag=1", "t:<sip:b>;TAG=1", "TO : <sip:b>;tag=1"] {
            let texts = ["INVITE", "UPDATE"].map(|method| request(method, to));
            assert_eq!(served(&[&texts[0], &texts[1]]), [0, 1], "{to}");
        }
    }

    #[test]
    fn one_alone_gets_a_half_and_newcomers_find_room() {
        let queue = FairQueue::default();
        let all = LIMIT / (SOME + EACH);
        let first = fill(&queue, "192.0.2.1");
        assert_eq!(first, all / 2);
        let second = fill(&queue, "192.0.2.2");
        assert!(second >= all / 4 - 1, "{second} of {all}");
        for host in 3..10 {
            assert!(push(&queue, &format!("192.0.2.{host}"), 0), "{host}");
        }
        assert!(!push(&queue, "192.0.2.1", 0));
        // What is taken out may come in again, and no more.
        while queue.pop().is_some() {}
        assert_eq!(fill(&queue, "192.0.2.1"), first);
    }

    #[test]
    fn the_addresses_of_one_network_are_one_sender() {
        let queue = FairQueue::default();
        let taken: usize = (1..9).map(|host| fill(&queue, &format!("2001:db8::{host}"))).sum();
        assert_eq!(taken, LIMIT / (SOME + EACH) / 2);
        assert!(push(&queue, "2001:db8:0:1::1", 0));
        let queue = FairQueue::default();
        fill(&queue, "::ffff:192.0.2.1");
        assert!(push(&queue, "::ffff:192.0.2.2", 0), "these are IPv4");
    }

    #[tokio::test]
    async fn whoever_waits_hears_of_the_next() {
        let queue = FairQueue::default();
        let waits = tokio::spawn({
            let queue = queue.clone();
            async move { matches!(queue.next().await, Inbound::Message { .. }) }
        });
        tokio::task::yield_now().await;
        assert!(push(&queue, "192.0.2.1", 0));
        assert!(waits.await.unwrap());
    }
}
