//! An ordinary telephone with SRTP, written down: its packets are sealed and opened here, with the keys that stand in the messages.

use std::net::SocketAddr;
use std::time::Duration;

use base64::prelude::{Engine, BASE64_STANDARD};
use sottovoce::agent::{AgentConfig, Call};
use sottovoce::srtp::{CryptoSuite, MasterKey, Receiver, Sender};
use sottovoce::vocab::CallId;

use crate::common::config::agent;
use crate::common::wire::{Link, Parcel};
use crate::common::world::World;

pub const BOB: &str = "192.168.1.2";
pub const PHONE: &str = "192.168.1.5";
pub const SECOND: Duration = Duration::from_secs(1);
pub const MUST: &str = "ipsec srtp/transport//require";
pub const MAY: &str = "ipsec srtp/transport//use";
pub const SUITE: CryptoSuite = CryptoSuite::AesCm128HmacSha1_80;

/// The answer of the telephone that picks up.
pub const OK: (&str, &str) = ("200 OK", "p");

/// The telephone in its one call.
pub struct Phone {
    pub world: World,
    tag: String,
    call_id: String,
    number: u32,
    version: u32,
    /// Where it receives.
    pub media: SocketAddr,
    /// What it says comes from there.
    pub from: &'static str,
    /// What it seals with, and the number of its next packet.
    sender: Sender,
    sequence: u16,
    /// Datagrams that it sent, the last ones.
    pub sent: Vec<Vec<u8>>,
}

pub fn at(ip: &str, port: u16) -> SocketAddr {
    SocketAddr::new(ip.parse().unwrap(), port)
}

pub fn master(key: u8) -> MasterKey {
    MasterKey::new(SUITE, &[key; 30]).unwrap()
}

pub fn crypto(key: u8) -> String {
    format!("a=crypto:1 {SUITE} inline:{}\r\n", BASE64_STANDARD.encode([key; 30]))
}

pub fn bob(action: &str) -> AgentConfig {
    let dtls = sottovoce::io::dtls_identity().map(std::sync::Arc::new);
    AgentConfig { sdes_without_tls: true, dtls, ..agent("bob", BOB, action) }
}

impl Phone {
    /// Nobody has called yet.
    pub fn near(bob: AgentConfig) -> Self {
        let mut world = World::new(9, Link::GOOD);
        world.add("bob", bob);
        let sender = Sender::new(&master(1)).unwrap();
        let media = at(PHONE, 6000);
        Self {
            world,
            tag: String::new(),
            call_id: "c".to_owned(),
            number: 0,
            version: 0,
            media,
            from: PHONE,
            sender,
            sequence: 100,
            sent: Vec::new(),
        }
    }

    /// It has called with key 1, and both speak.
    pub fn talking() -> Self {
        let mut phone = Self::near(bob(MUST));
        let offer = phone.described("RTP/SAVP", &crypto(1));
        phone.invite(&offer);
        phone.acknowledge("");
        phone.is_heard();
        phone
    }

    pub fn described(&mut self, profile: &str, lines: &str) -> String {
        self.version += 1;
        let (version, ip, port) = (self.version, self.media.ip(), self.media.port());
        format!(
            "v=0\r\no=phone 1 {version} IN IP4 {PHONE}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} {profile} 0\r\n\
             a=rtpmap:0 PCMU/8000\r\n{lines}"
        )
    }

    pub fn say(&mut self, text: String) {
        let (from, to, bytes) = (at(self.from, 5060), at(BOB, 5060), text.into_bytes());
        self.world.wire.send(self.world.now.mono, Parcel::Sip { stream: None, from, to, bytes });
        self.world.run_for(Duration::from_millis(100));
    }

    pub fn request(&self, method: &str, body: &str) -> String {
        let (number, tag, call, from) = (self.number, &self.tag, &self.call_id, self.from);
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{method} sip:bob@{BOB} SIP/2.0\r\nVia: SIP/2.0/UDP {from}:5060;branch=z9hG4bK{method}{number}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:phone@{PHONE}>;tag=p\r\nTo: <sip:bob@{BOB}>{tag}\r\nCall-ID: {call}\r\n\
             CSeq: {number} {method}\r\nContact: <sip:phone@{from}>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }

    /// A refresh without anything in it.
    pub fn update(&mut self) {
        self.number += 1;
        let text = self.request("UPDATE", "");
        self.say(text);
    }

    /// Where the last request of Bob's by this method went.
    pub fn went_to(&self, method: &str) -> SocketAddr {
        let to = |parcel: &Parcel| match parcel {
            Parcel::Sip { from, to, bytes, .. }
                if from.ip() == at(BOB, 0).ip() && bytes.starts_with(method.as_bytes()) =>
            {
                Some(*to)
            }
            _ => None,
        };
        self.world.wire.overheard.iter().rev().find_map(to).expect("there is one")
    }

    /// What Bob answers to INVITE with this body: the status and the body.
    pub fn invite(&mut self, body: &str) -> (u16, String) {
        self.number += 1;
        let text = self.request("INVITE", body);
        self.say(text);
        let of_this = format!("CSeq: {} INVITE", self.number);
        let answer = self
            .said_by_bob()
            .into_iter()
            .rev()
            .find(|text| text.starts_with("SIP/2.0 ") && !text.starts_with("SIP/2.0 1") && text.contains(&of_this));
        let answer = answer.expect("it is answered");
        let to = answer.lines().find(|line| line.starts_with("To: ")).unwrap();
        self.tag = to.split_once(";tag=").map(|(_, tag)| format!(";tag={tag}")).unwrap_or_default();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        (answer[8..11].parse().unwrap(), body.to_owned())
    }

