//! Three agents as processes: Bob talks with Alice, and Carol calls.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::process::{look_until, Home};
use crate::schema::check;

const ESP: &str = "ipsec esp/transport//require";

fn calls(home: &Home) -> Vec<serde_json::Value> {
    check(&home.run(&["calls"]).expect(0), "CallList")["calls"].as_array().unwrap().clone()
}

fn in_state(home: &Home, state: &str) -> String {
    let found = || calls(home).into_iter().find(|call| call["state"] == state && call["on_hold"] == false);
    look_until(found)["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_second_call_is_announced_refused_as_busy_and_answered_with_the_first_on_hold() {
    let [mut alice, bob, mut carol] = ["alice", "bob", "carol"].map(|name| Home::new(name, ESP));
    bob.configure(&bob.usual(&format!("{ESP};")).replace("auto", "prompt"));
    let mut terminal = bob.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(terminal.stderr.take().unwrap()).lines().map(Result::unwrap);
    look_until(|| bob.command(&["status"]).output().unwrap().status.success().then_some(()));
    alice.start();
    carol.start();
    let call = |home: &Home| home.command(&["call", &bob.entity(), "--approve", "--duration", "60"]).spawn().unwrap();
    let mut first = call(&alice);
    let id = in_state(&bob, "incoming");
    bob.run(&["answer", &id]).expect(0);
    in_state(&bob, "active");
    for answered in [false, true] {
        let mut second = call(&carol);
        let other = in_state(&bob, "incoming");
        let announced = format!("while call {id} runs: `sottovoce answer {other}` holds that one");
        assert!(said.any(|line| line.contains(&announced)), "{announced}");
        if answered {
            bob.run(&["answer", &other]).expect(0);
            assert_eq!(in_state(&bob, "active"), other);
            let held = calls(&bob).into_iter().find(|call| call["id"] == id.as_str()).unwrap();
            assert_eq!((&held["on_hold"], &held["state"]), (&true.into(), &"active".into()));
            bob.run(&["hangup"]).expect(0);
            second.wait().unwrap();
        } else {
            bob.run(&["reject", &other]).expect(0);
            assert_eq!(second.wait().unwrap().code(), Some(3), "a user refused it");
        }
    }
    first.wait().unwrap();
    bob.run(&["stop"]).expect(0);
    terminal.wait().unwrap();
}
