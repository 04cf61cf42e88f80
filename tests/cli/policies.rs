//! The policy database by hand: edit, disable, expire, history, undo, filters.

use crate::process::{finish, look_until, Home};
use crate::schema::{check, refused};

fn entries(home: &Home, args: &[&str]) -> Vec<String> {
    let listed = check(&home.run(&[&["policy", "list"], args].concat()).expect(0), "PolicyView");
    let entries = listed["entries"].as_array().unwrap();
    entries.iter().map(|entry| entry["setkey"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn entries_are_edited_disabled_given_an_end_and_brought_back() {
    let mut alice = Home::new("alice", "none");
    alice.start();
    let run = |args: &[&str]| alice.run(&[&["policy"], args].concat());
    check(
        &run(&["add", "spdadd any 10.9.8.7 udp -P out none;", "--entity", "bob@10.9.8.7"]).expect(0),
        "RegisteredView",
    );
    check(&run(&["edit", "e1", "--with", "spdadd any 10.9.8.7 udp -P out discard;"]).expect(0), "PolicyView");
    assert_eq!(entries(&alice, &["--address", "10.9.8.7"]).len(), 2);
    let discarded = entries(&alice, &["--origin", "user"]);
    assert!(discarded.iter().all(|line| line.contains(" discard;")), "both directions: {discarded:?}");
    assert!(discarded.iter().all(|line| line.contains("entity=")), "an edit widens nothing: {discarded:?}");
    check(&run(&["undo"]).expect(0), "PolicyView");
    let back = entries(&alice, &["--peer", "bob@10.9.8.7"]);
    assert!(back.len() == 2 && back.iter().all(|line| line.contains(" none;")), "{back:?}");
    check(&run(&["disable", "e2"]).expect(0), "PolicyView");
    assert_eq!(entries(&alice, &["--disabled"]).len(), 2);
    let xfrm = check(&run(&["export", "--format", "xfrm"]).expect(0), "ExportView");
    assert!(!xfrm["text"].as_str().unwrap().contains("10.9.8.7"), "{xfrm}");
    let setkey = check(&run(&["export"]).expect(0), "ExportView");
    assert!(setkey["text"].as_str().unwrap().contains(" disabled"), "{setkey}");
    check(&run(&["enable", "e1"]).expect(0), "PolicyView");
    check(&run(&["expire", "e1", "--in", "2h"]).expect(0), "PolicyView");
    assert!(entries(&alice, &["--address", "10.9.8.7"]).iter().all(|line| line.contains("expires=")));
    check(&run(&["expire", "e1", "--never"]).expect(0), "PolicyView");
    refused(run(&["expire", "e1", "--at", "2001-01-01T00:00:00Z"]), 2, "bad-expiry");
    refused(run(&["expire", "e1", "--at", "tomorrow"]), 2, "bad-option");
    refused(run(&["disable", "e99"]), 2, "no-such-entry");
    refused(run(&["edit", "e1"]), 2, "no-terminal");
    refused(run(&["edit", "e1", "--with", "spdadd nonsense"]), 2, "policy-text-unreadable");
    refused(run(&["remove", "default"]), 2, "the-default");
    let history = check(&run(&["history"]).expect(0), "PolicyHistoryView");
    let kinds: Vec<&str> =
        history["changes"].as_array().unwrap().iter().map(|change| change["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["expiry", "expiry", "enabled", "disabled", "undone", "edited", "approved"]);
    let of_one = check(&run(&["history", "e2", "--limit", "1"]).expect(0), "PolicyHistoryView");
    assert_eq!(of_one["changes"].as_array().map(Vec::len), Some(1));
    let number = |at: usize| history["changes"][at]["number"].to_string();
    refused(run(&["undo", &number(5)]), 1, "change-overtaken");
    refused(run(&["undo", "999"]), 2, "no-such-change");
    check(&run(&["undo", &number(6)]).expect(0), "PolicyView");
    assert_eq!(entries(&alice, &["--address", "10.9.8.7"]).len(), 0, "they are again as that change had left them");
}

#[test]
fn a_long_list_is_cut_and_says_so() {
    let mut alice = Home::new("alice", "none");
    alice.start();
    let text: String = (0..30).map(|n| format!("spdadd any 10.1.1.{n} udp -P out discard;\n")).collect();
    let file = alice.path("entries.txt");
    std::fs::write(&file, text).unwrap();
    check(&alice.run(&["policy", "import", file.to_str().unwrap()]).expect(0), "RegisteredView");
    let listed = check(&alice.run(&["policy", "list", "--limit", "10"]).expect(0), "PolicyView");
    assert_eq!((listed["more"].as_u64(), listed["entries"].as_array().map(Vec::len)), (Some(50), Some(12)));
    let told = finish(&mut alice.command(&["policy", "list", "--limit", "10"])).expect(0);
    assert!(told.stdout.contains("and 50 more"), "{told:?}");
    refused(alice.run(&["policy", "list", "--origin", "nobody"]), 2, "bad-option");
}

#[test]
fn the_database_goes_out_and_comes_back_in_every_language_that_has_words_for_it() {
    let (mut alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", "none"));
    alice.start();
    bob.start();
    let add = |text: &str| check(&alice.run(&["policy", "add", text]).expect(0), "RegisteredView");
    add("spdadd 192.168.1.1 192.168.1.2[5060] udp -P out ipsec esp/transport//require; # sv: suites=aes-128-gcm");
    add("spdadd any 10.0.0.0/8 udp -P out ipsec esp/transport//require ah/transport//require;");
    add("spdadd any any tcp -P out discard; # sv: entity=sip:eve@h note=not%20her");
    let ours = entries(&alice, &["--origin", "user"]);
    let export = |format: &str| {
        let view = check(&alice.run(&["policy", "export", "--format", format]).expect(0), "ExportView");
        let left = view["left_out"].as_array().unwrap().len();
        (view["text"].as_str().unwrap().to_owned(), left)
    };
    for format in ["setkey", "json"] {
        let (text, left) = export(format);
        let file = bob.path(format);
        std::fs::write(&file, text).unwrap();
        let imported = check(&bob.run(&["policy", "import", file.to_str().unwrap()]).expect(0), "RegisteredView");
        let (added, skipped) =
            (imported["added"].as_array().unwrap().len(), imported["skipped"].as_array().unwrap().len());
        assert_eq!((left, added, skipped), if format == "setkey" { (0, 6, 0) } else { (0, 0, 6) }, "{format}");
    }
    let rules = |lines: Vec<String>| lines.into_iter().map(|line| line.split(" # ").next().unwrap().to_owned());
    assert!(rules(entries(&bob, &["--origin", "import"])).eq(rules(ours)));
    let (swanctl, left) = export("swanctl");
    assert!(swanctl.contains("esp_proposals = aes128gcm16\n") && left == 2, "{swanctl}");
    assert!(export("json").0.contains("ietf-i2nsf-ikeless:ipsec-ikeless"));
    let file = bob.path("bad.json");
    std::fs::write(&file, "{\"ietf-i2nsf-ikeless:ipsec-ikeless\": {\"spd\": {\"spd-entry\": [{\"name\": \"x\"}]}}}")
        .unwrap();
    refused(bob.run(&["policy", "import", file.to_str().unwrap()]), 2, "policy-text-unreadable");
}

/// A name that is kept nowhere would make an entry that never rules.
#[test]
fn an_entry_is_for_a_contact_by_name_and_for_a_group_that_is_there() {
    let mut alice = Home::new("alice", "none");
    alice.start();
    check(&alice.run(&["contact", "add", "Bob", "sip:bob@10.9.8.7"]).expect(0), "ContactView");
    let line = "spdadd any 10.9.8.7 udp -P out discard;";
    check(&alice.run(&["policy", "add", line, "--entity", "Bob"]).expect(0), "RegisteredView");
    let of_bob = entries(&alice, &["--peer", "bob"]);
    assert!(of_bob.len() == 2 && of_bob.iter().all(|line| line.contains("entity=sip:bob@10.9.8.7")), "{of_bob:?}");
    refused(alice.run(&["policy", "add", line, "--group", "nogroup"]), 2, "no-such-group");
    refused(alice.run(&["policy", "add", &format!("{line} # sv: group=nogroup")]), 2, "no-such-group");
    check(&alice.run(&["policy", "add", line, "--group", "friend"]).expect(0), "RegisteredView");
}

/// Entries are the user's own; but what they do beside what a peer agreed to, or do not, is told.
#[test]
fn an_entry_beside_what_a_peer_agreed_to_is_registered_with_a_word() {
    let esp = "ipsec esp/transport//require";
    let (mut alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", esp));
    alice.start();
    bob.start();
    check(&alice.run(&["ask", &bob.entity(), "--approve"]).expect(0), "AskView");
    let add = |line: &str| {
        let view = check(&alice.run(&["policy", "add", line]).expect(0), "RegisteredView");
        view["warnings"].as_array().cloned().unwrap_or_default()
    };
    let warned = |warnings: &[serde_json::Value], words: &str| {
        assert!(warnings.len() == 1 && warnings[0].as_str().unwrap().contains(words), "{warnings:?}");
        assert!(warnings[0].as_str().unwrap().contains(&bob.entity()), "{warnings:?}");
    };
    warned(&add("spdadd any any udp -P out discard;"), "stands behind");
    warned(&add("spdadd any any udp -P out none; # sv: priority=3"), "comes before what");
    assert_eq!(add("spdadd any 10.9.8.7 tcp -P out discard;").len(), 0, "of other packets");
}

/// Who tightens in vain must not believe that he is protected; who did as he was advised for a telephone is not told otherwise.
#[test]
fn an_entry_that_never_rules_is_registered_with_a_word() {
    let mut alice = Home::new("alice", "none");
    alice.start();
    let add = |rule: &str| {
        let added = alice.run(&["policy", "add", rule, "--entity", "sip:tel@10.9.8.7"]).expect(0);
        let view = check(&added, "RegisteredView");
        let warnings = view["warnings"].as_array().cloned().unwrap_or_default();
        warnings.iter().map(|warning| warning.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let first = add("none");
    assert!(first.len() == 1 && first[0].contains("taken for an ordinary telephone"), "{first:?}");
    assert!(!first[0].contains("sottovoce ask"), "it cannot be asked: {first:?}");
    let second = add("ipsec srtp/transport//require");
    assert!(second[0].starts_with("e3, e4 will never rule: all packets meet e1, e2 first (e1 is older)"));
    assert!(second[0].contains("`sottovoce policy remove e1`"), "{second:?}");
    assert!(!second.iter().any(|told| told.contains("go by the entry")), "they do not: {second:?}");
    let changed = |args: &[&str], warned: bool| {
        let view = check(&alice.run(&[&["policy"], args].concat()).expect(0), "PolicyView");
        assert_eq!(view["warnings"].to_string().contains("will never rule"), warned, "{args:?}: {view}");
    };
    changed(&["edit", "e3", "--with", "ipsec srtp/transport//use"], true);
    changed(&["disable", "e3"], false);
    changed(&["enable", "e3"], true);
    let told =
        finish(&mut alice.command(&["policy", "edit", "e3", "--with", "ipsec srtp/transport//require"])).expect(0);
    assert!(told.stderr.contains("WARNING: e3, e4 will never rule"), "{told:?}");
    check(&alice.run(&["policy", "remove", "e1"]).expect(0), "PolicyView");
    changed(&["enable", "e3"], false);
    assert_eq!(entries(&alice, &["--peer", "sip:tel@10.9.8.7"]).len(), 2, "both directions of the first are gone");
}

#[test]
fn a_usual_setkey_file_is_read_and_what_is_not_obeyed_is_said() {
    let mut alice = Home::new("alice", "none");
    alice.start();
    check(&alice.run(&["policy", "add", "discard", "--group", "family"]).expect(0), "RegisteredView");
    let file = alice.path("setkey.conf");
    std::fs::write(&file, "flush;\nspdflush;\nspdadd any 10.0.0.1 udp -P out prio 7 discard;\n").unwrap();
    let view = check(&alice.run(&["policy", "import", file.to_str().unwrap()]).expect(0), "RegisteredView");
    let warnings = view["warnings"].as_array().unwrap();
    assert!(warnings.len() == 1 && warnings[0].as_str().unwrap().contains("`flush` and `spdflush`"), "{view}");
    assert_eq!(entries(&alice, &["--group", "family"]).len(), 2, "nothing was flushed");
    assert!(entries(&alice, &["--origin", "import"]).iter().all(|line| line.contains("priority=7")));
}

#[test]
fn a_default_in_clear_is_said_and_shown_without_the_rest() {
    let mut alice = Home::new("alice", "none");
    alice.start();
    check(&alice.run(&["policy", "add", "spdadd any 10.9.8.7 udp -P out discard;"]).expect(0), "RegisteredView");
    let told = |args: &[&str]| finish(&mut alice.command(&[&["policy"], args].concat())).expect(0);
    let tight = told(&["default", "ipsec esp/transport//require"]);
    assert!(!tight.stdout.contains("10.9.8.7") && !tight.stderr.contains("WARNING"), "{tight:?}");
    for args in [&["default", "none"][..], &["remove", "default"]] {
        let told = told(args);
        assert!(told.stdout.contains("default") && !told.stdout.contains("10.9.8.7"), "{told:?}");
        assert!(told.stderr.contains("WARNING: the default is `none`"), "{told:?}");
    }
}

#[test]
fn an_entry_that_has_ended_is_not_said_to_be_in_force() {
    let mut alice = Home::new("alice", "none");
    alice.start();
    check(&alice.run(&["policy", "add", "spdadd any 10.9.8.7 udp -P out discard;"]).expect(0), "RegisteredView");
    check(&alice.run(&["policy", "expire", "e1", "--in", "1s"]).expect(0), "PolicyView");
    let told = |args: &[&str]| finish(&mut alice.command(args)).expect(0).stdout;
    let ended = |text: String| text.contains("no: expired").then_some(text);
    let page = look_until(|| ended(told(&["policy", "show", "e1"])));
    assert_eq!(page.matches("expires").count(), 1, "{page}");
    assert!(told(&["policy", "list"]).contains("expired 20"));
}
