//! The text that is signed. Its grammar is written down in `docs/protocol.md`.

use std::fmt::{Display, Write as _};

use base64::prelude::{Engine, BASE64_STANDARD};
use sha2::{Digest as _, Sha256};

use super::words;
use crate::policy::{
    Action, Audience, Capabilities, Environment, Person, Proposal, ProposalAnswer, StatedPolicy, Statement, Wanted,
};
use crate::vocab::Digest;
use crate::vocab::{Device, Entity};

const FIRST_LINE: &str = "sottovoce-statement-1";
const PROPOSAL_LINE: &str = "sottovoce-proposal-1";
const ENTRY_LINE: &str = "sottovoce-entry-1";

/// The text over which a statement is signed: rebuilt from its values, so that it does not depend on how the XML was
/// written. A first line that names its version, then one `name value` line a field, in fixed order; a field that the
/// statement does not have has no line. Every line ends in LF.
pub fn canonical_text(statement: &Statement) -> String {
    let mut lines = Lines::beginning(FIRST_LINE);
    lines.field("entity", &statement.entity);
    lines.field("contact", statement.contact.raw());
    lines.field("version", statement.version);
    lines.field("issued", statement.issued.as_secs());
    lines.field("expires", statement.expires.as_secs());
    lines.field("device", &statement.device);
    lines.field("purpose", words::purpose_name(statement.purpose));
    audience(&mut lines, &statement.audience);
    lines.octets("nonce", &statement.nonce.0);
    person(&mut lines, statement.person.as_ref());
    environment(&mut lines, statement.environment.as_ref());
    identity(&mut lines, statement);
    supports(&mut lines, &statement.supports);
    statement.policies.iter().for_each(|stated| policy(&mut lines, stated));
    request(&mut lines, statement.request);
    statement.proposal.iter().for_each(|proposed| proposal(&mut lines, proposed));
    statement.answer.iter().for_each(|answered| answer(&mut lines, answered));
    lines.0
}

/// The hash by which an answer names its proposal (PROTOCOL section 6): SHA-256 over `sottovoce-proposal-1`, entity and device
/// of its author, and the canonical lines of `proposal`. Sent again it is the same.
pub fn proposal_hash(author: (&Entity, &Device), proposed: &Proposal) -> Digest {
    let mut lines = Lines::beginning(PROPOSAL_LINE);
    lines.field("entity", author.0);
    lines.field("device", author.1);
    proposal(&mut lines, proposed);
    Digest(Sha256::digest(lines.0.as_bytes()).into())
}

/// The hash of an approved entry in an offer (PROTOCOL section 7): SHA-256 over `sottovoce-entry-1` and the canonical lines of
/// the policies without their ids, those of each policy together and the policies in the order of their octets. Both sides
/// compute the same of the same policy, as the callee sees it.
pub fn entry_hash(policies: &[StatedPolicy]) -> Digest {
    let one = |stated: &StatedPolicy| {
        let mut lines = Lines(String::new());
        rules(&mut lines, stated);
        lines.0
    };
    let mut all: Vec<String> = policies.iter().map(one).collect();
    all.sort();
    let text = format!("{ENTRY_LINE}\n{}", all.concat());
    Digest(Sha256::digest(text.as_bytes()).into())
}

/// The hash by which an offer names the statement that its caller saw (PROTOCOL section 7): SHA-256 over the canonical
/// lines of entity, device, identity, supports and policy, in that order and without a first line. What changes from
/// one asking to the next (time, nonce, audience, place) is not in it.
pub fn statement_hash(statement: &Statement) -> Digest {
    let mut lines = Lines(String::new());
    lines.field("entity", &statement.entity);
    lines.field("device", &statement.device);
    identity(&mut lines, statement);
    supports(&mut lines, &statement.supports);
    statement.policies.iter().for_each(|stated| policy(&mut lines, stated));
    Digest(Sha256::digest(lines.0.as_bytes()).into())
}

fn audience(lines: &mut Lines, audience: &Audience) {
    match audience {
        Audience::Any => lines.field("audience", "any"),
        Audience::Device(device) => lines.field("audience-device", device),
        Audience::Entity(entity) => lines.field("audience-entity", entity),
    }
}

/// A statement with an empty `person` and one without are two texts, hence the line that opens it.
fn person(lines: &mut Lines, person: Option<&Person>) {
    let Some(person) = person else { return };
    lines.field("person", "stated");
    if let Some(user) = &person.user {
        lines.field("person-user", user.raw());
    }
    if let Some(place) = &person.place {
        lines.field("person-place", place.raw());
    }
}

