use proptest::prelude::*;

use super::*;
use crate::policy::strategies;
use crate::policy::{Protocol, Scope, Suite, Upper};
use crate::vocab::Wall;

fn one(text: &str) -> Entry {
    let mut entries = parse(text).unwrap();
    assert_eq!(entries.len(), 1, "{text}");
    entries.remove(0)
}

#[test]
fn setkeys_own_line_is_read_and_written_octet_for_octet() {
    let text =
        "spdadd 192.168.1.1/32[any] 192.168.1.2/32[any] udp -P out ipsec esp/transport//require ah/transport//require;";
    let entry = one(text);
    assert_eq!(entry.selector.upper, Upper::Udp);
    assert_eq!(entry.direction, Direction::Out);
    assert_eq!(
        entry.action.rules().iter().map(|rule| rule.protocol).collect::<Vec<_>>(),
        [Protocol::Esp, Protocol::Ah]
    );
    assert_eq!(entry.to_setkey(), text);
}

#[test]
fn rules_in_any_order_are_stored_inside_out() {
    let action = parse_action("ipsec ah/transport//require esp/transport//require").unwrap();
    assert_eq!(action.to_string(), "ipsec esp/transport//require ah/transport//require");
    let tunnel = "ipsec ipcomp/transport//use esp/tunnel/2001:db8::1-2001:db8::2/unique";
    assert_eq!(parse_action(tunnel).unwrap().to_string(), tunnel);
}

#[test]
fn every_spelling_of_any_is_any() {
    for text in ["any", "0.0.0.0/0[any]", "0.0.0.0/0", "::/0[any]", "any[any]"] {
        let entry = one(&format!("spdadd {text} {text} any -P in none"));
        assert_eq!(entry.selector, crate::policy::Selector::ANY, "{text}");
    }
    assert_eq!(
        one("spdadd any any any -P in none").to_setkey(),
        "spdadd 0.0.0.0/0[any] 0.0.0.0/0[any] any -P in none;"
    );
    let v6 = one("spdadd any[5060] 2001:DB8::1 tcp -P in discard");
    assert_eq!(v6.to_setkey(), "spdadd ::/0[5060] 2001:db8::1/128[any] tcp -P in discard;");
}

#[test]
fn what_setkey_has_no_word_for_is_in_the_comment() {
    let text = "spdadd 10.0.0.0/8[5004-5005] 0.0.0.0/0[any] udp -P in none; # sv: id=e7 entity=sip:bob@h device=d1 \
                priority=-3 suites=aes-128-gcm,chacha20-poly1305 place=private/unknown expires=9.007 origin=review created=8 note=a%20%25%0A";
    let entry = one(text);
    assert_eq!(entry.suites, [Suite::Aes128Gcm, Suite::Chacha20Poly1305]);
    assert_eq!((entry.priority, entry.expires, entry.created), (-3, Some(Wall(9007)), Wall(8000)));
    assert_eq!(entry.place.unwrap().theirs, Scope::Unknown);
    assert_eq!(entry.note.as_deref(), Some("a %\n"));
    assert_eq!(entry.to_setkey(), text);
}

#[test]
fn commands_end_with_a_semicolon_the_next_command_or_the_text() {
    let text = "# a comment; spdadd\nspdadd any any udp -P out none ; # sv: note=1\n# sv of nobody\nspdadd any any\n udp -P in discard # sv: note=2\nspdadd any any tcp -P in none # sv: note=3\n; spdadd any any any -P in none";
    let notes: Vec<_> = parse(text).unwrap().into_iter().map(|entry| entry.note).collect();
    assert_eq!(notes, [Some("1".to_owned()), Some("2".to_owned()), Some("3".to_owned()), None]);
    assert_eq!(parse(" # nothing\n").unwrap(), []);
}

