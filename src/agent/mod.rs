//! The brain: what a user's request means over time. Change one thing, drain [`Agent::poll`] to the end, then change the next.
//!
//! This file only routes what comes from the world, `command` what the user wants, and `waiting` the answers to effects; `getters` is what
//! others read. Each story keeps its own state and the table of its steps at the head of its file:
//! `account`, `added_account`, `flow`, `redirect`, `names`, `naming`, `publication`, `server_watchers`, `ask`, `ask_answer`, `by_itself`, `further`,
//! `review`, `approving`, `elsewhere`, `quiet`, `reopened`, `negotiate`, `propose`, `consider`, `agreed`, `notifying`, `answer_watcher`,
//! `permissions`, `watchers`, `informed`, `watch`, `call`, `movement`, `texts`, `own_policy`, `policy_change`, `policy_edit`, `disagreed`, `own_contacts`.

mod account;
mod account_failures;
mod added_account;
mod address_book;
mod agreed;
mod answer_watcher;
mod approving;
mod ask;
mod ask_answer;
mod ask_failures;
mod ask_places;
mod asks;
mod book;
mod built_in;
mod by_itself;
mod call;
mod call_result;
mod claim;
mod comeback;
mod command;
pub mod config;
mod consider;
mod contact;
mod desk;
mod disagreed;
mod document;
pub mod effect;
mod elsewhere;
mod fail_over;
mod flow;
mod further;
mod getters;
mod informed;
mod mailbox;
mod metrics;
mod movement;
mod names;
mod naming;
mod negotiate;
mod nonces;
mod notifying;
mod offers;
mod overtaken;
mod own;
mod own_contacts;
mod own_policy;
mod own_server;
mod permissions;
mod policy_change;
mod policy_edit;
mod propose;
mod propose_failures;
mod proposed_before;
mod publication;
mod question;
mod quiet;
mod records;
mod redirect;
mod reopened;
pub mod request;
mod review;
mod review_failures;
mod reviews;
mod ringing;
mod ruling;
mod safety;
mod served;
mod server_watchers;
pub mod snapshot;
mod sound;
mod sound_choice;
mod strangers;
mod target;
mod texts;
mod unkept;
mod vouching;
mod waiting;
mod waiting_watchers;
mod watch;
mod watch_news;
mod watch_return;
mod watch_reviews;
mod watchers;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};

use crate::presence::Names;
use crate::sip::{Endpoint, EndpointEvent, Received, Transmit, Transport};
use crate::vocab::{Deadline, EffectId, Failure, Mono, Now};

pub use address_book::{ContactGroup, SavedContact};
pub use built_in::{is_built_in, BuiltInPeer};
pub use call::{BY_DTLS, QUIET, RINGING, SILENCE};
pub use call_result::CallResult;
pub use config::{
    AccountConfig, AgentConfig, AnswerMode, Answering, AudioSink, AudioSource, CallWaiting, DtmfWay, GatewayConfig,
    Hop, IceUse, Listen, NatConfig, Place, Prompts, SrtpKeying, UnknownWatchers,
};
pub use contact::OPTION_TAG;
pub use effect::{
    AddedAccount, AuditRow, CallRecord, Care, Done, Effect, Given, LastAgreed, Loaded, Pin, Seen, StoreOp, Stored,
    Watched,
};
pub use metrics::Metric;
pub use naming::is_mail;
pub use negotiate::{Counter, CounterState, Negotiated, ProposalState};
pub use own_contacts::{ContactChange, ContactCommand, GroupChange, GroupCommand};
pub use own_policy::MAX_ENTRIES;
pub use permissions::{WatcherCommand, WatcherRule};
pub use policy_change::Restoring;
pub use proposed_before::KeptProposal;
pub use request::{
    Accepted, AskRequest, CallRecording, CallRequest, Command, DigitWay, Event, TakeBack, TextRequest, TransferRequest,
    TransferTo,
};
pub use snapshot::{
    Account, AccountFlow, AccountState, Ask, AskState, Call, CallState, Follower, FollowerState, Hold, HoldState,
    MailboxState, Moved, OpenReview, PublicationState, ReviewState, ServerWatchers, ServerWatchersState, Side,
    TextMessage, TextState, Transfer, TransferState, Watch, WatchState,
};
pub use sound::{SoundDevice, SoundNews, SoundSide, ANOTHER as ANOTHER_DEVICE};
pub use sound_choice::{Outlet, Sound, SoundChange, SoundChoice};
pub use target::{ECHO, ECHO_HOST};

