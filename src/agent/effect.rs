//! What the agent asks of the world, and what the world answers, in pairs:
//!
//! | effect | done |
//! | --- | --- |
//! | `Store` | `Stored` |
//! | `OpenMedia`, `OpenMediaBeside` | `MediaOpened` |
//! | `Listen` | `Listening` |
//! | `StartForwarder` | `Counted` again and again |
//! | `ConnectMedia` | `StreamFailed` where nobody takes it |
//! | `StartStream` | `Counted` again and again, `StreamEvent`, `SoundChanged`, `SourceEnded`, `RelayFailed`, `StreamFailed` |
//! | `CloseMedia` | `MediaClosed` |
//! | `Locate` | `Located`, after `BuiltInFound` where it is the peer that is built in |
//! | `RecordStream` | `RecordingEnded` |
//! | `UseSound` | `SoundChanged` |
//! | `Signal` | `RingSilent` where nothing rings |
//! | `BridgeStreams`, `SetGains`, `SetTreatment`, `SetIce`, `SetSpd`, `SetKnown`, `HoldStream`, `MuteStream`, `SetFormats`, `RekeyStream`, `DropStream`, `Dial`, `Keylog` | none |

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::address_book::{ContactGroup, SavedContact};
use super::built_in::BuiltInPeer;
use super::call_result::CallResult;
use super::config::{AccountConfig, AudioSink, AudioSource, Listen};
use super::nonces;
use super::permissions::WatcherRule;
use super::proposed_before::KeptProposal;
use super::request::CallRecording;
use super::sound::{SoundDevice, SoundNews, SoundSide};
use super::sound_choice::{SoundChange, SoundChoice};
use crate::ice::{Gathering, Start};
use crate::keys::EphemeralMemory;
use crate::media::{
    Counters, Formats, Forwarder, Gains, Held, Known, Levels, Rekeying, Signal, Stream, StreamEvent, TreatmentWish,
};
use crate::policy::{Approved, Entry, Network, Pending, Purpose, Spd, Statement};
use crate::presence::{PresenceRecord, Vouch};
use crate::sdp::Ice;
use crate::sip::{Candidate, Locate};
use crate::vocab::{
    AgreementKey, CallId, Device, Digest, Digit, EffectId, Entity, EntryId, Failure, Fingerprint, Generation, Nonce,
    Redacted, ReviewId, VerifyKey, Wall,
};

