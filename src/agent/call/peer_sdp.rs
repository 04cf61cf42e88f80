//! A peer's session description, as far as it concerns us.

use std::net::SocketAddr;

use super::formats::codec_of;
use crate::ice::is_usable;
use crate::media::Codec;
use crate::policy::Upper;
use crate::sdp::{
    self, AudioFormat, Crypto, Ice, Keying, MediaDescription, MediaDirection, MediaError, NumberedFormat, RemoteAudio,
    SessionDescription, TcpConnection, TelephoneEvent,
};
use crate::sip::Body;
use crate::vocab::Device;

/// A peer's session description, and the audio stream in it that we can join.
#[derive(Clone)]
pub struct PeerSdp {
    pub whole: SessionDescription,
    audio: RemoteAudio,
}

impl PeerSdp {
    /// Reads an offer; what it offers beside `ours` is passed over.
    pub fn offer(body: &Body, ours: &[AudioFormat]) -> Result<Self, String> {
        let whole = Self::parse(body)?;
        let mut audio = RemoteAudio::of(&whole).map_err(|why| why.to_string())?;
        audio.formats.retain(|numbered| ours.contains(&numbered.format));
        match audio.formats.is_empty() {
            true => Err(MediaError::Codec.to_string()),
            false => Ok(Self { whole, audio }),
        }
    }

    /// Reads the answer to our own offer.
    pub fn answer(body: &Body, offer: &SessionDescription) -> Result<Self, String> {
        let whole = Self::parse(body)?;
        let audio = sdp::accepted(offer, &whole).map_err(|why| why.to_string())?;
        Ok(Self { whole, audio })
    }

    /// A telephone that knows no SRTP answers the offer of a profile with it so: by its own profile, where it would have to refuse the stream.
    pub fn leaves_srtp_out(body: &Body, offer: &SessionDescription) -> bool {
        let is_secure = |media: &MediaDescription| media.protocol.contains("SAVP");
        Self::parse(body).is_ok_and(|answer| {
            offer.media.iter().zip(&answer.media).any(|(ours, theirs)| is_secure(ours) && !is_secure(theirs))
        })
    }

    fn parse(body: &Body) -> Result<SessionDescription, String> {
        let body = body.part("application/sdp").ok_or("it holds no session description")?;
        SessionDescription::parse(&body.bytes).map_err(|why| why.to_string())
    }

    /// The key agreement message for, or from, this device.
    pub fn message_of(&self, device: &Device) -> Option<&[u8]> {
        self.audio.sv_sa.iter().find(|sv_sa| sv_sa.device == *device).map(|sv_sa| sv_sa.message.as_slice())
    }

    pub fn has_agreement(&self) -> bool {
        !self.audio.sv_sa.is_empty()
    }

    /// Its keys for SRTP, in its order.
    pub fn crypto(&self) -> &[Crypto] {
        &self.audio.keying.crypto
    }

    /// Its ways to keys for SRTP.
    pub fn keying(&self) -> &Keying {
        &self.audio.keying
    }

    /// Nothing in clear.
    pub fn is_secure(&self) -> bool {
        self.audio.profile.is_secure()
    }

    /// The messages of both are the same.
    pub fn has_keys_of(&self, other: &Self) -> bool {
        self.audio.sv_sa == other.audio.sv_sa
    }

    /// Its RTCP goes by the port of its RTP (RFC 5761 section 5.1.1), as it does with every key agreement.
    pub fn takes_rtcp_here(&self) -> bool {
        self.audio.rtcp_mux || self.has_agreement()
    }

    pub fn media(&self) -> SocketAddr {
        self.audio.address
    }

    /// Its media goes by TCP: how the connection comes to be.
    pub fn connection(&self) -> Option<TcpConnection> {
        self.audio.connection
    }

    /// By what its media goes.
    pub fn upper(&self) -> Upper {
        if self.audio.connection.is_some() {
            Upper::Tcp
        } else {
            Upper::Udp
        }
    }

    /// What it says for ICE, where that holds.
    pub fn ice(&self) -> Option<&Ice> {
        self.audio.ice.as_ref().filter(|ice| is_usable(ice, self.audio.address))
    }

