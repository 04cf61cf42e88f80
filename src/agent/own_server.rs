//! A subscription for our own entity at the server of an account of ours.

use std::time::Duration;

use super::comeback::{after, Return};
use super::Agent;
use crate::sip::{EndCause, Subscribe, SubscriptionId, Transport, Uri};
use crate::vocab::{Entity, Mono, Now};

/// An hour is what the packages have for a default (RFC 3857 section 4.4, RFC 3842 section 3.4).
const LIFE: Duration = Duration::from_secs(3600);

/// How it stands with one.
#[derive(Default)]
pub(super) struct AtOwnServer {
    id: Option<SubscriptionId>,
    /// There was one, and not only the wish.
    stood: bool,
    failures: u32,
    /// It is asked for again then.
    next: Option<Mono>,
}

impl AtOwnServer {
    pub(super) fn id(&self) -> Option<SubscriptionId> {
        self.id
    }

    pub(super) fn next(&self) -> Option<Mono> {
        self.next
    }

    pub(super) fn begin(&mut self, id: SubscriptionId) {
        (self.id, self.stood) = (Some(id), false);
    }

    /// The server has told something.
    pub(super) fn note_heard(&mut self) {
        (self.stood, self.failures) = (true, 0);
    }

    /// It has ended. `false`: it is not asked for again.
    pub(super) fn end(&mut self, now: Now, cause: &EndCause, random: u32) -> bool {
        self.id = None;
        let back = after(cause, self.stood);
        if back == Return::Never {
            return false;
        }
        self.next = Some(now.mono + back.delay(self.failures, random));
        self.failures = self.failures.saturating_add(1);
        true
    }

    /// It is to be asked for again now; said once.
    pub(super) fn take_due(&mut self, now: Now) -> bool {
        self.next.take_if(|next| *next <= now.mono).is_some()
    }
}

impl Agent {
    /// Asks for what has this package and this document. `None` while the account has no way to its server.
    pub(super) fn subscribe_at_own_server(
        &mut self,
        now: Now,
        entity: &Entity,
        (package, document): (&str, &str),
    ) -> Option<SubscriptionId> {
        let route = self.accounts.get(entity)?.route().ok()?;
        let what = Subscribe {
            target: Uri::parse(entity.as_str()).ok()?,
            remote: route.hop.address,
            domain: route.domain,
            tcp: route.hop.transport == Transport::Tcp,
            event: package.into(),
            expires: LIFE,
            accept: vec![document.into()],
            body: None,
            from: self.written_as(entity),
            login: route.login,
            resumes: None,
        };
        Some(self.endpoint.subscribe(now, what))
    }
}
