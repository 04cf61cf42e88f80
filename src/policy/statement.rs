use std::net::IpAddr;

use super::{Action, Direction, Environment, Keying, Proposal, ProposalAnswer, Protocol, Selector, Suite};
use crate::vocab::{AgreementKey, Device, Entity, Nonce, PeerText, SignatureBytes, VerifyKey, Wall};

/// What a device says of itself (PROTOCOL section 3): its presence, its surroundings, its policy for the
/// asker, its keys. Untrusted until its signature is verified and a user has reviewed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub entity: Entity,
    /// The SIP URI at which this device is reached.
    pub contact: PeerText,
    pub device: Device,
    /// `max(last + 1, Unix time in ms)`, counted per signing key and audience.
    pub version: u64,
    /// Whole seconds.
    pub issued: Wall,
    /// Whole seconds.
    pub expires: Wall,
    pub purpose: Purpose,
    pub audience: Audience,
    pub nonce: Nonce,
    pub person: Option<Person>,
    pub environment: Option<Environment>,
    pub signing_key: VerifyKey,
    pub agreement_key: AgreementKey,
    /// An older pinned device that vouches for this one: its key, and its signature over this device's keys.
    pub signed_by: Option<(VerifyKey, SignatureBytes)>,
    pub supports: Capabilities,
    pub policies: Vec<StatedPolicy>,
    pub request: Option<Wanted>,
    /// With [`Purpose::Proposal`], and only with it.
    pub proposal: Option<Proposal>,
    /// With [`Purpose::Answer`], and only with it.
    pub answer: Option<ProposalAnswer>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// What became of a proposal, to its author.
    Answer,
    /// An answer, to whoever asked.
    Notify,
    /// A looser policy is proposed.
    Proposal,
    /// For whoever asks a presence server (RFC 3903).
    Publish,
    /// A question.
    Request,
}

/// For whom a statement is meant. `Any` is for publications only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    Any,
    Device(Device),
    /// Asked by bare address, the entity is `sip:ADDRESS`: the asker knows no other yet.
    Entity(Entity),
}

/// Who uses the device, and where (items 527, 528), in the peer's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    pub user: Option<PeerText>,
    pub place: Option<PeerText>,
}

/// What the device's IPsec can do. Capability, not strength (PROTOCOL section 2.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    pub protocols: Vec<Protocol>,
    /// Tunnel mode too; transport mode goes without saying.
    pub tunnel: bool,
    pub suites: Vec<Suite>,
    /// Static names of RTP payload formats, as `PCMU`.
    pub codecs: Vec<PeerText>,
    /// Key encapsulation methods; none in this version.
    pub kem: Vec<PeerText>,
}

/// One policy of a statement, as its reader sees it: `out` is reader to author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatedPolicy {
    /// The author's name for it; unique in its statement.
    pub id: PeerText,
    pub direction: Direction,
    /// Never with [`Level::Default`](super::Level::Default): the author resolves it first.
    pub action: Action,
    pub selector: Selector,
    pub suites: Vec<Suite>,
    pub keying: Keying,
    pub expires: Option<Wall>,
}

impl StatedPolicy {
    /// The one address at its author's end, when it names one.
    pub fn authors_end(&self) -> Option<IpAddr> {
        let end = match self.direction {
            Direction::In => self.selector.source,
            Direction::Out => self.selector.destination,
        };
        end.only_address()
    }
}

/// What an asker wants to know; at least one of them (FIG. 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub presence: bool,
    pub policy: bool,
    /// Who follows: a question of another device of the same user only.
    pub watchers: bool,
}

impl Wanted {
    /// Presence and policy.
    pub const BOTH: Self = Self { presence: true, policy: true, watchers: false };
    pub const WATCHERS: Self = Self { presence: false, policy: false, watchers: true };
}
