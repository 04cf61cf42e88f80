//! The callee's side: our own policy decides, before it rings.

use std::net::SocketAddr;

use super::by_tcp::{goes_by_tcp, NOT_BY_TCP};
use super::invitation::{Invitation, Taken, Way};
use super::media::media_address;
use super::no::{refuse_aimed, No};
use super::peer_sdp::PeerSdp;
use super::{CallState, KeyState, MEDIA_ID};
use crate::agent::answer_watcher::{document_body, watcher_name, Watcher};
use crate::agent::book::Standing;
use crate::agent::elsewhere::weak_there;
use crate::agent::own::random_nonce;
use crate::agent::ruling::{some_port, Demands, Protected};
use crate::agent::{Agent, AnswerMode, Event, Seen, Side, StoreOp};
use crate::keys::agreement::{AgreementError, Bundles, Offered, PeerKeys, ResponderInput};
use crate::keys::Responder;
use crate::policy::{Audience, Rule, Suite, Upper, Wanted};
use crate::sip::headers::NameAddr;
use crate::sip::{Body, Received, Refusal, SessionId};
use crate::vocab::{escape, CallId, Device, Entity, Failure, FailureKind, Now};

impl Agent {
    pub(super) fn handle_invited(
        &mut self,
        now: Now,
        session: SessionId,
        invitation: &Invitation<'_>,
        body: Option<Body>,
    ) {
        self.count("calls_received");
        if self.stopping.is_some() || self.calls.open_count() >= self.most_calls() {
            return self.endpoint.refuse(now, session, Refusal::new(486, "Busy Here"));
        }
        let judged = self.judge_offer(now, invitation, body).and_then(|taken| {
            self.refuse_unserved(&taken)?;
            let replaced = self.judge_replacement(invitation.replaces, taken.known.is_some());
            replaced.map(|replaced| (taken, replaced)).map_err(|refusal| No { refusal, notice: None })
        });
        match judged {
            Ok((taken, replaced)) => self.admit(now, session, invitation, taken, replaced),
            Err(no) => {
                self.count("calls_refused");
                if let Some(notice) = no.notice {
                    self.audit_notice(now, &notice);
                    // That name anybody can bear, as often as he likes: it is on record, and nobody is called for it.
                    if !crate::agent::built_in::is_impostor(&notice) {
                        self.event(Event::Notice(*notice));
                    }
                }
                self.endpoint.refuse(now, session, no.refusal);
            }
        }
    }

    /// Whom we are not there for. A call without an agreement on keys proves nobody.
    fn refuse_unserved(&self, taken: &Taken) -> Result<(), No> {
        let caller = match &taken.key {
            KeyState::Asked(responder, _) => Some(watcher_name(&responder.offer().signing_key)),
            _ => None,
        };
        match self.serves(caller.as_deref()) {
            true => Ok(()),
            false => Err(No::plain(403, "this peer answers the agent that it belongs to, and nobody else")),
        }
    }

    /// How any call would be answered that came now, when none is taken.
    pub(in crate::agent) fn unwilling(&self) -> Option<(u16, &'static str)> {
        if self.stopping.is_some() || self.calls.open_count() >= self.most_calls() {
            return Some((486, "Busy Here"));
        }
        (self.config.answer == AnswerMode::Reject).then_some((603, "Decline"))
    }

    fn judge_offer(&mut self, now: Now, invitation: &Invitation<'_>, body: Option<Body>) -> Result<Taken, No> {
        let Some(body) = body else { return self.judge_offerless(now, invitation) };
        let offered = PeerSdp::offer(&body, &self.config.codecs);
        let offered = offered.map_err(|why| self.refuse_description(now, invitation.caller, &why))?;
        let message = offered.message_of(&self.config.device).map(<[u8]>::to_vec);
        match message {
            Some(message) => self.judge_agreement(now, invitation, offered, &message),
            None if offered.has_agreement() => Err(No::plain(488, "none of the key agreements is for this device")),
            None => self.judge_plain(now, invitation, offered),
        }
    }

    /// Who holds keys that our user approved has to use them.
    pub(super) fn refuse_stripped(&self, caller: &NameAddr) -> Result<(), No> {
        let claimed = claimed_entity(caller);
        match claimed.filter(|entity| self.book.pins().any(|pin| pin.entity.may_be(entity))) {
            None => Ok(()),
            Some(entity) => {
                let notice = Some(Box::new(stripped(&entity)));
                Err(No { notice, ..No::plain(488, "a key agreement of this caller is required") })
            }
        }
    }

