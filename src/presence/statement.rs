//! The `statement` element.

use base64::prelude::{Engine, BASE64_STANDARD};

use super::fields::number;
use super::negotiation;
use super::signed::Signed;
use super::stated_policy::stated_policy;
use super::unreadable::Unreadable;
use super::words;
use super::xml::Element;
use crate::policy::{
    Audience, Capabilities, Environment, Evidence, Person, Scope, StatedPolicy, Statement, Suite, Wanted,
};
use crate::vocab::{AgreementKey, Device, Entity, Nonce, PeerText, SignatureBytes, VerifyKey, Wall};

/// Most policies in one statement (PROTOCOL section 3).
pub(super) const MAX_POLICIES: usize = 64;
/// Longest name of a user or place, in octets.
pub(super) const MAX_NAME: usize = 256;
pub(super) const MAX_CONTACT: usize = 512;
const MAX_PROTOCOLS: usize = 3;
const MAX_CODECS: usize = 32;
const MAX_KEMS: usize = 8;
const MAX_TOKEN: usize = 64;
/// The last second of the year 9999, the last that RFC 3339 can write.
const MAX_SECONDS: u64 = 253_402_300_799;

const CHILDREN: [&str; 16] = [
    "version",
    "issued",
    "expires",
    "device",
    "purpose",
    "audience",
    "nonce",
    "person",
    "environment",
    "identity",
    "supports",
    "policy",
    "request",
    "proposal",
    "answer",
    "signature",
];

/// Reads a statement; entity and contact stand outside of it, in the document and in the tuple.
pub(super) fn statement(element: &Element, entity: &Entity, contact: PeerText) -> Result<Signed, Unreadable> {
    element.only(&CHILDREN, &[])?;
    let identity = element.one("identity")?;
    identity.only(&["signing-key", "agreement-key", "signed-by"], &[])?;
    let statement = Statement {
        entity: entity.clone(),
        contact,
        device: device(element.one("device")?)?,
        version: element.one("version")?.value("version", number)?,
        issued: seconds("issued", element.one("issued")?)?,
        expires: seconds("expires", element.one("expires")?)?,
        purpose: element.one("purpose")?.choice("purpose", words::purpose)?,
        audience: audience(element.one("audience")?)?,
        nonce: octets("nonce", element.one("nonce")?, Nonce::from_slice)?,
        person: element.maybe("person")?.map(person).transpose()?,
        environment: element.maybe("environment")?.map(environment).transpose()?,
        signing_key: octets("signing-key", identity.one("signing-key")?, VerifyKey::from_slice)?,
        agreement_key: octets("agreement-key", identity.one("agreement-key")?, AgreementKey::from_slice)?,
        signed_by: identity.maybe("signed-by")?.map(signed_by).transpose()?,
        supports: supports(element.one("supports")?)?,
        policies: policies(element)?,
        request: element.maybe("request")?.map(request).transpose()?,
        proposal: element.maybe("proposal")?.map(negotiation::proposal).transpose()?,
        answer: element.maybe("answer")?.map(negotiation::answer).transpose()?,
    };
    negotiation::fits_purpose(&statement)?;
    let signature = element.maybe("signature")?.ok_or(Unreadable::Unsigned)?;
    Ok(Signed { statement, signature: octets("signature", signature, SignatureBytes::from_slice)? })
}

/// A `sip:` or `sips:` URI of visible ASCII; what it says more is for the room that sends there.
pub(super) fn contact(element: &Element) -> Result<PeerText, Unreadable> {
    let text = element.trimmed();
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    let known = ["sip", "sips"].iter().any(|sip| scheme.eq_ignore_ascii_case(sip));
    if !known || !is_name(text, MAX_CONTACT) || !element.children.is_empty() {
        return Err(Unreadable::Malformed("contact"));
    }
    Ok(PeerText::new(text))
}

/// Visible ASCII, at least one octet and at most `most`.
pub(super) fn is_name(text: &str, most: usize) -> bool {
    !text.is_empty() && text.len() <= most && text.bytes().all(|b| b.is_ascii_graphic())
}

/// Unix time in whole seconds.
pub(super) fn seconds(name: &'static str, element: &Element) -> Result<Wall, Unreadable> {
    element.value(name, |text| number(text).filter(|seconds| *seconds <= MAX_SECONDS).map(Wall::from_secs))
}

