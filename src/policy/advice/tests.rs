use super::*;
use crate::policy::judgement::infer;
use crate::policy::setkey::{parse, parse_action};
use crate::policy::Evidence;

const DANGERS: [Danger; 3] = [Danger::SameNetwork, Danger::OtherNetwork, Danger::Open];

fn at(scope: Scope, evidence: Evidence) -> Environment {
    Environment { scope, evidence, address: None }
}

fn withheld() -> Surroundings {
    Surroundings::Withheld { inference: "Our inference: probably outside.".into() }
}

fn advised(theirs: Surroundings, ours: Environment, action: &str) -> (String, Verdict) {
    let proposed = parse(&format!("spdadd any any any -P out {action}")).unwrap();
    let advice = advise(&theirs, &ours, Circumstances::default(), &proposed, Level::Require);
    (advice.least.to_string(), advice.verdict)
}

fn circumstances(relation: Relation, purpose: Aim, content: Content) -> Circumstances {
    Circumstances { relation, intent: Intent { purpose: Some(purpose), content: Some(content) } }
}

fn every() -> impl Iterator<Item = Circumstances> {
    let pairs = Aim::ALL.into_iter().flat_map(|aim| Content::ALL.map(|content| (aim, content)));
    pairs.flat_map(|(aim, content)| Relation::ALL.map(|relation| circumstances(relation, aim, content)))
}

/// As if the user had said nothing and the peer were nobody's contact.
#[test]
fn every_row_of_the_surroundings() {
    let (none, esp) = ("none", "ipsec esp/transport//require");
    let office = at(Scope::Private, Evidence::Address);
    let rows = [
        (Surroundings::Stated(office), office, none),
        (Surroundings::Stated(office), at(Scope::Private, Evidence::Network), esp),
        (Surroundings::Stated(at(Scope::Public, Evidence::User)), office, esp),
        (Surroundings::Stated(at(Scope::Unknown, Evidence::Address)), office, esp),
        (withheld(), office, esp),
        (Surroundings::NotAsked, office, esp),
        (Surroundings::Stated(office), at(Scope::Public, Evidence::Address), esp),
        (Surroundings::Stated(office), at(Scope::Unknown, Evidence::Address), esp),
    ];
    for (theirs, ours, least) in rows {
        assert_eq!(advised(theirs.clone(), ours, least), (least.to_owned(), Verdict::Enough), "{theirs:?} {ours:?}");
    }
}

/// Over every combination: nothing that makes it more dangerous, more confidential or the peer less known weakens the advice.
#[test]
fn the_advice_is_monotone_in_everything() {
    for given in every() {
        for danger in DANGERS {
            let here = grade(danger, given);
            let worse = DANGERS.into_iter().filter(|other| *other >= danger);
            assert!(worse.into_iter().all(|worse| grade(worse, given) >= here), "{danger:?} {given:?}");
            let purpose = given.intent.purpose;
            for content in Content::ALL.into_iter().filter(|content| Some(*content) >= given.intent.content) {
                let more = Circumstances { intent: Intent { purpose, content: Some(content) }, ..given };
                assert!(grade(danger, more) >= here, "{danger:?} {given:?} {content:?}");
            }
            for relation in Relation::ALL.into_iter().filter(|relation| *relation >= given.relation) {
                assert!(grade(danger, Circumstances { relation, ..given }) >= here, "{danger:?} {given:?} {relation}");
            }
            for aim in Aim::ALL.into_iter().filter(|aim| Some(*aim) >= purpose) {
                let more = Circumstances { intent: Intent { purpose: Some(aim), ..given.intent }, ..given };
                assert!(grade(danger, more) >= here, "{danger:?} {given:?} {aim:?}");
            }
        }
    }
}