    pub fn acknowledge(&mut self, body: &str) {
        let text = self.request("ACK", body);
        self.say(text);
    }

    pub fn said_by_bob(&self) -> Vec<String> {
        let read = |parcel: &Parcel| match parcel {
            Parcel::Sip { from, bytes, .. } if from.ip() == at(BOB, 0).ip() => String::from_utf8(bytes.clone()).ok(),
            _ => None,
        };
        self.world.wire.overheard.iter().filter_map(read).collect()
    }

    /// Bob calls it.
    pub fn called(action: &str) -> (Self, CallId) {
        let mut phone = Self::near(bob(action));
        let call = phone.world.call(0, "phone@192.168.1.5", None, 3600);
        phone.world.run_for(SECOND);
        (phone, call)
    }

    /// From now on it speaks within the call that Bob placed and it has taken.
    pub fn takes_part(&mut self) {
        let invite = self.said_by_bob().into_iter().rev().find(|text| text.starts_with("INVITE ")).unwrap();
        let line = |name: &str| invite.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        self.call_id = line("Call-ID: ");
        self.tag = format!(";tag={}", line("From: ").split_once(";tag=").unwrap().1);
    }

    /// The last request of Bob's by this method is answered so, by the telephone of this tag where it is no request within the call.
    pub fn answers(&mut self, method: &str, (status, tag): (&str, &str), body: &str) {
        let request = self.said_by_bob().into_iter().rev().find(|text| text.starts_with(method)).unwrap();
        let kept =
            |line: &&str| ["Via:", "From:", "To:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name));
        let head: Vec<&str> = request.lines().filter(kept).collect();
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let tagged = |line: &&str| match line.starts_with("To:") && !line.contains(";tag=") {
            true => format!("{line};tag={tag}"),
            false => (*line).to_owned(),
        };
        let head: Vec<String> = head.iter().map(tagged).collect();
        self.say(format!(
            "SIP/2.0 {status}\r\n{}\r\nContact: <sip:phone@{PHONE}>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
            head.join("\r\n"),
            body.len()
        ));
    }

    /// From now on it seals with this key. The number of its source goes on.
    pub fn seals_with(&mut self, key: u8) {
        self.sender = Sender::new(&master(key)).unwrap();
    }

    pub fn call(&self) -> &Call {
        self.world.nodes[0].agent.calls().last().unwrap()
    }

    pub fn received(&self) -> u64 {
        self.call().counters.received
    }

    pub fn bobs_media(&self) -> SocketAddr {
        self.world.nodes[0].media.values().next().unwrap().local
    }

    pub fn put(&mut self, bytes: Vec<u8>) {
        let (from, to) = (self.media, self.bobs_media());
        self.world.wire.send(self.world.now.mono, Parcel::Media { from, to, bytes });
    }

    /// It speaks for a second: so many packets of it were taken.
    pub fn speaks(&mut self) -> u64 {
        let before = self.received();
        self.sent.clear();
        for _ in 0..50 {
            let mut packet = vec![0xd5; 12 + 160 + 32];
            packet[..12].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]);
            packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
            packet[4..8].copy_from_slice(&(u32::from(self.sequence) * 160).to_be_bytes());
            self.sequence += 1;
            let len = self.sender.seal(&mut packet, 172).unwrap();
            packet.truncate(len);
            self.sent.push(packet.clone());
            self.put(packet);
            self.world.run_for(Duration::from_millis(20));
        }
        self.world.run_for(2 * SECOND);
        self.received() - before
    }

    #[track_caller]
    pub fn is_heard(&mut self) {
        assert_eq!(self.speaks(), 50, "{:?}", self.call());
    }

    /// RTP that Bob sends within a second, from where it goes.
    pub fn heard(&mut self) -> Vec<Vec<u8>> {
        let before = self.world.wire.seen.len();
        self.world.run_for(SECOND);
        let rtp = |bytes: &&Vec<u8>| bytes[0] >> 6 == 2 && !(200..=207).contains(&bytes[1]);
        self.world.wire.seen[before..].iter().filter(rtp).cloned().collect()
    }

    /// All of it opens with the key of this description of Bob's; its source.
    #[track_caller]
    pub fn opens(&mut self, description: &str) -> u32 {
        let line = description.lines().find_map(|line| line.split_once("inline:")).unwrap().1;
        let key = BASE64_STANDARD.decode(line.split('|').next().unwrap()).unwrap();
        let mut receiver = Receiver::new(&MasterKey::new(SUITE, &key).unwrap()).unwrap();
        let heard = self.heard();
        assert!(heard.len() > 40, "{}", heard.len());
        let mut sources: Vec<u32> = heard
            .into_iter()
            .map(|mut packet| {
                receiver.open(&mut packet).expect("it opens");
                u32::from_be_bytes(packet[8..12].try_into().unwrap())
            })
            .collect();
        sources.dedup();
        assert_eq!(sources.len(), 1);
        sources[0]
    }

    pub fn remote(&self) -> SocketAddr {
        self.world.nodes[0].media.values().next().unwrap().stream.as_ref().unwrap().remote()
    }
}