    fn judge_agreement(
        &mut self,
        now: Now,
        invitation: &Invitation<'_>,
        sdp: PeerSdp,
        message: &[u8],
    ) -> Result<Taken, No> {
        let Invitation { caller, accept, from, .. } = *invitation;
        let (name, responder) = self
            .read_agreement(now, &from, message)
            .map_err(|why| No::plain(488, &format!("the key agreement cannot be used: {why}")))?;
        let offer = responder.offer().clone();
        let differs = claimed_entity(caller).as_ref() != Some(&offer.entity);
        if differs {
            return Err(No::plain(403, "From names another than the key agreement does"));
        }
        let known = self.know_caller(&offer)?;
        let media = media_address(offer.media, sdp.media());
        let way = self.judge_way(invitation, known.is_some(), &[sdp.media(), media], offer.bundles)?;
        way.refuse_dialling(&sdp)?;
        if known.is_none() {
            self.refuse_crowd()?;
        }
        self.note_offer(now, &offer, known.is_some(), message)?;
        if offer.ah_nat {
            return Err(No::plain(488, "AH without header integrity is not spoken here"));
        }
        let is_wrapped = offer.tunnel.is_some() || offer.forward.is_some();
        if sdp.connection().is_some() && (is_wrapped || !goes_by_tcp(&offer.bundles)) {
            return Err(No::plain(488, NOT_BY_TCP));
        }
        let ours = self.config.media_address;
        if let Some(ends) = offer.tunnel.filter(|ends| ends.responder.to_canonical() != ours.to_canonical()) {
            return Err(No::plain(
                488,
                &format!("the tunnel would end at {}, this device is at {ours}", ends.responder),
            ));
        }
        let forward = self.judge_forward(now, known.as_ref(), &offer)?;
        if let Some(peer) = &known {
            self.use_agreed(now, peer, &offer.entry);
        }
        let demands = self.demands_before_answer(now, known.as_ref(), (media, sdp.upper()), way);
        let watcher = Watcher {
            name: watcher_name(&offer.signing_key),
            asked: name.clone(),
            audience: Audience::Device(offer.device.clone()),
            known: known.clone(),
            claim: None,
            fresh: known.is_some(),
            answered: None,
            place: way.place(invitation.from.remote.ip(), media.ip()),
            nonce: random_nonce(&mut self.rng),
            wanted: Wanted::BOTH,
        };
        if let Err(missing) = self.judge_protection(protected(offer.bundles), &demands) {
            return Err(self.refuse_for_policy(now, &watcher, accept, &missing));
        }
        let suites = demands.suites(&offer.suites);
        if offer.bundles.esp() && suites.is_empty() {
            return Err(self.refuse_for_suites(now, &watcher, accept, &demands));
        }
        let stale = offer.statement.is_some_and(|hash| !self.stands_behind(now, &watcher, &hash));
        if stale {
            return Err(self.refuse_for_policy(now, &watcher, accept, &[]));
        }
        Ok(Taken {
            name,
            key: KeyState::Asked(Box::new(responder), suites.first().copied()),
            offered: Some(sdp),
            entity: Some(offer.entity),
            device: Some(offer.device),
            known,
            srtp: None,
            telephone: None,
            way,
            action: action_shown(&demands),
            forward,
        })
    }

    /// Each offer counts once, whenever it comes; of a device that our user approved over a restart too.
    pub(super) fn note_offer(&mut self, now: Now, offer: &Offered, known: bool, message: &[u8]) -> Result<(), No> {
        let device = known.then_some(offer.signing_key);
        let fresh = self.offers.check(device, message, offer.time, now.wall);
        let ephemeral = fresh.map_err(|_| No::plain(488, "this offer came before, or is too old"))?;
        if let Some(device) = device {
            let seen = Seen::Offer { device, ephemeral, time: offer.time };
            self.keep(StoreOp::RecordSeen { seen, at: now.wall });
        }
        Ok(())
    }

    /// A caller's message is for one name of ours, and does not say for which before it is opened. One for a name that its sender may not
    /// hear of is for nobody, whatever it has in it, unless he holds pinned keys.
    fn read_agreement(&self, now: Now, from: &Received, message: &[u8]) -> Result<(Entity, Responder), AgreementError> {
        let input = ResponderInput {
            identity: &self.config.identity,
            entity: &self.config.entity,
            device: &self.config.device,
            media_id: MEDIA_ID,
            previous: None,
        };
        let names = self.names();
        let read = Responder::read_by(&names, input, message, now.wall);
        let (name, read) = read.ok_or(AgreementError::Unauthentic)?;
        let is_told = self.names_told_to(from).contains(name);
        match read {
            Ok(responder) if is_told || self.is_pinned_caller(responder.offer()) => Ok((name.clone(), responder)),
            Err(why) if is_told => Err(why),
            _ => Err(AgreementError::Unauthentic),
        }
    }

