//! Two accounts of one agent at Kamailio, each with a name and a password of its own.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::peers_kamailio::{account, published, registered, Kamailio};
use crate::process::{look_until, Home};

const ESP: &str = "ipsec esp/transport//require";
const WORK: &str = "work@example.org";

/// Adds an account beside the one that is configured.
fn add(home: &Home, kamailio: &Kamailio, transport: &str, password: &str) -> crate::process::Ran {
    let file = home.path("password-at-work");
    std::fs::write(&file, format!("{password}\n")).unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let (proxy, file) = (format!("{transport}:{}", kamailio.address), file.display().to_string());
    home.run(&["account", "add", WORK, "--proxy", &proxy, "--password-file", &file])
}

fn states(home: &Home) -> Vec<(String, String)> {
    let listed = home.run(&["account", "list"]).expect(0).json();
    let text = |account: &Value, name: &str| account[name].as_str().unwrap().to_owned();
    let all = listed["accounts"].as_array().unwrap();
    all.iter().map(|account| (text(account, "entity"), text(account, "state"))).collect()
}

/// The registrar has somebody under this name.
fn is_bound(kamailio: &Kamailio, name: &str) -> bool {
    kamailio.contacts().lines().any(|line| line.trim() == format!("AoR: {name}"))
}

/// Bob approves whoever has this name, calls, and hears; the call is in the callee's history.
fn is_called(bob: &Home, callee: &Home, name: &str) {
    let before = callee.run(&["history"]).expect(0).json()["calls"].as_array().unwrap().len();
    let ask = bob.run(&["ask", name, "--approve"]).expect(0).json();
    assert_eq!(ask["state"], "registered", "{ask}");
    let call = bob.run(&["call", name, "--duration", "0.5"]).expect(0).json();
    assert_eq!((call["state"].as_str(), call["bundle"].as_str()), (Some("ended"), Some("esp+tfc")), "{call}");
    assert!(call["packets"]["received"].as_u64().unwrap() > 5, "the callee is heard: {call}");
    look_until(|| {
        let calls = callee.run(&["history"]).expect(0).json()["calls"].as_array().unwrap().clone();
        (calls.len() == before + 1).then_some(())
    });
}

fn both_names(transport: &str) {
    let Some(kamailio) = Kamailio::start() else { return };
    kamailio.enrol("work", "quite another");
    let mut alice = account("alice", &kamailio, transport, "secret", ESP);
    let mut bob = account("bob", &kamailio, transport, "secret", ESP);
    for home in [&mut alice, &mut bob] {
        registered(home);
        published(home);
    }
    // The password of the one is not good for the other.
    let refused = add(&alice, &kamailio, transport, "secret");
    assert!(refused.stdout.contains("the password for \\\"example.org\\\" is wrong"), "{refused:?}");
    alice.run(&["account", "remove", WORK]);
    let added = add(&alice, &kamailio, transport, "quite another").expect(0).json();
    assert_eq!(added["state"], "registered", "{added}");
    let stands = |name: &str| (format!("sip:{name}@example.org"), "registered".to_owned());
    assert_eq!(states(&alice), [stands("alice"), stands("work")]);
    assert!(["alice", "work"].iter().all(|name| is_bound(&kamailio, name)), "{}", kamailio.contacts());
    look_until(|| {
        let shown = alice.run(&["account", "show", WORK]).expect(0).json();
        (shown["publication"]["state"] == "published").then_some(())
    });
    is_called(&bob, &alice, "alice@example.org");
    is_called(&bob, &alice, WORK);

    alice.run(&["account", "remove", WORK]).expect(0);
    look_until(|| (!is_bound(&kamailio, "work")).then_some(()));
    assert!(is_bound(&kamailio, "alice"), "{}", kamailio.contacts());
    assert_eq!(states(&alice), [stands("alice")]);
    is_called(&bob, &alice, "alice@example.org");
    let gone = bob.run(&["call", WORK, "--duration", "0.5"]);
    assert!(gone.code == 5 && gone.stdout.contains("404"), "{gone:?}");
}

#[test]
fn an_agent_with_two_accounts_is_called_by_both_names_until_one_is_removed_by_udp() {
    both_names("udp");
}

#[test]
fn an_agent_with_two_accounts_is_called_by_both_names_until_one_is_removed_by_tcp() {
    both_names("tcp");
}
