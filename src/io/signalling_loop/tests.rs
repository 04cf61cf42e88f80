//! The loop with real sockets on loopback, and a real store whose thread is held up.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::timeout;

use super::*;
use crate::agent::{
    Accepted, AnswerMode, AskRequest, AskState, AudioSink, AudioSource, AuditRow, CallRequest, Effect, Listen,
    SrtpKeying, StoreOp, UnknownWatchers,
};
use crate::io::{AuditEntry, HistoryFilter, Location, Opened};
use crate::policy::{both_directions, setkey, Answer, Level, Wanted};
use crate::sdp::AudioFormat;
use crate::vocab::{AskId, EffectId, Entity, Wall};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

struct Running {
    handle: SignallingHandle,
    store: Store,
    events: broadcast::Receiver<Event>,
    entity: Entity,
}

/// An agent of this name, on a free port.
async fn parts(name: &str, location: &Location) -> (Parts, Entity) {
    let Opened { store, loaded, device, identity } = Store::open(location).unwrap();
    let any = Listen { transport: Transport::Udp, address: "127.0.0.1:0".parse().unwrap() };
    let sockets = SipSockets::bind(&[any]).await.unwrap();
    let listen = sockets.listening().to_vec();
    let entity = Entity::parse(&format!("sip:{name}@{}", listen[0].address)).unwrap();
    let config = AgentConfig {
        entity: entity.clone(),
        display_name: None,
        device,
        identity,
        media_address: listen[0].address.ip(),
        follows: false,
        listen,
        t1: Duration::from_millis(500),
        limits: 1,
        answer: AnswerMode::Auto,
        answering: Default::default(),
        audio_source: AudioSource::Silence,
        audio_sink: AudioSink::Discard,
        gains: Default::default(),
        treatment: Default::default(),
        ring: None,
        accounts: Vec::new(),
        places: Vec::new(),
        prompts: Default::default(),
        gateway: None,
        unknown_watchers: UnknownWatchers::Place,
        take_proposals: true,
        comfort_noise: false,
        ptime: 20,
        dtmf: Default::default(),
        codecs: AudioFormat::ALL.to_vec(),
        default_level: Level::Require,
        default_policy: both_directions(setkey::parse("spdadd any any udp -P out none;").unwrap()),
        stays: true,
        only_looks: false,
        sdes_without_tls: false,
        srtp_keys: vec![SrtpKeying::Sdes],
        dtls: None,
        nat: Default::default(),
        keylog: false,
        serves: None,
    };
    let tls = crate::io::Tls::new(&crate::io::TlsFiles::default()).unwrap();
    (Parts { config, loaded, store, sockets, tls, resolver: Resolver::default(), keylog: None, only: None }, entity)
}

/// The store's thread stands still with a full queue, until what comes back is dropped.
fn hold(store: &Store) -> std::sync::mpsc::Sender<()> {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let nothing = || StoreOp::SetOwnPresence { user: None, place: None };
    let (stands, still) = std::sync::mpsc::channel();
    let held = move |_| {
        stands.send(()).unwrap();
        assert!(wait.recv().is_err());
    };
    store.place().unwrap().expect("a place").execute(nothing(), held);
    still.recv().expect("it stands still");
    while let Some(place) = store.place().unwrap() {
        place.execute(nothing(), |_| ());
    }
    go
}

impl Running {
    async fn start(name: &str, location: &Location) -> Self {
        let (parts, entity) = parts(name, location).await;
        let store = parts.store.clone();
        let handle = Signalling::start(parts).unwrap();
        let events = handle.events();
        Self { handle, store, events, entity }
    }

    async fn event(&mut self, wanted: impl Fn(&Event) -> bool) -> Event {
        let next = async {
            loop {
                let event = self.events.recv().await.expect("an event");
                if wanted(&event) {
                    return event;
                }
            }
        };
        timeout(PATIENCE, next).await.expect("the event comes")
    }

    /// Asks, with the answer at hand; says how it ended.
    async fn ask(&mut self, peer: &Entity, answer: Answer) -> AskState {
        let wanted = Wanted::BOTH;
        let request = AskRequest {
            intent: Default::default(),
            peer: peer.to_string(),
            wanted,
            answer: Some(answer),
            accept_key: None,
            account: None,
        };
        let Ok(Accepted::Ask(id)) = self.handle.command(Command::Ask(request)).await else { panic!() };
        loop {
            let state = self.state(id).await;
            if state != AskState::Asking {
                return state;
            }
            self.event(|event| *event == Event::AskChanged(id)).await;
        }
    }

    async fn state(&self, id: AskId) -> AskState {
        self.handle.query(move |agent| agent.ask(id).unwrap().state.clone()).await.unwrap()
    }

    /// A call that its user gives up at once.
    async fn call_in_vain(&self) {
        let request = CallRequest {
            intent: Default::default(),
            peer: "nobody@127.0.0.1:9".to_owned(),
            answer: None,
            accept_key: None,
            source: None,
            sink: None,
            duration: None,
            account: None,
        };
        self.handle.command(Command::Call(request)).await.unwrap();
        // It may have failed by itself already.
        let _ = self.handle.command(Command::Hangup { call: None }).await;
    }

