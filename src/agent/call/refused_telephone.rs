//! A telephone that calls and is refused for our policy: it knows nothing of entries, so our user hears of it, finds the call among those
//! that he missed, and reads what would let it in.

use super::callee::claimed_entity;
use super::no::No;
use super::sdes::NoKeys;
use super::telephone_failures::{called_against, called_unfit, called_without};
use crate::agent::desk::brief;
use crate::agent::{Agent, CallRecord, CallResult, Event, StoreOp};
use crate::media::Counters;
use crate::policy::{Protocol, Rule};
use crate::sip::headers::NameAddr;
use crate::vocab::{CallId, Entity, Failure, Now};

impl Agent {
    /// `missing` of what our entries demand; `why` it has no keys for srtp.
    pub(super) fn refuse_telephone(&mut self, now: Now, caller: &NameAddr, why: NoKeys, missing: &[Rule]) -> No {
        let uri = caller.uri.to_string();
        let is_named = self.is_named(claimed_entity(caller));
        let is_for_it = !missing.is_empty() && missing.iter().all(|rule| rule.protocol == Protocol::Srtp);
        let notice = match is_for_it {
            true => called_without(&uri, why, is_named),
            false => called_against(&uri, missing, is_named),
        };
        self.tell_of_refused(now, caller, notice);
        match is_for_it && why != NoKeys::Without {
            true => why.into(),
            false => No::missing(missing, None),
        }
    }

    /// Its description cannot be joined.
    pub(super) fn refuse_description(&mut self, now: Now, caller: &NameAddr, why: &str) -> No {
        self.tell_of_refused(now, caller, called_unfit(&caller.uri.to_string(), why));
        No::plain(488, why)
    }

    /// Told once in a while for each caller; every one is in the history.
    pub(super) fn tell_of_refused(&mut self, now: Now, caller: &NameAddr, notice: Failure) {
        self.calls.last += 1;
        let record = CallRecord {
            call: CallId(self.calls.last),
            peer: brief(&claimed_entity(caller).map_or_else(|| caller.uri.to_string(), |entity| entity.to_string())),
            outgoing: false,
            known: false,
            started: now.wall,
            answered: None,
            ended: now.wall,
            result: CallResult::Missed,
            outcome: brief(&format!("refused for your policy: {}; {}", notice.message, notice.next)),
            action: String::new(),
            bundle: String::new(),
            suite: None,
            counters: Counters::default(),
        };
        self.keep(StoreOp::RecordCall(Box::new(record)));
        if self.calls.refused.is_news(now.mono, claimed_entity(caller).as_ref(), notice.code) {
            self.audit_notice(now, &notice);
            self.event(Event::Notice(notice));
        }
    }

    /// Entries of our user that name such a caller and do not count for it.
    fn is_named(&self, caller: Option<Entity>) -> bool {
        let Some(caller) = caller else { return false };
        self.book.spd().ordinary().take(LOOKED_AT).any(|entry| entry.peer.entity.as_ref() == Some(&caller))
    }
}

/// Entries that are looked at for a caller's name.
const LOOKED_AT: usize = 1000;
