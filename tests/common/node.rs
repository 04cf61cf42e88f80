//! One agent with stand-ins for its hands: a store in memory, media sockets that are numbers.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc;

use sottovoce::agent::{
    Agent, AgentConfig, AudioSink, AudioSource, AuditRow, CallRecord, CallRecording, Done, Effect, Event, Loaded,
    Output, Restoring, StoreOp, Stored,
};
use sottovoce::ice::{Gathering, Servers, Start, Traversal};
use sottovoce::io::{Clock, Location, Store};
use sottovoce::media::{Counters, Forwarder, Signal, Stream};
use sottovoce::policy::{Approved, Entry};
use sottovoce::sdp::Ice;
use sottovoce::sip::{Candidate, Locate, Transmit};
use sottovoce::vocab::{CallId, EffectId, EntryId, Failure, FailureKind, Generation, Now};

pub struct Node {
    pub ip: IpAddr,
    pub agent: Agent,
    pub events: Vec<Event>,
    pub media: BTreeMap<CallId, Media>,
    pub store: FakeStore,
    /// The real store, where a scenario wants one.
    disk: Option<Disk>,
    /// Lines of the key log, JSON.
    pub keylog: Vec<String>,
    /// What was said last of ways through NATs, of each call.
    pub ice: BTreeMap<CallId, Option<Start>>,
    /// Where the names are that it looks for.
    pub dns: BTreeMap<String, Vec<Candidate>>,
    /// What it looked for.
    pub located: Vec<Locate>,
    next_port: u16,
    /// It dies at its store: after so many more operations, before or after the last of them is durable.
    pub dies: Option<Dies>,
    /// Operations of its store so far.
    pub stored: u32,
    pub dead: bool,
    /// Pairs of calls whose peers hear each other.
    pub bridged: Vec<[CallId; 2]>,
    /// What was to be recorded.
    pub recordings: Vec<(CallId, CallRecording)>,
    /// Calls that went over to another device.
    /// What its user heard of calls that did not stand, one after the other.
    pub signals: Vec<Option<Signal>>,
    pub sounds: Vec<(CallId, Option<AudioSource>, Option<AudioSink>)>,
}

#[derive(Clone, Copy, Debug)]
pub struct Dies {
    pub at: u32,
    pub durable: bool,
}

pub struct Media {
    pub local: SocketAddr,
    pub stream: Option<Box<Stream>>,
    pub forwarder: Option<Box<Forwarder>>,
    pub by_tcp: bool,
    /// Where it opened a connection to.
    pub connected: Option<SocketAddr>,
}

impl Media {
    /// A datagram came; what is to be sent for it.
    pub fn receive(&mut self, now: Now, from: SocketAddr, bytes: &mut [u8]) -> Option<(SocketAddr, Vec<u8>)> {
        if let Some(stream) = self.stream.as_mut() {
            stream.handle_datagram(now, from, bytes);
            return None;
        }
        let on = self.forwarder.as_mut()?.handle_datagram(now, from, bytes)?;
        Some((on.to, on.bytes.to_vec()))
    }

    fn counters(self) -> Option<Counters> {
        let forwarded = self.forwarder.map(|forwarder| forwarder.counters().clone());
        self.stream.map(|stream| stream.counters().clone()).or(forwarded)
    }
}

/// Without a server that says how others see the socket.
fn gathered(gathering: Gathering, local: SocketAddr) -> Ice {
    let begins = (Clock::any_instant(), Default::default());
    Traversal::gather(gathering, local, &Servers::default(), begins).ours().expect("the socket itself")
}

/// A store in a directory of its own.
struct Disk {
    store: Store,
    dir: tempfile::TempDir,
}

impl Disk {
    fn open(dir: tempfile::TempDir) -> (Self, Loaded) {
        let opened = Store::open(&Location::Disk(dir.path().to_owned())).unwrap();
        (Self { store: opened.store, dir }, opened.loaded)
    }

    fn execute(&self, op: StoreOp) -> Result<Stored, Failure> {
        let (reply, answer) = mpsc::channel();
        self.store.place()?.expect("a place").execute(op, move |result| reply.send(result).unwrap());
        answer.recv().expect("an answer")
    }

    fn restoring(&self, change: Option<u64>) -> Result<Restoring, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(self.store.policy_restoring(change))
    }

    fn close(self) -> tempfile::TempDir {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(self.store.close());
        self.dir
    }
}

/// Keeps nothing but what the scenarios look at.
#[derive(Default)]
pub struct FakeStore {
    pub generation: u64,
    entries: u64,
    pub registered: Vec<Vec<Entry>>,
    pub audit: Vec<AuditRow>,
    pub calls: Vec<CallRecord>,
    /// Every operation fails while it is set: a full disk.
    pub full: bool,
}

