use std::net::SocketAddr;

use is::{Candidate, CandidateKind, Protocol};

use crate::sdp::Ice;

/// What another side's `a=candidate` says, if it is one that media of ours can go to: UDP, of the one component that rtcp-mux leaves.
pub(super) fn read(text: &str) -> Option<Candidate> {
    let candidate = Candidate::from_sdp_string(&format!("candidate:{text}")).ok()?;
    let is_component = text.split_ascii_whitespace().nth(1) == Some("1");
    let is_address = !candidate.addr().ip().is_multicast() && !candidate.addr().ip().is_unspecified();
    (is_component && candidate.proto() == Protocol::Udp && is_address && candidate.addr().port() > 0)
        .then_some(candidate)
}

/// As it stands in a description. What it is related to is not said (RFC 8839 section 5.1 allows that): it is in no candidate of its own
/// unless it is one.
pub(super) fn written(candidate: &Candidate) -> String {
    let text = candidate.to_sdp_string();
    text.trim_start_matches("candidate:").to_owned()
}

/// Whether ICE holds between us and whoever wrote this: its default address is one of its candidates. Where it is not, somebody on the way
/// has changed it and knows nothing of ICE (RFC 8445 section 5.4, RFC 8839 section 4.2.5).
pub fn is_usable(ice: &Ice, default: SocketAddr) -> bool {
    let canonical = |address: SocketAddr| (address.ip().to_canonical(), address.port());
    let all = ice.candidates.iter().filter_map(|text| read(text));
    all.into_iter().any(|candidate| canonical(candidate.addr()) == canonical(default))
}

/// The address by which a server of STUN saw us, if this tells one.
pub fn reflexive(ice: &Ice) -> Option<SocketAddr> {
    of_kind(ice, CandidateKind::ServerReflexive)
}

/// The address that a server of TURN relays to us, if this tells one.
pub fn relayed(ice: &Ice) -> Option<SocketAddr> {
    of_kind(ice, CandidateKind::Relayed)
}

fn of_kind(ice: &Ice, kind: CandidateKind) -> Option<SocketAddr> {
    let all = ice.candidates.iter().filter_map(|text| read(text));
    all.into_iter().find(|candidate| candidate.kind() == kind).map(|candidate| candidate.addr())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_what_media_can_go_to_is_read() {
        assert!(read("1 1 UDP 2130706431 203.0.113.141 8998 typ host").is_some());
        assert!(read("1 1 udp 1694498815 2001:db8::1 8998 typ srflx raddr 203.0.113.1 rport 1 generation 0").is_some());
        for bad in [
            "",
            "1 2 udp 2130706431 203.0.113.141 8998 typ host",
            "1 1 tcp 2130706431 203.0.113.141 8998 typ host tcptype passive",
            "1 1 udp 2130706431 0.0.0.0 8998 typ host",
            "1 1 udp 2130706431 224.0.0.1 8998 typ host",
            "1 1 udp 2130706431 203.0.113.141 0 typ host",
            "1 1 udp 2130706431 host.example.org 8998 typ host",
            "1 1 udp 4294967296 203.0.113.141 8998 typ host",
        ] {
            assert!(read(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn ice_holds_where_the_default_is_a_candidate() {
        let candidates = vec![
            "1 1 udp 2130706431 10.0.0.1 8998 typ host".to_owned(),
            "2 1 udp 1694498815 203.0.113.1 45664 typ srflx raddr 10.0.0.1 rport 8998".to_owned(),
        ];
        let ice =
            Ice { user: "abcd".into(), password: "p".repeat(22), lite: false, pacing: Duration::ZERO, candidates };
        assert!(is_usable(&ice, "10.0.0.1:8998".parse().unwrap()));
        assert!(is_usable(&ice, "[::ffff:203.0.113.1]:45664".parse().unwrap()));
        assert!(!is_usable(&ice, "203.0.113.1:8998".parse().unwrap()));
        assert_eq!(reflexive(&ice), "203.0.113.1:45664".parse().ok());
    }
}
