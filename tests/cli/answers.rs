//! Reviews and calls, answered by another process; each exit code.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::process::{finish, look_until, silent, Home};
use crate::schema::{check, refused};

const ESP: &str = "ipsec esp/transport//require";

fn pair(ours: &str, theirs: &str) -> (Home, Home) {
    let (mut alice, mut bob) = (Home::new("alice", ours), Home::new("bob", theirs));
    alice.start();
    bob.start();
    (alice, bob)
}

#[test]
fn a_review_stays_pending_and_another_process_answers_it() {
    let (alice, bob) = pair("none", ESP);
    let pending = refused(alice.run(&["ask", &bob.entity()]), 4, "review-pending");
    let review = pending["subject"].as_str().unwrap();
    let shown = check(&alice.run(&["review", "show", review]).expect(0), "ReviewView");
    assert_eq!(shown["state"], "pending");
    let answered = check(&alice.run(&["review", "answer", review, "--approve"]).expect(0), "ReviewView");
    assert_eq!(answered["state"], "registered");
    let late = alice.run(&["review", "answer", review, "--refuse"]);
    check(&late, "ErrorBody");
    assert_ne!(late.code, 0, "the first answer wins");
    assert!(alice.run(&["policy", "export"]).stdout.contains(&bob.entity()));
}

#[test]
fn a_looser_answer_is_refused_by_policy_and_stores_nothing() {
    let (alice, bob) = pair("none", ESP);
    let before = alice.run(&["policy", "export"]).expect(0).json();
    let ran = alice.run(&["ask", &bob.entity(), "--approve", "none"]);
    let error = refused(ran, 4, "looser-than-asked");
    assert!(error["message"].as_str().unwrap().contains("esp"), "{error}");
    assert_eq!(alice.run(&["policy", "export"]).expect(0).json(), before);
}

#[test]
fn tighter_rules_are_registered_in_both_directions_and_the_call_has_them() {
    let (alice, bob) = pair("none", "none");
    let rules = "ipsec ah/transport//require esp/transport//require";
    check(&alice.run(&["ask", &bob.entity(), "--approve", rules]).expect(0), "AskView");
    let call = check(&alice.run(&["call", &bob.entity(), "--duration", "0.5"]).expect(0), "CallView");
    assert_eq!(call["bundle"], "ah+esp+tfc", "{call}");
}

#[test]
fn a_refusal_by_a_user_is_told_apart() {
    let (alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", "none"));
    let refusal = |ran| check(&ran, "ErrorBody")["error"]["kind"].clone();
    bob.configure("[answer]\nmode = \"reject\"\n[watchers]\nunknown = \"place\"\n[policy]\ndefault = [\"spdadd any any udp -P out none;\"]\n");
    bob.start();
    assert_eq!(refusal(alice.run(&["ask", &bob.entity(), "--refuse"]).expect(3)), "refused-by-user");
    assert_eq!(refusal(alice.run(&["call", &bob.entity(), "--approve"]).expect(3)), "refused-by-user");
}

#[test]
fn nobody_at_the_address_is_unreachable() {
    let alice = Home::new("alice", "none");
    let nobody = Home::new("nobody", "none");
    let ran = alice.run(&["ask", &nobody.entity(), "--approve"]).expect(5);
    assert_eq!(check(&ran, "ErrorBody")["error"]["kind"], "unreachable");
}

/// A wait is shown, and a call that was given up before it came about is no success.
#[test]
fn a_call_that_nobody_answers_shows_that_it_waits_and_ends_as_given_up() {
    let (mut alice, nobody) = (Home::new("alice", "none"), Home::new("nobody", "none"));
    alice.start();
    let _silent = silent(nobody.address);
    let mut call = alice.command(&["call", &nobody.entity(), "--approve"]);
    let mut child = call.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.ends_with("no answer yet after 5 s")));
    let ended = finish(&mut alice.command(&["hangup"])).expect(0);
    assert_eq!(ended.stdout, format!("hanging up c1, {}\n", nobody.entity()));
    assert!(lines.any(|line| line.contains("was given up before it came about")));
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[test]
fn a_changed_key_is_a_trust_problem_until_the_user_accepts_it() {
    let (alice, mut bob) = pair("none", "none");
    check(&alice.run(&["ask", &bob.entity(), "--approve"]).expect(0), "AskView");
    let before = bob.run(&["status"]).expect(0).json()["fingerprint"].clone();
    bob.signal("TERM");
    let fresh = bob.start_anew();
    let ran = alice.run(&["ask", &bob.entity(), "--approve"]).expect(6);
    assert_eq!(check(&ran, "ErrorBody")["error"]["kind"], "trust");
    let ran = alice.run(&["call", &bob.entity(), "--approve"]).expect(6);
    assert_eq!(check(&ran, "ErrorBody")["error"]["kind"], "trust");
    let fingerprint = fresh["fingerprint"].as_str().unwrap();
    let ran = alice.run(&["ask", &bob.entity(), "--approve", "--accept-key", fingerprint]);
    let ask = check(&ran.expect(0), "AskView");
    let review = alice.run(&["review", "show", ask["review"].as_str().unwrap()]).expect(0);
    let key = check(&review, "ReviewView")["statement"].clone();
    let shown = [&key["key_state"], &key["fingerprint"], &key["pinned_fingerprint"]];
    assert_eq!(shown, [&Value::from("accepted"), &fresh["fingerprint"], &before]);
    bob.signal("TERM");
    let other = bob.start_anew();
    let with = |key: &str| alice.run(&["call", &bob.entity(), "--approve", "--duration", "0.3", "--accept-key", key]);
    check(&with(fingerprint).expect(6), "ErrorBody");
    check(&with(other["fingerprint"].as_str().unwrap()).expect(0), "CallView");
}

