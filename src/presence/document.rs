use super::namespace::Namespace::{Cipid, DataModel, Ours, Pidf};
use super::place_type;
use super::signed::Signed;
use super::statement::{self, MAX_NAME};
use super::unreadable::Unreadable;
use super::xml::{self, Element};
use crate::policy::Person;
use crate::vocab::{read_timestamp, Entity, PeerText, Wall};

/// Most tuples in one document.
const MAX_TUPLES: usize = 16;
/// Longest tuple id that is kept, in octets.
const MAX_ID: usize = 256;

/// A presence document (RFC 3863 section 4.1). Nothing in it is to be trusted but a statement whose signature
/// verifies; the rest is there for watchers that know no statements, and may be anybody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    pub entity: Entity,
    pub tuples: Vec<Tuple>,
    /// Display name and place type of the first `person` (RFC 4479), if there is one.
    pub person: Option<Person>,
}

/// One tuple (RFC 3863 section 4.1.2): one device, when it is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tuple {
    pub id: PeerText,
    pub basic: Option<Basic>,
    pub contact: Option<PeerText>,
    pub timestamp: Option<Wall>,
    /// `None`: the tuple has no statement.
    pub signed: Option<Result<Signed, Unreadable>>,
}

/// Whether the device takes communication (RFC 3863 section 4.1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Basic {
    Closed,
    Open,
}

/// Reads a presence document. A statement that is unreadable does not make the document so: its tuple says why.
///
/// # Errors
/// [`Unreadable`], when there is no presence document in `octets` or when it is beyond a limit.
pub fn read(octets: &[u8]) -> Result<Document, Unreadable> {
    let root = xml::parse(octets)?;
    if !root.is(Pidf, "presence") {
        return Err(Unreadable::NotPresence);
    }
    let entity = root.attribute("entity").ok_or(Unreadable::Missing("entity"))?;
    let entity = Entity::parse(entity).map_err(|_| Unreadable::Malformed("entity"))?;
    let tuples: Vec<_> = root.all(Pidf, "tuple").collect();
    if tuples.len() > MAX_TUPLES {
        return Err(Unreadable::TooMany("tuple"));
    }
    let person = root.all(DataModel, "person").next().map(person);
    let tuples = tuples.into_iter().map(|element| tuple(element, &entity)).collect();
    Ok(Document { entity, tuples, person })
}

fn tuple(element: &Element, entity: &Entity) -> Tuple {
    let contact = element.all(Pidf, "contact").next().and_then(|contact| statement::contact(contact).ok());
    Tuple {
        id: PeerText::new(element.attribute("id").filter(|id| id.len() <= MAX_ID).unwrap_or("")),
        basic: element.all(Pidf, "status").next().and_then(basic),
        contact,
        timestamp: element.all(Pidf, "timestamp").next().and_then(|time| read_timestamp(time.trimmed())),
        signed: signed(element, entity).transpose(),
    }
}

fn basic(status: &Element) -> Option<Basic> {
    match status.all(Pidf, "basic").next()?.trimmed() {
        "closed" => Some(Basic::Closed),
        "open" => Some(Basic::Open),
        _ => None,
    }
}

/// The contact is part of what is signed, so the tuple must have exactly one.
fn signed(tuple: &Element, entity: &Entity) -> Result<Option<Signed>, Unreadable> {
    let Some(element) = tuple.at_most_one(Ours, "statement")? else {
        return Ok(None);
    };
    let contact = tuple.at_most_one(Pidf, "contact")?.ok_or(Unreadable::Missing("contact"))?;
    statement::statement(element, entity, statement::contact(contact)?).map(Some)
}

fn person(element: &Element) -> Person {
    let name = element.all(Cipid, "display-name").next();
    Person {
        user: name.filter(|name| name.text.len() <= MAX_NAME).map(|name| PeerText::new(name.trimmed())),
        place: place_type::read(element),
    }
}