pub enum Effect {
    /// What the peer of each of two calls says is heard by the other's from now on, or not any more.
    BridgeStreams {
        calls: [CallId; 2],
        together: bool,
    },
    /// With `bye` the peer is told by RTCP that nothing more comes: it does not know yet.
    CloseMedia {
        call: CallId,
        bye: bool,
    },
    /// The stream ends, and its keys with it; its socket stays open for another.
    DropStream {
        call: CallId,
    },
    /// Keys of the telephone, in the call's stream.
    Dial {
        call: CallId,
        digits: Vec<Digit>,
    },
    /// Lines for the key log: the rows of Wireshark's `esp_sa` table, and one JSON object for every SA.
    Keylog {
        esp_sa: Vec<Redacted<String>>,
        json: Vec<Redacted<String>>,
    },
    /// Find where a peer or proxy is (RFC 3263).
    Locate {
        id: EffectId,
        what: Locate,
        /// For the choice among equals.
        seed: [u8; 32],
    },
    /// Listen for SIP there, and nowhere else any more. Connections that were open are gone.
    Listen {
        wanted: Vec<Listen>,
    },
    /// Bind another UDP socket beside the one of a running call, at another address; its stream goes on there when it is rekeyed.
    OpenMediaBeside {
        call: CallId,
        local: IpAddr,
        gathering: Option<Box<Gathering>>,
    },
    /// Bind a UDP socket for one call's media.
    OpenMedia {
        call: CallId,
        local: IpAddr,
        /// Find out for ICE from where its packets are seen, before it is answered.
        gathering: Option<Box<Gathering>>,
        /// Media goes by TCP: wait for connections at that port as well.
        by_tcp: bool,
    },
    /// Open the connection by which the call's media goes, from the address that we described: in clear it tells the peer who we are.
    ConnectMedia {
        call: CallId,
        from: IpAddr,
        to: SocketAddr,
    },
    /// A call is held, or taken up again: its stream sends no sound, or does.
    HoldStream {
        call: CallId,
        held: Held,
    },
    /// What our user says goes out as silence, or as it is.
    MuteStream {
        call: CallId,
        muted: bool,
    },
    /// Both sides of a call are written to a file from now on, or not any more.
    RecordStream {
        call: CallId,
        recording: Option<CallRecording>,
    },
    /// The call's stream goes on with other codecs, or under other numbers for them.
    SetFormats {
        call: CallId,
        formats: Formats,
    },
    /// The call's stream goes on under new keys; at another place, on the socket that was opened for it there.
    RekeyStream {
        call: CallId,
        rekeying: Box<Rekeying>,
    },
    /// What both sides said for ICE: checks begin, or begin anew. `None`: there are none, and packets go as described.
    SetIce {
        call: CallId,
        ice: Option<Box<Start>>,
    },
    /// Our user hears that on that device from now on, or nothing any more.
    Signal(Option<(Signal, SoundDevice)>),
    /// What devices and other programs give and get is that much louder from now on, in every call.
    SetGains(Gains),
    /// What is done to our user's voice in calls that begin from now on.
    SetTreatment(TreatmentWish),
    /// A call that runs goes over to another device, or to none; on a side that names none it stays.
    UseSound {
        call: CallId,
        source: Option<AudioSource>,
        sink: Option<AudioSink>,
    },
    /// Every stream looks up in this snapshot from now on.
    SetSpd {
        spd: Arc<Spd>,
    },
    /// Every forwarder knows from now on who is where.
    SetKnown {
        known: Arc<Known>,
    },
    /// A call to us as a gateway: what comes on its socket goes into its tunnel or out of it.
    StartForwarder {
        call: CallId,
        forwarder: Box<Forwarder>,
    },
    /// In the place of the one that runs, if there is one: source and sink go on then.
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
    /// The peer of this process was looked for: before [`Done::Located`] says where it is.
    BuiltInFound(BuiltInPeer),
    /// What a running stream has counted so far, about twice a second.
    Counted {
        call: CallId,
        counters: Counters,
        levels: Levels,
    },
    /// In the order in which they are to be tried, at least one.
    Located {
        id: EffectId,
        result: Result<Vec<Candidate>, Failure>,
    },
    MediaClosed {
        call: CallId,
        counters: Counters,
    },
    MediaOpened {
        call: CallId,
        result: Result<SocketAddr, Failure>,
        /// What was gathered.
        ice: Option<Ice>,
    },
    /// What really is bound, in the order in which it was wanted.
    Listening {
        result: Result<Vec<Listen>, Failure>,
    },
    /// The networks that the machine is attached to: at the start, and whenever they changed.
    NetworkLooked(Box<Network>),
    /// The file of a recording is whole: it was to end, or it failed.
    RecordingEnded {
        call: CallId,
        failure: Option<Failure>,
    },
    /// The device that should ring has taken no sound since.
    RingSilent {
        device: SoundDevice,
        why: String,
    },
    /// The server of TURN relays nothing for this call, or no more; it goes on without.
    RelayFailed {
        call: CallId,
        failure: Failure,
    },
    /// A sound device of the call went away, or is there again.
    SoundChanged {
        call: CallId,
        side: SoundSide,
        news: SoundNews,
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
    /// An account that the user added, with its audit row.
    AddAccount {
        account: Box<AddedAccount>,
        audit: AuditRow,
    },
    /// A row of the append-only audit table.
    Audit(AuditRow),
    /// A call stands: should the agent be killed while it runs, the history has it all the same, and its number is not given again. Its end
    /// ([`StoreOp::RecordCall`]) takes the place of this.
    BeginCall(Box<CallRecord>),
    /// Which devices calls use, and how loud.
    ChooseSound(SoundChange),
    /// The number of a review that was put: none is given twice.
    CountReview(ReviewId),
    /// Entries are taken away (`gone`) and put there: one with a number in the place of the entry that has it, or again. Answered
    /// by `Registered`. Nothing of it when the database is of another generation.
    ChangePolicy {
        put: Option<Approved>,
        gone: Vec<EntryId>,
        /// They belong to the default for everybody else.
        default: bool,
        generation: Generation,
        audit: AuditRow,
    },
    /// The word of an older device of ours is taken back: that for this name, and, where it is the agent's own (`own`), that of
    /// before words were for a name.
    ForgetVouch {
        entity: Entity,
        own: bool,
        audit: AuditRow,
    },
    ForgetWatch {
        peer: String,
    },
    ForgetWatcherRules {
        watchers: Vec<String>,
        audit: AuditRow,
    },
    /// In the place of that of `before`, where it was kept by another entity.
    KeepContact {
        contact: Box<SavedContact>,
        before: Option<Entity>,
        audit: AuditRow,
    },
    KeepGroup {
        group: ContactGroup,
        audit: AuditRow,
    },
    /// An older device of ours vouches for this one, by this name of ours.
    KeepVouch {
        entity: Entity,
        vouch: Vouch,
    },
    /// What was agreed, and has not been used, is gone.
    ForgetPending {
        entity: Entity,
        device: Device,
        audit: AuditRow,
    },
    /// What our user agreed to, in the place of what he agreed to with the same device before. `generation` is the one that it was
    /// judged against.
    KeepPending {
        pending: Box<Pending>,
        generation: Generation,
        audit: AuditRow,
    },
    /// A proposal of ours has its end.
    ForgetProposal {
        entity: Entity,
        device: Device,
    },
    /// A proposal of ours, in the place of one to the same device.
    KeepProposal(Box<KeptProposal>),
    /// A peer is followed from now on, over restarts too.
    KeepWatch(Watched),
    /// What the user answered about watchers, each in the place of what he answered before.
    KeepWatcherRules {
        rules: Vec<WatcherRule>,
        audit: AuditRow,
    },
    RecordCall(Box<CallRecord>),
    /// The last statement that we gave to a watcher, so that it survives a restart.
    RecordGiven {
        given: Given,
        /// The watcher holds keys that our user approved.
        known: bool,
    },
    /// Taken from a pinned device just now, so that it is not taken again after a restart.
    RecordSeen {
        seen: Seen,
        at: Wall,
    },
    /// The approved entries replace all that stand for the same peer (or, without a peer, are added; or, as `default`, replace the default),
    /// the peer's keys are pinned, the audit rows are written (`audit`, and of its own `key-pinned` or `key-replaced` where a
    /// pin is new), the generation grows by one.
    Register {
        approved: Approved,
        default: bool,
        replace_keys: bool,
        audit: AuditRow,
    },
    RememberPresence {
        record: Box<PresenceRecord>,
        document: Vec<u8>,
    },
    /// The account that the user added, its password included.
    RemoveAccount {
        entity: Entity,
        audit: AuditRow,
    },
    RemoveContact {
        entity: Entity,
        audit: AuditRow,
    },
    RemoveGroup {
        name: String,
        audit: AuditRow,
    },
    RemovePresence {
        entity: Entity,
    },
    /// Our user's own names for a peer's user and place, on every row of the entity; `None` leaves a name as it is, an empty
    /// text forgets it.
    RenamePresence {
        entity: Entity,
        names: crate::presence::Names,
    },
    /// Our user is not to be disturbed until then.
    SetDoNotDisturb {
        until: Option<Wall>,
    },
    /// Our own user and place, as typed in; `None` and an empty text as above.
    SetOwnPresence {
        user: Option<String>,
        place: Option<String>,
    },
    /// What was said last under a pin: its last seen version, and the statement that was approved.
    UpdatePin(Pin),
    /// What was agreed is in force, in the place of all that stands for the same peer.
    UsePending {
        pending: Box<Pending>,
        audit: AuditRow,
    },
    /// The user compared the safety phrases: the pins are marked, and the audit row written.
    VerifyPins {
        pins: Vec<Pin>,
        audit: AuditRow,
    },
}

/// Who loses something when an operation is not carried out: what may be let go first when the disk does not keep up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Care {
    /// A user waits for the answer, and can try again.
    Asked,
    /// It happened already, and nobody would do it again.
    Kept,
    /// A stranger caused it, and can cause any number of it.
    Stranger,
}

