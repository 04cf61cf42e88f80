use proptest::prelude::*;

use super::*;
use crate::policy::setkey::{parse, parse_action, write};
use crate::policy::strategies;
use crate::policy::{
    Audience, Capabilities, Direction, Evidence, Flow, Guarantee, Origin, Pending, Person, Prefix, ProposalAnswer,
    ProposalDecision, Protocol, Purpose, Rule, StatedPolicy, Suite, Terms, Upper, Verdict, Why,
};
use crate::vocab::{AgreementKey, Digest, Nonce, PeerText, VerifyKey};

const NOW: Wall = Wall(1_700_000_000_000);
const BOTH: &str = "ipsec ah/transport//require esp/transport//require";

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn at(scope: Scope, address: &str) -> Environment {
    Environment { scope, evidence: Evidence::Address, address: Some(ip(address)) }
}

fn statement(policy: &str, environment: Option<Environment>) -> Statement {
    let state = |(number, entry): (usize, Entry)| StatedPolicy {
        id: PeerText::new(format!("p{number}")),
        direction: entry.direction,
        action: entry.action,
        selector: entry.selector,
        suites: entry.suites,
        keying: entry.keying,
        expires: entry.expires,
    };
    Statement {
        entity: Entity::parse("sip:bob@192.168.1.2").unwrap(),
        contact: PeerText::new("sip:bob@192.168.1.2:5060"),
        device: Device::new("bobs-phone").unwrap(),
        version: 1,
        issued: NOW,
        expires: Wall(NOW.0 + 3_600_000),
        purpose: Purpose::Notify,
        audience: Audience::Any,
        nonce: Nonce([1; 16]),
        person: Some(Person::default()),
        environment,
        signing_key: VerifyKey([2; 32]),
        agreement_key: AgreementKey([3; 32]),
        signed_by: None,
        supports: Capabilities {
            protocols: vec![Protocol::Esp, Protocol::Ah],
            tunnel: false,
            suites: vec![Suite::Chacha20Poly1305],
            ..Capabilities::default()
        },
        policies: parse(policy).unwrap().into_iter().enumerate().map(state).collect(),
        request: None,
        proposal: None,
        answer: None,
    }
}

fn input(statement: Statement, peer: &str) -> ReviewInput {
    ReviewInput {
        kind: ReviewKind::Statement,
        statement,
        provenance: Provenance { observed: Some(ip(peer)), received: NOW },
        key_state: KeyState::New,
        wanted_presence: true,
        circumstances: Default::default(),
        own_environment: at(Scope::Private, "192.168.1.1"),
        own_address: ip("192.168.1.1"),
        peer_address: ip(peer),
        gateways: Vec::new(),
        current: parse("spdadd any any udp -P out ipsec esp/transport//require; spdadd any any udp -P in ipsec esp/transport//require;").unwrap(),
        by_tcp: Vec::new(),
        generation: Generation(4),
        default_level: Level::Require,
    }
}

/// Both in the office, and the peer says `policy`.
fn office(policy: &str) -> Review {
    let stated = statement(policy, Some(at(Scope::Private, "192.168.1.2")));
    Review::new(input(stated, "192.168.1.2")).unwrap()
}

fn stating(action: &str) -> Review {
    office(&format!("spdadd 192.168.1.1 192.168.1.2 udp -P out {action}"))
}

fn approved(review: &Review, answer: &Answer) -> Vec<Entry> {
    match review.answer(answer, NOW) {
        Ok(Decision::Approved(approved)) => approved.entries().to_vec(),
        other => panic!("{other:?}"),
    }
}

fn looser(review: &Review, answer: &Answer) -> Vec<String> {
    match review.answer(answer, NOW) {
        Ok(Decision::Looser { fields }) => fields,
        other => panic!("{other:?}"),
    }
}

fn rules(text: &str) -> Answer {
    Answer::Rules(parse_action(text).unwrap())
}

