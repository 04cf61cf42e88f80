//! Three agents as processes: Bob transfers Alice to Carol.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::process::{finish, look_until, Home};
use crate::schema::{check, refused};

const ESP: &str = "ipsec esp/transport//require";

fn three() -> [Home; 3] {
    ["alice", "bob", "carol"].map(|name| {
        let mut home = Home::new(name, ESP);
        home.start();
        home
    })
}

/// Alice calls Bob, and says at her terminal what becomes of that; Bob's number of the call.
fn talking(alice: &Home, bob: &Home) -> (Child, String) {
    let mut call = alice.command(&["call", &bob.entity(), "--approve", "--duration", "80"]);
    let child = call.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    (child, look_until(|| active(bob).map(|call| call["id"].as_str().unwrap().to_owned())))
}

/// The newest call of an agent, when it stands.
fn active(home: &Home) -> Option<Value> {
    newest(home).filter(|call| call["state"] == "active")
}

fn newest(home: &Home) -> Option<Value> {
    check(&home.run(&["calls"]).expect(0), "CallList")["calls"].as_array().unwrap().last().cloned()
}

#[test]
fn a_blind_transfer_of_an_approved_target_goes_by_itself_and_whoever_called_follows_it() {
    let [alice, bob, carol] = three();
    check(&alice.run(&["ask", &carol.entity(), "--approve"]).expect(0), "AskView");
    let (mut call, his) = talking(&alice, &bob);
    let done = check(&bob.run(&["transfer", &his, &carol.entity()]).expect(0), "TransferView");
    assert_eq!((&done["state"], &done["target"]), (&"done".into(), &carol.entity().into()));
    let hers = look_until(|| active(&carol));
    assert_eq!((&hers["peer"], &hers["bundle"]), (&alice.entity().into(), &"esp+tfc".into()));
    let mut lines = BufReader::new(call.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("goes on as call c2")), "the command stays with the call");
    let old = look_until(|| newest(&bob).filter(|call| call["state"] == "ended"));
    assert_eq!(old["reason"], format!("transferred to {}", carol.entity()));
    alice.run(&["hangup"]).expect(0);
    assert_eq!(call.wait().unwrap().code(), Some(0));
}

#[test]
fn the_number_of_a_call_is_no_peer_to_transfer_to() {
    let mut bob = Home::new("bob", ESP);
    bob.start();
    let failure = refused(bob.run(&["transfer", "c1", "c2"]), 2, "transfer-unclear");
    assert!(failure["next"].as_str().unwrap().contains("`sottovoce transfer c1 --to-call c2`"), "{failure}");
}

#[test]
fn an_unapproved_target_waits_for_the_user_and_a_refusal_keeps_the_call() {
    let [alice, bob, carol] = three();
    let (mut call, his) = talking(&alice, &bob);
    let transfer = bob.command(&["--json", "transfer", &his, &carol.entity()]);
    let ran = std::thread::scope(|scope| {
        let transfer = scope.spawn(move || finish(&mut { transfer }));
        let wanted = look_until(|| newest(&alice).filter(|call| call["state"] == "wanted"));
        assert_eq!((&wanted["peer"], &wanted["wanted_by"]), (&carol.entity().into(), &"c1".into()));
        check(&alice.run(&["reject", wanted["id"].as_str().unwrap()]).expect(0), "CallView");
        transfer.join().unwrap()
    });
    refused(ran, 3, "transfer-declined");
    assert!(active(&bob).is_some(), "the call is kept");
    refused(bob.run(&["transfer", &his, &bob.entity()]), 2, "that-is-you");
    refused(bob.run(&["transfer", &his]), 2, "usage");
    refused(bob.run(&["transfer", "c99", "--to-call", &his]), 2, "no-such-call");
    bob.run(&["hangup"]).expect(0);
    assert_eq!(call.wait().unwrap().code(), Some(0));
}

/// Alice's user has not decided: nobody tells any more what came of it.
#[test]
fn a_transfer_whose_call_has_ended_is_not_waited_for() {
    let [alice, bob, carol] = three();
    let (mut call, his) = talking(&alice, &bob);
    let transfer = bob.command(&["--json", "transfer", &his, &carol.entity()]);
    let ran = std::thread::scope(|scope| {
        let transfer = scope.spawn(move || finish(&mut { transfer }));
        look_until(|| newest(&alice).filter(|call| call["state"] == "wanted"));
        bob.run(&["hangup", &his]).expect(0);
        transfer.join().unwrap()
    });
    let failure = refused(ran, 1, "call-over");
    let message = failure["message"].as_str().unwrap();
    assert!(message.contains(&his) && message.contains(&carol.entity()), "{failure}");
    alice.run(&["hangup"]);
    assert!(call.wait().unwrap().code().is_some());
}

#[test]
fn an_attended_transfer_ends_both_calls_of_who_steps_out() {
    let [alice, bob, carol] = three();
    for (who, whom) in [(&alice, &carol), (&carol, &alice)] {
        check(&who.run(&["ask", &whom.entity(), "--approve"]).expect(0), "AskView");
    }
    let (mut call, his) = talking(&alice, &bob);
    let (mut other, _) = talking(&bob, &carol);
    let second = newest(&bob).unwrap()["id"].as_str().unwrap().to_owned();
    let done = check(&bob.run(&["transfer", &his, "--to-call", &second]).expect(0), "TransferView");
    assert_eq!((&done["state"], &done["to_call"]), (&"done".into(), &second.into()));
    look_until(|| active(&carol).filter(|call| call["replaces"] == "c1"));
    assert_eq!(other.wait().unwrap().code(), Some(0));
    alice.run(&["hangup"]).expect(0);
    assert_eq!(call.wait().unwrap().code(), Some(0));
}