    async fn add_policy(&self) -> EffectId {
        // Each is another one: what is there already is not added again.
        static ADDED: AtomicU32 = AtomicU32::new(0);
        let text = format!("spdadd any any udp -P out none; # sv: priority=-{}", ADDED.fetch_add(1, Relaxed) + 9);
        match self.handle.command(Command::PolicyAdd { text }).await {
            Ok(Accepted::Registering { effect: Some(id), .. }) => id,
            other => panic!("{other:?}"),
        }
    }

    async fn settled(&mut self, id: EffectId) -> Result<(), Failure> {
        match self.event(|event| matches!(event, Event::StoreSettled { effect, .. } if *effect == id)).await {
            Event::StoreSettled { result, .. } => result,
            other => panic!("{other:?}"),
        }
    }

    async fn last_version(&self) -> u64 {
        self.handle.query(|agent| agent.pins().next().unwrap().last_version).await.unwrap()
    }

    /// The oldest first, those after row `number` only.
    async fn audits_after(&self, number: u64) -> Vec<AuditEntry> {
        let mut rows = self.handle.audit(1000, None).await.unwrap();
        rows.retain(|row| row.number > number);
        rows.reverse();
        rows
    }
}

#[tokio::test]
async fn what_happened_while_the_store_was_held_up_is_recorded_in_its_order() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Location::Disk(dir.path().to_owned());
    let mut alice = Running::start("alice", &disk).await;
    let bob = Running::start("bob", &Location::Memory).await;
    assert!(matches!(alice.ask(&bob.entity, Answer::Approve).await, AskState::Registered { .. }));
    let added = alice.add_policy().await;
    alice.settled(added).await.unwrap();
    let before = alice.audits_after(0).await.last().unwrap().number;
    let version = alice.last_version().await;

    let go = hold(&alice.store);
    assert_eq!(alice.ask(&bob.entity, Answer::Refuse).await, AskState::Refused);
    for _ in 0..30 {
        alice.call_in_vain().await;
    }
    let last = alice.add_policy().await;
    assert_eq!(alice.handle.audit(1, None).await.unwrap_err().code, "store-busy", "it is still held up");
    drop(go);
    alice.settled(last).await.unwrap();

    let rows = alice.audits_after(before).await;
    let kinds: Vec<&str> = rows.iter().map(|row| row.kind.as_str()).collect();
    let calls = ["call"; 30];
    assert_eq!(kinds, [&["statement", "refused"][..], &calls, &["approved"]].concat());
    let history = alice.handle.history(100, HistoryFilter::default()).await.unwrap();
    assert_eq!(history.iter().rev().map(|call| call.call.0).collect::<Vec<_>>(), (1..=30).collect::<Vec<_>>());
    let seen = alice.last_version().await;
    assert!(seen > version);
    alice.handle.stop().await;
    bob.handle.stop().await;
    let opened = Store::open(&disk).unwrap();
    assert_eq!(opened.loaded.pins[0].last_version, seen, "the pin moved on, on the disk too");
}

#[tokio::test]
async fn a_user_s_change_waits_for_some_others_and_is_then_refused_to_be_tried_again() {
    let mut alice = Running::start("alice", &Location::Memory).await;
    let go = hold(&alice.store);
    let mut waiting = Vec::new();
    for _ in 0..backlog::ASKED {
        waiting.push(alice.add_policy().await);
    }
    let refused = alice.add_policy().await;
    assert_eq!(alice.settled(refused).await.unwrap_err().code, "store-busy");
    drop(go);
    for id in waiting {
        alice.settled(id).await.unwrap();
    }
    let again = alice.add_policy().await;
    alice.settled(again).await.unwrap();
    assert_eq!(alice.audits_after(0).await.len(), backlog::ASKED + 1);
    alice.handle.stop().await;
}

#[tokio::test]
async fn a_stop_that_cannot_wait_for_the_store_still_keeps_everything() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Location::Disk(dir.path().to_owned());
    let alice = Running::start("alice", &disk).await;
    let go = hold(&alice.store);
    for _ in 0..3 {
        alice.call_in_vain().await;
    }
    let stop = tokio::spawn({
        let handle = alice.handle.clone();
        async move { handle.stop().await }
    });
    let limit = timeout(STOP_LIMIT + LONGEST_SLEEP, alice.handle.stopped()).await;
    assert!(limit.is_err(), "what waits is not given up at the limit");
    drop(go);
    timeout(PATIENCE, stop).await.unwrap().unwrap();
    drop(alice);
    let opened = Store::open(&disk).unwrap();
    let rows = opened.store.audit(10, None).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.kind.as_str()).collect::<Vec<_>>(), ["call"; 3]);
}

