//! Calls with ordinary telephones: no statement, no key agreement. Entries that name `srtp` are for them, and such a call is placed
//! without asking first; one in clear follows an ask that found nobody to answer it, under entries that say `none`.
//!
//! Nothing of theirs is authenticated but by TLS to the next hop: an entry for an entity rules whoever answers there in its name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::failures::gone;
use super::peer_sdp::PeerSdp;
use super::telephone_failures::{instead, keys_unusable, needs_tls, no_keys};
use super::{CallState, Calling, KeyState};
use crate::agent::ask_failures::clear_proxy;
use crate::agent::redirect::{Reach, Redirects};
use crate::agent::ruling::{some_port, Demands, Protected};
use crate::agent::target::{host_address, Target};
use crate::agent::{Agent, Pin};
use crate::policy::{Action, Bundle, Entry, Protocol, Upper};
use crate::sdp::{Keying, Profile, RemoteAudio};
use crate::sip::{Body, Invite, Transport};
use crate::vocab::{CallId, Device, Entity, Failure, Now};

/// How asking fails with whoever has no statement to give, or may have none: what an ordinary telephone, or a proxy before it, says to SUBSCRIBE differs
/// (docs/telephones.md), and whoever could forge one of these answers could forge each.
const WITHOUT_STATEMENT: [&str; 8] = [
    "no-presence",
    "nothing-published",
    "peer-silent",
    "unsigned",
    "no-such-peer",
    "asking-refused",
    "asking-failed",
    "none-answered",
];

/// For telephones that have srtp, and for those that may have it.
pub(super) const REQUIRE: &str = "ipsec srtp/transport//require";
pub(super) const USE: &str = "ipsec srtp/transport//use";

impl Calling {
    /// At the other end is an ordinary telephone, as far as we know.
    pub(super) fn is_telephone(&self) -> bool {
        self.peer.as_ref().is_some_and(|(_, device)| device.is_telephone())
    }
}

impl Agent {
    /// Our user approved keys of somebody whom this may be.
    pub(in crate::agent) fn has_approved_keys(&self, target: &Target) -> bool {
        self.book.pins().any(|pin| self.may_be_meant(target, pin))
    }

    pub(in crate::agent) fn may_be_meant(&self, target: &Target, pin: &Pin) -> bool {
        self.is_meant(target, pin) || !target.bare && pin.entity.may_be(&target.entity)
    }

    /// Our entries for a telephone there, of whom nobody's key was approved, and by what media goes there.
    fn entries_for_telephone(&self, now: Now, target: &Target) -> Option<([Entry; 2], Upper)> {
        (!self.has_approved_keys(target)).then(|| self.entries_for_nobody_known(now, &target.entity, written(target)))
    }

    /// Likewise, of somebody in that name at `there`; `None`: its address is not known.
    pub(in crate::agent) fn entries_for_nobody_known(
        &self,
        now: Now,
        entity: &Entity,
        there: Option<IpAddr>,
    ) -> ([Entry; 2], Upper) {
        let ours = some_port(self.config.media_address);
        let theirs = some_port(there.unwrap_or(unspecified(ours)));
        let telephone = (entity, &Device::telephone());
        let upper = self.transport_towards(now, telephone, ours, theirs);
        let (out, inbound) = self.entries_by(now, Some(telephone), (ours, theirs), upper);
        ([out, inbound], upper)
    }

    /// Our entries speak of SRTP with it, and of nothing that it could not have.
    pub(super) fn is_for_telephone(&self, now: Now, target: &Target) -> bool {
        let names_it = |entry: &Entry| entry.action.rule(Protocol::Srtp).is_some();
        let level = self.config.default_level;
        self.entries_for_telephone(now, target).is_some_and(|(entries, _)| {
            entries.iter().any(names_it)
                && entries.iter().all(|entry| {
                    entry.action != Action::Discard && Bundle::SRTP.missing_for(&entry.action, level).is_empty()
                })
        })
    }

    /// It was asked, and has no statement: our entries say that packets to it, and from it, need nothing.
    pub(super) fn dial_in_clear(&mut self, now: Now, id: CallId, failure: &Failure) -> bool {
        let target = self.target_in_clear(now, id).filter(|_| WITHOUT_STATEMENT.contains(&failure.code));
        if let Some(target) = &target {
            self.dial_telephone(now, id, target);
        }
        target.is_some()
    }

