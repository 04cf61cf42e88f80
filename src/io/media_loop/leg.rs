use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;

use super::beside::Beside;
use super::by_tcp::{ByTcp, Towards};
use super::loudness::Loudness;
use super::mailbox::{Mailbox, OpenedSocket};
use super::out::{say, send, Out};
use super::outbox::Outbox;
use super::pace::Pace;
use super::traversing::Traversing;
use super::treating::Treating;
use crate::agent::{AudioSink, AudioSource, Done, SoundSide};
use crate::ice::Traversal;
use crate::io::audio::{Sink, Source};
use crate::io::os::Batch;
use crate::media::{
    amplify, Counters, Forwarder, Levels, Meter, Rekeying, Stream, StreamEvent, TreatmentWish, FRAMES_A_SECOND,
    MAX_FRAME,
};
use crate::vocab::{CallId, Failure, Mono, Now};

/// Frames between two tellings of the counters: half a second.
const FRAMES_A_COUNT: u64 = 25;

/// Datagrams that are opened one after the other before other legs have their turn.
const MOST_AT_ONCE: usize = 64;
/// More than so many in the time of one frame is no voice: a system's buffer of usual size holds some 250.
const CROWD: usize = 16;

/// One call's media leg, before it runs.
pub struct MediaLeg {
    pub call: CallId,
    pub mailbox: Arc<Mailbox>,
    /// Does not block.
    pub socket: UdpSocket,
    /// In the place of the socket.
    pub by_tcp: Option<Box<ByTcp>>,
    pub traversal: Option<Box<Traversal>>,
    pub work: Work,
    pub source: AudioSource,
    pub sink: AudioSink,
    pub loudness: Arc<Loudness>,
    pub treatment: TreatmentWish,
}

/// What a leg does.
pub enum Work {
    /// None between two streams.
    Talk(Option<Box<Stream>>),
    /// At a gateway.
    Forward(Box<Forwarder>),
}

impl Work {
    /// Samples a second of its sound.
    fn rate(&self) -> u32 {
        match self {
            Self::Talk(Some(stream)) => stream.rate(),
            // Nothing is said or heard.
            Self::Talk(None) | Self::Forward(_) => 8000,
        }
    }
}

/// One that runs, until the mailbox says that it is over.
pub struct RunningLeg {
    call: CallId,
    mailbox: Arc<Mailbox>,
    socket: UdpSocket,
    by_tcp: Option<Box<ByTcp>>,
    traversing: Traversing,
    work: Work,
    source: Source,
    sink: Sink,
    treating: Treating,
    beside: Beside,
    loudness: Arc<Loudness>,
    /// Of what is sent and of what is played.
    meters: [Meter; 2],
    /// What they are set to, in samples a second: either side may go on with another codec.
    rates: (u32, u32),
    pace: Pace,
    frames: u64,
    /// What came before was handed to the stream.
    read_until: Mono,
    /// Datagrams since the last frame.
    came: usize,
    /// They were more than sound needs.
    crowded: bool,
    /// What its connection ended with, until that is told.
    broken: Option<Failure>,
    failed: bool,
}

impl MediaLeg {
    /// It reads or writes a file, or what may be one: others would wait for the disk with it.
    pub fn may_block(&self) -> bool {
        matches!(self.source, AudioSource::File(_) | AudioSource::Pipe(_))
            || matches!(self.sink, AudioSink::File(_) | AudioSink::Pipe(_))
    }

