//! How a call sounds, as both ends know it.

use super::*;

/// Of the two ends, what goes over a line of 40 ms on which every tenth packet of Alice's is lost.
fn talk(seconds: u64) -> (Stream, Stream) {
    let (mut here, mut there) = pair("ipsec esp/transport//require", ESP);
    let mut under_way: Vec<(u64, bool, Vec<u8>)> = Vec::new();
    for n in 0..seconds * 50 {
        let (now, ms) = (at(n * 20), n * 20);
        let (arrived, rest) = under_way.into_iter().partition(|(due, ..)| *due <= ms);
        under_way = rest;
        for (_, to_bob, mut datagram) in arrived {
            match to_bob {
                true => there.handle_datagram(now, alice(), &mut datagram),
                false => here.handle_datagram(now, bob(), &mut datagram),
            }
        }
        for (end, to_bob) in [(&mut here, true), (&mut there, false)] {
            let lost = to_bob && n % 10 == 5;
            let voice = end.send(now, &frame(n as i16)).map(|datagram| datagram.bytes.to_vec());
            under_way.extend(voice.filter(|_| !lost).map(|octets| (ms + 40, to_bob, octets)));
            let report = end.poll_rtcp(now).map(|datagram| datagram.bytes.to_vec());
            under_way.extend(report.map(|octets| (ms + 40, to_bob, octets)));
            end.play(now, &mut [0; LEN]);
        }
    }
    (here, there)
}

#[test]
fn both_ends_know_how_it_sounds_here_and_there() {
    let (here, there) = talk(30);
    let (here, there) = (here.counters().quality, there.counters().quality);
    assert!((70..=130).contains(&there.lost) && (70..=130).contains(&there.concealed), "{there:?}");
    assert!(there.mos.unwrap() < 340, "{there:?}");
    assert!((here.lost, here.concealed) == (0, 0) && here.mos.unwrap() > 425, "{here:?}");
    assert!(
        (79..=81).contains(&here.round_trip.unwrap()) && (79..=81).contains(&there.round_trip.unwrap()),
        "{here:?}"
    );
    let (far, far_here) = (here.far.unwrap(), there.far.unwrap());
    assert!((80..=120).contains(&far.lost) && far.mos.unwrap() < 340, "{far:?}");
    assert!(far_here.lost == 0 && far_here.mos.unwrap() > 420, "{far_here:?}");
    assert!((20..=120).contains(&here.delay), "{here:?}");
}

#[test]
fn the_last_report_is_sealed_as_all_others() {
    let (mut here, mut there) = talk(4);
    let heard = there.counters().rtcp_received;
    let mut last = here.bye(at(4000)).expect("the policy lets it out").bytes.to_vec();
    assert!(matches!(crate::ipsec::Kind::of(&last), crate::ipsec::Kind::Protected(_)), "in clear");
    there.handle_datagram(at(4040), alice(), &mut last);
    assert_eq!(there.counters().rtcp_received, heard + 1);
}
