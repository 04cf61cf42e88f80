//! Two agents as processes: one holds the call.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::process::{look_until, Home};
use crate::schema::{check, refused};

const ESP: &str = "ipsec esp/transport//require";

fn newest(home: &Home) -> Option<Value> {
    check(&home.run(&["calls"]).expect(0), "CallList")["calls"].as_array().unwrap().last().cloned()
}

#[test]
fn a_call_is_held_and_taken_up_again_and_both_users_see_it() {
    let [alice, bob] = ["alice", "bob"].map(|name| {
        let mut home = Home::new(name, ESP);
        home.start();
        home
    });
    refused(bob.run(&["hold", "c1"]), 2, "no-such-call");
    let mut call = alice.command(&["call", &bob.entity(), "--approve", "--duration", "80"]);
    let mut call = call.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(call.stderr.take().unwrap()).lines().map(Result::unwrap);
    let id = look_until(|| newest(&bob).filter(|call| call["state"] == "active"))["id"].as_str().unwrap().to_owned();
    let held = check(&bob.run(&["hold", &id]).expect(0), "HoldView");
    assert_eq!((&held["state"], &held["wanted"]), (&"done".into(), &true.into()));
    assert_eq!(newest(&bob).unwrap()["on_hold"], true);
    look_until(|| newest(&alice).filter(|call| call["held_by_peer"] == true));
    assert!(said.any(|line| line.contains("held by the peer")));
    let table = bob.command(&["calls"]).output().unwrap();
    assert!(String::from_utf8_lossy(&table.stdout).contains("active, on hold"), "{table:?}");
    let again = check(&bob.run(&["resume", &id]).expect(0), "HoldView");
    assert_eq!(
        (&again["state"], &again["wanted"], &again["held_by_peer"]),
        (&"done".into(), &false.into(), &false.into())
    );
    look_until(|| newest(&alice).filter(|call| call["held_by_peer"] == false));
    assert!(said.any(|line| line.contains("talking again")));
    bob.run(&["hangup"]).expect(0);
    assert_eq!(call.wait().unwrap().code(), Some(0));
}
