//! A peer that is lite (RFC 8445 section 2.5): at a public address it answers checks, and makes none.

use is::stun::{StunMessage, StunPacket};
use is::{Candidate, IceAgent, IceAgentEvent, IceCreds, Protocol};

use super::*;
use crate::ice::hmac::Hmac;

const THERE: &str = "203.0.113.80:30000";

fn lite() -> (IceAgent, Ice) {
    let mut agent = IceAgent::with_hmac(IceCreds { ufrag: "lite".into(), pass: "p".repeat(22) }, &Hmac);
    agent.set_ice_lite(true);
    agent.add_local_candidate(Candidate::host(THERE.parse().unwrap(), Protocol::Udp).unwrap());
    let candidates = vec!["1 1 udp 2130706431 203.0.113.80 30000 typ host".to_owned()];
    let said = Ice {
        user: "lite".into(),
        password: "p".repeat(22),
        lite: true,
        pacing: Duration::from_millis(50),
        candidates,
    };
    (agent, said)
}

/// Even where it offered: who is lite never decides (RFC 8445 section 6.1.1).
#[test]
fn a_lite_peer_is_checked_and_told_which_pair_is_used() {
    for we_offered in [true, false] {
        let mut alice = side(1, "192.168.1.1:16384", "203.0.113.1:16384");
        let ours = alice.traversal.ours().unwrap();
        let (mut peer, theirs) = lite();
        peer.set_remote_credentials(IceCreds { ufrag: ours.user.clone(), pass: ours.password.clone() });
        let ours = Credentials { user: ours.user, password: ours.password };
        let there = THERE.parse().unwrap();
        let start = Start { ours, theirs, controlling: we_offered, described: there };
        alice.traversal.start(now(0), &start, |_| true);
        let origin = any_instant();
        let mut told = None;
        for ms in (0..40_000).step_by(10) {
            let at = origin + Duration::from_millis(ms);
            peer.handle_timeout(at);
            alice.traversal.handle_timeout(now(ms));
            while let Some(Transmit { bytes, .. }) =
                alice.traversal.poll_transmit(|_| true).filter(|sent| sent.to == there)
            {
                let message = StunMessage::parse(&bytes).unwrap();
                let (source, destination) = (alice.nat.outside, there);
                assert!(peer.handle_packet(at, StunPacket { proto: Protocol::Udp, source, destination, message }));
            }
            while let Some(answer) = peer.poll_transmit() {
                assert_eq!(answer.destination, alice.nat.outside);
                hear(&mut alice.traversal, now(ms), there, &answer.contents);
            }
            told = std::iter::from_fn(|| peer.poll_event()).find_map(nominated).or(told);
            alice.traversal.rule(|_| true);
        }
        assert_eq!((alice.traversal.way(), told), (Way::To(there), Some(alice.nat.outside)), "{we_offered}");
    }
}

fn nominated(event: IceAgentEvent) -> Option<SocketAddr> {
    match event {
        IceAgentEvent::NominatedSend { destination, .. } => Some(destination),
        _ => None,
    }
}
