//! Reads a document that a peer sent as its answer: parsed, signed, for us, by whom we asked, fresh, and by keys that we may trust.
//! The one gate for statements, whether they came in a NOTIFY or in a 488, from the device itself or from a presence server.

use std::net::IpAddr;

use super::ask_failures::as_telephone;
use super::book::{Book, Standing};
use super::built_in::impostor;
use super::target::Target;
use crate::policy::{Purpose, Statement};
use crate::presence::{self, Document, Expected, Signed, Unfit};
use crate::sip::Body;
use crate::vocab::{escape, Device, Entity, Failure, FailureKind, Fingerprint, Nonce, Wall};

/// What a usable answer has to be.
pub struct DocumentExpected<'a> {
    /// Whom we asked; `None` when the entity is held to `entity_of` by the caller.
    pub target: Option<&'a Target>,
    pub nonce: Option<Nonce>,
    /// Ourselves, by each of our names.
    pub entities: &'a [Entity],
    pub device: &'a Device,
    /// The changed key that our user accepts.
    pub accept_key: Option<Fingerprint>,
    /// A server answers, with what the peer's devices published.
    pub published: bool,
}

pub struct ReadDocument {
    pub signed: Signed,
    pub standing: Standing,
    /// The document that it came in, when that is another than the one of the other devices.
    pub own_body: Option<Body>,
}

/// What a presence server answers for all devices of a peer: those parts that can be used, and why others cannot.
#[derive(Default)]
pub struct ReadPublished {
    /// One for each device, the one to be asked about first at the front.
    pub usable: Vec<ReadDocument>,
    pub unusable: Vec<Failure>,
}

pub fn read_document(
    book: &Book,
    expected: &DocumentExpected<'_>,
    document: &[u8],
    now: Wall,
) -> Result<ReadDocument, Failure> {
    let subject = expected.subject();
    let document = presence::read(document).map_err(|why| unreadable(&subject, &why.to_string()))?;
    let signed = the_statement(&subject, document)?;
    read_signed(book, expected, signed, now)
}

/// # Errors
/// No part of the document can be used: the first reason.
pub fn read_published(
    book: &Book,
    expected: &DocumentExpected<'_>,
    document: &[u8],
    now: Wall,
) -> Result<ReadPublished, Failure> {
    let subject = expected.subject();
    let document = presence::read(document).map_err(|why| unreadable(&subject, &why.to_string()))?;
    let mut read = ReadPublished::default();
    for signed in document.tuples.into_iter().filter_map(|tuple| tuple.signed) {
        let signed = signed.map_err(|why| unreadable(&subject, &why.to_string()));
        match signed.and_then(|signed| read_signed(book, expected, signed, now)) {
            Ok(one) => keep_best(&mut read.usable, one),
            Err(failure) => read.unusable.push(failure),
        }
    }
    if read.usable.is_empty() {
        return Err(read.unusable.into_iter().next().unwrap_or_else(|| unsigned(&subject)));
    }
    read.usable.sort_by_key(|one| (one.rank(), std::cmp::Reverse(one.signed.statement.issued)));
    Ok(read)
}

fn read_signed(
    book: &Book,
    expected: &DocumentExpected<'_>,
    signed: Signed,
    now: Wall,
) -> Result<ReadDocument, Failure> {
    let subject = expected.subject();
    signed.verify().map_err(|why| untrusted("bad-signature", &subject, &why.to_string()))?;
    let published = expected.published && signed.statement.purpose == Purpose::Publish;
    let wants = Expected {
        purpose: if published { Purpose::Publish } else { Purpose::Notify },
        entity: expected.target.filter(|target| published || !target.bare).map(|target| &target.entity),
        our_entities: expected.entities,
        our_device: expected.device,
        nonce: expected.nonce.filter(|_| !published),
        now,
    };
    presence::check(&signed.statement, &wants).map_err(|why| match expected.target.and_then(Target::address) {
        Some(address) if why == Unfit::WrongEntity => another_entity(&subject, address, &signed.statement.entity),
        _ => unfit(&subject, &why),
    })?;
    if let Some(target) = expected.target {
        check_bare(&subject, target, &signed.statement)?;
    }
    let standing = trusted(book, expected.accept_key, &signed.statement)?;
    Ok(ReadDocument { signed, standing, own_body: None })
}

/// Of each device what it says to us, else the newest of what it published (PROTOCOL section 4).
fn keep_best(all: &mut Vec<ReadDocument>, new: ReadDocument) {
    let better = |one: &ReadDocument| (one.signed.statement.purpose == Purpose::Notify, one.signed.statement.version);
    match all.iter_mut().find(|one| one.signed.statement.device == new.signed.statement.device) {
        Some(one) if better(one) >= better(&new) => {}
        Some(one) => *one = new,
        None => all.push(new),
    }
}

