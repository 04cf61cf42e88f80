//! Which codec is sent, and which are heard.

use super::*;
use crate::media::rtp::RtpHeader;
use crate::media::{Formats, Tuning};
use crate::policy::Framing;

/// Two ends that both speak all of `codecs`, the first of them first, under numbers of their own.
fn ends(codecs: &[Codec], bundle: Bundle) -> (Stream, Stream) {
    let rules = if bundle.is_empty() { "none" } else { "ipsec esp/transport//require" };
    let list = |first: u8| codecs.iter().zip(first..).map(|(codec, number)| (number, *codec)).collect::<Vec<_>>();
    let of = |own: u8, theirs: u8| Formats {
        send: list(theirs)[0],
        tuning: Tuning { redundant: true, ..Tuning::default() },
        receive: list(own),
        ..Formats::only(codecs[0])
    };
    let stream = |local, remote, formats, keys: DirectionKeys, others| {
        let config = StreamConfig { formats, ..config(local, remote, spd(rules), bundle) };
        match bundle.is_empty() {
            true => Stream::new(config, Associations::none()),
            false => Stream::new(config, Protection::from_keys(keys, others).unwrap()),
        }
    };
    (
        stream(alice(), bob(), of(100, 110), keys(bundle, 1), keys(bundle, 2)),
        stream(bob(), alice(), of(110, 100), keys(bundle, 2), keys(bundle, 1)),
    )
}

fn tone(rate: u32, nth: u64) -> Vec<i16> {
    let len = u64::from(rate) / 50;
    let at = |n: u64| ((nth * len + n) as f32 * 500.0 * std::f32::consts::TAU / rate as f32).sin() * 8000.0;
    (0..len).map(|n| at(n) as i16).collect()
}

/// Says so many frames; the sizes of their datagrams, and how loud the last frame is that the other hears.
fn talk(from: &mut Stream, to: &mut Stream, frames: std::ops::Range<u64>) -> (Vec<usize>, f32) {
    let (mut sizes, mut loud) = (Vec::new(), 0.0);
    for n in frames {
        let now = at(n * 20);
        if let Some(datagram) = from.send(now, &tone(from.rate(), n)) {
            let mut bytes = datagram.bytes.to_vec();
            sizes.push(bytes.len());
            to.handle_datagram(now, alice(), &mut bytes);
        }
        let mut heard = vec![0; (to.heard_rate() / 50) as usize];
        to.play(now, &mut heard);
        let sum: f32 = heard.iter().map(|sample| f32::from(*sample).powi(2)).sum();
        loud = (sum / heard.len() as f32).sqrt();
    }
    (sizes, loud)
}

/// A tone of amplitude 8000 has an effective value of 5657.
fn is_heard(loud: f32) -> bool {
    (4500.0..7000.0).contains(&loud)
}

#[test]
fn every_codec_is_heard_under_the_numbers_of_each_side() {
    for codec in Codec::ALL {
        let (mut alice, mut bob) = ends(&[codec], Bundle::NONE);
        assert_eq!((alice.rate(), bob.heard_rate()), (codec.rate(), codec.rate()));
        let (_, loud) = talk(&mut alice, &mut bob, 0..30);
        assert!(is_heard(loud), "{codec:?}: {loud}");
        assert!(dropped(&bob).is_empty() && bob.counters().received == 30, "{codec:?}");
    }
}

#[test]
fn a_peer_that_goes_on_with_another_agreed_codec_is_heard() {
    let (mut alice, mut bob) = ends(&[Codec::Pcmu, Codec::Opus, Codec::G722], Bundle::ESP);
    let formats = |send| Formats { send, receive: vec![(100, Codec::Pcmu)], ..Formats::only(Codec::Pcmu) };
    let (_, loud) = talk(&mut alice, &mut bob, 0..20);
    assert!(is_heard(loud), "{loud}");
    for (first, send) in [(20, (111, Codec::Opus)), (60, (112, Codec::G722)), (100, (110, Codec::Pcmu))] {
        alice.set_formats(formats(send));
        assert_eq!(alice.rate(), send.1.rate());
        let (_, loud) = talk(&mut alice, &mut bob, first..first + 40);
        assert_eq!(bob.heard_rate(), send.1.rate());
        assert!(is_heard(loud), "{send:?}: {loud}");
    }
    assert_eq!((dropped(&bob), bob.counters().received), (vec![], 140));
    alice.set_formats(formats((99, Codec::Pcmu)));
    talk(&mut alice, &mut bob, 140..143);
    assert_eq!(dropped(&bob), [("payload-type", 3)]);
}

