//! What the agent asks of the world, and what the world answers, in pairs:
//!
//! | effect | done |
//! | --- | --- |
//! | `Store` | `Stored` |
//! | `OpenMedia` | `MediaOpened` |
//! | `StartStream` | `Counted` again and again, `StreamEvent`, `SourceEnded`, `StreamFailed` |
//! | `CloseMedia` | `MediaClosed` |
//! | `Resolve` | `Resolved` |
//! | `SetSpd`, `Keylog` | none |

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::config::{AudioSink, AudioSource};
use crate::media::{Counters, Stream, StreamEvent};
use crate::policy::{Approved, Spd};
use crate::presence::PresenceRecord;
use crate::vocab::{
    AgreementKey, CallId, Device, Digest, EffectId, Entity, EntryId, Failure, Fingerprint, Generation, Nonce, Redacted,
    VerifyKey, Wall,
};

pub enum Effect {
    CloseMedia {
        call: CallId,
    },
    /// Lines for the key log: the rows of Wireshark's `esp_sa` table, and one JSON object for every SA.
    Keylog {
        esp_sa: Vec<Redacted<String>>,
        json: Vec<Redacted<String>>,
    },
    /// Bind a UDP socket for one call's media.
    OpenMedia {
        call: CallId,
        local: IpAddr,
    },
    /// Find the addresses of a host name.
    Resolve {
        id: EffectId,
        host: String,
        port: u16,
    },
    /// Every stream looks up in this snapshot from now on.
    SetSpd {
        spd: Arc<Spd>,
    },
    StartStream {
        call: CallId,
        stream: Box<Stream>,
        source: AudioSource,
        sink: AudioSink,
    },
    Store {
        id: EffectId,
        op: StoreOp,
    },
}

pub enum Done {
    /// What a running stream has counted so far, about twice a second.
    Counted {
        call: CallId,
        counters: Counters,
    },
    MediaClosed {
        call: CallId,
        counters: Counters,
    },
    MediaOpened {
        call: CallId,
        result: Result<SocketAddr, Failure>,
    },
    Resolved {
        id: EffectId,
        result: Result<Vec<SocketAddr>, Failure>,
    },
    /// The WAV file that was played is at its end.
    SourceEnded {
        call: CallId,
    },
    Stored {
        id: EffectId,
        result: Result<Stored, Failure>,
    },
    StreamEvent {
        call: CallId,
        event: StreamEvent,
        counters: Counters,
    },
    /// Source or sink cannot be used (an unreadable WAV, a full disk).
    StreamFailed {
        call: CallId,
        failure: Failure,
    },
}

/// One transaction of the store. Every one is all or nothing.
#[derive(Clone, Debug)]
pub enum StoreOp {
    /// A row of the append-only audit table.
    Audit(AuditRow),
    RecordCall(CallRecord),
    /// The last statement that we gave to a watcher, so that it survives a restart.
    RecordGiven(Given),
    /// The approved entries replace all that stand for the same peer (or, without a peer, are added; or, as `default`, replace the default),
    /// the peer's keys are pinned, the audit row is written, the generation grows by one.
    Register {
        approved: Approved,
        default: bool,
        replace_keys: bool,
        audit: AuditRow,
    },
    RememberPresence {
        record: PresenceRecord,
        document: Vec<u8>,
    },
    RemoveEntries {
        entries: Vec<EntryId>,
        audit: AuditRow,
    },
    RemovePresence {
        entity: Entity,
    },
    /// Our user's own names for a peer's user and place, on every row of the entity.
    RenamePresence {
        entity: Entity,
        names: crate::presence::Names,
    },
    /// Our own user and place, as typed in; `None` where the user typed nothing.
    SetOwnPresence {
        user: Option<String>,
        place: Option<String>,
    },
    /// A pin: marked verified, or its last seen version moved on.
    UpdatePin(Pin),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Nothing to tell but that it is durable.
    Done,
    /// The entries with the numbers that they were given.
    Registered {
        generation: Generation,
        entries: Vec<crate::policy::Entry>,
    },
    Removed {
        generation: Generation,
    },
}

/// The keys of one device that our user has approved (PROTOCOL section 9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    pub entity: Entity,
    pub device: Device,
    pub signing_key: VerifyKey,
    pub agreement_key: AgreementKey,
    pub fingerprint: Fingerprint,
    pub since: Wall,
    /// The user compared the safety phrase.
    pub verified: bool,
    /// The highest statement version seen from it for us.
    pub last_version: u64,
    /// Hash of the statement that was approved last: a call bears it (PROTOCOL section 7).
    pub statement: Option<Digest>,
}

/// The last statement that we gave to a watcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Who it was for: a device's signing key, or the address of an asker without one.
    pub watcher: String,
    pub version: u64,
    pub hash: Digest,
    pub expires: Wall,
    /// The nonce of the request that it answered.
    pub nonce: Option<Nonce>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    pub at: Wall,
    /// `approved`, `refused`, `removed`, `key-changed`, `call`.
    pub kind: &'static str,
    pub subject: String,
    pub detail: String,
}

/// One row of the call history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    pub call: CallId,
    pub peer: String,
    pub outgoing: bool,
    pub started: Wall,
    pub ended: Wall,
    pub outcome: String,
    pub action: String,
    pub bundle: String,
    pub suite: Option<String>,
    pub counters: Counters,
}

/// What the store held when the agent started.
#[derive(Debug, Default)]
pub struct Loaded {
    pub generation: Generation,
    pub entries: Vec<Approved>,
    /// The default that a user set; the configuration's is used without one.
    pub default: Option<Approved>,
    pub presences: Vec<PresenceRecord>,
    pub pins: Vec<Pin>,
    pub given: Vec<Given>,
    pub own_user: Option<String>,
    pub own_place: Option<String>,
    /// The highest version of any statement of ours.
    pub own_version: u64,
    /// The highest call number in the history.
    pub last_call: u64,
}
