use std::net::IpAddr;
use std::time::Duration;

use crate::policy::{Audience, Purpose, Statement};
use crate::vocab::{Device, Entity, Nonce, Wall};

/// How far two clocks may be apart (PROTOCOL section 3).
pub const CLOCK_SKEW: Duration = Duration::from_secs(300);
/// Oldest request that counts: whoever remembers nonces needs to for [`CLOCK_SKEW`] longer.
pub const MAX_REQUEST_AGE: Duration = Duration::from_secs(120);

/// What a statement has to be in order to be an answer to our question, or a question to us; or a publication, which is
/// nobody's answer and has no nonce to repeat.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    pub purpose: Purpose,
    /// Whose; `None` when we do not know yet (a request, or one who was asked by bare address).
    pub entity: Option<&'a Entity>,
    /// The names under which we may be meant: our entity, and `sip:ADDRESS` for each address that we are asked at.
    pub our_entities: &'a [Entity],
    pub our_device: &'a Device,
    /// The nonce of our request, which a reply repeats; `None` for a request or a publication.
    pub nonce: Option<Nonce>,
    pub now: Wall,
}

impl<'a> Expected<'a> {
    /// A proposal to us, as a question.
    pub fn proposal(our_entities: &'a [Entity], our_device: &'a Device, now: Wall) -> Self {
        Self { purpose: Purpose::Proposal, ..Self::request(our_entities, our_device, now) }
    }

    /// A question to us, by one of these names or by our device.
    pub fn request(our_entities: &'a [Entity], our_device: &'a Device, now: Wall) -> Self {
        Self { purpose: Purpose::Request, entity: None, our_entities, our_device, nonce: None, now }
    }
}

/// Why a statement, though signed, is not the one that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("the statement has expired")]
    Expired,
    #[error("the statement says that it was issued more than five minutes from now")]
    IssuedInFuture,
    #[error("the statement is meant for somebody else")]
    NotForUs,
    #[error("the request is more than two minutes old")]
    StaleRequest,
    #[error("the statement is somebody else's")]
    WrongEntity,
    #[error("the statement does not answer our question")]
    WrongNonce,
    #[error("the statement has another purpose")]
    WrongPurpose,
}

/// Holds a statement against what was expected. Its signature is [`Signed::verify`](super::Signed::verify)'s matter, its
/// version and whether a nonce was seen before are the agent's, who remembers them.
///
/// Both ends of its time are given five minutes of play, because either clock may be the wrong one.
///
/// # Errors
/// The first [`Unfit`] found.
pub fn check(statement: &Statement, expected: &Expected<'_>) -> Result<(), Unfit> {
    if statement.purpose != expected.purpose {
        return Err(Unfit::WrongPurpose);
    }
    if expected.entity.is_some_and(|entity| *entity != statement.entity) {
        return Err(Unfit::WrongEntity);
    }
    if !is_for_us(statement, expected) {
        return Err(Unfit::NotForUs);
    }
    if expected.nonce.is_some_and(|nonce| nonce != statement.nonce) {
        return Err(Unfit::WrongNonce);
    }
    check_time(statement, expected.now)
}

/// Whether the statement's entity is at this address: asked by bare address, it must be, or the user is asked
/// (PROTOCOL section 3). An entity whose host is a domain name is at no address.
pub fn entity_host_is(statement: &Statement, address: IpAddr) -> bool {
    host_address(statement.entity.host()).is_some_and(|host| host == address.to_canonical())
}

/// What was said to one is no publication, and a publication answers nobody (PROTOCOL section 3, "Replay").
fn is_for_us(statement: &Statement, expected: &Expected<'_>) -> bool {
    let published = statement.purpose == Purpose::Publish;
    match &statement.audience {
        Audience::Any => published,
        _ if published => false,
        Audience::Device(device) => device == expected.our_device,
        Audience::Entity(entity) => expected.our_entities.contains(entity),
    }
}

fn check_time(statement: &Statement, now: Wall) -> Result<(), Unfit> {
    if statement.issued > now.saturating_add(CLOCK_SKEW) {
        return Err(Unfit::IssuedInFuture);
    }
    let lives = statement.expires > statement.issued;
    if !lives || statement.expires.saturating_add(CLOCK_SKEW) <= now {
        return Err(Unfit::Expired);
    }
    let asks = matches!(statement.purpose, Purpose::Proposal | Purpose::Request);
    if asks && now.since(statement.issued) > MAX_REQUEST_AGE {
        return Err(Unfit::StaleRequest);
    }
    Ok(())
}

/// The address of a contact, when its host is one.
pub(super) fn contact_address(contact: &str) -> Option<IpAddr> {
    let (_, rest) = contact.split_once(':')?;
    let end = rest.find([';', '?']).unwrap_or(rest.len());
    let (name, _) = rest.split_at(end);
    host_address(name.rsplit_once('@').map_or(name, |(_, host)| host))
}

/// The address of `192.0.2.1`, `192.0.2.1:5060`, `[2001:db8::1]` or `[2001:db8::1]:5060`.
fn host_address(host: &str) -> Option<IpAddr> {
    let bare = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => host.split_once(':').map_or(host, |(host, _)| host),
    };
    bare.parse().ok().map(|address: IpAddr| address.to_canonical())
}