/// RFC 6562 section 3: padding, or packets of one size by themselves; in clear there is nothing to hide.
#[test]
fn sizes_of_opus_tell_nothing_where_packets_are_sealed() {
    let padded = Bundle { framing: Framing { tfc: true, ..Framing::PLAIN }, ..ESP };
    for (bundle, one_size) in [(Bundle::NONE, false), (ESP, true), (padded, true)] {
        let (mut alice, mut bob) = ends(&[Codec::Opus], bundle);
        let (mut sizes, _) = talk(&mut alice, &mut bob, 0..40);
        sizes.sort_unstable();
        sizes.dedup();
        assert_eq!(sizes.len() == 1, one_size, "{bundle:?}: {sizes:?}");
        assert!(dropped(&bob).is_empty());
    }
}

/// The peer's number and clock for keys, and ours.
fn with_digits(codec: Codec, bundle: Bundle, clock: u32) -> (Stream, Stream) {
    let (mut from, mut to) = ends(&[codec], bundle);
    let formats = |own: u8, theirs: u8| Formats {
        send: (theirs, codec),
        receive: vec![(own, codec)],
        digits: Some((theirs + 5, clock)),
        receive_digits: vec![own + 5],
        ..Formats::only(codec)
    };
    from.set_formats(formats(100, 110));
    to.set_formats(formats(110, 100));
    (from, to)
}

#[test]
fn a_key_is_sent_as_the_rfc_has_it_among_the_sound() {
    for (codec, clock, ticks) in [(Codec::Pcmu, 8000, 160), (Codec::G722, 8000, 160), (Codec::Opus, 48_000, 960)] {
        let (mut from, _) = with_digits(codec, NONE, clock);
        from.dial(&[Digit::new('9').unwrap()]);
        let mut seen = Vec::new();
        for n in 0..20 {
            let datagram = from.send(at(n * 20), &tone(codec.rate(), n)).unwrap();
            let (header, payload) = RtpHeader::read(datagram.bytes).unwrap();
            seen.push((header, payload.to_vec()));
        }
        let first = seen[0].0;
        for (nth, (header, payload)) in seen.iter().enumerate() {
            assert_eq!(header.sequence, first.sequence.wrapping_add(nth as u16));
            if nth < 8 {
                let duration = (ticks * (nth as u16 + 1).min(5)).to_be_bytes();
                assert_eq!(*payload, [9, if nth < 5 { 10 } else { 0x8a }, duration[0], duration[1]]);
                assert_eq!((header.payload_type, header.marker, header.timestamp), (115, nth == 0, first.timestamp));
            } else {
                let passed = nth as u32 * codec.frame_ticks();
                assert_eq!((header.payload_type, header.timestamp), (110, first.timestamp.wrapping_add(passed)));
                assert_eq!(header.marker, nth == 8, "sound begins anew");
            }
        }
    }
}

#[test]
fn a_key_is_told_once_under_protection_and_sound_is_heard_before_and_after() {
    for bundle in [NONE, ESP] {
        let (mut from, mut to) = with_digits(Codec::Pcmu, bundle, 8000);
        assert!(is_heard(talk(&mut from, &mut to, 0..30).1));
        from.dial(&"12".chars().map(|key| Digit::new(key).unwrap()).collect::<Vec<_>>());
        talk(&mut from, &mut to, 30..60);
        assert!(is_heard(talk(&mut from, &mut to, 60..90).1));
        let told: Vec<StreamEvent> = std::iter::from_fn(|| to.poll_event()).collect();
        let key = |key| StreamEvent::Digit(Digit::new(key).unwrap());
        assert_eq!(
            told.iter().filter(|event| matches!(event, StreamEvent::Digit(_))).collect::<Vec<_>>(),
            [&key('1'), &key('2')]
        );
        assert_eq!((to.counters().received, to.counters().dropped.len(), to.counters().concealed), (90, 0, 0));
    }
}

