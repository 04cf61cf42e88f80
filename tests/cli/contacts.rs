//! Contacts, groups and watchers, typed as a user does.

use crate::process::{finish, look_long_until, Home};
use crate::schema::{check, refused};

const ESP: &str = "ipsec esp/transport//require";

#[test]
fn a_contact_is_saved_called_by_its_name_changed_and_removed() {
    let (mut alice, mut bob) = (Home::new("alice", ESP), Home::new("bob", ESP));
    alice.start();
    bob.start();
    let peer = bob.entity();
    let add = ["contact", "add", "Bob", &peer, "--group", "friend", "--address", "bob@example.org"];
    let saved = check(&alice.run(&add).expect(0), "ContactView");
    assert_eq!((saved["entity"].as_str(), saved["group"].as_str()), (Some(peer.as_str()), Some("friend")));
    check(&alice.run(&["ask", "bob", "--approve"]).expect(0), "AskView");
    let call = check(&alice.run(&["call", "bob@example.org", "--duration", "0.5"]).expect(0), "CallView");
    assert_eq!(call["bundle"], "esp+tfc", "{call}");
    check(&alice.run(&["presence", "show", "bob"]).expect(0), "PresenceList");
    check(&alice.run(&["identity", "verify", "bob", "--yes"]).expect(0), "IdentityView");
    refused(alice.run(&["contact", "add", "bob", "sip:other@h"]), 2, "contact-there");
    refused(alice.run(&["contact", "set", "carol", "--note", "x"]), 2, "no-such-contact");
    let set = check(&alice.run(&["contact", "set", "bob", "--group", "", "--note", "tall"]).expect(0), "ContactView");
    assert_eq!((set["group"].as_str(), set["note"].as_str()), (None, Some("tall")), "{set}");
    let shown = finish(&mut alice.command(&["contact", "show", "Bob"])).expect(0).stdout;
    assert!(shown.contains("in no group") && shown.contains("note tall"), "{shown}");
    let left = check(&alice.run(&["contact", "remove", "bob"]).expect(0), "ContactList");
    assert_eq!(left["contacts"].as_array().map(Vec::len), Some(0));
    let kinds = alice.run(&["audit"]).expect(0).json().to_string();
    for kind in ["contact-added", "contact-changed", "contact-removed"] {
        assert!(kinds.contains(kind), "{kind}: {kinds}");
    }
}

#[test]
fn groups_are_made_changed_and_removed() {
    let mut alice = Home::new("alice", ESP);
    alice.start();
    let made = ["group", "add", "work", "--relation", "acquaintance", "--watchers", "policy-only", "--rings", "yes"];
    let made = check(&alice.run(&made).expect(0), "GroupView");
    assert_eq!((made["watchers"].as_str(), made["rings"].as_bool()), (Some("policy-only"), Some(true)), "{made}");
    let set = check(&alice.run(&["group", "set", "work", "--approve", ESP]).expect(0), "GroupView");
    assert_eq!((set["approve"].as_str(), set["watchers"].as_str()), (Some(ESP), Some("policy-only")), "{set}");
    let never = check(&alice.run(&["group", "set", "work", "--approve", "never"]).expect(0), "GroupView");
    assert!(never["approve"].is_null(), "{never}");
    let none = finish(&mut alice.command(&["group", "set", "work", "--approve", "none"])).expect(0).stdout;
    assert!(none.contains("whatever is not below the advice"), "{none}");
    let text = "spdadd any any udp -P out discard;";
    check(&alice.run(&["policy", "add", text, "--group", "work"]).expect(0), "RegisteredView");
    refused(alice.run(&["policy", "add", text, "--group", "wrok"]), 2, "no-such-group");
    let file = alice.path("entries.txt");
    std::fs::write(&file, format!("{text} # sv: group=wrok\n")).unwrap();
    let imported = check(&alice.run(&["policy", "import", file.to_str().unwrap()]).expect(0), "RegisteredView");
    assert!(imported["warnings"].to_string().contains("there is no group wrok"), "{imported}");
    refused(alice.run(&["group", "set", "unknown", "--watchers", "block"]), 2, "group-unknown");
    refused(alice.run(&["group", "remove", "family"]), 2, "group-built-in");
    refused(alice.run(&["group", "set", "work"]), 2, "nothing-to-change");
    let list = check(&alice.run(&["group", "remove", "work"]).expect(0), "GroupList");
    let names: Vec<_> = list["groups"].as_array().unwrap().iter().map(|group| group["name"].clone()).collect();
    assert_eq!(names, ["acquaintance", "family", "friend", "own", "unknown"]);
}

