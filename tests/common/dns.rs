//! A name server's answers out of a table (RFC 1035 section 4), for names that no real one has.

use std::net::Ipv4Addr;

const A: u16 = 1;
const SRV: u16 = 33;
const NAPTR: u16 = 35;
const IN: u16 = 1;
/// Seconds.
const TTL: u32 = 60;

/// Octets of a message's header.
const HEADER: usize = 12;

/// Records by name and type.
#[derive(Default)]
pub struct Zone(Vec<(Vec<u8>, u16, Vec<u8>)>);

impl Zone {
    pub fn a(mut self, name: &str, address: Ipv4Addr) -> Self {
        self.0.push((encoded(name), A, address.octets().to_vec()));
        self
    }

    /// RFC 2782.
    pub fn srv(mut self, name: &str, priority: u16, port: u16, target: &str) -> Self {
        let mut data: Vec<u8> = [priority, 0, port].iter().flat_map(|number| number.to_be_bytes()).collect();
        data.extend(encoded(target));
        self.0.push((encoded(name), SRV, data));
        self
    }

    /// RFC 3403 section 4.1, with the flag `s`.
    pub fn naptr(mut self, name: &str, order: u16, service: &str, replacement: &str) -> Self {
        let mut data: Vec<u8> = [order, 0].iter().flat_map(|number| number.to_be_bytes()).collect();
        for text in ["s", service, ""] {
            data.push(text.len() as u8);
            data.extend(text.as_bytes());
        }
        data.extend(encoded(replacement));
        self.0.push((encoded(name), NAPTR, data));
        self
    }

    /// The answer to one question; a name or type that is not there has none, and no error.
    pub fn answer(&self, query: &[u8]) -> Option<Vec<u8>> {
        let end = HEADER + query.get(HEADER..)?.iter().position(|octet| *octet == 0)? + 1;
        let name = query[HEADER..end].to_ascii_lowercase();
        let kind = u16::from_be_bytes(query.get(end..end + 2)?.try_into().ok()?);
        let found: Vec<_> = self.0.iter().filter(|(other, of, _)| *other == name && *of == kind).collect();
        let mut answer = query[..2].to_vec();
        // A response, authoritative, recursion as desired; one question, so many answers.
        answer.extend([0x85, 0x80, 0, 1, 0, found.len() as u8, 0, 0, 0, 0]);
        answer.extend(&query[HEADER..end + 4]);
        for (_, kind, data) in found {
            answer.extend([0xc0, HEADER as u8]);
            answer.extend(kind.to_be_bytes());
            answer.extend(IN.to_be_bytes());
            answer.extend(TTL.to_be_bytes());
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