    /// Opens what it plays and where it is heard. What cannot be opened is told, and replaced by silence.
    pub fn start(self, now: Now, outbox: &mut Outbox) -> RunningLeg {
        let Self { call, mailbox, socket, by_tcp, traversal, work, source, sink, loudness, treatment } = self;
        let mut told = |failure| outbox.push(Done::StreamFailed { call, failure });
        let rate = work.rate();
        let source = or_else(Source::open(&source, rate), Source::silence(), &mut told);
        let sink = or_else(Sink::open(&sink, rate), Sink::Discard, &mut told);
        RunningLeg {
            call,
            mailbox,
            socket,
            by_tcp,
            traversing: Traversing(traversal),
            work,
            treating: Treating::new(treatment, &source, &sink),
            source,
            sink,
            beside: Beside::default(),
            loudness,
            meters: Default::default(),
            rates: (rate, rate),
            pace: Pace::start(now.mono),
            frames: 0,
            read_until: Mono::default(),
            came: 0,
            crowded: false,
            broken: None,
            failed: false,
        }
    }
}

fn or_else<T>(opened: Result<T, Failure>, otherwise: T, told: &mut impl FnMut(Failure)) -> T {
    opened.unwrap_or_else(|failure| {
        told(failure);
        otherwise
    })
}

impl RunningLeg {
    pub fn is_over(&self) -> bool {
        self.failed || self.mailbox.is_closing()
    }