/// A group holds for whoever has an approved key, and not for whoever says to be somebody.
#[test]
fn that_a_group_does_not_count_yet_is_said_where_it_is_given_and_where_it_is_shown() {
    let (mut alice, mut bob) = (Home::new("alice", ESP), Home::new("bob", ESP));
    alice.start();
    bob.start();
    let text = |args: &[&str]| finish(&mut alice.command(args)).expect(0).stdout;
    let peer = bob.entity();
    assert!(text(&["contact", "add", "Bob", &peer, "--group", "family"]).contains("before a key of theirs is approved"));
    assert!(text(&["contact", "list"]).contains("family (key not approved)"));
    assert!(text(&["group", "list"]).contains("Bob (key not approved"));
    let groups = check(&alice.run(&["group", "list"]).expect(0), "GroupList");
    assert_eq!(groups["groups"][1]["unproven"][0], "Bob", "{groups}");
    refused(alice.run(&["ask", "bob"]), 4, "review-pending");
    let review = text(&["review", "show", "r1"]);
    assert!(review.contains("family in your contacts"), "{review}");
    alice.run(&["review", "answer", "r1", "--approve"]).expect(0);
    let shown = check(&alice.run(&["contact", "show", "bob"]).expect(0), "ContactView");
    assert_eq!(shown["approved"], true);
    assert!(text(&["contact", "set", "bob", "--group", "friend"]).contains("group friend\n"));
    assert!(!text(&["group", "list"]).contains("key not approved"));
}

/// A name is read the same by every command that takes a peer; one that is nobody's is refused.
#[test]
fn whoever_is_meant_is_found_by_every_name() {
    let (mut alice, mut bob) = (Home::new("alice", ESP), Home::new("bob", ESP));
    alice.start();
    bob.start();
    let (peer, place) = (bob.entity(), bob.address.to_string());
    check(&alice.run(&["ask", &peer, "--approve"]).expect(0), "AskView");
    check(&alice.run(&["contact", "add", "Bob", &peer]).expect(0), "ContactView");
    for typed in ["bob", &place, &peer, peer.trim_start_matches("sip:")] {
        let list = check(&alice.run(&["policy", "list", "--peer", typed]).expect(0), "PolicyView");
        assert_eq!(list["entries"].as_array().unwrap().len(), 2, "{typed}: {list}");
        let failure = refused(alice.run(&["proposal", "cancel", typed]), 2, "no-such-agreement");
        assert!(failure["message"].as_str().unwrap_or_default().contains(&peer), "{typed}: {failure}");
    }
    refused(alice.run(&["proposal", "cancel", "nosuch"]), 2, "no-such-proposal");
    refused(alice.run(&["policy", "list", "--peer", "nosuch"]), 2, "no-such-peer");
    refused(alice.run(&["policy", "list", "--peer", "10.9.8.7"]), 2, "no-such-peer");
    refused(alice.run(&["policy", "list", "--group", "nosuch"]), 2, "no-such-group");
    let line = "spdadd any 10.9.8.7 udp -P out discard;";
    refused(alice.run(&["policy", "add", line, "--entity", "carol"]), 2, "no-such-contact");
}

