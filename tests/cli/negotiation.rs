//! A looser policy: one user proposes it, the other's decides, and the next call goes as both have agreed.

use std::process::{Child, Stdio};

use serde_json::Value;

use crate::process::{look_until, skip, Capture, Home, Ran, Seen};
use crate::schema::{check, refused};
use crate::terminal::Terminal;

const ESP: &str = "ipsec esp/transport//require";

/// Both ask for ESP, and have approved each other.
fn friends() -> (Home, Home) {
    let (mut alice, mut bob) = (Home::new("alice", ESP), Home::new("bob", ESP));
    alice.start();
    bob.start();
    for (one, other) in [(&alice, &bob), (&bob, &alice)] {
        check(&one.run(&["ask", &other.entity(), "--approve"]).expect(0), "AskView");
    }
    (alice, bob)
}

/// A command that goes on.
fn begun(home: &Home, args: &[&str]) -> Child {
    let mut command = home.command(&[args, &["--json"]].concat());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn ended(child: Child) -> Ran {
    let output = child.wait_with_output().unwrap();
    let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
    Ran { code: output.status.code().unwrap(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

/// The proposal that waits for Bob, once it is there.
fn waiting(bob: &Home) -> Value {
    look_until(|| {
        let list = check(&bob.run(&["proposal", "list"]).expect(0), "ProposalList");
        let all = list["proposals"].as_array().unwrap().clone();
        all.into_iter().find(|one| one["state"] == "waiting" && one["outgoing"] == false)
    })
}

fn call(alice: &Home, bob: &Home) -> (Value, Option<Vec<Seen>>) {
    let capture = Capture::start(&alice.path("call.pcap"), &[alice, bob]);
    if capture.is_none() {
        skip("this user may not capture: what the agents say is all that is looked at");
    }
    let call = check(&alice.run(&["call", &bob.entity(), "--duration", "0.5"]).expect(0), "CallView");
    (call, capture.map(Capture::stop))
}

/// RTP and RTCP in clear begin with version 2; ESP and AH with 192 or more. SIP goes by port 5060.
fn media(seen: &[Seen]) -> (usize, usize) {
    let media = seen.iter().filter(|seen| seen.from.port() != 5060 && seen.to.port() != 5060 && !seen.bytes.is_empty());
    let (clear, rest): (Vec<&Seen>, Vec<&Seen>) = media.partition(|seen| seen.bytes[0] >> 6 == 2);
    (clear.len(), rest.iter().filter(|seen| seen.bytes[0] >= 192).count())
}

#[test]
fn what_the_peers_user_accepts_rules_the_next_call() {
    let (alice, bob) = friends();
    let proposing = begun(&alice, &["ask", &bob.entity(), "--approve", "none", "--propose", "--note", "slow line"]);
    let proposal = waiting(&bob);
    assert_eq!((proposal["note"].as_str(), proposal["peer"].as_str()), (Some("slow line"), Some(&*alice.entity())));
    let review = proposal["review"].as_str().unwrap();
    let shown = check(&bob.run(&["review", "show", review]).expect(0), "ReviewView");
    assert_eq!((shown["kind"].as_str(), shown["state"].as_str()), (Some("proposal"), Some("pending")));
    let looser = shown["differences"].as_array().unwrap().iter().any(|row| row["relation"] == "looser");
    assert!(looser, "{shown:#}");
    let told = crate::process::finish(&mut bob.command(&["review", "show", review])).expect(0).stdout;
    assert!(told.contains("would like YOUR policy for it to be this one") && told.contains("slow line"), "{told}");
    let answered = check(&bob.run(&["review", "answer", review, "--approve"]).expect(0), "ReviewView");
    assert_eq!(answered["state"], "registered");
    let registered = check(&ended(proposing).expect(0), "AskView");
    assert_eq!(registered["state"], "registered");
    // Agreed, and not used yet: pending at Bob's, and in force at Alice's.
    let policy = check(&bob.run(&["policy", "list"]).expect(0), "PolicyView");
    assert_eq!(policy["pending"][0]["entity"].as_str(), Some(&*alice.entity()));
    let listed = crate::process::finish(&mut bob.command(&["policy", "list"])).expect(0).stdout;
    assert!(listed.contains(&format!("pending, agreed with {}", alice.entity())), "{listed}");
    let (call, seen) = call(&alice, &bob);
    assert_eq!(call["bundle"], "none", "{call:#}");
    if let Some(seen) = seen {
        let (clear, protected) = media(&seen);
        assert!(clear > 30 && protected == 0, "{clear} in clear, {protected} protected");
    }
    let policy = check(&bob.run(&["policy", "list"]).expect(0), "PolicyView");
    assert_eq!(policy["pending"], serde_json::json!([]));
    let audit = check(&bob.run(&["audit", "--limit", "100"]).expect(0), "AuditView");
    let rows = audit["rows"].as_array().unwrap().clone();
    let hash = proposal["hash"].as_str().unwrap();
    for kind in ["proposal", "proposal-decided", "agreed"] {
        let is = |row: &Value| row["kind"] == kind && row["detail"].as_str().unwrap().contains(hash);
        assert!(rows.iter().any(is), "{kind}: {rows:#?}");
    }
}

#[test]
fn what_the_peers_user_refuses_changes_nothing() {
    let (alice, bob) = friends();
    let before = alice.run(&["policy", "export"]).expect(0).json();
    let proposing = begun(&alice, &["ask", &bob.entity(), "--approve", "none", "--propose"]);
    let review = waiting(&bob)["review"].as_str().unwrap().to_owned();
    bob.run(&["review", "answer", &review, "--refuse"]).expect(0);
    let error = refused(ended(proposing), 3, "proposal-refused");
    assert!(error["next"].as_str().unwrap().contains("what was in force stays in force"), "{error}");
    assert_eq!(alice.run(&["policy", "export"]).expect(0).json(), before);
    let (call, seen) = call(&alice, &bob);
    assert_eq!(call["bundle"], "esp+tfc", "{call:#}");
    if let Some(seen) = seen {
        let (clear, protected) = media(&seen);
        assert!(clear == 0 && protected > 30, "{clear} in clear, {protected} protected");
    }
}

/// At the prompt the fields that are looser are named, and the peer is asked only when the user says so.
#[test]
fn at_the_prompt_the_user_says_whether_the_peer_is_asked() {
    let (alice, bob) = friends();
    let mut terminal = Terminal::start(&alice, 120, "", &["ask", &bob.entity()]);
    terminal.wait_for("[l]ater: ");
    terminal.type_in("t");
    terminal.wait_for("(empty goes back): ");
    terminal.type_in("none\n");
    let asked = terminal.wait_for("any other key goes back: ");
    assert!(asked.contains("you said none, the peer asks") && asked.contains(&bob.entity()), "{asked}");
    terminal.type_in("n");
    terminal.wait_for("(empty goes back): ");
    assert_eq!(bob.run(&["proposal", "list"]).expect(0).json()["proposals"], serde_json::json!([]));
    terminal.type_in("none\n");
    terminal.wait_for("any other key goes back: ");
    terminal.type_in("y");
    terminal.wait_for("is asked by proposal n1");
    let review = waiting(&bob)["review"].as_str().unwrap().to_owned();
    // Bob would take less than what he has, and more than nothing.
    let counter = ["review", "answer", &review, "--approve", "ipsec ah/transport//require", "--propose"];
    let told = crate::process::finish(&mut bob.command(&counter)).expect(0).stdout;
    assert!(told.contains("counter-proposed: nothing is agreed yet") && !told.contains("\nagreed:"), "{told}");
    let counters = |home: &Home| {
        let list = check(&home.run(&["proposal", "list"]).expect(0), "ProposalList");
        let counter = &list["proposals"][0]["counter"];
        (counter["state"].as_str().map(str::to_owned), counter["entries"][0]["rules"][0]["protocol"].clone())
    };
    assert_eq!(counters(&bob), (Some("waiting".into()), "ah".into()));
    let listed = crate::process::finish(&mut bob.command(&["proposal", "list"])).expect(0).stdout;
    assert!(listed.contains("instead: out ah/transport//require") && listed.contains("waits for the peer"), "{listed}");
    let shown = terminal.wait_for("[l]ater: ");
    assert!(shown.contains("would accept this policy in place of the one that you proposed"), "{shown}");
    assert_eq!(counters(&alice).0.as_deref(), Some("put"));
    terminal.type_in("a");
    let (code, shown, _) = terminal.end();
    assert_eq!(code, 0, "{shown}");
    assert_eq!(counters(&alice).0.as_deref(), Some("used"));
    assert_eq!(call(&alice, &bob).0["bundle"], "ah");
    look_until(|| (counters(&bob).0.as_deref() == Some("used")).then_some(()));
}

#[test]
fn ctrl_c_takes_the_proposal_back_and_says_so_to_both() {
    let (alice, bob) = friends();
    let proposing = begun(&alice, &["ask", &bob.entity(), "--approve", "none", "--propose"]);
    waiting(&bob);
    crate::process::send("INT", &proposing);
    let error = refused(ended(proposing), 3, "cancelled");
    assert!(error["message"].as_str().unwrap().contains("its proposal n1 was taken back"), "{error}");
    look_until(|| {
        let list = bob.run(&["proposal", "list"]).expect(0).json();
        (list["proposals"][0]["state"] == "cancelled").then_some(())
    });
}

#[test]
fn what_waits_can_be_taken_back_by_another_process() {
    let (alice, bob) = friends();
    let proposing = begun(&alice, &["call", &bob.entity(), "--approve", "none", "--propose", "--duration", "1"]);
    waiting(&bob);
    let list = check(&alice.run(&["proposal", "cancel", "n1"]).expect(0), "ProposalList");
    assert_eq!(list["proposals"][0]["state"], "cancelled");
    refused(ended(proposing), 3, "proposal-cancelled");
    refused(alice.run(&["proposal", "cancel", "n1"]), 2, "no-such-proposal");
    refused(alice.run(&["proposal", "cancel", &bob.entity()]), 2, "no-such-agreement");
    look_until(|| {
        let list = bob.run(&["proposal", "list"]).expect(0).json();
        (list["proposals"][0]["state"] == "cancelled").then_some(())
    });
}

/// What a peer agreed to is loosened by an edit only when its user agrees to that too.
#[test]
fn an_edit_that_loosens_asks_the_peers_user_when_told_to() {
    let (alice, bob) = friends();
    let shown = check(&alice.run(&["policy", "show", "e1"]).expect(0), "EntryView");
    let line = shown["setkey"].as_str().unwrap().replace(ESP, "none");
    let edit = ["policy", "edit", "e1", "--with", &line];
    let error = refused(alice.run(&edit), 4, "looser-than-asked");
    assert!(error["next"].as_str().unwrap().contains("--propose"), "{error}");
    let proposing = begun(&alice, &[&edit[..], &["--propose"]].concat());
    let review = waiting(&bob)["review"].as_str().unwrap().to_owned();
    bob.run(&["review", "answer", &review, "--approve"]).expect(0);
    check(&ended(proposing).expect(0), "AskView");
    assert_eq!(call(&alice, &bob).0["bundle"], "none");
}
