//! A call agrees anew while it runs, at our wish (PROTOCOL section 7, "Mid-call"): our entries ask for more than it has, we have
//! moved, or both users agreed to less.
//!
//! | step | what follows |
//! | --- | --- |
//! | `rekey_calls`: other entries are in force | `Endpoint::want_offer`; the end of a call that may not go on |
//! | `handle_offer_due`, in `reoffer` | `make_rekey_offer`: a re-INVITE with fresh keys |
//! | `handle_offer_answered` | `take_rekey_answer`: `Effect::RekeyStream` |
//! | `handle_offer_refused` | the end of the call: what it has is not enough any more |
//!
//! Where all that stands is in [`renewal`](super::renewal).
//!
//! An offer demands what runs and what our entries demand, together; only one that follows an agreement demands what the entries do
//! and no more ([`loosen`](super::loosen)).

use std::net::SocketAddr;
use std::time::Duration;

use rand_core::RngCore;

use super::callee::action_shown;
use super::failures::{downgrade, gone, no_agreement_text, unreadable_sdp};
use super::loosen::{crosses_nat, kept_sealed};
use super::media::{media_address, random_spis};
use super::peer_sdp::PeerSdp;
use super::renewal::{Answered, Why, Wish};
use super::tunnel::short;
use super::{suite_name, CallState, MEDIA_ID};
use crate::agent::ruling::Protected;
use crate::agent::{Agent, Effect, Event};
use crate::ipsec::Protection;
use crate::keys::agreement::{Bundles, OfferInput};
use crate::keys::{Confirmed, Initiator};
use crate::media::{Following, Rekeying};
use crate::policy::{Direction, Entry, Suite};
use crate::sdp::{self, SessionDescription, SvSa};
use crate::vocab::{CallId, Digest, Failure, FailureKind, Now};

/// Who speaks first under new keys: whoever offered.
pub(super) enum Speaker {
    /// And it has to, before it hears us, where it only says that it is there.
    Peer {
        heard_first: bool,
    },
    Us,
}

/// What a call runs under.
pub(super) struct Agreement {
    /// Of the handshake: the next agreement of the call follows this one. `None`: it has none.
    pub hash: Option<Digest>,
    pub protected: Protected,
    pub suite: Option<Suite>,
    /// Where the peer said that it receives.
    pub remote: SocketAddr,
}

impl Agent {
    /// Other entries are in force: every call must have what they demand, or end.
    pub(in crate::agent) fn rekey_calls(&mut self, now: Now) {
        let open: Vec<CallId> = self.calls.open.iter().copied().collect();
        for id in open {
            self.rule_anew(now, id);
        }
    }

    /// Other entries may rule this call.
    pub(super) fn rule_anew(&mut self, now: Now, id: CallId) {
        match self.rekey_call(now, id) {
            Ok(()) => self.note_end_of_entries(now, id),
            Err(failure) => self.end_call(now, id, CallState::Failed(failure)),
        }
    }

