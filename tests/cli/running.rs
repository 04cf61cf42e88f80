//! What is changed while a call runs, and what its screen says of it.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::process::{finish, look_until, Home};
use crate::schema::{check, refused};

/// The policy that was registered last rules the next packet: tightened, the call goes on under it; discarded, it ends, and both
/// sides say why.
#[test]
fn a_change_of_policy_protects_a_running_call_or_ends_it() {
    let (mut alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", "none"));
    alice.start();
    bob.start();
    let mut call = alice.command(&["call", &bob.entity(), "--approve", "--duration", "25"]);
    let mut child = call.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut said = |what: &str| assert!(lines.any(|line| line.contains(what)), "the call never said: {what}");
    said("not protected");
    let tightened = alice.run(&["tighten", "c1", "ipsec esp/transport//require"]);
    assert_eq!(check(&tightened.expect(0), "CallView")["bundle"], "esp+tfc");
    look_until(|| bob.run(&["calls"]).stdout.contains("\"bundle\":\"esp+tfc\"").then_some(()));
    said("protected by esp+tfc from now on");
    let discard = "spdadd any any udp -P out discard; # sv: priority=10";
    check(&bob.run(&["policy", "add", discard]).expect(0), "RegisteredView");
    said("ended, the peer hung up (its policy discards the call)");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let why = check(&bob.run(&["calls"]).expect(0), "CallList");
    assert_eq!(why["calls"][0]["failure"]["code"], "policy-discards");
}

/// Who tightens to `discard` wants the call ended, and is told that it is.
#[test]
fn a_call_that_is_tightened_to_discard_is_over_when_that_is_said() {
    let (mut alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", "none"));
    alice.start();
    bob.start();
    let mut call = alice.command(&["call", &bob.entity(), "--approve", "--duration", "60"]);
    let mut child = call.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    look_until(|| bob.run(&["calls"]).stdout.contains("\"active\"").then_some(()));
    let said = finish(&mut alice.command(&["tighten", "c1", "discard"]));
    assert!(said.stdout.contains("ended: your policy discards it now"), "{}{}", said.stdout, said.stderr);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert_ne!(child.wait().unwrap().code(), Some(0), "the call itself failed");
}

/// Less is proposed: the other user decides, and the running call goes on with it on both sides.
#[test]
fn a_running_call_is_relaxed_when_the_other_user_agrees() {
    let esp = "ipsec esp/transport//require";
    let (mut alice, mut bob) = (Home::new("alice", esp), Home::new("bob", esp));
    alice.start();
    bob.start();
    alice.run(&["ask", &bob.entity(), "--approve"]).expect(0);
    bob.run(&["ask", &alice.entity(), "--approve"]).expect(0);
    let mut call = alice.command(&["call", &bob.entity(), "--duration", "60"]);
    let mut child = call.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    look_until(|| bob.run(&["calls"]).stdout.contains("\"active\"").then_some(()));
    refused(alice.run(&["relax", "c1", esp]), 2, "nothing-to-relax");
    let relax =
        alice.command(&["relax", "c1", "none", "--note", "the line is slow"]).stdout(Stdio::piped()).spawn().unwrap();
    let review = look_until(|| {
        let list = check(&bob.run(&["review", "list"]).expect(0), "ReviewList");
        let last = list["reviews"].as_array().unwrap().last().cloned()?;
        (last["state"] == "pending").then(|| last["id"].as_str().unwrap().to_owned())
    });
    assert!(alice.run(&["calls"]).stdout.contains("\"bundle\":\"esp+tfc\""), "nothing before he has decided");
    bob.run(&["review", "answer", &review, "--approve"]).expect(0);
    let said = relax.wait_with_output().unwrap();
    assert_eq!(said.status.code(), Some(0));
    for home in [&alice, &bob] {
        look_until(|| home.run(&["calls"]).stdout.contains("\"bundle\":\"none\"").then_some(()));
    }
    alice.run(&["hangup"]).expect(0);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// Two calls in one file would each spoil what the other has written.
#[test]
fn a_recording_belongs_to_one_call_until_that_ends() {
    let (mut alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", "none"));
    let (heard, usual) = (bob.path("heard.wav"), bob.usual("none;"));
    bob.configure(&format!("[audio]\ninput = \"tone:440\"\noutput = \"file:{}\"\n{usual}", heard.display()));
    alice.start();
    bob.start();
    let call = |seconds: &str| alice.command(&["call", &bob.entity(), "--approve", "--duration", seconds]);
    let mut first = call("3").spawn().unwrap();
    look_until(|| bob.run(&["calls"]).stdout.contains("\"active\"").then_some(()));
    assert_eq!(call("0.3").status().unwrap().code(), Some(0));
    assert_eq!(first.wait().unwrap().code(), Some(0));
    // PCM16 mono at 8 kHz: the first call's three seconds, less what it takes to be answered.
    let written = std::fs::metadata(&heard).unwrap().len();
    assert!(written > 2 * 8000 * 2, "{written} octets are left of three seconds");
    let own = bob.path("own.wav");
    let record = ["call", &alice.entity(), "--approve", "--duration", "20", "--record", own.to_str().unwrap()];
    alice.run(&["policy", "list"]).expect(0);
    let mut recorded = bob.command(&record).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    look_until(|| bob.run(&["calls"]).stdout.contains("\"active\"").then_some(()));
    refused(bob.run(&record), 2, "recording-impossible");
    bob.run(&["hangup"]).expect(0);
    assert_eq!(recorded.wait().unwrap().code(), Some(0));
}

/// The allocator would have a few MB rounded up to several pieces of 2 MiB, if it were left to itself.
#[test]
fn an_idle_agent_holds_few_megabytes_of_its_own() {
    let mut alice = Home::new("alice", "none");
    alice.start();
    alice.run(&["status"]).expect(0);
    let status = std::fs::read_to_string(format!("/proc/{}/status", alice.process())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    let held: u32 = line.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(held < 8_000, "{held} kB");
}