/// Both scopes, every evidence: what is less safe on either side is no less dangerous.
#[test]
fn surroundings_that_are_less_safe_are_no_less_dangerous() {
    let office = at(Scope::Private, Evidence::Address);
    let theirs = Scope::ALL
        .into_iter()
        .flat_map(|scope| Evidence::ALL.map(|evidence| Surroundings::Stated(at(scope, evidence))));
    for theirs in theirs.chain([Surroundings::NotAsked, withheld()]) {
        let inside = danger(&theirs, &office).0;
        for ours in [Scope::Public, Scope::Unknown] {
            for evidence in Evidence::ALL {
                assert_eq!(danger(&theirs, &at(ours, evidence)).0, Danger::Open, "{theirs:?}");
            }
        }
        let open = !matches!(theirs, Surroundings::Stated(Environment { scope: Scope::Private, .. }));
        assert_eq!(inside == Danger::Open, open, "{theirs:?}");
    }
}

#[test]
fn what_is_not_said_is_private_and_personal() {
    let unsaid = Circumstances::default();
    let said = circumstances(Relation::Unknown, Aim::Private, Content::Personal);
    assert!(DANGERS.into_iter().all(|danger| grade(danger, unsaid) == grade(danger, said)));
}

#[test]
fn what_is_inferred_is_marked_and_makes_nothing_safer() {
    let office = at(Scope::Private, Evidence::Address);
    let advice = advise(&withheld(), &office, Circumstances::default(), &[], Level::Require);
    assert_eq!(advice.inference.as_deref(), Some("Our inference: probably outside."));
    assert!(advice.why[1].contains("Our inference") && advice.why[1].contains("no fact"), "{:?}", advice.why);
    let asked_not = advise(&Surroundings::NotAsked, &office, Circumstances::default(), &[], Level::Require);
    assert_eq!((advice.least, asked_not.inference), (asked_not.least, None));
}

#[test]
fn what_was_said_and_who_it_is_stands_among_the_reasons() {
    let office = at(Scope::Private, Evidence::Address);
    let given = circumstances(Relation::Friend, Aim::Business, Content::Confidential);
    let advice = advise(&Surroundings::Stated(office), &office, given, &[], Level::Require);
    for part in ["friend", "business", "confidential", "42 octets", "0.2 µs"] {
        assert!(advice.why.iter().any(|why| why.contains(part)), "{part}: {:?}", advice.why);
    }
    assert_eq!(
        advice.least.to_string(),
        "ipsec esp/transport//require",
        "business: one grade more than where possible"
    );
    let alone = advise(&Surroundings::Stated(office), &office, Circumstances::default(), &[], Level::Require);
    assert_eq!(alone.why.len(), 3, "nothing is said of what is only assumed: {:?}", alone.why);
}

#[test]
fn ah_alone_is_less_and_ah_beside_esp_more_than_needed() {
    let outside = at(Scope::Public, Evidence::Address);
    let of = |action: &str| advised(Surroundings::Stated(outside), outside, action).1;
    assert_eq!(of("ipsec ah/transport//require"), Verdict::BelowAdvice);
    assert_eq!(of("ipsec esp/transport//use"), Verdict::BelowAdvice);
    assert_eq!(of("ipsec esp/transport//require"), Verdict::Enough);
    assert_eq!(of("ipsec esp/transport//require ah/transport//require"), Verdict::MoreThanNeeded);
    assert_eq!(of("discard"), Verdict::MoreThanNeeded);
    let esp = parse_action("ipsec esp/transport//require").unwrap();
    assert_eq!(verdict(&Action::None, &esp, Level::Require), Verdict::MoreThanNeeded);
}

#[test]
fn the_weakest_of_several_entries_counts() {
    let office = at(Scope::Private, Evidence::Address);
    let text = "spdadd any any any -P out none; spdadd any any any -P in ipsec esp/transport//require";
    let proposed = parse(text).unwrap();
    let advised = |theirs: &Surroundings, proposed: &[Entry]| {
        advise(theirs, &office, Circumstances::default(), proposed, Level::Use).verdict
    };
    assert_eq!(advised(&Surroundings::Stated(office), &proposed), Verdict::Enough);
    assert_eq!(advised(&Surroundings::NotAsked, &proposed), Verdict::BelowAdvice);
    assert_eq!(advised(&Surroundings::NotAsked, &[]), Verdict::BelowAdvice);
}

#[test]
fn what_is_added_to_a_packet() {
    let of = |text: &str| overhead(Bundle::of(&parse_action(text).unwrap()));
    assert_eq!((of("none"), of("ipsec esp/transport//require"), of("ipsec ah/transport//require")), (0, 42, 40));
    assert_eq!(of("ipsec esp/transport//require ah/transport//require"), 74);
}