impl StoreOp {
    pub fn care(&self) -> Care {
        match self {
            Self::BeginCall(record) | Self::RecordCall(record) if !record.known => Care::Stranger,
            Self::RecordGiven { known: false, .. } => Care::Stranger,
            Self::Audit(_)
            | Self::BeginCall(_)
            | Self::CountReview(_)
            | Self::RecordCall(_)
            | Self::RecordGiven { .. }
            | Self::RecordSeen { .. }
            | Self::UpdatePin(_) => Care::Kept,
            Self::AddAccount { .. }
            | Self::ChooseSound(_)
            | Self::ForgetPending { .. }
            | Self::ForgetProposal { .. }
            | Self::KeepProposal(_)
            | Self::ForgetWatch { .. }
            | Self::KeepPending { .. }
            | Self::ForgetVouch { .. }
            | Self::ForgetWatcherRules { .. }
            | Self::KeepContact { .. }
            | Self::KeepGroup { .. }
            | Self::KeepVouch { .. }
            | Self::KeepWatch(_)
            | Self::KeepWatcherRules { .. }
            | Self::Register { .. }
            | Self::RememberPresence { .. }
            | Self::RemoveAccount { .. }
            | Self::ChangePolicy { .. }
            | Self::RemoveContact { .. }
            | Self::RemoveGroup { .. }
            | Self::RemovePresence { .. }
            | Self::RenamePresence { .. }
            | Self::SetDoNotDisturb { .. }
            | Self::SetOwnPresence { .. }
            | Self::UsePending { .. }
            | Self::VerifyPins { .. } => Care::Asked,
        }
    }