    /// What rules a call may end while it runs: no change of the policy tells of that.
    pub(super) fn note_end_of_entries(&mut self, now: Now, id: CallId) {
        let remote = self.remote_of(id);
        let ends = remote.and_then(|remote| self.demands_of_call(now, id, remote).ok()?.end());
        let at = ends.map(|end| now.mono + Duration::from_millis(end.0.saturating_sub(now.wall.0)));
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.renewal.ruled_until = at.filter(|_| calling.is_open());
        }
    }

    fn rekey_call(&mut self, now: Now, id: CallId) -> Result<(), Failure> {
        if let Some(local) = self.falls_short(now, id)? {
            self.want_rekey(now, id, (Why::Policy, local));
        }
        Ok(())
    }

    /// Where we receive, of a call that stands and lacks what our entries demand and new keys would give.
    ///
    /// # Errors
    /// It may not go on.
    pub(super) fn falls_short(&self, now: Now, id: CallId) -> Result<Option<SocketAddr>, Failure> {
        let Some(calling) = self.calls.all.get(&id).filter(|calling| calling.call.state == CallState::Active) else {
            return Ok(None);
        };
        let Some(agreement) = &calling.agreement else { return Ok(None) };
        let demands = self.demands_of_call(now, id, agreement.remote)?;
        let Some(entry) = demands.unmet(agreement.protected, agreement.suite, self.config.default_level) else {
            return Ok(None);
        };
        if demands.discard() {
            return Err(discarded(&calling.call.peer, entry));
        }
        if calling.is_tunnel() {
            return Err(short(&calling.call.peer, entry));
        }
        if agreement.hash.is_none() || calling.peer_keys.is_none() {
            return Err(unable(&calling.call.peer, entry));
        }
        Ok(calling.local)
    }

    /// The peer's offer gave what ours was wanted for.
    pub(super) fn drop_needless_wish(&mut self, now: Now, id: CallId) {
        if !matches!(self.falls_short(now, id), Ok(None)) {
            return;
        }
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.drop_wish();
        }
    }

    /// While an offer is on its way it is offered after that.
    pub(super) fn want_rekey(&mut self, now: Now, id: CallId, wish: Wish) {
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        let is_due = calling.wish(wish);
        if let Some(session) = calling.session.filter(|_| is_due) {
            self.endpoint.want_offer(now, session);
        }
    }

    /// The session is free for an offer of ours, and this is it.
    pub(super) fn make_rekey_offer(&mut self, now: Now, id: CallId) -> Result<SessionDescription, Failure> {
        let calling = self.calls.all.get_mut(&id).ok_or_else(|| gone(id))?;
        let local = calling.renewal.begin_offer().ok_or_else(|| gone(id))?;
        let said = calling.said.ours.clone().ok_or_else(|| gone(id))?;
        let media = calling.reached_by_way_of(local);
        let (initiator, agreement) = match calling.agreement.as_ref().and_then(|agreed| agreed.hash) {
            Some(previous) => {
                let (initiator, sv_sa) = self.offer_agreement(now, id, local, previous)?;
                (Some(Box::new(initiator)), vec![sv_sa])
            }
            None => (None, Vec::new()),
        };
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.renewal.is_offered(initiator);
        }
        let keying = self.keying_elsewhere(id);
        let ice = self.calls.all.get(&id).and_then(|calling| calling.ice_at(local));
        let renewed = sdp::renewed(&said, media, agreement, ice).ok_or_else(|| gone(id))?;
        match keying {
            Some(keying) => keying.put_into(&renewed).ok_or_else(|| gone(id)),
            None => Ok(renewed),
        }
    }

    fn offer_agreement(
        &mut self,
        now: Now,
        id: CallId,
        local: SocketAddr,
        previous: Digest,
    ) -> Result<(Initiator, SvSa), Failure> {
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        let agreed = calling.agreement.as_ref().ok_or_else(|| gone(id))?;
        let (peer, name) = (calling.peer_keys.clone().ok_or_else(|| gone(id))?, calling.name.clone());
        let demands = self.demands_between(now, id, local, agreed.remote)?;
        let variable_rate = calling.said.theirs().is_some_and(|offered| offered.codec().is_variable_rate());
        let is_by_tcp = calling.is_by_tcp();
        let looser = calling.renewal.why() == Some(Why::Agreed);
        let of = |direction| {
            let (runs, demanded) = (agreed.protected.towards(direction), demands.bundle(direction, variable_rate));
            match looser {
                true if is_by_tcp || crosses_nat(local.ip(), agreed.remote.ip()) => kept_sealed(runs, demanded),
                true => demanded,
                // Nothing that runs is given up, nor how it is laid around a packet: either side may have asked for that.
                false => runs.with(demanded),
            }
        };
        let bundles = Bundles { to_responder: of(Direction::Out), to_initiator: of(Direction::In) };
        self.fits_transport(id, &bundles, false)?;
        let statement = self.book.pin(&peer.entity, &peer.device).and_then(|pin| pin.statement);
        let ruling = demands.outgoing().cloned().ok_or_else(|| gone(id))?;
        let entry = self.offered_hash(now, (&peer.entity, &peer.device), &[ruling]);
        let suites = demands.suites(&Suite::ALL);
        let tunnel = self.tunnel_of(&demands, bundles, (local.ip(), agreed.remote.ip()))?;
        let mut seed = [0; 32];
        self.rng.fill_bytes(&mut seed);
        let input = OfferInput {
            identity: &self.config.identity,
            entity: &name,
            device: &self.config.device,
            peer: &peer,
            media_id: MEDIA_ID,
            previous: Some(previous),
            time: now.wall,
            media: calling.reached_by_way_of(local),
            bundles,
            suites,
            spis: random_spis(&mut self.rng),
            entry,
            statement,
            ah_nat: false,
            tunnel,
            forward: None,
        };
        let (initiator, message) =
            Initiator::offer(input, seed).map_err(|why| no_agreement_text(peer.entity.as_str(), &why.to_string()))?;
        Ok((initiator, SvSa { device: peer.device, message }))
    }

    /// The peer took it: from here on the call runs under what was agreed.
    pub(super) fn take_rekey_answer(
        &mut self,
        now: Now,
        id: CallId,
        offer: &SessionDescription,
        answer: &PeerSdp,
    ) -> Result<(), Failure> {
        let calling = self.calls.all.get_mut(&id).ok_or_else(|| gone(id))?;
        let peer = calling.call.peer.clone();
        let Some(Answered { why, local, initiator, next }) = calling.take_answered() else { return Ok(()) };
        let before = calling.local.replace(local);
        let confirmed = match (initiator, &calling.peer_keys) {
            (Some(mut initiator), Some(keys)) => {
                let message = answer.message_of(&keys.device).ok_or_else(|| downgrade(&peer))?;
                Some(initiator.read(message).map_err(|why| no_agreement_text(&peer, &why.to_string()))?)
            }
            _ if answer.has_agreement() => {
                return Err(unreadable_sdp(&peer, "it agrees on keys that were not offered"));
            }
            _ => None,
        };
        match self.calls.all.get(&id).is_some_and(|calling| calling.srtp.is_some()) {
            true => self.take_answered_anew(now, id, offer, (answer, true)).map(drop)?,
            false => self.rekey_stream(now, id, confirmed, answer.media(), Speaker::Us)?,
        }
        if let (true, Some(calling)) = (before != Some(local), self.calls.all.get_mut(&id)) {
            calling.take_ice_beside();
        }
        if let Some(before) = before.filter(|_| why == Why::Moved) {
            self.note_moved(now, id, false, (before.ip(), local.ip()));
        }
        let next = match next {
            Some((Why::Policy, _)) => self.falls_short(now, id)?.map(|local| (Why::Policy, local)),
            other => other,
        };
        if let (Some(wish), Some(calling)) = (next, self.calls.all.get_mut(&id)) {
            calling.wish(wish);
        }
        self.loosen_call(now, id);
        Ok(())
    }

    /// Both sides hold the new keys: the stream goes on under them.
    pub(super) fn rekey_stream(
        &mut self,
        now: Now,
        id: CallId,
        confirmed: Option<Confirmed>,
        described: SocketAddr,
        first: Speaker,
    ) -> Result<(), Failure> {
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        let local = calling.local.ok_or_else(|| gone(id))?;
        let described_at = calling.described_at().unwrap_or(local);
        let remote = confirmed.as_ref().map_or(described, |sa| media_address(sa.peer_media(), described));
        let bundles = confirmed.as_ref().map(Confirmed::bundles).unwrap_or_default();
        let protected = Protected::of(bundles, matches!(first, Speaker::Us));
        let suite = confirmed.as_ref().and_then(Confirmed::suite);
        self.refuse_unruly(now, id, (protected, suite), remote)?;
        let hash = confirmed.as_ref().map(Confirmed::handshake_hash);
        if let Some(confirmed) = &confirmed {
            self.log_keys(confirmed, described_at, remote);
        }
        let following = Following::Ipsec(confirmed.map_or_else(Protection::none, Confirmed::into_protection));
        // It may be another entry than at the beginning: tightened, or that of another place.
        let ruled = action_shown(&self.demands_of_call(now, id, remote)?);
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.call.suite = suite_name(suite);
            calling.call.action = ruled;
        }
        self.goes_on(now, id, Agreement { hash, protected, suite, remote }, (following, first))
    }

    /// The stream of a call goes on under this; the entries let it.
    pub(super) fn goes_on(
        &mut self,
        now: Now,
        id: CallId,
        agreement: Agreement,
        (following, first): (Following, Speaker),
    ) -> Result<(), Failure> {
        let Agreement { protected, remote, .. } = agreement;
        let Protected { outbound, inbound } = protected;
        let (spd, default_level) = (self.book.spd().clone(), self.config.default_level);
        let calling = self.calls.all.get_mut(&id).ok_or_else(|| gone(id))?;
        let (local, peer) = (calling.local.ok_or_else(|| gone(id))?, calling.peer.clone());
        let (speaks_first, heard_first) = match first {
            Speaker::Peer { heard_first } => (false, heard_first),
            Speaker::Us => (true, false),
        };
        calling.agreement = Some(agreement);
        calling.call.bundle = calling.all_of(protected).outbound.to_string();
        calling.call.bundle_in = calling.all_of(protected).inbound.to_string();
        calling.note_protection(now);
        let rekeying = Rekeying {
            local,
            remote,
            peer,
            spd,
            default_level,
            outbound,
            inbound,
            following,
            speaks_first,
            heard_first,
        };
        self.effect(Effect::RekeyStream { call: id, rekeying: Box::new(rekeying) });
        self.note_rekeyed(now, id);
        self.note_end_of_entries(now, id);
        Ok(())
    }

    /// It stands in the audit table, and whoever looks sees it.
    fn note_rekeyed(&mut self, now: Now, id: CallId) {
        self.count("calls_rekeyed");
        let Some(calling) = self.calls.all.get(&id) else { return };
        let Some(agreed) = &calling.agreement else { return };
        let detail = format!(
            "call {id} goes on under {} out and {} in, to {}",
            agreed.protected.outbound, agreed.protected.inbound, agreed.remote
        );
        self.audit_call(now, id, "rekeyed", &detail);
        self.event(Event::CallChanged(id));
    }

    /// What happened in a call; of strangers only so much is kept.
    pub(super) fn audit_call(&mut self, now: Now, id: CallId, kind: &'static str, detail: &str) {
        let Some(call) = self.calls.call(id) else { return };
        let (subject, known) =
            (call.entity.as_ref().map_or_else(|| call.peer.clone(), ToString::to_string), call.known);
        match known {
            true => self.audit(now, kind, &subject, detail),
            false => self.audit_stranger(now, kind, &subject, detail),
        }
    }

    /// The peer does not agree anew. What the call has is not enough any more, so it ends; where it is more than enough it goes on.
    pub(super) fn rekey_refused(&mut self, now: Now, id: CallId, said: &str) {
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        let (Some(why), peer) = (calling.take_refused(), calling.call.peer.clone()) else { return };
        let failure = match why {
            Why::Agreed => match self.falls_short(now, id) {
                Ok(None) => return self.stays_tighter(now, id, said),
                Ok(Some(_)) => refused(&peer, said),
                Err(failure) => failure,
            },
            Why::Moved => left_behind(&peer, said),
            Why::Policy => refused(&peer, said),
        };
        self.end_call(now, id, CallState::Failed(failure));
    }
}