/// Ours for TCP is another than that for UDP: what theirs says of any protocol is held against both, what it says of TCP against that alone.
#[test]
fn entries_for_tcp_are_compared_too() {
    let rows = |policy: &str, ours: &str| {
        let stated = statement(policy, Some(at(Scope::Private, "192.168.1.2")));
        let by_tcp = parse(ours).unwrap();
        let review = Review::new(ReviewInput { by_tcp, ..input(stated, "192.168.1.2") }).unwrap();
        let row = |row: &Difference| (row.field.clone(), row.ours.clone(), row.relation);
        review.differences.iter().filter(|row| row.field.ends_with("action")).map(row).collect::<Vec<_>>()
    };
    let esp = "ipsec esp/transport//require";
    let theirs = |upper: &str| format!("spdadd 192.168.1.1 192.168.1.2 {upper} -P out {esp};");
    let clear = "spdadd any any tcp -P out none; spdadd any any tcp -P in none;";
    let named = |field: &str, ours: &str, relation| (field.to_owned(), ours.to_owned(), relation);
    let udp = [named("out action", esp, Tightness::Same), named("in action", esp, Tightness::Same)];
    let [out, inward] = udp.clone();
    let [out_tcp, in_tcp] = ["out tcp action", "in tcp action"].map(|field| named(field, "none", Tightness::Tighter));
    assert_eq!(rows(&theirs("any"), clear), [out, out_tcp, inward, in_tcp]);
    assert_eq!(rows(&theirs("udp"), clear), udp);
    let tcp = ["out action", "in action"].map(|field| named(field, "none", Tightness::Tighter));
    assert_eq!(rows(&theirs("tcp"), clear), tcp);
    // One for any protocol rules TCP as it does UDP: there is one row.
    assert_eq!(rows(&theirs("any"), "spdadd any any any -P out none;"), udp);
}

/// FIG. 8: the office, any ports, udp, none; approved as it is.
#[test]
fn first_embodiment() {
    let review = stating("none");
    assert_eq!(review.advice.least, Action::None);
    assert_eq!(review.advice.verdict, Verdict::Enough);
    assert_eq!(review.cuts, [""; 0]);
    let fields: Vec<_> = review
        .differences
        .iter()
        .map(|row| (row.field.as_str(), row.ours.as_str(), row.theirs.as_str(), row.relation))
        .collect();
    let esp = "ipsec esp/transport//require";
    assert_eq!(
        fields,
        [
            ("out action", esp, "none", Tightness::Looser),
            ("out esp level", "require", "-", Tightness::Looser),
            ("in action", esp, "none", Tightness::Looser),
            ("in esp level", "require", "-", Tightness::Looser),
        ]
    );
    let Ok(Decision::Approved(approved)) = review.answer(&Answer::Approve, NOW) else { panic!() };
    let scope =
        "# sv: entity=sip:bob@192.168.1.2 device=bobs-phone place=private/private origin=review created=1700000000\n";
    assert_eq!(
        write(approved.entries()),
        format!(
            "spdadd 192.168.1.1/32[any] 192.168.1.2/32[any] udp -P out none; {scope}\
             spdadd 192.168.1.2/32[any] 192.168.1.1/32[any] udp -P in none; {scope}"
        )
    );
    assert_eq!(approved.generation(), Generation(4));
    assert_eq!((approved.origin(), approved.peer().unwrap().signing_key), (Origin::Review, VerifyKey([2; 32])));
}

/// A suite is a capability and no strength, but approving takes it over: it has to be seen.
#[test]
fn suites_that_differ_are_neither_tighter_nor_looser_and_are_not_hidden() {
    let review =
        office("spdadd 192.168.1.1 192.168.1.2 udp -P out ipsec esp/transport//require; # sv: suites=aes-128-gcm");
    let row = review.differences.iter().find(|row| row.field == "out suites").unwrap();
    assert_eq!((row.ours.as_str(), row.theirs.as_str()), ("any", "aes-128-gcm"));
    assert_eq!(row.relation, Tightness::Incomparable);
}

/// FIG. 12 and 13: the peer is outside and says none; tightened to ah and esp, require, without negotiation.
#[test]
fn second_embodiment() {
    let peer = "133.134.10.10";
    let stated = statement("spdadd 192.168.1.1 133.134.10.10 udp -P out none;", Some(at(Scope::Public, peer)));
    let review = Review::new(input(stated, peer)).unwrap();
    assert_eq!(review.advice.least.to_string(), "ipsec esp/transport//require");
    assert_eq!((review.advice.verdict, review.advice.octets_per_packet), (Verdict::BelowAdvice, 42));
    let entries = approved(&review, &rules(BOTH));
    assert_eq!(entries.len(), 2);
    for entry in &entries {
        assert_eq!(entry.action.to_string(), "ipsec esp/transport//require ah/transport//require");
        assert_eq!(entry.place, Some(PlaceCondition { ours: Scope::Private, theirs: Scope::Public }));
    }
}