    /// Whether nothing of `earlier` would be left after this one.
    pub fn replaces(&self, earlier: &Self) -> bool {
        match (self, earlier) {
            (Self::RecordGiven { given, .. }, Self::RecordGiven { given: earlier, .. }) => {
                given.watcher == earlier.watcher && given.version >= earlier.version
            }
            _ => false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Nothing to tell but that it is durable.
    Done,
    /// What was agreed is kept, or gone.
    Pending { generation: Generation },
    /// The entries with the numbers that they were given.
    Registered { generation: Generation, entries: Vec<crate::policy::Entry> },
    /// It was not carried out: a later operation that [replaces](StoreOp::replaces) it will be.
    Replaced,
}

/// An account that the user added while the agent ran, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedAccount {
    /// Without its password.
    pub config: AccountConfig,
    /// That, as [`crate::keys::sealed`] has it; `None` where there is none.
    pub sealed: Option<Vec<u8>>,
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
    /// The highest version seen of what it publishes.
    pub last_published: u64,
    /// Hash of the statement that was approved last: a call bears it (PROTOCOL section 7).
    pub statement: Option<Digest>,
}

impl Pin {
    /// The highest version seen, counted for each audience (PROTOCOL section 3): to us alone, or to everybody.
    pub fn last_of(&self, purpose: Purpose) -> u64 {
        match purpose {
            Purpose::Publish => self.last_published,
            Purpose::Answer | Purpose::Notify | Purpose::Proposal | Purpose::Request => self.last_version,
        }
    }

