use std::net::SocketAddr;
use std::time::Duration;

use crate::sip::stun::{self, Stun, TransactionId};
use crate::vocab::Mono;

/// The first repetition comes after so long, and each later one after twice the time (RFC 8489 section 6.2.1; RFC 8445 section 14.3 allows no less).
const RTO: Duration = Duration::from_millis(500);
/// Requests of one try, the first included. RFC 8489 has 7, which take 40 s: nobody waits so long for a call to be placed.
const REQUESTS: u32 = 3;
/// A NAT forgets who says nothing: so often the server is asked again while nothing else goes that way (RFC 8445 section 11).
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// From where one server of STUN sees our socket: Binding requests without credentials (RFC 8489 section 2).
pub(super) struct Binding {
    server: SocketAddr,
    id: TransactionId,
    sent: u32,
    next: Mono,
    seen: Option<SocketAddr>,
}

impl Binding {
    /// `id`: random, for it is what tells the answer from one that somebody made up.
    pub(super) fn new(server: SocketAddr, id: TransactionId, now: Mono) -> Self {
        Self { server, id, sent: 0, next: now, seen: None }
    }

    /// It has its answer, or has waited for one long enough.
    pub(super) fn is_over(&self) -> bool {
        self.seen.is_some() || self.sent > REQUESTS
    }

    pub(super) fn server(&self) -> SocketAddr {
        self.server
    }

    pub(super) fn seen(&self) -> Option<SocketAddr> {
        self.seen
    }

    pub(super) fn next(&self) -> Mono {
        self.next
    }

    /// The request that is due.
    pub(super) fn poll(&mut self, now: Mono) -> Option<(SocketAddr, Vec<u8>)> {
        if self.next > now {
            return None;
        }
        if self.is_over() {
            self.next = now + KEEP_ALIVE;
            return self.seen.map(|_| (self.server, stun::request(self.id).to_vec()));
        }
        self.sent += 1;
        self.next = now + RTO * (1 << (self.sent - 1).min(6));
        (self.sent <= REQUESTS).then(|| (self.server, stun::request(self.id).to_vec()))
    }

    /// Whether it was an answer to this.
    pub(super) fn handle(&mut self, now: Mono, from: SocketAddr, datagram: &[u8]) -> bool {
        if from != self.server {
            return false;
        }
        match Stun::read(datagram) {
            Some(Stun::Success(id, seen)) if id == self.id => {
                self.seen = self.seen.or(seen);
                self.next = now + KEEP_ALIVE;
                true
            }
            Some(Stun::Error(id)) if id == self.id => {
                self.sent = REQUESTS + 1;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Mono {
        Mono(Duration::from_millis(ms))
    }

    #[test]
    fn it_asks_three_times_and_gives_up() {
        let server = "192.0.2.1:3478".parse().unwrap();
        let mut binding = Binding::new(server, [7; 12], ms(0));
        let mut at = Vec::new();
        for now in (0..6000).step_by(100) {
            if binding.poll(ms(now)).is_some() {
                at.push(now);
            }
        }
        assert_eq!(at, [0, 500, 1500]);
        assert!(binding.is_over() && binding.seen().is_none());
    }

    #[test]
    fn the_servers_answer_counts_and_nobody_elses() {
        let (server, seen) = ("192.0.2.1:3478".parse().unwrap(), "203.0.113.7:4000".parse().unwrap());
        let mut binding = Binding::new(server, [7; 12], ms(0));
        binding.poll(ms(0)).unwrap();
        let other = "192.0.2.2:3478".parse().unwrap();
        assert!(!binding.handle(ms(9), other, &stun::success([7; 12], seen)));
        assert!(!binding.handle(ms(9), server, &stun::success([8; 12], seen)));
        assert!(!binding.is_over());
        assert!(binding.handle(ms(9), server, &stun::success([7; 12], seen)));
        assert_eq!((binding.is_over(), binding.seen()), (true, Some(seen)));
        assert_eq!(binding.poll(ms(9)), None);
        assert!(binding.poll(ms(16_000)).is_some(), "the NAT is kept open");
    }
}