#[test]
fn an_error_says_where_what_was_found_and_what_was_expected() {
    let error = |text: &str| parse(text).unwrap_err().to_string();
    assert_eq!(
        error("spdadd any any udp -P out none;\n spdadd any anny udp -P out none;"),
        format!(
            "line 2, column 13: found \"anny\", expected {}",
            "an address as 192.168.1.2/32[any], 2001:db8::1[5060] or any"
        )
    );
    assert_eq!(error("spdadd any any udp -P"), "line 1, column 22: found the end of the text, expected in or out");
    assert!(error("spdadd any any udp -P out allow\u{1b}[2J")
        .contains("found \"allow\\u{1b}[2J\", expected discard, none or ipsec"));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let actions = [
        "",
        "ipsec",
        "none none",
        "ipsec ipcomp/transport//require",
        "ipsec esp/transport//require esp/transport//use",
        "ipsec esp/transport//must",
        "ipsec esp/tunnel//require",
        "ipsec esp/transport/1.2.3.4-1.2.3.5/require",
        "ipsec srtp/tunnel/1.2.3.4-1.2.3.5/require",
        "ipsec esp/transport//require/x",
        "ipsec esp/tunnel/1.2.3.4-x/use",
        "# sv: id=e1",
    ];
    for action in actions {
        assert!(parse_action(action).is_err(), "{action}");
        assert!(parse(&format!("spdadd any any udp -P out {action};")).is_err(), "{action}");
    }
    let ends = [
        "1.2.3.4/33",
        "1.2.3.4/+8",
        "1.2.3.4[70000]",
        "1.2.3.4[9-8]",
        "1.2.3.4[+9]",
        "[any]",
        "1.2.3.4[",
        "any]",
        "h/8",
        "::/129",
    ];
    for end in ends {
        assert!(parse(&format!("spdadd {end} any udp -P out none;")).is_err(), "{end}");
    }
    let fields = [
        "id",
        "id=7",
        "what=1",
        "note=%4",
        "note=%zz",
        "note=%ff",
        "priority=1 priority=1",
        "suites=",
        "suites=rot13",
        "suites=aes-128-gcm,aes-128-gcm",
        "expires=1.5",
        "expires=99999999999999999999",
        "place=private",
        "keying=sdes",
        "entity=bob",
        "device=",
        "origin=peer",
        "created=-1",
    ];
    for field in fields {
        assert!(parse(&format!("spdadd any any udp -P out none; # sv: {field}")).is_err(), "{field}");
    }
    assert!(parse("# sv: note=1\nspdadd any any udp -P out none;").is_err());
    assert!(parse("spdadd any any udp -P out none;\n# sv: note=1").is_err());
    assert!(parse("spdflush;").is_err());
}

#[test]
fn input_is_bounded() {
    let line = "spdadd any any udp -P out none;\n";
    assert_eq!(parse(&line.repeat(MAX_ENTRIES)).unwrap().len(), MAX_ENTRIES);
    assert!(parse(&line.repeat(MAX_ENTRIES + 1)).unwrap_err().expected.contains("10000"));
    assert!(parse(&" ".repeat(MAX_TEXT)).unwrap().is_empty());
    assert!(parse(&" ".repeat(MAX_TEXT + 1)).is_err());
}

