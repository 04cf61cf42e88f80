use base64::prelude::{Engine, BASE64_STANDARD};
use sha2::{Digest as _, Sha256};

use super::canonical::action_name;
use super::namespace::Namespace;
use super::place_type;
use super::signed::Signed;
use super::words;
use super::xml_writer::XmlWriter;
use crate::policy::{
    Audience, Capabilities, Environment, Mode, Person, Proposal, ProposalAnswer, Rule, Selector, StatedPolicy,
    Statement, Wanted,
};
use crate::vocab::Device;

/// Writes the presence document of one device: its tuple with the statement, and, where the statement names user or
/// place, a `person` for watchers that know no statements. [`read`](super::read) gives the same statement back if all its texts are
/// [writable](super::is_writable) and its times whole seconds.
pub fn write(signed: &Signed) -> Vec<u8> {
    write_as(signed, "open")
}

/// The same of a device that wants to be taken for one that is away: its status is `closed` (RFC 3863 section 4.1.4).
pub fn write_away(signed: &Signed) -> Vec<u8> {
    write_as(signed, "closed")
}

fn write_as(signed: &Signed, basic: &str) -> Vec<u8> {
    let statement = &signed.statement;
    let mut xml = XmlWriter::new();
    let namespaces = [
        ("xmlns", Namespace::Pidf.name()),
        ("xmlns:dm", Namespace::DataModel.name()),
        ("xmlns:rpid", Namespace::Rpid.name()),
        ("xmlns:c", Namespace::Cipid.name()),
        ("xmlns:lt", Namespace::LocationType.name()),
        ("xmlns:sv", Namespace::Ours.name()),
        ("entity", statement.entity.as_str()),
    ];
    xml.element("presence", &namespaces, |xml| {
        tuple(xml, signed, basic);
        if let Some(person) = &statement.person {
            public_person(xml, &statement.device, person);
        }
    });
    xml.into_bytes()
}

/// RFC 3863 section 4.1.2 wants extensions behind `status` and before `contact`.
fn tuple(xml: &mut XmlWriter, signed: &Signed, basic: &str) {
    xml.element("tuple", &[("id", &xml_id('t', &signed.statement.device))], |xml| {
        xml.element("status", &[], |xml| xml.leaf("basic", basic));
        xml.element("sv:statement", &[], |xml| {
            statement(xml, &signed.statement);
            octets(xml, "sv:signature", &signed.signature.0);
        });
        xml.leaf("contact", signed.statement.contact.raw());
        xml.leaf("timestamp", crate::vocab::write_timestamp(signed.statement.issued));
    });
}

/// An `xs:ID` of a device, which itself may hold characters that an `xs:ID` must not.
fn xml_id(kind: char, device: &Device) -> String {
    let digest = Sha256::digest(device.as_str().as_bytes());
    digest.iter().take(8).fold(String::from(kind), |id, octet| format!("{id}{octet:02x}"))
}

fn public_person(xml: &mut XmlWriter, device: &Device, person: &Person) {
    xml.element("dm:person", &[("id", &xml_id('p', device))], |xml| {
        if let Some(place) = &person.place {
            xml.element("rpid:place-type", &[], |xml| match place_type::is_token(place.raw()) {
                true => xml.leaf(&format!("lt:{}", place.raw()), ""),
                false => xml.leaf("rpid:other", place.raw()),
            });
        }
        if let Some(user) = &person.user {
            xml.leaf("c:display-name", user.raw());
        }
    });
}

fn statement(xml: &mut XmlWriter, statement: &Statement) {
    xml.leaf("sv:version", statement.version);
    xml.leaf("sv:issued", statement.issued.as_secs());
    xml.leaf("sv:expires", statement.expires.as_secs());
    xml.leaf("sv:device", &statement.device);
    xml.leaf("sv:purpose", words::purpose_name(statement.purpose));
    xml.element("sv:audience", &[], |xml| audience(xml, &statement.audience));
    octets(xml, "sv:nonce", &statement.nonce.0);
    if let Some(stated) = &statement.person {
        xml.element("sv:person", &[], |xml| person(xml, stated));
    }
    if let Some(stated) = &statement.environment {
        xml.element("sv:environment", &[], |xml| environment(xml, stated));
    }
    xml.element("sv:identity", &[], |xml| identity(xml, statement));
    xml.element("sv:supports", &[], |xml| supports(xml, &statement.supports));
    policies(xml, &statement.policies);
    if let Some(wanted) = statement.request {
        xml.element("sv:request", &[], |xml| request(xml, wanted));
    }
    if let Some(proposed) = &statement.proposal {
        xml.element("sv:proposal", &[("id", proposed.id.raw())], |xml| proposal(xml, proposed));
    }
    if let Some(answered) = &statement.answer {
        xml.element("sv:answer", &[], |xml| answer(xml, answered));
    }
}