/// Collects what stands in a list that has nothing twice.
pub(super) fn unique<T: PartialEq>(
    name: &'static str,
    items: impl Iterator<Item = Result<T, Unreadable>>,
) -> Result<Vec<T>, Unreadable> {
    let mut list = Vec::new();
    for item in items {
        let item = item?;
        if list.contains(&item) {
            return Err(Unreadable::Repeated(name));
        }
        list.push(item);
    }
    Ok(list)
}

pub(super) fn octets<T>(
    name: &'static str,
    element: &Element,
    read: impl Fn(&[u8]) -> Option<T>,
) -> Result<T, Unreadable> {
    element.value(name, |text| BASE64_STANDARD.decode(text).ok().and_then(|octets| read(&octets)))
}

fn device(element: &Element) -> Result<Device, Unreadable> {
    element.value("device", Device::new)
}

fn audience(element: &Element) -> Result<Audience, Unreadable> {
    element.only(&["any", "device", "entity"], &[])?;
    let [only] = element.children.as_slice() else {
        return Err(Unreadable::Malformed("audience"));
    };
    match only.name.as_str() {
        "device" => device(only).map(Audience::Device),
        "entity" => only.value("entity", |text| Entity::parse(text).ok()).map(Audience::Entity),
        _ => only.empty("any").map(|()| Audience::Any),
    }
}

fn person(element: &Element) -> Result<Person, Unreadable> {
    element.only(&["user", "place"], &[])?;
    Ok(Person {
        user: element.maybe("user")?.map(|user| user.free_text("user", MAX_NAME)).transpose()?,
        place: element.maybe("place")?.map(|place| place.free_text("place", MAX_NAME)).transpose()?,
    })
}

fn environment(element: &Element) -> Result<Environment, Unreadable> {
    element.only(&["scope", "evidence", "address"], &[])?;
    let address = element.maybe("address")?;
    Ok(Environment {
        scope: element.one("scope")?.choice("scope", Scope::from_name)?,
        evidence: element.one("evidence")?.choice("evidence", Evidence::from_name)?,
        address: address.map(|address| address.value("address", |text| text.parse().ok())).transpose()?,
    })
}

fn signed_by(element: &Element) -> Result<(VerifyKey, SignatureBytes), Unreadable> {
    element.only(&["key", "vouch"], &[])?;
    let key = octets("key", element.one("key")?, VerifyKey::from_slice)?;
    Ok((key, octets("vouch", element.one("vouch")?, SignatureBytes::from_slice)?))
}

fn supports(element: &Element) -> Result<Capabilities, Unreadable> {
    element.only(&["protocol", "mode", "suite", "codec", "kem"], &[])?;
    let protocols = element.many("protocol", MAX_PROTOCOLS)?;
    let suites = element.many("suite", Suite::ALL.len())?;
    let codecs = element.many("codec", MAX_CODECS)?;
    let kems = element.many("kem", MAX_KEMS)?;
    Ok(Capabilities {
        protocols: unique("protocol", protocols.iter().map(|p| p.choice("protocol", words::protocol)))?,
        tunnel: element.maybe("mode")?.map(|mode| mode.choice("mode", words::tunnel)).transpose()?.is_some(),
        suites: unique("suite", suites.iter().map(|suite| suite.choice("suite", Suite::from_name)))?,
        codecs: unique("codec", codecs.iter().map(|codec| codec.value("codec", token)))?,
        kem: unique("kem", kems.iter().map(|kem| kem.value("kem", token)))?,
    })
}

fn token(text: &str) -> Option<PeerText> {
    is_name(text, MAX_TOKEN).then(|| PeerText::new(text))
}

pub(super) fn policies(element: &Element) -> Result<Vec<StatedPolicy>, Unreadable> {
    let found = element.many("policy", MAX_POLICIES)?;
    let policies: Vec<_> = found.into_iter().map(stated_policy).collect::<Result<_, _>>()?;
    unique("policy", policies.iter().map(|policy| Ok(&policy.id)))?;
    Ok(policies)
}

fn request(element: &Element) -> Result<Wanted, Unreadable> {
    element.only(&["presence", "policy", "watchers"], &[])?;
    let presence = element.maybe("presence")?.map(|it| it.empty("presence")).transpose()?.is_some();
    let policy = element.maybe("policy")?.map(|it| it.empty("policy")).transpose()?.is_some();
    let watchers = element.maybe("watchers")?.map(|it| it.empty("watchers")).transpose()?.is_some();
    if !presence && !policy && !watchers {
        return Err(Unreadable::Missing("request"));
    }
    Ok(Wanted { presence, policy, watchers })
}
