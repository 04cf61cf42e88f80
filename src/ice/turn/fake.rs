//! A server of TURN for tests, as RFC 8656 has it for UDP.

use std::collections::HashMap;

use super::*;
use crate::vocab::Redacted;

pub(in crate::ice) const PASSWORD: &str = "open sesame";
const REALM_NAME: &[u8] = b"example.org";

pub(in crate::ice) fn account(password: &str) -> RelayAccount {
    let password = Redacted(password.to_owned());
    RelayAccount { server: "turn.example.org:3478".into(), user: "alice".into(), password }
}

pub(in crate::ice) struct Server {
    pub(in crate::ice) address: SocketAddr,
    /// Its first address for others.
    relays_from: SocketAddr,
    nonce: Vec<u8>,
    clients: HashMap<SocketAddr, Client>,
    /// What it answers to who asks for an address.
    pub(in crate::ice) refuses: Option<u16>,
    /// Methods of the requests that it answered, and what it answered: 0 for yes.
    pub(in crate::ice) answered: Vec<(u16, u16)>,
}

struct Client {
    relayed: SocketAddr,
    channels: HashMap<u16, SocketAddr>,
}

/// A datagram: from, to, octets.
pub(in crate::ice) type Sent = (SocketAddr, SocketAddr, Vec<u8>);

impl Server {
    pub(in crate::ice) fn new(address: &str) -> Self {
        let address: SocketAddr = address.parse().unwrap();
        let (nonce, clients) = (b"first".to_vec(), HashMap::new());
        let relays_from = SocketAddr::new(address.ip(), 49152);
        Self { address, relays_from, nonce, clients, refuses: None, answered: Vec::new() }
    }

    /// Words of before are stale from now on.
    pub(in crate::ice) fn renew_nonce(&mut self) {
        self.nonce.push(b'+');
    }

    pub(in crate::ice) fn clients(&self) -> usize {
        self.clients.len()
    }

    /// What it sends when this comes to any of its addresses.
    pub(in crate::ice) fn handle(&mut self, from: SocketAddr, to: SocketAddr, octets: &[u8]) -> Vec<Sent> {
        if to != self.address {
            return self.handle_peer(from, to, octets);
        }
        if (0x40..0x50).contains(&octets[0]) {
            let client = &self.clients[&from];
            let number = u16::from_be_bytes([octets[0], octets[1]]);
            assert_eq!(usize::from(u16::from_be_bytes([octets[2], octets[3]])), octets.len() - 4);
            return vec![(client.relayed, client.channels[&number], octets[4..].to_vec())];
        }
        let (kind, id, attributes) = stun::parts(octets).expect("STUN, or of a channel");
        if kind == SEND {
            let peer = stun::unxored(id, value(attributes, XOR_PEER_ADDRESS).unwrap()).unwrap();
            let client = &self.clients[&from];
            assert!(client.channels.values().any(|known| known.ip() == peer.ip()), "no permission");
            return vec![(client.relayed, peer, value(attributes, DATA).unwrap().to_vec())];
        }
        vec![(to, from, self.answer(from, kind, id, octets))]
    }

    /// From outside, to an address that it relays.
    fn handle_peer(&self, from: SocketAddr, to: SocketAddr, octets: &[u8]) -> Vec<Sent> {
        let Some((client, held)) = self.clients.iter().find(|(_, client)| client.relayed == to) else {
            return Vec::new();
        };
        if !held.channels.values().any(|known| known.ip() == from.ip()) {
            return Vec::new();
        }
        let channel = held.channels.iter().find(|(_, peer)| **peer == from);
        let carried = match channel {
            Some((number, _)) => {
                let len = (octets.len() as u16).to_be_bytes();
                [&number.to_be_bytes()[..], &len, octets].concat()
            }
            None => {
                let mut attributes = Vec::new();
                put(&mut attributes, XOR_PEER_ADDRESS, &stun::xored([5; 12], from));
                put(&mut attributes, DATA, octets);
                stun::message(DATA_FROM_PEER, [5; 12], &attributes).into()
            }
        };
        vec![(self.address, *client, carried)]
    }

    fn answer(&mut self, from: SocketAddr, method: u16, id: TransactionId, octets: &[u8]) -> Vec<u8> {
        let attributes = &octets[HEADER..];
        let login = Login::new(&account(PASSWORD), REALM_NAME, &self.nonce).unwrap();
        let code = match value(attributes, NONCE) {
            None => 401,
            Some(nonce) if nonce != self.nonce => 438,
            Some(_) if proven(octets, attributes, &login).is_none() => 401,
            Some(_) if method == ALLOCATE && self.clients.contains_key(&from) => 437,
            Some(_) if method == ALLOCATE => self.refuses.unwrap_or(0),
            Some(_) if !self.clients.contains_key(&from) => 437,
            Some(_) => 0,
        };
        self.answered.push((method, code));
        let mut said = Vec::new();
        if code != 0 {
            put(&mut said, ERROR_CODE, &[0, 0, (code / 100) as u8, (code % 100) as u8]);
            put(&mut said, REALM, REALM_NAME);
            put(&mut said, NONCE, &self.nonce);
            return stun::message(method | ERROR, id, &said).into();
        }
        self.grant(from, method, id, attributes, &mut said);
        with_integrity(method | SUCCESS, id, said, &login)
    }

    fn grant(&mut self, from: SocketAddr, method: u16, id: TransactionId, asked: &[u8], said: &mut Vec<u8>) {
        match method {
            ALLOCATE => {
                let relayed = self.relays_from;
                self.relays_from.set_port(relayed.port() + 1);
                self.clients.insert(from, Client { relayed, channels: HashMap::new() });
                put(said, XOR_RELAYED_ADDRESS, &stun::xored(id, relayed));
                put(said, LIFETIME, &600u32.to_be_bytes());
            }
            REFRESH if value(asked, LIFETIME) == Some(&[0; 4]) => {
                self.clients.remove(&from);
                put(said, LIFETIME, &[0; 4]);
            }
            REFRESH => put(said, LIFETIME, &600u32.to_be_bytes()),
            CHANNEL_BIND => {
                let number = value(asked, CHANNEL_NUMBER).unwrap();
                let peer = stun::unxored(id, value(asked, XOR_PEER_ADDRESS).unwrap()).unwrap();
                let channels = &mut self.clients.get_mut(&from).unwrap().channels;
                channels.insert(u16::from_be_bytes([number[0], number[1]]), peer);
            }
            other => panic!("asked for {other:#x}"),
        }
    }
}