use account::Accounts;
use address_book::AddressBook;
use asks::Asks;
use book::Book;
use call::Calls;
use informed::Informed;
use mailbox::Mailboxes;
use movement::Movement;
use negotiate::Negotiations;
use nonces::Nonces;
use offers::Offers;
use own::Own;
use permissions::WatcherRules;
use reviews::Reviews;
use server_watchers::AtServers;
use strangers::StrangersRows;
use texts::Texts;
use waiting::Waiting;
use watch::Watches;
use watchers::Watchers;

/// What the caller must do next.
pub enum Output {
    /// Close the connections that we opened there: the other end does not answer.
    Disconnect(Transport, SocketAddr),
    Effect(Effect),
    Event(Event),
    Transmit(Transmit),
}

/// The agent, without clock, socket, disk or thread.
pub struct Agent {
    config: AgentConfig,
    /// Our SIP URI, in Contact and in statements.
    contact: String,
    endpoint: Endpoint,
    rng: ChaCha20Rng,
    outputs: VecDeque<Output>,
    waiting: BTreeMap<EffectId, Waiting>,
    /// What store operations under way add to the tables that users read.
    adding: BTreeMap<EffectId, Event>,
    last_effect: u64,
    book: Book,
    own: Own,
    accounts: Accounts,
    asks: Asks,
    reviews: Reviews,
    negotiations: Negotiations,
    calls: Calls,
    texts: Texts,
    nonces: Nonces,
    offers: Offers,
    strangers_rows: StrangersRows,
    watches: Watches,
    watchers: Watchers,
    watcher_rules: WatcherRules,
    address_book: AddressBook,
    elsewhere: elsewhere::Elsewhere,
    quiet: quiet::Quiet,
    sounds: sound_choice::Sounds,
    /// What our user hears of calls that do not stand.
    signal: Option<(crate::media::Signal, SoundDevice)>,
    calls_changed: bool,
    informed: Informed,
    movement: Movement,
    at_servers: AtServers,
    mailboxes: Mailboxes,
    counts: BTreeMap<&'static str, u64>,
    unkept: unkept::Unkept,
    stopping: Option<Mono>,
    stopped: bool,
}

impl Agent {
    pub fn new(mut config: AgentConfig, mut loaded: Loaded, seed: [u8; 32], now: Now) -> Self {
        let mut rng = ChaCha20Rng::from_seed(seed);
        let mut endpoint_seed = [0; 32];
        rng.fill_bytes(&mut endpoint_seed);
        let contact = contact::contact_of(&config);
        let sounds = sound_choice::Sounds::new(&mut config, std::mem::take(&mut loaded.sound));
        let book = Book::new(&mut loaded, config.default_policy.clone());
        let typed = Names { user: loaded.own_user.take(), place: loaded.own_place.take(), mail: None };
        let vouches = std::mem::take(&mut loaded.vouches);
        let own = Own::new(&config, &typed, vouches, loaded.own_version, now.wall);
        let (mut nonces, mut offers) = (Nonces::default(), Offers::default());
        for seen in std::mem::take(&mut loaded.seen) {
            match seen {
                Seen::Nonce { nonce, ends } => nonces.recall(nonce, ends),
                Seen::Offer { device, ephemeral, time } => offers.recall(device, ephemeral, time),
            }
        }
        let watcher_rules = WatcherRules::new(&mut loaded);
        let address_book = AddressBook::new(&mut loaded);
        let mut agent = Self {
            accounts: Accounts::new(&config, loaded.accounts),
            endpoint: Endpoint::new(contact::endpoint_config(&config, &contact), endpoint_seed),
            contact,
            rng,
            outputs: VecDeque::new(),
            waiting: BTreeMap::new(),
            adding: BTreeMap::new(),
            last_effect: 0,
            book,
            own,
            asks: Asks::default(),
            reviews: Reviews::after(loaded.last_review),
            negotiations: Negotiations::default(),
            calls: Calls::new(loaded.last_call),
            texts: Texts::default(),
            nonces,
            offers,
            strangers_rows: StrangersRows::default(),
            watches: Watches::default(),
            watchers: Watchers::default(),
            watcher_rules,
            address_book,
            elsewhere: elsewhere::Elsewhere::default(),
            quiet: quiet::Quiet::new(loaded.do_not_disturb),
            sounds,
            signal: None,
            calls_changed: false,
            informed: Informed::default(),
            movement: Movement::default(),
            at_servers: AtServers::default(),
            mailboxes: Mailboxes::default(),
            counts: BTreeMap::new(),
            unkept: unkept::Unkept::default(),
            stopping: None,
            stopped: false,
            config,
        };
        let groups = agent.address_book.to_groups(&agent.names());
        agent.book.set_groups(groups);
        agent.effect(Effect::SetGains(agent.config.gains));
        agent.effect(Effect::SetTreatment(agent.config.treatment));
        agent.lapse_pending(now);
        agent.begin_accounts(now);
        agent.begin_watches(now, loaded.watches);
        agent.take_up_proposals(now, loaded.proposals);
        agent.drain_endpoint(now);
        agent
    }

