//! An ordinary telephone says how much sound it would like in a packet (RFC 8866 sections 6.4 and 6.5), and whether pauses may be left
//! out (RFC 3389).

use std::time::Duration;

use sottovoce::agent::{AgentConfig, CallState};
use sottovoce::sdp::AudioFormat;

use crate::common::config::agent;
use crate::common::wire::Link;
use crate::common::world::World;
use crate::telephone::{answer, body, request, say, tag, usual, BOB};

/// Bob, as `change` has him, talks with the telephone that described itself so.
fn talking(offer: &str, change: impl FnOnce(&mut AgentConfig)) -> World {
    let mut world = World::new(9, Link::GOOD);
    let mut config = agent("bob", BOB, "none");
    change(&mut config);
    world.add("bob", config);
    say(&mut world, &request("INVITE", 1, "", offer));
    let tag = tag(&world);
    say(&mut world, &request("ACK", 1, &tag, ""));
    world
}

/// The RTP packets of so many seconds: their type, timestamp, and the octets that they carry.
fn sent_in(world: &mut World, seconds: u64) -> Vec<(u8, u32, usize)> {
    let before = world.wire.seen.len();
    world.run_for(Duration::from_secs(seconds));
    let seen = world.wire.seen[before..].iter().filter(|bytes| !(200..=207).contains(&bytes[1]));
    seen.map(|bytes| (bytes[1] & 0x7f, u32::from_be_bytes(bytes[4..8].try_into().unwrap()), bytes.len() - 12)).collect()
}

fn with(lines: &str) -> String {
    usual() + lines
}

#[test]
fn packets_have_as_much_sound_as_the_telephone_would_like_and_no_more_than_it_takes() {
    for (lines, time) in [
        ("", 20),
        ("a=ptime:10\r\n", 10),
        ("a=ptime:20\r\na=maxptime:20\r\n", 20),
        ("a=ptime:30\r\n", 30),
        ("a=ptime:40\r\n", 40),
        ("a=ptime:60\r\n", 60),
        ("a=ptime:60\r\na=maxptime:30\r\n", 30),
        ("a=maxptime:10\r\n", 10),
        ("a=ptime:200\r\n", 60),
        ("a=ptime:25\r\n", 20),
        ("a=ptime:0\r\n", 20),
        ("a=ptime:much\r\n", 20),
    ] {
        let mut world = talking(&with(lines), |_| ());
        let sent = sent_in(&mut world, 6);
        assert!(sent.len().abs_diff(6000 / time) <= 2, "{lines}: {}", sent.len());
        assert!(sent.iter().all(|(_, _, octets)| *octets == 8 * time), "{lines}: {sent:?}");
        let steps: Vec<u32> = sent.windows(2).map(|pair| pair[1].1.wrapping_sub(pair[0].1)).collect();
        assert!(steps.iter().all(|step| *step == 8 * time as u32), "{lines}: {steps:?}");
        assert!(body(&answer(&world, 200)).contains("a=ptime:20\r\n"));
    }
}

#[test]
fn the_telephone_is_told_how_much_we_would_like() {
    let world = talking(&with("a=ptime:20\r\n"), |bob| bob.ptime = 40);
    assert!(body(&answer(&world, 200)).contains("a=ptime:40\r\n"));
}

#[test]
fn a_telephone_that_would_like_other_packets_in_the_midst_gets_them() {
    let mut world = talking(&usual(), |_| ());
    assert!(sent_in(&mut world, 1).iter().all(|(_, _, octets)| *octets == 160));
    let offer = with("a=ptime:60\r\n").replace("o=phone 1 1", "o=phone 1 2");
    let tag = tag(&world);
    say(&mut world, &request("INVITE", 2, &tag, &offer));
    say(&mut world, &request("ACK", 2, &tag, ""));
    let sent = sent_in(&mut world, 3);
    assert!(sent.len() >= 48 && sent.iter().all(|(_, _, octets)| *octets == 480), "{sent:?}");
}

