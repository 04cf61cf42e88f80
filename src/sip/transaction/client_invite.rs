use std::time::Duration;

use super::{Expiry, Reaction, Timing};
use crate::vocab::Mono;

/// The INVITE client transaction (RFC 3261 section 17.1.1, with the Accepted state of RFC 6026 section 7.2).
#[derive(Clone, Debug)]
pub struct ClientInvite {
    timing: Timing,
    reliable: bool,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Timers A (none on a reliable transport) and B run.
    Calling {
        resend: Option<Mono>,
        pause: Duration,
        give_up: Mono,
    },
    Proceeding,
    /// Timer D runs.
    Completed {
        until: Mono,
    },
    /// Timer M runs.
    Accepted {
        until: Mono,
    },
    Terminated,
}

impl ClientInvite {
    pub fn new(now: Mono, timing: Timing, reliable: bool) -> Self {
        let resend = (!reliable).then(|| now + timing.t1);
        let state = State::Calling { resend, pause: timing.t1, give_up: now + timing.patience() };
        Self { timing, reliable, state }
    }

    pub fn handle_response(&mut self, now: Mono, status: u16) -> Reaction {
        match (self.state, status) {
            (State::Calling { .. } | State::Proceeding, 100..=199) => {
                self.state = State::Proceeding;
                Reaction::Deliver
            }
            (State::Calling { .. } | State::Proceeding | State::Accepted { .. }, 200..=299) => {
                if !matches!(self.state, State::Accepted { .. }) {
                    self.state = State::Accepted { until: now + self.timing.patience() };
                }
                Reaction::Deliver
            }
            (State::Calling { .. } | State::Proceeding, _) => {
                self.state = match self.reliable {
                    true => State::Terminated,
                    false => State::Completed { until: now + self.timing.patience() },
                };
                Reaction::AckAndDeliver
            }
            (State::Completed { .. }, 300..) => Reaction::Ack,
            _ => Reaction::Absorb,
        }
    }

    pub fn handle_timeout(&mut self, now: Mono) -> Option<Expiry> {
        match &mut self.state {
            State::Calling { give_up, .. } if *give_up <= now => {
                self.state = State::Terminated;
                Some(Expiry::TimedOut)
            }
            State::Calling { resend: Some(at), pause, .. } if *at <= now => {
                *pause = pause.saturating_mul(2);
                *at = now + *pause;
                Some(Expiry::Resend)
            }
            State::Accepted { until } | State::Completed { until } if *until <= now => {
                self.state = State::Terminated;
                Some(Expiry::Over)
            }
            _ => None,
        }
    }

    pub fn deadline(&self) -> Option<(Mono, &'static str)> {
        match self.state {
            State::Calling { resend: Some(at), give_up, .. } if at < give_up => Some((at, "SIP timer A")),
            State::Calling { give_up, .. } => Some((give_up, "SIP timer B")),
            State::Completed { until } => Some((until, "SIP timer D")),
            State::Accepted { until } => Some((until, "SIP timer M")),
            State::Proceeding | State::Terminated => None,
        }
    }

    /// A provisional answer came and no final one yet: only then may a CANCEL be sent (RFC 3261 section 9.1).
    pub fn is_proceeding(&self) -> bool {
        self.state == State::Proceeding
    }

    /// No final answer came yet.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, State::Calling { .. } | State::Proceeding)
    }

    pub fn is_terminated(&self) -> bool {
        self.state == State::Terminated
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ladder, ms};
    use super::*;

    fn invite(reliable: bool) -> ClientInvite {
        ClientInvite::new(ms(0), Timing::new(Duration::from_millis(500)), reliable)
    }

    #[test]
    fn timer_a_doubles_until_timer_b() {
        let mut machine = invite(false);
        let steps = ladder(|| machine.deadline().map(|(at, _)| (at, machine.handle_timeout(at))));
        let resends: Vec<u64> = steps.iter().filter(|s| s.1 == Some(Expiry::Resend)).map(|s| s.0).collect();
        assert_eq!(resends, [500, 1500, 3500, 7500, 15_500, 31_500]);
        assert_eq!(steps.last(), Some(&(32_000, Some(Expiry::TimedOut))));
        assert!(machine.is_terminated());
    }

    #[test]
    fn a_stream_sends_once_and_still_gives_up() {
        let mut machine = invite(true);
        let steps = ladder(|| machine.deadline().map(|(at, _)| (at, machine.handle_timeout(at))));
        assert_eq!(steps, [(32_000, Some(Expiry::TimedOut))]);
    }

    #[test]
    fn a_provisional_answer_stops_the_clock() {
        let mut machine = invite(false);
        assert_eq!(machine.handle_response(ms(100), 180), Reaction::Deliver);
        assert_eq!((machine.deadline(), machine.is_proceeding()), (None, true));
    }

    #[test]
    fn every_repeated_refusal_is_acknowledged_and_told_once() {
        let mut machine = invite(false);
        assert_eq!(machine.handle_response(ms(100), 486), Reaction::AckAndDeliver);
        assert_eq!(machine.handle_response(ms(600), 486), Reaction::Ack);
        assert_eq!(machine.handle_response(ms(700), 200), Reaction::Absorb);
        assert_eq!(machine.deadline(), Some((ms(32_100), "SIP timer D")));
        assert_eq!(machine.handle_timeout(ms(32_100)), Some(Expiry::Over));
        assert!(machine.is_terminated());
    }

    #[test]
    fn every_2xx_is_delivered_for_timer_m_counted_from_the_first() {
        let mut machine = invite(false);
        assert_eq!(machine.handle_response(ms(100), 200), Reaction::Deliver);
        assert_eq!(machine.handle_response(ms(900), 200), Reaction::Deliver);
        assert_eq!(machine.handle_response(ms(900), 486), Reaction::Absorb);
        assert_eq!(machine.deadline(), Some((ms(32_100), "SIP timer M")));
    }
}
