//! Every sample of `tests/data/sip`, cut at every octet and with every octet flipped, brought to an agent that runs.

use std::path::Path;
use std::time::Duration;

use sottovoce::agent::CallState;
use sottovoce::sip::{inspect, ConnectionId, Message, Received, Transport};
use sottovoce::vocab::{Generation, Mono, Now, Wall};

use crate::common::config::agent;
use crate::common::node::Node;
use crate::held;
use crate::sweeps::damaged;

/// Between two messages: a call that nobody acknowledges, and what is remembered of a request for 32 s, is over some
/// messages later, so that limits stand in the way of few.
const STEP: Duration = Duration::from_secs(4);
/// Longer than any subscription that is granted.
const QUIET: Duration = Duration::from_secs(2 * 3600);
/// Calls of strangers (docs/limits.md).
const CALLS: usize = 16;
/// What all that may make the agent hold besides, octets.
const MEMORY: isize = 1 << 20;

fn samples() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sip");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    files.map(|path| (name(&path), std::fs::read(&path).unwrap())).collect()
}

#[test]
fn no_sample_costs_an_agent_anything_however_it_is_damaged() {
    let samples = samples();
    assert!(samples.len() >= 49 + 12, "those of RFC 4475 and RFC 5118, at least: {}", samples.len());
    let (mut answered, mut called) = (0, 0);
    for (name, whole) in samples {
        for transport in [Transport::Udp, Transport::Tcp] {
            let mut bob = Target::new(transport);
            damaged(&whole).for_each(|bytes| bob.meet(&name, &bytes));
            bob.meet(&name, &whole);
            (answered, called) = (answered + bob.answered, called + bob.node.agent.calls().count());
            bob.is_as_before(&name);
        }
    }
    assert!(answered > 1000 && called > 100, "they came far: {answered} answered, {called} called");
}

/// Bob, whom nobody knows, and a stranger who sends.
struct Target {
    node: Node,
    now: Now,
    from: Received,
    answered: usize,
    /// Octets before anything came.
    held: isize,
}

impl Target {
    fn new(transport: Transport) -> Self {
        let now = Now { mono: Mono(Duration::from_secs(1)), wall: Wall(1_767_225_600_000) };
        let from = Received {
            transport,
            local: "192.168.1.2:5060".parse().unwrap(),
            remote: "192.168.1.1:5060".parse().unwrap(),
            connection: (transport == Transport::Tcp).then_some(ConnectionId(1)),
        };
        let node = Node::new("bob", agent("bob", "192.168.1.2", "none"), 7, now);
        let mut bob = Self { node, now, from, answered: 0, held: 0 };
        bob.pass(STEP);
        bob.held = held::octets();
        bob
    }

    fn pass(&mut self, time: Duration) {
        self.now = Now { mono: self.now.mono + time, wall: self.now.wall.saturating_add(time) };
        self.node.agent.handle_timeout(self.now);
        self.node.drain(self.now);
        // What the stand-ins keep is not the agent's.
        self.node.events.clear();
        self.node.store = Default::default();
    }

    /// What breaks a rule is refused or dropped, and leaves nothing.
    fn meet(&mut self, name: &str, bytes: &[u8]) {
        self.pass(STEP);
        let before = self.kept();
        self.node.agent.handle_message(self.now, self.from, bytes);
        let sent = self.node.drain(self.now).len();
        let (kept, told) = (self.kept(), || format!("{name}: {}", String::from_utf8_lossy(bytes)));
        if !inspect(bytes, &[]).valid {
            assert!(kept == before && sent <= 1, "{kept:?} after {before:?}, {sent} sent: {}", told());
        }
        assert!(sent <= 3, "{sent} sent: {}", told());
        assert!(self.open_calls() <= CALLS, "{}", told());
        assert!(held::octets() - self.held < MEMORY, "{} octets: {}", held::octets() - self.held, told());
        self.answered += sent;
    }

    /// What the agent has because of others, and what it told its user and its store.
    fn kept(&self) -> ([usize; 4], [usize; 3]) {
        let Node { agent, events, media, store, .. } = &self.node;
        let (calls, followers) = (agent.calls().count(), agent.followers().len());
        let stories = [calls, followers, agent.reviews().count(), agent.presences().count()];
        (stories, [media.len(), events.len(), store.audit.len()])
    }

    fn open_calls(&self) -> usize {
        let over = |state: &CallState| matches!(state, CallState::Ended { .. } | CallState::Failed(_));
        self.node.agent.calls().filter(|call| !over(&call.state)).count()
    }

    /// When all has run out: nobody is called, watched or trusted, and whoever asks is answered.
    fn is_as_before(&mut self, name: &str) {
        for _ in 0..20 {
            self.pass(QUIET / 20);
        }
        let Node { agent, media, .. } = &self.node;
        assert_eq!((self.open_calls(), agent.followers().len(), media.len()), (0, 0, 0), "after {name}");
        assert_eq!((agent.reviews().count(), agent.pins().count()), (0, 0), "after {name}");
        assert_eq!(agent.spd().generation(), Generation(0), "after {name}");
        let options = "OPTIONS sip:bob@192.168.1.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.1:5060;branch=z9hG4bKx\r\n\
            Max-Forwards: 70\r\nFrom: <sip:a@192.168.1.1>;tag=x\r\nTo: <sip:bob@192.168.1.2>\r\nCall-ID: x\r\n\
            CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
        self.node.agent.handle_message(self.now, self.from, options.as_bytes());
        let sent = self.node.drain(self.now);
        let answer = sent.first().and_then(|sent| Message::parse(&sent.bytes).ok());
        let is_ok = |message: &Message| matches!(message, Message::Response(response) if response.status() == 200);
        assert!(answer.as_ref().is_some_and(is_ok), "after {name}: {answer:?}");
    }
}
