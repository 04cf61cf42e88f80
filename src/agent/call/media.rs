//! The stream that both sides of a call end in, and the session descriptions around it.

use std::net::SocketAddr;

use rand_core::RngCore;

use super::failures::gone;
use super::peer_sdp::PeerSdp;
use super::rekey::Agreement;
use super::srtp_keys::SrtpKeys;
use super::tunnel::{elsewhere, lost};
use super::{suite_name, CallState};
use crate::agent::answer_watcher::AskersPlace;
use crate::agent::ruling::{Demands, Protected};
use crate::agent::{Agent, AudioSink, Effect, Event, IceUse};
use crate::keys::agreement::Spis;
use crate::keys::Confirmed;
use crate::media::{Associations, Stream, StreamConfig, PORTS};
use crate::policy::{Entry, Suite};
use crate::sdp::{self, AnswerInput, Ice, Keying, OfferInput, Ours, Profile, SessionDescription, SvSa};
use crate::vocab::{escape, CallId, Failure, FailureKind, Now, Redacted, Spi};

impl Agent {
    pub(in crate::agent) fn handle_media_opened(
        &mut self,
        now: Now,
        id: CallId,
        (result, ice): (Result<SocketAddr, Failure>, Option<Ice>),
    ) {
        let open = self.calls.all.get_mut(&id);
        let Some(calling) = open else { return };
        if std::mem::take(&mut calling.renewal.opens_beside) {
            calling.ice.beside = ice;
            return self.handle_media_beside(now, id, result);
        }
        calling.ice.ours = ice;
        match result {
            Ok(local) => {
                calling.local = Some(local);
                let side = calling.call.side;
                if !calling.is_open() {
                    return;
                }
                match side {
                    super::Side::Caller => self.invite(now, id, local),
                    super::Side::Callee => self.answer_invite(now, id),
                }
            }
            Err(failure) => {
                calling.media_open = false;
                self.end_call(now, id, CallState::Failed(failure));
            }
        }
    }

    pub(super) fn begin_stream(&mut self, now: Now, id: CallId, ready: Ready) -> Result<(), Failure> {
        match (ready.confirmed, ready.srtp) {
            (Some(confirmed), _) => self.start_stream(now, id, *confirmed, ready.remote),
            (None, Some(keys)) => self.start_srtp_stream(now, id, keys, ready.remote),
            (None, None) => self.start_clear_stream(now, id, ready.remote),
        }
    }

    /// Both sides hold the keys: the stream goes to the media loop, and with it the SAs.
    pub(super) fn start_stream(
        &mut self,
        now: Now,
        id: CallId,
        confirmed: Confirmed,
        remote: SocketAddr,
    ) -> Result<(), Failure> {
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        if calling.call.carries.is_some() {
            return self.tunnel_stands(now, id, confirmed, remote);
        }
        let local = calling.described_at().ok_or_else(|| gone(id))?;
        let remote = media_address(confirmed.peer_media(), remote);
        let bundles = confirmed.bundles();
        let protected = Protected::of(bundles, calling.call.side == super::Side::Caller);
        self.refuse_unruly(now, id, (protected, confirmed.suite()), remote)?;
        let calling = self.calls.all.get_mut(&id).ok_or_else(|| gone(id))?;
        calling.call.bundle = calling.all_of(protected).outbound.to_string();
        calling.call.bundle_in = calling.all_of(protected).inbound.to_string();
        calling.call.suite = suite_name(confirmed.suite());
        let (hash, suite) = (Some(confirmed.handshake_hash()), confirmed.suite());
        calling.agreement = Some(Agreement { hash, protected, suite, remote });
        self.log_keys(&confirmed, local, remote);
        let protection = confirmed.into_protection();
        self.run_stream(now, id, protection.into(), protected, remote)
    }

    /// Only where the user wants the keys to be written down.
    pub(super) fn log_keys(&mut self, confirmed: &Confirmed, local: SocketAddr, remote: SocketAddr) {
        if self.config.keylog {
            let (rows, objects) = confirmed.keylog(local, remote);
            self.effect(Effect::Keylog {
                esp_sa: rows.into_iter().map(Redacted).collect(),
                json: objects.into_iter().map(Redacted).collect(),
            });
        }
    }

