//! The kind of place at which a person is: RPID `place-type` (RFC 4480) with the tokens of RFC 4589.

use super::namespace::Namespace::{LocationType, Rpid};
use super::statement::MAX_NAME;
use super::xml::Element;
use crate::vocab::PeerText;

/// The tokens that RFC 4589 registered, but `other`.
const TOKENS: [&str; 43] = [
    "aircraft",
    "airport",
    "arena",
    "automobile",
    "bank",
    "bar",
    "bicycle",
    "bus",
    "bus-station",
    "cafe",
    "classroom",
    "club",
    "construction",
    "convention-center",
    "government",
    "hospital",
    "hotel",
    "industrial",
    "library",
    "motorcycle",
    "office",
    "outdoors",
    "parking",
    "place-of-worship",
    "prison",
    "public",
    "public-transport",
    "residence",
    "restaurant",
    "school",
    "shopping-area",
    "stadium",
    "store",
    "street",
    "theater",
    "train",
    "train-station",
    "truck",
    "underway",
    "unknown",
    "warehouse",
    "water",
    "watercraft",
];

/// Whether a place is written as a token; if not, it is written as text.
pub(super) fn is_token(place: &str) -> bool {
    TOKENS.contains(&place)
}

/// The first place that a `person` names.
pub(super) fn read(person: &Element) -> Option<PeerText> {
    let place_type = person.all(Rpid, "place-type").next()?;
    let place = place_type.children.iter().find_map(|child| match child.namespace {
        LocationType => Some(child.name.as_str()),
        Rpid if child.name == "other" => Some(child.trimmed()),
        _ => None,
    })?;
    (place.len() <= MAX_NAME).then(|| PeerText::new(place))
}
