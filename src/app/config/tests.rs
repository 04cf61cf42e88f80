use std::net::Ipv4Addr;
use std::path::PathBuf;

use super::*;
use crate::agent::SoundDevice;
use crate::media::TreatmentWish;
use crate::policy::{Action, Direction, Origin, Scope};
use crate::sdp::AudioFormat;
use crate::sip::Transport;

#[test]
fn an_empty_file_is_the_defaults() {
    let config = read("").unwrap();
    assert_eq!(config.entity.as_str(), "sip:alice@192.168.1.1");
    let udp = Listen { transport: Transport::Udp, address: "192.168.1.1:5060".parse().unwrap() };
    assert_eq!((config.listen, config.tls), (vec![udp], TlsFiles::default()));
    assert_eq!(config.control.to_string(), "127.0.0.1:8060");
    assert_eq!((config.audio_source, config.audio_sink), (AudioSource::Silence, AudioSink::Discard));
    assert_eq!((config.answer, config.unknown_watchers), (AnswerMode::Prompt, UnknownWatchers::Policy));
    assert_eq!((config.default_level, config.store), (Level::Require, StoreKind::Sqlite));
    let policy: Vec<_> = config.default_policy.iter().map(|e| (e.direction, e.action.to_string())).collect();
    let esp = "ipsec esp/transport//require".to_owned();
    assert_eq!(policy, [(Direction::Out, esp.clone()), (Direction::In, esp)]);
    assert_eq!(config.assumed.len(), 2, "{:?}", config.assumed);
}

#[test]
fn devices_and_pipes_are_named() {
    let config = read("[audio]\ninput = \"device:alsa_input.usb\"\noutput = \"pipe:ear\"").unwrap();
    assert_eq!(config.audio_source, AudioSource::Device(SoundDevice::Named("alsa_input.usb".to_owned())));
    assert_eq!(config.audio_sink, AudioSink::Pipe(PathBuf::from("/etc/sv/ear")));
    let config = read("[audio]\ninput = \"pipe:/run/voice\"\noutput = \"default\"").unwrap();
    assert_eq!(config.audio_source, AudioSource::Pipe(PathBuf::from("/run/voice")));
    assert_eq!(config.audio_sink, AudioSink::Device(SoundDevice::Default));
}

#[test]
fn the_example_of_the_contract_is_read_in_full() {
    let config = read(CONTRACT).unwrap();
    assert_eq!(config.display_name.as_deref(), Some("Alice"));
    assert_eq!(config.audio_source, AudioSource::File(PathBuf::from("/etc/sv/speech.wav")));
    assert_eq!(config.audio_sink, AudioSink::File(PathBuf::from("/etc/sv/heard.wav")));
    let [office] = &config.places[..] else { panic!("{:?}", config.places) };
    assert_eq!((office.name.as_str(), office.scope), ("office", Scope::Private));
    assert!(office.networks[0].contains("192.168.1.77".parse().unwrap()));
    assert_eq!(config.default_policy.len(), 2);
    assert!(config.default_policy.iter().all(|e| matches!(e.action, Action::Ipsec(_)) && e.origin == Origin::Config));
    assert_eq!(config.assumed, Vec::<String>::new());
}

#[test]
fn codecs_are_spoken_in_the_order_in_which_they_are_named() {
    assert_eq!(read("").unwrap().codecs, AudioFormat::ALL);
    let config = read("[audio]\ncodecs = [\"PCMA\", \"opus\"]").unwrap();
    assert_eq!(config.codecs, [AudioFormat::Pcma, AudioFormat::Opus]);
}

#[test]
fn what_is_done_to_the_voice_is_usual_until_it_is_switched_on_or_off() {
    assert_eq!(read("").unwrap().treatment, TreatmentWish::default());
    let wish = read("[audio]\necho-cancellation = false\ngain-control = true").unwrap().treatment;
    assert_eq!((wish.echo_cancellation, wish.noise_suppression, wish.gain_control), (Some(false), None, Some(true)));
}

#[test]
fn the_shipped_example_is_read_and_changes_no_default() {
    let example = include_str!("../../../config/sottovoce.toml");
    let uncommented: String =
        example.lines().map(|l| l.strip_prefix("#: ").unwrap_or(l)).collect::<Vec<_>>().join("\n");
    assert!(uncommented.contains("\n[sip]"), "the commented example has keys to uncomment");
    read(example).unwrap();
    read(&uncommented).unwrap();
}

