use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::broadcast::Receiver;

use super::brain::Known;
use super::contacts::approved;
use super::view::{
    AccountView, AskView, CallView, ContactView, DigitView, ErrorView, EventView, GonePresenceView, GoneWatchView,
    GroupView, PresenceView, ProposalView, ReviewView, TextView, WatchView, WatcherView,
};
use super::Control;
use crate::agent::{Call, CallState, Event};
use crate::presence::PresenceRecord;
use crate::vocab::{escape, CallId, Failure, FailureKind};

/// What happens from now on, each with the noun as it is when it is read.
pub struct Events {
    control: Control,
    facts: Receiver<Event>,
    /// Read, and not told yet: each once, because its noun is told as it is then.
    waiting: VecDeque<Event>,
    /// More happened than could be read.
    lost: bool,
    /// What happened to calls was let go.
    let_go: bool,
    ended: bool,
}

/// Facts that are read at once.
const AT_ONCE: usize = 256;

/// The code of what is told in the place of what was let go.
pub const CALLS_UNTOLD: &str = "calls-untold";

/// Between two readings of what is let go: no more happens in so short a time than waits to be read.
const GLANCE: Duration = Duration::from_millis(20);

impl Control {
    pub fn events(&self) -> Events {
        Events {
            control: self.clone(),
            facts: self.brain.events(),
            waiting: VecDeque::new(),
            lost: false,
            let_go: false,
            ended: false,
        }
    }
}

impl Events {
    /// `None` after [`EventView::Stopped`]. Who reads too slowly is told so, and should read the lists again.
    pub async fn next(&mut self) -> Option<EventView> {
        while !self.ended {
            let fact = match self.waiting.pop_front() {
                Some(fact) => fact,
                None if std::mem::take(&mut self.lost) => return Some(EventView::Notice(lost())),
                None if std::mem::take(&mut self.let_go) => return Some(EventView::Notice(let_go())),
                None => match self.facts.recv().await {
                    Ok(fact) => fact,
                    Err(RecvError::Lagged(_)) => return Some(EventView::Notice(lost())),
                    Err(RecvError::Closed) => Event::Stopped,
                },
            };
            self.read_more(&fact);
            self.ended = fact == Event::Stopped;
            if let Some(view) = self.view(fact).await {
                return Some(view);
            }
        }
        None
    }

    /// Tells nothing until then, for who has enough of calls. What happens to them meanwhile is let go, and that is told; all else
    /// waits.
    pub async fn let_calls_go(&mut self, until: impl Future<Output = ()>) {
        let mut until = std::pin::pin!(until);
        loop {
            tokio::select! {
                () = &mut until => break,
                () = tokio::time::sleep(GLANCE) => self.glance(),
            }
        }
        if self.let_go {
            self.look_who_waits().await;
        }
    }

    /// Calls that want something of the user are told all the same: whoever floods him with others must not hide them.
    async fn look_who_waits(&mut self) {
        let waits = |call: &&&Call| matches!(call.state, CallState::Incoming | CallState::Wanted);
        let ids = move |known: &dyn Known| Some(known.calls().iter().filter(waits).map(|call| call.id).collect());
        let ids: Vec<CallId> = self.look(ids).await.unwrap_or_default();
        let facts = ids.into_iter().take(AT_ONCE).map(Event::CallChanged);
        let new: Vec<Event> = facts.filter(|fact| !self.waiting.contains(fact)).collect();
        self.waiting.extend(new);
    }

