//! docs/policy.md, decided by the program itself.

use std::sync::Arc;

use super::*;
use crate::policy::setkey::{parse, parse_action};
use crate::policy::{compare, Guarantee, Level, Tightness};

const PAGE: &str = include_str!("../../../docs/policy.md");

/// The cells of the table between two marks.
fn table(name: &str) -> Vec<Vec<String>> {
    let (begin, end) = (format!("<!-- {name}: the test reads from here -->"), format!("<!-- {name}: to here -->"));
    let text = PAGE.split(&begin).nth(1).and_then(|rest| rest.split(&end).next()).expect("the marks");
    let rows = text.lines().filter(|line| line.starts_with("| ")).skip(2);
    let cells =
        |row: &str| row.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`').to_owned()).collect();
    rows.map(cells).collect()
}

#[test]
fn each_line_of_the_order_decides_as_it_says() {
    let entity = Entity::parse("sip:bob@192.168.1.2").unwrap();
    let device = Device::new("d1").unwrap();
    let groups = Arc::new(Groups::new([(entity.clone(), "friend".to_owned())].into()));
    let flow = Flow {
        source: "192.168.1.1:5004".parse().unwrap(),
        destination: "192.168.1.2:5006".parse().unwrap(),
        upper: Upper::Udp,
        direction: Direction::Out,
        peer: Some((&entity, &device)),
    };
    let mut decided = Vec::new();
    for row in table("order") {
        let [word, first, behind] = &row[..] else { panic!("{row:?}") };
        let (first, behind) = (parse(first).unwrap().remove(0), parse(behind).unwrap().remove(0));
        for entries in [vec![first.clone(), behind.clone()], vec![behind.clone(), first.clone()]] {
            let spd = Spd::compile(Generation(1), entries, Vec::new()).with_groups(groups.clone());
            assert_eq!(spd.lookup(&flow, Wall(0)).entry, &first, "{row:?}");
            let alone = Spd::compile(Generation(1), vec![behind.clone()], Vec::new()).with_groups(groups.clone());
            assert_eq!(alone.lookup(&flow, Wall(0)).entry, &behind, "it matches too: {row:?}");
        }
        let (criterion, _) = order::decide(&first, &behind).unwrap();
        assert!(word.starts_with(&format!("{criterion:?}").to_lowercase()), "{word} is decided by {criterion:?}");
        decided.push(criterion);
    }
    use Criterion as C;
    let all = [C::Priority, C::Device, C::Entity, C::Group, C::Source, C::Destination, C::Ports, C::Protocol, C::Age];
    assert_eq!(decided, all);
}

#[test]
fn each_comparison_is_as_it_says() {
    let rows = table("compared");
    assert!(rows.len() > 8);
    for row in rows {
        let [this, that, said] = &row[..] else { panic!("{row:?}") };
        let of = |text: &str| Guarantee::of(&parse_action(text).unwrap(), Level::Require);
        let found = match compare(&of(this), &of(that)) {
            Tightness::Incomparable => "incomparable",
            Tightness::Looser => "looser",
            Tightness::Same => "same",
            Tightness::Tighter => "tighter",
        };
        assert_eq!(found, said, "{this} held against {that}");
    }
}
