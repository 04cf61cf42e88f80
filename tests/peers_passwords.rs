//! Kamailio judges how we prove a password. (Its `qop="auth-int"` it cannot: where the hash of the body belongs it hashes memory that
//! nobody wrote, in 5.6.3. `publish-auth-int` of sip-scenarios has sipp for that.)

use crate::peers_kamailio::{account, published, registered, state, Kamailio};
use crate::process::look_until;

const AUTH: &str = r#"modparam("auth_db", "calculate_ha1", yes)"#;

/// REGISTER and PUBLISH (RFC 8760 section 2.1), of who knows the password and of who does not.
#[test]
fn a_password_is_proven_by_sha_256() {
    let sha = format!("{AUTH}\nmodparam(\"auth\", \"algorithm\", \"SHA-256\")");
    let Some(kamailio) = Kamailio::start_changed(&[(AUTH, &sha)]) else { return };
    for transport in ["udp", "tcp"] {
        let mut alice = account("alice", &kamailio, transport, "secret", "none");
        registered(&mut alice);
        published(&alice);
        assert_eq!(alice.signal("TERM"), Some(0));
        assert!(!kamailio.contacts().contains("alice@"), "{}", kamailio.contacts());
    }
    let mut bob = account("bob", &kamailio, "udp", "wrong", "none");
    bob.start();
    let refused = look_until(|| Some(state(&bob)).filter(|account| account["state"] == "refused"));
    assert!(refused["failure"]["message"].as_str().unwrap().contains("the password for \"example.org\" is wrong"));
}
