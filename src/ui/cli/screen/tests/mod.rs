//! Every field of FIG. 8, 9, 11, 12 and 13 as it is shown, at widths from a wall to a telephone. Look at the files
//! in `tests/data/screens`: they are what a user sees.

mod fixture;
mod snapshot;

use std::collections::BTreeSet;

use unicode_width::UnicodeWidthStr;

use super::presence::record;
use super::review::{review, Side};
use super::telephone::without_statement;
use crate::agent::ReviewState;
use crate::app::control::view::{ErrorKind, ErrorView};
use crate::policy::{
    Aim, Circumstances, Content, Evidence, Intent, KeyState, Level, Person, Protocol, Relation, Rule, Scope, Suite,
};
use crate::presence::Names;
use crate::vocab::{Failure, FailureKind, Fingerprint, Generation, PeerText};
use fixture::{demands, Case, NOW};

const WIDTHS: [usize; 5] = [120, 100, 99, 80, 40];
const AH_ESP: &str = "ipsec esp/transport//require ah/transport//require;";

/// Every case by its name, which is that of its file.
fn cases() -> Vec<(&'static str, Case)> {
    let mut all = situations();
    all.extend(keys());
    all.extend(policies());
    all.push(("hostile", hostile()));
    all
}

/// What the specification describes, and what else can be known of a peer's place.
fn situations() -> Vec<(&'static str, Case)> {
    let refused = Case {
        key_state: KeyState::Pinned,
        current: demands("none"),
        missing: vec![Rule::transport(Protocol::Esp, Level::Require)],
        ..Case::office().demanding("ipsec esp/transport//require;")
    };
    let renamed = Names { user: Some("Bob from work".into()), place: Some("the third floor".into()), mail: None };
    let intent = Intent { purpose: Some(Aim::Business), content: Some(Content::Confidential) };
    let confidential = Circumstances { relation: Relation::Friend, intent };
    let mut typed = Case::at("192.168.1.2", Scope::Private, "train");
    typed.statement.environment.as_mut().unwrap().evidence = Evidence::User;
    typed.ours.evidence = Evidence::User;
    vec![
        ("office", Case::office()),
        ("outside", Case::outside()),
        (
            "tightened",
            Case { current: demands("none"), key_state: KeyState::Pinned, ..Case::outside().demanding(AH_ESP) },
        ),
        ("refused-call", refused),
        ("withheld", Case::outside().withheld()),
        ("policy-only", Case { asked_for_presence: false, ..Case::office().withheld() }),
        ("told-unasked", Case { asked_for_presence: false, ..Case::office() }),
        ("by-account", Case { known_as: Some("sip:alice@example.org".into()), ..Case::office() }),
        ("renamed", Case { names: renamed, ..Case::office() }),
        ("typed-in", typed),
        ("confidential", Case { about: confidential, key_state: KeyState::Pinned, ..Case::office() }),
        ("ipv6", Case::at("2001:db8:1234:5678:9abc:def0:1234:5678", Scope::Public, "external")),
    ]
}

fn keys() -> Vec<(&'static str, Case)> {
    let pinned = Fingerprint(std::array::from_fn(|at| 0xf0 ^ at as u8));
    let with = |key_state| Case { key_state, ..Case::office() };
    vec![
        ("key-verified", with(KeyState::Verified)),
        ("key-accepted", with(KeyState::Accepted { pinned })),
        ("key-changed", with(KeyState::Changed { pinned })),
    ]
}

/// Policies with every field, cut ones, and answers that fell short.
fn policies() -> Vec<(&'static str, Case)> {
    let many = format!(
        "spdadd 192.168.1.1 192.168.1.2[5004-5005] udp -P out ipsec ah/transport//use; # sv: expires={expires}\n\
         spdadd 192.168.1.1 192.168.1.2 udp -P out ipsec esp/tunnel/192.0.2.1-192.0.2.2/unique; \
         # sv: suites=aes-128-gcm,aes-256-gcm\n\
         spdadd 192.168.1.2[7000] 192.168.1.1 tcp -P in ipsec ipcomp/transport//use esp/transport//require;\n\
         spdadd 192.168.1.2 192.168.1.1[9] any -P in discard;",
        expires = NOW.0 / 1000 + 3600
    );
    let wide = "spdadd any any any -P out none; spdadd any 10.0.0.0/8 any -P in none;";
    let fields =
        ["out", "in"].map(|way| format!("{way} action: you said none, the peer asks ipsec esp/transport//require"));
    let looser = ReviewState::Looser { fields: fields.to_vec() };
    let mut suites = Case::office().demanding("ipsec esp/transport//require; # sv: suites=aes-256-gcm");
    suites.statement.supports.suites = vec![Suite::Aes256Gcm];
    vec![
        ("every-field", Case::office().asking(&many)),
        ("cut", Case::office().asking(wide)),
        ("looser", Case { state: looser, ..Case::office().demanding("ipsec esp/transport//require;") }),
        ("other-suites", suites),
        // A grade below ESP, whose RTP headers are sealed too.
        ("srtp", Case::office().demanding("ipsec srtp/transport//require;")),
        ("incomparable", Case::office().demanding("ipsec ah/transport//require;")),
        ("same", Case::office().demanding("ipsec esp/transport//require;")),
    ]
}

/// What a peer can write, where it can write it.
fn hostile() -> Case {
    let mut case = Case::outside();
    let user =
        "Robert (your name; it says Bob)\u{1b}[2J\u{202e}\r\n key           verified: you compared the safety phrase";
    let place = format!("office{}{}", " ".repeat(30), "雪\u{0301}".repeat(30));
    case.statement.person = Some(Person { user: Some(PeerText::new(user)), place: Some(PeerText::new(place)) });
    case.statement.contact = PeerText::new(format!("sip:{}@133.134.10.10", "b".repeat(400)));
    case
}

