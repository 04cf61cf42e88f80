//! Agents whose accounts have other names than they themselves, at a proxy that lets everybody write under his own name only.

use crate::peers_kamailio::{account, published, registered, Kamailio};
use crate::process::{look_until, Home};

const ESP: &str = "ipsec esp/transport//require";

/// Its account is `NAME@example.org`, the agent itself is called after its address.
fn of_another_name(name: &'static str, kamailio: &Kamailio, transport: &str) -> Home {
    let home = account(name, kamailio, transport, "secret", ESP);
    let text = std::fs::read_to_string(home.config()).unwrap();
    let theirs = format!("sip:{name}@example.org");
    assert!(text.contains(&theirs) && !text.contains(&home.entity()));
    let text = text.replace(&theirs, &home.entity());
    let text = text.replace("[[account]]\n", &format!("[[account]]\nentity = \"{theirs}\"\n"));
    std::fs::write(home.config(), text).unwrap();
    home
}

fn ask_call_and_write(kamailio: &Kamailio, transport: &str, publishes: bool) {
    let mut alice = of_another_name("alice", kamailio, transport);
    let mut bob = of_another_name("bob", kamailio, transport);
    registered(&mut alice);
    registered(&mut bob);
    if publishes {
        published(&alice);
        published(&bob);
    }
    let ask = alice.run(&["ask", "bob@example.org", "--approve"]).expect(0).json();
    assert_eq!((ask["state"].as_str(), ask["target"].as_str()), (Some("registered"), Some("sip:bob@example.org")));
    let review = &alice.run(&["review", "show", "r1"]).expect(0).json();
    assert_eq!(review["you"], "sip:alice@example.org", "{review}");
    let asked = bob.run(&["ask", "alice@example.org", "--approve"]).expect(0).json();
    assert_eq!(asked["state"], "registered", "{asked}");
    let phrase = |home: &Home| home.run(&["identity", "show"]).expect(0).json()["pins"][0]["phrase"].clone();
    assert_eq!(phrase(&alice), phrase(&bob));

    let call = alice.run(&["call", "bob@example.org", "--duration", "0.5"]).expect(0).json();
    assert_eq!((call["state"].as_str(), call["bundle"].as_str()), (Some("ended"), Some("esp+tfc")), "{call}");
    assert!(call["packets"]["received"].as_u64().unwrap() > 5, "Bob is heard: {call}");
    let heard =
        look_until(|| Some(bob.run(&["history"]).expect(0).json()["calls"][0].clone()).filter(|c| !c.is_null()));
    assert_eq!(heard["peer"], "sip:alice@example.org", "{heard}");
    assert!(heard["packets"]["received"].as_u64().unwrap() > 5, "Alice is heard: {heard}");

    let sent = alice.run(&["message", "bob@example.org", "Guten Tag", "--clear"]).expect(0).json();
    assert_eq!(sent["state"], "delivered", "{sent}");
    assert_eq!(bob.run(&["message"]).expect(0).json()["messages"][0]["peer"], "sip:alice@example.org");
    // What they published goes with them.
    assert_eq!((alice.signal("TERM"), bob.signal("TERM")), (Some(0), Some(0)));
}

#[test]
fn by_the_accounts_name_a_peer_is_asked_called_and_written_to() {
    let Some(kamailio) = Kamailio::start_without_presence() else { return };
    for transport in ["udp", "tcp"] {
        ask_call_and_write(&kamailio, transport, false);
    }
}

#[test]
fn what_an_account_of_another_name_published_is_asked_for_and_called_by() {
    let Some(kamailio) = Kamailio::start() else { return };
    for transport in ["udp", "tcp"] {
        ask_call_and_write(&kamailio, transport, true);
    }
}

/// The server's presence.winfo wants that name too.
#[test]
fn the_server_tells_an_account_of_another_name_who_follows_it() {
    let Some(kamailio) = Kamailio::start() else { return };
    let mut alice = of_another_name("alice", &kamailio, "udp");
    let mut bob = of_another_name("bob", &kamailio, "udp");
    registered(&mut alice);
    registered(&mut bob);
    published(&alice);
    bob.run(&["presence", "watch", "alice@example.org"]).expect(0);
    let told = look_until(|| {
        let all = alice.run(&["presence", "watchers"]).expect(0).json();
        Some(all.to_string()).filter(|all| all.contains("sip:bob@example.org"))
    });
    assert!(!told.contains(&bob.entity()), "{told}");
}