fn policies(xml: &mut XmlWriter, policies: &[StatedPolicy]) {
    for stated in policies {
        xml.element("sv:policy", &[("id", stated.id.raw())], |xml| policy(xml, stated));
    }
}

fn proposal(xml: &mut XmlWriter, proposed: &Proposal) {
    policies(xml, &proposed.policies);
    if let Some(note) = &proposed.note {
        xml.leaf("sv:note", note.raw());
    }
}

fn answer(xml: &mut XmlWriter, answered: &ProposalAnswer) {
    octets(xml, "sv:proposal", &answered.proposal.0);
    xml.leaf("sv:decision", answered.decision.name());
    policies(xml, &answered.policies);
    if let Some(note) = &answered.note {
        xml.leaf("sv:note", note.raw());
    }
}

fn audience(xml: &mut XmlWriter, audience: &Audience) {
    match audience {
        Audience::Any => xml.leaf("sv:any", ""),
        Audience::Device(device) => xml.leaf("sv:device", device),
        Audience::Entity(entity) => xml.leaf("sv:entity", entity),
    }
}

fn person(xml: &mut XmlWriter, person: &Person) {
    if let Some(user) = &person.user {
        xml.leaf("sv:user", user.raw());
    }
    if let Some(place) = &person.place {
        xml.leaf("sv:place", place.raw());
    }
}

fn environment(xml: &mut XmlWriter, environment: &Environment) {
    xml.leaf("sv:scope", environment.scope);
    xml.leaf("sv:evidence", environment.evidence);
    if let Some(address) = environment.address {
        xml.leaf("sv:address", address);
    }
}

fn identity(xml: &mut XmlWriter, statement: &Statement) {
    octets(xml, "sv:signing-key", &statement.signing_key.0);
    octets(xml, "sv:agreement-key", &statement.agreement_key.0);
    if let Some((key, vouch)) = &statement.signed_by {
        xml.element("sv:signed-by", &[], |xml| {
            octets(xml, "sv:key", &key.0);
            octets(xml, "sv:vouch", &vouch.0);
        });
    }
}

fn supports(xml: &mut XmlWriter, supports: &Capabilities) {
    supports.protocols.iter().for_each(|protocol| xml.leaf("sv:protocol", protocol));
    if supports.tunnel {
        xml.leaf("sv:mode", words::TUNNEL);
    }
    supports.suites.iter().for_each(|suite| xml.leaf("sv:suite", suite));
    supports.codecs.iter().for_each(|codec| xml.leaf("sv:codec", codec.raw()));
    supports.kem.iter().for_each(|kem| xml.leaf("sv:kem", kem.raw()));
}

fn policy(xml: &mut XmlWriter, policy: &StatedPolicy) {
    xml.leaf("sv:direction", policy.direction);
    xml.leaf("sv:action", action_name(&policy.action));
    xml.element("sv:selector", &[], |xml| selector(xml, &policy.selector));
    for stated in policy.action.rules() {
        xml.element("sv:rule", &[], |xml| rule(xml, stated));
    }
    policy.suites.iter().for_each(|suite| xml.leaf("sv:suite", suite));
    xml.leaf("sv:keying", words::keying_name(policy.keying));
    if let Some(expires) = policy.expires {
        xml.leaf("sv:expires", expires.as_secs());
    }
}

fn selector(xml: &mut XmlWriter, selector: &Selector) {
    xml.leaf("sv:source", selector.source);
    xml.leaf("sv:source-port", selector.source_ports);
    xml.leaf("sv:destination", selector.destination);
    xml.leaf("sv:destination-port", selector.destination_ports);
    xml.leaf("sv:upper", selector.upper);
}

fn rule(xml: &mut XmlWriter, rule: &Rule) {
    xml.leaf("sv:protocol", rule.protocol);
    match rule.mode {
        Mode::Transport => xml.leaf("sv:mode", "transport"),
        Mode::Tunnel { source, destination } => {
            xml.leaf("sv:mode", "tunnel");
            xml.leaf("sv:source-endpoint", source);
            xml.leaf("sv:destination-endpoint", destination);
        }
    }
    xml.leaf("sv:level", rule.level);
}

fn request(xml: &mut XmlWriter, wanted: Wanted) {
    if wanted.presence {
        xml.leaf("sv:presence", "");
    }
    if wanted.policy {
        xml.leaf("sv:policy", "");
    }
    if wanted.watchers {
        xml.leaf("sv:watchers", "");
    }
}

fn octets(xml: &mut XmlWriter, name: &str, value: &[u8]) {
    xml.leaf(name, BASE64_STANDARD.encode(value));
}
