//! Where inputs wait for the loop.

use tokio::sync::mpsc::Receiver;

use super::{Inbound, Request};
use crate::agent::Done;
use crate::io::fair_queue::FairQueue;

/// The receiving ends. Their turns go round.
pub struct Queues {
    requests: Receiver<Request>,
    dones: Receiver<Done>,
    pub(super) udp: FairQueue,
    tcp: Receiver<Inbound>,
    /// Whose turn it is.
    turn: usize,
}

/// One thing to do.
pub enum Input {
    Done(Done),
    Inbound(Inbound),
    Request(Request),
}

/// How many they are.
const ALL: usize = 4;

impl Queues {
    pub fn new(requests: Receiver<Request>, dones: Receiver<Done>, udp: FairQueue, tcp: Receiver<Inbound>) -> Self {
        Self { requests, dones, udp, tcp, turn: 0 }
    }

    /// What waits, from the queue whose turn it is, or from the next that has something. Nothing from the network unless the
    /// loop `listens` to it.
    pub fn take(&mut self, listens: bool) -> Option<Input> {
        (0..ALL).find_map(|_| {
            let turn = self.turn;
            self.turn = (turn + 1) % ALL;
            self.of(turn, listens)
        })
    }

    fn of(&mut self, turn: usize, listens: bool) -> Option<Input> {
        match turn {
            0 => self.requests.try_recv().ok().map(Input::Request),
            1 => self.dones.try_recv().ok().map(Input::Done),
            _ if !listens => None,
            2 => self.udp.pop().map(Input::Inbound),
            _ => self.tcp.try_recv().ok().map(Input::Inbound),
        }
    }

    /// The first that comes. Dropping the future loses nothing.
    pub async fn next(&mut self, listens: bool) -> Input {
        tokio::select! {
            Some(request) = self.requests.recv() => Input::Request(request),
            Some(done) = self.dones.recv() => Input::Done(done),
            inbound = self.udp.next(), if listens => Input::Inbound(inbound),
            Some(inbound) = self.tcp.recv(), if listens => Input::Inbound(inbound),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::{Received, Transport};
    use crate::vocab::EffectId;
    use tokio::sync::mpsc;

    fn message() -> Inbound {
        let remote = "192.0.2.1:5060".parse().unwrap();
        let from = Received { transport: Transport::Udp, local: remote, remote, connection: None };
        Inbound::Message { from, bytes: bytes::Bytes::new() }
    }

    #[test]
    fn a_queue_that_is_never_empty_leaves_the_others_their_turns() {
        let ((_requests, from_users), (dones, from_hands)) = (mpsc::channel(1), mpsc::channel(1));
        let ((tcp, from_tcp), udp) = (mpsc::channel(1), FairQueue::default());
        let mut queues = Queues::new(from_users, from_hands, udp.clone(), from_tcp);
        for _ in 0..9 {
            assert!(udp.push("192.0.2.1".parse().unwrap(), 1, message()));
        }
        assert!(matches!(queues.take(true), Some(Input::Inbound(_))));
        let stored = Done::Stored { id: EffectId(1), result: Ok(crate::agent::Stored::Done) };
        dones.try_send(stored).unwrap();
        tcp.try_send(message()).unwrap();
        let taken: Vec<_> = (0..3).map(|_| matches!(queues.take(true), Some(Input::Done(_)))).collect();
        assert_eq!(taken, [false, true, false], "tcp, dones, udp");
        assert!(queues.take(false).is_none(), "what is not listened to stays");
        assert!(queues.take(true).is_some());
    }
}
