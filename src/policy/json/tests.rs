use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{json, Value};

use super::*;
use crate::policy::setkey::parse;
use crate::policy::{strategies, Action, Entry, Ports, Spd};
use crate::vocab::{EntryId, Generation};

/// The one entry that a text of ours becomes.
fn one(text: &str) -> Value {
    let entries = parse(text).unwrap();
    let mut whole: Value = serde_json::from_str(&write(&entries)).unwrap();
    whole[MODULE]["spd"]["spd-entry"][0].take()
}

fn list(entries: Value) -> String {
    json!({ MODULE: { "spd": { "spd-entry": entries } } }).to_string()
}

fn refused(entry: Value, words: &str) {
    let why = read(&list(json!([entry.clone()]))).unwrap_err().to_string();
    assert!(why.contains(words), "{why} has no {words}: {entry}");
}

#[test]
fn an_entry_has_the_names_of_rfc_9061() {
    let text = "spdadd 192.168.1.1 10.1.0.0/16[5000-5999] udp -P out ipsec esp/transport//require; # sv: id=e4 suites=aes-256-gcm";
    assert_eq!(
        one(text),
        json!({
            "name": "e4", "direction": "outbound", "reqid": "4",
            "ipsec-policy-config": {
                "anti-replay-window-size": 1024,
                "traffic-selector": {
                    "local-prefix": "192.168.1.1/32", "remote-prefix": "10.1.0.0/16", "inner-protocol": 17,
                    "remote-ports": [{ "start": 5000, "end": 5999 }],
                },
                "processing-info": {
                    "action": "protect",
                    "ipsec-sa-cfg": {
                        "mode": "transport", "protocol-parameters": "esp",
                        "esp-algorithms": { "encryption": [{ "id": 1, "algorithm-type": 20, "key-length": 256 }] },
                    },
                },
            },
        })
    );
    let tunnel = one("spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/192.0.2.2-192.0.2.1/require;");
    let association = &tunnel["ipsec-policy-config"]["processing-info"]["ipsec-sa-cfg"];
    assert_eq!(association["tunnel"], json!({ "local": "192.0.2.1", "remote": "192.0.2.2" }));
    assert_eq!(tunnel["ipsec-policy-config"]["traffic-selector"]["local-prefix"], "10.1.0.0/16");
}

/// Whoever knows the standard leaves alone must not protect less, and let nobody pass for somebody else.
#[test]
fn what_the_model_cannot_say_is_discarded_by_who_knows_only_the_model() {
    for text in [
        "spdadd any 10.0.0.1 udp -P out none; # sv: entity=sip:bob@h",
        "spdadd any 10.0.0.1 udp -P out none; # sv: group=friends",
        "spdadd any 10.0.0.1 udp -P out none; # sv: expires=9",
        "spdadd any 10.0.0.1 udp -P out none; # sv: place=private/private",
        "spdadd any 10.0.0.1[0] udp -P out none;",
        "spdadd any 10.0.0.1 udp -P out ipsec ah/transport//require;",
        "spdadd any 10.0.0.1 udp -P out ipsec esp/transport//require ah/transport//require;",
        "spdadd any 10.0.0.1 udp -P out ipsec esp/transport//use;",
        "spdadd any 10.0.0.1 udp -P out ipsec esp/transport//default;",
    ] {
        let said = one(text);
        assert_eq!(said["ipsec-policy-config"]["processing-info"], json!({ "action": "discard" }), "{text}");
        assert_eq!(said[SETKEY].as_str().map(parse), Some(parse(text)), "{text}");
    }
    for text in [
        "spdadd any 10.0.0.1 udp -P out none; # sv: priority=3",
        "spdadd any 10.0.0.1 udp -P out discard; # sv: note=x",
    ] {
        assert!(one(text)[SETKEY].is_string(), "{text}");
    }
    let priority = one("spdadd any 10.0.0.1 udp -P out none; # sv: priority=3");
    assert_eq!(priority["ipsec-policy-config"]["processing-info"]["action"], "bypass", "the list is in order");
}

/// Not in force here, and nothing to a reader who knows the standard alone: neither more nor less than `ip xfrm` is told.
#[test]
fn what_is_disabled_stands_beside_the_list_and_comes_back() {
    let entries = parse(
        "spdadd any 10.1.0.0/16 udp -P out none; # sv: priority=5 disabled
         spdadd any 10.0.0.0/8 udp -P out none;",
    )
    .unwrap();
    let text = write(&entries);
    let whole: Value = serde_json::from_str(&text).unwrap();
    let list = whole[MODULE]["spd"]["spd-entry"].as_array().unwrap();
    assert_eq!(list.len(), 1, "{text}");
    assert_eq!(list[0]["ipsec-policy-config"]["processing-info"]["action"], "bypass");
    let mut found = read(&text).unwrap();
    found.reverse();
    assert_eq!(found, entries);
    for wrong in [json!("x"), json!([1]), json!(["spdadd any any udp -P out none;"]), json!(["nonsense"])] {
        let mut bad = whole.clone();
        bad[MODULE]["spd"][DISABLED] = wrong;
        assert!(read(&bad.to_string()).is_err(), "{bad}");
    }
}

