//! What holds for every statement: it is read as it was written, and no field of it can be changed.

use std::net::IpAddr;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::sample::{answer, fig5, full, proposal, sign, verify_key};
use crate::policy::*;
use crate::presence::{canonical_text, is_writable, read, write};
use crate::vocab::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_statement_is_read_as_it_was_written(statement in statement()) {
        let signed = sign(statement, 7);
        let mut document = read(&write(&signed)).unwrap();
        prop_assert_eq!(document.tuples.remove(0).signed, Some(Ok(signed.clone())));
        prop_assert!(signed.verify().is_ok());
    }

    #[test]
    fn two_statements_have_two_texts(a in statement(), b in statement()) {
        prop_assert_eq!(a == b, canonical_text(&a) == canonical_text(&b));
    }

    /// Each field and each part of one in turn is taken from another statement: where that changes anything, the signature is void.
    #[test]
    fn no_field_can_be_changed(original in statement(), other in statement()) {
        let signature = sign(original.clone(), 7).signature;
        for (name, replace) in REPLACE.into_iter().chain(PARTS) {
            let mut statement = original.clone();
            replace(&mut statement, &other);
            let forged = crate::presence::Signed { statement: statement.clone(), signature };
            prop_assert_eq!(forged.verify().is_ok(), statement == original, "{}", name);
        }
    }

    #[test]
    fn no_octets_panic(octets in vec(any::<u8>(), 0..256)) {
        let _ = read(&octets);
    }

    #[test]
    fn no_damage_panics(cuts in vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut document = write(&sign(full(), 7));
        for (at, octet) in cuts {
            let at = at.index(document.len());
            document[at] = octet;
        }
        let _ = read(&document);
    }
}

type Change = fn(&mut Statement);
type Replace = fn(&mut Statement, &Statement);

/// Every field of a statement. [`every_field_is_in_the_list`] does not compile when one is added.
const REPLACE: [(&str, Replace); 19] = [
    ("entity", |s, o| s.entity = o.entity.clone()),
    ("contact", |s, o| s.contact = o.contact.clone()),
    ("device", |s, o| s.device = o.device.clone()),
    ("version", |s, o| s.version = o.version),
    ("issued", |s, o| s.issued = o.issued),
    ("expires", |s, o| s.expires = o.expires),
    ("purpose", |s, o| s.purpose = o.purpose),
    ("audience", |s, o| s.audience = o.audience.clone()),
    ("nonce", |s, o| s.nonce = o.nonce),
    ("person", |s, o| s.person = o.person.clone()),
    ("environment", |s, o| s.environment = o.environment),
    ("signing_key", |s, _| s.signing_key = verify_key(8)),
    ("agreement_key", |s, o| s.agreement_key = o.agreement_key),
    ("signed_by", |s, o| s.signed_by = o.signed_by),
    ("supports", |s, o| s.supports = o.supports.clone()),
    ("policies", |s, o| s.policies = o.policies.clone()),
    ("request", |s, o| s.request = o.request),
    ("proposal", |s, o| s.proposal = o.proposal.clone()),
    ("answer", |s, o| s.answer = o.answer.clone()),
];

/// Parts of fields; where either statement lacks the field nothing changes.
const PARTS: [(&str, Replace); 21] = [
    ("user", |s, o| both(&mut s.person, &o.person, |s, o| s.user = o.user.clone())),
    ("place", |s, o| both(&mut s.person, &o.person, |s, o| s.place = o.place.clone())),
    ("scope", |s, o| both(&mut s.environment, &o.environment, |s, o| s.scope = o.scope)),
    ("evidence", |s, o| both(&mut s.environment, &o.environment, |s, o| s.evidence = o.evidence)),
    ("address", |s, o| both(&mut s.environment, &o.environment, |s, o| s.address = o.address)),
    ("key", |s, o| both(&mut s.signed_by, &o.signed_by, |s, o| s.0 = o.0)),
    ("vouch", |s, o| both(&mut s.signed_by, &o.signed_by, |s, o| s.1 = o.1)),
    ("protocols", |s, o| s.supports.protocols = o.supports.protocols.clone()),
    ("tunnel", |s, o| s.supports.tunnel = o.supports.tunnel),
    ("suites", |s, o| s.supports.suites = o.supports.suites.clone()),
    ("codecs", |s, o| s.supports.codecs = o.supports.codecs.clone()),
    ("kem", |s, o| s.supports.kem = o.supports.kem.clone()),
    ("policy direction", |s, o| first(s, o, |s, o| s.direction = o.direction)),
    ("policy action", |s, o| first(s, o, |s, o| s.action = o.action.clone())),
    ("policy source", |s, o| first(s, o, |s, o| s.selector.source = o.selector.source)),
    ("policy source ports", |s, o| first(s, o, |s, o| s.selector.source_ports = o.selector.source_ports)),
    ("policy destination", |s, o| first(s, o, |s, o| s.selector.destination = o.selector.destination)),
    ("policy destination ports", |s, o| {
        first(s, o, |s, o| s.selector.destination_ports = o.selector.destination_ports)
    }),
    ("policy upper", |s, o| first(s, o, |s, o| s.selector.upper = o.selector.upper)),
    ("policy suites", |s, o| first(s, o, |s, o| s.suites = o.suites.clone())),
    ("policy expiry", |s, o| first(s, o, |s, o| s.expires = o.expires)),
];

