//! Keys of the telephone between two agents as processes: they come as events, and stand in no file and at no terminal that is none.

use std::io::Write;
use std::process::Stdio;

use crate::events::Events;
use crate::process::{look_until, Home};
use crate::schema::{check, refused};

const ESP: &str = "ipsec esp/transport//require";

#[test]
fn keys_are_pressed_and_told_as_events_and_written_nowhere() {
    let [alice, bob] = ["alice", "bob"].map(|name| {
        let mut home = Home::new(name, ESP);
        home.start();
        home
    });
    refused(bob.run(&["dtmf", "c1", "12"]), 2, "no-such-call");
    let mut call = alice.command(&["call", &bob.entity(), "--approve", "--duration", "80"]);
    let mut call = call.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let newest = || bob.run(&["calls"]).expect(0).json()["calls"].as_array().unwrap().last().cloned();
    let id = look_until(|| newest().filter(|call| call["state"] == "active"))["id"].as_str().unwrap().to_owned();
    let mut events = Events::of(&alice);
    let sent = check(&bob.run(&["dtmf", &id, "0#"]).expect(0), "DigitsView");
    assert_eq!((&sent["digits"], &sent["by"]), (&2.into(), &"rtp".into()));
    // A secret need not stand in the list of processes.
    let mut typing = bob.command(&["dtmf", &id, "-"]);
    let mut typing = typing.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    typing.stdin.take().unwrap().write_all(b"*D\n").unwrap();
    let said = String::from_utf8(typing.wait_with_output().unwrap().stdout).unwrap();
    assert!(said.contains("2 digits go among the sound, and protected like it"), "{said}");
    for key in ["0", "#", "*", "D"] {
        let told = events.next_of("digit");
        assert_eq!((&told["digit"], &told["by"]), (&key.into(), &"rtp".into()));
    }
    let wrong = bob.run(&["dtmf", &id, "12x"]);
    assert!(!wrong.stdout.contains("12x"), "what was typed is not repeated: {}", wrong.stdout);
    refused(wrong, 2, "digits-unfit");
    bob.run(&["hangup"]).expect(0);
    assert_eq!(call.wait().unwrap().code(), Some(0));
    let audit = alice.run(&["audit"]).expect(0).stdout + &alice.run(&["history"]).expect(0).stdout;
    assert!(!audit.contains("digit") && !audit.contains("0#*D"), "{audit}");
}