#[test]
fn opus_goes_in_packets_of_its_own_lengths() {
    for (asked, time) in [(10, 10), (20, 20), (30, 20), (40, 40), (60, 60)] {
        let opus = with(&format!("a=ptime:{asked}\r\n"));
        let opus = opus.replace("RTP/AVP 0", "RTP/AVP 111").replace("rtpmap:0 PCMU/8000", "rtpmap:111 opus/48000/2");
        let mut world = talking(&opus, |bob| bob.codecs = vec![AudioFormat::Opus]);
        let sent = sent_in(&mut world, 6);
        assert!(sent.len().abs_diff(6000 / time) <= 2, "{asked}: {}", sent.len());
        let steps = sent.windows(2).map(|pair| pair[1].1.wrapping_sub(pair[0].1));
        assert!(steps.into_iter().all(|step| step == 48 * time as u32), "{asked}");
    }
}

fn with_noise() -> String {
    with("a=rtpmap:13 CN/8000\r\n").replace("RTP/AVP 0", "RTP/AVP 0 13")
}

#[test]
fn pauses_are_told_and_not_sent_where_both_want_that() {
    let mut world = talking(&with_noise(), |bob| bob.comfort_noise = true);
    assert!(body(&answer(&world, 200)).contains("RTP/AVP 0 13\r\n"));
    assert!(sent_in(&mut world, 2).len() >= 98, "somebody speaks");
    world.still = true;
    world.run_for(Duration::from_secs(1));
    let sent = sent_in(&mut world, 10);
    assert!((18..=21).contains(&sent.len()), "twice a second: {sent:?}");
    assert!(sent.iter().all(|(kind, _, octets)| (*kind, *octets) == (13, 1)), "{sent:?}");
    world.still = false;
    let sent = sent_in(&mut world, 2);
    assert!(sent.len() >= 98 && sent.iter().all(|(kind, ..)| *kind == 0), "{sent:?}");
}

#[test]
fn every_frame_is_sent_where_one_of_both_does_not() {
    for (offer, ours) in [(with_noise(), false), (usual(), true)] {
        let mut world = talking(&offer, |bob| bob.comfort_noise = ours);
        assert!(body(&answer(&world, 200)).contains("RTP/AVP 0\r\n"));
        world.still = true;
        let sent = sent_in(&mut world, 2);
        assert!(sent.len() >= 98 && sent.iter().all(|(kind, ..)| *kind == 0), "{ours}");
    }
}

/// Packets of sound a second that two of us send each other in Opus while nobody speaks, the frames that were made up for any then, and how it sounds,
/// in hundredths.
fn pause_of_two(action: &str, wanted: [bool; 2]) -> ([usize; 2], u64, Option<u16>) {
    let config = |(name, address, comfort_noise)| AgentConfig {
        comfort_noise,
        codecs: vec![AudioFormat::Opus],
        ..agent(name, address, action)
    };
    let both = [("alice", "192.168.1.1", wanted[0]), ("bob", "192.168.1.2", wanted[1])].map(config);
    let (mut world, [call, _]) = World::talking(77, Link::GOOD, both);
    world.run_for(Duration::from_secs(3));
    world.still = true;
    world.run_for(Duration::from_secs(1));
    let counters = |world: &World| [0, 1].map(|node| world.nodes[node].agent.calls().next().unwrap().counters.clone());
    let before = counters(&world);
    world.run_for(Duration::from_secs(10));
    world.still = false;
    world.run_for(Duration::from_secs(5));
    let after = counters(&world);
    assert_eq!(world.the_call(0, call).state, CallState::Active);
    let sent = [0, 1].map(|node| ((after[node].sent - before[node].sent - 250) / 10) as usize);
    let made_up = (0..2).map(|node| after[node].concealed - before[node].concealed).sum();
    (sent, made_up, after[0].quality.mos)
}

#[test]
fn two_of_us_leave_the_pauses_of_opus_out_where_both_want_that_and_the_sound_is_in_clear() {
    for (wanted, sent) in [([true, true], [5, 5]), ([true, false], [50, 50]), ([false, true], [50, 50])] {
        let (packets, made_up, score) = pause_of_two("none", wanted);
        assert!(packets.iter().zip(sent).all(|(packets, sent)| packets.abs_diff(sent) <= 1), "{wanted:?}: {packets:?}");
        assert!(made_up == 0 && score.unwrap() > 420, "{wanted:?}: {made_up} {score:?}");
    }
}

#[test]
fn under_esp_two_of_us_send_every_frame_of_opus_whatever_they_would_like() {
    let (packets, ..) = pause_of_two("ipsec esp/transport//require", [true, true]);
    assert!(packets.iter().all(|packets| packets.abs_diff(50) <= 1), "{packets:?}");
}