    /// Where a proxy of ours has let a stranger through, our sound goes to where his own packets prove that he is; else to where
    /// [`refuse_aimed`] lets it.
    fn judge_way(
        &self,
        invitation: &Invitation<'_>,
        known: bool,
        media: &[SocketAddr],
        bundles: Bundles,
    ) -> Result<Way, No> {
        let from = invitation.from.remote.ip();
        let stated = invitation.relayed && self.is_own_proxy(&invitation.from);
        let at_once = Way { stated, heard_first: false };
        match (known, stated) {
            (true, _) => Ok(at_once),
            (false, false) => refuse_aimed(media, from).map(|()| at_once),
            (false, true) if bundles.to_responder.is_empty() => {
                Err(No::plain(488, "strangers who call by a proxy are heard protected, or not at all"))
            }
            (false, true) => Ok(Way { stated, heard_first: true }),
        }
    }

    /// Strangers together take half of all places, so that the user can call, and be called by whom he approved.
    pub(super) fn refuse_crowd(&self) -> Result<(), No> {
        match self.calls.strangers_fill(self.most_strangers()) {
            false => Ok(()),
            true => Err(No::plain(486, "too many calls of strangers are open")),
        }
    }

    fn is_pinned_caller(&self, offer: &Offered) -> bool {
        let keys = (offer.signing_key, offer.agreement_key);
        matches!(self.book.standing(&offer.entity, &offer.device, keys, None), Standing::Pinned { .. })
    }

    /// The caller's device, when its keys are those that our user pinned; a stranger is `None`.
    fn know_caller(&self, offer: &Offered) -> Result<Option<(Entity, Device)>, No> {
        let keys = (offer.signing_key, offer.agreement_key);
        match self.book.standing(&offer.entity, &offer.device, keys, None) {
            Standing::Pinned { .. } => Ok(Some((offer.entity.clone(), offer.device.clone()))),
            Standing::Unknown => Ok(None),
            Standing::Impostor => {
                let print = crate::keys::fingerprint(&keys.0, &keys.1);
                let notice = Box::new(crate::agent::built_in::impostor(&offer.entity, print));
                Err(No { notice: Some(notice), ..No::plain(403, "that name is not yours") })
            }
            Standing::Changed(pinned) => {
                let print = crate::keys::fingerprint(&keys.0, &keys.1);
                let notice = Box::new(crate::agent::document::key_changed(&offer.entity, pinned, print));
                Err(No { notice: Some(notice), ..No::plain(403, "your key is not the one that was approved here") })
            }
        }
    }

    /// Our own port is not bound yet.
    pub(super) fn demands_before_answer(
        &self,
        now: Now,
        known: Option<&(Entity, Device)>,
        (media, upper): (SocketAddr, Upper),
        way: Way,
    ) -> Demands {
        let place = way.place(media.ip(), media.ip());
        let ours = self.config.media_address;
        let demands = self.demands_on_caller(now, known, (some_port(ours), media), upper, place);
        // What a tunnel will give that is agreed when the call is answered, the caller need not.
        demands.beyond_gateways(ours, |end| self.is_gateway(end, known, media.ip()))
    }

    /// The rules of ours that the offer lacks; `discard` lacks nothing and takes nothing.
    pub(super) fn judge_protection(&self, offered: Protected, demands: &Demands) -> Result<(), Vec<Rule>> {
        let missing = demands.missing(offered, self.config.default_level);
        match missing.is_empty() && !demands.discard() {
            true => Ok(()),
            false => Err(missing),
        }
    }

    /// 488 that says what would succeed (PROTOCOL section 7, "Refusal"): after payload 1 authenticated, and as the
    /// watcher rules allow, with our statement.
    fn refuse_for_policy(&mut self, now: Now, watcher: &Watcher, accept: &[String], missing: &[Rule]) -> No {
        let mut no = No::missing(missing, Some(()));
        let reads = accept.iter().any(|kind| kind.starts_with(crate::agent::ask::PIDF));
        let told = self.permission_of(watcher).tells_policy();
        if reads && told {
            let signed = self.statement_for(now, watcher);
            no.refusal.body = Some(document_body(&signed));
        }
        no
    }

    /// Protocols are not enough: our entries name the suites that may serve them.
    fn refuse_for_suites(&mut self, now: Now, watcher: &Watcher, accept: &[String], demands: &Demands) -> No {
        let ours = demands.suites(&Suite::ALL);
        let names: Vec<&str> = ours.iter().map(|suite| suite.name()).collect();
        let body = self.refuse_for_policy(now, watcher, accept, &[]).refusal.body;
        let mut no = No::plain(488, &format!("no suite in common; here it is {}", names.join(" ")));
        no.refusal.body = body;
        no
    }