#[test]
fn a_call_that_rings_is_answered_rejected_and_hung_up_by_other_processes() {
    let (alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", "none"));
    bob.configure("[watchers]\nunknown = \"place\"\n[policy]\ndefault = [\"spdadd any any udp -P out none;\"]\n");
    bob.start();
    for (verb, exit) in [("answer", 0), ("reject", 3)] {
        let calling = alice.command(&["--json", "call", &bob.entity(), "--approve", "--duration", "20"]);
        let calling = std::thread::scope(|scope| {
            let call = scope.spawn(|| crate::process::finish(&mut { calling }));
            let id = look_until(|| ringing(&bob));
            check(&bob.run(&[verb, &id]).expect(0), "CallView");
            if verb == "answer" {
                look_until(|| (state(&bob, &id)? == "active").then_some(()));
                check(&bob.run(&["hangup", &id]).expect(0), "CallList");
            }
            call.join().unwrap()
        });
        assert_eq!(calling.code, exit, "{verb}: {calling:?}");
    }
}

#[test]
fn a_call_rings_on_when_it_is_answered_with_a_sound_that_is_not_there() {
    let (alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", "none"));
    let policy = "[policy]\ndefault = [\"spdadd any any udp -P out none;\"]\n";
    bob.configure(&format!("{policy}[audio]\ninput = \"file:/nonexistent/x.wav\"\n"));
    bob.start();
    let mut calling = alice.command(&["--json", "call", &bob.entity(), "--approve"]);
    let called = std::thread::scope(|scope| {
        let call = scope.spawn(|| crate::process::finish(&mut calling));
        let id = look_until(|| ringing(&bob));
        refused(bob.run(&["answer", &id]), 1, "wav-unreadable");
        assert_eq!(state(&bob, &id).as_deref(), Some("incoming"));
        bob.run(&["reject", &id]).expect(0);
        call.join().unwrap()
    });
    assert_eq!(called.code, 3, "{called:?}");
}

fn calls(home: &Home) -> Vec<Value> {
    home.run(&["calls"]).expect(0).json()["calls"].as_array().unwrap().clone()
}

fn ringing(home: &Home) -> Option<String> {
    let all = calls(home);
    let call = all.iter().find(|call| call["state"] == "incoming" || call["state"] == "ringing")?;
    call["id"].as_str().map(str::to_owned)
}

fn state(home: &Home, id: &str) -> Option<String> {
    let all = calls(home);
    all.iter().find(|call| call["id"] == id)?["state"].as_str().map(str::to_owned)
}