#[test]
fn nobody_who_takes_no_keys_gets_some() {
    let (mut from, mut to) = ends(&[Codec::Pcmu], NONE);
    from.dial(&[Digit::new('1').unwrap()]);
    assert!(is_heard(talk(&mut from, &mut to, 0..30).1));
    let (mut from, mut to) = with_digits(Codec::Pcmu, NONE, 8000);
    from.dial(&[Digit::new('1').unwrap()]);
    from.set_formats(Formats {
        send: (110, Codec::Pcmu),
        receive: vec![(100, Codec::Pcmu)],
        ..Formats::only(Codec::Pcmu)
    });
    assert!(is_heard(talk(&mut from, &mut to, 0..30).1));
}

fn pausing(codec: Codec, bundle: Bundle) -> (Stream, Stream) {
    let (mut from, mut to) = ends(&[codec], bundle);
    let formats = |own: u8, theirs: u8| Formats {
        send: (theirs, codec),
        receive: vec![(own, codec)],
        comfort: (codec != Codec::Opus).then_some(13),
        receive_comfort: (codec != Codec::Opus).then_some(13),
        tuning: Tuning { pauses: true, ..Tuning::default() },
        ..Formats::only(codec)
    };
    from.set_formats(formats(100, 110));
    to.set_formats(formats(110, 100));
    (from, to)
}

/// A room, and somebody who speaks in it from the third second to the fourth; what is sent in each second, and how loud the other hears its end.
fn spoken(from: &mut Stream, to: &mut Stream) -> Vec<(usize, f32)> {
    let (mut seed, mut seconds) = (7u32, Vec::new());
    for second in 0..6u64 {
        let (mut sent, mut sum) = (0, 0.0);
        for n in second * 50..(second + 1) * 50 {
            let mut frame = tone(from.rate(), n);
            for sample in &mut frame {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let room = (seed >> 24) as i16 - 128;
                *sample = if second == 3 { *sample } else { room };
            }
            if let Some(datagram) = from.send(at(n * 20), &frame) {
                sent += 1;
                to.handle_datagram(at(n * 20), alice(), &mut datagram.bytes.to_vec());
            }
            let mut heard = vec![0; (to.heard_rate() / 50) as usize];
            to.play(at(n * 20), &mut heard);
            if n % 50 >= 40 {
                sum += heard.iter().map(|sample| f32::from(*sample).powi(2)).sum::<f32>() / heard.len() as f32 / 10.0;
            }
        }
        seconds.push((sent, sum.sqrt()));
    }
    seconds
}

#[test]
fn pauses_are_told_and_not_sent_and_noise_as_loud_is_heard_in_them() {
    for codec in [Codec::Pcma, Codec::G722] {
        let (mut from, mut to) = pausing(codec, NONE);
        let seconds = spoken(&mut from, &mut to);
        // Even noise of amplitude 128 has an effective value of 74.
        for second in [2, 5] {
            let (sent, loud) = seconds[second];
            assert!((2..=3).contains(&sent) && (45.0..120.0).contains(&loud), "{codec:?} {seconds:?}");
        }
        assert!(seconds[3].0 >= 49 && is_heard(seconds[3].1), "{codec:?} {seconds:?}");
        let counters = to.counters();
        assert_eq!((counters.dropped.len(), counters.concealed), (0, 0), "{codec:?} {counters:?}");
    }
}

/// How it is and that it lasts is told every 0.4 s; in between Opus itself goes on with the room.
#[test]
fn pauses_of_opus_are_told_and_filled_with_the_noise_that_it_knows() {
    let (mut from, mut to) = pausing(Codec::Opus, NONE);
    let seconds = spoken(&mut from, &mut to);
    // Where all is sent it is 60. What comes after speech libopus takes for speech for some seconds.
    for (sent, loud) in &seconds[..3] {
        assert!((4..=20).contains(sent) && (25.0..90.0).contains(loud), "{seconds:?}");
    }
    assert!(seconds[3].0 >= 49 && is_heard(seconds[3].1), "{seconds:?}");
    let counters = to.counters();
    assert_eq!((counters.dropped.len(), counters.concealed, counters.late), (0, 0, 0), "{counters:?}");
}