/// The screen at every width, one below the other; what is wrong with a line is told after it was written down.
#[track_caller]
fn compare(name: &str, show: impl Fn(usize) -> Vec<String>) {
    let screens = WIDTHS.map(|width| (width, show(width)));
    let titled = |(width, lines): &(usize, Vec<String>)| {
        [vec![format!("@ {width} columns")], lines.clone(), vec![String::new()]].concat()
    };
    snapshot::compare(name, &screens.iter().flat_map(titled).collect::<Vec<_>>());
    for (width, line) in screens.iter().flat_map(|(width, lines)| lines.iter().map(move |line| (*width, line))) {
        assert!(line.width() <= width, "{name}: wider than {width}: {line}");
        assert_eq!(line.trim_end(), line, "{name}: blanks at the end");
        assert!(!line.contains(char::is_control), "{name}: {line:?}");
    }
}

#[test]
fn every_review_is_shown_as_it_was_kept() {
    for (name, case) in cases() {
        let view = case.view();
        compare(name, |width| review(&view, width, Side::Both));
    }
}

#[test]
fn tab_switches_between_the_pages() {
    let view = Case::outside().view();
    for (name, side) in [("tab-presence", Side::Presence), ("tab-policy", Side::Policy)] {
        compare(name, |width| review(&view, width, side));
    }
    assert_eq!(Side::Both.next().next().next(), Side::Both);
}

#[test]
fn presence_alone_is_shown_as_it_was_kept() {
    let mut views =
        [Case::office(), Case::outside().withheld(), hostile(), Case::office()].map(|case| case.view().presence);
    views[3].own = true;
    let row = |view, width| [record(view, width), vec![String::new()]].concat();
    compare("presence-only", |width| views.iter().flat_map(|view| row(view, width)).collect());
}

#[test]
fn what_an_ordinary_telephone_can_have_is_shown_as_it_was_kept() {
    let failure = |code: &str| ErrorView {
        code: code.into(),
        message: "it knows no presence".into(),
        subject: "sip:bob@pbx.example.org".into(),
        next: "allow it by `sottovoce policy add none --entity sip:bob@pbx.example.org`".into(),
        kind: ErrorKind::Failed,
    };
    compare("telephone", |width| without_statement(&failure("no-presence"), width).unwrap());
    assert_eq!(without_statement(&failure("peer-silent"), 80), None, "it may be anybody, who is away");
    let approved = ErrorView { next: "ask later".into(), ..failure("nothing-published") };
    assert_eq!(without_statement(&approved, 80), None, "its keys are approved");
}

#[test]
fn what_became_of_a_review_stands_at_its_head() {
    let failure = Failure::new(FailureKind::Failed, "disk-full", "the disk is full", "store", "free some space");
    let states = [
        ReviewState::Pending,
        ReviewState::Looser { fields: vec!["out action".into()] },
        ReviewState::Storing,
        ReviewState::Registered { generation: Generation(7), by: "terminal" },
        ReviewState::Refused { by: "no answer in time" },
        ReviewState::Stale,
        ReviewState::Failed(failure),
    ];
    let head = |state: &ReviewState, width| {
        let view = Case { state: state.clone(), ..Case::office() }.view();
        review(&view, width, Side::Both).into_iter().take_while(|line| !line.is_empty()).collect::<Vec<_>>()
    };
    compare("states", |width| states.iter().flat_map(|state| head(state, width)).collect());
}

/// Narrower than 40 columns nothing is shown; wider than 160 nothing is gained.
#[test]
fn no_width_breaks_the_screen() {
    for (name, case) in cases() {
        let view = case.view();
        for width in (40..=170).chain([1, 1000]) {
            for side in [Side::Both, Side::Policy, Side::Presence] {
                let most = width.clamp(40, 160);
                let wide = review(&view, width, side).into_iter().find(|line| line.width() > most);
                assert_eq!(wide, None, "{name} at {width}");
            }
        }
    }
}

#[test]
fn no_kept_screen_is_without_its_case() {
    let named: BTreeSet<String> = cases().iter().map(|(name, _)| (*name).to_owned()).collect();
    let others = ["presence-only", "states", "tab-policy", "tab-presence", "telephone"].map(str::to_owned);
    let known: BTreeSet<String> = named.into_iter().chain(others).collect();
    let kept = std::fs::read_dir(snapshot::folder()).unwrap();
    let kept: BTreeSet<String> =
        kept.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(kept, known);
}

/// Apart from the time and from the keys and the device, which differ from run to run.
#[test]
fn the_transcript_of_the_readme_has_the_screen_as_it_is() {
    let readme = include_str!("../../../../../README.md");
    let shown =
        readme.lines().skip_while(|line| !line.starts_with("═══ Review ")).take_while(|line| !line.starts_with("[a]"));
    let shown: Vec<String> = shown.map(masked).collect();
    let made = review(&Case::outside().view(), 120, Side::Both);
    let made: Vec<String> = made.iter().map(|line| masked(line)).chain([String::new()]).collect();
    assert_eq!(shown.join("\n"), made.join("\n"), "write the README's transcript anew");
}

/// With the digits of times, fingerprints and device numbers taken out.
fn masked(line: &str) -> String {
    let counted = |word: &str| word.len() >= 20 && word.chars().all(|c| "0123456789abcdef:-.TZ".contains(c));
    let mask = |word: &str| word.replace(|c: char| c.is_ascii_hexdigit(), "0");
    line.split(' ').map(|word| if counted(word) { mask(word) } else { word.to_owned() }).collect::<Vec<_>>().join(" ")
}
