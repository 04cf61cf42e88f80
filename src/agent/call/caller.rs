//! The caller's side.

use std::net::{IpAddr, SocketAddr};

use rand_core::RngCore;

use super::caller_failures::{
    ambiguous, discarded, nobody_approved, played_already, recorded_already, too_many, unreviewed,
};
use super::failures::{gone, no_address, no_agreement_text};
use super::formats::codec_of;
use super::media::random_spis;
use super::{CallState, KeyState, MEDIA_ID, RINGING};
use crate::agent::contact::{contact_host, OPTION_TAG};
use crate::agent::fail_over::Untried;
use crate::agent::redirect::{Reach, Redirects};
use crate::agent::ruling::some_port;
use crate::agent::target::{host_address, Target};
use crate::agent::waiting::Waiting;
use crate::agent::{Agent, AskRequest, AudioSink, AudioSource, CallRequest, Effect, Event, Pin, Side};
use crate::keys::agreement::{Bundles, OfferInput, PeerKeys};
use crate::keys::Initiator;
use crate::policy::{Action, Answer, Bundle, Entry, Intent, Suite, Wanted};
use crate::sdp::SvSa;
use crate::sip::{Body, Candidate, Invite, SessionId, Transport, Uri};
use crate::vocab::{escape, CallId, Device, Digest, Entity, Failure, Generation, Now, ReviewId};