impl ReadDocument {
    /// Those that are known come first, then those that no other device vouches for: once one of these is pinned, the
    /// ones that it vouches for are no changed keys.
    fn rank(&self) -> u8 {
        match (self.standing, presence::vouched(&self.signed.statement)) {
            (Standing::Pinned { .. } | Standing::Changed(_) | Standing::Impostor, _) => 0,
            (Standing::Unknown, None) => 1,
            (Standing::Unknown, Some(_)) => 2,
        }
    }
}

impl DocumentExpected<'_> {
    fn subject(&self) -> String {
        self.target.map_or_else(|| "the peer".to_owned(), |target| target.entity.to_string())
    }
}

/// The first tuple with a statement of ours in it; an ordinary presence document has none.
fn the_statement(subject: &str, document: Document) -> Result<Signed, Failure> {
    match document.tuples.into_iter().find_map(|tuple| tuple.signed) {
        Some(Ok(signed)) => Ok(signed),
        Some(Err(why)) => Err(unreadable(subject, &why.to_string())),
        None => Err(unsigned(subject)),
    }
}

fn unsigned(subject: &str) -> Failure {
    let failure = untrusted("unsigned", subject, "it carries no signed statement, so nothing in it can be believed");
    Failure { next: format!("nothing was stored; if it is no sottovoce: {}", as_telephone(subject)), ..failure }
}

/// Asked by bare address, the entity's host must be that address (PROTOCOL section 3, "Replay").
fn check_bare(subject: &str, target: &Target, statement: &Statement) -> Result<(), Failure> {
    let Some(address) = target.address().filter(|_| target.bare) else { return Ok(()) };
    if presence::entity_host_is(statement, address) {
        return Ok(());
    }
    Err(another_entity(subject, address, &statement.entity))
}

fn another_entity(subject: &str, address: IpAddr, entity: &Entity) -> Failure {
    Failure::new(
        FailureKind::Trust,
        "another-entity",
        format!("{address} answers as {entity}, which is not who was asked for"),
        subject,
        format!("if you meant {entity}, ask for it by that name; if that agent is yours, give its entity this address"),
    )
}

/// What waited for our user may have run out meanwhile.
pub fn still_lives(statement: &Statement, now: Wall) -> Result<(), Failure> {
    match statement.expires > now {
        true => Ok(()),
        false => Err(unfit(statement.entity.as_str(), &Unfit::Expired)),
    }
}

/// Keys and version against what is pinned.
pub fn trusted(book: &Book, accept_key: Option<Fingerprint>, statement: &Statement) -> Result<Standing, Failure> {
    let keys = (statement.signing_key, statement.agreement_key);
    let standing = book.standing(&statement.entity, &statement.device, keys, presence::vouched(statement));
    let print = crate::keys::fingerprint(&keys.0, &keys.1);
    if standing == Standing::Impostor {
        return Err(impostor(&statement.entity, print));
    }
    if let Standing::Changed(pinned) = standing {
        if accept_key != Some(print) {
            return Err(key_changed(&statement.entity, pinned, print));
        }
    }
    if let (Standing::Pinned { .. }, Some(pin)) = (standing, book.pin(&statement.entity, &statement.device)) {
        if statement.version < pin.last_of(statement.purpose) {
            let why = "it is older than one that came before: a server has what the device left there when it was not ended in order, \
                       or somebody sends you yesterday's policy";
            return Err(untrusted("older-statement", statement.entity.as_str(), why));
        }
    }
    Ok(standing)
}

/// Whether somebody may stand between us and the peer.
pub fn is_key_alarm(failure: &Failure) -> bool {
    matches!(failure.code, "impostor" | "key-changed")
}

pub fn key_changed(entity: &Entity, pinned: Fingerprint, now: Fingerprint) -> Failure {
    Failure::new(
        FailureKind::Trust,
        "key-changed",
        format!("THE KEY OF {entity} HAS CHANGED: {pinned} was approved, {now} answers. Somebody may stand between you"),
        entity.as_str(),
        format!(
            "compare the new fingerprint with the peer over another channel; only if it is theirs, repeat with --accept-key \
             {now}. A further device of theirs needs no such thing once the approved one vouches for it (`sottovoce identity \
             vouch` there)"
        ),
    )
}

fn unreadable(subject: &str, why: &str) -> Failure {
    Failure::new(
        FailureKind::Failed,
        "answer-unreadable",
        format!("the answer of {subject} cannot be read: {}", escape(why)),
        subject,
        "nothing was stored and your policy stands as it was; ask again, or ask the peer which agent it runs",
    )
}

fn untrusted(code: &'static str, subject: &str, why: &str) -> Failure {
    Failure::new(
        FailureKind::Trust,
        code,
        format!("the answer of {subject} is not to be trusted: {}", escape(why)),
        subject,
        "nothing was stored and your policy stands as it was; ask again, and if it stays so, talk to the peer over another channel",
    )
}

fn unfit(subject: &str, why: &Unfit) -> Failure {
    untrusted("answer-unfit", subject, &why.to_string())
}