impl FakeStore {
    fn execute(&mut self, op: StoreOp) -> Result<Stored, Failure> {
        if self.full {
            return Err(Failure::new(FailureKind::Failed, "disk-full", "the disk is full", "store", "free some space"));
        }
        match op {
            StoreOp::Audit(row) => {
                self.audit.push(row);
                Ok(Stored::Done)
            }
            StoreOp::RecordCall(record) => {
                self.calls.push(*record);
                Ok(Stored::Done)
            }
            StoreOp::VerifyPins { audit, .. } => {
                self.audit.push(audit);
                Ok(Stored::Done)
            }
            StoreOp::Register { approved, audit, .. } => {
                self.audit.push(audit);
                self.generation += 1;
                let numbered = |entry: &Entry| {
                    self.entries += 1;
                    Entry { id: EntryId(self.entries), ..entry.clone() }
                };
                let entries: Vec<Entry> = approved.entries().iter().map(numbered).collect();
                self.registered.push(entries.clone());
                Ok(Stored::Registered { generation: Generation(self.generation), entries })
            }
            StoreOp::ChangePolicy { put, audit, .. } => {
                self.audit.push(audit);
                self.generation += 1;
                let entries = put.map(Approved::into_entries).unwrap_or_default();
                Ok(Stored::Registered { generation: Generation(self.generation), entries })
            }
            StoreOp::KeepPending { audit, .. } | StoreOp::ForgetPending { audit, .. } => {
                self.audit.push(audit);
                self.generation += 1;
                Ok(Stored::Pending { generation: Generation(self.generation) })
            }
            StoreOp::UsePending { pending, audit } => {
                self.audit.push(audit);
                self.generation += 1;
                let entries = pending.entries().to_vec();
                self.registered.push(entries.clone());
                Ok(Stored::Registered { generation: Generation(self.generation), entries })
            }
            _ => Ok(Stored::Done),
        }
    }
}

impl Node {
    pub fn new(name: &'static str, config: AgentConfig, seed: u64, now: Now) -> Self {
        Self::with(name, config, seed, now, (Loaded::default(), None))
    }

    pub fn on_disk(name: &'static str, config: AgentConfig, seed: u64, now: Now) -> Self {
        let (disk, loaded) = Disk::open(tempfile::tempdir().unwrap());
        Self::with(name, config, seed, now, (loaded, Some(disk)))
    }

    /// The same agent in a new process: it knows what is on its disk.
    pub fn restart(self, name: &'static str, config: AgentConfig, seed: u64, now: Now) -> Self {
        let dir = self.disk.expect("a store on a disk").close();
        let (disk, loaded) = Disk::open(dir);
        Self::with(name, config, seed, now, (loaded, Some(disk)))
    }

    /// What takes back a change of the policy database, or the last one.
    pub fn restoring(&self, change: Option<u64>) -> Result<Restoring, Failure> {
        self.disk.as_ref().expect("a store on a disk").restoring(change)
    }

    fn with(name: &'static str, config: AgentConfig, seed: u64, now: Now, kept: (Loaded, Option<Disk>)) -> Self {
        let mut octets = [0; 32];
        octets[..8].copy_from_slice(&seed.to_le_bytes());
        octets[8..8 + name.len()].copy_from_slice(name.as_bytes());
        let ip = config.media_address;
        Self {
            ip,
            agent: Agent::new(config, kept.0, octets, now),
            events: Vec::new(),
            media: BTreeMap::new(),
            store: FakeStore::default(),
            disk: kept.1,
            keylog: Vec::new(),
            ice: BTreeMap::new(),
            dns: BTreeMap::new(),
            located: Vec::new(),
            next_port: 20_000,
            dies: None,
            stored: 0,
            dead: false,
            bridged: Vec::new(),
            recordings: Vec::new(),
            sounds: Vec::new(),
            signals: Vec::new(),
        }
    }

    /// Drains the agent to the end; what it wants on the wire comes back.
    pub fn drain(&mut self, now: Now) -> Vec<Transmit> {
        let mut transmits = Vec::new();
        while let Some(output) = self.agent.poll() {
            if self.dead {
                continue;
            }
            match output {
                Output::Disconnect(transport, remote) => self.agent.handle_connection_ended(now, transport, remote),
                Output::Effect(effect) => self.perform(now, effect),
                Output::Event(event) => self.events.push(event),
                Output::Transmit(transmit) => transmits.push(transmit),
            }
        }
        if self.dead {
            self.media.clear();
        }
        transmits
    }