impl Agent {
    pub(in crate::agent) fn begin_call(&mut self, now: Now, request: CallRequest) -> Result<CallId, Failure> {
        let target = self.target(&request.peer, request.account.as_ref())?;
        self.refuse_ourselves(&target)?;
        if self.calls.open_count() >= self.most_calls() {
            return Err(too_many(&request.peer, self.most_calls()));
        }
        if let Some(other) = request.sink.as_ref().and_then(|sink| self.calls.recorded_in(sink)) {
            return Err(recorded_already(other));
        }
        if let (Some(AudioSource::File(played)), Some(AudioSink::File(recorded))) = (&request.source, &request.sink) {
            if played == recorded {
                return Err(played_already(&played.to_string_lossy()));
            }
        }
        let known = self.approved_device(&target, now, request.intent)?;
        let known = known.filter(|pin| request.accept_key.is_none() && self.rules_already(now, pin, &request.answer));
        // An answer is one to a review, and a telephone has nothing to be reviewed.
        let is_for_telephone =
            request.answer.is_none() && request.accept_key.is_none() && self.is_for_telephone(now, &target);
        let telephone = target.clone();
        let id = self.new_call(now, Side::Caller, escape(&request.peer), CallState::Asking);
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.target = Some(target);
            calling.answer = request.answer.clone();
            calling.accept_key = request.accept_key;
            calling.intent = request.intent;
            calling.duration = request.duration;
            calling.source = request.source.clone().unwrap_or_else(|| calling.source.clone());
            if let Some(sink) = request.sink.clone() {
                calling.recording = matches!(sink, AudioSink::File(_));
                calling.sink = sink;
            }
        }
        match known {
            Some(pin) => self.dial(now, id, &pin),
            None if is_for_telephone => self.dial_telephone(now, id, &telephone),
            None => self.ask_first(now, id, request)?,
        }
        Ok(id)
    }

    /// Journey one comes before the first call.
    pub(super) fn ask_first(&mut self, now: Now, id: CallId, request: CallRequest) -> Result<(), Failure> {
        let wanted = Wanted::BOTH;
        let ask = AskRequest {
            peer: request.peer,
            wanted,
            answer: request.answer,
            accept_key: request.accept_key,
            intent: request.intent,
            account: request.account,
        };
        let asked = self.begin_ask(now, ask, Some(id));
        match asked {
            Ok(ask) => {
                if let Some(calling) = self.calls.all.get_mut(&id) {
                    calling.call.ask = Some(ask);
                }
                self.event(Event::CallChanged(id));
                Ok(())
            }
            Err(failure) => {
                self.calls.all.remove(&id);
                self.calls.open.remove(&id);
                Err(failure)
            }
        }
    }

    /// The pinned device that this target means, when entries for it are approved, and good enough for this where both are now.
    ///
    /// # Errors
    /// Several approved peers at one address: the user has to name one.
    pub(super) fn approved_device(&self, target: &Target, now: Now, intent: Intent) -> Result<Option<Pin>, Failure> {
        let here = |pin: &Pin| !self.is_elsewhere(now, (&pin.entity, &pin.device), intent);
        let approved = |pin: &&Pin| self.book.has_entry_for(&pin.entity, &pin.device, now.wall) && here(pin);
        let meant: Vec<&Pin> = self.book.pins().filter(|pin| self.is_meant(target, pin)).filter(approved).collect();
        match meant[..] {
            [] => Ok(None),
            [pin] => Ok(Some(pin.clone())),
            [first, ..] if meant.iter().all(|pin| pin.entity == first.entity) => Ok(Some(first.clone())),
            _ => Err(ambiguous(target, &meant)),
        }
    }

    /// What the user typed for this call is in force already, or he typed no rules.
    fn rules_already(&self, now: Now, pin: &Pin, answer: &Option<Answer>) -> bool {
        let (out, inbound) = self.entries_towards(now, &pin.entity, &pin.device, None);
        match answer {
            None | Some(Answer::Approve) => true,
            Some(Answer::Rules(action)) => out.action == *action && inbound.action == action.mirror(),
            // Whether the peer must be asked is seen once its policy is.
            Some(Answer::Propose { answer, .. }) => self.rules_already(now, pin, &Some(answer.as_ref().clone())),
            Some(Answer::Edit(_) | Answer::Refuse) => false,
        }
    }

    pub(in crate::agent) fn is_meant(&self, target: &Target, pin: &Pin) -> bool {
        if !target.bare {
            return pin.entity == target.entity;
        }
        let record = self.book.presence(&pin.entity, &pin.device);
        let contact = record.and_then(|record| contact_host(record.contact.raw()));
        let host = contact.unwrap_or_else(|| pin.entity.host().to_owned());
        // A device says for itself where it is reached; it must have been seen there to be meant by the address alone.
        let seen = record.and_then(|record| record.address);
        let is_there =
            |socket: SocketAddr| host_address(&host) == Some(socket) && seen.is_none_or(|ip| ip == socket.ip());
        target.socket().is_some_and(is_there)
    }

    pub(in crate::agent) fn call_waits_for_review(&mut self, id: CallId, review: ReviewId) {
        if let Some(calling) = self.calls.all.get_mut(&id).filter(|calling| calling.is_open()) {
            calling.call.review = Some(review);
        }
        self.set_call(id, CallState::Reviewing(review));
    }

    pub(in crate::agent) fn ask_failed_for_call(&mut self, now: Now, id: CallId, failure: Failure) {
        if self.dial_in_clear(now, id, &failure) {
            return;
        }
        let was_answered = self.calls.all.get(&id).is_some_and(|calling| calling.answer.is_some());
        let failure = if was_answered { unreviewed(failure) } else { failure };
        self.end_call(now, id, CallState::Failed(failure));
    }

    /// The review that the call waited for has its answer.
    pub(in crate::agent) fn review_settled_for_call(
        &mut self,
        now: Now,
        id: CallId,
        outcome: Result<Generation, Failure>,
    ) {
        if let Err(failure) = outcome {
            return self.end_call(now, id, CallState::Failed(failure));
        }
        let open = self.calls.all.get(&id).filter(|calling| calling.is_open());
        let Some((target, intent)) = open.and_then(|calling| Some((calling.target.clone()?, calling.intent))) else {
            return;
        };
        match self.approved_device(&target, now, intent) {
            Ok(Some(pin)) => self.dial(now, id, &pin),
            Ok(None) => self.end_call(now, id, CallState::Failed(nobody_approved(&target))),
            Err(failure) => self.end_call(now, id, CallState::Failed(failure)),
        }
    }

    /// The policy first, then the media socket, then INVITE.
    pub(super) fn dial(&mut self, now: Now, id: CallId, pin: &Pin) {
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        calling.peer = Some((pin.entity.clone(), pin.device.clone()));
        calling.call.entity = Some(pin.entity.clone());
        calling.call.device = Some(pin.device.clone());
        calling.call.known = true;
        calling.untried = Untried::default();
        calling.redirects = Redirects::default();
        // Both were for the way that the call before this review took.
        (calling.login, calling.domain) = (None, None);
        let (out, _) = self.entries_towards(now, &pin.entity, &pin.device, None);
        self.choose_transport(now, id, pin);
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.call.action = out.action.to_string();
        }
        self.set_call(id, CallState::Inviting);
        let reach = self.first_reach(id, pin);
        let by_proxy = match &reach {
            Ok(Reach::Proxy(route)) => route.account.clone(),
            _ => None,
        };
        let target = self.calls.all.get(&id).and_then(|calling| calling.target.as_ref());
        let name = self.name_in_call(pin, target, by_proxy);
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.name = name;
        }
        self.go_there(now, id, reach);
    }

    /// Media is opened for the hop to which the INVITE goes, once that is known.
    pub(super) fn go_there(&mut self, now: Now, id: CallId, reach: Result<Reach, Failure>) {
        match reach {
            Ok(Reach::There(there)) => self.open_media(now, id, there),
            Ok(Reach::Looked(what)) => self.locate(Waiting::CallAddress(id), what),
            Ok(Reach::Proxy(route)) => {
                if let Some(calling) = self.calls.all.get_mut(&id) {
                    calling.login = route.login;
                    calling.domain = route.domain;
                }
                self.open_media(now, id, route.hop);
            }
            Err(failure) => self.end_call(now, id, CallState::Failed(failure)),
        }
    }

    /// What goes by an account's proxy bears its name; what goes straight to the device that by which the device knows us.
    fn name_in_call(&self, pin: &Pin, target: Option<&Target>, by_proxy: Option<Entity>) -> Entity {
        let chosen = || target.and_then(|target| target.account.clone());
        let account = by_proxy.or_else(chosen).and_then(|account| self.our_name(&account));
        account.unwrap_or_else(|| self.name_to_entity(&pin.entity))
    }

    pub(super) fn open_media(&mut self, now: Now, id: CallId, hop: Candidate) {
        let local = self.config.media_address;
        let Some(calling) = self.calls.all.get_mut(&id).filter(|calling| calling.is_open()) else { return };
        calling.hop = Some(hop);
        // A tunnel is one for the socket of another call.
        if !calling.media_open && calling.call.carries.is_none() {
            calling.media_open = true;
            let by_tcp = calling.is_by_tcp();
            let gathering = self.gathering_for_offer(id);
            return self.effect(Effect::OpenMedia { call: id, local, gathering, by_tcp });
        }
        if let Some(local) = calling.local {
            self.invite(now, id, local);
        }
    }

    /// The entries that rule media between this device and our socket, when that is bound, out and in.
    pub(super) fn entries_towards(
        &self,
        now: Now,
        entity: &Entity,
        device: &Device,
        local: Option<SocketAddr>,
    ) -> (Entry, Entry) {
        let ours = local.unwrap_or(some_port(self.config.media_address));
        let theirs = some_port(self.media_end(entity, device, ours));
        let upper = self.transport_towards(now, (entity, device), ours, theirs);
        self.entries_by(now, Some((entity, device)), (ours, theirs), upper)
    }

    /// The socket is bound: the offer can name it.
    pub(super) fn invite(&mut self, now: Now, id: CallId, local: SocketAddr) {
        match self.tunnel_wanted(now, id) {
            Ok(None) => {}
            Ok(Some(gateway)) => return self.begin_tunnel(now, id, &gateway),
            Err(failure) => return self.end_call(now, id, CallState::Failed(failure)),
        }
        let is_telephone = self.calls.all.get(&id).is_some_and(super::Calling::is_telephone);
        let made = if is_telephone { self.invite_telephone(now, id) } else { self.make_invite(now, id, local) };
        match made {
            Ok(invite) => {
                let session = self.endpoint.invite(now, invite);
                self.calls.sessions.insert(session, id);
                if let Some(calling) = self.calls.all.get_mut(&id) {
                    calling.session = Some(session);
                    calling.invited = Some(now.mono);
                    calling.tried.extend(calling.hop);
                }
                self.count("calls_placed");
            }
            Err(failure) => self.end_call(now, id, CallState::Failed(failure)),
        }
    }

    /// The entries by which a call is offered, or answered, with all that comes to bear on them.
    pub(super) fn ruling(&self, now: Now, id: CallId) -> Result<Ruling, Failure> {
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        let local = calling.local.ok_or_else(|| gone(id))?;
        let peer = calling.peer.as_ref().map(|(entity, device)| (entity, device));
        if let (Side::Callee, Some(offered)) = (calling.call.side, calling.said.theirs()) {
            let theirs = offered.media();
            let (out, inbound) = self.entries_by(now, peer, (local, theirs), calling.upper);
            let (hash, theirs) = (Digest([0; 32]), theirs.ip());
            return Ok(Ruling { entries: [out, inbound], hash, ours: local.ip(), theirs });
        }
        let (entity, device) = peer.ok_or_else(|| gone(id))?;
        let (out, inbound) = self.entries_towards(now, entity, device, Some(local));
        let hash = self.offered_hash(now, (entity, device), &[out.clone(), inbound.clone()]);
        let theirs = some_port(self.media_end(entity, device, local));
        let (out, inbound) = self.with_pending(now, (entity, device), (out, inbound), (local, theirs));
        let (out, inbound) = self.tightened_for_place(now, id, (out, inbound), local);
        Ok(Ruling { entries: [out, inbound], hash, ours: local.ip(), theirs: theirs.ip() })
    }

    fn make_invite(&mut self, now: Now, id: CallId, local: SocketAddr) -> Result<Invite, Failure> {
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        let (entity, device) = calling.peer.clone().ok_or_else(|| gone(id))?;
        let hop = calling.hop.ok_or_else(|| gone(id))?;
        let name = calling.name.clone();
        let pin = self.book.pin(&entity, &device).cloned().ok_or_else(|| gone(id))?;
        let is_tunnel = calling.call.carries.is_some();
        let media = calling.described_at().unwrap_or(local);
        let ruling = if is_tunnel { self.tunnel_ruling(now, id)? } else { self.ruling(now, id)? };
        let forward = is_tunnel.then_some(ruling.theirs);
        let Ruling { entries: [out, inbound], hash: entry, .. } = ruling;
        if let Some(entry) = [&out, &inbound].into_iter().find(|entry| entry.action == Action::Discard) {
            return Err(discarded(&entity, entry));
        }
        if let Some(calling) = self.calls.all.get_mut(&id).filter(|_| is_tunnel) {
            calling.call.action = out.action.to_string();
        }
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        let (out, inbound) = (calling.beyond(out), calling.beyond(inbound));
        let variable_rate = self.config.codecs.iter().any(|format| codec_of(*format).is_variable_rate());
        let bundles = Bundles {
            to_responder: Bundle::of_entry(&out, variable_rate),
            to_initiator: Bundle::of_entry(&inbound, variable_rate),
        };
        let tunnel = self.tunnel_ends((&entity, &device), [&out, &inbound], local.ip())?;
        self.fits_transport(id, &bundles, is_tunnel || tunnel.is_some())?;
        let mut seed = [0; 32];
        self.rng.fill_bytes(&mut seed);
        let peer = PeerKeys {
            entity: entity.clone(),
            device: device.clone(),
            signing: pin.signing_key,
            agreement: pin.agreement_key,
        };
        let input = OfferInput {
            identity: &self.config.identity,
            entity: &name,
            device: &self.config.device,
            peer: &peer,
            media_id: MEDIA_ID,
            previous: None,
            time: now.wall,
            media,
            bundles,
            suites: suites_of(&out, &inbound),
            spis: random_spis(&mut self.rng),
            entry,
            statement: pin.statement,
            ah_nat: false,
            tunnel,
            forward,
        };
        let (initiator, message) =
            Initiator::offer(input, seed).map_err(|why| no_agreement_text(entity.as_str(), &why.to_string()))?;
        let ice = self.ice_offered(id);
        let offer = self.sdp_offer(media, Some(SvSa { device: device.clone(), message }), ice);
        let offer = self.offered_by(id, offer);
        let bytes = offer.to_string().into_bytes();
        let level = self.config.default_level;
        let insists =
            [&out, &inbound].iter().any(|entry| !Bundle::default().missing_for(&entry.action, level).is_empty());
        let approved = self.invite_target(id, &entity, &device)?;
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        let (login, domain) = (calling.login.clone(), calling.domain.clone());
        let (replaces, referred_by) = self.calls.transfers.occasion(id);
        let resumes = calling.redirects.resumed();
        let target = calling.redirects.now().map_or(approved, |now| now.uri.clone());
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.key = KeyState::Offered(Box::new(initiator));
            calling.said.ours = Some(offer);
            calling.peer_keys = Some(peer);
        }
        // Where DNS names TLS, the host of the contact is proven, and not what DNS made of it (RFC 5922 section 4).
        let named = || target.host().filter(|_| hop.transport == Transport::Tls).cloned();
        Ok(Invite {
            remote: hop.address,
            domain: domain.or_else(named),
            tcp: hop.transport == Transport::Tcp,
            target,
            require: if insists { vec![OPTION_TAG.into()] } else { Vec::new() },
            accept: vec!["application/sdp".into(), crate::agent::ask::PIDF.into()],
            body: Body::new("application/sdp", bytes),
            replaces,
            referred_by,
            from: self.written_as(&name),
            // None for the peer itself, who has no business with our password.
            login,
            resumes,
        })
    }

    /// The approved device's signed contact, or what the user named by `sips:`, or the telephone number, or the built-in peer's name: whoever answers that in
    /// its place holds other keys than the offer is for.
    pub(super) fn invite_target(&self, id: CallId, entity: &Entity, device: &Device) -> Result<Uri, Failure> {
        let typed = self.calls.all.get(&id).and_then(|calling| calling.target.as_ref());
        if let Some(number) = typed.and_then(|target| target.uri.clone()) {
            return Ok(number);
        }
        if let Some(target) = typed.filter(|target| target.secure || self.is_built_in(target)) {
            return target.uri().ok_or_else(|| no_address(entity.as_str()));
        }
        let record = self.book.presence(entity, device);
        let contact = record.map_or(entity.as_str(), |record| record.contact.raw());
        Uri::parse(contact).map_err(|_| no_address(entity.as_str()))
    }

    pub(super) fn handle_invite_progress(&mut self, now: Now, session: SessionId, status: u16) {
        if let Some(calling) = self.calls.by_session(session) {
            let id = calling.call.id;
            if status > 0 && calling.is_open() {
                // From the first provisional answer on no timer of SIP runs (RFC 3261 section 17.1.1.2).
                calling.until.get_or_insert(now.mono + RINGING);
            }
            if (180..200).contains(&status) && calling.call.state == CallState::Inviting {
                self.set_call(id, CallState::Ringing);
            }
        }
    }

    pub(super) fn peer_name(&self, id: CallId) -> String {
        self.calls.call(id).map(|call| call.peer.clone()).unwrap_or_default()
    }
}

/// Under which entries a call is offered.
pub(super) struct Ruling {
    /// For packets that we send, and for those of the peer.
    pub(super) entries: [Entry; 2],
    /// Names them, or what was agreed and they follow from.
    pub(super) hash: Digest,
    pub(super) ours: IpAddr,
    /// Where the peer is, as far as that is known.
    pub(super) theirs: IpAddr,
}

/// What both entries allow, in the order of the outgoing one.
fn suites_of(out: &Entry, inbound: &Entry) -> Vec<Suite> {
    let first = if out.suites.is_empty() { &inbound.suites } else { &out.suites };
    let offered = if first.is_empty() { &Suite::ALL[..] } else { first };
    Suite::common(offered, &[&out.suites, &inbound.suites])
}