/// Alice approved none, Bob then asks esp/require: the missing rule is named, and added in one step.
#[test]
fn third_embodiment() {
    let before = approved(&stating("none"), &Answer::Approve);
    let stated = statement("spdadd 192.168.1.1 192.168.1.2 udp -P out ipsec esp/transport//require;", None);
    let review = Review::new(ReviewInput { current: before, ..input(stated, "192.168.1.2") }).unwrap();
    let missing = review.missing_rules();
    assert_eq!(missing, [Rule::transport(Protocol::Esp, Level::Require)]);
    assert_eq!(review.tightened_to(&missing), rules("ipsec esp/transport//require"));
    approved(&review, &review.tightened_to(&missing));
    assert_eq!(
        looser(&review, &rules("none")),
        [
            "out action: you said none, the peer asks ipsec esp/transport//require",
            "in action: you said none, the peer asks ipsec esp/transport//require"
        ]
    );
}

#[test]
fn a_looser_or_incomparable_answer_names_its_fields() {
    let review = stating("ipsec esp/transport//require");
    assert_eq!(
        looser(&review, &rules("ipsec esp/transport//use"))[0],
        "out esp level: you said use, the peer asks require"
    );
    assert_eq!(
        looser(&review, &rules("ipsec ah/transport//require"))[0],
        "out esp: you left it out, the peer asks require"
    );
    approved(&review, &rules("ipsec esp/transport//default"));
    approved(&review, &rules("discard"));
    assert_eq!(
        looser(&stating("discard"), &rules(BOTH))[0],
        format!("out action: you said {}, the peer asks discard", parse_action(BOTH).unwrap())
    );
}

/// What a user sees while he types is what becomes of it when he says so.
#[test]
fn an_answer_is_weighed_as_it_would_be_acted_on() {
    let review = stating("none");
    let weigh = |action: &str| review.weigh(&rules(action), NOW).unwrap();
    let row = |weighed: &Weighed, field: &str| weighed.fields.iter().find(|row| row.field == field).unwrap().clone();
    let relations = |row: &WeighedField| {
        (row.theirs.as_ref().map(|held| held.relation), row.current.as_ref().map(|held| held.relation))
    };
    let esp = weigh("ipsec esp/transport//require");
    let action = row(&esp, "out action");
    assert_eq!(relations(&action), (Some(Tightness::Tighter), Some(Tightness::Same)));
    assert_eq!(
        (action.theirs.unwrap().value.as_str(), action.current.unwrap().value.as_str()),
        ("none", "ipsec esp/transport//require")
    );
    assert_eq!((esp.looser.len(), esp.verdict, esp.octets_per_packet), (0, Verdict::MoreThanNeeded, 42));
    let none = weigh("none");
    assert_eq!(relations(&row(&none, "in action")), (Some(Tightness::Same), Some(Tightness::Looser)));
    assert_eq!((none.looser.len(), none.octets_per_packet), (0, 0));

    let asked = stating("ipsec esp/transport//require");
    let weighed = asked.weigh(&rules("none"), NOW).unwrap();
    assert_eq!(weighed.looser, looser(&asked, &rules("none")));
    assert_eq!(relations(&row(&weighed, "out action")), (Some(Tightness::Looser), Some(Tightness::Looser)));
    assert_eq!(row(&weighed, "out esp level").yours, "-");
    assert!(asked.weigh(&rules("ipsec esp/tunnel/192.168.1.1-192.168.1.2/require"), NOW).is_err());
}

