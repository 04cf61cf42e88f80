mod gathered;
mod led;

use std::net::UdpSocket;

use super::*;
use crate::io::audio::read_wav;
use crate::io::os::Batch;
use crate::ipsec::Protection;
use crate::media::{Codec, Formats, Held, StreamConfig, StreamEvent};
use crate::policy::{Action, Bundle, Level};

const LOCAL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

fn loops() -> MediaLoops {
    let (dones, _) = mpsc::channel(1);
    MediaLoops::new(Clock::start(), dones)
}

#[test]
fn a_media_port_is_even_in_range_and_really_bound() {
    let mut loops = loops();
    let ports: Vec<u16> = (0..20).map(|call| loops.open(CallId(call), LOCAL).unwrap().port()).collect();
    for (index, port) in ports.iter().enumerate() {
        assert!((16_384..=32_767).contains(port) && port % 2 == 0, "{port}");
        assert!(!ports[..index].contains(port), "{port} twice");
    }
    let failure = loops.open(CallId(99), "192.0.2.1".parse().unwrap()).unwrap_err();
    assert_eq!(failure.code, "address-not-ours");
}

#[test]
fn a_leg_that_never_ran_is_closed_at_once_and_its_port_is_free() {
    let mut loops = loops();
    let address = loops.open(CallId(1), LOCAL).unwrap();
    let Some(Done::MediaClosed { call: CallId(1), counters }) = loops.close(CallId(1), false) else { panic!() };
    assert_eq!((counters, loops.is_empty()), (Counters::default(), true));
    #[expect(clippy::disallowed_methods, reason = "looks whether the port is free")]
    UdpSocket::bind(address).unwrap();
}

fn stream(local: SocketAddr, remote: SocketAddr) -> Box<Stream> {
    stream_under("spdadd any any udp -P out none;", (local, remote))
}

fn stream_under(entries: &str, (local, remote): (SocketAddr, SocketAddr)) -> Box<Stream> {
    let out = crate::policy::setkey::parse(entries).unwrap();
    let config = StreamConfig {
        upper: crate::policy::Upper::Udp,
        heard_first: false,
        only_from: None,
        rtcp_mux: true,
        held: Held::default(),
        tunnel: None,
        local,
        remote,
        peer: None,
        spd: Arc::new(Spd::compile(crate::vocab::Generation(1), Vec::new(), out)),
        formats: Formats::only(Codec::Pcmu),
        ssrc: 1,
        sequence: 1,
        timestamp: 1,
        default_level: Level::Require,
        outbound: Bundle::of(&Action::None),
        inbound: Bundle::of(&Action::None),
    };
    Box::new(Stream::new(config, Protection::none()))
}

const ALICE: CallId = CallId(1);
const BOB: CallId = CallId(2);

/// Two legs that run: what Alice plays from a file, Bob records into another.
struct Pair {
    loops: MediaLoops,
    answers: mpsc::Receiver<Done>,
    at_alice: SocketAddr,
    at_bob: SocketAddr,
    dir: tempfile::TempDir,
}

impl Pair {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (speech, heard) = (dir.path().join("speech.wav"), dir.path().join("heard.wav"));
        write_speech(&speech);
        let (dones, answers) = mpsc::channel(64);
        let mut loops = MediaLoops::new(Clock::start(), dones);
        let (at_alice, at_bob) = (loops.open(ALICE, LOCAL).unwrap(), loops.open(BOB, LOCAL).unwrap());
        loops.start(BOB, stream(at_bob, at_alice), AudioSource::Silence, AudioSink::File(heard)).unwrap();
        loops.start(ALICE, stream(at_alice, at_bob), AudioSource::File(speech), AudioSink::Discard).unwrap();
        Self { loops, answers, at_alice, at_bob, dir }
    }
}

