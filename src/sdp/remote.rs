use std::net::SocketAddr;

use super::attribute::MediaDirection;
use super::comfort_noise;
use super::crypto::{Crypto, CryptoError};
use super::description::{Connection, MediaDescription, SessionDescription};
use super::dtls::{Dtls, Keying};
use super::format::{AudioFormat, NumberedFormat};
use super::ice::Ice;
use super::sv_sa::{SvSa, SvSaError};
use super::tcp::TcpConnection;
use super::telephone_event::TelephoneEvent;

/// The peer's audio stream that we can join, read out of its description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteAudio {
    /// Which `m=` line it is, from zero.
    pub index: usize,
    /// Where the peer receives RTP; with rtcp-mux also RTCP. Unspecified (`0.0.0.0`) in the old form of hold.
    pub address: SocketAddr,
    /// Those that both speak, in the peer's order; never empty.
    pub formats: Vec<NumberedFormat>,
    /// How it takes keys of a telephone, beside the sound.
    pub events: Vec<TelephoneEvent>,
    /// Under which number it takes how loud a pause is, if it does.
    pub comfort_noise: Option<u8>,
    /// RFC 5761.
    pub rtcp_mux: bool,
    /// As the peer wrote it.
    pub direction: MediaDirection,
    /// Milliseconds in a packet that the peer would like.
    pub ptime: Option<u16>,
    /// Most milliseconds of sound that it takes in a packet.
    pub maxptime: Option<u16>,
    pub sv_sa: Vec<SvSa>,
    /// Never empty where the profile is a secure one.
    pub keying: Keying,
    pub profile: Profile,
    /// Of a stream by TCP.
    pub connection: Option<TcpConnection>,
    /// Its candidates; one of them is `address`, or another on the way has changed that and ICE does not hold (RFC 8445 section 5.4).
    pub ice: Option<Ice>,
}

/// Why there is no audio stream that we can join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    #[error("the stream has no numeric address")]
    Address,
    #[error("no codec in common: we speak opus, G722, PCMU and PCMA")]
    Codec,
    #[error("there is no audio stream")]
    NoAudio,
    #[error("the audio stream is RTP/SAVP, and {0}")]
    Crypto(CryptoError),
    #[error("the audio stream is {0}, and names no certificate and who begins (a=fingerprint, a=setup)")]
    Dtls(&'static str),
    #[error("the audio stream goes by TCP, and does not say who opens the connection (a=setup, a=connection)")]
    Connection,
    #[error("the audio stream is neither RTP/AVP nor RTP/SAVP nor UDP/TLS/RTP/SAVP nor TCP/RTP/AVP nor TCP/RTP/SAVP")]
    Protocol,
    #[error("the audio stream takes packets of {0} ms at most, and ours have 10 ms at least")]
    Ptime(u16),
    #[error("the audio stream is rejected")]
    Rejected,
    #[error(transparent)]
    SvSa(#[from] SvSaError),
}

/// Milliseconds of sound in a packet of ours to a peer that says nothing of it, and in one to us if nothing else is configured.
pub const PTIME: u16 = 20;
/// In our packets.
pub const PACKET_TIMES: [u16; 5] = [10, 20, 30, 40, 60];

/// What an `m=` line is, and so what its packets may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// RFC 3551. With keys beside it, it is by SRTP too where the other side answers with some (RFC 8643).
    Avp,
    /// By SRTP or not at all (RFC 3711 section 12).
    Savp,
    /// By SRTP with keys by DTLS (RFC 5764 section 8).
    TlsSavp,
    /// The same with feedback (RFC 5124), of which we have none to give.
    TlsSavpf,
    /// By TCP (RFC 4571 section 4); with a key agreement the packets in it are those of ESP, as RFC 9329 frames them.
    Tcp,
    /// The same by SRTP or not at all (RFC 7850 section 3.2).
    TcpSavp,
}

impl Profile {
    const ALL: [Self; 6] = [Self::Avp, Self::Savp, Self::TlsSavp, Self::TlsSavpf, Self::Tcp, Self::TcpSavp];

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Avp => "RTP/AVP",
            Self::Savp => "RTP/SAVP",
            Self::TlsSavp => "UDP/TLS/RTP/SAVP",
            Self::TlsSavpf => "UDP/TLS/RTP/SAVPF",
            Self::Tcp => "TCP/RTP/AVP",
            Self::TcpSavp => "TCP/RTP/SAVP",
        }
    }

    /// Nothing in clear.
    pub fn is_secure(self) -> bool {
        !matches!(self, Self::Avp | Self::Tcp)
    }

    fn is_by_tcp(self) -> bool {
        matches!(self, Self::Tcp | Self::TcpSavp)
    }

    /// The same by a TCP connection; by DTLS there is none.
    pub(super) fn by_tcp(self) -> Self {
        if self.is_secure() {
            Self::TcpSavp
        } else {
            Self::Tcp
        }
    }
}