    /// Whoever may be called in clear is not waited for as long as others are: there are telephones that do not even refuse to be asked.
    pub(in crate::agent) fn needs_no_answer(&self, now: Now, id: CallId) -> bool {
        self.target_in_clear(now, id).is_some()
    }

    /// Whom an open call is for, where it may be in clear both ways.
    fn target_in_clear(&self, now: Now, id: CallId) -> Option<Target> {
        let target = self.calls.all.get(&id).filter(|calling| calling.is_open())?.target.clone()?;
        let (entries, _) = self.entries_for_telephone(now, &target)?;
        entries.iter().all(|entry| entry.action == Action::None).then_some(target)
    }

    pub(super) fn dial_telephone(&mut self, now: Now, id: CallId, target: &Target) {
        let (action, upper) =
            self.entries_for_telephone(now, target).map(|([out, _], upper)| (out.action.to_string(), upper)).unzip();
        let route = self.route_of(target);
        let by_proxy = route.as_ref().ok().and_then(|route| route.as_ref()?.account.clone());
        let account = by_proxy.or_else(|| target.account.clone()).and_then(|account| self.our_name(&account));
        let name = account.unwrap_or_else(|| self.name_to_entity(&target.entity));
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        calling.peer = Some((target.entity.clone(), Device::telephone()));
        calling.call.entity = Some(target.entity.clone());
        calling.call.known = true;
        calling.call.action = action.unwrap_or_default();
        calling.redirects = Redirects::default();
        calling.name = name;
        if let Some(upper) = upper.filter(|_| !calling.media_open) {
            calling.set_transport(upper);
        }
        self.set_call(id, CallState::Inviting);
        self.go_there(now, id, route.and_then(|route| reach(target, route)));
    }

    /// RTP/SAVP where clear packets may not pass, else RTP/AVP with the keys beside it (RFC 8643). By DTLS alone it is UDP/TLS/RTP/SAVP.
    pub(super) fn invite_telephone(&mut self, now: Now, id: CallId) -> Result<Invite, Failure> {
        let entries = self.ruling(now, id)?.entries;
        if let Some(entry) = entries.iter().find(|entry| entry.action == Action::Discard) {
            return Err(super::caller_failures::discarded(&self.entity_of(id)?, entry));
        }
        let level = self.config.default_level;
        let insists = entries.iter().any(|entry| !Bundle::NONE.missing_for(&entry.action, level).is_empty());
        let offers = insists || entries.iter().any(|entry| entry.action.rule(Protocol::Srtp).is_some());
        let calling = self.calls.all.get(&id).ok_or_else(|| gone(id))?;
        let (hop, name) = (calling.hop.ok_or_else(|| gone(id))?, calling.name.clone());
        let local = calling.described_at().ok_or_else(|| gone(id))?;
        let (peer, only_dtls) = (calling.call.peer.clone(), calling.retried);
        let by_tcp = calling.is_by_tcp();
        let keying = if offers { self.offered_keying(hop.transport, only_dtls) } else { Keying::default() };
        // A handshake would need a connection of its own.
        let keying = if by_tcp { Keying { dtls: None, ..keying } } else { keying };
        if insists && keying.is_empty() {
            return Err(needs_tls(&peer));
        }
        let profile = profile_for(insists, &keying, only_dtls);
        let ice = self.ice_offered(id);
        let offer = self.sdp_offer_to_telephone(local, (keying.clone(), profile), ice);
        let offer = self.offered_by(id, offer);
        let body = Body::new("application/sdp", offer.to_string().into_bytes());
        let (replaces, referred_by) = self.calls.transfers.occasion(id);
        let calling = self.calls.all.get_mut(&id).ok_or_else(|| gone(id))?;
        calling.key = KeyState::Telephone(keying);
        calling.said.ours = Some(offer);
        let typed = calling.target.as_ref().and_then(Target::uri);
        let target = calling.redirects.now().map(|now| now.uri.clone()).or(typed).ok_or_else(|| gone(id))?;
        let (login, domain, resumes) = (calling.login.clone(), calling.domain.clone(), calling.redirects.resumed());
        let named = || target.host().filter(|_| hop.transport == Transport::Tls).cloned();
        Ok(Invite {
            remote: hop.address,
            domain: domain.or_else(named),
            tcp: hop.transport == Transport::Tcp,
            target,
            require: Vec::new(),
            accept: vec!["application/sdp".into()],
            body,
            replaces,
            referred_by,
            from: self.written_as(&name),
            login,
            resumes,
        })
    }