fn both<T>(ours: &mut Option<T>, other: &Option<T>, replace: fn(&mut T, &T)) {
    if let (Some(ours), Some(other)) = (ours, other) {
        replace(ours, other);
    }
}

fn first(statement: &mut Statement, other: &Statement, replace: fn(&mut StatedPolicy, &StatedPolicy)) {
    if let (Some(ours), Some(other)) = (statement.policies.first_mut(), other.policies.first()) {
        replace(ours, other);
    }
}

#[test]
fn every_field_is_in_the_list() {
    let Statement {
        entity: _,
        contact: _,
        device: _,
        version: _,
        issued: _,
        expires: _,
        purpose: _,
        audience: _,
        nonce: _,
        person: _,
        environment: _,
        signing_key: _,
        agreement_key: _,
        signed_by: _,
        supports: _,
        policies: _,
        request: _,
        proposal: _,
        answer: _,
    } = fig5();
    assert_eq!(REPLACE.len(), 19);
}

/// What the generator of whole fields might miss: each part of a field, changed by the least step.
#[test]
fn no_part_of_a_field_can_be_changed() {
    let changes: [(&str, Change); 25] = [
        ("user", |s| s.person.as_mut().unwrap().user = None),
        ("place", |s| s.person.as_mut().unwrap().place = Some(PeerText::new("office"))),
        ("empty user", |s| s.person.as_mut().unwrap().user = Some(PeerText::new(""))),
        ("scope", |s| s.environment.as_mut().unwrap().scope = Scope::Public),
        ("evidence", |s| s.environment.as_mut().unwrap().evidence = Evidence::User),
        ("address", |s| s.environment.as_mut().unwrap().address = None),
        ("vouching key", |s| s.signed_by.as_mut().unwrap().0 .0[0] ^= 1),
        ("vouch", |s| s.signed_by.as_mut().unwrap().1 .0[63] ^= 1),
        ("protocols", |s| s.supports.protocols.reverse()),
        ("tunnel", |s| s.supports.tunnel = !s.supports.tunnel),
        ("suites", |s| s.supports.suites.truncate(1)),
        ("codecs", |s| s.supports.codecs.reverse()),
        ("kem", |s| s.supports.kem.clear()),
        ("order of policies", |s| s.policies.reverse()),
        ("policy id", |s| s.policies[1].id = PeerText::new("p3")),
        ("direction", |s| s.policies[1].direction = Direction::Out),
        ("action", |s| s.policies[0].action = Action::Discard),
        ("level", |s| with_rule(s, |rule| rule.level = Level::Use)),
        ("mode", |s| with_rule(s, |rule| rule.mode = Mode::Transport)),
        ("source", |s| s.policies[0].selector.source = Prefix::Any),
        ("source port", |s| s.policies[1].selector.source_ports = Ports::one(5061)),
        ("destination", |s| s.policies[0].selector.destination = Prefix::Any),
        ("destination port", |s| s.policies[1].selector.destination_ports = Ports::Any),
        ("policy suites", |s| s.policies[1].suites.clear()),
        ("policy expiry", |s| s.policies[1].expires = None),
    ];
    let signature = sign(full(), 7).signature;
    for (name, change) in changes {
        let mut statement = full();
        change(&mut statement);
        assert_ne!(statement, full(), "{name}");
        assert!(crate::presence::Signed { statement, signature }.verify().is_err(), "{name}");
    }
}

