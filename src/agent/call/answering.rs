//! The callee's answer: our socket is bound, and 200 goes out with our half of the agreement.

use std::net::SocketAddr;

use rand_core::RngCore;

use super::callee::protected;
use super::failures::gone;
use super::media::{media_address, random_spis, Ready};
use super::no::No;
use super::srtp_keys::SrtpKeys;
use super::tunnel::ELSEWHERE;
use super::{CallState, KeyState, Side};
use crate::agent::ruling::Protected;
use crate::agent::{Agent, Effect};
use crate::keys::agreement::{Choice, Offered, Spis};
use crate::policy::{Direction, Suite};
use crate::sip::{Body, Refusal, SessionId};
use crate::vocab::{escape, CallId, Device, Entity, Failure, FailureKind, Now};

impl Agent {
    pub(in crate::agent) fn answer_call(&mut self, now: Now, id: CallId) -> Result<(), Failure> {
        let waiting = self.calls.all.get(&id).filter(|c| c.waits_for_us());
        if waiting.is_none() {
            return Err(self.rings_not(id));
        }
        self.hold_others(now, id);
        self.open_callee_media(id);
        Ok(())
    }

    pub(in crate::agent) fn reject_call(&mut self, now: Now, id: CallId) -> Result<(), Failure> {
        let waiting = self.calls.all.get(&id).filter(|c| c.waits_for_us());
        if waiting.is_none() {
            return Err(self.rings_not(id));
        }
        let is_busy = self.call_besides(id, None).is_some();
        if is_busy {
            self.dismiss(now, id, Refusal::new(486, "Busy Here"));
        }
        self.decline(now, id, "you rejected it");
        Ok(())
    }

    /// A call that talks is no less there.
    fn rings_not(&self, id: CallId) -> Failure {
        let Some(calling) = self.calls.all.get(&id).filter(|calling| calling.is_open()) else {
            return super::end::no_call(Some(id));
        };
        let (state, next) = match (calling.call.side, &calling.call.state) {
            (_, CallState::Active) => (
                "it runs already",
                format!("`sottovoce hangup {id}` ends it, `sottovoce resume {id}` goes on with one on hold"),
            ),
            (Side::Caller, _) => {
                ("it is a call of yours", format!("its peer answers it; `sottovoce hangup {id}` ends it"))
            }
            (Side::Callee, _) => {
                ("you took it just now, or it is not for you to answer", "see `sottovoce calls`".to_owned())
            }
        };
        Failure::new(
            FailureKind::Usage,
            "not-ringing",
            format!("call {id} does not ring: {state}"),
            id.to_string(),
            next,
        )
    }

    pub(super) fn open_callee_media(&mut self, id: CallId) {
        let local = self.config.media_address;
        let Some(calling) = self.calls.all.get_mut(&id).filter(|calling| !calling.media_open) else { return };
        calling.media_open = true;
        // It rings no more.
        self.calls_changed = true;
        let by_tcp = calling.is_by_tcp();
        let gathering = self.gathering_for_answer(id);
        self.effect(Effect::OpenMedia { call: id, local, gathering, by_tcp });
    }

    /// The socket is bound: 200 with our half of the agreement, unless the entries for these very ports say otherwise.
    ///
    /// What was agreed and comes into force just now has to be durable first: the answer would promise what is kept back till then.
    pub(super) fn answer_invite(&mut self, now: Now, id: CallId) {
        let peer = self.calls.all.get(&id).and_then(|calling| calling.peer.as_ref());
        if peer.is_some_and(|peer| self.is_coming_into_force(peer)) {
            return;
        }
        match self.tunnel_wanted(now, id) {
            Ok(None) => {}
            Ok(Some(gateway)) => return self.begin_tunnel(now, id, &gateway),
            Err(failure) => return self.refuse_untunnelled(now, id, failure),
        }
        let offerless = self.calls.all.get(&id).is_some_and(|calling| calling.said.theirs().is_none());
        let answered = match offerless {
            true => self.offer_in_answer(now, id),
            false => self.refuse_for_ports(now, id).and_then(|()| self.try_answer(now, id)),
        };
        if let Err(failure) = answered {
            self.end_call(now, id, CallState::Failed(failure));
        }
    }

    /// What was agreed with this peer is in force, or will not be: its calls are answered, or refused, now.
    pub(in crate::agent) fn answer_those_of(&mut self, now: Now, peer: &(Entity, Device)) {
        let waits = |calling: &&super::Calling| {
            calling.peer.as_ref() == Some(peer) && calling.local.is_some() && matches!(calling.key, KeyState::Asked(..))
        };
        let waiting: Vec<CallId> = self.calls.all.values().filter(waits).map(|calling| calling.call.id).collect();
        for id in waiting {
            if self.calls.all.get(&id).is_some_and(super::Calling::is_open) {
                self.answer_invite(now, id);
            }
        }
    }

    /// What could not be judged when INVITE came: our own port. The caller is told as it was told then.
    fn refuse_for_ports(&mut self, now: Now, id: CallId) -> Result<(), Failure> {
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        let offered = calling.said.theirs().ok_or_else(|| gone(id))?;
        let (protected, suite, remote) = match &calling.key {
            KeyState::Asked(responder, suite) => {
                let offer = responder.offer();
                let suite = suite.filter(|_| offer.bundles.esp());
                (protected(offer.bundles), suite, media_address(offer.media, offered.media()))
            }
            _ if calling.srtp.is_some() => (Protected::SRTP, None, offered.media()),
            _ => (Protected::default(), None, offered.media()),
        };
        let Err(failure) = self.refuse_unruly(now, id, (protected, suite), remote) else { return Ok(()) };
        let missing = self.demands_of_call(now, id, remote)?.missing(protected, self.config.default_level);
        let no = match failure.code {
            ELSEWHERE => No::plain(488, "a tunnel of the policy here ends elsewhere"),
            _ => No::missing(&missing, Some(())),
        };
        if let Some(session) = self.calls.all.get_mut(&id).and_then(|calling| calling.session.take()) {
            self.calls.sessions.remove(&session);
            self.endpoint.refuse(now, session, no.refusal);
        }
        Err(failure)
    }

