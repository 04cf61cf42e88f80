//! The streams of calls: a UDP socket each, carried by threads. A leg sends and plays one frame every 20 ms, by absolute
//! deadlines so that it never drifts, and receives in between. Its thread alone owns the call's [`Stream`].

mod beside;
mod bridge;
mod by_tcp;
mod carrier;
mod crew;
mod gather;
mod leg;
mod loudness;
mod mailbox;
mod out;
mod outbox;
mod pace;
mod recorder;
mod servers;
mod silent;
mod slot;
mod socket;
#[cfg(test)]
mod tests;
mod traversing;
mod treating;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::mpsc::TryRecvError;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::audio::{Sink, Source, LIVE_RATE};
use super::{Clock, Resolver};
use crate::agent::{AudioSink, AudioSource, CallRecording, Done};
use crate::ice::{Gathering, Start};
use crate::ipsec::StreamFraming;
use crate::media::{Counters, Formats, Forwarder, Gains, Held, Known, Rekeying, Stream, TreatmentWish};
use crate::policy::Spd;
use crate::vocab::{CallId, Digit, Failure, FailureKind};

use bridge::bridge;
use by_tcp::ByTcp;
use crew::Crew;
use gather::{Gatherer, Opened};
use leg::{MediaLeg, Work};
use loudness::Loudness;
use mailbox::Mailbox;
use recorder::{Recorder, Whole};
pub use servers::{check_server, Server};
use silent::Silent;

/// Every media leg of this agent, opened or running.
pub struct MediaLoops {
    legs: BTreeMap<CallId, Leg>,
    /// For legs that run on another socket until they are rekeyed.
    beside: BTreeMap<CallId, Opened>,
    silent: Silent,
    /// Where connections are taken for media of legs that are not running yet, and that goes by TCP.
    listeners: BTreeMap<CallId, TcpListener>,
    crew: Crew,
    clock: Clock,
    loudness: Arc<Loudness>,
    treatment: TreatmentWish,
    dones: mpsc::Sender<Done>,
    /// Of files that are being written, or were.
    recordings: Vec<Whole>,
}

enum Leg {
    /// Bound; what comes waits in the socket's buffer.
    Opened(Opened),
    Running(Arc<Mailbox>),
}

impl MediaLoops {
    pub fn new(clock: Clock, dones: mpsc::Sender<Done>) -> Self {
        Self::on(std::thread::available_parallelism().map_or(1, usize::from), clock, dones)
    }

