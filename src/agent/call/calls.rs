//! The calls of this agent, those that are open and the last ones that ended.

use std::collections::{BTreeMap, BTreeSet};

use super::transfer::Transfers;
use super::turned_away::TurnedAway;
use super::Calling;
use crate::agent::{AudioSink, AudioSource, Call, CallState, Side};
use crate::media::Counters;
use crate::sip::digest::Login;
use crate::sip::{SessionId, TimedMap};
use crate::vocab::CallId;

/// How the open calls stand together.
pub struct Standing {
    /// One waits for our user.
    pub rings_here: bool,
    /// One rings where he calls, and nothing else is heard of it.
    pub rings_there: bool,
    pub talks: bool,
}

/// Calls that are remembered after their end.
const MAX_KEPT: usize = 256;

pub struct Calls {
    pub(super) all: TimedMap<CallId, Calling>,
    /// Those that are open ([`Calling::is_open`]).
    pub(super) open: BTreeSet<CallId>,
    /// Those that ended, with their media closed.
    pub(super) over: BTreeSet<CallId>,
    pub(super) sessions: BTreeMap<SessionId, CallId>,
    pub(super) transfers: Transfers,
    pub(super) turned_away: TurnedAway,
    pub(super) last: u64,
    /// Telephones whose call our policy refused.
    pub(super) refused: TurnedAway,
    /// Counters of calls that are forgotten.
    forgotten: Counters,
}

impl Calls {
    pub fn new(last: u64) -> Self {
        Self {
            all: TimedMap::new(),
            open: BTreeSet::new(),
            over: BTreeSet::new(),
            sessions: BTreeMap::new(),
            transfers: Transfers::default(),
            turned_away: TurnedAway::default(),
            last,
            refused: TurnedAway::default(),
            forgotten: Counters::default(),
        }
    }

    /// The account of this login is gone.
    pub fn forget_login(&mut self, login: &Login) {
        let ids: Vec<_> = self.all.keys().copied().collect();
        for id in ids {
            if let Some(calling) = self.all.get_mut(&id) {
                calling.login.take_if(|own| own == login);
            }
        }
    }

    pub fn call(&self, id: CallId) -> Option<&Call> {
        self.all.get(&id).map(|calling| &calling.call)
    }

    pub fn call_mut(&mut self, id: CallId) -> Option<&mut Call> {
        self.all.get_mut(&id).map(|calling| &mut calling.call)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Call> {
        self.all.values().map(|calling| &calling.call)
    }

    /// No call and no media socket is open.
    pub fn are_over(&self) -> bool {
        self.all.values().all(|calling| !calling.is_open() && !calling.media_open)
    }

    /// Packets of all calls since the start: sent, received, and dropped by reason.
    pub fn totals(&self) -> Counters {
        self.iter().fold(self.forgotten.clone(), |sum, call| add(sum, &call.counters))
    }

    pub(super) fn open_count(&self) -> usize {
        self.open.len()
    }

    /// Strangers have so many calls open, or wanted, or more.
    pub(super) fn strangers_fill(&self, most: usize) -> bool {
        // Counting takes longer than all else that a call needs, on an agent that serves many.
        let all = self.open.len() + self.transfers.wanted.len();
        all >= most && self.strangers() >= most
    }

    fn strangers(&self) -> usize {
        let open = self.open.iter().filter_map(|id| self.all.get(id));
        let strangers = open.filter(|calling| calling.call.side == Side::Callee && !calling.call.known);
        let wanted = self.transfers.wanted.values().filter(|wanted| !wanted.known);
        strangers.count() + wanted.count()
    }

    /// The call whose sound is written to this file now, or will be.
    pub(super) fn recorded_in(&self, sink: &AudioSink) -> Option<CallId> {
        let AudioSink::File(_) = sink else { return None };
        let same = |calling: &&Calling| {
            calling.recording && (calling.is_open() || calling.media_open) && calling.sink == *sink
        };
        self.all.values().find(same).map(|calling| calling.call.id)
    }

    /// What our user is to hear of.
    pub fn standing(&self) -> Standing {
        let open = || self.open.iter().filter_map(|id| self.all.get(id)).filter(|calling| !calling.is_tunnel());
        Standing {
            rings_here: open().any(|calling| calling.waits_for_us() && !calling.media_open),
            rings_there: open().any(|calling| calling.call.state == CallState::Ringing && !calling.is_heard_early()),
            talks: open().any(|calling| calling.call.state == CallState::Active && calling.call.forwards.is_none()),
        }
    }

    /// Calls that are open, and have what others had before, go over to something else. Which, and to what.
    pub fn change_sound(
        &mut self,
        source: Option<&(&AudioSource, AudioSource)>,
        sink: Option<&(&AudioSink, AudioSink)>,
    ) -> Vec<(CallId, Option<AudioSource>, Option<AudioSink>)> {
        let mut changed = Vec::new();
        for id in self.open.iter().copied().collect::<Vec<_>>() {
            let Some(calling) = self.all.get_mut(&id) else { continue };
            let source = source.filter(|(before, _)| calling.source == **before).map(|(_, now)| now.clone());
            let sink = sink.filter(|(before, _)| calling.sink == **before).map(|(_, now)| now.clone());
            if let Some(source) = &source {
                calling.source.clone_from(source);
                calling.call.no_input = None;
            }
            if let Some(sink) = &sink {
                calling.sink.clone_from(sink);
                calling.call.no_output = None;
            }
            if source.is_some() || sink.is_some() {
                changed.push((id, source, sink));
            }
        }
        changed
    }

    pub(super) fn by_session(&mut self, session: SessionId) -> Option<&mut Calling> {
        let id = self.sessions.get(&session)?;
        self.all.get_mut(id)
    }

    pub(super) fn forget_old(&mut self) {
        while self.all.len() > MAX_KEPT {
            let Some(id) = self.over.pop_first() else { return };
            if let Some(gone) = self.all.remove(&id) {
                self.forgotten = add(std::mem::take(&mut self.forgotten), &gone.call.counters);
            }
        }
    }
}

fn add(mut sum: Counters, one: &Counters) -> Counters {
    sum.sent += one.sent;
    sum.sent_late += one.sent_late;
    sum.received += one.received;
    sum.rtcp_sent += one.rtcp_sent;
    sum.rtcp_received += one.rtcp_received;
    for (reason, packets) in &one.dropped {
        *sum.dropped.entry(reason).or_default() += packets;
    }
    sum
}