    /// It offers ICE, which does not hold: its default address is none of its candidates.
    pub fn is_changed_on_the_way(&self) -> bool {
        let address = self.audio.address;
        !address.ip().is_unspecified() && self.audio.ice.as_ref().is_some_and(|ice| !is_usable(ice, address))
    }

    /// The first codec that both speak.
    pub fn codec(&self) -> Codec {
        self.audio.formats.first().map_or(Codec::Pcmu, |numbered| codec_of(numbered.format))
    }

    /// All of them, in its order; never empty.
    pub fn formats(&self) -> &[NumberedFormat] {
        &self.audio.formats
    }

    /// Under which number it takes how loud pauses are.
    pub fn comfort_noise(&self) -> Option<u8> {
        self.audio.comfort_noise
    }

    /// Milliseconds of sound in each packet to it, of that codec.
    pub fn packet_time(&self, format: AudioFormat) -> u16 {
        self.audio.packet_time(format)
    }

    /// How it takes keys of a telephone as RTP.
    pub fn events(&self) -> &[TelephoneEvent] {
        &self.audio.events
    }

    /// The peer wants no sound.
    pub fn held(&self) -> bool {
        self.audio.held()
    }

    /// Sound does not go both ways, or not now.
    pub fn is_partial(&self) -> bool {
        self.held() || self.audio.direction != MediaDirection::Sendrecv
    }

    /// It holds the call, takes it up again or goes on with another codec, at the place that was `described` at first, and nothing else.
    pub fn changes_only_direction(&self, again: &Self, described: SocketAddr) -> bool {
        let there = again.audio.address == described || again.audio.address.ip().is_unspecified();
        let same = (&self.audio.sv_sa, self.audio.rtcp_mux) == (&again.audio.sv_sa, again.audio.rtcp_mux);
        // Which of them are used stands elsewhere; without any it is another call.
        let keyed = self.audio.keying.is_like(&again.audio.keying) && self.audio.profile == again.audio.profile;
        there && same && keyed
    }

    /// Nothing of it is another than before, whatever the o= line says.
    pub fn is_same_media(&self, other: &Self) -> bool {
        let of = |audio: &RemoteAudio| (audio.address, audio.direction, audio.profile);
        let same = of(&self.audio) == of(&other.audio)
            && (&self.audio.sv_sa, &self.audio.keying) == (&other.audio.sv_sa, &other.audio.keying);
        let of = |audio: &RemoteAudio| (audio.comfort_noise, audio.ptime, audio.maxptime);
        same && of(&self.audio) == of(&other.audio)
            && (&self.audio.formats, &self.audio.events) == (&other.audio.formats, &other.audio.events)
    }

    /// An unchanged o= line and attribute: a refresh, no new offer (PROTOCOL section 7, "Mid-call").
    pub fn is_same_offer(&self, other: &Self) -> bool {
        self.whole.origin == other.whole.origin
            && (&self.audio.sv_sa, &self.audio.keying) == (&other.audio.sv_sa, &other.audio.keying)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(direction: &str, keys: &str) -> PeerSdp {
        let text = format!(
            "v=0\r\no=p 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\n\
             a=rtcp-mux\r\na={direction}\r\n{keys}"
        );
        PeerSdp::offer(&Body::new("application/sdp", text.into_bytes()), &AudioFormat::ALL).unwrap()
    }

    /// Another agreement is no hold, nor is none: somebody on the way may want other keys, or no keys.
    #[test]
    fn a_hold_leaves_the_key_agreement_as_it_is() {
        let keys = "a=x-sv-sa:1 desk AQID\r\n";
        let before = described("sendrecv", keys);
        let there = before.media();
        for (again, only) in
            [(keys, true), ("a=x-sv-sa:1 desk AQIE\r\n", false), ("a=x-sv-sa:1 pocket AQID\r\n", false), ("", false)]
        {
            let again = described("sendonly", again);
            assert_eq!(before.changes_only_direction(&again, there), only);
            assert_eq!(again.changes_only_direction(&before, there), only);
        }
    }
}