    fn on(processors: usize, clock: Clock, dones: mpsc::Sender<Done>) -> Self {
        let crew = Crew::new(clock, dones.clone(), processors);
        let (legs, beside, loudness) = (BTreeMap::new(), BTreeMap::new(), Arc::default());
        let (treatment, listeners, silent) = (TreatmentWish::default(), BTreeMap::new(), Silent::default());
        Self { legs, beside, silent, listeners, crew, clock, loudness, treatment, dones, recordings: Vec::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.legs.is_empty()
    }

    /// Binds an even port (RFC 3550 section 11) between 16384 and 32767 of `local`, and says which.
    pub fn open(&mut self, call: CallId, local: IpAddr) -> Result<SocketAddr, Failure> {
        let (socket, address) = socket::bind(local)?;
        self.legs.insert(call, Leg::Opened(socket.into()));
        Ok(address)
    }

    /// The same for media by TCP: connections are taken at that port, and nothing that comes by UDP is looked at.
    pub fn open_by_tcp(&mut self, call: CallId, local: IpAddr) -> Result<SocketAddr, Failure> {
        let ((socket, listener), address) = socket::bind_both(local)?;
        self.legs.insert(call, Leg::Opened(socket.into()));
        self.listeners.insert(call, listener);
        Ok(address)
    }

    /// Opens the connection by which the call's media goes, from that address of ours; when nobody takes it, that is told. Must be called inside a tokio runtime.
    pub fn connect(&self, call: CallId, from: IpAddr, to: SocketAddr) {
        let Some(Leg::Running(mailbox)) = self.legs.get(&call) else { return };
        let (mailbox, dones) = (Arc::clone(mailbox), self.dones.clone());
        tokio::spawn(async move {
            match by_tcp::dial(call, from, to).await {
                Ok(stream) => mailbox.give(|given| given.connection.put(Some(stream))),
                Err(failure) => {
                    let _ = dones.send(Done::StreamFailed { call, failure }).await;
                }
            }
        });
    }

    /// The same for a leg that runs, at another address beside its own: it goes there when it is rekeyed.
    pub fn open_beside(&mut self, call: CallId, local: IpAddr) -> Result<SocketAddr, Failure> {
        let (socket, address) = socket::bind(local)?;
        self.beside.insert(call, socket.into());
        Ok(address)
    }

    /// Finds out, on the socket that was opened just now, from where others see it. [`Done::MediaOpened`] is told then. Must be called inside a
    /// tokio runtime.
    pub fn gather(&mut self, call: CallId, local: SocketAddr, gathering: Gathering, resolver: Resolver) {
        let opened = match self.legs.get_mut(&call) {
            Some(Leg::Opened(opened)) => Some(opened),
            _ => self.beside.get_mut(&call),
        };
        let Some(opened) = opened else { return };
        let (clock, dones) = (self.clock, self.dones.clone());
        Gatherer { call, local, clock, dones, resolver, silent: self.silent.clone() }.start(opened, gathering);
    }

    /// What both sides said of ways through NATs: checks begin, or end.
    pub fn set_ice(&self, call: CallId, ice: Option<Box<Start>>) {
        if let Some(Leg::Running(mailbox)) = self.legs.get(&call) {
            mailbox.set_ice(ice);
        }
    }

    /// Gives the stream to a thread that has room; or to the leg that runs, where it takes the place of the stream before, and source
    /// and sink go on.
    pub fn start(
        &mut self,
        call: CallId,
        stream: Box<Stream>,
        source: AudioSource,
        sink: AudioSink,
    ) -> Result<(), Failure> {
        match self.legs.remove(&call) {
            Some(Leg::Opened(opened)) => self.run(call, opened, Work::Talk(Some(stream)), source, sink),
            Some(Leg::Running(mailbox)) => {
                mailbox.replace(Some(stream));
                self.legs.insert(call, Leg::Running(mailbox));
                Ok(())
            }
            None => Err(not_open(call)),
        }
    }

    /// The leg is one of a gateway: what comes goes on, and nothing is said or heard.
    pub fn forward(&mut self, call: CallId, forwarder: Box<Forwarder>) -> Result<(), Failure> {
        let Some(Leg::Opened(opened)) = self.legs.remove(&call) else { return Err(not_open(call)) };
        self.run(call, opened, Work::Forward(forwarder), AudioSource::Silence, AudioSink::Discard)
    }

    fn run(
        &mut self,
        call: CallId,
        opened: Opened,
        work: Work,
        source: AudioSource,
        sink: AudioSink,
    ) -> Result<(), Failure> {
        let (mailbox, loudness) = (Arc::new(Mailbox::default()), Arc::clone(&self.loudness));
        let (socket, traversal) = opened.take();
        let (treatment, given) = (self.treatment, Arc::clone(&mailbox));
        let framing = match &work {
            Work::Talk(Some(stream)) => stream.framing(),
            Work::Talk(None) | Work::Forward(_) => StreamFraming::Esp,
        };
        let by_tcp = self.listeners.remove(&call).map(|listener| Box::new(ByTcp::new(call, framing, listener)));
        let leg = MediaLeg { call, mailbox: given, socket, by_tcp, traversal, work, source, sink, loudness, treatment };
        self.crew.run(leg).map_err(|error| no_thread(call, &error))?;
        self.legs.insert(call, Leg::Running(mailbox));
        Ok(())
    }

    /// Its stream ends; its socket stays open for another.
    pub fn drop_stream(&self, call: CallId) {
        if let Some(Leg::Running(mailbox)) = self.legs.get(&call) {
            mailbox.replace(None);
        }
    }

    /// Every stream looks up in this snapshot before its next packet.
    pub fn set_spd(&self, spd: &Arc<Spd>) {
        for leg in self.legs.values() {
            if let Leg::Running(mailbox) = leg {
                mailbox.set_spd(Arc::clone(spd));
            }
        }
    }

    /// Every forwarder knows who is where before its next packet.
    pub fn set_known(&self, known: &Arc<Known>) {
        for leg in self.legs.values() {
            if let Leg::Running(mailbox) = leg {
                mailbox.set_known(Arc::clone(known));
            }
        }
    }

    /// Its stream sends no sound while it is held.
    pub fn hold(&self, call: CallId, held: Held) {
        if let Some(Leg::Running(mailbox)) = self.legs.get(&call) {
            mailbox.hold(held);
        }
    }

    /// What our user says goes out as silence, or as it is.
    pub fn mute(&self, call: CallId, muted: bool) {
        if let Some(Leg::Running(mailbox)) = self.legs.get(&call) {
            mailbox.mute(muted);
        }
    }

    /// Both sides are recorded from now on, or not any more. The recording tells its end by itself; when it cannot begin the answer is
    /// here.
    pub fn record(&mut self, call: CallId, wanted: Option<CallRecording>) -> Option<Done> {
        let Some(Leg::Running(mailbox)) = self.legs.get(&call) else {
            return wanted.map(|_| Done::RecordingEnded { call, failure: Some(not_open(call)) });
        };
        let Some(wanted) = wanted else {
            mailbox.give(|given| given.recorder.put(None));
            return None;
        };
        self.recordings.retain(|whole| matches!(whole.try_recv(), Err(TryRecvError::Empty)));
        match Recorder::start(call, wanted, self.dones.clone()) {
            Ok((recorder, whole)) => {
                mailbox.give(|given| given.recorder.put(Some(recorder)));
                self.recordings.push(whole);
                None
            }
            Err(error) => Some(Done::RecordingEnded { call, failure: Some(no_thread(call, &error)) }),
        }
    }

    /// In every leg, at once.
    pub fn set_gains(&self, gains: Gains) {
        self.loudness.set(gains);
    }

    /// In every leg that is started from now on.
    pub fn set_treatment(&mut self, wish: TreatmentWish) {
        self.treatment = wish;
    }

    /// A running leg goes over to other devices; what cannot be opened is told, and the leg stays as it is.
    pub fn use_sound(
        &self,
        call: CallId,
        source: Option<&AudioSource>,
        sink: Option<&AudioSink>,
    ) -> Result<(), Failure> {
        let Some(Leg::Running(mailbox)) = self.legs.get(&call) else { return Ok(()) };
        if let Some(source) = source {
            let source = Source::open(source, LIVE_RATE)?;
            mailbox.give(|given| given.source.put(Some(source)));
        }
        if let Some(sink) = sink {
            let sink = Sink::open(sink, LIVE_RATE)?;
            mailbox.give(|given| given.sink.put(Some(sink)));
        }
        Ok(())
    }

    /// The peers of two calls hear each other from now on, or not any more.
    pub fn confer(&self, calls: [CallId; 2], together: bool) {
        let sides = bridge().map(|side| together.then_some(side));
        for (call, side) in calls.into_iter().zip(sides) {
            if let Some(Leg::Running(mailbox)) = self.legs.get(&call) {
                mailbox.give(|given| given.bridge.put(side));
            }
        }
    }

    /// Its stream sends these keys of the telephone.
    pub fn dial(&self, call: CallId, digits: Vec<Digit>) {
        if let Some(Leg::Running(mailbox)) = self.legs.get(&call) {
            mailbox.dial(digits);
        }
    }

    /// Its stream goes on with other codecs.
    pub fn set_formats(&self, call: CallId, formats: Formats) {
        if let Some(Leg::Running(mailbox)) = self.legs.get(&call) {
            mailbox.set_formats(formats);
        }
    }

    /// Its stream goes on under new keys.
    pub fn rekey(&mut self, call: CallId, rekeying: Box<Rekeying>) {
        let is_there = |opened: &Opened| opened.is_at(rekeying.local);
        let opened = self.beside.get(&call).is_some_and(is_there).then(|| self.beside.remove(&call)).flatten();
        if let Some(Leg::Running(mailbox)) = self.legs.get(&call) {
            mailbox.rekey(rekeying, opened.map(Opened::take));
        }
    }

    /// With `bye` a last report tells the peer. A running leg tells its end by itself, within a frame; for any other the answer is here.
    pub fn close(&mut self, call: CallId, bye: bool) -> Option<Done> {
        match self.legs.get(&call) {
            Some(Leg::Running(mailbox)) => {
                mailbox.close(bye);
                None
            }
            _ => {
                self.legs.remove(&call);
                self.listeners.remove(&call);
                Some(Done::MediaClosed { call, counters: Counters::default() })
            }
        }
    }

    /// The leg has told its end.
    pub fn forget(&mut self, call: CallId) {
        self.beside.remove(&call);
        self.legs.remove(&call);
    }

    /// Ends every leg, and waits until recordings are complete.
    pub async fn close_all(&mut self) {
        for leg in std::mem::take(&mut self.legs).into_values() {
            if let Leg::Running(mailbox) = leg {
                mailbox.close(false);
            }
        }
        let (crew, recordings) = (self.crew.clone(), std::mem::take(&mut self.recordings));
        let wait = move || {
            crew.wait_until_over();
            // Nothing is ever sent: each is gone when its file is whole.
            for whole in recordings {
                let _ = whole.recv();
            }
        };
        let _ = tokio::task::spawn_blocking(wait).await;
    }
}

fn not_open(call: CallId) -> Failure {
    failed("media-not-open", format!("the call {call} has no open media socket"), call)
}

fn no_thread(call: CallId, error: &std::io::Error) -> Failure {
    failed("no-thread", format!("the machine starts no further thread for the call {call}: {error}"), call)
}

fn failed(code: &'static str, message: String, call: CallId) -> Failure {
    Failure::new(FailureKind::Failed, code, message, call.to_string(), "hang up, and call again")
}