    fn admit(
        &mut self,
        now: Now,
        session: SessionId,
        invitation: &Invitation<'_>,
        taken: Taken,
        replaced: Option<CallId>,
    ) {
        let known = taken.known.is_some();
        let is_weak = taken.forward.is_none() && self.is_weak_call(now, &taken);
        let named = || escape(&invitation.caller.uri.to_string());
        let peer = taken.entity.as_ref().map_or_else(named, ToString::to_string);
        let id = self.new_call(now, Side::Callee, peer, CallState::Incoming);
        let peer_keys = match &taken.key {
            KeyState::Asked(responder, _) => Some(PeerKeys::from(responder.offer())),
            _ => None,
        };
        self.calls.sessions.insert(session, id);
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.session = Some(session);
            calling.invited = Some(now.mono);
            calling.invited_from = Some(invitation.from.remote.ip());
            calling.name = taken.name;
            calling.call.entity = taken.entity;
            calling.call.device = taken.device;
            calling.call.action = taken.action;
            calling.call.known = taken.known.is_some();
            calling.call.forwards = taken.forward;
            calling.peer_keys = peer_keys;
            if taken.known.is_some() {
                self.endpoint.believe_session(session);
            }
            calling.peer = taken.known.or(taken.telephone);
            calling.srtp = taken.srtp;
            calling.key = taken.key;
            calling.way = taken.way;
            if let Some(offered) = taken.offered {
                calling.set_transport(offered.upper());
                calling.said.describe(offered);
            }
        }
        let is_busy = taken.forward.is_none() && self.finds_us_busy(id, replaced);
        let mode = match taken.forward {
            Some(_) => AnswerMode::Auto,
            None => self.mode_of_answer(now, id, replaced, known),
        };
        let mode = self.mode_of_weak(id, is_weak, mode);
        let caller =
            self.calls.all.get(&id).and_then(|calling| calling.peer.as_ref().map(|(entity, _)| entity.clone()));
        self.event(Event::CallChanged(id));
        match mode {
            AnswerMode::Auto | AnswerMode::Prompt if is_busy => self.be_busy(now, id),
            // Nothing rings: the answer follows at once (RFC 3261 section 13.3.1.1).
            AnswerMode::Auto => self.open_callee_media(id),
            AnswerMode::Prompt => match self.quiet_until(now, caller.as_ref()) {
                Some(end) => self.let_sleep(now, id, end),
                None => self.endpoint.ring(now, session),
            },
            AnswerMode::Reject => self.decline(now, id, "calls are rejected here"),
        }
    }
}

impl Agent {
    /// Our entries for it are those of another place, and what it offers does not make up for that.
    fn is_weak_call(&self, now: Now, taken: &Taken) -> bool {
        let has = match &taken.key {
            KeyState::Asked(responder, _) => protected(responder.offer().bundles),
            _ => Protected::default(),
        };
        taken.known.as_ref().is_some_and(|peer| self.is_weak_there(now, peer, has))
    }

    /// Such a call waits for our user, whatever else would be done with it.
    fn mode_of_weak(&mut self, id: CallId, is_weak: bool, mode: AnswerMode) -> AnswerMode {
        let entity = self.calls.call(id).and_then(|call| call.entity.clone());
        match (entity, mode) {
            (Some(entity), AnswerMode::Auto | AnswerMode::Prompt) if is_weak => {
                self.event(Event::Notice(weak_there(id, &entity)));
                AnswerMode::Prompt
            }
            (_, mode) => mode,
        }
    }
}

/// The entity that From names; it proves nothing.
pub(super) fn claimed_entity(caller: &NameAddr) -> Option<Entity> {
    let text = caller.uri.to_string();
    Entity::parse(text.split([';', '?']).next()?).ok()
}

pub(super) fn action_shown(demands: &Demands) -> String {
    demands.outgoing().map(|entry| entry.action.to_string()).unwrap_or_default()
}

/// Of a caller's offer: we are the responder.
pub(super) fn protected(bundles: Bundles) -> Protected {
    Protected::of(bundles, false)
}

fn stripped(entity: &Entity) -> Failure {
    Failure::new(
        FailureKind::Trust,
        "downgrade",
        format!("somebody calls as {entity} without the keys that you approved; it was refused"),
        entity.as_str(),
        "it is another caller, or somebody on the way took the keys out; call back to find out",
    )
}