#[test]
fn what_is_wrong_is_named_with_file_line_key_and_what_was_expected() {
    for (text, line, key, next) in [
        ("entitty = \"x\"", 1, "entitty", "`entity`"),
        ("\n[sip]\nlisten_ = []", 3, "sip.listen_", "`sip.listen`"),
        ("\n\nentity = \"bob\"", 3, "entity", "sip:alice@"),
        ("entity = 5", 1, "entity", "sip:alice@"),
        ("entity = \"sip:echo@LOCALHOST\"", 1, "entity", "built in"),
        ("entity = \"sip:echo@localhost:5060\"", 1, "entity", "built in"),
        ("[sip]\nlisten = []", 2, "sip.listen", "addresses"),
        ("[sip]\nlisten = [\n\"udp:127.0.0.1:5060\",\n\"tcp:127.0.0.1:5060\"]", 4, "sip.listen", "udp:ADDRESS:PORT"),
        ("[sip]\nlisten = [\"udp:0.0.0.0:5060\"]", 2, "sip.listen", "udp:ADDRESS:PORT"),
        ("[sip]\nt1-ms = 0", 2, "sip.t1-ms", "10 to 10000"),
        ("[sip]\nt1-ms = -1", 2, "sip.t1-ms", "10 to 10000"),
        ("[control]\nlisten = \"192.168.1.1:80\"", 2, "control.listen", "loopback"),
        ("[audio]\ninput = \"device:\"", 2, "audio.input", "tone:440"),
        ("[audio]\noutput = \"silence\"", 2, "audio.output", "none"),
        ("[audio]\nnoise-suppression = \"on\"", 2, "audio.noise-suppression", "true or false"),
        ("[audio]\nptime = 25", 2, "audio.ptime", "10, 20, 30, 40 or 60"),
        ("[audio]\nptime = 5", 2, "audio.ptime", "10, 20, 30, 40 or 60"),
        ("[audio]\nptime = -20", 2, "audio.ptime", "milliseconds"),
        ("[audio]\ncodecs = []", 2, "audio.codecs", "pcma"),
        ("[audio]\ncodecs = [\"opus\", \"gsm\"]", 2, "audio.codecs", "g722"),
        ("[audio]\ncodecs = [\"opus\", \"Opus\"]", 2, "audio.codecs", "pcma"),
        ("[answer]\nmode = \"maybe\"", 2, "answer.mode", "prompt"),
        ("[watchers]\nunknown = true", 2, "watchers.unknown", "block"),
        ("[limits]\ntimes = 0", 2, "limits.times", "1 to 10000"),
        ("[prompts]\nreview-limit = 5", 2, "prompts.review-limit", "10 to 604800"),
        ("[quiet]\nfrom = \"22:00\"", 2, "quiet", "07:00"),
        ("[quiet]\nfrom = \"24:00\"\nto = \"07:00\"", 2, "quiet.from", "22:00"),
        ("[quiet]\nfrom = \"07:00\"\nto = \"07:00\"", 2, "quiet", "leave [quiet] out"),
        ("[quiet]\nfrom = \"22:00\"\nto = \"07:00\"\nzone = \"../etc/passwd\"", 4, "quiet.zone", "+02:00"),
        ("[[approve]]\nname = \"x\"", 2, "approve", "least"),
        ("[[approve]]\nleast = \"ipsec\"", 2, "approve.least", "esp/transport"),
        ("[[approve]]\nleast = \"none\"\ngroups = []", 3, "approve.groups", "leave it out"),
        ("[[approve]]\nleast = \"none\"\ngroups = [\"family\"]\nnew-keys = true", 4, "approve.new-keys", "unknown"),
        (
            "[[approve]]\nleast = \"none\"\nnew-keys = true\nrelations = [\"own\"]",
            3,
            "approve.new-keys",
            "leave groups",
        ),
        ("[[approve]]\nleast = \"none\"\ntheirs = [\"office\"]", 3, "approve.theirs", "private"),
        ("[gateway]\nusers = [\"sip:alice@192.168.1.1\"]", 2, "gateway", "destinations = "),
        (
            "[gateway]\nusers = [\"alice\"]\ndestinations = [\"10.0.0.0/8\"]",
            2,
            "gateway.users",
            "sip:alice@192.168.1.1",
        ),
        (
            "[gateway]\nusers = [\"sip:a@h\"]\ndestinations = [\"10.0.0.0/8\"]\nrate = 0",
            4,
            "gateway.rate",
            "1 to 100000",
        ),
        ("[nat]\nice = \"always\"", 2, "nat.ice", "auto"),
        ("[nat]\nstun = [\"tcp:192.0.2.1\"]", 2, "nat.stun", "stun.example.org:3478"),
        ("[nat]\nturn = { server = \"192.0.2.1\" }", 2, "nat.turn", "password-file"),
        ("[nat]\nturn = { server = \"tcp:192.0.2.1\" }", 2, "nat.turn.server", "turn.example.org:3478"),
        ("[nat]\nstun = [\"a\", \"b\", \"c\", \"d\", \"e\"]", 2, "nat.stun", "stun.example.org:3478"),
        ("[store]\nkind = \"disk\"", 2, "store.kind", "memory"),
        ("[[place]]\nnetworks = [\"192.168.1.0/33\"]", 2, "place.networks", "192.168.1.0/24"),
        ("[place]\nname = \"x\"", 1, "place", "[[place]]"),
        ("[policy]\ndefault-level = \"default\"", 2, "policy.default-level", "require"),
        ("[policy]\ndefault = [\"spdadd nonsense\"]", 2, "policy.default", "spdadd"),
        ("[policy]\ndefault = []", 2, "policy.default", "spdadd"),
        ("sip = 1", 1, "sip", "[sip]"),
    ] {
        let failure = read(text).unwrap_err();
        let place = format!("/etc/sv/sottovoce.toml line {line}:");
        assert!(failure.message.starts_with(&place), "{text:?}: {failure:?}");
        assert_eq!((failure.subject.as_str(), failure.kind), (key, FailureKind::Usage), "{text:?}: {failure:?}");
        assert!(failure.next.contains(next), "{text:?}: {failure:?}");
    }
}