    /// One whole SIP message, or garbage, which is counted and never an error.
    pub fn handle_message(&mut self, now: Now, from: Received, bytes: &[u8]) {
        if bytes.starts_with(b"OPTIONS ") {
            self.endpoint.set_unwilling(self.unwilling());
        }
        self.endpoint.handle_message(now, from, bytes);
        self.drain_endpoint(now);
    }

    /// A message of [`Output::Transmit`] could not be sent, or its connection broke.
    pub fn handle_transport_failure(&mut self, now: Now, what: &Transmit, why: &str) {
        self.endpoint.handle_transport_failure(now, what, why);
        self.drain_endpoint(now);
    }

    /// A connection that we opened is gone: whoever reached us on it does so no more.
    pub fn handle_connection_ended(&mut self, now: Now, transport: Transport, remote: SocketAddr) {
        self.endpoint.handle_connection_ended(now, transport, remote);
        self.drain_endpoint(now);
    }

    /// The answer to an effect, failure included.
    pub fn handle_done(&mut self, now: Now, done: Done) {
        match done {
            Done::BuiltInFound(found) => self.handle_built_in_found(found),
            Done::Counted { call, counters, levels } => self.handle_counted(now, call, counters, levels),
            Done::Located { id, result } => {
                if let Some(waiting) = self.waiting.remove(&id) {
                    self.handle_located(now, waiting, result);
                }
            }
            Done::MediaClosed { call, counters } => self.handle_media_closed(now, call, counters),
            Done::MediaOpened { call, result, ice } => self.handle_media_opened(now, call, (result, ice)),
            Done::Listening { result } => self.handle_listening(now, result),
            Done::NetworkLooked(network) => self.handle_network(now, *network),
            Done::SoundChanged { call, side, news } => self.handle_sound_changed(call, side, news),
            Done::SourceEnded { call } => self.handle_source_ended(now, call),
            Done::Stored { id, result } => {
                self.tell_rows(id, result.is_ok());
                if let Some(waiting) = self.waiting.remove(&id) {
                    self.handle_stored(now, id, waiting, result);
                }
            }
            Done::StreamEvent { call, event, counters } => self.handle_stream_event(now, call, event, counters),
            Done::RecordingEnded { call, failure } => self.handle_recording_ended(call, failure),
            Done::RingSilent { device, why } => self.handle_ring_silent(&device, &why),
            Done::RelayFailed { call, failure } => self.handle_relay_failed(call, failure),
            Done::StreamFailed { call, failure } => self.handle_stream_failed(now, call, failure),
        }
        self.drain_endpoint(now);
    }

    pub fn handle_timeout(&mut self, now: Now) {
        self.endpoint.handle_timeout(now);
        self.handle_account_timeout(now);
        self.handle_publication_timeout(now);
        self.handle_ask_timeout(now);
        self.handle_review_timeout(now);
        self.handle_negotiation_timeout(now);
        self.handle_call_timeout(now);
        self.handle_notifying_timeout(now);
        self.handle_watch_timeout(now);
        self.handle_server_watchers_timeout(now);
        self.handle_mailbox_timeout(now);
        self.handle_quiet_timeout(now);
        self.handle_movement_timeout(now);
        self.drain_endpoint(now);
    }

    /// What the user wants. Refused at once, or accepted and followed by events.
    pub fn command(&mut self, now: Now, what: Command) -> Result<Accepted, Failure> {
        let accepted = self.carry_out(now, what);
        self.drain_endpoint(now);
        accepted
    }

    fn drain_endpoint(&mut self, now: Now) {
        loop {
            while let Some(transmit) = self.endpoint.poll_transmit() {
                self.outputs.push_back(Output::Transmit(transmit));
            }
            while let Some((transport, remote)) = self.endpoint.poll_hangup() {
                self.outputs.push_back(Output::Disconnect(transport, remote));
            }
            match self.endpoint.poll_event() {
                Some(event) => self.handle_endpoint_event(now, event),
                None => {
                    // What an ask has further to put comes before the same of a watch.
                    self.put_further_devices(now);
                    if !self.settle_transfers(now) && !self.settle_watches(now) {
                        break;
                    }
                }
            }
        }
        self.settle_signal();
        self.tell_known_places();
        self.check_stopped(now);
    }