/// Without an agent that runs the address book is read and written all the same.
#[test]
fn the_address_book_can_be_kept_without_a_running_agent() {
    let alice = Home::new("alice", ESP);
    check(&alice.run(&["contact", "add", "Bob", "sip:bob@192.0.2.7"]).expect(0), "ContactView");
    let list = check(&alice.run(&["contact", "list"]).expect(0), "ContactList");
    assert_eq!(list["contacts"][0]["name"], "Bob");
}

#[test]
fn a_watcher_waits_until_its_number_is_answered() {
    let (mut alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", "none"));
    bob.configure(&(bob.usual("none;").replace("unknown = \"place\"", "unknown = \"ask\"")));
    alice.start();
    bob.start();
    alice.run(&["presence", "watch", &bob.entity()]).expect(0);
    let list = || check(&bob.run(&["watchers", "list"]).expect(0), "WatcherList");
    look_long_until(|| (list()["watchers"][0]["state"] == "pending").then_some(()));
    let waits = list()["watchers"][0].clone();
    assert_eq!(waits["claims"].as_str(), Some(alice.entity().as_str()), "{waits}");
    let shown = finish(&mut bob.command(&["watchers", "list"])).expect(0).stdout;
    assert!(shown.contains("waits for your answer until"), "{shown}");
    let id = waits["id"].as_str().unwrap();
    let answered = check(&bob.run(&["watchers", "policy-only", id]).expect(0), "WatcherList");
    assert_eq!(answered["answers"][0]["watchers"], "policy-only", "{answered}");
    look_long_until(|| (list()["watchers"][0]["told"] == "policy-only").then_some(()));
    refused(bob.run(&["watchers", "allow", "w99"]), 2, "no-such-watcher");
    let key = answered["answers"][0]["key"].as_str().unwrap()[..12].to_owned();
    let forgotten = check(&bob.run(&["watchers", "forget", &key]).expect(0), "WatcherList");
    assert_eq!(forgotten["answers"].as_array().map(Vec::len), Some(0));
    look_long_until(|| (list()["watchers"][0]["state"] == "pending").then_some(()));
}

#[test]
fn the_word_of_an_older_device_is_taken_back() {
    let (new, old) = (Home::new("alice", "none"), Home::new("older", "none"));
    // One user: both have the same name.
    let (usual, name) = (new.usual("none;"), old.entity());
    let listen = format!("[sip]\nlisten = [\"udp:{0}:5060\"]\n[control]\nlisten = \"{0}:8060\"\n", new.address);
    std::fs::write(new.config(), format!("entity = \"{name}\"\n{listen}{usual}")).unwrap();
    refused(new.run(&["identity", "revoke"]), 2, "no-vouch");
    let word = check(&new.run(&["identity", "show"]).expect(0), "IdentityView")["introduction"].clone();
    let given = check(&old.run(&["identity", "vouch", word.as_str().unwrap(), "--yes"]).expect(0), "VouchView");
    let taken = check(&new.run(&["identity", "take", given["word"].as_str().unwrap()]).expect(0), "IdentityView");
    assert!(taken["vouched_by"].is_string(), "{taken}");
    let back = check(&new.run(&["identity", "revoke"]).expect(0), "IdentityView");
    assert!(back["vouched_by"].is_null(), "{back}");
    assert!(new.run(&["audit"]).expect(0).stdout.contains("vouch-revoked"));
}

/// A name mistyped in the configuration would never have a call answered.
#[test]
fn an_auto_contact_that_is_nobody_is_said_at_the_start() {
    let mut alice = Home::new("alice", "none");
    let answering = "mode = \"auto\"\nauto-contacts = [\"bob\", \"Crol\"]";
    alice.configure(&alice.usual("none;").replace("mode = \"auto\"", answering));
    alice.start();
    alice.run(&["contact", "add", "Bob", "sip:bob@10.9.8.7"]).expect(0);
    alice.signal("TERM");
    let told = alice.start_and_stop();
    assert!(told.contains("no contact is called Crol") && !told.contains("is called bob"), "{told}");
}