#[test]
fn text_that_is_no_toml_is_refused_with_its_line() {
    let failure = read("entity = \"sip:a@b\"\n\nentity").unwrap_err();
    assert!(failure.message.contains("line 3:"), "{failure:?}");
    let failure = read("entity = \"sip:a@b\"\nentity = \"sip:a@b\"").unwrap_err();
    assert!(failure.message.contains("line 2:"), "{failure:?}");
}

#[test]
fn every_truncation_of_a_file_is_read_or_refused() {
    for end in (0..CONTRACT.len()).filter(|end| CONTRACT.is_char_boundary(*end)) {
        let _ = read(&CONTRACT[..end]);
    }
}

#[test]
fn directories_follow_flag_then_variable_then_xdg_then_home() {
    let places = |data_dir: Option<&str>| Places { data_dir: data_dir.map(PathBuf::from), config: None };
    let with = |pairs: &'static [(&str, &str)], places: &Places| {
        let variable = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        places.data_dir(&Machine { variable: &variable, address: Ipv4Addr::LOCALHOST.into() })
    };
    assert_eq!(with(&[("HOME", "/h")], &places(None)), PathBuf::from("/h/.local/share/sottovoce"));
    assert_eq!(with(&[("HOME", "/h"), ("XDG_DATA_HOME", "/x")], &places(None)), PathBuf::from("/x/sottovoce"));
    let all = &[("HOME", "/h"), ("XDG_DATA_HOME", "/x"), ("SOTTOVOCE_DATA_DIR", "/v")];
    assert_eq!(with(all, &places(None)), PathBuf::from("/v"));
    assert_eq!(with(all, &places(Some("/f"))), PathBuf::from("/f"));
}

#[test]
fn a_named_file_must_be_there_and_be_text() {
    let dir = tempfile::tempdir().unwrap();
    let load = |file: PathBuf| {
        let places = Places { data_dir: None, config: Some(file) };
        Config::load(&places, &Machine { variable: &|_| None, address: Ipv4Addr::LOCALHOST.into() })
    };
    assert_eq!(load(dir.path().join("absent")).unwrap_err().code, "config-unreadable");
    assert_eq!(load(dir.path().to_owned()).unwrap_err().code, "config-unreadable");
    std::fs::write(dir.path().join("binary"), b"\n\xff\xfe").unwrap();
    assert!(load(dir.path().join("binary")).unwrap_err().message.contains("line 2 is not UTF-8"));
    std::fs::write(dir.path().join("empty"), b"").unwrap();
    assert_eq!(load(dir.path().join("empty")).unwrap().entity.as_str(), "sip:127.0.0.1");
}