#[test]
fn an_edit_may_tighten_a_part_but_leave_out_nothing() {
    let review = stating("ipsec esp/transport//require");
    let edit = |text: &str| Answer::Edit(parse(text).unwrap());
    let two = edit(&format!(
        "spdadd any any udp -P out ipsec esp/transport//require; spdadd any any[5004-5005] udp -P out {BOTH};"
    ));
    assert_eq!(approved(&review, &two).len(), 4);
    let hole = edit("spdadd any any[5004-5005] udp -P out ipsec esp/transport//require;");
    assert_eq!(
        looser(&review, &hole)[0],
        "out udp 192.168.1.1[any] -> 192.168.1.2[0-5003]: your entries leave these packets out, the peer asks ipsec \
         esp/transport//require"
    );
    let hidden = edit("spdadd any any udp -P out ipsec esp/transport//require; spdadd any any[9] udp -P out none;");
    assert_eq!(
        looser(&review, &hidden)[0],
        "out udp 192.168.1.1[any] -> 192.168.1.2[9] action: you said none, the peer asks ipsec esp/transport//require"
    );
    let foreign = edit("spdadd any 10.0.0.1 udp -P out none;");
    assert!(matches!(review.answer(&foreign, NOW), Err(AnswerError::NotBetweenUs { .. })));
    assert_eq!(review.answer(&edit(""), NOW).unwrap_err(), AnswerError::Nothing);
    let lapsed = edit("spdadd any any udp -P out discard; # sv: expires=1");
    assert!(matches!(review.answer(&lapsed, NOW), Err(AnswerError::Expired { .. })));
}

#[test]
fn a_policy_that_has_lapsed_is_no_excuse_for_a_looser_answer() {
    let review = stating("ipsec esp/transport//require; # sv: expires=1\n");
    assert!(matches!(review.answer(&Answer::Approve, NOW), Err(AnswerError::Expired { .. })));
    let edit = Answer::Edit(parse("spdadd any any udp -P out none").unwrap());
    assert_eq!(looser(&review, &edit).len(), 2);
}

#[test]
fn an_edit_cannot_speak_for_somebody_else() {
    let text = "spdadd any any any -P out none; # sv: id=e9 entity=sip:eve@h device=d9 origin=config created=1 place=public/public";
    for entry in approved(&stating("none"), &Answer::Edit(parse(text).unwrap())) {
        assert_eq!(entry.peer, cut::scope(&stating("none").statement));
        assert_eq!((entry.id.0, entry.origin, entry.created), (0, Origin::Review, NOW));
        assert_eq!(entry.place, Some(PlaceCondition { ours: Scope::Private, theirs: Scope::Private }));
        assert_eq!(
            entry.selector.source,
            crate::policy::Prefix::host(if entry.direction == Direction::Out {
                ip("192.168.1.1")
            } else {
                ip("192.168.1.2")
            })
        );
    }
}

#[test]
fn a_hostile_any_any_none_weakens_nobody_else() {
    let review = office("spdadd any any any -P out none; spdadd any 10.0.0.0/8 any -P in none;");
    assert_eq!(
        review.cuts,
        [
            "policy 1 (out): any -> any is cut to 192.168.1.1/32 -> 192.168.1.2/32",
            "policy 2 (in): any -> 10.0.0.0/8 is not between the two of you, and is left out"
        ]
    );
    let entries = approved(&review, &Answer::Approve);
    assert_eq!(entries.len(), 2, "the direction that was left out is mirrored");
    let spd = Spd::compile(Generation(5), entries, parse("spdadd any any any -P out discard").unwrap());
    let (eve, phone) = (Entity::parse("sip:eve@192.168.1.2").unwrap(), Device::new("bobs-phone").unwrap());
    let (bob, other) = (Entity::parse("sip:bob@192.168.1.2").unwrap(), Device::new("bobs-laptop").unwrap());
    let why = |destination: &str, peer| {
        let (source, destination) = ("192.168.1.1:1".parse().unwrap(), destination.parse().unwrap());
        let flow = Flow { source, destination, upper: Upper::Udp, direction: Direction::Out, peer };
        spd.lookup(&flow, NOW).why
    };
    assert_eq!(why("192.168.1.2:1", Some((&bob, &phone))), Why::First);
    for (destination, peer) in [
        ("192.168.1.2:1", None),
        ("192.168.1.2:1", Some((&eve, &phone))),
        ("192.168.1.2:1", Some((&bob, &other))),
        ("192.168.1.3:1", Some((&bob, &phone))),
    ] {
        assert_eq!(why(destination, peer), Why::Default, "{destination} {peer:?}");
    }
}

