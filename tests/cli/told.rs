//! Whatever a command changes is told to whoever listens (`GET /v1/events`), so that he need not look again and again.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::events::Events;
use crate::process::Home;

const ECHO: &str = "sip:echo@localhost";

/// What comes of this name while a command does its work.
fn told(alice: &Home, name: &str, command: &[&str]) -> serde_json::Value {
    let mut events = Events::of(alice);
    alice.run(command).expect(0);
    events.next_of(name)
}

#[test]
fn what_commands_change_is_told_while_it_happens() {
    let mut alice = Home::new("alice", "none");
    alice.start();
    alice.run(&["ask", ECHO, "--approve"]).expect(0);
    let call = ["call", ECHO, "--duration", "0.2"];
    assert_eq!(told(&alice, "history", &call), json!({}), "a call has ended");
    assert_eq!(told(&alice, "history", &["history", "--forget", "--all"]), json!({}));
    assert_eq!(told(&alice, "do-not-disturb", &["dnd", "on"]), json!({}));
    assert_eq!(told(&alice, "do-not-disturb", &["dnd", "off"]), json!({}));
    assert_eq!(told(&alice, "sound", &["devices", "use", "--ring", "none"]), json!({}));
    assert_eq!(told(&alice, "pins", &["identity", "verify", ECHO, "--yes"]), json!({}));
    for command in [["watchers", "block", ECHO], ["watchers", "forget", ECHO]] {
        assert_eq!(told(&alice, "watchers", &command), json!({}), "{command:?}");
    }
    for command in [
        ["contact", "add", "Bob", "sip:bob@192.0.2.2"],
        ["contact", "set", "Bob", "--note=x"],
        ["policy", "add", "spdadd any 192.0.2.9 udp -P out none;", "--json"],
    ] {
        assert_eq!(told(&alice, "audit", &command), json!({}), "{command:?}");
    }
    let own = told(&alice, "presence", &["presence", "set", "--user", "Alice B"]);
    assert_eq!((&own["own"], &own["user"]), (&json!(true), &json!("Alice B")), "{own}");
    let renamed = told(&alice, "presence", &["presence", "rename", ECHO, "--user", "Hall"]);
    assert_eq!((&renamed["own"], &renamed["own_user"]), (&json!(false), &json!("Hall")), "{renamed}");
    let gone = told(&alice, "presence-gone", &["presence", "remove", ECHO]);
    assert_eq!((&gone["entity"], &gone["device"]), (&json!(ECHO), &renamed["device"]), "{gone}");
    // It is kept, though nobody is there.
    let file = alice.path("password");
    std::fs::write(&file, "secret\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let proxy = format!("tcp:{}:9", alice.address);
    let file = file.to_str().unwrap();
    alice.run(&[
        "account",
        "add",
        "alice@registrar.invalid",
        "--proxy",
        &proxy,
        "--password-file",
        file,
        "--no-publish",
    ]);
    let gone = told(&alice, "account-gone", &["account", "remove", "sip:alice@registrar.invalid"]);
    assert_eq!(gone, json!("sip:alice@registrar.invalid"));
}
