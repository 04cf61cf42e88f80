use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use super::associations::Associations;
use super::counters::LATE;
use super::digits::{Dialled, Keyed};
use super::discretion::Discretion;
use super::egress::{Egress, Withheld};
use super::generation::{Generation, Terms};
use super::generations::Generations;
use super::ingress::Ingress;
use super::keying::Keying;
use super::packetizer::Packetizer;
use super::playout::{Insertion, Playout};
use super::quality::Meter;
use super::reports::{self, Reports};
use super::rtp::{self, RtpHeader};
use super::{Codec, Counters, Formats, Held, Tunnel};
use crate::dtls::DtlsError;
use crate::ipsec::{DropReason, Kind, PacketBuffer, StreamFraming};
use crate::policy::{Bundle, Level, Spd, Upper};
use crate::srtp::CryptoSuite;
use crate::vocab::{Device, Digit, Entity, Now};

/// A packet of Opus has more octets, but one that says that nothing is said: libopus makes such where it may be left out.
const PAUSE: usize = 2;

mod comfort;
mod digits;
mod rekeyed;
mod reporting;
mod sending;

/// One media leg. It alone owns its SAs; the media loop alone owns it.
pub struct Stream {
    packetizer: Packetizer,
    formats: Formats,
    /// Until the peer is heard nothing is sent.
    waits: bool,
    held: Held,
    only_from: Option<IpAddr>,
    /// Around everything, to a gateway.
    tunnel: Option<Box<Tunnel>>,
    generations: Generations,
    /// What makes its keys, or has made them.
    keying: Option<Keying>,
    /// The header of the next packet.
    next: RtpHeader,
    buffer: PacketBuffer,
    /// Where what the peer compressed is unpacked; empty without IPComp.
    room: Box<[u8]>,
    playout: Playout,
    reports: Reports,
    rtcp_mux: bool,
    dialled: Dialled,
    keyed: Keyed,
    meter: Meter,
    events: VecDeque<StreamEvent>,
    told: Told,
    counters: Counters,
}

/// What a stream is made of, beside its SAs.
pub struct StreamConfig {
    /// Our media address, as offered.
    pub local: SocketAddr,
    /// The peer's, as offered.
    pub remote: SocketAddr,
    /// By what its packets go: entries of the other rule none of them.
    pub upper: Upper,
    pub peer: Option<(Entity, Device)>,
    pub spd: Arc<Spd>,
    pub formats: Formats,
    /// Random (RFC 3550 section 5.1), as are the first sequence number and timestamp.
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
    /// What `default` means in an entry: never itself `Default`.
    pub default_level: Level,
    /// What was agreed for packets of ours.
    pub outbound: Bundle,
    /// What was agreed for packets of the peer.
    pub inbound: Bundle,
    /// Nothing is sent before something authentic came: the peer has only said that it is at `remote`.
    pub heard_first: bool,
    /// Packets from other addresses count for nothing, whatever they prove: of strangers, who are taken at their word of
    /// where they are and nowhere else.
    pub only_from: Option<IpAddr>,
    /// Reports go by the port of the sound, to which the peer agreed (`a=rtcp-mux`, RFC 5761). Where it did not there are none.
    pub rtcp_mux: bool,
    /// It begins without sound of ours: the peer wants none yet.
    pub held: Held,
    /// To a gateway, through which everything goes. It holds what the entries demand of it.
    pub tunnel: Option<Box<Tunnel>>,
}

/// What happened on a stream, for the agent to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// The peer presses a key of its telephone.
    Digit(Digit),
    /// The first packet that authenticated, or under `none` the first that passed the inbound policy check.
    FirstPacket { from: SocketAddr },
    /// The entry demands protection and there is no SA: packets are dropped and counted. Once a call.
    Unprotected,
    /// The SPD forbids what this stream would send. Once a call.
    Forbidden,
    /// A handshake has made the keys of its SRTP.
    Keyed { suite: CryptoSuite },
    /// Or not: nothing passes.
    Unkeyed(DtlsError),
}

/// A datagram to send.
pub struct Datagram<'a> {
    pub to: SocketAddr,
    pub bytes: &'a [u8],
}

/// Which events were told already.
#[derive(Default)]
struct Told {
    first_packet: bool,
    forbidden: bool,
    unprotected: bool,
}

impl Stream {
    pub fn new(config: StreamConfig, associations: impl Into<Associations>) -> Self {
        let StreamConfig { local, remote, upper, peer, spd, default_level, outbound, inbound, tunnel, .. } = config;
        let around = tunnel.as_ref().map(|tunnel| tunnel.around());
        let terms = Terms { local, remote, upper, peer, spd, default_level, outbound, inbound, around };
        let (keying, associations) = Keying::of(associations.into());
        let first = Generation::new(terms, associations);
        let discretion = Discretion::of(&config.formats, outbound, tunnel.is_some());
        let ((payload_type, codec), packet_time) = (config.formats.send, config.formats.packet_time);
        let room = vec![0; first.room()].into_boxed_slice();
        Self {
            packetizer: Packetizer::new(&config.formats, discretion),
            playout: Playout::new(&config.formats.receive),
            formats: config.formats,
            waits: config.heard_first,
            held: config.held,
            rtcp_mux: config.rtcp_mux,
            only_from: config.only_from.map(|address| address.to_canonical()),
            tunnel,
            generations: Generations::new(first),
            keying,
            next: RtpHeader {
                marker: true,
                payload_type,
                sequence: config.sequence,
                timestamp: config.timestamp,
                ssrc: config.ssrc,
            },
            buffer: packet_buffer(codec, packet_time),
            room,
            reports: Reports::new(config.ssrc, codec.clock()),
            dialled: Dialled::default(),
            keyed: Keyed::default(),
            events: VecDeque::with_capacity(8),
            meter: Meter::default(),
            told: Told::default(),
            counters: Counters::default(),
        }
    }