#[test]
fn what_cannot_be_reviewed_is_refused() {
    let refused = |text: &str| Review::new(input(statement(text, None), "192.168.1.2")).unwrap_err();
    assert_eq!(refused(""), Unreviewable::NoPolicy);
    assert_eq!(refused("spdadd 10.0.0.1 any any -P out none;"), Unreviewable::NotAboutUs);
    assert_eq!(
        refused("spdadd any any any -P out ipsec esp/transport//default;"),
        Unreviewable::DefaultLevel { policy: 1 }
    );
    assert_eq!(refused(&"spdadd any any any -P out none;".repeat(65)), Unreviewable::TooManyPolicies);
    let mut twice = statement("spdadd any any any -P out none;", None);
    let esp = Rule::transport(Protocol::Esp, Level::Use);
    twice.policies[0].action = Action::Ipsec(vec![esp.clone(), esp]);
    let source = RulesError::Twice(Protocol::Esp);
    assert_eq!(Review::new(input(twice, "192.168.1.2")).unwrap_err(), Unreviewable::Rules { policy: 1, source });
}

#[test]
fn sixty_four_policies_with_ports_are_compared() {
    let text: String = (1..=64).map(|n| format!("spdadd any[{n}] any[{n}] udp -P out none;")).collect();
    assert_eq!(approved(&office(&text), &rules(BOTH)).len(), 128);
}

#[test]
fn a_changed_key_stops_every_answer_but_refusal() {
    let pinned = Fingerprint([9; 32]);
    let stated = statement("spdadd any any any -P out none;", None);
    let review =
        Review::new(ReviewInput { key_state: KeyState::Changed { pinned }, ..input(stated, "192.168.1.2") }).unwrap();
    for answer in [Answer::Approve, rules("discard"), Answer::Edit(review.proposed.clone())] {
        assert_eq!(review.answer(&answer, NOW).unwrap_err(), AnswerError::KeyChanged { pinned });
    }
    assert!(matches!(review.answer(&Answer::Refuse, NOW), Ok(Decision::Refused)));
}

#[test]
fn a_changed_key_that_the_user_accepted_may_be_answered() {
    let key_state = KeyState::Accepted { pinned: Fingerprint([9; 32]) };
    let stated = statement("spdadd any any any -P out none;", None);
    let review = Review::new(ReviewInput { key_state, ..input(stated, "192.168.1.2") }).unwrap();
    for answer in [Answer::Approve, rules(BOTH), Answer::Edit(review.proposed.clone())] {
        approved(&review, &answer);
    }
}

#[test]
fn what_a_side_cannot_do_is_named() {
    let unsupported = |review: &Review, answer: &Answer| review.answer(answer, NOW).unwrap_err().to_string();
    let tunnel = rules("ipsec esp/tunnel/192.0.2.1-192.0.2.2/require");
    assert_eq!(unsupported(&stating("none"), &tunnel), "out esp mode: the peer does not support tunnel mode");
    let mut stated = statement("spdadd any any any -P out none;", None);
    stated.supports.protocols = vec![Protocol::Esp];
    let review = Review::new(input(stated, "192.168.1.2")).unwrap();
    assert_eq!(unsupported(&review, &rules(BOTH)), "out protocol: the peer does not support ah");
    let gcm = "spdadd any any any -P out ipsec esp/transport//require; # sv: suites=aes-128-gcm";
    assert_eq!(
        unsupported(&review, &Answer::Edit(parse(gcm).unwrap())),
        "out suites: the peer does not support aes-128-gcm"
    );
}

#[test]
fn a_tunnel_is_approved_between_the_two_ends_and_turned_round_on_the_way_back() {
    let mut stated = statement("spdadd any any any -P out none;", None);
    stated.supports.tunnel = true;
    stated.supports.protocols = Protocol::ALL.to_vec();
    let review = Review::new(input(stated, "192.168.1.2")).unwrap();
    let ours = review.ends().0;
    let here = rules(&format!("ipsec ipcomp/transport//use esp/tunnel/{ours}-192.168.1.2/require"));
    let said: Vec<String> = approved(&review, &here).iter().map(|entry| entry.action.to_string()).collect();
    assert_eq!(
        said,
        [
            format!("ipsec ipcomp/transport//use esp/tunnel/{ours}-192.168.1.2/require"),
            format!("ipsec ipcomp/transport//use esp/tunnel/192.168.1.2-{ours}/require"),
        ]
    );
    let why = review.answer(&rules("ipsec esp/tunnel/192.0.2.1-192.0.2.2/require"), NOW).unwrap_err();
    let failure = why.failure("bob");
    assert_eq!(failure.code, "tunnel-elsewhere");
    assert!(failure.message.contains("nor at a gateway that you approved"), "{}", failure.message);
    assert!(failure.next.contains(&format!("esp/tunnel/{ours}-192.168.1.2/require")), "{}", failure.next);
}

