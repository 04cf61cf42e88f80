//! Reliable provisional answers (RFC 3262), one side each.

use std::time::Duration;

use super::dialog::Dialog;
use super::headers::{CSeq, Headers, RAck, RSeq};
use super::transaction::Timing;
use super::{read, Body, HeaderName, Method, Request, Response, Transmit};
use crate::vocab::Mono;

/// The option tag.
pub(crate) const RELIABLE: &str = "100rel";

/// The highest RSeq to begin with (RFC 3262 section 3).
const HIGHEST: u32 = 0x7fff_ffff;

/// How a provisional answer to an INVITE goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Once, and nobody knows whether it came.
    Plain,
    /// Until PRACK comes.
    Reliable,
    /// Not at all: it would have to be reliable, and then to hold the offer that is not made before the 200 (RFC 3262
    /// section 5).
    Silent,
}

impl Manner {
    /// What the INVITE with these headers asks for. Who supports it gets it, as who requires it must.
    pub fn wanted(headers: &Headers, has_offer: bool) -> Self {
        let tagged = |name| read::list(headers, name).iter().any(|tag| tag.eq_ignore_ascii_case(RELIABLE));
        match (tagged(HeaderName::REQUIRE), tagged(HeaderName::SUPPORTED), has_offer) {
            (true, _, true) | (false, true, true) => Self::Reliable,
            (true, _, false) => Self::Silent,
            _ => Self::Plain,
        }
    }
}

/// The callee's: sent again until its PRACK comes (RFC 3262 section 3).
#[derive(Debug)]
pub(crate) struct Unpracked {
    pub response: Transmit,
    pub rseq: u32,
    /// The number of the INVITE.
    pub cseq: u32,
    /// None after the final answer.
    timer: Option<Timer>,
}

#[derive(Debug)]
struct Timer {
    resend: Mono,
    pause: Duration,
    give_up: Mono,
}

impl Unpracked {
    pub fn new(now: Mono, timing: &Timing, response: Transmit, rseq: u32, cseq: u32) -> Self {
        let timer = Timer { resend: now + timing.t1, pause: timing.t1, give_up: now + timing.patience() };
        Self { response, rseq, cseq, timer: Some(timer) }
    }

    pub fn is_meant_by(&self, rack: &RAck) -> bool {
        rack.response == self.rseq && rack.request == CSeq { number: self.cseq, method: Method::Invite }
    }

    /// A final answer goes out: it is sent no more, and a PRACK for it is still welcome.
    pub fn stop(&mut self) {
        self.timer = None;
    }

    pub fn is_over(&self, now: Mono) -> bool {
        self.timer.as_ref().is_some_and(|timer| timer.give_up <= now)
    }

    /// Due now. The pause doubles, without an end but that of patience.
    pub fn resend(&mut self, now: Mono) -> Option<Transmit> {
        let timer = self.timer.as_mut().filter(|timer| timer.resend <= now)?;
        timer.pause = timer.pause.saturating_mul(2);
        timer.resend = now + timer.pause;
        Some(self.response.clone())
    }

    pub fn deadline(&self) -> Option<Mono> {
        self.timer.as_ref().map(|timer| timer.resend.min(timer.give_up))
    }
}

/// The number that comes after `last`, or a first one out of `random`.
pub(crate) fn next_rseq(last: Option<u32>, random: u32) -> u32 {
    match last {
        Some(last) => last.wrapping_add(1).max(1),
        None => (random & HIGHEST).max(1),
    }
}

/// The caller's dialog with one callee that answers provisionally.
#[derive(Debug)]
pub(crate) struct Early {
    pub dialog: Dialog,
    /// Of the last one that was acknowledged.
    pub rseq: Option<u32>,
    /// How many were.
    pub count: u32,
    /// The answer to our offer, which the 2xx need not repeat (RFC 3262 section 5).
    pub answer: Option<Body>,
}

/// Reliable provisional answers of one callee that are acknowledged; one rings and is forwarded a few times.
pub(crate) const MOST: u32 = 16;

/// Octets of the proxies that a provisional answer records: each PRACK has them, and nobody is proven yet.
pub(crate) const LONGEST_ROUTE: usize = 4096;

/// What a provisional answer to our INVITE is to the order of those before it (RFC 3262 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// It is not sent reliably.
    Unreliable,
    /// The first, or the next.
    Next(u32),
    /// It came before, or one is missing before it: it is as if it had not come.
    Out,
}

pub(crate) fn order(response: &Response, last: Option<u32>) -> Order {
    let headers = response.headers();
    let required = read::list(headers, HeaderName::REQUIRE).iter().any(|tag| tag.eq_ignore_ascii_case(RELIABLE));
    let rseq = headers.typed::<RSeq>().ok().flatten().map(|rseq| rseq.0);
    match (rseq.filter(|_| required && response.status() > 100), last) {
        (None, _) => Order::Unreliable,
        (Some(rseq), None) => Order::Next(rseq),
        (Some(rseq), Some(last)) if rseq == last.wrapping_add(1) => Order::Next(rseq),
        (Some(_), Some(_)) => Order::Out,
    }
}

/// The PRACK for the response with this RSeq.
pub(crate) fn prack(dialog: &mut Dialog, rseq: u32, response: &Response) -> Option<Request> {
    let rack = RAck { response: rseq, request: read::cseq(response.headers())? };
    let mut request = dialog.request(Method::Prack);
    super::send::push(&mut request, "RAck", &rack.to_string());
    Some(request)
}
