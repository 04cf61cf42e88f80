//! We have moved, and the peer of a running call does not take our offer from there: it may have gone to another address in the same
//! moment. It is looked for where else it is known to be, and the offer goes there.
//!
//! | step | what follows |
//! | --- | --- |
//! | our offer from the new address goes out -> `watch_for_loss` | so long it may take |
//! | no answer by then -> `seek_peer` | its signed contact, as a NOTIFY that came meanwhile has it; else its presence is asked for by its account |
//! | its row changes -> `seek_again` | `Endpoint::lead_elsewhere`, and the offer anew |
//! | it is found nowhere | the end of the call, with that reason |
//!
//! Who looks in vain is found, where the other finds him: its offer takes the place of ours (`sip::endpoint`).

use std::net::IpAddr;
use std::time::Duration;

use super::renewal::Why;
use super::CallState;
use crate::agent::contact::contact_host;
use crate::agent::target::host_address;
use crate::agent::{Agent, AskRequest};
use crate::policy::{Intent, Wanted};
use crate::presence::PresenceRecord;
use crate::sip::{Host, Uri};
use crate::vocab::{CallId, Entity, Failure, FailureKind, Mono, Now};

/// An offer from a new address is answered within this, or comes again after 0.5, 1, 2 s of it (RFC 3261 section 17.1.1.2).
const PATIENCE: Duration = Duration::from_secs(4);

/// Before the silence of the call would end it.
const LIMIT: Duration = Duration::from_secs(28);

/// Looking for a peer that does not answer where it was.
pub(super) struct Seek {
    pub at: Mono,
    until: Mono,
    asked: bool,
    /// Where our offer goes.
    there: Option<IpAddr>,
}

impl Agent {
    /// Our offer from the new address is out.
    pub(super) fn watch_for_loss(&mut self, now: Now, id: CallId) {
        let there = self.remote_of(id).map(|remote| remote.ip());
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        let moved = calling.renewal.why() == Some(Why::Moved);
        if moved && calling.renewal.seek.is_none() {
            let (at, until) = (now.mono + PATIENCE, now.mono + LIMIT);
            calling.renewal.seek = Some(Seek { at, until, asked: false, there });
        }
    }

    pub(super) fn seek_peer(&mut self, now: Now, id: CallId) {
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        let is_open = calling.is_open();
        let Some(seek) = calling.renewal.seek.as_mut().filter(|_| is_open) else {
            return calling.renewal.end_seek();
        };
        if seek.until <= now.mono {
            let failure = lost(&calling.call.peer, seek.there);
            calling.renewal.end_seek();
            return self.end_call(now, id, CallState::Failed(failure));
        }
        seek.at = (now.mono + PATIENCE).min(seek.until);
        if !self.offer_elsewhere(now, id) {
            self.ask_where(now, id);
        }
    }

    /// What a peer says of itself is other than before.
    pub(in crate::agent) fn seek_again(&mut self, now: Now) {
        let open: Vec<CallId> = self.calls.open.iter().copied().collect();
        for id in open {
            let waits = |seek: &Seek| seek.asked || seek.at <= now.mono;
            if self.calls.all.get(&id).and_then(|calling| calling.renewal.seek.as_ref()).is_some_and(waits) {
                self.offer_elsewhere(now, id);
            }
        }
    }

    /// Whether the peer is known to be at another address than the one where our offer went.
    fn offer_elsewhere(&mut self, now: Now, id: CallId) -> bool {
        let Some(calling) = self.calls.all.get(&id) else { return false };
        let Some((session, seek)) = calling.session.zip(calling.renewal.seek.as_ref()) else { return false };
        let found = calling.peer.as_ref().and_then(|(entity, device)| self.book.presence(entity, device));
        let Some((contact, there)) = found.and_then(|record| self.signed_place(record)) else { return false };
        if seek.there.is_some_and(|before| before.to_canonical() == there.to_canonical()) {
            return false;
        }
        if let Some(seek) = self.calls.all.get_mut(&id).and_then(|calling| calling.renewal.seek.as_mut()) {
            seek.there = Some(there);
            seek.at = (now.mono + PATIENCE).min(seek.until);
        }
        let detail = format!("call {id} is offered to {there}, where its peer says that it is");
        self.audit_call(now, id, "sought", &detail);
        self.endpoint.lead_elsewhere(now, session, contact);
        true
    }

    /// The contact that a device signed, and its address; one that leads by a registrar stands for the address that it signed besides.
    fn signed_place(&self, record: &PresenceRecord) -> Option<(Uri, IpAddr)> {
        let contact = record.contact.raw();
        match contact_host(contact).and_then(|host| host_address(&host)) {
            Some(there) => Some((Uri::parse(contact).ok()?, there.ip())),
            None => {
                let (named, there) = (Uri::parse(contact).ok()?, record.environment?.address?);
                Some((Uri::sip(named.user(), Host::from(there), None), there))
            }
        }
    }

    /// By the account through which its entity is reached: a peer without a server can only be asked where it was.
    fn ask_where(&mut self, now: Now, id: CallId) {
        let Some(calling) = self.calls.all.get_mut(&id) else { return };
        let Some(entity) = calling.peer.as_ref().map(|(entity, _)| entity.clone()) else { return };
        let by_account = self.account_at(entity.host()).is_some();
        let Some(seek) = self.calls.all.get_mut(&id).and_then(|calling| calling.renewal.seek.as_mut()) else { return };
        if !by_account || std::mem::replace(&mut seek.asked, true) {
            return;
        }
        let _ = self.begin_ask(now, where_is(&entity), None);
    }
}

fn where_is(entity: &Entity) -> AskRequest {
    AskRequest {
        peer: entity.to_string(),
        wanted: Wanted { presence: true, policy: false, watchers: false },
        answer: None,
        accept_key: None,
        intent: Intent::default(),
        account: None,
    }
}

fn lost(peer: &str, there: Option<IpAddr>) -> Failure {
    let there = there.map(|there| format!(" at {there}, where it was last known to be")).unwrap_or_default();
    let message = format!(
        "you went to another address, and {peer} does not answer{there}: it is gone, or went to another address in the same moment"
    );
    let next = "call again: `sottovoce ask` finds out where it is, if its name leads to a server; else have its user tell the new address";
    Failure::new(FailureKind::Unreachable, "lost-each-other", message, peer, next)
}