/// A WAV file of half a second: a square wave that mu-law carries nearly as it is.
fn write_speech(path: &std::path::Path) {
    let format =
        hound::WavSpec { channels: 1, sample_rate: 8000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::create(path, format).unwrap();
    (0..4000).for_each(|n| writer.write_sample(if n / 20 % 2 == 0 { 8000i16 } else { -8000 }).unwrap());
    writer.finalize().unwrap();
}

/// Of what Bob recorded.
fn loud_samples(dir: &tempfile::TempDir) -> usize {
    let heard = read_wav(&dir.path().join("heard.wav"), 8000).unwrap();
    heard.iter().filter(|sample| sample.unsigned_abs() > 7000).count()
}

/// What a callee would miss is kept until it picks up; and another stream takes the place of one, in the same recording.
#[test]
fn what_is_played_waits_for_the_callee_and_streams_can_follow_each_other() {
    let Pair { mut loops, mut answers, at_alice, at_bob, dir } = Pair::start();
    loops.hold(ALICE, Held { early: true, ..Held::default() });
    loops.drop_stream(BOB);
    loops.start(BOB, stream(at_bob, at_alice), AudioSource::Silence, AudioSink::Discard).unwrap();
    let (mut closed, mut sent) = (Vec::new(), 0);
    while closed.len() < 2 {
        match answers.blocking_recv().expect("legs are running") {
            Done::Counted { call, counters, .. } if call == ALICE && counters.sent <= 1 => {
                loops.hold(ALICE, Held::default());
            }
            Done::SourceEnded { .. } => drop(loops.close(ALICE, true)),
            Done::MediaClosed { call, counters } => {
                sent = sent.max(counters.sent);
                closed.push((call, counters.rtcp_received));
                loops.close(BOB, false);
            }
            Done::StreamFailed { failure, .. } => panic!("{failure}"),
            _ => {}
        }
    }
    assert_eq!(closed, [(ALICE, 0), (BOB, 1)], "Alice said that nothing more comes");
    let loud = loud_samples(&dir);
    assert!(sent >= 25 && loud >= 3000, "{sent} sent, {loud} of 4000 samples were heard");
}

/// Legs of silence to themselves.
fn start(loops: &mut MediaLoops, calls: std::ops::RangeInclusive<u64>, sink: &AudioSink) {
    for call in calls.map(CallId) {
        let here = loops.open(call, LOCAL).unwrap();
        loops.start(call, stream(here, here), AudioSource::Silence, sink.clone()).unwrap();
    }
}

fn until_closed(answers: &mut mpsc::Receiver<Done>, mut legs: usize) {
    while legs > 0 {
        match answers.blocking_recv().expect("legs are running") {
            Done::MediaClosed { counters, .. } => {
                assert!(counters.dropped.is_empty(), "{counters:?}");
                legs -= 1;
            }
            Done::StreamFailed { failure, .. } => panic!("{failure}"),
            _ => {}
        }
    }
}

fn loops_on(processors: usize) -> (MediaLoops, mpsc::Receiver<Done>) {
    let (dones, answers) = mpsc::channel(1024);
    (MediaLoops::on(processors, Clock::start(), dones), answers)
}

/// It is woken for it, and does not find it when its patience is over.
#[test]
fn a_thread_whose_leg_is_over_runs_the_next() {
    let (mut loops, mut answers) = loops_on(2);
    let clock = Clock::start();
    for call in 1..=3 {
        start(&mut loops, call..=call, &AudioSink::Discard);
        loops.close(CallId(call), false);
        until_closed(&mut answers, 1);
    }
    loops.crew.wait_until_over();
    assert_eq!(loops.crew.carriers(), 1, "one thread ran all three");
    assert!(clock.now().mono.0 < crew::PATIENCE);
}

#[test]
fn each_processor_has_a_leg_before_they_share() {
    let (mut loops, mut answers) = loops_on(2);
    for (call, carriers) in [(1, 1), (2, 2), (3, 2), (4, 2)] {
        start(&mut loops, call..=call, &AudioSink::Discard);
        assert_eq!(loops.crew.carriers(), carriers, "{call}");
    }
    (1..=4).for_each(|call| drop(loops.close(CallId(call), false)));
    until_closed(&mut answers, 4);
}

#[test]
fn many_legs_share_threads_and_each_is_served_in_time() {
    const LEGS: usize = carrier::MOST + 2;
    let (mut loops, mut answers) = loops_on(1);
    start(&mut loops, 1..=carrier::MOST as u64, &AudioSink::Discard);
    assert_eq!(loops.crew.carriers(), 1);
    start(&mut loops, carrier::MOST as u64 + 1..=LEGS as u64, &AudioSink::Discard);
    assert_eq!(loops.crew.carriers(), 2, "one is full");
    let mut counted = std::collections::BTreeMap::new();
    while counted.len() < LEGS {
        if let Done::Counted { call, counters, .. } = answers.blocking_recv().expect("legs are running") {
            counted.entry(call).or_insert((counters.sent, counters.received));
        }
    }
    // What was sent to itself is heard at once, but for what is on its way.
    for (call, (sent, received)) in counted {
        assert!(sent == 25 && received + 13 > sent, "{call}: {sent} sent, {received} received");
        loops.close(call, false);
    }
    until_closed(&mut answers, LEGS);
}

/// A disk that stands still stops the voice of nobody else.
#[test]
fn a_leg_with_a_file_has_its_thread_for_itself() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| AudioSink::File(dir.path().join(name));
    let (mut loops, mut answers) = loops_on(1);
    let mut threads = Vec::new();
    for (call, sink) in [(1, file("1")), (2, AudioSink::Discard), (3, file("3")), (4, AudioSink::Discard)] {
        start(&mut loops, call..=call, &sink);
        threads.push(loops.crew.carriers());
    }
    assert_eq!(threads, [1, 2, 3, 3], "only the two without one share");
    for call in 1..=4 {
        loops.close(CallId(call), false);
    }
    until_closed(&mut answers, 4);
}