    /// The two doors alone, without codec and RTP.
    pub fn into_doors(self) -> (Egress, Ingress) {
        let Generation { egress, ingress, .. } = self.generations.into_current();
        (egress, ingress)
    }

    /// Samples a second of the frames that it takes, which are 20 ms long.
    pub fn rate(&self) -> u32 {
        self.packetizer.codec().rate()
    }

    /// The same of the frames that it gives: what the peer sends now, which may be another codec than ours.
    pub fn heard_rate(&self) -> u32 {
        self.playout.rate()
    }

    /// The frame that is sent next was due so long ago.
    pub fn note_lateness(&mut self, late: Duration) {
        self.counters.sent_late += u64::from(late > LATE);
    }

    /// A datagram came. It is opened in place; what fails is counted and forgotten.
    pub fn handle_datagram(&mut self, now: Now, from: SocketAddr, datagram: &mut [u8]) {
        self.take_datagram(now, from, datagram);
    }

    /// The same, and whether it is the peer's: it authenticated, or may come in clear.
    pub fn take_datagram(&mut self, now: Now, from: SocketAddr, datagram: &mut [u8]) -> bool {
        let mut room = std::mem::take(&mut self.room);
        let taken = match self.tunnel.take() {
            None => self.take_in(now, from, datagram, &mut room),
            Some(_) if Kind::of(datagram) == Kind::KeepAlive => Ok(false),
            Some(mut tunnel) => {
                let opened = tunnel.open(from, datagram);
                let taken = opened.and_then(|inside| self.take_in(now, inside.from, inside.packet, &mut room));
                self.tunnel = Some(tunnel);
                taken
            }
        };
        self.room = room;
        taken.unwrap_or_else(|reason| {
            self.counters.drop_one(reason.name());
            false
        })
    }

    fn take_in(&mut self, now: Now, from: SocketAddr, packet: &mut [u8], room: &mut [u8]) -> Result<bool, DropReason> {
        if !self.is_from_there(from) {
            return Err(DropReason::Source);
        }
        self.generations.settle(now.mono);
        if let (Kind::Dtls, Some(keying)) = (Kind::of(packet), &mut self.keying) {
            keying.handle(now.mono, (from, self.generations.remote()), packet);
            return Ok(false);
        }
        let Some(arrival) = self.generations.unprotect(now, from, packet, room)? else { return Ok(false) };
        self.note_first(from);
        self.handle_packet(now, arrival.payload);
        Ok(true)
    }

    /// The next 20 ms for the speaker, at [`rate`](Self::rate); silence or concealment where nothing came.
    pub fn play(&mut self, now: Now, frame: &mut [i16]) {
        self.playout.play(now.mono, frame);
        self.counters.concealed = self.playout.concealed();
        if self.meter.tick() {
            self.measure();
        }
    }

    /// What the handshake that makes its keys has to say. Call after `send`, until `None`; in a tunnel there is none.
    pub fn poll_handshake(&mut self, now: Now) -> Option<(SocketAddr, Vec<u8>)> {
        let keying = self.keying.as_mut().filter(|_| self.tunnel.is_none())?;
        match keying.settle(now.mono) {
            Some(Ok((suite, associations))) => {
                self.generations.key(associations);
                self.events.push_back(StreamEvent::Keyed { suite });
            }
            Some(Err(why)) => self.events.push_back(StreamEvent::Unkeyed(why)),
            None => {}
        }
        let (to, datagram) = keying.poll()?;
        Some((to.unwrap_or(self.generations.remote()), datagram))
    }

    /// Its keys are not there yet: nothing leaves.
    fn is_keying(&self) -> bool {
        self.keying.as_ref().is_some_and(Keying::is_pending)
    }

    pub fn poll_event(&mut self) -> Option<StreamEvent> {
        self.events.pop_front()
    }

    /// Look up in this snapshot from the next packet on; entries that ask for more than the stream's associations give rule when
    /// it was rekeyed, or after [`OVERLAP`](super::OVERLAP) at the latest.
    pub fn set_spd(&mut self, now: Now, spd: Arc<Spd>) {
        self.generations.set_spd(now, spd);
    }

    /// Who holds the call from now on. RTCP goes on (RFC 3264 section 5.1).
    pub fn set_held(&mut self, held: Held) {
        if held.by_us != self.held.by_us {
            // Nothing of before is heard when the call is taken up again.
            self.playout.forget();
        }
        self.held = held;
    }