    /// It took the call.
    pub(super) fn take_telephone(
        &mut self,
        now: Now,
        id: CallId,
        offered: &Keying,
        accepted: PeerSdp,
    ) -> Result<(), Failure> {
        let remote = accepted.media();
        // Keys that were not asked for are nobody's: there are telephones that answer any offer with some (baresip 1.0, mediaenc=srtp).
        let has_keys = !accepted.keying().is_empty() && !offered.is_empty();
        let chosen = self.taken_keys(offered, accepted.keying());
        let calling = self.calls.all.get_mut(&id).ok_or_else(|| gone(id))?;
        let peer = calling.call.peer.clone();
        calling.said.describe(accepted);
        match chosen {
            Some(keys) => self.start_srtp_stream(now, id, keys, remote),
            None if has_keys => Err(keys_unusable(&peer)),
            None => {
                let demands = self.demands_of_call(now, id, remote)?;
                match self.lets_clear(&demands) {
                    true => self.start_clear_stream(now, id, remote),
                    false => Err(no_keys(&peer, &self.instead_of_ruling(now, id, USE))),
                }
            }
        }
    }

    /// It refused our certificate beside keys, or beside an offer in clear: there are telephones that take it as UDP/TLS/RTP/SAVP only.
    pub(super) fn offer_dtls_alone(&mut self, now: Now, id: CallId) -> bool {
        let Some(calling) = self.calls.all.get_mut(&id).filter(|calling| !calling.retried) else { return false };
        let offered = calling.said.ours.as_ref().and_then(|said| RemoteAudio::of(said).ok());
        let beside = offered.is_some_and(|audio| audio.keying.dtls.is_some() && audio.profile != Profile::TlsSavp);
        let Some(target) = calling.target.clone().filter(|_| beside) else { return false };
        calling.retried = true;
        self.dial_telephone(now, id, &target);
        true
    }

    pub(super) fn lets_clear(&self, demands: &Demands) -> bool {
        !demands.discard() && demands.missing(Protected::default(), self.config.default_level).is_empty()
    }

    /// The command by which these rules would rule the call.
    pub(super) fn instead_of_ruling(&self, now: Now, id: CallId, rules: &str) -> String {
        let entries = self.ruling(now, id).map(|ruling| ruling.entries);
        let (entries, entity) = match (entries, self.entity_of(id)) {
            (Ok(entries), Ok(entity)) => (entries, entity),
            _ => return format!("`sottovoce policy add '{rules}' --entity NAME`"),
        };
        instead(&entries[0], &entity, rules)
    }

    fn entity_of(&self, id: CallId) -> Result<Entity, Failure> {
        let calling = self.calls.all.get(&id);
        calling.and_then(|calling| calling.call.entity.clone()).ok_or_else(|| gone(id))
    }
}

/// Of an offer with these ways to keys, to one who `insists` on them or does not; `only_dtls`: it would not take them side by side.
pub(super) fn profile_for(insists: bool, keying: &Keying, only_dtls: bool) -> Profile {
    match insists {
        _ if keying.dtls.is_some() && only_dtls => Profile::TlsSavp,
        true if keying.crypto.is_empty() => Profile::TlsSavp,
        true => Profile::Savp,
        false => Profile::Avp,
    }
}

fn reach(target: &Target, route: Option<crate::agent::account::Route>) -> Result<Reach, Failure> {
    match route {
        Some(route) if target.secure && route.domain.is_none() => Err(clear_proxy(target)),
        Some(route) => Ok(Reach::Proxy(route)),
        None => Ok(target.locate().address().map_or_else(|| Reach::Looked(target.locate()), Reach::There)),
    }
}

/// The address that stands in the name.
pub(in crate::agent) fn written(target: &Target) -> Option<IpAddr> {
    let there = target.socket().or_else(|| host_address(target.entity.host()));
    there.map(|there| there.ip())
}

/// Of an address that is not known: no entry for an address is about it.
pub(in crate::agent) fn unspecified(like: SocketAddr) -> IpAddr {
    match like {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}