#[test]
fn no_part_of_a_proposal_or_its_answer_can_be_changed() {
    let proposed = |change: fn(&mut Proposal)| {
        let mut statement = proposal();
        change(statement.proposal.as_mut().unwrap());
        (statement, proposal())
    };
    let answered = |change: fn(&mut ProposalAnswer)| {
        let mut statement = answer();
        change(statement.answer.as_mut().unwrap());
        (statement, answer())
    };
    for (changed, original) in [
        proposed(|p| p.id = PeerText::new("x")),
        proposed(|p| p.note = None),
        proposed(|p| p.policies.truncate(1)),
        proposed(|p| p.policies.reverse()),
        proposed(|p| p.policies[0].action = Action::Discard),
        answered(|a| a.proposal.0[0] ^= 1),
        answered(|a| a.note = Some(PeerText::new(""))),
        answered(|a| a.policies.clear()),
        answered(|a| a.decision = ProposalDecision::Accepted),
    ] {
        assert_ne!(changed, original);
        let signature = sign(original, 7).signature;
        assert!(crate::presence::Signed { statement: changed, signature }.verify().is_err());
    }
}

/// The tunnelled rule of the sample.
fn with_rule(statement: &mut Statement, change: impl Fn(&mut Rule)) {
    let Action::Ipsec(rules) = &mut statement.policies[1].action else { panic!("the sample has rules") };
    change(&mut rules[1]);
}

prop_compose! {
    fn statement()(
        (entity, device, version) in (entity(), device(), any::<u64>()),
        contact in "sips?:[a-z0-9.]{1,20}@[a-z0-9.]{1,20}(:[0-9]{1,4})?",
        (issued, expires) in (seconds(), seconds()),
        (purpose, audience) in (select(vec![Purpose::Notify, Purpose::Publish, Purpose::Request]), audience()),
        (nonce, agreement) in any::<([u8; 16], [u8; 32])>(),
        person in option::of((option::of(free_text()), option::of(free_text()))),
        environment in option::of(environment()),
        signed_by in option::of((any::<[u8; 32]>(), any::<([u8; 32], [u8; 32])>())),
        supports in supports(),
        policies in vec(stated_policy(), 0..4),
        negotiated in negotiated(),
        request in option::of((any::<bool>(), any::<bool>(), any::<bool>()).prop_filter("one", |(a, b, c)| *a || *b || *c)),
    ) -> Statement {
        let (purpose, proposal, answer) = match negotiated {
            (Some(proposal), _) => (Purpose::Proposal, Some(proposal), None),
            (None, Some(answer)) => (Purpose::Answer, None, Some(answer)),
            (None, None) => (purpose, None, None),
        };
        Statement {
            entity, device, version, issued, expires, purpose, proposal, answer, audience, environment, supports,
            contact: PeerText::new(contact),
            nonce: Nonce(nonce),
            person: person.map(|(user, place)| Person { user, place }),
            signing_key: verify_key(7),
            agreement_key: AgreementKey(agreement),
            signed_by: signed_by.map(|(key, (r, s))| {
                (VerifyKey(key), SignatureBytes::from_slice(&[r, s].concat()).unwrap())
            }),
            policies: numbered(policies),
            request: request.map(|(presence, policy, watchers)| Wanted { presence, policy, watchers }),
        }
    }
}

fn numbered(policies: Vec<StatedPolicy>) -> Vec<StatedPolicy> {
    let number = |(i, policy): (usize, StatedPolicy)| StatedPolicy {
        id: PeerText::new(format!("{i}{}", policy.id.raw())),
        ..policy
    };
    policies.into_iter().enumerate().map(number).collect()
}

fn negotiated() -> impl Strategy<Value = (Option<Proposal>, Option<ProposalAnswer>)> {
    let policies = || vec(stated_policy(), 1..3).prop_map(numbered);
    let proposal = ("[a-z]{1,8}", policies(), option::of(free_text())).prop_map(|(id, policies, note)| Proposal {
        id: PeerText::new(id),
        policies,
        note,
    });
    let answer = (any::<[u8; 32]>(), select(ProposalDecision::ALL.to_vec()), policies(), option::of(free_text()))
        .prop_map(|(hash, decision, policies, note)| {
            let policies = if decision == ProposalDecision::Countered { policies } else { Vec::new() };
            ProposalAnswer { proposal: Digest(hash), decision, policies, note }
        });
    (option::of(proposal), option::of(answer))
}

fn entity() -> impl Strategy<Value = Entity> {
    "(sip|sips|pres):([A-Za-z0-9._%]{1,8}@)?[a-z0-9.]{1,12}".prop_map(|text| Entity::parse(&text).unwrap())
}

fn device() -> impl Strategy<Value = Device> {
    "[!-~]{1,24}".prop_map(|text| Device::new(&text).unwrap())
}

