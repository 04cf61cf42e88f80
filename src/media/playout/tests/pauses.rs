//! What is heard while nothing is said.

use super::*;

/// A room in which nobody speaks, by Opus, in packets of 20 ms; nothing where libopus says that nothing need be sent.
fn room(frames: usize) -> Vec<Vec<u8>> {
    let mut seed = 7u32;
    let mut noise = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as i16 - 128
    };
    let mut encoder = Encoder::tuned(Codec::Opus, Tuning { pauses: true, ..Tuning::default() });
    let mut packet = |_| {
        let (sound, mut octets) = ([0; 960].map(|_| noise()), vec![0; Codec::Opus.max_payload(20)]);
        let written = encoder.encode(&sound, &mut octets);
        octets.truncate(written);
        octets
    };
    (0..frames).map(&mut packet).collect()
}

const FRAMES: usize = 600;
/// From here on libopus knows the room.
const KNOWN: usize = 200;

/// How loud each frame is of what is heard, the delay in the end, and how much was made up once the room was known. A playout delay of more than 100 ms comes of the first packets; where the peer
/// `tells` of its pauses it sends a packet of one octet at their beginning.
fn heard(packets: &[Vec<u8>], tells: bool) -> (Vec<f32>, i64, u64) {
    let mut playout = Playout::new(&[(0, Codec::Opus)]);
    let (mut under_way, mut number, mut told, mut loud) = (BTreeMap::new(), 0, false, Vec::new());
    let mut before = 0;
    for (n, packet) in (0u64..).zip(packets) {
        let is_pause = packet.is_empty();
        if !is_pause || tells && !told {
            let late = if n < 50 && n % 5 == 0 { 90_000 } else { 0 };
            let header = RtpHeader { timestamp: n as u32 * 960, ..header(number) };
            under_way.insert((START + n * FRAME + late, number), (header, packet));
            number += 1;
        }
        told = is_pause;
        let now = START + n * FRAME + 7000;
        while let Some(entry) = under_way.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((at, _), (header, packet)) = entry.remove_entry();
            match packet.is_empty() {
                true => playout.pause(&header),
                false => assert_ne!(playout.insert(mono(at), &header, packet), Insertion::Malformed),
            }
        }
        let mut frame = [0; 960];
        playout.play(mono(now), &mut frame);
        loud.push(sound::power(&frame).sqrt());
        if n == KNOWN as u64 {
            before = playout.counts.concealed;
        }
    }
    (loud, playout.target() / 1000, playout.counts.concealed - before)
}

#[test]
fn the_room_is_heard_without_a_break_whatever_the_delay_and_whether_or_not_a_pause_was_told() {
    let packets = room(FRAMES);
    let sent = packets[KNOWN..].iter().filter(|packet| !packet.is_empty()).count();
    assert!(sent < (FRAMES - KNOWN) / 4, "{sent} are sent");
    for tells in [true, false] {
        let (loud, delay, concealed) = heard(&packets, tells);
        assert!((100..200).contains(&delay), "{delay} ms");
        let softest = loud[KNOWN..].iter().copied().fold(f32::MAX, f32::min);
        let loudest = loud[KNOWN..].iter().copied().fold(0.0, f32::max);
        assert!(softest > 10.0 && loudest < 100.0, "told: {tells}: {softest} {loudest} {:?}", &loud[KNOWN..]);
        assert_eq!(concealed, 0, "told: {tells}");
    }
}

/// Numbers tell (RFC 7587 section 3.1.3): what is lost amid pauses that nothing tells of is made up for, and counted.
#[test]
fn what_is_lost_where_pauses_are_left_out_is_counted() {
    let packets = room(FRAMES);
    let sent: Vec<u64> = (0..FRAMES as u64).filter(|n| !packets[*n as usize].is_empty()).collect();
    let concealed = |lost: Option<u64>| {
        let mut playout = Playout::new(&[(0, Codec::Opus)]);
        for n in 0..FRAMES as u64 {
            let now = START + n * FRAME;
            if let Some(number) = sent.iter().position(|at| *at == n).filter(|_| lost != Some(n)) {
                let header = RtpHeader { timestamp: n as u32 * 960, ..header(number as u64) };
                playout.insert(mono(now), &header, &packets[n as usize]);
            }
            playout.play(mono(now + 7000), &mut [0; 960]);
        }
        playout.counts.concealed
    };
    let amid = sent.windows(3).find(|around| around[0] >= KNOWN as u64 && around[2] - around[0] > 20).unwrap()[1];
    let (whole, broken) = (concealed(None), concealed(Some(amid)));
    assert!((960..=5760).contains(&(broken - whole)), "{whole} {broken}");
}

/// A short packet of a codec that is not the one heard: a pause, and nothing that another decoder could fill.
#[test]
fn a_short_packet_of_another_codec_makes_no_noise_of_its_own() {
    let mut playout = Playout::new(&[(8, Codec::Opus), (0, Codec::Pcmu)]);
    for n in 0..50u64 {
        playout.insert(mono(START + n * FRAME), &RtpHeader { timestamp: n as u32 * 160, ..header(n) }, &encoded(n));
        playout.play(mono(START + n * FRAME + 7000), &mut [0; 160]);
    }
    playout.pause(&RtpHeader { payload_type: 8, timestamp: 50 * 160, ..header(50) });
    let mut last = [1; 160];
    for n in 50..70u64 {
        playout.play(mono(START + n * FRAME + 7000), &mut last);
    }
    assert_eq!((playout.rate(), last), (8000, [0; 160]));
    assert_eq!(playout.counts.concealed, 0);
}
