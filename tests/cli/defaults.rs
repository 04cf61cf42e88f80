//! The default for everybody else, as it is set and taken back.

use serde_json::Value;

use crate::process::Home;
use crate::schema::{check, refused};

fn entries(policy: &Value) -> Vec<(String, String)> {
    let entries = policy["entries"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    entries.map(|entry| (text(&entry["setkey"]), text(&entry["id"]))).collect()
}

/// It speaks of as much as the one before it: rules alone are no word about TCP or ICMP.
#[test]
fn a_default_that_is_set_covers_what_the_configured_one_covers_and_can_be_taken_back() {
    let mut alice = Home::new("alice", "none");
    let configured = r#"["spdadd any any tcp -P out discard;", "spdadd any[5000-5999] any udp -P out none;"]"#;
    alice.configure(&format!("[policy]\ndefault = {configured}\n"));
    alice.start();
    let default = |alice: &Home| entries(&check(&alice.run(&["policy", "default"]).expect(0), "PolicyView"));
    let configured = default(&alice);
    let shown = alice.command(&["policy", "show", "default"]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("with the configuration") && !shown.contains("1970"), "{shown}");
    refused(alice.run(&["policy", "remove", "default"]), 2, "the-default");
    check(&alice.run(&["policy", "default", "ipsec esp/transport//require"]).expect(0), "RegisteredView");
    let set = default(&alice);
    let speaks = |default: &[(String, String)]| -> Vec<String> {
        default.iter().map(|(text, _)| text.split(" -P ").next().unwrap().to_owned()).collect()
    };
    assert_eq!((speaks(&set), set.len()), (speaks(&configured), 4));
    assert!(set.iter().all(|(text, _)| text.contains("esp/transport//require")), "{set:?}");
    assert_eq!(alice.signal("TERM"), Some(0));
    alice.start();
    assert_eq!(default(&alice), set, "it is kept");
    let error = refused(alice.run(&["policy", "default", ""]), 2, "policy-text-unreadable");
    assert!(error["next"].as_str().unwrap().contains("policy remove default"), "{error}");
    check(&alice.run(&["policy", "remove", "default"]).expect(0), "PolicyView");
    assert_eq!(default(&alice), configured);
    assert_eq!(alice.signal("TERM"), Some(0));
    alice.start();
    assert_eq!(default(&alice), configured, "and so is its removal");
}
