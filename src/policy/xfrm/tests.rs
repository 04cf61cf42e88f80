use super::*;
use crate::policy::setkey;

fn written(text: &str) -> Xfrm {
    write(&setkey::parse(text).unwrap(), Level::Require, Wall::from_secs(1_000))
}

fn commands(text: &str) -> Vec<String> {
    written(text).text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

#[test]
fn every_action_mode_and_level_has_its_words() {
    let ends = "192.168.1.1/32[any] 192.168.1.2/32[5060] udp -P out";
    let said = "ip xfrm policy add src 192.168.1.1/32 dst 192.168.1.2/32 proto udp dport 5060 dir out priority 1";
    for (action, expected) in [
        ("discard", "action block"),
        ("none", "action allow"),
        ("ipsec esp/transport//require", "action allow tmpl proto esp mode transport level required"),
        ("ipsec esp/transport//default", "action allow tmpl proto esp mode transport level required"),
        ("ipsec ah/transport//use", "action allow tmpl proto ah mode transport level use"),
        ("ipsec esp/transport//unique", "action allow tmpl proto esp reqid 1 mode transport level required"),
        (
            "ipsec ipcomp/transport//use esp/tunnel/192.0.2.1-192.0.2.2/require ah/transport//require",
            "action allow tmpl proto comp mode transport level use tmpl src 192.0.2.1 dst 192.0.2.2 proto esp mode tunnel \
             level required tmpl proto ah mode transport level required",
        ),
    ] {
        assert_eq!(commands(&format!("spdadd {ends} {action};")), [format!("{said} {expected}")]);
    }
}

#[test]
fn the_kernel_looks_at_them_in_our_order_and_for_each_family() {
    let text = "spdadd 192.168.1.0/24 any tcp -P in discard; spdadd any any any -P out none;";
    assert_eq!(
        commands(text),
        [
            "ip xfrm policy add src 192.168.1.0/24 dst 0.0.0.0/0 proto tcp dir in priority 1 action block",
            "ip xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir out priority 2 action allow",
            "ip xfrm policy add src ::/0 dst ::/0 dir out priority 2 action allow",
        ]
    );
}

#[test]
fn what_the_kernel_could_not_follow_to_the_letter_is_left_out_and_named() {
    for (entry, why) in [
        ("spdadd any any[5060-5061] udp -P out none;", Unsaid::Range),
        ("spdadd any any[0] udp -P out none;", Unsaid::Range),
        ("spdadd any any[5060] any -P out none;", Unsaid::PortOfAny),
        ("spdadd any any udp -P out none; # sv: entity=sip:bob@example.org", Unsaid::Peer),
        ("spdadd any any udp -P out none; # sv: place=private/public", Unsaid::Place),
        ("spdadd 192.168.1.1 2001:db8::1 udp -P out none;", Unsaid::Families),
    ] {
        let Ok(entries) = setkey::parse(entry) else { panic!("{entry} is no entry") };
        let all = write(&entries, Level::Require, Wall::default());
        assert_eq!(all.left_out, [(entries[0].id, why)], "{entry}");
        assert!(
            all.text.lines().all(|line| line.starts_with("# ")) && all.text.contains(&why.to_string()),
            "{}",
            all.text
        );
    }
    let his = "spdadd any 192.168.1.2 udp -P out none; # sv: entity=sip:bob@example.org";
    assert_eq!(commands(his).len(), 1, "he has one address");
}

#[test]
fn what_ends_ends_in_the_kernel_too_and_what_is_over_is_nowhere() {
    let mut entries =
        setkey::parse("spdadd any 192.168.1.2 udp -P out none; spdadd any any udp -P out discard;").unwrap();
    entries[0].expires = Some(Wall(1_001_500));
    let text = |now| write(&entries, Level::Require, Wall(now)).text;
    assert!(text(1_000_000).contains("priority 1 action allow limit time-hard 2\n"), "{}", text(1_000_000));
    assert!(!text(1_001_500).contains("192.168.1.2"), "{}", text(1_001_500));
    assert!(text(1_001_500).contains("priority 1 action block"));
}

/// Else a later entry would let it pass: the default, as a rule.
#[test]
fn what_is_left_out_and_protects_is_blocked_in_its_place() {
    let esp = "ipsec esp/transport//require";
    let of = |text: &str| commands(&format!("{text} spdadd any any udp -P out none;"));
    let opened = |text: &str| of(text).len() == 2;
    for action in [esp, "ipsec ah/transport//use", "discard"] {
        let text = format!("spdadd 192.168.1.1 192.168.1.2 udp -P out {action}; # sv: place=private/private\n");
        assert_eq!(
            of(&text)[0],
            "ip xfrm policy add src 192.168.1.1/32 dst 192.168.1.2/32 proto udp dir out priority 1 action block",
            "{action}"
        );
    }
    let back = format!("spdadd 192.168.1.2 192.168.1.1 udp -P in {esp}; # sv: place=private/private\n");
    assert!(of(&back)[0].contains("proto udp dir in priority 1 action block"), "{:?}", of(&back));
    let ends = format!("spdadd any 192.168.1.2 udp -P out {esp}; # sv: place=private/private expires=1010\n");
    assert!(of(&ends)[0].ends_with("action block limit time-hard 10"), "{:?}", of(&ends));
    // What the kernel cannot tell apart is blocked as a whole.
    let range = of(&format!("spdadd any 192.168.1.2[5004-5005] udp -P out {esp};"));
    assert!(range[0].contains("dst 192.168.1.2/32 proto udp dir out priority 1 action block"), "{range:?}");
    let any = of(&format!("spdadd any 192.168.1.2[5004] any -P out {esp};"));
    assert!(any[0].contains("dst 192.168.1.2/32 dir out priority 1 action block"), "{any:?}");
    let his = of(&format!("spdadd any any udp -P out {esp}; # sv: entity=sip:bob@example.org\n"));
    assert!(his.len() == 4 && his[0].ends_with("proto udp dir out priority 1 action block"), "{his:?}");
    assert!(opened("spdadd 192.168.1.1 any udp -P out none; # sv: place=private/private\n"), "it protects nothing");
    assert!(opened(&format!("spdadd 192.168.1.1 2001:db8::1 udp -P out {esp};")), "there are no such packets");
    let told = written(&back);
    assert!(told.left_out.len() == 1 && told.text.contains("# blocked in its place"), "{}", told.text);
}

#[test]
fn suites_and_padding_are_said_to_be_untold() {
    let entry = "spdadd any any udp -P out ipsec esp/transport//require;";
    for (fields, told) in [
        ("", None),
        ("# sv: tfc=on", Some("# not told: tfc,")),
        ("# sv: suites=aes-256-gcm", Some("# not told: suites,")),
        ("# sv: suites=aes-256-gcm tfc=off", Some("# not told: suites and tfc,")),
    ] {
        let all = written(&format!("{entry} {fields}"));
        let line = all.text.lines().find(|line| line.starts_with("# not told"));
        assert_eq!(line.is_some(), told.is_some(), "{all:?}");
        assert!(told.is_none_or(|told| line.unwrap().starts_with(told)), "{all:?}");
        assert!(all.left_out.is_empty());
    }
}
