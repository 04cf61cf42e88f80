//! What stands at Kamailio as presence server, and what the devices behind it say themselves.

use crate::peers_kamailio::{account, published, registered, state, Kamailio};
use crate::process::{look_until, Home, Ran};

/// Journey one through a presence server: what Bob published is asked for, reviewed, and what a call bears. He has never
/// heard of Alice, and is called through the proxy, by the name that the registrar gave his device.
#[test]
fn what_a_peer_published_is_asked_for_and_then_called_by() {
    let Some(kamailio) = Kamailio::start_secure("example.org") else { return };
    for transport in ["udp", "tcp", "tls"] {
        let mut alice = account("alice", &kamailio, transport, "secret", "none");
        let mut bob = account("bob", &kamailio, transport, "secret", "ipsec esp/transport//require");
        registered(&mut alice);
        registered(&mut bob);
        published(&bob);
        let ask = alice.run(&["ask", "bob@example.org", "--approve"]).expect(0).json();
        assert_eq!((ask["state"].as_str(), ask["target"].as_str()), (Some("registered"), Some("sip:bob@example.org")));
        let shown = alice.run(&["presence", "show", "bob@example.org"]).expect(0).json();
        let row = &shown["presences"][0];
        // The server's address is not Bob's: what is known of him is what he says.
        assert_eq!(row["observed"], false, "{row}");
        assert_eq!(row["contact"], state(&bob)["gruu"], "{row}");
        assert!(row["contact"].as_str().unwrap().starts_with("sip:bob@example.org;gr=urn:uuid:"), "{row}");
        let policy = alice.run(&["policy", "list"]).expect(0).stdout;
        assert!(policy.contains(&format!("{}/32", bob.address)) && !policy.contains(&kamailio.address.to_string()));
        let call = alice.run(&["call", "bob@example.org", "--duration", "0.5"]).expect(0).json();
        assert_eq!((call["state"].as_str(), call["bundle"].as_str()), (Some("ended"), Some("esp+tfc")), "{call}");
        assert!(call["packets"]["received"].as_u64().unwrap() > 5, "Bob is heard: {call}");
        let heard = look_until(|| bob.run(&["history"]).expect(0).json()["calls"][0]["packets"]["received"].as_u64());
        assert!(heard > 5, "Alice is heard: {heard}");
        assert_eq!(bob.signal("TERM"), Some(0));
        let gone = alice.run(&["ask", "bob@example.org", "--approve"]).expect(5);
        assert!(gone.stdout.contains("nothing-published"), "{gone:?}");
    }
}