#[test]
fn every_truncation_and_every_flipped_bit_is_read_or_refused() {
    let text = "spdadd 10.0.0.0/8[5004-5005] ::/0[any] udp -P in ipsec esp/tunnel/1.2.3.4-::1/use; # sv: note=a%20 expires=9.007";
    for end in 0..text.len() {
        let _ = parse(&text[..end]);
    }
    for bit in 0..text.len() * 8 {
        let mut octets = text.as_bytes().to_vec();
        octets[bit / 8] ^= 1 << (bit % 8);
        let _ = parse(&String::from_utf8_lossy(&octets));
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(entries in proptest::collection::vec(strategies::entry(), 0..5)) {
        let text = write(&entries);
        prop_assert!(text.is_ascii());
        prop_assert_eq!(parse(&text).unwrap(), entries);
    }

    #[test]
    fn an_action_is_read_back(action in strategies::action()) {
        prop_assert_eq!(parse_action(&action.to_string()).unwrap(), action);
    }

    #[test]
    fn no_text_panics(text in "(?s).{0,80}") {
        let _ = parse(&text);
        let _ = parse_action(&text);
    }

    #[test]
    fn a_digest_names_what_is_enforced_and_nothing_else(entry in strategies::entry(), action in strategies::action()) {
        let renamed = Entry { note: Some("x".into()), id: crate::vocab::EntryId(99), created: Wall(7), ..entry.clone() };
        prop_assert_eq!(renamed.digest(), entry.digest());
        let changed = Entry { action: action.clone(), ..entry.clone() };
        prop_assert_eq!(changed.digest() == entry.digest(), action == entry.action);
    }
}

/// What a usual file of setkey(8) has that is no entry, and what is easily written: each names the way out.
#[test]
fn usual_mistakes_are_told_with_what_to_do() {
    for (text, told) in [
        ("flush;\nspdflush;\nspdadd any any udp -P out none;", "leave this command of setkey out"),
        ("spdflush;", "leave this command of setkey out"),
        ("spdadd any any udp -P out none; # sv: note=slow line", "%20"),
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
    let error = parse_action("ipsec esp/transport//require # sv: suites=aes-256-gcm").unwrap_err().to_string();
    assert!(error.contains("belongs to whole entries"), "{error}");
    assert!(!parse("nonsense").unwrap_err().to_string().contains("leave this command"));
}

/// setkey(8) itself begins most of its files with the two, and its priorities are ours.
#[test]
fn a_file_of_setkey_is_read_and_what_is_not_obeyed_is_told() {
    let text = "#!/usr/sbin/setkey -f\nflush;\nspdflush;\nflush esp;\nspdadd any any udp -P out prio def + 5 none;\nspdadd any any tcp -P out none;\nspdflush;";
    let file = parse_file(text).unwrap();
    assert_eq!(file.entries.iter().map(|entry| entry.priority).collect::<Vec<_>>(), [5, 0]);
    assert_eq!(file.not_obeyed.into_iter().collect::<Vec<_>>(), ["flush", "spdflush"]);
    for wrong in ["flush", "flush none;", "spdflush spdadd any any udp -P out none;", "deleteall any any esp;", "dump;"]
    {
        assert!(parse_file(wrong).is_err(), "{wrong}");
    }
    let priority = |said: &str| {
        let read = parse_lines(&format!("spdadd any any udp -P in {said} ipsec esp/transport//require;"));
        read.ok().map(|lines| (lines[0].entry.priority, lines[0].named.contains("priority")))
    };
    for (said, means) in [
        ("", Some((0, false))),
        ("prio 0", Some((0, true))),
        ("priority -7", Some((-7, true))),
        ("prio 2147483647", Some((i32::MAX, true))),
        ("prio low", Some((-1_073_741_824, true))),
        ("prio high - 1", Some((1_073_741_823, true))),
        ("prio low - 1073741824", Some((i32::MIN, true))),
        ("prio high + 1073741824", None),
        ("prio", None),
        ("prio def +", None),
        ("prio +5", None),
        ("prio def + -5", None),
    ] {
        assert_eq!(priority(said), means, "{said}");
    }
}

#[test]
fn an_end_is_read_as_people_write_it_too() {
    let end =
        |said: &str| parse(&format!("spdadd any any udp -P out none; # sv: expires={said}")).map(|e| e[0].expires);
    assert_eq!(end("2009-02-13T23:31:30Z"), Ok(Some(Wall::from_secs(1_234_567_890))));
    assert_eq!(end("2009-02-14T00:31:30+01:00"), end("1234567890"));
    assert_eq!(end("2009-02-13T23:31:30.250Z"), end("1234567890.250"));
    assert!(end("2009-02-30T00:00:00Z").is_err());
}
