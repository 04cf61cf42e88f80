//! The task that owns the [`Agent`]: one input at a time, then everything that the agent wants done, then the next.
//!
//! Inputs are UDP, TCP and TLS messages, answers to effects, requests of the user interfaces and the agent's own deadline. One
//! of each is taken in turn (`queues`), so that no busy source starves another, and a deadline that has passed goes before all.
//!
//! What the agent wants stored waits in the backlog until the store has a place for it. When that has grown long the
//! network has to wait as well; peers send again what was not answered.

mod backlog;
mod effects;
mod handle;
mod queues;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{broadcast, mpsc, watch, Semaphore};
use tokio::time::{Instant, Sleep};

use super::audio::Bell;
use super::fair_queue::FairQueue;
use super::media_loop::MediaLoops;
use super::network_watch;
use super::tcp::Tcp;
use super::udp::Udp;
use super::{Clock, KeyLog, Resolver, SipSockets, Store, Tls};
use crate::agent::{Agent, AgentConfig, Command, Done, Effect, Event, Listen, Loaded, Output};
use crate::sip::{Received, Transmit, Transport};
use crate::vocab::{Failure, FailureKind, Mono};

pub use handle::SignallingHandle;

use backlog::Backlog;
use handle::Request;
use queues::{Input, Queues};

/// Requests of user interfaces that may wait; one more waits outside.
pub const REQUESTS: usize = 64;
/// Events that a slow receiver may fall behind.
pub const EVENTS: usize = 1024;
/// Messages that may wait from TCP, TLS and WebSocket; a full queue stops the reading of connections. Of UDP:
/// `fair_queue`.
pub const INBOUND: usize = 256;
/// Answers to effects that may wait; whoever answers waits while it is full.
pub const DONES: usize = 256;
/// Host names that are looked up at once; one more fails with `resolver-busy`.
pub const LOOKUPS: usize = 16;
/// How long calls and subscriptions may take to end.
pub const STOP_LIMIT: Duration = Duration::from_secs(5);

/// The longest sleep. Timers of the runtime do not count while the machine sleeps, ours do: after waking up the loop
/// is at most this late.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// What came from a transport.
#[derive(Debug)]
pub enum Inbound {
    /// A connection that we opened is gone, and not for being idle.
    Ended {
        transport: Transport,
        remote: std::net::SocketAddr,
    },
    /// What was to be sent was not, or nobody will answer it.
    Failed {
        what: Transmit,
        why: String,
    },
    Message {
        from: Received,
        bytes: Bytes,
    },
}

/// What the loop is made of.
pub struct Parts {
    /// Its `listen` is what `sockets` really are bound to.
    pub config: AgentConfig,
    pub loaded: Loaded,
    pub store: Store,
    pub sockets: SipSockets,
    pub tls: Tls,
    pub resolver: Resolver,
    pub keylog: Option<KeyLog>,
    /// It hears nobody but whoever listens there; without it everybody.
    pub only: Option<watch::Receiver<Vec<Listen>>>,
}

/// The loop itself. [`Signalling::start`] gives it to a task of the running tokio runtime.
pub struct Signalling {
    agent: Agent,
    clock: Clock,
    udp: Udp,
    tcp: Tcp,
    /// For the sockets at another address.
    tls: Tls,
    by_udp: FairQueue,
    to_tcp: mpsc::Sender<Inbound>,
    store: Store,
    media: MediaLoops,
    bell: Bell,
    keylog: Option<KeyLog>,
    events: broadcast::Sender<Event>,
    dones: mpsc::Sender<Done>,
    /// Answers that are known at once: given to the agent when its outputs are drained.
    answered: VecDeque<Done>,
    lookups: Arc<Semaphore>,
    resolver: Resolver,
    only: Option<watch::Receiver<Vec<Listen>>>,
    /// Store operations that have no place yet.
    backlog: Backlog,
    /// Store operations under way, those of the backlog included.
    storing: usize,
    stop_by: Option<Mono>,
    stopped: bool,
    /// Dropping it ends every task of the transports.
    _open: watch::Sender<()>,
}

