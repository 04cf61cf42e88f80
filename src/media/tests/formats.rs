//! Which codec is sent, and which are heard.

use super::*;
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
    let formats = |send| Formats { send, tuning: Tuning::default(), receive: vec![(100, Codec::Pcmu)] };
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
