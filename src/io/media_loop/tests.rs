use std::time::Duration;

use super::thread::Pace;
use super::*;
use crate::vocab::Mono;

const LOCAL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

fn at(milliseconds: u64) -> Mono {
    Mono(Duration::from_millis(milliseconds))
}

fn loops() -> MediaLoops {
    let (dones, _) = mpsc::channel(1);
    MediaLoops::new(Clock::start(), dones, SharedCounters::default())
}

#[test]
fn frames_are_due_by_absolute_deadlines_however_late_each_one_was() {
    let mut pace = Pace::start(at(1000));
    for frame in 0..5000u64 {
        let due = at(1000 + 20 * frame);
        assert_eq!(pace.wait(due), Duration::ZERO);
        let late = due + Duration::from_millis(frame % 15);
        pace.advance(late);
        assert_eq!(pace.wait(due), Duration::from_millis(20), "frame {frame}");
    }
}

#[test]
fn after_a_long_halt_the_missed_frames_are_skipped_and_the_rhythm_is_kept() {
    let mut pace = Pace::start(at(0));
    pace.advance(at(5005));
    assert_eq!(pace.wait(at(5005)), Duration::ZERO);
    let burst = (0..100).take_while(|_| pace.wait(at(5005)).is_zero()).map(|_| pace.advance(at(5005))).count();
    assert!(burst <= 11, "{burst} frames at once");
    assert_eq!(pace.wait(at(5005)), Duration::from_millis(15));
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
    let Some(Done::MediaClosed { call: CallId(1), counters }) = loops.close(CallId(1)) else { panic!() };
    assert_eq!((counters, loops.is_empty()), (Counters::default(), true));
    #[expect(clippy::disallowed_methods, reason = "looks whether the port is free")]
    UdpSocket::bind(address).unwrap();
}