    /// Does something with it. If that panics its call ends, and the other legs of the thread go on.
    pub fn guarded(&mut self, work: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| work(self))).is_err() {
            tracing::error!(call = %self.call, "the voice of a call has failed inside: the call ends");
            self.failed = true;
        }
    }

    /// When its next frame is due.
    pub fn next(&self) -> Mono {
        self.pace.next()
    }

    /// Opens what came, sends the frame that is due, and plays one.
    pub fn frame(&mut self, now: Now, batch: &mut Batch, outbox: &mut Outbox) {
        let due = self.pace.next();
        let skipped = self.pace.advance(now.mono);
        self.receive(now, batch, outbox);
        self.crowded = std::mem::take(&mut self.came) > CROWD;
        if let Work::Talk(Some(stream)) = &mut self.work {
            stream.note_lateness(now.mono - due);
            stream.pass_over(skipped);
        }
        self.send_and_play(now, outbox);
        self.frames += 1;
        if self.frames.is_multiple_of(FRAMES_A_COUNT) {
            let [input, output] = self.meters.each_ref().map(Meter::last);
            outbox.count(self.call, || (self.counters(), Levels { input, output }));
        }
    }

    fn send_and_play(&mut self, now: Now, outbox: &mut Outbox) {
        let had_ended = self.source.has_ended();
        let Work::Talk(Some(stream)) = &mut self.work else { return };
        let mut room = [0; MAX_FRAME];
        let rates = (stream.rate(), stream.heard_rate());
        if std::mem::replace(&mut self.rates, rates) != rates {
            self.source.set_rate(rates.0);
            self.sink.set_rate(rates.1);
        }
        let len = |rate: u32| (rate / FRAMES_A_SECOND) as usize;
        let Some(frame) = room.get_mut(..len(rates.0)) else { return };
        if !stream.held().is_paused() {
            self.source.frame(frame, self.treating.acoustics());
            if self.source.is_live() {
                amplify(frame, self.loudness.input());
            }
        }
        if self.mailbox.is_muted() {
            frame.fill(0);
        }
        self.meters[0].note(frame);
        self.beside.mix_into(frame);
        self.traversing.advance(now, &self.socket, stream, self.frames.is_multiple_of(FRAMES_A_COUNT));
        if self.traversing.is_silenced() {
            stream.skip();
        } else {
            let in_clear = stream.is_in_clear();
            let (socket, by_tcp, traversing) = (&self.socket, &mut self.by_tcp, &mut self.traversing);
            say(stream, now, frame, &mut Out { socket, by_tcp, in_clear, traversing });
        }
        let ours = self.beside.keep(frame, stream.held().is_silent());
        let sent = frame.len();
        let Some(frame) = room.get_mut(..len(rates.1)) else { return };
        stream.play(now, frame);
        if let Some(ours) = ours {
            self.beside.take(ours.get(..sent).unwrap_or_default(), frame);
        }
        self.source.hear(frame);
        if self.sink.is_live() {
            amplify(frame, self.loudness.output());
        }
        self.meters[1].note(frame);
        if self.source.has_ended() && !had_ended {
            outbox.push(Done::SourceEnded { call: self.call });
        }
        if let Err(failure) = self.sink.write(frame, self.treating.acoustics()) {
            self.sink = Sink::Discard;
            outbox.push(Done::StreamFailed { call: self.call, failure });
        }
        self.tell_sound(outbox);
        self.tell_events(outbox);
    }

    fn tell_sound(&mut self, outbox: &mut Outbox) {
        let call = self.call;
        if let Some(failure) = self.traversing.take_failure() {
            outbox.push(Done::RelayFailed { call, failure });
        }
        if let Some(news) = self.source.news() {
            outbox.push(Done::SoundChanged { call, side: SoundSide::Input, news });
        }
        if let Some(news) = self.sink.news() {
            outbox.push(Done::SoundChanged { call, side: SoundSide::Output, news });
        }
    }

    /// Whether it opens what comes when it comes. Sound has time until the frame in which it can be heard first, and a machine that sleeps until then
    /// needs half the power; a gateway passes it on at once, and where much more comes than sound the system's buffer would not hold it.
    pub fn takes_at_once(&self) -> bool {
        matches!(self.work, Work::Forward(_)) || self.crowded
    }

    /// Opens what waits, up to [`MOST_AT_ONCE`]; the rest after the frames that are due by then.
    pub fn receive(&mut self, now: Now, batch: &mut Batch, outbox: &mut Outbox) {
        self.look_at_mailbox(now, batch);
        self.take_in(now, batch);
        self.tell_events(outbox);
    }

    fn take_in(&mut self, now: Now, batch: &mut Batch) {
        if self.by_tcp.is_some() {
            return self.take_in_by_tcp(now);
        }
        let mut taken = 0;
        let mut more = true;
        while more && taken < MOST_AT_ONCE {
            more = batch.receive(self.socket.as_fd()).unwrap_or(false);
            for arrival in batch.arrivals() {
                taken += 1;
                let came = Mono(now.mono.0.saturating_sub(arrival.age)).max(self.read_until);
                self.handle(Now { mono: came, ..now }, arrival.from, arrival.bytes);
            }
        }
        self.read_until = now.mono;
        self.came += taken;
    }

    fn take_in_by_tcp(&mut self, now: Now) {
        let (Some(by_tcp), Work::Talk(Some(stream))) = (&mut self.by_tcp, &mut self.work) else { return };
        if let Some(Some(connection)) = self.mailbox.given().connection.take() {
            by_tcp.add(connection);
        }
        let towards = Towards { peer: stream.remote(), in_clear: stream.is_in_clear() };
        let taken = by_tcp.receive(now.mono, towards, |from, packet| stream.take_datagram(now, from, packet));
        self.broken = self.broken.take().or(taken.err());
    }

    fn handle(&mut self, came: Now, from: SocketAddr, datagram: &mut [u8]) {
        match &mut self.work {
            Work::Talk(Some(stream)) => {
                if let Some((from, len)) = self.traversing.sort(came, from, datagram, stream) {
                    stream.handle_datagram(came, from, datagram.get_mut(..len).unwrap_or_default());
                }
            }
            Work::Talk(None) => {}
            Work::Forward(forwarder) => {
                if let Some(on) = forwarder.handle_datagram(came, from, datagram) {
                    send(&self.socket, came, on.to, on.bytes);
                }
            }
        }
    }

    /// Takes what has come until now, completes the recording, and frees the port.
    pub fn end(mut self, now: Now, batch: &mut Batch, outbox: &mut Outbox) {
        if !self.failed {
            self.guarded(|leg| {
                leg.take_in(now, batch);
                leg.say_bye(now);
                leg.traversing.release(now, &leg.socket);
            });
        }
        self.tell_events(outbox);
        let counters = self.counters();
        let Self { call, sink, socket, .. } = self;
        if let Err(failure) = sink.finish() {
            outbox.push(Done::StreamFailed { call, failure });
        }
        drop(socket);
        outbox.push(Done::MediaClosed { call, counters });
    }

    fn say_bye(&mut self, now: Now) {
        let Work::Talk(Some(stream)) = &mut self.work else { return };
        let says = self.mailbox.says_bye() && !self.traversing.is_silenced();
        let in_clear = stream.is_in_clear();
        if let Some(datagram) = says.then(|| stream.bye(now)).flatten() {
            let (socket, by_tcp, traversing) = (&self.socket, &mut self.by_tcp, &mut self.traversing);
            Out { socket, by_tcp, in_clear, traversing }.go(now, datagram);
        }
    }

    fn look_at_mailbox(&mut self, now: Now, batch: &mut Batch) {
        if self.mailbox.has_news() {
            self.take_news(now, batch);
        }
        self.treating.fit(&self.source, &self.sink);
    }

    fn take_news(&mut self, now: Now, batch: &mut Batch) {
        self.beside.look_at(self.mailbox.given());
        self.change_sound();
        if let Work::Forward(forwarder) = &mut self.work {
            if let Some(known) = self.mailbox.take_known() {
                forwarder.set_known(&known);
            }
            if let Some(spd) = self.mailbox.take_spd() {
                forwarder.set_spd(&spd);
            }
            return;
        }
        if let Some(other) = self.mailbox.take_stream() {
            self.work = Work::Talk(other);
        }
        let Work::Talk(Some(stream)) = &mut self.work else { return };
        if let Some(spd) = self.mailbox.take_spd() {
            stream.set_spd(now, spd);
        }
        for (rekeying, opened) in self.mailbox.take_rekeyings() {
            self.rekey(now, *rekeying, opened, batch);
        }
        let Work::Talk(Some(stream)) = &mut self.work else { return };
        if let Some(said) = self.mailbox.take_ice() {
            self.traversing.set(now, said.as_deref(), stream);
        }
        if let Some(held) = self.mailbox.take_hold() {
            stream.set_held(held);
        }
        if let Some(formats) = self.mailbox.take_formats() {
            stream.set_formats(formats);
        }
        if let Some(digits) = self.mailbox.take_digits() {
            stream.dial(&digits);
        }
    }

    /// The user chose another device.
    fn change_sound(&mut self) {
        if let Some(Some(source)) = self.mailbox.given().source.take() {
            self.source = source;
            self.source.set_rate(self.rates.0);
        }
        if let Some(Some(sink)) = self.mailbox.given().sink.take() {
            self.sink = sink;
            self.sink.set_rate(self.rates.1);
        }
    }

    /// What waits at the socket before is under the keys before, or, where the peer was quicker, under the new ones.
    fn rekey(&mut self, now: Now, rekeying: Rekeying, opened: Option<OpenedSocket>, batch: &mut Batch) {
        let Work::Talk(Some(stream)) = &mut self.work else { return };
        stream.rekey(now, rekeying);
        if let Some((socket, traversal)) = opened {
            self.take_in(now, batch);
            self.traversing.release(now, &self.socket);
            (self.socket, self.traversing) = (socket, Traversing(traversal));
        }
    }

    fn tell_events(&mut self, outbox: &mut Outbox) {
        if let Some(failure) = self.broken.take() {
            outbox.push(Done::StreamFailed { call: self.call, failure });
        }
        while let Some(event) = self.event() {
            outbox.push(Done::StreamEvent { call: self.call, event, counters: self.counters() });
        }
    }

    fn event(&mut self) -> Option<StreamEvent> {
        match &mut self.work {
            Work::Talk(Some(stream)) => stream.poll_event(),
            Work::Talk(None) | Work::Forward(_) => None,
        }
    }

    fn counters(&self) -> Counters {
        match &self.work {
            Work::Talk(stream) => stream.as_ref().map(|stream| stream.counters().clone()).unwrap_or_default(),
            Work::Forward(forwarder) => forwarder.counters().clone(),
        }
    }
}

impl AsFd for RunningLeg {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
