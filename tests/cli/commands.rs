//! Every command of the contract, against a running agent and without one.

use crate::process::{finish, look_until, Home};
use crate::schema::{check, refused};

const ESP: &str = "ipsec esp/transport//require";

#[test]
fn every_command_prints_what_the_description_says() {
    let (mut alice, mut bob) = (Home::new("alice", ESP), Home::new("bob", ESP));
    let printed = alice.start();
    assert_eq!(printed["entity"], alice.entity());
    bob.start();
    let peer = bob.entity();
    check(&alice.run(&["status"]).expect(0), "StatusView");
    check(&alice.run(&["ask", &peer, "--approve"]).expect(0), "AskView");
    let call = check(&alice.run(&["call", &peer, "--duration", "0.5"]).expect(0), "CallView");
    assert_eq!((call["state"].as_str(), call["bundle"].as_str()), (Some("ended"), Some("esp+tfc")), "{call}");
    check(&alice.run(&["calls"]).expect(0), "CallList");
    refused(alice.run(&["hangup"]), 2, "no-such-call");
    let reviews = check(&alice.run(&["review", "list"]).expect(0), "ReviewList");
    let review = reviews["reviews"][0]["id"].as_str().unwrap();
    check(&alice.run(&["review", "show", review]).expect(0), "ReviewView");
    check(&alice.run(&["identity", "show"]).expect(0), "IdentityView");
    check(&alice.run(&["identity", "verify", &peer, "--yes"]).expect(0), "IdentityView");
    check(&alice.run(&["identity", "verify", &peer]).expect(0), "IdentityView");
    let again = finish(&mut alice.command(&["identity", "verify", &peer])).expect(0);
    assert!(again.stdout.contains("was verified before"), "{again:?}");
    assert!(!check(&alice.run(&["history"]).expect(0), "HistoryView")["calls"].as_array().unwrap().is_empty());
    assert!(!check(&alice.run(&["audit"]).expect(0), "AuditView")["rows"].as_array().unwrap().is_empty());
    let accounts = check(&alice.run(&["account", "list"]).expect(0), "AccountList");
    assert_eq!(accounts["accounts"].as_array().map(Vec::len), Some(0), "{accounts}");
    refused(alice.run(&["account", "show", "alice@example.org"]), 2, "no-such-account");
    let quiet = check(&alice.run(&["dnd", "on", "--for", "2h"]).expect(0), "StatusView");
    assert!(quiet["do_not_disturb"].is_string(), "{quiet}");
    assert_eq!(check(&alice.run(&["dnd"]).expect(0), "StatusView")["do_not_disturb"], quiet["do_not_disturb"]);
    assert!(check(&alice.run(&["dnd", "off"]).expect(0), "StatusView")["do_not_disturb"].is_null());
    refused(alice.run(&["dnd", "on", "--for", "31d"]), 2, "dnd-too-long");
    refused(bob.run(&["call", "--redial"]), 2, "nobody-called");
    let again = check(&alice.run(&["call", "--redial", "--duration", "0.2"]).expect(0), "CallView");
    assert_eq!(again["entity"], peer.as_str(), "{again}");
    check(&alice.run(&["doctor"]), "DoctorView");
    check(&alice.run(&["stop"]).expect(0), "StopView");
}