#[test]
fn surroundings_are_stated_withheld_or_not_asked() {
    let with = |wanted_presence, environment| {
        let stated = statement("spdadd any any any -P out none;", environment);
        let review = Review::new(ReviewInput { wanted_presence, ..input(stated, "133.134.10.10") }).unwrap();
        (review.surroundings, review.advice.verdict)
    };
    let outside = at(Scope::Public, "133.134.10.10");
    assert_eq!(with(true, Some(outside)), (Surroundings::Stated(outside), Verdict::BelowAdvice));
    assert_eq!(with(false, Some(outside)), (Surroundings::NotAsked, Verdict::BelowAdvice));
    let inference = "Our inference: yours is private, theirs public: probably outside.".to_owned();
    assert_eq!(with(true, None), (Surroundings::Withheld { inference }, Verdict::BelowAdvice));
}

#[test]
fn entries_of_our_own_need_no_peer_and_claim_nothing() {
    let entries = parse("spdadd any any any -P out none; # sv: id=e4 created=1 origin=config").unwrap();
    let own = Approved::own(entries, Origin::Import, Generation(2), NOW).unwrap();
    assert_eq!((own.peer(), own.origin()), (None, Origin::Import));
    assert_eq!((own.entries()[0].id.0, own.entries()[0].created, own.entries()[0].origin), (0, NOW, Origin::Import));
    let bad = [
        "",
        "spdadd any any any -P out ipsec ah/transport//use; # sv: tfc=on",
        "spdadd any any any -P out ipsec ipcomp/transport//use esp/transport//use; # sv: tfc=on",
    ];
    for text in bad {
        assert!(Approved::own(parse(text).unwrap(), Origin::User, Generation(2), NOW).is_err(), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever is approved guarantees at least what the peer asked, and nothing tighter is called looser.
    #[test]
    fn approval_is_exactly_at_least_as_tight(asked in strategies::action(), said in strategies::action()) {
        let asked = asked.resolved(Level::Use);
        let review = stating(&asked.to_string());
        let compressed = said.rule(Protocol::Ipcomp).is_some();
        let tight = Guarantee::of(&said, Level::Require).at_least_as_tight_as(&Guarantee::of(&asked, Level::Require));
        match review.answer(&Answer::Rules(said), NOW) {
            Ok(Decision::Approved(_)) => prop_assert!(tight && !compressed),
            Ok(Decision::Looser { fields }) => prop_assert!(!tight && !fields.is_empty()),
            Ok(Decision::Countered { .. } | Decision::Proposed(_) | Decision::Refused) => prop_assert!(false),
            Err(_) => prop_assert!(compressed),
        }
    }

    /// One step is enough, whatever was missing.
    #[test]
    fn the_tightened_answer_is_never_looser(asked in strategies::action(), more in strategies::action()) {
        let review = stating(&asked.resolved(Level::Require).to_string());
        let answer = review.tightened_to(more.rules());
        let looser = matches!(review.answer(&answer, NOW), Ok(Decision::Looser { .. }));
        prop_assert!(!looser, "{answer:?}");
    }
}

fn proposing(text: &str) -> Answer {
    Answer::Propose { answer: Box::new(rules(text)), note: Some("please".into()) }
}

/// Bob's word on a proposal: whose it is, what it answers, and what he says.
fn said(key: u8, decision: ProposalDecision, hash: u8) -> Statement {
    let answer = ProposalAnswer { proposal: Digest([hash; 32]), decision, policies: vec![], note: None };
    Statement {
        purpose: Purpose::Answer,
        answer: Some(answer),
        signing_key: VerifyKey([key; 32]),
        ..statement("spdadd 192.168.1.1 192.168.1.2 udp -P out none", None)
    }
}

#[test]
fn what_is_looser_is_approved_by_the_peers_word_alone() {
    let review = stating(BOTH);
    let propose = || match review.answer(&proposing("ipsec esp/transport//require"), NOW) {
        Ok(Decision::Proposed(proposed)) => proposed,
        other => panic!("{other:?}"),
    };
    let proposed = propose();
    assert_eq!(proposed.note(), Some("please"));
    assert_eq!(proposed.fields()[0], "out ah: you left it out, the peer asks require");
    let policies = proposed.policies(Level::Require);
    let ways: Vec<Direction> = policies.iter().map(|policy| policy.direction).collect();
    assert_eq!(ways, [Direction::Out, Direction::In]);
    assert_eq!(policies[0].selector.source, Prefix::host(ip("192.168.1.2")), "as the peer sees it");
    let hash = Digest([7; 32]);
    use ProposalDecision::{Accepted, Countered, Refused};
    for (answer, why) in [
        (said(9, Accepted, 7), NotAgreed::Another),
        (said(2, Accepted, 8), NotAgreed::AnotherProposal),
        (said(2, Refused, 7), NotAgreed::NotAccepted),
        (said(2, Countered, 7), NotAgreed::NotAccepted),
        (Statement { purpose: Purpose::Notify, ..said(2, Accepted, 7) }, NotAgreed::Another),
    ] {
        assert_eq!(propose().agreed(&answer, &hash), Err(why));
    }
    let agreed = propose().agreed(&said(2, Accepted, 7), &hash).unwrap();
    assert_eq!(agreed.entries()[0].action.to_string(), "ipsec esp/transport//require");
    assert!(agreed.peer().is_some());
    // What is not looser needs nobody's word.
    assert!(matches!(review.answer(&proposing(BOTH), NOW), Ok(Decision::Approved(_))));
}

#[test]
fn a_proposal_is_accepted_as_it_is_or_countered() {
    for kind in [ReviewKind::Proposal, ReviewKind::Counter] {
        let stated = statement("spdadd 192.168.1.1 192.168.1.2 udp -P out none", None);
        let review = Review::new(ReviewInput { kind, ..input(stated, "192.168.1.2") }).unwrap();
        assert_eq!(approved(&review, &Answer::Approve)[0].action, Action::None);
        assert_eq!(approved(&review, &rules("none"))[0].action, Action::None);
        // Tighter than proposed is another policy all the same: the peer would offer one hash, and we expect another.
        let fields = looser(&review, &rules(BOTH));
        assert!(fields[0].starts_with("out: you said ipsec"), "{fields:?}");
        match (kind, review.answer(&proposing(BOTH), NOW)) {
            (ReviewKind::Proposal, Ok(Decision::Countered { approved, note })) => {
                assert_eq!((approved.entries().len(), note.as_deref()), (2, Some("please")));
            }
            (ReviewKind::Counter, Ok(Decision::Proposed(_))) => {}
            (kind, other) => panic!("{kind:?} {other:?}"),
        }
    }
}

#[test]
fn a_pending_entry_is_beside_what_it_was_agreed_against_and_nothing_else() {
    let review = stating("none");
    let Ok(Decision::Approved(approved)) = review.answer(&Answer::Approve, NOW) else { panic!() };
    let against: Vec<Digest> = review.current.iter().map(Entry::digest).collect();
    let terms = Terms { hash: Digest([1; 32]), proposal: Digest([2; 32]), against, since: NOW };
    let pending = Pending::of(&approved, terms.clone()).unwrap();
    let spd = |text: &str| {
        Spd::compile(Generation(1), parse(text).unwrap(), review.current.clone()).with_pending(vec![pending.clone()])
    };
    let (entity, device) = (review.statement.entity.clone(), review.statement.device.clone());
    let peer = Some((&entity, &device));
    let [source, destination] = ["192.168.1.2:16384", "192.168.1.1:16384"].map(|end| end.parse().unwrap());
    let flow = Flow { source, destination, upper: Upper::Udp, direction: Direction::In, peer };
    let beside = |spd: &Spd, flow: Flow<'_>| {
        let ruling = spd.lookup(&flow, NOW).entry.clone();
        spd.pending_beside(&ruling, &flow, NOW).map(|entry| entry.action.clone())
    };
    assert_eq!(beside(&spd(""), flow), Some(Action::None));
    assert_eq!(beside(&spd("spdadd any any udp -P in discard; # sv: priority=1"), flow), None, "a newer entry rules");
    assert_eq!(beside(&spd(""), Flow { peer: None, ..flow }), None, "somebody else's packet");
    let elsewhere = Flow { source: "192.168.1.3:16384".parse().unwrap(), ..flow };
    assert_eq!(beside(&spd(""), elsewhere), None);
    let own = Approved::own(parse("spdadd any any udp -P in none").unwrap(), Origin::User, Generation(1), NOW).unwrap();
    assert!(Pending::of(&own, terms).is_none(), "nobody's");
}
