//! One process sends more than an agent can take, while two agents are in a call: memory stays bounded, the call loses no
//! packet, and whoever asks decently is answered. One that floods less than is meant proves nothing, and fails.
//!
//! A few seconds of each flood; `make flood` lets each last 20 s.

#[path = "../common/flood.rs"]
mod flood;
#[path = "../common/process.rs"]
mod process;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use flood::{resident, Asker, Flood, Offered};
use process::{own_address, wait_until, Home};

/// Requests a second.
const REQUESTS: u64 = 20_000;
/// Connections a second.
const CONNECTIONS: u64 = 20_000;
/// What an agent may take for the sake of strangers, octets: the limits of `sip::endpoint::limits` and the queues before it.
const MEMORY: u64 = 64 << 20;
/// Until an answer is there, for half of those who ask.
const PATIENCE: Duration = Duration::from_millis(500);
/// Packets that may be on their way when a call ends.
const LAST: u64 = 3;

#[test]
fn a_call_and_whoever_asks_decently_live_through_every_flood() {
    let seconds = std::env::var("FLOOD_SECONDS").map_or(4, |text| text.parse().expect("FLOOD_SECONDS is a number"));
    let (mut alice, mut bob) = (Home::new("alice", "ipsec esp/transport//require"), Home::new("bob", "none"));
    bob.configure(&bob.usual("ipsec esp/transport//require;"));
    alice.start();
    bob.start();
    let duration = (3 * seconds + 8).to_string();
    let mut call = alice.command(&["--json", "call", &bob.entity(), "--approve", "--duration", &duration]);
    let call = call.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
    wait_until(|| metric(&bob, "packets_received") > 10);

    let to = SocketAddr::from((bob.address, 5060));
    let stranger = own_address();
    let bench = Bench { bob: &bob, to, seconds };
    bench.endures(
        "SUBSCRIBE",
        Flood::of_datagrams(stranger, to, REQUESTS, move |n| request("SUBSCRIBE", stranger, to, n)),
    );
    let stranger = own_address();
    bench.endures("INVITE", Flood::of_datagrams(stranger, to, REQUESTS, move |n| request("INVITE", stranger, to, n)));
    let strangers = (0..8).map(|_| own_address()).collect();
    bench.endures("half a message by TCP", Flood::of_connections(strangers, to, CONNECTIONS));

    let call = call.wait_with_output().unwrap();
    assert!(call.status.success(), "{call:?}");
    for (from, to) in [(&alice, &bob), (&bob, &alice)] {
        let (sent, received) = (metric(from, "packets_sent"), metric(to, "packets_received"));
        println!("{} -> {}: {sent} packets sent, {received} received", from.name, to.name);
        assert!(received + LAST >= sent, "{} -> {}: {sent} sent, {received} received", from.name, to.name);
    }
}

struct Bench<'a> {
    bob: &'a Home,
    to: SocketAddr,
    seconds: u64,
}

impl Bench<'_> {
    fn endures(&self, what: &str, flood: Flood) {
        let bob = self.bob.process();
        let before = resident(bob);
        let mut asker = Asker::new(own_address(), self.to);
        let (mut peak, mut answers) = (before, Vec::new());
        let enough = Duration::from_secs(self.seconds);
        while answers.iter().sum::<Duration>() + Duration::from_millis(50) * (answers.len() as u32) < enough {
            answers.push(asker.ask());
            peak = peak.max(resident(bob));
            std::thread::sleep(Duration::from_millis(50));
        }
        let offered = flood.stop();
        answers.sort();
        let median = answers[answers.len() / 2];
        println!(
            "{what}: {} in {:.1} s, {} a second; {} asked, median {median:?}, longest {:?}; memory {} + {} kB",
            offered.number,
            offered.took.as_secs_f64(),
            offered.a_second(),
            answers.len(),
            answers.last().unwrap(),
            before / 1024,
            (peak - before) / 1024,
        );
        assert!(self.is_flood(&offered), "{what}: only {} a second, of {}", offered.a_second(), offered.meant);
        assert!(median < PATIENCE, "{what}: {answers:?}");
        assert!(peak - before < MEMORY, "{what}: {} octets more", peak - before);
    }

    /// Nine tenths of what is meant in a long one; a quarter in a short one, where others may have the two cores meanwhile.
    fn is_flood(&self, offered: &Offered) -> bool {
        let percent = if self.seconds >= 20 { 90 } else { 25 };
        offered.a_second() * 100 >= offered.meant * percent
    }
}

fn request(method: &str, from: Ipv4Addr, to: SocketAddr, number: u64) -> String {
    let (more, body) = match method {
        "SUBSCRIBE" => ("Event: presence\r\nAccept: application/pidf+xml\r\nExpires: 3600\r\n", String::new()),
        _ => ("Content-Type: application/sdp\r\n", offer(from)),
    };
    format!(
        "{method} sip:bob@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {from}:5060;branch=z9hG4bKflood{number};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:flood@{from}>;tag=flood{number}\r\nTo: <sip:bob@{to}>\r\n\
         Call-ID: flood-{number}@{from}\r\nCSeq: 1 {method}\r\nContact: <sip:flood@{from}:5060>\r\n{more}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn offer(from: Ipv4Addr) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 {from}\r\ns=-\r\nc=IN IP4 {from}\r\nt=0 0\r\nm=audio 20000 RTP/AVP 0\r\n\
         a=rtpmap:0 PCMU/8000\r\n"
    )
}

/// A counter of an agent.
fn metric(home: &Home, name: &str) -> u64 {
    let (host, bearer) = (format!("{}:8060", home.address), format!("Bearer {}", home.token()));
    let (status, text) = home.http("GET /v1/metrics", &[("Host", &host), ("Authorization", &bearer)]);
    assert_eq!(status, 200, "{text}");
    let line =
        text.lines().filter(|line| !line.starts_with('#')).find(|line| line.starts_with(&format!("sottovoce_{name} ")));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_else(|| panic!("no {name} in {text}"))
}
