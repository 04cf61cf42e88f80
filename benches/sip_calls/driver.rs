//! A caller that is quicker than sipp: INVITE, ACK and BYE at once, 200 to each; what is not answered is sent again as
//! RFC 3261 section 17.1 says.

use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

const T1: Duration = Duration::from_millis(500);
const GIVE_UP: u32 = 6;
/// Port of the session descriptions.
const VOICE: u16 = 9000;

pub struct Driver {
    socket: UdpSocket,
    /// Where it would hear voice, as a telephone does; what its buffer cannot hold is lost. Without it every packet would come back as
    /// an ICMP error, and the agent would be charged for that.
    _voice: UdpSocket,
    here: SocketAddr,
    to: SocketAddr,
    calls: BTreeMap<u64, Call>,
    /// When to look whether a request has to be sent again, in order.
    timers: VecDeque<(Instant, u64, Stage)>,
    last: u64,
    done: Done,
}

#[derive(Clone, Debug, Default)]
pub struct Done {
    pub offered: u64,
    pub completed: u64,
    pub failed: u64,
    /// Refusals, and how often.
    pub refused: BTreeMap<u16, u64>,
    pub resent: u64,
    /// From each INVITE to its 200.
    pub answered_after: Vec<Duration>,
    pub seconds: f64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Inviting,
    Leaving,
}

struct Call {
    stage: Stage,
    begun: Instant,
    sent: u32,
    /// The tag of the callee, once it is known.
    to_tag: String,
}

impl Driver {
    pub fn new(from: Ipv4Addr, to: SocketAddr) -> Self {
        let socket = UdpSocket::bind((from, 5060)).expect("the address is free");
        socket.set_nonblocking(true).expect("a socket");
        let here = socket.local_addr().expect("a socket");
        let voice = UdpSocket::bind((from, VOICE)).expect("the address is free");
        Self {
            socket,
            _voice: voice,
            here,
            to,
            calls: BTreeMap::new(),
            timers: VecDeque::new(),
            last: 0,
            done: Done::default(),
        }
    }

    /// So many calls a second for so long, and then until the last is over.
    pub fn run(&mut self, rate: u64, lasts: Duration) -> Done {
        self.done = Done::default();
        let begun = Instant::now();
        while begun.elapsed() < lasts {
            let due = begun.elapsed().as_micros() as u64 * rate / 1_000_000;
            while self.done.offered < due {
                self.begin();
            }
            self.turn();
        }
        while !self.calls.is_empty() {
            self.turn();
        }
        self.done.seconds = begun.elapsed().as_secs_f64();
        std::mem::take(&mut self.done)
    }

    fn begin(&mut self) {
        self.last += 1;
        self.done.offered += 1;
        let call = Call { stage: Stage::Inviting, begun: Instant::now(), sent: 0, to_tag: String::new() };
        self.calls.insert(self.last, call);
        self.ask(self.last);
    }

    /// Reads what is there, sends again what is due, and rests a moment when there was nothing to do.
    fn turn(&mut self) {
        let mut buffer = [0; 8192];
        let mut heard = false;
        while let Ok(length) = self.socket.recv(&mut buffer) {
            heard = true;
            self.hear(&String::from_utf8_lossy(&buffer[..length]));
        }
        while self.timers.front().is_some_and(|(at, ..)| *at <= Instant::now()) {
            let Some((_, number, stage)) = self.timers.pop_front() else { return };
            self.look_at(number, stage);
        }
        if !heard {
            std::thread::sleep(Duration::from_micros(100));
        }
    }

    /// Sends the request of its stage.
    fn ask(&mut self, number: u64) {
        let Some(call) = self.calls.get_mut(&number) else { return };
        call.sent += 1;
        let (stage, tag) = (call.stage, call.to_tag.clone());
        self.timers.push_back((Instant::now() + T1, number, stage));
        match stage {
            Stage::Inviting => self.send("INVITE", 1, number, "", &offer(self.here)),
            Stage::Leaving => self.send("BYE", 2, number, &tag, ""),
        }
    }

    fn look_at(&mut self, number: u64, stage: Stage) {
        let Some(call) = self.calls.get(&number).filter(|call| call.stage == stage) else { return };
        if call.sent >= GIVE_UP {
            self.calls.remove(&number);
            self.done.failed += 1;
            return;
        }
        self.done.resent += 1;
        self.ask(number);
    }

    fn hear(&mut self, text: &str) {
        let status = text.get(8..11).and_then(|status| status.parse::<u16>().ok()).filter(|status| *status >= 200);
        let (Some(status), Some(number)) = (status, number_of(text)) else { return };
        let to_invite = text.contains(" INVITE\r\n");
        let Some(call) = self.calls.get_mut(&number) else { return };
        match (call.stage, status) {
            (Stage::Inviting, 200) if to_invite => {
                self.done.answered_after.push(call.begun.elapsed());
                call.to_tag = tag_of(text).to_owned();
                (call.stage, call.sent) = (Stage::Leaving, 0);
                let tag = call.to_tag.clone();
                self.send("ACK", 1, number, &tag, "");
                self.ask(number);
            }
            (Stage::Leaving, 200) if !to_invite => {
                self.calls.remove(&number);
                self.done.completed += 1;
            }
            (Stage::Leaving, 200) => {
                let tag = call.to_tag.clone();
                self.send("ACK", 1, number, &tag, "");
            }
            _ => self.refused(number, status, tag_of(text), to_invite),
        }
    }

    fn refused(&mut self, number: u64, status: u16, tag: &str, to_invite: bool) {
        if to_invite {
            self.send("ACK", 1, number, tag, "");
        }
        self.calls.remove(&number);
        self.done.failed += 1;
        *self.done.refused.entry(status).or_default() += 1;
    }

    fn send(&self, method: &str, cseq: u32, number: u64, tag: &str, body: &str) {
        let (here, to) = (self.here, self.to);
        let tag = if tag.is_empty() { String::new() } else { format!(";tag={tag}") };
        // The ACK of a 2xx is a request of its own, the one of a refusal is not (RFC 3261 section 17.1.1.3).
        let branch = if method == "ACK" && tag.is_empty() { "INVITE" } else { method };
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let text = format!(
            "{method} sip:bob@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{branch}{number};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:driver@{here}>;tag=driver{number}\r\nTo: <sip:bob@{to}>{tag}\r\n\
             Call-ID: {number}@driver\r\nCSeq: {cseq} {method}\r\nContact: <sip:driver@{here}>\r\n{kind}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        // A full buffer is a lost datagram: it is sent again.
        let _ = self.socket.send_to(text.as_bytes(), to);
    }
}

fn number_of(text: &str) -> Option<u64> {
    text.split_once("Call-ID: ")?.1.split_once('@')?.0.parse().ok()
}

fn tag_of(text: &str) -> &str {
    let to = text.split_once("\r\nTo: ").map_or("", |(_, to)| to);
    let line = to.split("\r\n").next().unwrap_or("");
    line.split_once(";tag=").map_or("", |(_, tag)| tag)
}

fn offer(here: SocketAddr) -> String {
    let host = here.ip();
    format!(
        "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {VOICE} RTP/AVP 0\r\n\
         a=rtpmap:0 PCMU/8000\r\n"
    )
}