#[test]
fn the_policy_database_can_be_kept_by_hand() {
    let mut alice = Home::new("alice", ESP);
    alice.start();
    let added = alice.run(&["policy", "add", "spdadd any 10.9.8.7 udp -P out discard;"]).expect(0);
    let added = check(&added, "RegisteredView");
    let id = added["entries"].as_array().unwrap().iter().find(|entry| entry["destination"] == "10.9.8.7/32").unwrap();
    let id = id["id"].as_str().unwrap();
    check(&alice.run(&["policy", "list"]).expect(0), "PolicyView");
    check(&alice.run(&["policy", "show", id]).expect(0), "EntryView");
    let address = alice.address.to_string();
    let test = check(
        &alice.run(&["policy", "test", &address, "4000", "10.9.8.7", "4000", "udp", "out"]).expect(0),
        "TestView",
    );
    assert_eq!(test["action"], "discard");
    let exported = check(&alice.run(&["policy", "export"]).expect(0), "ExportView");
    assert_eq!(exported["left_out"].as_array().map(Vec::len), Some(0), "{exported}");
    let kernels = check(&alice.run(&["policy", "export", "--format", "xfrm"]).expect(0), "ExportView");
    let command = "ip xfrm policy add src 0.0.0.0/0 dst 10.9.8.7/32 proto udp dir out priority ";
    assert!(kernels["text"].as_str().unwrap().contains(command), "{kernels}");
    let file = alice.path("entries.txt");
    std::fs::write(&file, "spdadd any 10.9.8.6 udp -P out discard;\n").unwrap();
    check(&alice.run(&["policy", "import", file.to_str().unwrap()]).expect(0), "RegisteredView");
    assert!(exported["text"].as_str().unwrap().contains("10.9.8.7"), "{exported}");
    let left = check(&alice.run(&["policy", "remove", id]).expect(0), "PolicyView");
    let rest: Vec<&str> =
        left["entries"].as_array().unwrap().iter().filter_map(|entry| entry["setkey"].as_str()).collect();
    assert!(rest.iter().all(|entry| !entry.contains("10.9.8.7")), "both directions go: {rest:?}");
    assert!(rest.iter().any(|entry| entry.contains("10.9.8.6")), "{rest:?}");
    check(&alice.run(&["policy", "default"]).expect(0), "PolicyView");
    let default = check(&alice.run(&["policy", "default", "none"]).expect(0), "RegisteredView");
    assert_eq!(default["default_changed"], true);
    let shown = check(&alice.run(&["policy", "show", "default"]).expect(0), "PolicyView");
    assert_eq!(shown["entries"].as_array().unwrap().len(), 2, "out and in: {shown}");
    refused(alice.run(&["policy", "show", "e999"]), 2, "no-such-entry");
}