impl Signalling {
    /// Must be called inside a tokio runtime. Fails when the machine gives no random numbers.
    pub fn start(parts: Parts) -> Result<SignallingHandle, Failure> {
        let (ended, stopped) = watch::channel(false);
        let (signalling, queues, handle) = Self::make(parts, stopped)?;
        tokio::spawn(signalling.run(queues, ended));
        Ok(handle)
    }

    fn make(parts: Parts, stopped: watch::Receiver<bool>) -> Result<(Self, Queues, SignallingHandle), Failure> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(no_randomness)?;
        let clock = Clock::start();
        let (requests, from_users) = mpsc::channel(REQUESTS);
        let (dones, from_hands) = mpsc::channel(DONES);
        let by_udp = FairQueue::default();
        let (to_tcp, from_tcp) = mpsc::channel(INBOUND);
        let (events, first) = broadcast::channel(EVENTS);
        let first = Arc::new(Mutex::new(Some(first)));
        let (open, while_open) = watch::channel(());
        parts.resolver.echo().inspect(|echo| echo.hear(parts.sockets.listening()));
        let handle = SignallingHandle { requests, events: events.clone(), first, store: parts.store.clone(), stopped };
        let signalling = Self {
            agent: Agent::new(parts.config, parts.loaded, seed, clock.now()),
            clock,
            udp: Udp::start(parts.sockets.udp, &by_udp, &while_open),
            tcp: Tcp::start(parts.sockets.tcp, parts.tls.clone(), to_tcp.clone(), while_open),
            tls: parts.tls,
            by_udp: by_udp.clone(),
            to_tcp,
            store: parts.store,
            media: MediaLoops::new(clock, dones.clone()),
            bell: Bell::new(clock, dones.clone()),
            keylog: parts.keylog,
            events,
            dones,
            answered: VecDeque::new(),
            lookups: Arc::new(Semaphore::new(LOOKUPS)),
            resolver: parts.resolver,
            only: parts.only,
            backlog: Backlog::default(),
            storing: 0,
            stop_by: None,
            stopped: false,
            _open: open,
        };
        // One inside a single command is over before it moves.
        if signalling.agent.config().stays {
            tokio::spawn(network_watch::watch(signalling.dones.clone()));
        }
        let queues = Queues::new(from_users, from_hands, by_udp, from_tcp);
        Ok((signalling, queues, handle))
    }

    async fn run(mut self, mut queues: Queues, ended: watch::Sender<bool>) {
        let mut alarm = std::pin::pin!(tokio::time::sleep(LONGEST_SLEEP));
        self.drain().await;
        while !self.is_over() {
            self.turn(&mut queues, alarm.as_mut()).await;
            self.drain().await;
        }
        // Nobody reads answers any more: whoever waits to give one must not wait for us.
        drop(queues);
        self.media.close_all().await;
        self.store_the_rest().await;
        self.store.close().await;
        drop(self);
        ended.send_replace(true);
    }

    /// Waits for one input, and gives it to the agent.
    async fn turn(&mut self, queues: &mut Queues, mut alarm: Pin<&mut Sleep>) {
        let deadline = self.agent.poll_timeout().map(|deadline| deadline.at);
        let now = self.clock.now();
        if deadline.is_some_and(|at| at <= now.mono) {
            return self.agent.handle_timeout(now);
        }
        // Others on this thread have their turns too.
        tokio::task::consume_budget().await;
        // While inputs come without a pause nobody waits for a place below.
        self.store_at_once();
        let listens = !self.backlog.is_long();
        if let Some(input) = queues.take(listens) {
            return self.input(input);
        }
        set(alarm.as_mut(), deadline.map_or(LONGEST_SLEEP, |at| at - now.mono));
        tokio::select! {
            input = queues.next(listens) => self.input(input),
            place = self.store.wait_for_place(), if !self.backlog.is_empty() => self.store_next(place),
            () = alarm => {}
        }
    }

    fn input(&mut self, input: Input) {
        match input {
            Input::Done(done) => self.done(done),
            Input::Inbound(inbound) => self.inbound(inbound),
            Input::Request(request) => self.request(request),
        }
    }

    fn request(&mut self, request: Request) {
        match request {
            Request::Command(command, reply) => {
                let now = self.clock.now();
                if matches!(command, Command::Stop) {
                    self.stop_by.get_or_insert(now.mono + STOP_LIMIT);
                }
                let _ = reply.send(self.agent.command(now, command));
            }
            Request::Query(query) => query(&self.agent),
        }
    }

    fn done(&mut self, done: Done) {
        match &done {
            Done::MediaClosed { call, .. } => self.media.forget(*call),
            Done::Stored { .. } => self.storing = self.storing.saturating_sub(1),
            _ => {}
        }
        self.agent.handle_done(self.clock.now(), done);
    }

    fn inbound(&mut self, inbound: Inbound) {
        let now = self.clock.now();
        match inbound {
            Inbound::Ended { transport, remote } => self.agent.handle_connection_ended(now, transport, remote),
            Inbound::Failed { what, why } => self.agent.handle_transport_failure(now, &what, &why),
            // Nothing is answered to others, not even that somebody listens.
            Inbound::Message { from, .. } if !self.hears(&from) => {}
            Inbound::Message { from, bytes } => self.agent.handle_message(now, from, &bytes),
        }
    }

    /// No other program has the address and port that the owner listens at.
    fn hears(&self, from: &Received) -> bool {
        let is_there = |owner: &Listen| {
            let is_ip = owner.address.ip().is_unspecified() || owner.address.ip() == from.remote.ip();
            owner.transport == from.transport && owner.address.port() == from.remote.port() && is_ip
        };
        self.only.as_ref().is_none_or(|only| only.borrow().iter().any(is_there))
    }

    /// Does all that the agent wants done, and what that leads to.
    async fn drain(&mut self) {
        loop {
            while let Some(output) = self.agent.poll() {
                self.perform(output).await;
            }
            let Some(done) = self.answered.pop_front() else { return };
            self.done(done);
        }
    }

    async fn perform(&mut self, output: Output) {
        match output {
            Output::Disconnect(transport, remote) => self.tcp.disconnect(transport, remote),
            Output::Effect(Effect::Listen { wanted }) => self.listen(&wanted).await,
            Output::Effect(effect) => self.effect(effect),
            Output::Event(event) => {
                self.stopped |= event == Event::Stopped;
                // Nobody listening is no failure.
                let _ = self.events.send(event);
            }
            Output::Transmit(what) => self.transmit(what).await,
        }
    }

    async fn transmit(&mut self, what: Transmit) {
        let sent = match what.transport {
            Transport::Udp => self.udp.send(what.remote, &what.bytes).await.map_err(|why| (what, why)),
            _ => self.tcp.send(what).map_err(|unsent| *unsent),
        };
        if let Err((what, why)) = sent {
            tracing::debug!(transport = %what.transport, why, "a message was not sent");
            self.agent.handle_transport_failure(self.clock.now(), &what, &why);
        }
    }

    /// Opens sockets there, and closes those of before: whoever is connected to them is at an address that is not ours any more.
    async fn listen(&mut self, wanted: &[Listen]) {
        let result = SipSockets::bind(wanted).await.map(|sockets| {
            let listening = sockets.listening().to_vec();
            self.resolver.echo().inspect(|echo| echo.hear(&listening));
            let (open, while_open) = watch::channel(());
            self.udp = Udp::start(sockets.udp, &self.by_udp, &while_open);
            self.tcp = Tcp::start(sockets.tcp, self.tls.clone(), self.to_tcp.clone(), while_open);
            self._open = open;
            listening
        });
        self.answered.push_back(Done::Listening { result });
    }

    /// The agent has ended its calls and subscriptions, and what it wanted kept is kept; or the time for that is up.
    fn is_over(&self) -> bool {
        let settled = self.stopped && self.storing == 0 && self.media.is_empty();
        settled || self.stop_by.is_some_and(|by| by <= self.clock.now().mono)
    }
}

/// Rings after so long, or earlier: one that rings in vain costs less than one that is set anew with every message.
fn set(alarm: Pin<&mut Sleep>, after: Duration) {
    let at = Instant::now() + after.min(LONGEST_SLEEP);
    if alarm.is_elapsed() || at < alarm.deadline() {
        alarm.reset(at);
    }
}

fn no_randomness(error: getrandom::Error) -> Failure {
    let message = format!("the machine gives no random numbers: {error}");
    Failure::new(FailureKind::Failed, "no-randomness", message, "/dev/urandom", "restart the machine")
}
