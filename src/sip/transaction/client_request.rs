use std::time::Duration;

use super::{Expiry, Reaction, Timing};
use crate::vocab::Mono;

/// The client transaction of every method but INVITE and ACK (RFC 3261 section 17.1.2).
#[derive(Clone, Debug)]
pub struct ClientRequest {
    timing: Timing,
    reliable: bool,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Trying and Proceeding: Timers E (none on a reliable transport) and F run.
    Pending {
        provisional: bool,
        resend: Option<Mono>,
        pause: Duration,
        give_up: Mono,
    },
    /// Timer K runs.
    Completed {
        until: Mono,
    },
    Terminated,
}

impl ClientRequest {
    pub fn new(now: Mono, timing: Timing, reliable: bool) -> Self {
        let resend = (!reliable).then(|| now + timing.t1);
        let give_up = now + timing.patience();
        let state = State::Pending { provisional: false, resend, pause: timing.t1, give_up };
        Self { timing, reliable, state }
    }

    pub fn handle_response(&mut self, now: Mono, status: u16) -> Reaction {
        match &mut self.state {
            State::Pending { provisional, .. } if status < 200 => {
                *provisional = true;
                Reaction::Deliver
            }
            State::Pending { .. } => {
                self.state = match self.reliable {
                    true => State::Terminated,
                    false => State::Completed { until: now + self.timing.linger(false) },
                };
                Reaction::Deliver
            }
            State::Completed { .. } | State::Terminated => Reaction::Absorb,
        }
    }

    pub fn handle_timeout(&mut self, now: Mono) -> Option<Expiry> {
        let timing = self.timing;
        match &mut self.state {
            State::Pending { give_up, .. } if *give_up <= now => {
                self.state = State::Terminated;
                Some(Expiry::TimedOut)
            }
            State::Pending { provisional, resend: Some(at), pause, .. } if *at <= now => {
                *pause = if *provisional { timing.t2 } else { timing.doubled(*pause) };
                *at = now + *pause;
                Some(Expiry::Resend)
            }
            State::Completed { until } if *until <= now => {
                self.state = State::Terminated;
                Some(Expiry::Over)
            }
            _ => None,
        }
    }

    pub fn deadline(&self) -> Option<(Mono, &'static str)> {
        match self.state {
            State::Pending { resend: Some(at), give_up, .. } if at < give_up => Some((at, "SIP timer E")),
            State::Pending { give_up, .. } => Some((give_up, "SIP timer F")),
            State::Completed { until } => Some((until, "SIP timer K")),
            State::Terminated => None,
        }
    }

    /// No final answer came yet.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, State::Pending { .. })
    }

    pub fn is_terminated(&self) -> bool {
        self.state == State::Terminated
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ladder, ms};
    use super::*;

    fn request(reliable: bool) -> ClientRequest {
        ClientRequest::new(ms(0), Timing::new(Duration::from_millis(500)), reliable)
    }

    #[test]
    fn timer_e_doubles_up_to_t2_until_timer_f() {
        let mut machine = request(false);
        let steps = ladder(|| machine.deadline().map(|(at, _)| (at, machine.handle_timeout(at))));
        let resends: Vec<u64> = steps.iter().filter(|s| s.1 == Some(Expiry::Resend)).map(|s| s.0).collect();
        assert_eq!(resends, [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
        assert_eq!(steps.last(), Some(&(32_000, Some(Expiry::TimedOut))));
    }

    #[test]
    fn a_provisional_answer_slows_it_to_t2_but_does_not_stop_it() {
        let mut machine = request(false);
        assert_eq!(machine.handle_response(ms(100), 100), Reaction::Deliver);
        assert_eq!(machine.handle_timeout(ms(500)), Some(Expiry::Resend));
        assert_eq!(machine.deadline(), Some((ms(4500), "SIP timer E")));
    }

    #[test]
    fn a_final_answer_is_told_once_and_timer_k_absorbs_the_rest() {
        let mut machine = request(false);
        assert_eq!(machine.handle_response(ms(100), 200), Reaction::Deliver);
        assert_eq!(machine.handle_response(ms(600), 200), Reaction::Absorb);
        assert_eq!(machine.deadline(), Some((ms(5100), "SIP timer K")));
    }

    #[test]
    fn a_stream_is_done_with_the_answer() {
        let mut machine = request(true);
        assert_eq!(machine.deadline(), Some((ms(32_000), "SIP timer F")));
        machine.handle_response(ms(100), 200);
        assert!(machine.is_terminated());
    }
}
