use std::time::Duration;

use super::{Expiry, Timing};
use crate::vocab::Mono;

/// The INVITE server transaction (RFC 3261 section 17.2.1, with the Accepted state of RFC 6026 section 7.1).
///
/// The 2xx is sent again by the session, not here (RFC 3261 section 13.3.1.4).
#[derive(Clone, Debug)]
pub struct ServerInvite {
    timing: Timing,
    reliable: bool,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// `trying` is when to send a 100, unless something else was sent before.
    Proceeding {
        trying: Option<Mono>,
    },
    /// Timers G (none on a reliable transport) and H run.
    Completed {
        resend: Option<Mono>,
        pause: Duration,
        give_up: Mono,
    },
    /// Timer I runs.
    Confirmed {
        until: Mono,
    },
    /// Timer L runs.
    Accepted {
        until: Mono,
    },
    Terminated,
}

impl ServerInvite {
    /// A 100 goes out if nothing else did by then (RFC 3261 section 17.2.1).
    pub const TRYING_AFTER: Duration = Duration::from_millis(200);

    pub fn new(now: Mono, timing: Timing, reliable: bool) -> Self {
        Self { timing, reliable, state: State::Proceeding { trying: Some(now + Self::TRYING_AFTER) } }
    }

    /// We answer. Says whether this answer is still to be sent.
    pub fn respond(&mut self, now: Mono, status: u16) -> bool {
        let State::Proceeding { trying } = &mut self.state else {
            return matches!(self.state, State::Accepted { .. }) && (200..300).contains(&status);
        };
        let give_up = now + self.timing.patience();
        match status {
            0..=199 => *trying = None,
            200..=299 => self.state = State::Accepted { until: give_up },
            _ => {
                let resend = (!self.reliable).then(|| now + self.timing.t1);
                self.state = State::Completed { resend, pause: self.timing.t1, give_up };
            }
        }
        true
    }

    /// The same INVITE came again. Says whether to send the last answer again.
    pub fn handle_retransmission(&mut self) -> bool {
        matches!(self.state, State::Proceeding { .. } | State::Completed { .. })
    }

    /// The ACK for a final answer of 300 or more.
    pub fn handle_ack(&mut self, now: Mono) {
        if matches!(self.state, State::Completed { .. }) {
            self.state = match self.reliable {
                true => State::Terminated,
                false => State::Confirmed { until: now + self.timing.linger(false) },
            };
        }
    }

    pub fn handle_timeout(&mut self, now: Mono) -> Option<Expiry> {
        let timing = self.timing;
        match &mut self.state {
            State::Proceeding { trying } if trying.is_some_and(|at| at <= now) => {
                *trying = None;
                Some(Expiry::Trying)
            }
            State::Completed { give_up, .. } if *give_up <= now => {
                self.state = State::Terminated;
                Some(Expiry::TimedOut)
            }
            State::Completed { resend: Some(at), pause, .. } if *at <= now => {
                *pause = timing.doubled(*pause);
                *at = now + *pause;
                Some(Expiry::Resend)
            }
            State::Accepted { until } | State::Confirmed { until } if *until <= now => {
                self.state = State::Terminated;
                Some(Expiry::Over)
            }
            _ => None,
        }
    }

    pub fn deadline(&self) -> Option<(Mono, &'static str)> {
        match self.state {
            State::Proceeding { trying } => trying.map(|at| (at, "SIP 100 due")),
            State::Completed { resend: Some(at), give_up, .. } if at < give_up => Some((at, "SIP timer G")),
            State::Completed { give_up, .. } => Some((give_up, "SIP timer H")),
            State::Confirmed { until } => Some((until, "SIP timer I")),
            State::Accepted { until } => Some((until, "SIP timer L")),
            State::Terminated => None,
        }
    }

    /// No final answer was given yet.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, State::Proceeding { .. })
    }

    pub fn is_terminated(&self) -> bool {
        self.state == State::Terminated
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ladder, ms};
    use super::*;

    fn invite(reliable: bool) -> ServerInvite {
        ServerInvite::new(ms(0), Timing::new(Duration::from_millis(500)), reliable)
    }

    #[test]
    fn a_100_is_due_after_200_ms_unless_we_ring_before() {
        let mut machine = invite(false);
        assert_eq!(machine.deadline(), Some((ms(200), "SIP 100 due")));
        assert_eq!(machine.handle_timeout(ms(200)), Some(Expiry::Trying));
        assert_eq!(machine.deadline(), None);
        let mut machine = invite(false);
        assert!(machine.respond(ms(10), 180));
        assert_eq!(machine.deadline(), None);
    }

    #[test]
    fn timer_g_doubles_up_to_t2_until_timer_h() {
        let mut machine = invite(false);
        assert!(machine.respond(ms(0), 486));
        let steps = ladder(|| machine.deadline().map(|(at, _)| (at, machine.handle_timeout(at))));
        let resends: Vec<u64> = steps.iter().filter(|s| s.1 == Some(Expiry::Resend)).map(|s| s.0).collect();
        assert_eq!(resends, [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
        assert_eq!(steps.last(), Some(&(32_000, Some(Expiry::TimedOut))));
    }

    #[test]
    fn the_ack_starts_timer_i() {
        let mut machine = invite(false);
        machine.respond(ms(0), 486);
        machine.handle_ack(ms(100));
        assert_eq!(machine.deadline(), Some((ms(5100), "SIP timer I")));
        assert!(!machine.handle_retransmission());
        let mut stream = invite(true);
        stream.respond(ms(0), 486);
        stream.handle_ack(ms(100));
        assert!(stream.is_terminated());
    }

    #[test]
    fn a_repeated_invite_gets_the_last_answer_again_but_not_a_second_2xx_from_here() {
        let mut machine = invite(false);
        machine.respond(ms(0), 180);
        assert!(machine.handle_retransmission());
        assert!(machine.respond(ms(0), 200));
        assert!(!machine.handle_retransmission());
        assert_eq!(machine.deadline(), Some((ms(32_000), "SIP timer L")));
        assert!(machine.respond(ms(500), 200), "the session sends its 2xx again through here");
        assert!(!machine.respond(ms(500), 486), "an accepted call cannot be refused");
    }
}