#[test]
fn what_is_not_understood_is_refused_with_its_place() {
    let good = || one("spdadd any 10.0.0.1 udp -P out ipsec esp/transport//require; # sv: id=e4");
    read(&list(json!([good()]))).unwrap();
    let config = |change: fn(&mut Value)| {
        let mut entry = good();
        change(&mut entry["ipsec-policy-config"]);
        entry
    };
    refused(config(|c| c["x"] = json!(1)), "spd-entry e4, x: no such leaf");
    refused(config(|c| c["traffic-selector"]["dscp"] = json!(1)), "dscp");
    refused(config(|c| c["traffic-selector"]["inner-protocol"] = json!(1)), "inner-protocol");
    refused(config(|c| c["traffic-selector"]["local-prefix"] = json!("::/0")), "remote-prefix");
    refused(config(|c| c["traffic-selector"]["remote-ports"] = json!([{"start": 9, "end": 1}])), "remote-ports");
    refused(config(|c| c["processing-info"]["action"] = json!("allow")), "processing-info: action");
    refused(config(|c| c["processing-info"]["action"] = json!("bypass")), "ipsec-sa-cfg beside protect");
    refused(config(|c| c["processing-info"]["ipsec-sa-cfg"]["protocol-parameters"] = json!("ah")), "esp");
    let mode = config(|c| c["processing-info"]["ipsec-sa-cfg"]["mode"] = json!("tunnel"));
    refused(mode, "tunnel: it is missing");
    let null = config(|c| c["processing-info"]["ipsec-sa-cfg"]["esp-algorithms"]["encryption"] = json!([]));
    refused(null, "nothing would be encrypted");
    let des = config(|c| {
        c["processing-info"]["ipsec-sa-cfg"]["esp-algorithms"]["encryption"][0]["algorithm-type"] = json!(3);
    });
    refused(des, "28 with 256 bits");
    let nothing: Value = config(|c| c["processing-info"] = json!({}));
    assert_eq!(read(&list(json!([nothing]))).unwrap()[0].action, Action::Discard, "as the model has it");
    let mut both = one("spdadd any 10.0.0.1 udp -P out none; # sv: entity=sip:bob@h");
    both["ipsec-policy-config"]["processing-info"]["action"] = json!("bypass");
    refused(both, "say another entry");
    let mut lonely: Value = serde_json::from_str(&write(&parse("spdadd any any any -P out none;").unwrap())).unwrap();
    let all = &mut lonely[MODULE]["spd"]["spd-entry"];
    assert_eq!(read(&list(all.clone())).unwrap().len(), 1, "one entry for both families");
    refused(all[0].clone(), "the same entry for ::/0");
    for text in ["", "[]", "{}", "{\"a\":1}", "{\"ietf-i2nsf-ikeless:ipsec-ikeless\":{\"sad\":{}}}"] {
        assert!(read(text).is_err(), "{text}");
    }
}

/// A stranger's list says by its order what we say by how narrow an entry is, or else by its priority.
#[test]
fn the_order_of_a_list_is_kept() {
    let [wide, narrow] = ["spdadd any 10.0.0.0/8 udp -P out discard;", "spdadd any 10.0.0.1 udp -P out none;"].map(one);
    let priorities = |list_: Value| {
        let read = read(&list(list_)).unwrap();
        read.iter().map(|entry| entry.priority).collect::<Vec<_>>()
    };
    assert_eq!(priorities(json!([narrow, wide])), [0, 0]);
    assert_eq!(priorities(json!([wide, narrow])), [2, 1]);
    let whole = one("spdadd any 10.0.0.1 udp -P out none; # sv: note=mine");
    let why = read(&list(json!([wide, whole]))).unwrap_err().to_string();
    assert!(why.contains("in the order"), "{why}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever is in the database comes back as it was, but for what only its keeper gives: number, origin and age.
    #[test]
    fn what_is_written_is_read_back(entries in vec(strategies::entry(), 0..8)) {
        // Every port has two spellings, of which the model has one.
        let spelled = |ports| if ports == (Ports::Range { first: 0, last: u16::MAX }) { Ports::Any } else { ports };
        let bare = |entry: Entry| {
            let mut entry = Entry { id: EntryId(0), created: Default::default(), origin: crate::policy::Origin::User, ..entry };
            entry.selector.source_ports = spelled(entry.selector.source_ports);
            entry.selector.destination_ports = spelled(entry.selector.destination_ports);
            entry
        };
        let spd = Spd::compile(Generation(1), entries.into_iter().map(bare).collect(), Vec::new());
        let mut expected: Vec<Entry> = spd.ordinary().filter(|entry| !entry.disabled).cloned().collect();
        expected.extend(spd.ordinary().filter(|entry| entry.disabled).cloned());
        let mut found = read(&write(spd.ordinary())).unwrap();
        // Two that are the same for both families are read as one.
        expected.dedup();
        found.dedup();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn no_text_panics(text in ".{0,200}") {
        let _ = read(&text);
    }
}
