use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::mailbox::Mailbox;
use crate::agent::{AudioSink, AudioSource, Done};
use crate::io::audio::{Sink, Source};
use crate::io::os;
use crate::io::packet_log::packet_log;
use crate::io::Clock;
use crate::media::{Codec, Counters, Stream};
use crate::vocab::{CallId, Failure, Mono, Now};

/// One frame.
const FRAME_TIME: Duration = Duration::from_millis(20);
/// A thread that is later than this skips the frames that it missed: a peer would only drop a burst of old sound.
const LATEST: Duration = Duration::from_millis(200);
/// Frames between two tellings of the counters: half a second.
const FRAMES_A_COUNT: u64 = 25;

/// One call's media leg. Runs until the mailbox says that it is over.
pub struct MediaThread {
    pub call: CallId,
    pub clock: Clock,
    pub dones: mpsc::Sender<Done>,
    pub mailbox: Arc<Mailbox>,
    /// Does not block.
    pub socket: UdpSocket,
    /// None between two of them.
    pub stream: Option<Box<Stream>>,
    pub source: AudioSource,
    pub sink: AudioSink,
}

/// When frames are due. The n-th is due n times 20 ms after the first, however late the one before was.
#[derive(Debug)]
pub struct Pace {
    next: Mono,
}

impl Pace {
    /// The first frame is due at once.
    pub fn start(now: Mono) -> Self {
        Self { next: now }
    }

    /// How long until the next frame; zero when it is due.
    pub fn wait(&self, now: Mono) -> Duration {
        self.next - now
    }

    /// A frame was sent.
    pub fn advance(&mut self, now: Mono) {
        self.next = self.next + FRAME_TIME;
        while now - self.next > LATEST {
            self.next = self.next + FRAME_TIME;
        }
    }
}

impl MediaThread {
    /// `buffer` has room for a datagram.
    pub fn run(mut self, buffer: &mut [u8]) {
        let mut source = self.or_silence(Source::open(&self.source), Source::Silence);
        let mut sink = self.or_silence(Sink::open(&self.sink), Sink::Discard);
        let mut pace = Pace::start(self.clock.now().mono);
        let mut frames = 0u64;
        while !self.mailbox.is_closing() {
            let now = self.clock.now();
            let wait = pace.wait(now.mono);
            if !wait.is_zero() {
                self.receive(buffer, wait);
                continue;
            }
            pace.advance(now.mono);
            self.frame(&mut source, &mut sink);
            frames += 1;
            if frames.is_multiple_of(FRAMES_A_COUNT) {
                self.count();
            }
        }
        self.end(sink);
    }

    /// Sends one frame, and plays one.
    fn frame(&mut self, source: &mut Source, sink: &mut Sink) {
        self.look_at_mailbox();
        let now = self.clock.now();
        let had_ended = source.has_ended();
        let Some(stream) = self.stream.as_mut() else { return };
        let said = if stream.held().is_paused() { [0; Codec::FRAME] } else { source.frame() };
        if let Some(datagram) = stream.send(now, &said) {
            send(&self.socket, now, datagram.to, datagram.bytes);
        }
        while let Some(datagram) = stream.poll_rtcp(now) {
            send(&self.socket, now, datagram.to, datagram.bytes);
        }
        let heard = stream.play(now);
        if source.has_ended() && !had_ended {
            self.tell(Done::SourceEnded { call: self.call });
        }
        if let Err(failure) = sink.write(&heard) {
            *sink = Sink::Discard;
            self.tell(Done::StreamFailed { call: self.call, failure });
        }
        self.tell_events();
    }

    /// Opens what comes, until the next frame is due. A flood is left in the socket's buffer then.
    fn receive(&mut self, buffer: &mut [u8], wait: Duration) {
        match os::wait_readable(self.socket.as_fd(), wait) {
            Ok(true) => {}
            Ok(false) => return,
            Err(_) => return std::thread::sleep(wait),
        }
        let Ok((len, from)) = self.socket.recv_from(buffer) else { return };
        self.look_at_mailbox();
        if let (Some(stream), Some(datagram)) = (self.stream.as_mut(), buffer.get_mut(..len)) {
            stream.handle_datagram(self.clock.now(), from, datagram);
        }
        self.tell_events();
    }

    fn look_at_mailbox(&mut self) {
        if let Some(other) = self.mailbox.take_stream() {
            self.stream = other;
        }
        let Some(stream) = self.stream.as_mut() else { return };
        if let Some(spd) = self.mailbox.take_spd() {
            stream.set_spd(spd);
        }
        if let Some(held) = self.mailbox.take_hold() {
            stream.set_held(held);
        }
    }

    fn tell_events(&mut self) {
        while let Some(event) = self.stream.as_mut().and_then(|stream| stream.poll_event()) {
            let counters = self.counters();
            self.tell(Done::StreamEvent { call: self.call, event, counters });
        }
    }

    /// Never waits: when the loop is busy, the next count tells as much.
    fn count(&self) {
        let counters = self.counters();
        let _ = self.dones.try_send(Done::Counted { call: self.call, counters });
    }

    fn counters(&self) -> Counters {
        self.stream.as_ref().map(|stream| stream.counters().clone()).unwrap_or_default()
    }

    fn or_silence<T>(&self, opened: Result<T, Failure>, otherwise: T) -> T {
        opened.unwrap_or_else(|failure| {
            self.tell(Done::StreamFailed { call: self.call, failure });
            otherwise
        })
    }

    /// Waits while the loop has too many answers before it; these are few, and none may be lost.
    fn tell(&self, done: Done) {
        let _ = self.dones.blocking_send(done);
    }

    fn end(mut self, sink: Sink) {
        if let Err(failure) = sink.finish() {
            self.tell(Done::StreamFailed { call: self.call, failure });
        }
        self.tell_events();
        let counters = self.counters();
        self.tell(Done::MediaClosed { call: self.call, counters });
    }
}

/// Voice that cannot be sent now is late later: a failure is as good as a lost packet.
fn send(socket: &UdpSocket, now: Now, to: SocketAddr, bytes: &[u8]) {
    if let Err(error) = socket.send_to(bytes, to) {
        tracing::trace!(%error, "a media packet was not sent");
    } else if let Some((log, from)) = packet_log().and_then(|log| Some((log, socket.local_addr().ok()?))) {
        log.write(now.wall, from, to, bytes);
    }
}

const _: () = assert!(Codec::FRAME as u128 * 1000 == FRAME_TIME.as_millis() * Codec::RATE as u128);
