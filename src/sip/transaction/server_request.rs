use super::{Expiry, Timing};
use crate::vocab::Mono;

/// The server transaction of every method but INVITE and ACK (RFC 3261 section 17.2.2).
#[derive(Clone, Debug)]
pub struct ServerRequest {
    timing: Timing,
    reliable: bool,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Trying and Proceeding. `give_up` is ours: the client stopped listening by then (Timer F).
    Pending {
        give_up: Mono,
    },
    /// Timer J runs.
    Completed {
        until: Mono,
    },
    Terminated,
}

impl ServerRequest {
    pub fn new(now: Mono, timing: Timing, reliable: bool) -> Self {
        Self { timing, reliable, state: State::Pending { give_up: now + timing.patience() } }
    }

    /// We answer. Says whether this answer is still to be sent.
    pub fn respond(&mut self, now: Mono, status: u16) -> bool {
        if !self.is_pending() {
            return false;
        }
        if status >= 200 {
            self.state = match self.reliable {
                true => State::Terminated,
                false => State::Completed { until: now + self.timing.patience() },
            };
        }
        true
    }

    /// The same request came again. Says whether to send the last answer, if any, again.
    pub fn handle_retransmission(&mut self) -> bool {
        !self.is_terminated()
    }

    pub fn handle_timeout(&mut self, now: Mono) -> Option<Expiry> {
        let (State::Pending { give_up: at } | State::Completed { until: at }) = self.state else { return None };
        if at > now {
            return None;
        }
        let pending = self.is_pending();
        self.state = State::Terminated;
        Some(if pending { Expiry::TimedOut } else { Expiry::Over })
    }

    pub fn deadline(&self) -> Option<(Mono, &'static str)> {
        match self.state {
            State::Pending { give_up } => Some((give_up, "SIP request unanswered")),
            State::Completed { until } => Some((until, "SIP timer J")),
            State::Terminated => None,
        }
    }

    /// No final answer was given yet.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, State::Pending { .. })
    }

    pub fn is_terminated(&self) -> bool {
        self.state == State::Terminated
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::tests::ms;
    use super::*;

    #[test]
    fn timer_j_keeps_the_answer_for_those_who_ask_again() {
        let mut machine = ServerRequest::new(ms(0), Timing::new(Duration::from_millis(500)), false);
        assert!(machine.respond(ms(100), 200));
        assert!(!machine.respond(ms(200), 500), "only the first final answer counts");
        assert!(machine.handle_retransmission());
        assert_eq!(machine.deadline(), Some((ms(32_100), "SIP timer J")));
        assert_eq!(machine.handle_timeout(ms(32_100)), Some(Expiry::Over));
        assert!(machine.is_terminated());
    }

    #[test]
    fn a_stream_forgets_at_once() {
        let mut machine = ServerRequest::new(ms(0), Timing::new(Duration::from_millis(500)), true);
        machine.respond(ms(100), 200);
        assert!(machine.is_terminated());
    }

    #[test]
    fn what_is_never_answered_is_dropped_when_the_client_has_given_up() {
        let mut machine = ServerRequest::new(ms(0), Timing::new(Duration::from_millis(500)), false);
        assert_eq!(machine.handle_timeout(ms(31_999)), None);
        assert_eq!(machine.handle_timeout(ms(32_000)), Some(Expiry::TimedOut));
    }
}
