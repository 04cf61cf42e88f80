//! Kamailio dies, and comes back without memory of who was there: by UDP, where no connection breaks, by TCP and by TLS.

use crate::peers_kamailio::{account, published, registered, state, Kamailio};
use crate::process::{finish, look_long_until, look_until, Home};

/// The same, and it waits for nobody longer than 64 * 100 ms.
fn impatient(name: &'static str, kamailio: &Kamailio, transport: &str) -> Home {
    let home = account(name, kamailio, transport, "secret", "none");
    let text = std::fs::read_to_string(home.config()).unwrap();
    std::fs::write(home.config(), text.replace("[sip]\n", "[sip]\nt1-ms = 100\n")).unwrap();
    home
}

/// As its user sees it, on one line.
fn says(home: &Home, words: &[&str]) -> String {
    let page = finish(&mut home.command(words)).expect(0).stdout;
    page.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At once, for all that they do is wait: nothing is registered again sooner than 30 s after the last time.
#[allow(clippy::disallowed_methods)] // threads, around the program and not in it
fn by_every_transport(test: fn(&str)) {
    std::thread::scope(|scope| {
        for transport in ["udp", "tcp", "tls"] {
            scope.spawn(move || test(transport));
        }
    });
}

/// What Alice changes meanwhile finds nobody; then she says it again, and how she stands all the while.
fn everything_is_told_again(transport: &str) {
    let Some(mut kamailio) = Kamailio::start_secure("example.org") else { return };
    let mut alice = impatient("alice", &kamailio, transport);
    registered(&mut alice);
    published(&alice);
    kamailio.stop();
    alice.run(&["presence", "set", "--place", "cellar"]).expect(0);
    look_long_until(|| (state(&alice)["state"] == "recovering").then_some(()));
    let why = if transport == "udp" {
        "its server does not answer"
    } else {
        "its connection broke, or its server does not answer"
    };
    let list = says(&alice, &["account", "list"]);
    assert!(list.contains(&format!("{why}: being registered anew")), "{list}");
    let waits = look_long_until(|| Some(state(&alice)).filter(|account| account["state"] == "waiting"));
    let code = if transport == "udp" { "registrar-silent" } else { "registrar-unreachable" };
    assert_eq!((&waits["failure"]["code"], &waits["until"]), (&code.into(), &serde_json::Value::Null), "{waits}");
    let list = says(&alice, &["account", "list"]);
    assert!(list.contains("not registered, tried again at") || list.contains("being tried again now"), "{list}");
    let status = says(&alice, &["status"]);
    assert!(status.contains("check the account's proxy and that its server runs"), "{status}");

    kamailio.start_again();
    let contact = format!("sip:alice@{}:5060", alice.address);
    look_long_until(|| kamailio.contacts().contains(&contact).then_some(()));
    look_until(|| {
        let account = state(&alice);
        (account["state"] == "registered" && account["publication"]["state"] == "published").then_some(())
    });
    let mut bob = account("bob", &kamailio, transport, "secret", "none");
    registered(&mut bob);
    bob.run(&["ask", "alice@example.org", "--approve"]).expect(0);
    let row = bob.run(&["presence", "show", "alice@example.org"]).expect(0).json()["presences"][0].clone();
    assert_eq!(row["place"], "cellar", "{row}");
    assert_eq!(alice.signal("TERM"), Some(0));
    assert!(!kamailio.contacts().contains(&contact), "{}", kamailio.contacts());
}

#[test]
fn a_server_that_comes_back_is_told_everything_again() {
    by_every_transport(everything_is_told_again);
}

/// Alice follows Bob through the server, which dies meanwhile; Bob's server tells him that she does.
fn a_peer_is_followed(transport: &str) {
    let Some(mut kamailio) = Kamailio::start_secure("example.org") else { return };
    let mut alice = impatient("alice", &kamailio, transport);
    let mut bob = impatient("bob", &kamailio, transport);
    registered(&mut alice);
    registered(&mut bob);
    published(&bob);
    alice.run(&["ask", "bob@example.org", "--approve"]).expect(0);
    alice.run(&["presence", "watch", "bob@example.org"]).expect(0);
    let active = |alice: &Home| {
        let list = alice.run(&["presence", "watching"]).expect(0).json();
        let all = list["watches"].as_array().unwrap().clone();
        (all.len() == 2 && all.iter().all(|watch| watch["state"] == "active")).then_some(())
    };
    let place_of_bob = |alice: &Home| {
        alice.run(&["presence", "show", "bob@example.org"]).expect(0).json()["presences"][0]["place"].clone()
    };
    // Through the server, and the device by itself.
    look_until(|| active(&alice));
    bob.run(&["presence", "set", "--place", "cellar"]).expect(0);
    look_until(|| (place_of_bob(&alice) == "cellar").then_some(()));
    look_until(|| {
        let list = bob.run(&["presence", "watchers"]).expect(0).json();
        let server = &list["servers"][0];
        let alice = |watcher: &serde_json::Value| watcher["who"] == "sip:alice@example.org";
        let there = server["watchers"].as_array().is_some_and(|all| all.iter().any(alice));
        (server["told"] == true && there && list["watchers"][0].is_object()).then_some(())
    });
    kamailio.stop();
    // By UDP nothing else tells her that nobody is there.
    alice.run(&["message", "bob@example.org", "hello", "--clear"]).expect(5);
    kamailio.start_again();
    look_long_until(|| {
        let text = alice.run(&["presence", "watching"]).expect(0).stdout;
        text.contains("has lost the subscription; it is tried again at once").then_some(())
    });
    look_until(|| active(&alice));
    bob.run(&["presence", "set", "--place", "garden"]).expect(0);
    look_long_until(|| (place_of_bob(&alice) == "garden").then_some(()));
    let reviews = alice.run(&["review", "list"]).expect(0).json();
    assert_eq!(reviews["reviews"].as_array().unwrap().len(), 1, "nothing was to be asked again: {reviews}");
    assert_eq!(alice.signal("TERM"), Some(0));
}

#[test]
fn a_peer_is_followed_through_the_server_and_after_its_death() {
    by_every_transport(a_peer_is_followed);
}
