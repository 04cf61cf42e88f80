use std::collections::VecDeque;
use std::time::Duration;

use super::record::{self, RecordKey, CHANGE_CIPHER_SPEC, HANDSHAKE};
use crate::vocab::Mono;

/// RFC 6347 section 4.2.4.1.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// Octets of the longest datagram that we send, unless one record is longer: every path has room for that.
const MAX_DATAGRAM: usize = 1200;

/// How often a flight is sent again because its receiver sends again what it answers: anybody can send that.
const MAX_REPEATED: u32 = 8;

/// What is sent together, and again until it is answered.
#[derive(Default)]
pub(super) struct Flight {
    items: Vec<Item>,
    /// Numbers of the next records, in clear and sealed.
    clear: u64,
    sealed: u64,
    out: VecDeque<Vec<u8>>,
    wait: Duration,
    pub(super) again: Option<Mono>,
    repeated: u32,
}

enum Item {
    /// An encoded message, in clear.
    Message(Vec<u8>),
    /// What follows is sealed.
    ChangeCipherSpec,
    /// An encoded message, sealed.
    Sealed(Vec<u8>),
}

impl Flight {
    /// The one before is answered.
    pub(super) fn begin(&mut self) {
        self.items.clear();
        self.again = None;
        self.wait = FIRST_WAIT;
        self.repeated = 0;
    }

    pub(super) fn message(&mut self, encoded: Vec<u8>) {
        self.items.push(Item::Message(encoded));
    }

    pub(super) fn finished(&mut self, encoded: Vec<u8>) {
        self.items.extend([Item::ChangeCipherSpec, Item::Sealed(encoded)]);
    }

    /// `waits`: something is to come for it.
    pub(super) fn send(&mut self, now: Mono, key: Option<&RecordKey>, waits: bool) {
        self.again = waits.then(|| now + self.wait);
        let mut datagram = Vec::new();
        for at in 0..self.items.len() {
            let Some(record) = self.record(at, key) else { continue };
            if !datagram.is_empty() && datagram.len() + record.len() > MAX_DATAGRAM {
                self.out.push_back(std::mem::take(&mut datagram));
            }
            datagram.extend(record);
        }
        if !datagram.is_empty() {
            self.out.push_back(datagram);
        }
    }

    /// Nothing came for it.
    pub(super) fn send_again(&mut self, now: Mono, key: Option<&RecordKey>) {
        self.wait *= 2;
        self.send(now, key, true);
    }

    /// What was to be sent is not, and records have numbers from this on.
    pub(super) fn count_from(&mut self, number: u64) {
        self.out.clear();
        (self.clear, self.sealed) = (number, number);
    }

    /// Its receiver has not heard of it.
    pub(super) fn repeat(&mut self, now: Mono, key: Option<&RecordKey>) {
        if self.repeated < MAX_REPEATED {
            self.repeated += 1;
            self.send(now, key, self.again.is_some());
        }
    }

    /// A fatal one, in clear, and nothing after it.
    pub(super) fn alert(&mut self, description: u8) {
        self.begin();
        let number = self.next_clear();
        self.out.push_back(record::clear(record::ALERT, number, &[2, description]));
    }

    pub(super) fn poll(&mut self) -> Option<Vec<u8>> {
        self.out.pop_front()
    }

    fn record(&mut self, at: usize, key: Option<&RecordKey>) -> Option<Vec<u8>> {
        let number = match self.items.get(at)? {
            Item::Sealed(_) => {
                self.sealed += 1;
                self.sealed - 1
            }
            _ => self.next_clear(),
        };
        match self.items.get(at)? {
            Item::Message(encoded) => Some(record::clear(HANDSHAKE, number, encoded)),
            Item::ChangeCipherSpec => Some(record::clear(CHANGE_CIPHER_SPEC, number, &[1])),
            Item::Sealed(encoded) => key?.seal(HANDSHAKE, number, encoded),
        }
    }

    fn next_clear(&mut self) -> u64 {
        self.clear += 1;
        self.clear - 1
    }
}