    /// An ordinary phone under a policy that lets clear packets through.
    pub(super) fn start_clear_stream(&mut self, now: Now, id: CallId, remote: SocketAddr) -> Result<(), Failure> {
        self.refuse_unruly(now, id, Default::default(), remote)?;
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.call.bundle = calling.all_of(Protected::default()).outbound.to_string();
            calling.call.bundle_in = calling.all_of(Protected::default()).inbound.to_string();
            calling.agreement = Some(Agreement { hash: None, protected: Protected::default(), suite: None, remote });
        }
        self.run_stream(now, id, Associations::none(), Protected::default(), remote)
    }

    /// An ordinary telephone, and keys for SRTP of both.
    pub(super) fn start_srtp_stream(
        &mut self,
        now: Now,
        id: CallId,
        keys: SrtpKeys,
        remote: SocketAddr,
    ) -> Result<(), Failure> {
        let protected = Protected::SRTP;
        self.refuse_unruly(now, id, (protected, None), remote)?;
        let seed = self.handshake_seed();
        let associations = keys.associations(now, &seed).ok_or_else(|| gone(id))?;
        let calling = self.calls.all.get_mut(&id).ok_or_else(|| gone(id))?;
        calling.call.bundle = protected.outbound.to_string();
        calling.call.bundle_in = protected.inbound.to_string();
        calling.call.suite = Some(keys.label());
        calling.agreement = Some(Agreement { hash: None, protected, suite: None, remote });
        calling.srtp = Some(keys);
        self.run_stream(now, id, associations, protected, remote)
    }

    fn run_stream(
        &mut self,
        now: Now,
        id: CallId,
        associations: Associations,
        protected: Protected,
        remote: SocketAddr,
    ) -> Result<(), Failure> {
        // The upper half is left out, so that the first packets may be lost (RFC 4568 section 6.4).
        let first = self.rng.next_u32() as u16 & 0x7fff;
        let (ssrc, sequence, timestamp) = (self.rng.next_u32(), first, self.rng.next_u32());
        let calling = self.calls.all.get_mut(&id).ok_or_else(|| gone(id))?;
        calling.note_protection(now);
        let local = calling.local.ok_or_else(|| gone(id))?;
        let formats = calling.said.formats(self.config.comfort_noise);
        if calling.call.forwards.is_some() {
            let Associations::Ipsec(protection) = associations else { return Err(gone(id)) };
            self.run_forwarder(id, protection, remote)?;
            self.establish(now, id);
            return Ok(());
        }
        let tunnel = calling.take_tunnel();
        if calling.through.is_some() && tunnel.is_none() {
            return Err(lost(&calling.call.peer, None));
        }
        let formats = formats.ok_or_else(|| gone(id))?;
        calling.call.held_by_peer = calling.said.is_held();
        let config = StreamConfig {
            local,
            remote,
            upper: calling.upper,
            peer: calling.peer.clone(),
            spd: self.book.spd().clone(),
            formats: formats.clone(),
            ssrc,
            sequence,
            timestamp,
            default_level: self.config.default_level,
            outbound: protected.outbound,
            inbound: protected.inbound,
            heard_first: calling.way.heard_first,
            only_from: (!calling.call.known).then_some(remote.ip()),
            rtcp_mux: calling.said.theirs().is_none_or(PeerSdp::takes_rtcp_here),
            held: calling.held(),
            tunnel,
        };
        let early = calling.call.early;
        calling.formats = Some(formats);
        calling.hearing.quiet_allowed = early || calling.said.is_partial();
        let stream = Box::new(Stream::new(config, associations));
        let source = calling.source.clone();
        let sink = self.sink_for(id);
        self.effect(Effect::StartStream { call: id, stream, source, sink });
        self.begin_ice(id);
        self.connect_media(id, remote);
        match early {
            true => self.event(Event::CallChanged(id)),
            false => self.establish(now, id),
        }
        Ok(())
    }

    /// The call stands.
    pub(super) fn establish(&mut self, now: Now, id: CallId) {
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        calling.call.setup = calling.invited.map(|invited| now.mono - invited);
        calling.call.answered = Some(now.wall);
        calling.until = calling.duration.map(|duration| now.mono + duration);
        self.count("calls_established");
        self.set_call(id, CallState::Active);
        self.keep_begun(now, id);
        self.note_end_of_entries(now, id);
        self.loosen_call(now, id);
    }

    /// Now that every port is known, the entries must be those that both sides agreed for: nothing would pass otherwise.
    pub(super) fn refuse_unruly(
        &self,
        now: Now,
        id: CallId,
        (protected, suite): (Protected, Option<Suite>),
        remote: SocketAddr,
    ) -> Result<(), Failure> {
        let demands = self.demands_of_call(now, id, remote)?;
        let peer = self.peer_name(id);
        let local = self.calls.all.get(&id).and_then(|calling| calling.local).ok_or_else(|| gone(id))?;
        if let Some((entry, fits)) = demands.tunnels_elsewhere(local.ip(), remote.ip()) {
            return Err(elsewhere(&peer, entry, &fits));
        }
        if let Some(entry) = demands.broken(protected, self.config.default_level) {
            return Err(unruly(&peer, &protected.towards(entry.direction).to_string(), entry));
        }
        match suite.and_then(|suite| Some((suite, demands.forbids(suite)?))) {
            None => Ok(()),
            Some((suite, entry)) => Err(unruly(&peer, suite.name(), entry)),
        }
    }

    /// What we demand of it, once our socket is bound.
    pub(super) fn demands_of_call(&self, now: Now, id: CallId, remote: SocketAddr) -> Result<Demands, Failure> {
        let local = self.calls.all.get(&id).and_then(|calling| calling.local).ok_or_else(|| gone(id))?;
        self.demands_between(now, id, local, remote)
    }

    /// The same for the place to which our media will go.
    pub(super) fn demands_between(
        &self,
        now: Now,
        id: CallId,
        local: SocketAddr,
        remote: SocketAddr,
    ) -> Result<Demands, Failure> {
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        let demands = match (calling.call.side, &calling.peer) {
            (super::Side::Caller, Some((entity, device))) => {
                self.demands_on_callee(now, (entity, device), (local, remote), calling.upper)
            }
            (_, peer) => {
                let place = AskersPlace { address: remote.ip(), observed: !calling.way.stated };
                self.demands_on_caller(now, peer.as_ref(), (local, remote), calling.upper, place)
            }
        };
        self.demands_beyond(id, demands)
    }

    /// Two calls in one file would each spoil what the other has written.
    fn sink_for(&mut self, id: CallId) -> AudioSink {
        let wanted = self.calls.all.get(&id).map_or(AudioSink::Discard, |calling| calling.sink.clone());
        if let (AudioSink::File(path), Some(other)) =
            (&wanted, self.calls.recorded_in(&wanted).filter(|other| *other != id))
        {
            let is_ours = self.calls.all.get(&id).is_some_and(|calling| calling.call.side == super::Side::Caller);
            let notice = not_recorded(id, other, &path.to_string_lossy(), is_ours);
            self.event(Event::Notice(notice));
            return AudioSink::Discard;
        }
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.recording = matches!(wanted, AudioSink::File(_));
        }
        wanted
    }

    pub(super) fn sdp_offer(
        &mut self,
        local: SocketAddr,
        agreement: Option<SvSa>,
        ice: Option<Ice>,
    ) -> SessionDescription {
        let session_id = u64::from(self.rng.next_u32());
        let sv_sa = agreement.into_iter().collect();
        let ours = self.ours(session_id, local);
        let (keying, profile) = (Keying::default(), Profile::Avp);
        sdp::offer(OfferInput { ours, formats: &self.config.codecs, sv_sa, keying, profile, ice })
    }

    /// By these ways to keys.
    pub(super) fn sdp_offer_to_telephone(
        &mut self,
        local: SocketAddr,
        (keying, profile): (Keying, Profile),
        ice: Option<Ice>,
    ) -> SessionDescription {
        let session_id = u64::from(self.rng.next_u32());
        sdp::offer(OfferInput {
            ours: self.ours(session_id, local),
            formats: &self.config.codecs,
            sv_sa: Vec::new(),
            keying,
            profile,
            ice,
        })
    }

    pub(super) fn sdp_answer(
        &mut self,
        offered: &PeerSdp,
        local: SocketAddr,
        message: Option<Vec<u8>>,
        (keying, ice): (Keying, Option<Ice>),
    ) -> Result<SessionDescription, String> {
        let session_id = u64::from(self.rng.next_u32());
        let device = self.config.device.clone();
        let sv_sa = message.map(|message| SvSa { device, message });
        let input = AnswerInput {
            ours: self.ours(session_id, local),
            formats: &self.config.codecs,
            sv_sa,
            keying,
            ice,
            held: false,
        };
        self.sdp_answer_to(offered, input)
    }

    /// The answer to an offer within the call: of the same session, and newer (RFC 3264 section 8).
    pub(super) fn sdp_reanswer(
        &self,
        offered: &PeerSdp,
        local: SocketAddr,
        (sv_sa, keying, ice): (Option<SvSa>, Keying, Option<Ice>),
        (session_id, session_version): (u64, u64),
        held: bool,
    ) -> Result<SessionDescription, String> {
        let ours = Ours { session_version, ..self.ours(session_id, local) };
        let input = AnswerInput { ours, formats: &self.config.codecs, sv_sa, keying, ice, held };
        self.sdp_answer_to(offered, input)
    }

    fn sdp_answer_to(&self, offered: &PeerSdp, input: AnswerInput) -> Result<SessionDescription, String> {
        let mut answer = sdp::answer(&offered.whole, input).map_err(|why| why.to_string())?;
        if self.config.nat.ice != IceUse::Off && offered.is_changed_on_the_way() {
            sdp::note_mismatch(&mut answer);
        }
        Ok(answer)
    }

    fn ours(&self, session_id: u64, address: SocketAddr) -> Ours<'_> {
        let (comfort_noise, ptime) = (self.config.comfort_noise, self.config.ptime);
        Ours {
            username: self.config.entity.user().unwrap_or("-"),
            session_id,
            session_version: 1,
            address,
            comfort_noise,
            ptime,
        }
    }
}