#[test]
fn a_leg_that_panics_ends_alone() {
    let (mut loops, _) = loops_on(1);
    let here = loops.open(ALICE, LOCAL).unwrap();
    let Some(Leg::Opened(opened)) = loops.legs.remove(&ALICE) else { panic!("it was opened") };
    let (source, sink) = (AudioSource::Silence, AudioSink::Discard);
    let (socket, traversal) = opened.take();
    let leg = MediaLeg {
        call: ALICE,
        mailbox: Arc::default(),
        socket,
        by_tcp: None,
        traversal,
        work: leg::Work::Talk(Some(stream(here, here))),
        source,
        sink,
        loudness: Arc::default(),
        treatment: Default::default(),
    };
    let mut outbox = outbox::Outbox::default();
    let mut leg = leg.start(Clock::start().now(), &mut outbox);
    leg.guarded(|leg| leg.frame(Clock::start().now(), &mut Batch::new(), &mut outbox));
    assert!(!leg.is_over());
    leg.guarded(|_| panic!("as a mistake in it would"));
    assert!(leg.is_over());
    leg.end(Clock::start().now(), &mut Batch::new(), &mut outbox);
    let (dones, mut answers) = mpsc::channel(4);
    outbox.tell(&dones);
    let told = answers.blocking_recv();
    assert!(matches!(told, Some(Done::MediaClosed { call: ALICE, counters }) if counters.sent == 1));
}

/// The agent that has no time for its answers loses none of them, and no voice either.
#[test]
fn a_frame_that_leaves_more_than_ten_milliseconds_late_is_counted() {
    let (mut loops, _) = loops_on(1);
    let here = loops.open(ALICE, LOCAL).unwrap();
    let Some(Leg::Opened(opened)) = loops.legs.remove(&ALICE) else { panic!("it was opened") };
    let (socket, traversal) = opened.take();
    let (source, sink) = (AudioSource::Silence, AudioSink::Discard);
    let work = leg::Work::Talk(Some(stream(here, here)));
    let mut outbox = outbox::Outbox::default();
    let (begun, mut batch) = (Clock::start().now(), Batch::new());
    let (loudness, mailbox, treatment) = (Arc::default(), Arc::default(), Default::default());
    let mut leg =
        MediaLeg { call: ALICE, mailbox, socket, by_tcp: None, traversal, work, source, sink, loudness, treatment }
            .start(begun, &mut outbox);
    for late in [0, 9, 11, 30, 2] {
        let at = leg.next() + std::time::Duration::from_millis(late);
        leg.frame(crate::vocab::Now { mono: at, ..begun }, &mut batch, &mut outbox);
    }
    leg.end(Clock::start().now(), &mut Batch::new(), &mut outbox);
    let (dones, mut answers) = mpsc::channel(4);
    outbox.tell(&dones);
    while let Ok(told) = answers.try_recv() {
        if let Done::MediaClosed { counters, .. } = told {
            return assert_eq!((counters.sent, counters.sent_late), (5, 2));
        }
    }
    panic!("its end was not told");
}