fn discarded(peer: &str, entry: &Entry) -> Failure {
    let message = format!("your policy discards all that goes between you and {peer} now: `{}`", entry.rule_text());
    let next = "change that entry if you want to talk to them, then call again";
    Failure::new(FailureKind::RefusedByPolicy, "policy-discards", message, peer, next)
}

fn unable(peer: &str, entry: &Entry) -> Failure {
    let message = format!(
        "your policy demands more than an ordinary telephone can give, and {peer} is one: `{}`",
        entry.rule_text()
    );
    let next = "call a sottovoce agent, or change that entry, then call again";
    Failure::new(FailureKind::RefusedByPolicy, "peer-cannot", message, peer, next)
}

fn left_behind(peer: &str, said: &str) -> Failure {
    let message =
        format!("you are at another address, and {peer} does not go on with the call from there: it answered {said}");
    let next = "ask for its policy as it is for you there, then call again";
    Failure::new(FailureKind::RefusedByPolicy, "move-refused", message, peer, next)
}

fn refused(peer: &str, said: &str) -> Failure {
    let message = format!("{peer} does not protect the call as your policy demands now: it answered {said}");
    let next = "ask for its policy, then call again";
    Failure::new(FailureKind::RefusedByPolicy, "rekey-refused", message, peer, next)
}