/// All that a stream needs to begin.
pub(super) struct Ready {
    /// `None` for a call without key agreement.
    pub confirmed: Option<Box<Confirmed>>,
    /// With an ordinary telephone.
    pub srtp: Option<SrtpKeys>,
    pub remote: SocketAddr,
}

/// Where media goes: the key agreement's address, or that of the session description when it leaves it open.
pub(super) fn media_address(agreed: SocketAddr, described: SocketAddr) -> SocketAddr {
    if agreed.ip().is_unspecified() {
        described
    } else {
        agreed
    }
}

fn unruly(peer: &str, agreed: &str, entry: &Entry) -> Failure {
    Failure::new(
        FailureKind::RefusedByPolicy,
        "not-as-agreed",
        format!("the call agreed on {agreed}, but `{}` rules its ports", entry.rule_text()),
        peer,
        format!("write that entry for every media port ({}-{}), then call again", PORTS.start(), PORTS.end()),
    )
}

/// `is_ours`: whoever called can name a file with the call.
fn not_recorded(id: CallId, other: CallId, file: &str, is_ours: bool) -> Failure {
    let file = escape(file);
    let next = match is_ours {
        true => "give each call a file of its own with --record, or end the other call first".to_owned(),
        false => format!("`sottovoce record {id} FILE` records it, into a file of its own"),
    };
    Failure::new(
        FailureKind::Failed,
        "not-recorded",
        format!("call {id} is not recorded: {file} holds the sound of call {other}, which still runs"),
        id.to_string(),
        next,
    )
}

/// SPIs under which we will receive; they differ, because one port carries both protocols.
pub(super) fn random_spis(rng: &mut impl RngCore) -> Spis {
    let esp = Spi::from_random(rng.next_u32());
    let mut ah = Spi::from_random(rng.next_u32());
    while ah == esp {
        ah = Spi::from_random(rng.next_u32());
    }
    Spis { esp: Some(esp), ah: Some(ah) }
}