    fn perform(&mut self, now: Now, effect: Effect) {
        let done = match effect {
            Effect::BridgeStreams { calls, together } => {
                self.bridged.retain(|pair| !pair.iter().all(|call| calls.contains(call)));
                if together {
                    self.bridged.push(calls);
                }
                None
            }
            Effect::RecordStream { call, recording } => {
                let ended = recording.is_none().then_some(Done::RecordingEnded { call, failure: None });
                self.recordings.extend(recording.map(|recording| (call, recording)));
                ended
            }
            Effect::CloseMedia { call, .. } => {
                let closed = self.media.remove(&call);
                let counters = closed.and_then(|media| media.counters()).unwrap_or_default();
                Some(Done::MediaClosed { call, counters })
            }
            Effect::DropStream { call } => {
                if let Some(media) = self.media.get_mut(&call) {
                    media.stream = None;
                }
                None
            }
            // What is said here is no sound.
            Effect::MuteStream { .. } | Effect::SetGains(_) | Effect::SetTreatment(_) => None,
            Effect::Signal(signal) => {
                self.signals.push(signal.map(|(signal, _)| signal));
                None
            }
            Effect::UseSound { call, source, sink } => {
                self.sounds.push((call, source, sink));
                None
            }
            Effect::SetFormats { call, formats } => {
                if let Some(stream) = self.media.get_mut(&call).and_then(|media| media.stream.as_mut()) {
                    stream.set_formats(formats);
                }
                None
            }
            Effect::Dial { call, digits } => {
                if let Some(stream) = self.media.get_mut(&call).and_then(|media| media.stream.as_mut()) {
                    stream.dial(&digits);
                }
                None
            }
            Effect::HoldStream { call, held } => {
                if let Some(stream) = self.media.get_mut(&call).and_then(|media| media.stream.as_mut()) {
                    stream.set_held(held);
                }
                None
            }
            Effect::Keylog { json, .. } => {
                self.keylog.extend(json.iter().map(|line| line.0.clone()));
                None
            }
            Effect::Listen { wanted } => {
                self.ip = wanted[0].address.ip();
                Some(Done::Listening { result: Ok(wanted) })
            }
            Effect::OpenMediaBeside { call, local, gathering } => {
                self.next_port += 2;
                let local = SocketAddr::new(local, self.next_port);
                Some(Done::MediaOpened { call, result: Ok(local), ice: gathering.map(|asked| gathered(*asked, local)) })
            }
            Effect::ConnectMedia { call, to, .. } => {
                if let Some(media) = self.media.get_mut(&call) {
                    media.connected = Some(to);
                }
                None
            }
            Effect::OpenMedia { call, local, gathering, by_tcp } => {
                self.next_port += 2;
                let local = SocketAddr::new(local, self.next_port);
                self.media.insert(call, Media { local, stream: None, forwarder: None, by_tcp, connected: None });
                Some(Done::MediaOpened { call, result: Ok(local), ice: gathering.map(|asked| gathered(*asked, local)) })
            }
            Effect::SetIce { call, ice } => {
                self.ice.insert(call, ice.map(|start| *start));
                None
            }
            Effect::Locate { id, what, .. } => {
                let found = self.dns.get(&what.host).cloned().unwrap_or_default();
                self.located.push(what);
                Some(Done::Located { id, result: Ok(found) })
            }
            Effect::RekeyStream { call, rekeying } => {
                if let Some(media) = self.media.get_mut(&call) {
                    media.local = rekeying.local;
                    if let Some(stream) = media.stream.as_mut() {
                        stream.rekey(now, *rekeying);
                    }
                }
                None
            }
            Effect::SetSpd { spd } => {
                let streams = self.media.values_mut().filter_map(|media| media.stream.as_mut());
                streams.for_each(|stream| stream.set_spd(now, spd.clone()));
                let forwarders = self.media.values_mut().filter_map(|media| media.forwarder.as_mut());
                forwarders.for_each(|forwarder| forwarder.set_spd(&spd));
                None
            }
            Effect::SetKnown { known } => {
                let forwarders = self.media.values_mut().filter_map(|media| media.forwarder.as_mut());
                forwarders.for_each(|forwarder| forwarder.set_known(&known));
                None
            }
            Effect::StartForwarder { call, forwarder } => {
                if let Some(media) = self.media.get_mut(&call) {
                    media.forwarder = Some(forwarder);
                }
                None
            }
            Effect::StartStream { call, stream, .. } => {
                if let Some(media) = self.media.get_mut(&call) {
                    media.stream = Some(stream);
                }
                None
            }
            Effect::Store { id, op } => {
                let dies = self.dies.filter(|dies| dies.at == self.stored);
                self.stored += 1;
                self.dead = dies.is_some();
                match dies {
                    Some(Dies { durable: false, .. }) => None,
                    Some(_) => {
                        self.store_it(id, op);
                        None
                    }
                    None => Some(self.store_it(id, op)),
                }
            }
        };
        if let Some(done) = done {
            self.agent.handle_done(now, done);
        }
    }

    fn store_it(&mut self, id: EffectId, op: StoreOp) -> Done {
        let result = match &self.disk {
            Some(disk) => disk.execute(op),
            None => self.store.execute(op),
        };
        Done::Stored { id, result }
    }
}
