use super::*;
use crate::policy::{both_directions, setkey, Spd};
use crate::vocab::Generation;

fn written(text: &str) -> Swanctl {
    let mut entries = both_directions(setkey::parse(text).unwrap());
    for (id, entry) in (1..).zip(&mut entries) {
        entry.id = EntryId(id);
    }
    let spd = Spd::compile(Generation(1), entries, Vec::new());
    write(spd.ordinary(), Level::Require, Wall::from_secs(1_000))
}

/// The settings of each child, in order, without those that are always the same.
fn children(text: &str) -> Vec<String> {
    let all = written(text);
    assert_eq!(all.left_out, [], "{}", all.text);
    let usual = ["version =", "start_action", "priority", "connections", "children"];
    let lines = all.text.lines().map(str::trim).filter(|line| !line.starts_with('#') && line.contains(" = "));
    lines.filter(|line| !usual.iter().any(|usual| line.starts_with(usual))).map(str::to_owned).collect()
}

#[test]
fn an_entry_and_its_other_direction_are_one_child() {
    let ends = "spdadd 192.168.1.1/32[any] 192.168.1.2/32[5060] udp -P out";
    let said = [
        "local_addrs = 192.168.1.1",
        "remote_addrs = 192.168.1.2",
        "local_ts = 192.168.1.1/32[udp]",
        "remote_ts = 192.168.1.2/32[udp/5060]",
    ];
    for (action, expected) in [
        ("discard", vec!["mode = drop"]),
        ("none", vec!["mode = pass"]),
        (
            "ipsec esp/transport//default",
            vec!["mode = transport", "esp_proposals = chacha20poly1305,aes256gcm16,aes128gcm16"],
        ),
        (
            "ipsec ipcomp/transport//use esp/transport//unique; # sv: suites=aes-128-gcm",
            vec!["mode = transport", "esp_proposals = aes128gcm16", "ipcomp = yes"],
        ),
        ("ipsec ah/transport//require", vec!["mode = transport", "ah_proposals = sha256"]),
    ] {
        assert_eq!(children(&format!("{ends} {action}")), [&said[..], &expected].concat(), "{action}");
    }
    let tunnel = children("spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-192.0.2.2/require");
    assert_eq!(
        tunnel[..4],
        ["local_addrs = 192.0.2.1", "remote_addrs = 192.0.2.2", "local_ts = 10.1.0.0/16", "remote_ts = 10.2.0.0/16"]
    );
    let any = children("spdadd any any udp -P out discard");
    assert_eq!(any[2], "local_ts = 0.0.0.0/0[udp],::/0[udp]");
}

#[test]
fn what_strongswan_could_not_follow_to_the_letter_is_left_out_and_named() {
    let esp = "ipsec esp/transport//require";
    for (text, why) in [
        (format!("spdadd any any udp -P out {esp} ah/transport//require"), Unsaid::Both),
        ("spdadd any any udp -P out ipsec ipcomp/transport//use ah/transport//require".into(), Unsaid::Compression),
        ("spdadd any any udp -P out none; # sv: expires=2000".into(), Unsaid::End),
        ("spdadd 192.168.1.1 2001:db8::1 udp -P out none".into(), Unsaid::Families),
        (format!("spdadd any any udp -P out {esp}; spdadd any any udp -P in none"), Unsaid::OneWay),
        ("spdadd any any udp -P out none; # sv: entity=sip:bob@h".into(), Unsaid::Peer),
        ("spdadd any any udp -P out none; # sv: place=private/public".into(), Unsaid::Place),
        ("spdadd any any[5060] any -P out none".into(), Unsaid::PortOfAny),
        ("spdadd any any[5060-5061] udp -P out none".into(), Unsaid::Range),
        ("spdadd any any udp -P out ipsec esp/transport//use".into(), Unsaid::Use),
    ] {
        let all = written(&text);
        assert!(all.left_out.iter().any(|(_, left)| *left == why), "{text}: {:?}", all.left_out);
        assert!(all.text.contains(&why.to_string()), "{}", all.text);
        let opens = ["mode = pass", "mode = transport"].iter().any(|words| all.text.contains(words));
        let drops = all.text.contains("mode = drop");
        assert_eq!((opens, drops), (false, text.contains("esp/") || text.contains("ah/")), "{}", all.text);
    }
    assert_eq!(written("spdadd any any udp -P out none; # sv: disabled").text, "");
}

/// Source before destination: what comes first on the way out can be the second on the way back.
#[test]
fn two_entries_whose_order_turns_around_are_not_both_told() {
    let all = written(
        "spdadd 192.168.1.1 any udp -P out discard; spdadd any 192.168.1.1 udp -P in discard;
         spdadd any 192.168.1.2 udp -P out none; spdadd 192.168.1.2 any udp -P in none;",
    );
    assert_eq!(all.left_out.iter().map(|(_, why)| *why).collect::<Vec<_>>(), [Unsaid::Order]);
    assert!(all.text.contains("mode = drop") && !all.text.contains("mode = pass"), "{}", all.text);
}

/// Else a later entry would let it pass: the default, as a rule.
#[test]
fn what_is_left_out_and_protects_is_dropped_in_its_place() {
    let esp = "ipsec esp/transport//require";
    let modes = |text: &str| -> Vec<String> {
        let all = written(text);
        let lines = all.text.lines().map(str::trim);
        lines.filter(|line| line.starts_with("mode = ") || line.starts_with("priority")).map(str::to_owned).collect()
    };
    let expected = ["mode = drop", "priority = 1", "mode = pass", "priority = 2"];
    let default = "spdadd any any udp -P out none; spdadd any any udp -P in none;";
    for action in [esp, "ipsec esp/transport//use", "discard"] {
        let his = format!("spdadd 192.168.1.1 192.168.1.2 udp -P out {action}; # sv: place=private/private\n{default}");
        assert_eq!(modes(&his), expected, "{action}");
    }
    let ports = format!("spdadd any 192.168.1.2[5004-5005] udp -P out {esp}; {default}");
    assert_eq!(modes(&ports), expected);
    assert!(written(&ports).text.contains("remote_ts = 192.168.1.2/32[udp]\n"), "{}", written(&ports).text);
    // Only one direction of it protects: both are dropped, before the other entry whichever way it is looked at.
    let inward = format!(
        "spdadd 192.168.1.1 any udp -P out none; spdadd any 192.168.1.1 udp -P in none;
         spdadd 192.168.1.2 any udp -P in {esp}; spdadd any 192.168.1.2 udp -P out none;"
    );
    assert_eq!(modes(&inward), expected, "{}", written(&inward).text);
    // Two whose order turns around: what protects comes first.
    let crossed = format!(
        "spdadd 192.168.1.1 any udp -P out none; spdadd any 192.168.1.1 udp -P in none;
         spdadd any 192.168.1.2 udp -P out {esp}; spdadd 192.168.1.2 any udp -P in {esp};"
    );
    assert_eq!(modes(&crossed), expected, "{}", written(&crossed).text);
    assert!(written(&crossed).text.contains("# dropped in its place"), "{}", written(&crossed).text);
}