    fn handle_endpoint_event(&mut self, now: Now, event: EndpointEvent) {
        match event {
            EndpointEvent::SubscriptionAccepted { id, expires } => match self.watch_of(id) {
                Some(key) => self.handle_watch_accepted(now, &key, expires),
                None => self.handle_subscription_accepted(id),
            },
            EndpointEvent::RefreshFailed { id, cause } => {
                if let Some(key) = self.watch_of(id) {
                    self.handle_refresh_failed(now, &key, cause);
                }
            }
            EndpointEvent::SubscriptionProgress { id, what } => self.handle_subscription_progress(now, id, what),
            EndpointEvent::Notified { id, from, relayed, state, body } => {
                // A proxy's address says nothing of where the peer is.
                let observed = (!relayed).then(|| from.remote.ip());
                if self.handle_proposal_notified(now, id, body.as_ref()) {
                    return;
                }
                if let Some(entity) = self.mailbox_of(id) {
                    return self.handle_mailbox(&entity, body);
                }
                match (self.watch_of(id), self.server_watchers_of(id)) {
                    (Some(key), _) => self.handle_watch_notified(now, &key, observed, &state, body),
                    (None, Some(entity)) => self.handle_server_watchers(now, &entity, body),
                    (None, None) => self.handle_notified(now, id, observed, &state, body),
                }
            }
            EndpointEvent::SubscriptionEnded { id, cause, .. } if self.is_of_proposal(id) => {
                self.handle_proposal_ended(now, id, cause);
            }
            EndpointEvent::SubscriptionEnded { id, cause, ids } => {
                if let Some(entity) = self.mailbox_of(id) {
                    return self.handle_mailbox_ended(now, &entity, cause);
                }
                match (self.watch_of(id), self.server_watchers_of(id)) {
                    (Some(key), _) => {
                        self.forget_watch_subscription(id);
                        self.handle_watch_ended(now, &key, cause);
                    }
                    (None, Some(entity)) => self.handle_server_watchers_ended(now, &entity, cause),
                    (None, None) => self.handle_subscription_ended(now, id, cause, ids),
                }
            }
            EndpointEvent::SubscriptionAtRisk { id } => {
                if let Some(key) = self.watch_of(id) {
                    self.handle_watch_at_risk(now, &key);
                }
            }
            EndpointEvent::Registered { .. }
            | EndpointEvent::RegistrationAtRisk { .. }
            | EndpointEvent::RegistrationHeard { .. }
            | EndpointEvent::RegistrationRetried { .. }
            | EndpointEvent::RegistrationFailed { .. }
            | EndpointEvent::RegistrationRefused { .. }
            | EndpointEvent::Unregistered { .. } => self.handle_registration(now, event),
            EndpointEvent::MessageDelivered { id, kept } => self.handle_message_delivered(id, kept),
            EndpointEvent::MessageFailed { id, cause, ids } => self.handle_message_failed(now, id, cause, ids),
            EndpointEvent::Messaged { id, sender, text, .. } => self.handle_messaged(now, id, &sender, &text),
            EndpointEvent::Summarised { id, from, about, body } => {
                self.handle_summarised(now, id, (from, &about), &body);
            }
            EndpointEvent::PublicationFailed { .. }
            | EndpointEvent::PublicationRetried { .. }
            | EndpointEvent::PublicationRefused { .. }
            | EndpointEvent::Published { .. }
            | EndpointEvent::Unpublished { .. } => self.handle_publication(now, event),
            EndpointEvent::NotifierEnded { .. } | EndpointEvent::Subscribed { .. } => self.handle_notifying(now, event),
            call => self.handle_call_event(now, call),
        }
    }

    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub fn poll_timeout(&self) -> Option<Deadline> {
        let stop = self.stopping.map(|at| Deadline { at, why: "stopping" });
        let stories = [self.account_deadline(), self.ask_deadline(), self.review_deadline(), self.call_deadline()];
        let watches = [
            self.notifying_deadline(),
            self.watch_deadline(),
            self.server_watchers_deadline(),
            self.mailbox_deadline(),
            self.movement_deadline(),
            self.negotiation_deadline(),
            self.quiet_deadline(),
        ];
        stories.into_iter().chain(watches).chain([self.endpoint.poll_timeout(), stop]).fold(None, Deadline::earliest)
    }
}