fn read(text: &str) -> Result<Config, Failure> {
    let variable = |name: &str| (name == "USER").then(|| "alice".to_owned());
    let machine = Machine { variable: &variable, address: Ipv4Addr::new(192, 168, 1, 1).into() };
    Config::from_text(text, Some(PathBuf::from("/etc/sv/sottovoce.toml")), PathBuf::from("/data"), &machine)
}

const CONTRACT: &str = r#"
entity = "sip:alice@192.168.1.1"
display-name = "Alice"
[sip]
listen = ["udp:192.168.1.1:5060"]
t1-ms = 500
[control]
listen = "127.0.0.1:8060"
[audio]
input = "file:speech.wav"
output = "file:heard.wav"
[answer]
mode = "prompt"
[[place]]
name = "office"
scope = "private"
networks = ["192.168.1.0/24"]
[watchers]
unknown = "policy"
[policy]
default-level = "require"
default = ["spdadd any any udp -P out ipsec esp/transport//require;"]
"#;

#[test]
fn an_account_has_its_password_out_of_a_private_file_or_a_variable() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().unwrap();
    let secret = dir.path().join("secret");
    std::fs::write(&secret, "open sesame\nrest\n").unwrap();
    let account = |more: &str| {
        let text = format!("entity = \"sip:alice@192.0.2.1\"\n[[account]]\n{more}\n");
        let variable = |name: &str| (name == "PW").then(|| "from the variable".to_owned());
        let machine = Machine { variable: &variable, address: std::net::Ipv4Addr::LOCALHOST.into() };
        let file = Some(dir.path().join("sottovoce.toml"));
        Config::from_text(&text, file, dir.path().to_owned(), &machine).map(|config| config.accounts)
    };
    let mode = |mode| std::fs::set_permissions(&secret, PermissionsExt::from_mode(mode)).unwrap();
    mode(0o640);
    let failure = account("password-file = \"secret\"").unwrap_err();
    assert!(failure.message.contains("others may read") && failure.next.contains("chmod 600"), "{failure}");
    mode(0o600);
    let read = account("proxy = \"tcp:[2001:db8::1]:5070\"\npassword-file = \"secret\"\nexpires = 600").unwrap();
    let [one] = &read[..] else { panic!("{read:?}") };
    assert_eq!((one.entity.as_str(), one.user.as_str()), ("sip:alice@192.0.2.1", "alice"));
    assert_eq!((one.proxy.to_string().as_str(), one.expires.as_secs()), ("tcp:[2001:db8::1]:5070", 600));
    assert_eq!(one.password.as_ref().unwrap().0, "open sesame");
    let read = account("password-env = \"PW\"").unwrap();
    assert_eq!(read[0].password.as_ref().unwrap().0, "from the variable");
    assert_eq!(read[0].proxy.to_string(), "udp:192.0.2.1:5060");
    for (wrong, said) in [
        ("password-env = \"NONE\"", "not set"),
        ("password-file = \"absent\"", "cannot be read"),
        ("password-file = \"secret\"\npassword-env = \"PW\"", "twice"),
        ("proxy = \"sctp:192.0.2.1\"", "account.proxy"),
        ("proxy = \"5060\"", "account.proxy"),
        ("proxy = \"tcp:[5060]\"", "account.proxy"),
        ("entity = \"sips:alice@example.org\"\nproxy = \"udp:example.org\"", "sips: goes by TLS only"),
        ("password = \"x\"", "no key"),
        ("user = \"a\"\n[[account]]\nuser = \"b\"", "two accounts"),
    ] {
        let failure = account(wrong).unwrap_err();
        assert!(failure.message.contains(said) && !failure.message.contains("sesame"), "{wrong}: {failure}");
    }
}

