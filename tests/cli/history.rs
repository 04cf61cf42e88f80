//! The history: who called, what became of it, what is told of missed calls, and what is forgotten.

use crate::process::{look_until, Home};
use crate::schema::{check, refused};

/// What runs when the agent is killed is in its history, once, and the next call has another number.
#[test]
fn a_call_in_which_the_agent_is_killed_is_in_the_history() {
    let (mut alice, mut bob) = (Home::new("alice", ESP), Home::new("bob", ESP));
    alice.start();
    bob.start();
    let calls = |home: &Home, what: &str| home.run(&[what]).expect(0).json()["calls"].as_array().unwrap().clone();
    alice.run(&["ask", &bob.entity(), "--approve"]).expect(0);
    let mut first = alice.command(&["call", &bob.entity(), "--duration", "60"]).spawn().unwrap();
    look_until(|| calls(&bob, "calls").into_iter().find(|call| call["state"] == "active"));
    assert!(calls(&bob, "history").is_empty(), "it runs");
    bob.signal("KILL");
    bob.start();
    let [killed] = &calls(&bob, "history")[..] else { panic!("{:?}", calls(&bob, "history")) };
    assert_eq!((&killed["call"], &killed["result"]), (&"c1".into(), &"answered".into()), "{killed}");
    assert!(killed["outcome"].as_str().unwrap().contains("the agent was killed"), "{killed}");
    alice.run(&["hangup"]).expect(0);
    first.wait().unwrap();
    alice.run(&["call", &bob.entity(), "--duration", "0.2"]).expect(0);
    let rows = look_until(|| Some(calls(&bob, "history")).filter(|rows| rows.len() > 1));
    assert_eq!(rows.iter().map(|row| row["call"].clone()).collect::<Vec<_>>(), ["c2", "c1"], "{rows:?}");
}

const ESP: &str = "ipsec esp/transport//require";

#[test]
fn missed_calls_are_told_until_they_are_seen_and_calls_are_found_and_forgotten() {
    let (mut alice, mut bob) = (Home::new("alice", ESP), Home::new("bob", ESP));
    alice.start();
    bob.configure(&bob.usual(&format!("{ESP};")).replace("auto", "prompt"));
    bob.start();
    let contact = ["contact", "add", "Alice", &alice.entity()];
    bob.run(&contact).expect(0);
    alice.run(&["ask", &bob.entity(), "--approve"]).expect(0);
    for answered in [false, true] {
        let mut call = alice.command(&["call", &bob.entity(), "--duration", "0.4"]).spawn().unwrap();
        let rings = || {
            let calls = bob.run(&["calls"]).expect(0).json()["calls"].as_array().unwrap().clone();
            calls.into_iter().find(|call| call["state"] == "incoming")
        };
        let id = look_until(rings)["id"].as_str().unwrap().to_owned();
        match answered {
            true => drop(bob.run(&["answer", &id]).expect(0)),
            false => drop(alice.run(&["hangup"]).expect(0)),
        }
        call.wait().unwrap();
        look_until(|| bob.run(&["history"]).expect(0).json()["calls"][usize::from(answered)].as_object().cloned());
    }
    let history = check(&bob.run(&["history"]).expect(0), "HistoryView");
    let calls = history["calls"].as_array().unwrap();
    let results: Vec<_> = calls.iter().map(|call| call["result"].as_str().unwrap()).collect();
    assert_eq!((results, &history["missed"]), (vec!["answered", "missed"], &1.into()), "{history}");
    assert!(calls[0]["talked_ms"].as_u64().unwrap() >= 300 && calls[0]["bundle"] == "esp+tfc", "{history}");
    assert_eq!(calls[0]["name"], "Alice");
    let mine = check(&alice.run(&["history", "--outgoing"]).expect(0), "HistoryView");
    assert_eq!(mine["calls"][1]["result"], "unanswered");
    // A restart forgets nothing.
    bob.signal("TERM");
    bob.start();
    let told = |arguments: &[&str]| {
        let output = bob.command(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    for command in ["status", "calls"] {
        assert!(told(&[command]).contains("1 call missed: see `sottovoce history --missed`"), "{}", told(&[command]));
    }
    let shown = told(&["history", "--missed"]);
    assert!(shown.contains("missed (new)") && shown.contains("Alice (") && !shown.contains("answered"), "{shown}");
    assert!(!told(&["status"]).contains("call missed") && !told(&["history"]).contains("(new)"));
    refused(bob.run(&["history", "--forget"]), 2, "forget-what");
    let forgotten = check(&bob.run(&["history", "--peer", "alice", "--missed", "--forget"]).expect(0), "ForgottenView");
    assert_eq!(forgotten["forgotten"], 1);
    assert_eq!(bob.run(&["history", "--within", "1h"]).expect(0).json()["calls"].as_array().unwrap().len(), 1);
    assert_eq!(bob.run(&["history", "--forget", "--all"]).expect(0).json()["forgotten"], 1);
    assert!(told(&["history"]).contains("no such call has ended yet"));
}