/// The rows of the table for one danger, as the manual has them.
fn rows(danger: Danger) -> String {
    let title = match danger {
        Danger::SameNetwork => "Both on a private network, by the same evidence",
        Danger::OtherNetwork => "Both on a private network, by different evidence",
        Danger::Open => "One of the two outside, unknown, withheld, or not asked",
    };
    let head = Relation::ALL.map(Relation::name).join(" | ");
    let mut text =
        format!("### {title}\n\n| content | purpose | {head} |\n| --- | --- | --- | --- | --- | --- | --- |\n");
    for content in Content::ALL {
        for aim in Aim::ALL {
            let cell = |relation| match grade(danger, circumstances(relation, aim, content)) {
                Grade::Nothing => "none",
                Grade::WherePossible => "esp use",
                Grade::Always => "esp require",
            };
            let cells = Relation::ALL.map(cell).join(" | ");
            text += &format!("| {} | {} | {cells} |\n", content.name(), aim.name());
        }
    }
    text
}

#[test]
fn the_manual_has_the_table_that_the_code_makes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/advice.md");
    let manual = std::fs::read_to_string(path).unwrap_or_default();
    let (before, rest) = manual.split_once("<!-- table -->\n").expect("where the table begins");
    let (table, after) = rest.split_once("<!-- end -->").expect("and where it ends");
    let made = format!("\n{}\n", DANGERS.map(rows).join("\n"));
    if std::env::var_os("SOTTOVOCE_WRITE_ADVICE").is_some() {
        std::fs::write(path, format!("{before}<!-- table -->\n{made}<!-- end -->{after}")).unwrap();
        return;
    }
    assert!(table == made, "docs/advice.md differs; write it anew: SOTTOVOCE_WRITE_ADVICE=1 cargo test --lib advice");
}

/// The page finds what it says in other languages by the English sentence (`core/said.js`): each one stands in its catalogue, word for word.
fn known_to_the_page(sentence: &str) -> bool {
    let catalogue = include_str!("../../ui/web/words/en.ftl");
    let says = |message: &str| match (message.split_once("{ "), message.split_once(" }")) {
        (Some((before, _)), Some((_, after))) => sentence.starts_with(before) && sentence.ends_with(after),
        _ => message == sentence,
    };
    let mut messages = catalogue.lines().filter_map(|line| line.strip_prefix("said-")?.split_once(" = "));
    messages.any(|(_, message)| says(message))
}

#[test]
fn the_page_knows_every_sentence() {
    let scopes = [Scope::Private, Scope::Public, Scope::Unknown];
    let all = || scopes.into_iter().flat_map(|scope| [Evidence::Address, Evidence::User].map(|by| at(scope, by)));
    let addresses = ["10.0.0.1", "133.134.10.10", "0.0.0.0"].map(|text| text.parse().unwrap());
    let inferred = addresses.into_iter().flat_map(|theirs| addresses.map(|ours| infer(theirs, ours).text));
    let inferred: Vec<String> = inferred.collect();
    assert!(inferred.iter().all(|sentence| known_to_the_page(sentence)), "{inferred:?}");
    let withheld = inferred.into_iter().map(|inference| Surroundings::Withheld { inference });
    let theirs: Vec<Surroundings> =
        withheld.chain([Surroundings::NotAsked]).chain(all().map(Surroundings::Stated)).collect();
    let proposed = ["none", "ipsec esp/transport//require", "ipsec esp/transport//require ah/transport//require"]
        .map(|action| parse(&format!("spdadd any any any -P out {action}")).unwrap());
    for (theirs, ours) in theirs.iter().flat_map(|theirs| all().map(move |ours| (theirs, ours))) {
        for (given, proposed) in every().flat_map(|given| proposed.iter().map(move |proposed| (given, proposed))) {
            let why = advise(theirs, &ours, given, proposed, Level::Require).why;
            for sentence in &why {
                assert!(known_to_the_page(sentence), "not in words/en.ftl: {sentence}");
            }
        }
    }
}