fn audience() -> impl Strategy<Value = Audience> {
    prop_oneof![Just(Audience::Any), device().prop_map(Audience::Device), entity().prop_map(Audience::Entity)]
}

fn seconds() -> impl Strategy<Value = Wall> {
    (0u64..=253_402_300_799).prop_map(Wall::from_secs)
}

fn free_text() -> impl Strategy<Value = PeerText> {
    let any_text = any::<String>().prop_filter("writable and short", |text| is_writable(text) && text.len() <= 256);
    prop_oneof![any_text, "[ \t\r\n<>&\"'%a]{0,8}", "office|external"].prop_map(PeerText::new)
}

fn environment() -> impl Strategy<Value = Environment> {
    (select(Scope::ALL.to_vec()), select(Evidence::ALL.to_vec()), option::of(any::<IpAddr>()))
        .prop_map(|(scope, evidence, address)| Environment { scope, evidence, address })
}

fn supports() -> impl Strategy<Value = Capabilities> {
    let tokens = || subsequence(vec!["PCMU", "PCMA", "opus", "<&>"], 0..=4);
    let protocols = subsequence(vec![Protocol::Ipcomp, Protocol::Esp, Protocol::Ah], 0..=3).prop_shuffle();
    let texts = |tokens: Vec<&str>| tokens.into_iter().map(PeerText::new).collect();
    (protocols, any::<bool>(), subsequence(Suite::ALL.to_vec(), 0..=3), tokens(), tokens()).prop_map(
        move |(protocols, tunnel, suites, codecs, kem)| Capabilities {
            protocols,
            tunnel,
            suites,
            codecs: texts(codecs),
            kem: texts(kem),
        },
    )
}

prop_compose! {
    fn stated_policy()(
        id in "[!-~]{0,12}",
        direction in select(vec![Direction::In, Direction::Out]),
        action in action(),
        selector in selector(),
        suites in subsequence(Suite::ALL.to_vec(), 0..=3),
        expires in option::of(seconds()),
    ) -> StatedPolicy {
        StatedPolicy { id: PeerText::new(id), direction, action, selector, suites, keying: Keying::Agreement, expires }
    }
}

fn action() -> impl Strategy<Value = Action> {
    let rules = subsequence(vec![Protocol::Ipcomp, Protocol::Esp, Protocol::Ah], 1..=3)
        .prop_flat_map(|protocols| protocols.into_iter().map(rule).collect::<Vec<_>>());
    prop_oneof![Just(Action::Discard), Just(Action::None), rules.prop_map(Action::Ipsec)]
}

fn rule(protocol: Protocol) -> impl Strategy<Value = Rule> {
    let v4 = any::<([u8; 4], [u8; 4])>().prop_map(|(a, b)| (IpAddr::from(a), IpAddr::from(b)));
    let v6 = any::<([u8; 16], [u8; 16])>().prop_map(|(a, b)| (IpAddr::from(a), IpAddr::from(b)));
    let tunnel = prop_oneof![v4, v6].prop_map(|(source, destination)| Mode::Tunnel { source, destination });
    let mode = prop_oneof![Just(Mode::Transport), tunnel];
    (mode, select(vec![Level::Use, Level::Require, Level::Unique])).prop_map(move |(mode, level)| Rule {
        protocol,
        mode,
        level,
    })
}

fn selector() -> impl Strategy<Value = Selector> {
    let upper = select(vec![Upper::Any, Upper::Tcp, Upper::Udp]);
    (any::<bool>(), any::<([u8; 16], u8, [u8; 16], u8)>(), any::<(bool, bool)>(), ports(), ports(), upper).prop_map(
        |(v4, (source, source_len, destination, destination_len), any, source_ports, destination_ports, upper)| {
            Selector {
                source: if any.0 { Prefix::Any } else { prefix(v4, source, source_len) },
                source_ports,
                destination: if any.1 { Prefix::Any } else { prefix(v4, destination, destination_len) },
                destination_ports,
                upper,
            }
        },
    )
}

fn prefix(v4: bool, octets: [u8; 16], len: u8) -> Prefix {
    if v4 {
        Prefix::new([octets[0], octets[1], octets[2], octets[3]].into(), len % 33).unwrap()
    } else {
        Prefix::new(octets.into(), len % 129).unwrap()
    }
}

fn ports() -> impl Strategy<Value = Ports> {
    option::of(any::<(u16, u16)>()).prop_map(|range| match range {
        None => Ports::Any,
        Some((a, b)) => Ports::Range { first: a.min(b), last: a.max(b) },
    })
}