    pub fn held(&self) -> Held {
        self.held
    }

    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Where the peer is reached: as offered, until an authenticated packet comes from elsewhere.
    pub fn remote(&self) -> SocketAddr {
        self.generations.remote()
    }

    /// How its packets stand in a TCP connection.
    pub fn framing(&self) -> StreamFraming {
        if self.generations.outbound().esp {
            StreamFraming::Esp
        } else {
            StreamFraming::Rtp
        }
    }

    /// Its packets, or the peer's, are not sealed by anything: who sends them shows by nothing but where they come from.
    pub fn is_in_clear(&self) -> bool {
        self.generations.outbound().is_empty() || self.generations.takes_clear()
    }

    /// Whether the policy lets packets of this stream go to another address of the peer than it described, and come from there; of a stranger,
    /// who is heard from where he calls and nowhere else, none.
    pub fn allows(&self, now: Now, peer: SocketAddr) -> bool {
        self.is_from_there(peer) && self.generations.allow(now, peer)
    }

    fn is_from_there(&self, peer: SocketAddr) -> bool {
        self.only_from.is_none_or(|only| only == peer.ip().to_canonical())
    }

    /// The peer must be heard before anything is sent, and was not yet.
    pub fn waits(&self) -> bool {
        self.waits
    }

    /// A packet was made and not sent: too much waits to be sent already.
    pub fn note_congestion(&mut self) {
        self.counters.drop_one("congestion");
    }

    fn note_first(&mut self, from: SocketAddr) {
        // AH proves the address that it came by, which need not be where our sound would go.
        self.waits = self.waits && (from != self.generations.remote() || self.generations.awaits_next());
        if !std::mem::replace(&mut self.told.first_packet, true) {
            self.events.push_back(StreamEvent::FirstPacket { from });
        }
    }

    fn handle_packet(&mut self, now: Now, packet: &[u8]) {
        match Kind::of(packet) {
            Kind::Rtp => self.handle_rtp(now, packet),
            Kind::Rtcp if self.reports.handle(now.mono, packet) => {
                self.counters.rtcp_received += 1;
                if let Some(lost) = self.reports.take_far_loss() {
                    self.packetizer.note_loss(lost);
                }
            }
            _ => self.counters.drop_one(DropReason::Malformed.name()),
        }
    }

    fn handle_rtp(&mut self, now: Now, packet: &[u8]) {
        let Some((header, payload)) = RtpHeader::read(packet) else {
            return self.counters.drop_one(DropReason::Malformed.name());
        };
        if self.formats.receive_comfort == Some(header.payload_type) {
            return self.take_comfort(now, &header, payload);
        }
        if self.formats.receive_digits.contains(&header.payload_type) {
            return self.take_digit(now, &header, payload);
        }
        let look = match self.playout.look(&header, payload) {
            Ok(look) => look,
            Err(Insertion::Unknown) => return self.counters.drop_one("payload-type"),
            Err(_) => return self.counters.drop_one(DropReason::Malformed.name()),
        };
        self.counters.received += 1;
        self.reports.note_heard(now.mono, &header, look.codec.clock());
        if self.held.by_us {
            return;
        }
        if look.codec == Codec::Opus && payload.len() <= PAUSE {
            return self.playout.pause(&header);
        }
        match self.playout.insert(now.mono, &header, payload) {
            Insertion::Duplicate => self.counters.duplicate += 1,
            Insertion::Late => {
                self.counters.late += 1;
                self.reports.note_played(false, look.millis());
            }
            Insertion::Accepted => self.reports.note_played(true, look.millis()),
            Insertion::Malformed | Insertion::Unknown => {}
        }
    }
}

fn packet_buffer(codec: Codec, packet_time: u16) -> PacketBuffer {
    PacketBuffer::new((rtp::HEADER_LEN + codec.max_payload(packet_time)).max(reports::MAX_LEN))
}

/// The packet in the buffer goes where the current generation, and a tunnel around it, lead.
fn leave<'a>(
    generations: &mut Generations,
    tunnel: &mut Option<Box<Tunnel>>,
    now: Now,
    buffer: &'a mut PacketBuffer,
) -> Result<Datagram<'a>, Withheld> {
    let (egress, to) = generations.way_out();
    match tunnel {
        None => egress.protect(now.wall, buffer).map(|bytes| Datagram { to, bytes }),
        Some(tunnel) => {
            let bytes = egress.protect_within(now.wall, buffer, (tunnel, to))?;
            Ok(Datagram { to: tunnel.gateway(), bytes })
        }
    }
}

fn note_withheld(why: Withheld, counters: &mut Counters, told: &mut Told, events: &mut VecDeque<StreamEvent>) {
    counters.drop_one(why.name());
    let (told, event) = match why {
        Withheld::Forbidden => (&mut told.forbidden, StreamEvent::Forbidden),
        Withheld::Seal(_) | Withheld::Unprotected => (&mut told.unprotected, StreamEvent::Unprotected),
    };
    if !std::mem::replace(told, true) {
        events.push_back(event);
    }
}