#[test]
fn sound_waits_for_its_frame_and_a_crowd_does_not() {
    let (mut loops, _) = loops_on(1);
    let here = loops.open(ALICE, LOCAL).unwrap();
    let Some(Leg::Opened(opened)) = loops.legs.remove(&ALICE) else { panic!("it was opened") };
    let (socket, traversal) = opened.take();
    let (source, sink) = (AudioSource::Silence, AudioSink::Discard);
    let work = leg::Work::Talk(Some(stream(here, here)));
    let (mut outbox, mut batch) = (outbox::Outbox::default(), Batch::new());
    let begun = Clock::start().now();
    let (loudness, mailbox, treatment) = (Arc::default(), Arc::default(), Default::default());
    let mut leg =
        MediaLeg { call: ALICE, mailbox, socket, by_tcp: None, traversal, work, source, sink, loudness, treatment }
            .start(begun, &mut outbox);
    #[expect(clippy::disallowed_methods, reason = "somebody else")]
    let stranger = UdpSocket::bind((LOCAL, 0)).unwrap();
    let mut crowds = Vec::new();
    for datagrams in [1, 100, 1, 1] {
        for _ in 0..datagrams {
            stranger.send_to(b"no voice", here).unwrap();
        }
        let at = leg.next();
        leg.frame(crate::vocab::Now { mono: at, ..begun }, &mut batch, &mut outbox);
        crowds.push(leg.takes_at_once());
    }
    // Of the hundred some waited for the frame after it.
    assert_eq!(crowds, [false, true, true, false]);
}

#[test]
fn answers_wait_while_the_voice_goes_on() {
    let (dones, mut answers) = mpsc::channel(1);
    let mut loops = MediaLoops::new(Clock::start(), dones);
    start(&mut loops, 1..=8, &AudioSink::Discard);
    // Nothing is taken: each has told its first packet, and only one answer has room.
    let here = loops.open(CallId(9), LOCAL).unwrap();
    #[expect(clippy::disallowed_methods, reason = "the other end")]
    let listener = UdpSocket::bind((LOCAL, 0)).unwrap();
    listener.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    loops
        .start(CallId(9), stream(here, listener.local_addr().unwrap()), AudioSource::Silence, AudioSink::Discard)
        .unwrap();
    for packet in 0..50 {
        listener.recv(&mut [0; 2048]).unwrap_or_else(|error| panic!("packet {packet}: {error}"));
    }
    for call in 1..=9 {
        loops.close(CallId(call), false);
    }
    // Ends without anybody who listens.
    loops.crew.wait_until_over();
    until_closed(&mut answers, 9);
}

/// The thread may look for another stream, be stopped there, and look for what was said of hold after that.
#[test]
fn what_is_said_of_hold_is_said_of_the_stream_that_was_given_last() {
    let mailbox = mailbox::Mailbox::default();
    let [here, there] = ["127.0.0.1:16384", "127.0.0.1:16386"].map(|address| address.parse().unwrap());
    let held = Held { by_us: true, ..Held::default() };
    assert!(mailbox.take_stream().is_none());
    mailbox.replace(Some(stream(here, there)));
    mailbox.hold(held);
    assert_eq!(mailbox.take_hold(), None, "the stream before has nothing to do with it");
    assert_eq!(mailbox.take_stream().unwrap().unwrap().held(), held);
    mailbox.hold(Held::default());
    assert_eq!((mailbox.take_stream().is_none(), mailbox.take_hold()), (true, Some(Held::default())));
}

#[test]
fn what_one_leg_plays_from_a_file_the_other_records() {
    let Pair { mut loops, mut answers, at_alice, at_bob, dir } = Pair::start();
    let (mut ended, mut closed, mut first, mut counted) = (0, Vec::new(), Vec::new(), Vec::new());
    while closed.len() < 2 {
        match answers.blocking_recv().expect("legs are running") {
            Done::Counted { call, counters, .. } => counted.push((call, counters.sent)),
            Done::SourceEnded { call } => {
                ended += 1;
                assert_eq!(call, ALICE);
                loops.close(ALICE, false);
            }
            Done::MediaClosed { call, counters } => {
                assert!(counters.dropped.is_empty(), "{counters:?}");
                assert!(counters.received > 0 && counters.sent > 0, "{counters:?}");
                closed.push(call);
                loops.close(BOB, false);
            }
            Done::StreamEvent { call, event: StreamEvent::FirstPacket { from }, .. } => first.push((call, from)),
            _ => panic!("neither a failure nor anything else was to happen"),
        }
    }
    assert!(counted.contains(&(ALICE, 25)), "half a second was counted: {counted:?}");
    first.sort();
    assert_eq!((ended, first), (1, vec![(ALICE, at_bob), (BOB, at_alice)]));
    let loud = loud_samples(&dir);
    assert!(loud >= 3000, "{loud} of 4000 samples were heard");
}