/// RFC 3551 section 4.1: the first packet of sound after a pause has the marker, and no other.
#[test]
fn sound_after_a_pause_has_the_marker_whichever_way_the_pause_is_told() {
    for codec in [Codec::Pcma, Codec::Opus] {
        let (mut from, _) = pausing(codec, NONE);
        let (mut seed, mut last, mut pauses) = (7u32, None, 0);
        for n in 0..300u64 {
            let mut frame = tone(from.rate(), n);
            for sample in frame.iter_mut().filter(|_| !(150..200).contains(&n)) {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *sample = (seed >> 24) as i16 - 128;
            }
            let Some(datagram) = from.send(at(n * 20), &frame) else { continue };
            let (header, payload) = RtpHeader::read(datagram.bytes).unwrap();
            let is_told = payload.len() <= 2;
            if let Some((timestamp, told)) = last.filter(|_| !is_told) {
                let is_after_pause = told || header.timestamp - timestamp > codec.frame_ticks();
                assert_eq!(header.marker, is_after_pause, "{codec:?}, frame {n}");
                pauses += u32::from(is_after_pause);
            }
            last = Some((header.timestamp, is_told));
        }
        assert!(pauses > 0, "{codec:?}");
    }
}

/// When somebody speaks tells of what is said (RFC 6562): whatever hides that hides this.
#[test]
fn under_esp_every_frame_is_sent_whatever_was_agreed_on_pauses() {
    for padded in [false, true] {
        let bundle = Bundle { framing: Framing { tfc: padded, ..Framing::PLAIN }, ..ESP };
        for codec in [Codec::Pcmu, Codec::Opus] {
            let (mut from, mut to) = pausing(codec, bundle);
            assert!(spoken(&mut from, &mut to).iter().all(|(sent, _)| *sent == 50), "{codec:?}");
        }
    }
}

/// Bob's receiver is far behind a line that loses so many of four packets of Alice's from the fifth second to the thirtieth; octets in each second of what
/// Alice sends.
fn under_loss(lost: u64, constant_rate: bool, bundle: Bundle) -> Vec<usize> {
    let (mut from, mut to) = ends(&[Codec::Opus], bundle);
    let formats = |own: u8, theirs: u8| Formats {
        send: (theirs, Codec::Opus),
        receive: vec![(own, Codec::Opus)],
        tuning: Tuning { redundant: true, constant_rate, ..Tuning::default() },
        ..Formats::only(Codec::Opus)
    };
    from.set_formats(formats(100, 110));
    to.set_formats(formats(110, 100));
    let mut seed = 3u32;
    let mut octets = vec![0; 100];
    for n in 0..100 * 50 {
        let (now, second) = (at(n * 20), n as usize / 50);
        // Something that is not the same again and again.
        let mut frame = tone(from.rate(), n);
        for sample in &mut frame {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *sample = *sample / 2 + ((seed >> 19) as i16 - 4096) / 2;
        }
        let datagram = from.send(now, &frame).unwrap();
        octets[second] += datagram.bytes.len();
        if !((5..30).contains(&second) && n % 4 < lost) {
            to.handle_datagram(now, alice(), &mut datagram.bytes.to_vec());
        }
        let answer = to.send(now, &tone(to.rate(), n)).unwrap().bytes.to_vec();
        from.handle_datagram(now, bob(), &mut answer.clone());
        to.play(now, &mut [0; MAX_FRAME]);
        from.play(now, &mut [0; MAX_FRAME]);
        while let Some(report) = to.poll_rtcp(now) {
            let mut report = report.bytes.to_vec();
            from.handle_datagram(now, bob(), &mut report);
        }
        while from.poll_rtcp(now).is_some() {}
    }
    octets
}

#[test]
fn what_the_peer_reports_of_losses_makes_opus_send_more_for_it_and_where_half_is_lost_less_and_their_end_as_much_as_before(
) {
    for (lost, within) in [(1, 115..150), (2, 40..80)] {
        let octets = under_loss(lost, false, NONE);
        let (before, lossy, after) = (octets[4], octets[29], octets[99]);
        assert!(before > 3800 && within.contains(&(lossy * 100 / before)), "{lost} of 4 lost: {octets:?}");
        assert!((90..110).contains(&(after * 100 / before)), "{lost} of 4 lost: {octets:?}");
    }
}

/// Sizes would tell what is said, and when: all are one, whatever is lost.
#[test]
fn where_every_packet_has_one_size_losses_do_not_change_it() {
    for (constant_rate, bundle) in [(true, NONE), (false, ESP)] {
        let octets = under_loss(1, constant_rate, bundle);
        assert!(octets.iter().all(|second| *second == octets[0]), "{octets:?}");
    }
}
