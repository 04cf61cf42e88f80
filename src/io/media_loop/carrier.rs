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

/// Legs of one carrier: what the quarter of them does that is due at a tick must be done well within it, on a slow machine too. Each awakening of a thread
/// costs as much as half a leg's frame, so fewer would cost more.
pub const MOST: usize = 128;

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
    berths: Vec<Berth>,
    outbox: Outbox,
    readiness: Readiness,
    batch: Batch,
}

/// A leg, and what is asked of each of them at each awakening: many legs lie in more memory than the processor has at hand, and these answers do not.
struct Berth {
    leg: Box<RunningLeg>,
    /// When its next frame is due.
    next: Mono,
    is_over: bool,
    takes_at_once: bool,
}

impl Berth {
    fn new(leg: RunningLeg) -> Self {
        let (next, is_over, takes_at_once) = (leg.next(), leg.is_over(), leg.takes_at_once());
        Self { leg: Box::new(leg), next, is_over, takes_at_once }
    }

    /// Does something with the leg, unless it was closed by now, and asks it anew.
    fn guarded(&mut self, work: impl FnOnce(&mut RunningLeg)) {
        if !self.leg.is_over() {
            self.leg.guarded(work);
        }
        (self.next, self.is_over, self.takes_at_once) = (self.leg.next(), self.leg.is_over(), self.leg.takes_at_once());
    }
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
        let (berths, outbox) = (Vec::new(), Outbox::default());
        Self { carrier, clock, dones, berths, outbox, readiness: Readiness::default(), batch: Batch::new() }
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
            let is_empty = self.berths.is_empty() && self.outbox.is_empty();
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
            self.berths.push(Berth::new(leg));
        }
    }

    fn frames(&mut self) {
        let begun = self.clock.now().mono;
        for berth in &mut self.berths {
            while !berth.is_over && berth.next <= begun {
                // Those before it took their time.
                let now = self.clock.now();
                berth.guarded(|leg| leg.frame(now, &mut self.batch, &mut self.outbox));
            }
        }
    }

    /// How many there were.
    fn end_what_is_over(&mut self) -> usize {
        let mut ended = 0;
        for berth in self.berths.extract_if(.., |berth| berth.is_over) {
            berth.leg.end(self.clock.now(), &mut self.batch, &mut self.outbox);
            ended += 1;
        }
        self.carrier.legs.fetch_sub(ended, Ordering::AcqRel);
        ended
    }

    /// Until a frame is due, a datagram came to a leg that does not wait for its frame, or the bell rang; opens what came. `false` if none of it
    /// happened in the time.
    fn rest(&mut self, patience: Duration) -> bool {
        let now = self.clock.now().mono;
        let frame = self.berths.iter().map(|berth| berth.next).min().map(|next| next - now);
        let answers = (!self.outbox.is_empty()).then_some(TICK);
        let limit = [frame, answers].into_iter().flatten().min().unwrap_or(patience);
        let mut inbox = self.carrier.inbox();
        if !inbox.new.is_empty() {
            return true;
        }
        inbox.wakes_at = now + limit;
        drop(inbox);
        let bell = std::iter::once(self.carrier.bell.as_fd());
        let at_once = self.berths.iter().filter(|berth| berth.takes_at_once).map(|berth| berth.leg.as_fd());
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
        for (index, berth) in self.berths.iter_mut().filter(|berth| berth.takes_at_once).enumerate() {
            if self.readiness.is_ready(index + 1) {
                came = true;
                berth.guarded(|leg| leg.receive(now, &mut self.batch, &mut self.outbox));
            }
        }
        rang || came
    }
}