/// Takes turns until `done`.
async fn turns(signalling: &mut Signalling, queues: &mut Queues, done: impl Fn(&Signalling, &Queues) -> bool) {
    let mut alarm = std::pin::pin!(tokio::time::sleep(LONGEST_SLEEP));
    let all = async {
        while !done(signalling, queues) {
            signalling.turn(queues, alarm.as_mut()).await;
            signalling.drain().await;
        }
    };
    timeout(PATIENCE, all).await.expect("it comes to that");
}

#[tokio::test]
async fn the_network_waits_while_much_is_to_be_stored() {
    let (parts, entity) = parts("alice", &Location::Memory).await;
    let store = parts.store.clone();
    let (mut signalling, mut queues, _handle) = Signalling::make(parts, watch::channel(false).1).unwrap();
    signalling.drain().await;
    let go = hold(&store);
    for number in 1..=backlog::PAUSE as u64 {
        let row = AuditRow { at: Wall(number), kind: "call", subject: String::new(), detail: String::new() };
        signalling.effect(Effect::Store { id: EffectId(number), op: StoreOp::Audit(row) });
    }
    let eve = crate::io::udp::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    eve.send_to(&options(eve.local_addr().unwrap()), entity.host()).await.unwrap();
    let arrives = async {
        while queues.udp.len() == 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, arrives).await.expect("it arrives");
    signalling.turn(&mut queues, std::pin::pin!(tokio::time::sleep(LONGEST_SLEEP))).await;
    assert_eq!((queues.udp.len(), signalling.storing), (1, backlog::PAUSE), "nothing was taken");
    drop(go);
    turns(&mut signalling, &mut queues, |signalling, queues| queues.udp.len() == 0 && signalling.storing == 0).await;
    signalling.drain().await;
    let mut answer = [0; 2000];
    let length = timeout(PATIENCE, eve.recv(&mut answer)).await.expect("an answer").unwrap();
    assert!(answer[..length].starts_with(b"SIP/2.0 200"));
    assert_eq!(store.audit(1, None).await.unwrap()[0].number, backlog::PAUSE as u64);
}

/// Who floods the network keeps nothing of others from being stored.
#[tokio::test]
async fn what_waits_for_the_store_goes_on_while_messages_come_without_end() {
    let (parts, _) = parts("alice", &Location::Memory).await;
    let store = parts.store.clone();
    let (mut signalling, mut queues, _handle) = Signalling::make(parts, watch::channel(false).1).unwrap();
    signalling.drain().await;
    let go = hold(&store);
    let row = AuditRow { at: Wall(1), kind: "call", subject: String::new(), detail: String::new() };
    signalling.effect(Effect::Store { id: EffectId(1), op: StoreOp::Audit(row.clone()) });
    signalling.effect(Effect::Store { id: EffectId(2), op: StoreOp::Audit(row) });
    drop(go);
    let remote = "127.0.0.1:5060".parse().unwrap();
    let from = Received { transport: Transport::Udp, local: remote, remote, connection: None };
    let stored = async {
        let mut alarm = std::pin::pin!(tokio::time::sleep(LONGEST_SLEEP));
        while signalling.storing > 0 {
            queues.udp.push(remote.ip(), 0, Inbound::Message { from, bytes: Bytes::new() });
            signalling.turn(&mut queues, alarm.as_mut()).await;
            signalling.drain().await;
        }
    };
    timeout(PATIENCE, stored).await.expect("it is stored");
}

fn options(from: std::net::SocketAddr) -> Vec<u8> {
    format!(
        "OPTIONS sip:alice@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK1;rport\r\nMax-Forwards: 70\r\n\
         From: <sip:eve@127.0.0.1>;tag=e\r\nTo: <sip:alice@127.0.0.1>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n\
         Content-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

/// A place in the store is taken as soon as there is one: nobody whose operation waits has to wait for the end of a flood.
#[tokio::test]
async fn what_is_to_be_stored_does_not_wait_until_the_network_is_silent() {
    const FLOOD: usize = 3000;
    let (parts, entity) = parts("alice", &Location::Memory).await;
    let store = parts.store.clone();
    let (mut signalling, mut queues, _handle) = Signalling::make(parts, watch::channel(false).1).unwrap();
    signalling.drain().await;
    let go = hold(&store);
    for number in 1..=10 {
        let row = AuditRow { at: Wall(number), kind: "call", subject: String::new(), detail: String::new() };
        signalling.effect(Effect::Store { id: EffectId(number), op: StoreOp::Audit(row) });
    }
    let eve = crate::io::udp::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let remote = eve.local_addr().unwrap();
    let from = Received { transport: Transport::Udp, local: entity.host().parse().unwrap(), remote, connection: None };
    let octets = Bytes::from(options(remote));
    for _ in 0..FLOOD {
        assert!(queues.udp.push(remote.ip(), octets.len(), Inbound::Message { from, bytes: octets.clone() }));
    }
    drop(go);
    turns(&mut signalling, &mut queues, |signalling, _| signalling.storing == 0).await;
    let left = queues.udp.len();
    assert!(left > 0, "the flood had to end first");
}
