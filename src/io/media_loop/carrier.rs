//! One thread that carries legs, and where others put legs for it.

use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use super::leg::{MediaLeg, RunningLeg};
use super::outbox::Outbox;
use super::pace::TICK;
use crate::agent::Done;
use crate::io::os::{Batch, Bell, Readiness};
use crate::io::Clock;
use crate::vocab::Mono;

/// Legs of one carrier: what they do every 20 ms must be done well within a tick, on a slow machine too.
pub const MOST: usize = 32;

/// What is known of a carrier outside of its thread.
pub struct Carrier {
    inbox: Mutex<Inbox>,
    bell: Bell,
    /// Those in the inbox too.
    legs: AtomicUsize,
    /// What it carries may block, so no other leg comes to it.
    is_alone: AtomicBool,
}

struct Inbox {
    new: Vec<MediaLeg>,
    /// It looks in here then at the latest.
    wakes_at: Mono,
}

/// The thread's own side.
pub struct CarrierLoop<'a> {
    carrier: &'a Carrier,
    clock: Clock,
    dones: mpsc::Sender<Done>,
    legs: Vec<RunningLeg>,
    outbox: Outbox,
    readiness: Readiness,
    batch: Batch,
}

impl Carrier {
    pub fn new() -> std::io::Result<Self> {
        Ok(Self {
            inbox: Mutex::new(Inbox { new: Vec::new(), wakes_at: Mono::default() }),
            bell: Bell::new()?,
            legs: AtomicUsize::new(0),
            is_alone: AtomicBool::new(false),
        })
    }

    /// How many legs it has.
    pub fn legs(&self) -> usize {
        self.legs.load(Ordering::Acquire)
    }

    /// Whether it has room for such a leg.
    pub fn takes(&self, may_block: bool) -> bool {
        match self.legs() {
            0 => true,
            legs => !may_block && legs < MOST && !self.is_alone.load(Ordering::Acquire),
        }
    }

    /// Rings only where it would look later than a tick from now.
    pub fn give(&self, leg: MediaLeg, now: Mono) {
        self.legs.fetch_add(1, Ordering::AcqRel);
        self.is_alone.store(leg.may_block(), Ordering::Release);
        let mut inbox = self.inbox();
        inbox.new.push(leg);
        let sleeps = inbox.wakes_at > now + TICK;
        drop(inbox);
        if sleeps {
            self.bell.ring();
        }
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> CarrierLoop<'a> {
    pub fn new(carrier: &'a Carrier, clock: Clock, dones: mpsc::Sender<Done>) -> Self {
        let (legs, outbox) = (Vec::new(), Outbox::default());
        Self { carrier, clock, dones, legs, outbox, readiness: Readiness::default(), batch: Batch::new() }
    }

    /// Carries legs until it has had none for so long. `over` hears of each that has ended, before the agent does.
    pub fn run(&mut self, patience: Duration, mut over: impl FnMut()) {
        loop {
            self.take_new();
            self.frames();
            for _ in 0..self.end_what_is_over() {
                over();
            }
            self.outbox.tell(&self.dones);
            let is_empty = self.legs.is_empty() && self.outbox.is_empty();
            let rang_or_read = self.rest(if is_empty { patience } else { Duration::MAX });
            if is_empty && !rang_or_read {
                return;
            }
        }
    }

    fn take_new(&mut self) {
        let new = std::mem::take(&mut self.carrier.inbox().new);
        for leg in new {
            let leg = leg.start(self.clock.now(), &mut self.outbox);
            self.legs.push(leg);
        }
    }

    fn frames(&mut self) {
        let begun = self.clock.now().mono;
        for leg in &mut self.legs {
            while !leg.is_over() && leg.next() <= begun {
                // Those before it took their time.
                let now = self.clock.now();
                leg.guarded(|leg| leg.frame(now, &mut self.batch, &mut self.outbox));
            }
        }
    }

    /// How many there were.
    fn end_what_is_over(&mut self) -> usize {
        let mut ended = 0;
        for leg in self.legs.extract_if(.., |leg| leg.is_over()) {
            leg.end(self.clock.now(), &mut self.batch, &mut self.outbox);
            ended += 1;
        }
        self.carrier.legs.fetch_sub(ended, Ordering::AcqRel);
        ended
    }

    /// Until a frame is due, a datagram came to a leg that does not wait for its frame, or the bell rang; opens what came. `false` if none of it
    /// happened in the time.
    fn rest(&mut self, patience: Duration) -> bool {
        let now = self.clock.now().mono;
        let frame = self.legs.iter().map(RunningLeg::next).min().map(|next| next - now);
        let answers = (!self.outbox.is_empty()).then_some(TICK);
        let limit = [frame, answers].into_iter().flatten().min().unwrap_or(patience);
        let mut inbox = self.carrier.inbox();
        if !inbox.new.is_empty() {
            return true;
        }
        inbox.wakes_at = now + limit;
        drop(inbox);
        let bell = std::iter::once(self.carrier.bell.as_fd());
        let at_once = self.legs.iter().filter(|leg| leg.takes_at_once()).map(AsFd::as_fd);
        if let Err(error) = self.readiness.wait(bell.chain(at_once), limit) {
            tracing::warn!(%error, "the machine does not say which sockets have voice");
            std::thread::sleep(limit.min(TICK));
        }
        let rang = self.readiness.is_ready(0);
        if rang {
            self.carrier.bell.hush();
        }
        let now = self.clock.now();
        let mut came = false;
        for (index, leg) in self.legs.iter_mut().filter(|leg| leg.takes_at_once()).enumerate() {
            if self.readiness.is_ready(index + 1) {
                came = true;
                leg.guarded(|leg| leg.receive(now, &mut self.batch, &mut self.outbox));
            }
        }
        rang || came
    }
}