    /// The caller is told that it is not its fault.
    fn refuse_untunnelled(&mut self, now: Now, id: CallId, failure: Failure) {
        if let Some(session) = self.calls.all.get_mut(&id).and_then(|calling| calling.session.take()) {
            self.calls.sessions.remove(&session);
            self.endpoint.refuse(now, session, No::plain(488, "a tunnel of the policy here ends elsewhere").refusal);
        }
        self.end_call(now, id, CallState::Failed(failure));
    }

    fn try_answer(&mut self, now: Now, id: CallId) -> Result<(), Failure> {
        let spis = random_spis(&mut self.rng);
        let mut seed = [0; 32];
        self.rng.fill_bytes(&mut seed);
        let pads = self.pads(now, id)?;
        let calling = self.calls.all.get_mut(&id).ok_or_else(|| gone(id))?;
        let session = calling.session.ok_or_else(|| gone(id))?;
        let local = calling.described_at().ok_or_else(|| gone(id))?;
        let offered = calling.said.theirs().cloned().ok_or_else(|| gone(id))?;
        let known = calling.call.known;
        let srtp = calling.srtp.clone();
        let ice = calling.ice.ours.clone();
        let (message, confirmed) = match std::mem::replace(&mut calling.key, KeyState::Done) {
            KeyState::Asked(responder, suite) => {
                let choice = choose(responder.offer(), suite, spis, local, pads);
                let (message, confirmed) =
                    responder.answer(choice, seed).map_err(|why| unanswerable(id, &why.to_string()))?;
                (Some(message), Some(Box::new(confirmed)))
            }
            KeyState::Plain => (None, None),
            other => {
                calling.key = other;
                return Ok(());
            }
        };
        let answer = self
            .sdp_answer(&offered, local, message, (srtp.as_ref().map(SrtpKeys::said).unwrap_or_default(), ice))
            .map_err(|why| unanswerable(id, &why))?;
        let answer = self.answered_by(id, answer);
        self.say_answer(now, id, session, answer);
        let ready = Ready { confirmed, srtp, remote: offered.media() };
        // Who has to be heard first is listened to from now on: nothing goes anywhere before.
        match known {
            true => self.begin_stream(now, id, ready),
            false => {
                self.hold_stream(id, ready);
                Ok(())
            }
        }
    }

    /// Whether our own entries want packets padded, those that we send and those that come.
    fn pads(&self, now: Now, id: CallId) -> Result<[bool; 2], Failure> {
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        let offered = calling.said.theirs().ok_or_else(|| gone(id))?;
        let demands = self.demands_of_call(now, id, offered.media())?;
        let variable_rate = offered.codec().is_variable_rate();
        Ok([Direction::Out, Direction::In].map(|direction| demands.pads(direction, variable_rate)))
    }

    /// Whoever wrote a false source address does not see our answer and cannot acknowledge it: a stranger's stream waits
    /// for that, or it would be aimed at whom that address belongs to.
    fn hold_stream(&mut self, id: CallId, ready: Ready) {
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.ready = Some(ready);
        }
    }

    /// ACK came.
    pub(super) fn handle_confirmed(&mut self, now: Now, session: SessionId, body: Option<Body>) {
        let open = self.calls.by_session(session).filter(|calling| calling.is_open());
        let Some(calling) = open else { return };
        let id = calling.call.id;
        if std::mem::take(&mut calling.offers) {
            return self.take_late_answer(now, session, body);
        }
        let Some(ready) = calling.ready.take() else { return };
        if let Err(failure) = self.begin_stream(now, id, ready) {
            self.end_call(now, id, CallState::Failed(failure));
        }
    }

    pub(super) fn say_answer(
        &mut self,
        now: Now,
        id: CallId,
        session: SessionId,
        answer: crate::sdp::SessionDescription,
    ) {
        let bytes = answer.to_string().into_bytes();
        self.endpoint.answer(now, session, Body::new("application/sdp", bytes));
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.said.ours = Some(answer);
        }
    }
}

/// Per direction what the caller demands; it has all that we insist on, or it would not have come this far. What our own
/// entries add is padding of the packets that we send, and of those that we get.
pub(super) fn choose(offer: &Offered, suite: Option<Suite>, spis: Spis, local: SocketAddr, pads: [bool; 2]) -> Choice {
    let mut bundles = offer.bundles;
    for (bundle, pads) in [&mut bundles.to_initiator, &mut bundles.to_responder].into_iter().zip(pads) {
        bundle.framing.tfc |= pads && bundle.esp && !bundle.framing.ipcomp;
    }
    let suite = suite.filter(|_| offer.bundles.esp());
    Choice { bundles, suite, spis, media: local }
}

fn unanswerable(id: CallId, why: &str) -> Failure {
    let message = format!("call {id} cannot be answered: {}", escape(why));
    Failure::new(FailureKind::Failed, "unanswerable", message, id.to_string(), "ask the caller to call again")
}