#[test]
fn an_entry_that_is_there_is_not_added_again() {
    let mut alice = Home::new("alice", ESP);
    alice.start();
    let line = "spdadd any 10.9.8.7 udp -P out discard;";
    let added = check(&alice.run(&["policy", "add", line]).expect(0), "RegisteredView");
    let ids = |view: &serde_json::Value| {
        let skipped = view["skipped"].as_array().unwrap().iter();
        skipped.map(|skipped| skipped["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!((added["added"].as_array().unwrap().len(), ids(&added).len()), (2, 0), "both directions: {added}");
    let again = check(&alice.run(&["policy", "add", line]).expect(0), "RegisteredView");
    assert_eq!(again["added"].as_array().unwrap().len(), 0, "{again}");
    assert_eq!(ids(&again), *added["added"].as_array().unwrap(), "{again}");
    assert_eq!(again["generation"], added["generation"]);
    let exported = alice.run(&["policy", "export"]).expect(0).json();
    let file = alice.path("entries.txt");
    let new = "spdadd any 10.9.8.6 udp -P out none;\nspdadd 10.9.8.6 any udp -P in none;\n";
    std::fs::write(&file, format!("{}{new}{new}", exported["text"].as_str().unwrap())).unwrap();
    let import = ["policy", "import", file.to_str().unwrap()];
    let said = finish(&mut alice.command(&import)).expect(0).stdout;
    for line in ["2 entries (e", "skipped 4 entries: already there as e2, e1, e", "the default was left alone"] {
        assert!(said.contains(line), "{said}");
    }
    let imported = check(&alice.run(&import).expect(0), "RegisteredView");
    assert_eq!((imported["added"].as_array().unwrap().len(), ids(&imported).len()), (0, 6), "{imported}");
    assert_eq!(imported["default_changed"], false);
    let left = alice.run(&["policy", "remove", ids(&again)[0].as_str().unwrap()]).expect(0);
    assert!(!left.stdout.contains("10.9.8.7"), "no twin stays in force: {left:?}");
}

#[test]
fn the_presence_database_can_be_kept_by_hand() {
    let (mut alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", "none"));
    alice.start();
    bob.start();
    let peer = bob.entity();
    check(&alice.run(&["ask", &peer, "--presence"]).expect(0), "AskView");
    check(&alice.run(&["presence", "list"]).expect(0), "PresenceList");
    check(&alice.run(&["presence", "show", &peer]).expect(0), "PresenceList");
    check(&alice.run(&["presence", "set", "--place", "cellar"]).expect(0), "PresenceView");
    let named = check(&alice.run(&["presence", "rename", &peer, "--user", "Robert"]).expect(0), "PresenceList");
    assert!(named.to_string().contains("Robert"), "{named}");
    let left = check(&alice.run(&["presence", "remove", &peer]).expect(0), "PresenceList");
    assert!(!left.to_string().contains(&peer), "{left}");
    let own = alice.run(&["presence", "remove", &alice.entity()]);
    assert_ne!(own.code, 0, "one's own record stays");
    check(&own, "ErrorBody");
}

/// Bob moves, and Alice is told without asking.
#[test]
fn a_peer_is_followed_for_as_long_as_it_is_wanted() {
    let (mut alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", "none"));
    alice.start();
    bob.start();
    let peer = bob.entity();
    alice.run(&["ask", &peer, "--approve"]).expect(0);
    assert_eq!(
        check(&alice.run(&["presence", "watching"]).expect(0), "WatchList")["watches"].as_array().unwrap().len(),
        0
    );
    let began = check(&alice.run(&["presence", "watch", &peer]).expect(0), "WatchList");
    assert_eq!(began["watches"][0]["peer"], peer.as_str(), "{began}");
    look_until(|| (alice.run(&["presence", "watching"]).json()["watches"][0]["state"] == "active").then_some(()));
    let watchers = check(&bob.run(&["presence", "watchers"]).expect(0), "WatcherList");
    assert_eq!(watchers["watchers"][0]["address"], alice.address.to_string(), "{watchers}");
    bob.run(&["presence", "set", "--place", "cellar"]).expect(0);
    look_until(|| {
        let shown = alice.run(&["presence", "show", &peer]).json();
        (shown["presences"][0]["place"] == "cellar").then_some(())
    });
    let told = check(&alice.run(&["presence", "watching"]).expect(0), "WatchList");
    assert!(told.to_string().contains("it is at cellar"), "{told}");
    assert_eq!(alice.run(&["status"]).expect(0).json()["watches"], 1);
    let left = check(&alice.run(&["presence", "unwatch", &peer]).expect(0), "WatchList");
    assert_eq!(left["watches"].as_array().unwrap().len(), 0);
    refused(alice.run(&["presence", "unwatch", &peer]), 2, "no-such-watch");
    let mute = crate::process::silent(crate::process::own_address());
    let silent = format!("sip:nobody@{}", mute.local_addr().unwrap());
    let ran = crate::process::finish(&mut alice.command(&["presence", "watch", &silent])).expect(0);
    assert!(ran.stderr.contains("asking, for 5 s at most") && ran.stdout.contains("asking: no answer yet"), "{ran:?}");
    refused(alice.run(&["presence", "watch", "http://bob"]), 2, "peer-unreadable");
    refused(alice.run(&["presence", "watch", "tel:+4930"]), 5, "no-phone-account");
}

#[test]
fn of_names_what_is_left_out_stays_and_an_empty_one_goes_back() {
    let (mut alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", "none"));
    alice.start();
    bob.start();
    let names = |args: &[&str]| {
        let view = check(&alice.run(&[&["presence", "set"], args].concat()).expect(0), "PresenceView");
        (view["user"].as_str().unwrap().to_owned(), view["place"].as_str().unwrap().to_owned())
    };
    let is = |user: &str, place: &str| (user.to_owned(), place.to_owned());
    let (configured, judged) = is("alice", "private network");
    assert_eq!(names(&["--user", "Al"]), is("Al", &judged));
    assert_eq!(names(&["--place", "cellar"]), is("Al", "cellar"));
    assert_eq!(names(&["--place", ""]), is("Al", &judged));
    assert_eq!(names(&["--user", "", "--place", "attic"]), is(&configured, "attic"));
    let peer = bob.entity();
    alice.run(&["ask", &peer, "--presence"]).expect(0);
    let rename = |args: &[&str]| {
        let list = check(&alice.run(&[&["presence", "rename", &peer], args].concat()).expect(0), "PresenceList");
        (list["presences"][0]["own_user"].clone(), list["presences"][0]["own_place"].clone())
    };
    rename(&["--user", "Robert"]);
    assert_eq!(rename(&["--place", "shed"]), ("Robert".into(), "shed".into()));
    assert_eq!(rename(&["--user", ""]), (serde_json::Value::Null, "shed".into()));
    let nothing = refused(alice.run(&["presence", "set"]), 2, "usage");
    assert!(nothing.to_string().contains("--user"), "{nothing}");
    refused(alice.run(&["presence", "rename", &peer]), 2, "usage");
    alice.signal("TERM");
    alice.start();
    let own = &alice.run(&["presence", "list"]).expect(0).json()["presences"];
    assert_eq!(
        (&own[0]["user"], &own[0]["place"], &own[1]["own_place"]),
        (&configured.into(), &"attic".into(), &"shed".into())
    );
}

#[test]
fn files_are_inspected() {
    let alice = Home::new("alice", "none");
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");
    let sip = format!("{data}/sip/400-open-quote.sip");
    check(&alice.run(&["inspect", "sip", &sip, &sip]).expect(0), "InspectView");
    check(&alice.run(&["inspect", "pidf", &format!("{data}/presence/fig5.xml")]).expect(0), "InspectView");
    let sdp = alice.path("offer.sdp");
    std::fs::write(&sdp, "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n").unwrap();
    check(&alice.run(&["inspect", "sdp", sdp.to_str().unwrap()]).expect(0), "InspectView");
    refused(alice.run(&["inspect", "sdp", "/nonexistent"]), 2, "file-unreadable");
}

/// That they are no SIP is what was to be found out; only a file that cannot be opened is a failure, whatever stands beside it.
#[test]
fn files_that_are_no_sip_at_all_are_told_and_are_no_failure() {
    let alice = Home::new("alice", "none");
    let file = |name: &str, octets: &[u8]| {
        std::fs::write(alice.path(name), octets).unwrap();
        alice.path(name).display().to_string()
    };
    let binary: Vec<u8> = (0..=u8::MAX).rev().cycle().take(1000).collect();
    let (binary, empty, text) = (file("binary", &binary), file("empty", b""), file("text", b"no SIP\r\n\r\n"));
    let seen = check(&alice.run(&["inspect", "sip", &binary, &empty, &text]).expect(0), "InspectView");
    let files = seen["files"].as_array().unwrap();
    assert_eq!(files.len(), 3, "{seen}");
    for (file, name) in files.iter().zip([&binary, &empty, &text]) {
        assert!(file["file"] == **name && file["kind"].is_null() && file["valid"] == false, "{file}");
        assert!(file["status"].is_null() && file["problems"][0].is_string(), "{file}");
    }
    let missing = alice.path("missing").display().to_string();
    refused(alice.run(&["inspect", "sip", &binary, &missing]), 2, "file-unreadable");
}

#[test]
fn completions_are_one_object_too() {
    let alice = Home::new("alice", "none");
    let plain = finish(&mut alice.command(&["completions", "bash"])).expect(0).stdout;
    let object = check(&alice.run(&["completions", "bash"]).expect(0), "CompletionsView");
    assert_eq!((object["shell"].as_str(), object["script"].as_str()), (Some("bash"), Some(plain.as_str())));
}

#[test]
fn a_command_without_a_running_agent_starts_one_or_says_that_it_cannot() {
    let (alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", "none"));
    bob.start();
    check(&alice.run(&["ask", &bob.entity(), "--approve"]).expect(0), "AskView");
    check(&alice.run(&["policy", "list"]).expect(0), "PolicyView");
    check(&alice.run(&["call", &bob.entity(), "--duration", "0.3"]).expect(0), "CallView");
    check(&alice.run(&["doctor"]).expect(0), "DoctorView");
    for command in [
        &["status"][..],
        &["stop"],
        &["answer", "c1"],
        &["reject", "c1"],
        &["hangup"],
        &["transfer", "c1", "bob@192.0.2.1"],
    ] {
        refused(alice.run(command), 1, "no-agent");
    }
}

/// Sentences are folded as on the other screens, whatever takes them.
#[test]
fn without_a_terminal_no_screen_of_sentences_is_wider_than_eighty_columns() {
    let alice = Home::new("alice", "none");
    alice.run(&["presence", "watch", "somebody.with.a.long.name@192.0.2.1"]).expect(0);
    for words in [&["doctor"][..], &["presence", "watching"]] {
        let shown = finish(&mut alice.command(words)).expect(0).stdout;
        assert!(shown.lines().count() > 1 && shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    }
}

#[test]
fn the_key_log_is_announced_loudly() {
    let alice = Home::new("alice", "none");
    let said = |keylog: bool| {
        let mut command = alice.command(&["policy", "list"]);
        if keylog {
            command.env("SOTTOVOCE_KEYLOG", alice.keylog());
        }
        finish(&mut command).expect(0).stderr
    };
    assert!(said(true).contains("DANGER") && said(true).contains("SOTTOVOCE_KEYLOG"));
    assert!(!said(false).contains("KEYLOG"));
}

#[test]
fn without_json_there_is_text_and_messages_go_to_stderr() {
    let alice = Home::new("alice", "none");
    let listed = finish(&mut alice.command(&["policy", "list"])).expect(0);
    assert!(listed.stdout.contains("generation") && !listed.stdout.starts_with('{'), "{listed:?}");
    let failed = finish(&mut alice.command(&["status"])).expect(1);
    assert!(failed.stdout.is_empty() && failed.stderr.contains("next:"), "{failed:?}");
    let completions = finish(&mut alice.command(&["completions", "bash"])).expect(0);
    assert!(completions.stdout.contains("sottovoce"));
    assert!(finish(&mut alice.command(&["--help"])).expect(0).stdout.contains("Exit codes"));
}

/// Where it starts, in its status, and once in a call that has no other sound.
#[test]
fn an_agent_as_shipped_says_that_it_is_silent() {
    const REMEDY: &str = "`sottovoce devices use --input default --output default --ring default`";
    let (mut alice, mut bob) = (Home::new("alice", "ipsec esp/transport//require"), Home::new("bob", "none"));
    alice.start();
    bob.start();
    let status = finish(alice.command(&["status"]).env("COLUMNS", "160")).expect(0);
    assert!(
        status.stdout.contains("your peers hear silence, and you hear nothing of them")
            && status.stdout.contains(REMEDY),
        "{status:?}"
    );
    alice.run(&["ask", &bob.entity(), "--approve"]).expect(0);
    let entity = bob.entity();
    let told = |more: &[&str]| {
        let call = [&["call", &entity, "--duration", "0.2"], more].concat();
        let ran = finish(&mut alice.command(&call)).expect(0);
        ran.stderr.matches("no sound: your peers hear silence").count()
    };
    assert_eq!(told(&[]), 1);
    let heard = alice.path("heard.wav");
    assert_eq!(told(&["--record", heard.to_str().unwrap()]), 0);
}