    pub fn saw(&mut self, statement: &Statement) {
        let last = match statement.purpose {
            Purpose::Publish => &mut self.last_published,
            Purpose::Answer | Purpose::Notify | Purpose::Proposal | Purpose::Request => &mut self.last_version,
        };
        *last = (*last).max(statement.version);
    }
}

/// A peer that our user wants to be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// Its URI.
    pub peer: String,
    pub since: Wall,
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

/// What a pinned device sent that counts once, over restarts too (PROTOCOL sections 3 and 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The nonce of a request, and when that request is too old in any case.
    Nonce { nonce: Nonce, ends: Wall },
    /// The ephemeral key of a call's offer, the signing key of who made it, and the time that stands in it.
    Offer { device: VerifyKey, ephemeral: [u8; 32], time: Wall },
}

impl Seen {
    /// Nonces that have to be kept: as many as are remembered while the agent runs.
    pub const MAX_NONCES: usize = nonces::MAX;
    /// Offers of each device that have to be kept, the newest by their time.
    pub const MAX_OFFERS: usize = EphemeralMemory::CAPACITY + 1;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    pub at: Wall,
    /// `account-added`, `account-removed`, `agreed`, `another-place`, `approved`, `call`, `contact-added`, `contact-changed`,
    /// `contact-removed`, `disabled`, `downgrade`, `edited`, `enabled`, `expiry`, `group-added`, `group-changed`, `group-removed`, `key-changed`, `key-pinned`,
    /// `key-replaced`, `key-verified`, `lapsed`, `not-agreed`, `proposal`, `proposal-answered`, `proposal-decided`,
    /// `proposed`, `redirected`, `refused`, `removed`, `statement`, `strangers`, `undone`, `vouch-revoked`, `vouched`,
    /// `watcher-answered`.
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
    /// We called, or the caller holds keys that our user approved. Rows of others give way to newer ones.
    pub known: bool,
    pub started: Wall,
    /// `None`: it was not.
    pub answered: Option<Wall>,
    pub ended: Wall,
    pub result: CallResult,
    pub outcome: String,
    pub action: String,
    pub bundle: String,
    pub suite: Option<String>,
    pub counters: Counters,
}

/// A device's entries as they were agreed on last, in a review or a proposal, whatever our user made of them since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastAgreed {
    pub entity: Entity,
    pub device: Device,
    pub entries: Vec<Entry>,
}

/// What the store held when the agent started.
#[derive(Debug, Default)]
pub struct Loaded {
    pub generation: Generation,
    pub entries: Vec<Approved>,
    /// The default that a user set; the configuration's is used without one.
    pub default: Option<Approved>,
    /// Agreed to, and not used yet.
    pub pending: Vec<Pending>,
    /// One for each device.
    pub agreed: Vec<LastAgreed>,
    /// Of ours, and not answered yet.
    pub proposals: Vec<KeptProposal>,
    pub presences: Vec<PresenceRecord>,
    pub pins: Vec<Pin>,
    pub given: Vec<Given>,
    pub seen: Vec<Seen>,
    /// Of older devices, each for one name of ours; `None` is the agent's own.
    pub vouches: Vec<(Option<Entity>, Vouch)>,
    pub watches: Vec<Watched>,
    /// In the order in which they were added.
    pub accounts: Vec<AddedAccount>,
    pub contacts: Vec<SavedContact>,
    /// Those that the user made or changed.
    pub groups: Vec<ContactGroup>,
    pub watcher_rules: Vec<WatcherRule>,
    pub own_user: Option<String>,
    pub own_place: Option<String>,
    pub do_not_disturb: Option<Wall>,
    pub sound: SoundChoice,
    /// The highest version of any statement of ours.
    pub own_version: u64,
    /// The highest call number in the history.
    pub last_call: u64,
    /// The highest number that a review had.
    pub last_review: u64,
}