#[test]
fn tls_files_are_looked_at_before_anything_starts() {
    let authority = crate::io::tls::tests::Authority::new();
    let good = authority.certify(&["192.0.2.1"]);
    let other = authority.certify(&["other.example"]);
    let shown = |file: &Option<PathBuf>| file.as_ref().unwrap().display().to_string();
    let (certificate, key, ca) = (shown(&good.certificate), shown(&good.key), shown(&good.ca));
    let listens = "[sip]\nlisten = [\"udp:192.0.2.1:5060\", \"tls:192.0.2.1:5061\"]\n";
    let config =
        read(&format!("{listens}[tls]\ncertificate = \"{certificate}\"\nkey = \"{key}\"\nca = \"{ca}\"")).unwrap();
    assert_eq!(config.tls, good);
    let by: Vec<Transport> = config.listen.iter().map(|listen| listen.transport).collect();
    assert_eq!(by, [Transport::Udp, Transport::Tls]);
    assert_eq!(read(&format!("[tls]\nca = \"{ca}\"")).unwrap().tls.ca, good.ca);
    for (text, subject, said, next) in [
        (listens.to_owned(), "", "no certificate", "[tls]"),
        (format!("{listens}[tls]\nca = \"{ca}\""), "tls", "without its key", "key = "),
        (format!("[tls]\nkey = \"{key}\""), "tls", "no key without it", "certificate = "),
        (format!("[tls]\nca = \"{key}\""), "tls.ca", &key, "PEM file"),
        ("[tls]\nca = \"absent\"".to_owned(), "tls.ca", "/etc/sv/absent cannot be read", "PEM file"),
        ("[tls]\nkey = \"absent\"".to_owned(), "tls.key", "/etc/sv/absent cannot be read", "chmod 600"),
        (
            format!("[tls]\ncertificate = \"{certificate}\"\nkey = \"{}\"", shown(&other.key)),
            "tls",
            "do not fit together",
            "the key that it was made for",
        ),
        ("[sip]\nlisten = [\"tls:192.0.2.1:5061\"]".to_owned(), "sip.listen", "nothing but TLS", "udp:ADDRESS:PORT"),
    ] {
        let failure = read(&text).unwrap_err();
        assert!(failure.message.contains(said) && failure.next.contains(next), "{text}: {failure:?}");
        assert_eq!(failure.subject, subject, "{text}: {failure:?}");
    }
}

#[test]
fn what_a_proxy_does_not_name_is_left_to_dns_but_for_addresses() {
    for (entity, proxy, shown) in [
        ("sip:alice@example.org", "tls:sip.example.org", "tls:sip.example.org"),
        ("sip:alice@example.org", "example.net", "example.net"),
        ("sip:alice@example.org", "example.net:5070", "example.net:5070"),
        ("sip:alice@example.org", "", "example.org"),
        ("sips:alice@example.org", "", "example.org"),
        ("sip:alice@example.org", "tls:192.0.2.1:7000", "tls:192.0.2.1:7000"),
        ("sip:alice@example.org", "tls:192.0.2.1", "tls:192.0.2.1:5061"),
        ("sip:alice@example.org", "[2001:db8::1]", "udp:[2001:db8::1]:5060"),
        ("sips:alice@192.0.2.1", "", "tls:192.0.2.1:5061"),
    ] {
        let line = if proxy.is_empty() { String::new() } else { format!("proxy = \"{proxy}\"") };
        let config =
            read(&format!("entity = \"sip:a@192.0.2.1\"\n[[account]]\nentity = \"{entity}\"\n{line}")).unwrap();
        assert_eq!(config.accounts[0].proxy.to_string(), shown);
        assert_eq!(config.accounts[0].locate(&config.accounts[0].proxy).secure, entity.starts_with("sips:"));
    }
}

#[test]
fn two_proxies_are_two_ways_and_no_more() {
    let account = |keys: &str| {
        read(
            &format!("entity = \"sip:a@192.0.2.1\"\n[[account]]\nentity = \"ENTITY\"\n{keys}")
                .replace("ENTITY", "sip:alice@example.org"),
        )
    };
    let config = account("proxies = [\"wss:a.example.org\", \"192.0.2.7\"]").unwrap();
    let shown = |hop: &crate::agent::Hop| hop.to_string();
    let crate::agent::AccountConfig { proxy, beside, .. } = &config.accounts[0];
    assert_eq!(
        (shown(proxy), beside.as_ref().map(shown)),
        ("wss:a.example.org".into(), Some("udp:192.0.2.7:5060".into()))
    );
    assert!(account("proxies = [\"ws:a.example.org:8080\"]").unwrap().accounts[0].beside.is_none());
    for (keys, said) in [
        ("proxies = []", "there are 0 proxies"),
        ("proxies = [\"a\", \"b\", \"c\"]", "there are 3 proxies"),
        ("proxies = [\"a\", \"a\"]", "both proxies are the same"),
        ("proxies = [\"sctp:a\"]", "sctp:a"),
        ("proxies = \"a\"", "no list"),
        ("proxies = [\"a\"]\nproxy = \"b\"", "given twice"),
    ] {
        let failure = account(keys).unwrap_err();
        assert!(failure.message.contains(said), "{keys}: {failure:?}");
    }
}

