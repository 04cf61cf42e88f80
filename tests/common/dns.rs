//! A name server's answers out of a table (RFC 1035 section 4), for names that no real one has.

use std::net::{Ipv4Addr, Ipv6Addr};

const A: u16 = 1;
const AAAA: u16 = 28;
const SRV: u16 = 33;
const NAPTR: u16 = 35;
const IN: u16 = 1;
/// Seconds, where nothing else is said.
const TTL: u32 = 60;

/// Octets of a message's header.
const HEADER: usize = 12;

struct Record {
    name: Vec<u8>,
    kind: u16,
    data: Vec<u8>,
    ttl: u32,
}

/// Records by name and type.
#[derive(Default)]
pub struct Zone(Vec<Record>);

/// It is for the address or the service of this name.
pub fn asks(query: &[u8], name: &str) -> bool {
    let question = encoded(name);
    let kind = query.get(HEADER + question.len()..).and_then(|rest| rest.get(..2));
    query.get(HEADER..).is_some_and(|rest| rest.to_ascii_lowercase().starts_with(&question))
        && kind.is_some_and(|kind| [A.to_be_bytes(), SRV.to_be_bytes()].iter().any(|one| one == kind))
}

impl Zone {
    pub fn a(self, name: &str, address: Ipv4Addr) -> Self {
        self.record(name, A, address.octets().to_vec())
    }

    /// RFC 3596.
    pub fn aaaa(self, name: &str, address: Ipv6Addr) -> Self {
        self.record(name, AAAA, address.octets().to_vec())
    }

    /// RFC 2782.
    pub fn srv(self, name: &str, priority: u16, port: u16, target: &str) -> Self {
        let mut data: Vec<u8> = [priority, 0, port].iter().flat_map(|number| number.to_be_bytes()).collect();
        data.extend(encoded(target));
        self.record(name, SRV, data)
    }

    /// RFC 3403 section 4.1, with the flag `s`.
    pub fn naptr(self, name: &str, order: u16, service: &str, replacement: &str) -> Self {
        let mut data: Vec<u8> = [order, 0].iter().flat_map(|number| number.to_be_bytes()).collect();
        for text in ["s", service, ""] {
            data.push(text.len() as u8);
            data.extend(text.as_bytes());
        }
        data.extend(encoded(replacement));
        self.record(name, NAPTR, data)
    }

    fn record(mut self, name: &str, kind: u16, data: Vec<u8>) -> Self {
        self.0.push(Record { name: encoded(name), kind, data, ttl: TTL });
        self
    }

    /// So many seconds the record that was added last is kept.
    pub fn for_seconds(mut self, ttl: u32) -> Self {
        self.0.last_mut().unwrap().ttl = ttl;
        self
    }

    /// The answer to one question; a name or type that is not there has none, and no error.
    pub fn answer(&self, query: &[u8]) -> Option<Vec<u8>> {
        let end = HEADER + query.get(HEADER..)?.iter().position(|octet| *octet == 0)? + 1;
        let name = query[HEADER..end].to_ascii_lowercase();
        let kind = u16::from_be_bytes(query.get(end..end + 2)?.try_into().ok()?);
        let found: Vec<_> = self.0.iter().filter(|record| record.name == name && record.kind == kind).collect();
        let mut answer = query[..2].to_vec();
        // A response, authoritative, recursion as desired; one question, so many answers.
        answer.extend([0x85, 0x80, 0, 1, 0, found.len() as u8, 0, 0, 0, 0]);
        answer.extend(&query[HEADER..end + 4]);
        for Record { kind, data, ttl, .. } in found {
            answer.extend([0xc0, HEADER as u8]);
            answer.extend(kind.to_be_bytes());
            answer.extend(IN.to_be_bytes());
            answer.extend(ttl.to_be_bytes());
            answer.extend((data.len() as u16).to_be_bytes());
            answer.extend(data);
        }
        Some(answer)
    }
}

fn encoded(name: &str) -> Vec<u8> {
    let label = |label: &str| [&[label.len() as u8], label.as_bytes()].concat();
    name.split('.').flat_map(label).chain([0]).collect()
}
