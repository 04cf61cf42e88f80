//! The peer of a running call offers new keys (PROTOCOL section 7, "Mid-call"): it has moved, its policy asks for more, or both users
//! agreed to less. Our own entries decide, as they do when a call comes.

use std::net::{IpAddr, SocketAddr};

use rand_core::RngCore;

use super::answering::choose;
use super::by_tcp::{goes_by_tcp, NOT_BY_TCP};
use super::callee::protected;
use super::loosen::{crosses_nat, kept_sealed};
use super::media::{media_address, random_spis};
use super::no::{refuse_aimed, No};
use super::peer_sdp::PeerSdp;
use super::rekey::Speaker;
use super::{Calling, MEDIA_ID};
use crate::agent::Agent;
use crate::keys::agreement::{Bundles, Choice, Offered, PeerKeys, ResponderInput};
use crate::keys::{Confirmed, Responder};
use crate::policy::{Bundle, Direction, Suite};
use crate::sdp::SvSa;
use crate::sip::SessionId;
use crate::vocab::{CallId, Now};

impl Agent {
    /// An offer with new keys, or with another place for a call that has none. Answered, or refused and the call goes on as it was.
    pub(super) fn handle_rekey(&mut self, now: Now, id: CallId, (session, from): (SessionId, IpAddr), again: PeerSdp) {
        let taken = match again.message_of(&self.config.device).map(<[u8]>::to_vec) {
            Some(message) => match self.read_rekey(now, id, &message) {
                Ok(responder) => {
                    let entry = responder.offer().entry;
                    if self.waits_for_agreed(now, id, &entry, (session, from, &again)) {
                        return;
                    }
                    self.judge_rekey(now, id, from, &again, responder).map(Some)
                }
                Err(no) => Err(no),
            },
            None => self.judge_moved_in_clear(now, id, &again).map(|()| None),
        };
        let agreed = taken.and_then(|taken| self.answer_rekey(now, id, session, again, taken));
        if let Err(no) = agreed {
            self.count("rekeys_refused");
            self.endpoint.refuse(now, session, no.refusal);
        }
    }

    /// Of the device at the other end, and after the agreement of now.
    fn read_rekey(&self, now: Now, id: CallId, message: &[u8]) -> Result<Responder, No> {
        let calling = self.calls.all.get(&id).ok_or_else(|| No::plain(481, "the call is over"))?;
        let previous = calling.agreement.as_ref().and_then(|agreed| agreed.hash);
        let keys = calling.peer_keys.as_ref().filter(|_| previous.is_some());
        let keys = keys.ok_or_else(|| No::plain(488, "this call has no keys to follow"))?;
        let input = ResponderInput {
            identity: &self.config.identity,
            entity: &calling.name,
            device: &self.config.device,
            media_id: MEDIA_ID,
            previous,
        };
        let responder = Responder::read(input, message, now.wall)
            .map_err(|why| No::plain(488, &format!("the key agreement cannot be used: {why}")))?;
        let offer = responder.offer();
        if !is_of(offer, keys) {
            return Err(No::plain(403, "another device than that of the call offers"));
        }
        let is_tunnel = self.calls.all.get(&id).is_some_and(Calling::is_tunnel);
        if is_tunnel || offer.forward.is_some() {
            return Err(No::plain(488, "a tunnel through a gateway is agreed once, by a call of its own"));
        }
        if offer.ah_nat {
            return Err(No::plain(488, "AH without header integrity is not spoken here"));
        }
        Ok(responder)
    }

    fn judge_rekey(
        &mut self,
        now: Now,
        id: CallId,
        from: IpAddr,
        again: &PeerSdp,
        responder: Responder,
    ) -> Result<Taken, No> {
        let offer = responder.offer();
        let media = media_address(offer.media, again.media());
        let has_to_prove = self.is_stranger_elsewhere(id, media);
        let by_proxy = self.calls.all.get(&id).is_some_and(|calling| calling.way.stated);
        if has_to_prove && !by_proxy {
            refuse_aimed(&[media, again.media()], from)?;
        }
        let mut bundles = offer.bundles;
        if has_to_prove && bundles.to_responder.is_empty() {
            let esp = Bundle::ESP;
            bundles = Bundles { to_responder: esp, to_initiator: bundles.to_initiator.with(esp) };
        }
        let demands = self.demands_of_call(now, id, media).map_err(|why| No::plain(488, &why.message))?;
        // The union of what both sides demand (PROTOCOL section 2.1): the call goes on, and tighter.
        let variable_rate = again.codec().is_variable_rate();
        let add = |bundle: Bundle, direction| {
            let wanted = demands.bundle(direction, variable_rate);
            let mut all = Bundle { framing: bundle.framing, ..bundle.with(wanted) };
            // How it is laid around a packet is for the offer to say, padding excepted.
            all.framing.tfc |= wanted.framing.tfc && all.esp && !all.framing.ipcomp;
            all
        };
        let bundles = Bundles {
            to_responder: add(bundles.to_responder, Direction::In),
            to_initiator: add(bundles.to_initiator, Direction::Out),
        };
        let bundles = self.kept_sealed_across_nat(id, (media.ip(), from), bundles);
        if again.connection().is_some() && !goes_by_tcp(&bundles) {
            return Err(No::plain(488, NOT_BY_TCP));
        }
        let missing = demands.missing(protected(bundles), self.config.default_level);
        if !missing.is_empty() || demands.discard() {
            return Err(No::missing(&missing, Some(())));
        }
        let suites = demands.suites(&offer.suites);
        if bundles.esp() && suites.is_empty() {
            return Err(No::plain(488, "no suite in common"));
        }
        let known = self.calls.all.get(&id).is_some_and(|calling| calling.call.known);
        let message = again.message_of(&self.config.device).unwrap_or_default();
        self.note_offer(now, responder.offer(), known, message)?;
        let suite = suites.first().copied();
        Ok(Taken { responder, bundles, suite, has_to_prove })
    }