#[test]
fn name_servers_are_addresses() {
    assert!(read("").unwrap().dns.is_empty());
    let config = read("[sip]\ndns = [\"udp:127.0.0.1:5353\", \"udp:[2001:db8::53]\", \"udp:192.0.2.53\"]").unwrap();
    let dns: Vec<String> = config.dns.iter().map(ToString::to_string).collect();
    assert_eq!(dns, ["127.0.0.1:5353", "[2001:db8::53]:53", "192.0.2.53:53"]);
    for wrong in ["[]", "[\"dns.example\"]", "[\"udp:dns.example\"]", "[\"udp:0.0.0.0\"]", "[\"udp:192.0.2.1:0\"]"] {
        assert_eq!(read(&format!("[sip]\ndns = {wrong}")).unwrap_err().subject, "sip.dns", "{wrong}");
    }
}

#[test]
fn quiet_hours_and_rules_of_approval_are_read() {
    let config = read(
        "[prompts]\nreview-limit = 60\n[quiet]\nfrom = \"22:30\"\nto = \"07:00\"\nzone = \"+02:00\"\n\
         [[approve]]\nleast = \"none\"\nrelations = [\"family\"]\n[[approve]]\nname = \"esp\"\nleast = \"ipsec esp/transport//require\"\n",
    )
    .unwrap();
    let prompts = &config.prompts;
    assert_eq!((prompts.review_limit.as_secs(), prompts.watcher_limit.as_secs()), (60, 600));
    let quiet = prompts.quiet.as_ref().unwrap();
    assert_eq!((quiet.from, quiet.to), (22 * 60 + 30, 7 * 60));
    // 2026-01-01T20:30:00Z is half past ten there.
    assert!(quiet.end(crate::vocab::Wall::from_secs(1_767_299_400)).is_some());
    assert!(quiet.end(crate::vocab::Wall::from_secs(1_767_299_399)).is_none());
    let names: Vec<&str> = prompts.approvals.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["rule 1", "esp"]);
    assert_eq!(prompts.approvals[0].relations, [crate::policy::Relation::Family]);
    assert!(prompts.approvals.iter().all(|rule| !rule.new_keys));
}

/// The zone file of a place, where the machine has one.
#[test]
fn a_zone_is_an_offset_or_a_file_below_the_directory_of_zone_files() {
    let dir = tempfile::tempdir().unwrap();
    // RFC 9636, version 1, no transitions: one hour east.
    let mut file = b"TZif".to_vec();
    file.extend([0; 16]);
    for count in [0u32, 0, 0, 0, 1, 4] {
        file.extend(count.to_be_bytes());
    }
    file.extend(3600i32.to_be_bytes());
    file.extend([0, 0]);
    file.extend(b"CET\0");
    std::fs::write(dir.path().join("Here"), file).unwrap();
    let base = dir.path().to_str().unwrap().to_owned();
    let variable = move |name: &str| (name == "TZDIR").then(|| base.clone());
    let machine = Machine { variable: &variable, address: "127.0.0.1".parse().unwrap() };
    let zone = super::zone::named("Here", &machine).expect("the file");
    assert_eq!(zone.to_offset(jiff::Timestamp::UNIX_EPOCH).seconds(), 3600);
    for bad in ["/etc/localtime", "../Here", "", "Nowhere", "a b"] {
        assert!(super::zone::named(bad, &machine).is_none(), "{bad}");
    }
    let east = super::zone::offset("-03:30").unwrap();
    assert_eq!(east.to_offset(jiff::Timestamp::UNIX_EPOCH).seconds(), -12_600);
    for bad in ["02:00", "+2:00", "+24:00", "+02:60", "+", "", "+aa:bb", "é"] {
        assert!(super::zone::offset(bad).is_none(), "{bad}");
    }
}
