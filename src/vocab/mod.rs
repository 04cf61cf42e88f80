//! Words that several rooms share. No state, no logic beyond reading and writing the word itself.

mod device;
mod digit;
mod entity;
mod failure;
mod id;
mod key;
mod neighbourhood;
mod peer_text;
mod redacted;
mod shell_word;
mod spi;
mod time;
mod timestamp;

pub use device::Device;
pub use digit::Digit;
pub use entity::{Entity, EntityError};
pub use failure::{Failure, FailureKind};
pub use id::{AskId, CallId, EffectId, EntryId, Generation, ProposalId, ReviewId, TextId, WatcherId};
pub use key::{AgreementKey, Digest, Fingerprint, Nonce, SignatureBytes, VerifyKey};
pub use neighbourhood::neighbourhood;
pub use peer_text::{escape, PeerText};
pub use redacted::Redacted;
pub use shell_word::shell_word;
pub use spi::Spi;
pub use time::{Deadline, Mono, Now, Wall};
pub use timestamp::{read as read_timestamp, write as write_timestamp};