    /// Where a NAT stands between, as far as the addresses tell, packets in clear would be dropped here or there; and none goes by TCP.
    fn kept_sealed_across_nat(&self, id: CallId, (media, from): (IpAddr, IpAddr), bundles: Bundles) -> Bundles {
        let Some(calling) = self.calls.all.get(&id) else { return bundles };
        let (Some(local), Some(agreed)) = (calling.local, calling.agreement.as_ref()) else { return bundles };
        let is_seen_elsewhere = !calling.way.stated && from.to_canonical() != media.to_canonical();
        if !calling.is_by_tcp() && !is_seen_elsewhere && !crosses_nat(local.ip(), media) {
            return bundles;
        }
        Bundles {
            to_responder: kept_sealed(agreed.protected.inbound, bundles.to_responder),
            to_initiator: kept_sealed(agreed.protected.outbound, bundles.to_initiator),
        }
    }

    /// Strangers could aim our sound at somebody who never asked for it: who is elsewhere now has to be heard from there first, under the
    /// new keys, which only whoever got our answer has. So it is protected, whatever was agreed before.
    pub(super) fn is_stranger_elsewhere(&self, id: CallId, media: SocketAddr) -> bool {
        let calling = self.calls.all.get(&id).filter(|calling| !calling.call.known);
        let before = calling.and_then(|calling| calling.agreement.as_ref());
        before.is_some_and(|agreed| agreed.remote.ip().to_canonical() != media.ip().to_canonical())
    }

    /// An ordinary telephone receives at another port.
    fn judge_moved_in_clear(&self, now: Now, id: CallId, again: &PeerSdp) -> Result<(), No> {
        let calling = self.calls.all.get(&id).ok_or_else(|| No::plain(481, "the call is over"))?;
        let agreed = calling.agreement.as_ref().filter(|agreed| agreed.hash.is_none());
        if agreed.is_none() || again.has_agreement() {
            return Err(No::plain(488, "the offer lacks the keys of the call"));
        }
        if self.is_stranger_elsewhere(id, again.media()) {
            return Err(No::plain(488, "media of an ordinary telephone stays where it was"));
        }
        let demands = self.demands_of_call(now, id, again.media()).map_err(|why| No::plain(488, &why.message))?;
        let missing = demands.missing(Default::default(), self.config.default_level);
        match missing.is_empty() && !demands.discard() {
            true => Ok(()),
            false => Err(No::missing(&missing, None)),
        }
    }

    fn answer_rekey(
        &mut self,
        now: Now,
        id: CallId,
        session: SessionId,
        again: PeerSdp,
        taken: Option<Taken>,
    ) -> Result<(), No> {
        let over = |_| No::plain(481, "the call is over");
        let local = self.calls.all.get(&id).and_then(Calling::described_at);
        let local = local.ok_or_else(|| No::plain(481, "the call is over"))?;
        let heard_first = taken.as_ref().is_some_and(|taken| taken.has_to_prove);
        let (message, confirmed) = match taken {
            Some(taken) => {
                let (message, confirmed) = self.answer_agreement(taken, local)?;
                (Some(SvSa { device: self.config.device.clone(), message }), Some(confirmed))
            }
            None => (None, None),
        };
        let said = self.reanswer(id, &again, local, message).map_err(over)?;
        let (was, described) = (self.remote_of(id), again.media());
        // Before the answer goes out: what comes under the new keys then is opened.
        let first = Speaker::Peer { heard_first };
        self.rekey_stream(now, id, confirmed, described, first).map_err(|why| No::plain(488, &why.message))?;
        self.endpoint.follow(session);
        self.say_answer(now, id, session, said);
        if let Some(calling) = self.calls.all.get_mut(&id) {
            calling.call.held_by_peer = again.held();
            calling.said.describe(again);
        }
        self.begin_ice(id);
        self.drop_needless_wish(now, id);
        self.settle_hold(id);
        self.note_peer_moved(now, id, was);
        Ok(())
    }

    fn answer_agreement(&mut self, taken: Taken, local: SocketAddr) -> Result<(Vec<u8>, Confirmed), No> {
        let Taken { responder, bundles, suite, .. } = taken;
        let spis = random_spis(&mut self.rng);
        let mut seed = [0; 32];
        self.rng.fill_bytes(&mut seed);
        let choice = Choice {
            bundles,
            suite: suite.filter(|_| bundles.esp()),
            ..choose(responder.offer(), None, spis, local, [false; 2])
        };
        responder.answer(choice, seed).map_err(|why| No::plain(488, &why.to_string()))
    }

    /// Where the peer said that it receives.
    pub(super) fn remote_of(&self, id: CallId) -> Option<SocketAddr> {
        self.calls.all.get(&id)?.agreement.as_ref().map(|agreed| agreed.remote)
    }
}

/// An offer that our entries let through.
struct Taken {
    responder: Responder,
    bundles: Bundles,
    suite: Option<Suite>,
    /// It says that it is at another address, and nobody here knows it.
    has_to_prove: bool,
}

/// The keys of whoever is at the other end, whichever side called.
fn is_of(offer: &Offered, keys: &PeerKeys) -> bool {
    let named = (&offer.entity, &offer.device) == (&keys.entity, &keys.device);
    named && (offer.signing_key, offer.agreement_key) == (keys.signing, keys.agreement)
}