/// What one `ask` printed, a line for each device.
fn devices(ran: &Ran) -> Vec<serde_json::Value> {
    ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Two devices of one user stand in one document of the server's, each with its own keys and policy.
fn two_devices(transport: &str) {
    let Some(kamailio) = Kamailio::start_secure("example.org") else { return };
    let mut alice = account("alice", &kamailio, transport, "secret", "none");
    let mut desk = account("bob", &kamailio, transport, "secret", "ipsec esp/transport//require");
    let mut pocket =
        account("bob", &kamailio, transport, "secret", "ipsec esp/transport//require ah/transport//require");
    for home in [&mut alice, &mut desk, &mut pocket] {
        registered(home);
    }
    let new = pocket.run(&["identity", "show"]).expect(0).json();
    let word = new["introduction"].as_str().unwrap();
    desk.run(&["identity", "vouch", word]).expect(6);
    let audit = desk.run(&["audit"]).expect(0).stdout;
    assert!(!audit.contains("vouched"), "what nobody confirmed was not signed: {audit}");
    let vouch = desk.run(&["identity", "vouch", word, "--yes"]).expect(0).json();
    assert!(desk.run(&["audit"]).expect(0).stdout.contains("vouched"));
    assert_eq!(vouch["fingerprint"], new["fingerprint"]);
    let taken = pocket.run(&["identity", "take", vouch["word"].as_str().unwrap()]).expect(0).json();
    assert_eq!(taken["vouched_by"], desk.run(&["identity", "show"]).expect(0).json()["signing_key"]);
    // Over a restart too.
    assert_eq!(pocket.signal("TERM"), Some(0));
    registered(&mut pocket);
    for home in [&desk, &pocket] {
        published(home);
    }
    let both = devices(&alice.run(&["ask", "bob@example.org", "--approve"]).expect(0));
    let told: Vec<&str> = both.iter().map(|ask| ask["answer"]["address"].as_str().unwrap()).collect();
    assert_eq!(told, [desk.address.to_string(), pocket.address.to_string()]);
    assert!(both.iter().all(|ask| ask["state"] == "registered"), "{both:?}");
    let policy = alice.run(&["policy", "list"]).expect(0).json();
    let of = |address: std::net::Ipv4Addr| {
        let entries = policy["entries"].as_array().unwrap();
        let entry = entries.iter().find(|entry| entry["destination"] == format!("{address}/32")).unwrap();
        entry["rules"].as_array().unwrap().iter().map(|rule| rule["protocol"].clone()).collect::<Vec<_>>()
    };
    assert_eq!((of(desk.address), of(pocket.address)), (vec!["esp".into()], vec!["esp".into(), "ah".into()]));
    assert_eq!(alice.run(&["identity", "show"]).expect(0).json()["pins"].as_array().unwrap().len(), 2);
    let call = alice.run(&["call", "bob@example.org", "--duration", "0.5"]).expect(0).json();
    assert_eq!(call["state"], "ended", "{call}");
}

#[test]
fn two_devices_of_a_peer_are_put_to_the_user_each_by_itself() {
    two_devices("tcp");
}

/// Both statements are longer than a datagram may be: PUBLISH and NOTIFY go by TCP for that (RFC 3261 section 18.1.1).
#[test]
fn two_devices_of_a_peer_are_put_to_the_user_by_udp() {
    two_devices("udp");
}

#[test]
fn two_devices_of_a_peer_are_put_to_the_user_by_tls() {
    two_devices("tls");
}

/// A device that no pinned one vouches for may be anybody's: the server, or who broke into it, could have put it there.
#[test]
fn a_further_device_that_nobody_vouches_for_is_a_changed_key() {
    let Some(kamailio) = Kamailio::start() else { return };
    let mut alice = account("alice", &kamailio, "tcp", "secret", "none");
    let mut desk = account("bob", &kamailio, "tcp", "secret", "ipsec esp/transport//require");
    for home in [&mut alice, &mut desk] {
        registered(home);
    }
    published(&desk);
    alice.run(&["ask", "bob@example.org", "--approve"]).expect(0);
    let mut eve = account("bob", &kamailio, "tcp", "secret", "none");
    registered(&mut eve);
    published(&eve);
    let ran = look_until(|| {
        let ran = alice.run(&["ask", "bob@example.org", "--approve"]).expect(0);
        Some(ran).filter(|ran| ran.stderr.contains("THE KEY OF sip:bob@example.org HAS CHANGED"))
    });
    assert_eq!(devices(&ran).len(), 1, "the pinned device is asked about as before: {ran:?}");
    assert_eq!(alice.run(&["identity", "show"]).expect(0).json()["pins"].as_array().unwrap().len(), 1);
}

/// Strangers are told policy and key, and no place.
fn reticent(home: &Home) {
    let text = std::fs::read_to_string(home.config()).unwrap();
    std::fs::write(home.config(), text.replace("unknown = \"place\"", "unknown = \"policy\"")).unwrap();
}

fn row_of_bob(alice: &Home) -> serde_json::Value {
    alice.run(&["presence", "show", "bob@example.org"]).expect(0).json()["presences"][0].clone()
}

/// What is published is for everybody and has no place; the device itself tells it to those whom its user has approved.
#[test]
fn an_approved_peer_learns_the_place_from_the_device_itself() {
    let Some(kamailio) = Kamailio::start() else { return };
    for transport in ["udp", "tcp"] {
        let mut alice = account("alice", &kamailio, transport, "secret", "none");
        let mut bob = account("bob", &kamailio, transport, "secret", "none");
        reticent(&bob);
        registered(&mut alice);
        registered(&mut bob);
        bob.run(&["presence", "set", "--place", "cellar"]).expect(0);
        published(&bob);
        let ran = alice.run(&["ask", "bob@example.org", "--approve"]).expect(0);
        assert!(ran.json()["steps"].to_string().contains("has answered itself"), "{ran:?}");
        assert_eq!(row_of_bob(&alice)["place"], serde_json::Value::Null, "Bob does not know Alice yet");
        bob.run(&["ask", "alice@example.org", "--approve"]).expect(0);
        alice.run(&["ask", "bob@example.org", "--approve"]).expect(0);
        let row = row_of_bob(&alice);
        assert_eq!((&row["place"], &row["address"]), (&"cellar".into(), &bob.address.to_string().into()), "{row}");
        assert_eq!(alice.run(&["review", "list"]).expect(0).json()["reviews"].as_array().unwrap().len(), 2, "one each");
        let call = alice.run(&["call", "bob@example.org", "--duration", "0.3"]).expect(0).json();
        assert_eq!(call["state"], "ended", "{call}");
        assert_eq!((alice.signal("TERM"), bob.signal("TERM")), (Some(0), Some(0)));
    }
}

#[test]
fn what_a_device_published_stands_while_it_does_not_answer_itself() {
    let Some(kamailio) = Kamailio::start() else { return };
    let mut alice = account("alice", &kamailio, "tcp", "secret", "none");
    let mut bob = account("bob", &kamailio, "tcp", "secret", "none");
    registered(&mut alice);
    registered(&mut bob);
    published(&bob);
    bob.signal("KILL");
    let ask = alice.run(&["ask", "bob@example.org", "--approve"]).expect(0).json();
    assert_eq!(ask["state"], "registered", "{ask}");
    assert!(ask["steps"].to_string().contains("what it published is all that is known of it"), "{ask}");
    assert!(row_of_bob(&alice)["place"].is_string(), "strangers may know it");
}