    fn glance(&mut self) {
        loop {
            match self.facts.try_recv() {
                Ok(Event::CallChanged(_)) => self.let_go = true,
                Err(TryRecvError::Lagged(_)) => self.lost = true,
                Ok(fact) if self.waiting.contains(&fact) => {}
                Ok(fact) if self.waiting.len() < AT_ONCE => self.waiting.push_back(fact),
                Ok(_) => self.lost = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    /// What has happened meanwhile: a call that has changed four times is looked at once.
    fn read_more(&mut self, fact: &Event) {
        while self.waiting.len() < AT_ONCE && !self.lost {
            match self.facts.try_recv() {
                Ok(more) if more == *fact || self.waiting.contains(&more) => {}
                Ok(more) => self.waiting.push_back(more),
                Err(TryRecvError::Lagged(_)) => self.lost = true,
                // The next reading waits, or hears the end.
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    async fn view(&self, fact: Event) -> Option<EventView> {
        match fact {
            Event::AccountChanged(entity) => {
                let gone = EventView::AccountGone(entity.to_string());
                let of = move |known: &dyn Known| {
                    known.accounts().into_iter().find(|account| account.entity == entity).map(AccountView::from)
                };
                Some(self.look(of).await.map_or(gone, EventView::Account))
            }
            Event::AuditChanged => Some(EventView::Audit),
            Event::DoNotDisturbChanged => Some(EventView::DoNotDisturb),
            Event::HistoryChanged => Some(EventView::History),
            Event::SoundChanged => Some(EventView::Sound),
            Event::AskChanged(id) => self.look(move |known| known.ask(id).map(AskView::from)).await.map(EventView::Ask),
            Event::CallChanged(id) => self
                .look(move |known| known.call(id).map(CallView::from))
                .await
                .map(|call| EventView::Call(Box::new(call))),
            Event::ContactChanged(entity) => {
                let gone = EventView::ContactGone(entity.to_string());
                let is = move |saved: &&crate::agent::SavedContact| saved.entity == entity;
                let of = move |known: &dyn Known| {
                    let found = known.contacts().into_iter().find(is)?;
                    Some(ContactView::of(found, &approved(known)))
                };
                Some(self.look(of).await.map_or(gone, EventView::Contact))
            }
            Event::Digit { call, digit, by, .. } => {
                let digit = digit.key().to_string();
                Some(EventView::Digit(DigitView { call: call.to_string(), digit, by: by.into() }))
            }
            Event::GroupChanged(name) => {
                let gone = EventView::GroupGone(name.clone());
                let of = move |known: &dyn Known| {
                    let group = known.groups().into_iter().find(|group| group.name == name)?;
                    Some(GroupView::of(group, &known.contacts(), &approved(known)))
                };
                Some(self.look(of).await.map_or(gone, EventView::Group))
            }
            Event::WatcherChanged(id) => {
                let of = move |known: &dyn Known| {
                    known.followers().iter().find(|follower| follower.id == Some(id)).map(WatcherView::from)
                };
                Some(self.look(of).await.map_or(EventView::WatcherGone(id.to_string()), EventView::Watcher))
            }
            Event::WatchersAnswered => Some(EventView::Watchers),
            Event::Notice(failure) => Some(EventView::Notice((&failure).into())),
            Event::PolicyChanged(generation) => Some(EventView::Policy(generation.0)),
            Event::OwnPresenceChanged => {
                self.look(|known| Some(PresenceView::of_ours(&known.own_presence()))).await.map(EventView::Presence)
            }
            Event::PinsChanged => Some(EventView::Pins),
            Event::PresenceChanged(entity, device) => {
                let gone = GonePresenceView { entity: entity.to_string(), device: device.to_string() };
                let is = move |row: &&PresenceRecord| row.entity == entity && row.device == device;
                let of = move |known: &dyn Known| known.presences().into_iter().find(is).map(PresenceView::of_peer);
                Some(self.look(of).await.map_or(EventView::PresenceGone(gone), EventView::Presence))
            }
            Event::ProposalChanged(id) => {
                let of = move |known: &dyn Known| {
                    known.proposals().into_iter().find(|one| one.id == id).map(ProposalView::from)
                };
                self.look(of).await.map(EventView::Proposal)
            }
            Event::ReviewChanged(id) => {
                let found = self.look(move |known| known.review(id).map(ReviewView::from)).await;
                found.map(|review| EventView::Review(Box::new(review)))
            }
            Event::TextChanged(id) => {
                self.look(move |known| known.text(id).map(TextView::from)).await.map(EventView::Message)
            }
            Event::WatchChanged { peer, device } => {
                let peer = escape(&peer);
                let gone = GoneWatchView { peer: peer.clone(), device: device.as_ref().map(ToString::to_string) };
                let is = move |watch: &&crate::agent::Watch| watch.peer == peer && watch.device == device;
                let of = move |known: &dyn Known| known.watches().into_iter().find(is).map(WatchView::from);
                Some(self.look(of).await.map_or(EventView::WatchGone(gone), EventView::Watch))
            }
            Event::Stopped => Some(EventView::Stopped),
            Event::StoreSettled { .. } => None,
        }
    }

    async fn look<V: Send + 'static>(&self, look: impl FnOnce(&dyn Known) -> Option<V> + Send + 'static) -> Option<V> {
        self.control.look(look).await.ok().flatten()
    }
}

fn lost() -> ErrorView {
    let lost = Failure::new(
        FailureKind::Failed,
        "events-lost",
        "more happened than this listener could read",
        "events",
        "read the lists again: asks, reviews, calls",
    );
    (&lost).into()
}

fn let_go() -> ErrorView {
    let let_go = Failure::new(
        FailureKind::Failed,
        CALLS_UNTOLD,
        "more happens to calls than can be told here",
        "events",
        "`sottovoce calls` and `sottovoce history` have them all",
    );
    (&let_go).into()
}