impl RemoteAudio {
    /// The first audio stream that we can join; the error is the first one's.
    pub fn of(sdp: &SessionDescription) -> Result<Self, MediaError> {
        let mut first_error = MediaError::NoAudio;
        for (index, media) in sdp.media.iter().enumerate().filter(|(_, media)| media.kind == "audio") {
            match Self::read(sdp, index, media) {
                Ok(audio) => return Ok(audio),
                Err(error) if first_error == MediaError::NoAudio => first_error = error,
                Err(_) => (),
            }
        }
        Err(first_error)
    }

    pub(super) fn read(sdp: &SessionDescription, index: usize, media: &MediaDescription) -> Result<Self, MediaError> {
        if media.port == 0 {
            return Err(MediaError::Rejected);
        }
        let profile = Profile::named(&media.protocol).ok_or(MediaError::Protocol)?;
        let keying = keying(sdp, media, profile)?;
        let by_tcp = profile.is_by_tcp().then(|| TcpConnection::of(media).ok_or(MediaError::Connection));
        let connection = by_tcp.transpose()?;
        let formats = NumberedFormat::all_of(media);
        if formats.is_empty() {
            return Err(MediaError::Codec);
        }
        let ip = sdp.connection_of(media).and_then(Connection::ip).ok_or(MediaError::Address)?;
        if ip.is_multicast() {
            return Err(MediaError::Address);
        }
        let milliseconds = |name| {
            let value = media.attribute(name).and_then(|attribute| attribute.value.as_deref()?.trim().parse().ok());
            value.filter(|milliseconds| *milliseconds > 0)
        };
        let maxptime = milliseconds("maxptime");
        if let Some(most) = maxptime.filter(|most| *most < PACKET_TIMES[0]) {
            return Err(MediaError::Ptime(most));
        }
        Ok(Self {
            index,
            address: SocketAddr::new(ip, media.port),
            formats,
            events: TelephoneEvent::all_of(media),
            comfort_noise: comfort_noise::of(media),
            rtcp_mux: media.attribute("rtcp-mux").is_some(),
            direction: sdp.direction_of(media),
            ptime: milliseconds("ptime"),
            maxptime,
            sv_sa: SvSa::all_of(media)?,
            keying,
            profile,
            connection,
            ice: Ice::of(sdp, media),
        })
    }

    /// Milliseconds of sound in each packet of ours: what the peer would like, as far as there are such packets, and no more than it takes (RFC 8866
    /// sections 6.4 and 6.5).
    pub fn packet_time(&self, format: AudioFormat) -> u16 {
        let wanted = self.ptime.unwrap_or(PTIME).min(self.maxptime.unwrap_or(u16::MAX));
        // A packet of Opus is one frame, and has a length of theirs (RFC 6716 section 2.1.4).
        let fits = |time: &u16| *time <= wanted && (format != AudioFormat::Opus || *time != 30);
        PACKET_TIMES.into_iter().rev().find(fits).unwrap_or(PACKET_TIMES[0])
    }

    /// The peer wants no sound from us: `sendonly`, `inactive`, or the address 0.0.0.0 of RFC 2543.
    pub fn held(&self) -> bool {
        matches!(self.direction, MediaDirection::Inactive | MediaDirection::Sendonly)
            || self.address.ip().is_unspecified()
    }
}

fn keying(sdp: &SessionDescription, media: &MediaDescription, profile: Profile) -> Result<Keying, MediaError> {
    // What an `a=setup` says of a connection is not said of a handshake.
    let dtls = if profile.is_by_tcp() { None } else { Dtls::of(sdp, media) };
    let crypto = match (Crypto::all_of(media), profile) {
        (Err(why), Profile::Savp | Profile::TcpSavp) if dtls.is_none() => return Err(MediaError::Crypto(why)),
        (_, Profile::TlsSavp | Profile::TlsSavpf) if dtls.is_none() => return Err(MediaError::Dtls(profile.name())),
        // By DTLS alone.
        (_, Profile::TlsSavp | Profile::TlsSavpf) => Vec::new(),
        (read, _) => read.unwrap_or_default(),
    };
    Ok(Keying { crypto, dtls })
}