fn environment(lines: &mut Lines, environment: Option<&Environment>) {
    let Some(environment) = environment else { return };
    lines.field("environment-scope", environment.scope);
    lines.field("environment-evidence", environment.evidence);
    if let Some(address) = environment.address {
        lines.field("environment-address", address);
    }
}

fn identity(lines: &mut Lines, statement: &Statement) {
    lines.octets("signing-key", &statement.signing_key.0);
    lines.octets("agreement-key", &statement.agreement_key.0);
    if let Some((key, vouch)) = &statement.signed_by {
        lines.octets("signed-by-key", &key.0);
        lines.octets("signed-by-vouch", &vouch.0);
    }
}

fn supports(lines: &mut Lines, supports: &Capabilities) {
    lines.each("supports-protocol", &supports.protocols);
    if supports.tunnel {
        lines.field("supports-mode", words::TUNNEL);
    }
    lines.each("supports-suite", &supports.suites);
    lines.each("supports-codec", supports.codecs.iter().map(|codec| codec.raw()));
    lines.each("supports-kem", supports.kem.iter().map(|kem| kem.raw()));
}

fn policy(lines: &mut Lines, policy: &StatedPolicy) {
    lines.field("policy", policy.id.raw());
    rules(lines, policy);
}

fn rules(lines: &mut Lines, policy: &StatedPolicy) {
    lines.field("policy-direction", policy.direction);
    lines.field("policy-action", action_name(&policy.action));
    lines.field("policy-source", policy.selector.source);
    lines.field("policy-source-port", policy.selector.source_ports);
    lines.field("policy-destination", policy.selector.destination);
    lines.field("policy-destination-port", policy.selector.destination_ports);
    lines.field("policy-upper", policy.selector.upper);
    lines.each("policy-rule", policy.action.rules());
    lines.each("policy-suite", &policy.suites);
    lines.field("policy-keying", words::keying_name(policy.keying));
    if let Some(expires) = policy.expires {
        lines.field("policy-expires", expires.as_secs());
    }
}

pub(super) fn action_name(action: &Action) -> &'static str {
    match action {
        Action::Discard => "discard",
        Action::Ipsec(_) => "ipsec",
        Action::None => "none",
    }
}

fn request(lines: &mut Lines, request: Option<Wanted>) {
    let Some(wanted) = request else { return };
    if wanted.presence {
        lines.field("request", "presence");
    }
    if wanted.policy {
        lines.field("request", "policy");
    }
    if wanted.watchers {
        lines.field("request", "watchers");
    }
}

fn proposal(lines: &mut Lines, proposed: &Proposal) {
    lines.field("proposal", proposed.id.raw());
    proposed.policies.iter().for_each(|stated| policy(lines, stated));
    if let Some(note) = &proposed.note {
        lines.field("proposal-note", note.raw());
    }
}

fn answer(lines: &mut Lines, answered: &ProposalAnswer) {
    lines.octets("answer", &answered.proposal.0);
    lines.field("answer-decision", answered.decision.name());
    answered.policies.iter().for_each(|stated| policy(lines, stated));
    if let Some(note) = &answered.note {
        lines.field("answer-note", note.raw());
    }
}

/// `name value` lines; no value can make a line of its own, because white space in it is percent-encoded.
pub(super) struct Lines(pub(super) String);

impl Lines {
    pub(super) fn beginning(first: &str) -> Self {
        Self(format!("{first}\n"))
    }

    pub(super) fn field(&mut self, name: &str, value: impl Display) {
        self.0.push_str(name);
        self.0.push(' ');
        for c in value.to_string().chars() {
            match c {
                '\0'..=' ' | '\u{7f}' | '%' => self.percent(c),
                _ => self.0.push(c),
            }
        }
        self.0.push('\n');
    }

    pub(super) fn octets(&mut self, name: &str, value: &[u8]) {
        self.field(name, BASE64_STANDARD.encode(value));
    }

    fn each(&mut self, name: &str, values: impl IntoIterator<Item = impl Display>) {
        values.into_iter().for_each(|value| self.field(name, value));
    }

    fn percent(&mut self, c: char) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "%{:02X}", u32::from(c));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_makes_a_line() {
        let mut lines = Lines::beginning("first");
        lines.field("name", "a b%\n\r\t\0\u{7f}é\u{202e}~");
        assert_eq!(lines.0, "first\nname a%20b%25%0A%0D%09%00%7Fé\u{202e}~\n");
    }
}
