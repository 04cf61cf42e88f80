use super::canonical::{canonical_text, statement_hash};
use super::document::{read, Basic, Tuple};
use super::signed::Signed;
use super::vouch::vouched;
use crate::policy::Statement;
use crate::vocab::{Digest, Entity, PeerText, VerifyKey};

/// Everything about a document that a person who looks into it wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// `None`: nothing could be read, and `problems` says why.
    pub entity: Option<Entity>,
    pub tuples: Vec<InspectedTuple>,
    /// One sentence each, in words of ours, peer text in them escaped. None: the document is in order.
    pub problems: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectedTuple {
    pub id: PeerText,
    pub basic: Option<Basic>,
    pub contact: Option<PeerText>,
    /// `None`: there is none, or it is unreadable.
    pub statement: Option<Statement>,
    pub signature_valid: bool,
    /// The key that vouches for this device, when it verifies.
    pub vouched_by: Option<VerifyKey>,
    /// Peer text: escape it line by line before showing it.
    pub canonical_text: Option<String>,
    pub statement_hash: Option<Digest>,
}

/// Reads a document and collects what is wrong with it, where [`read`] would stop.
pub fn inspect(octets: &[u8]) -> Inspection {
    match read(octets) {
        Ok(document) => Inspection {
            problems: problems(&document.tuples),
            tuples: document.tuples.iter().map(inspect_tuple).collect(),
            entity: Some(document.entity),
        },
        Err(unreadable) => Inspection { entity: None, tuples: Vec::new(), problems: vec![unreadable.to_string()] },
    }
}

fn inspect_tuple(tuple: &Tuple) -> InspectedTuple {
    let signed = tuple.signed.as_ref().and_then(|signed| signed.as_ref().ok());
    let statement = signed.map(|signed| &signed.statement);
    InspectedTuple {
        id: tuple.id.clone(),
        basic: tuple.basic,
        contact: tuple.contact.clone(),
        signature_valid: signed.is_some_and(|signed| signed.verify().is_ok()),
        vouched_by: statement.and_then(vouched),
        canonical_text: statement.map(canonical_text),
        statement_hash: statement.map(statement_hash),
        statement: statement.cloned(),
    }
}

fn problems(tuples: &[Tuple]) -> Vec<String> {
    if tuples.is_empty() {
        return vec!["the document has no tuple".to_owned()];
    }
    tuples
        .iter()
        .flat_map(|tuple| tuple_problems(tuple).into_iter().map(|problem| format!("tuple {}: {problem}", tuple.id)))
        .collect()
}

fn tuple_problems(tuple: &Tuple) -> Vec<String> {
    match &tuple.signed {
        None => vec!["there is no statement".to_owned()],
        Some(Err(unreadable)) => vec![unreadable.to_string()],
        Some(Ok(signed)) => statement_problems(signed),
    }
}

fn statement_problems(signed: &Signed) -> Vec<String> {
    let mut problems: Vec<_> = signed.verify().err().iter().map(ToString::to_string).collect();
    if signed.statement.signed_by.is_some() && vouched(&signed.statement).is_none() {
        problems.push("the signature of the device that vouches for this one is wrong".to_owned());
    }
    problems
}
