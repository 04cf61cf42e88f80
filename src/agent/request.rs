use std::time::Duration;

use super::config::{AccountConfig, AudioSink, AudioSource};
use super::own_contacts::{ContactCommand, GroupCommand};
use super::permissions::WatcherCommand;
use super::policy_change::Restoring;
use super::sound_choice::SoundChange;
use crate::policy::{Action, Answer, Entry, Intent, PeerScope, Wanted};
use crate::presence::{Introduction, Vouch};
use crate::vocab::{
    AskId, CallId, Device, Digit, Entity, EntryId, Failure, Fingerprint, Generation, ProposalId, ReviewId, TextId,
    Wall, WatcherId,
};

/// What a user can want. Verbs.
#[derive(Clone, Debug)]
pub enum Command {
    /// Beside those of the configuration; it registers at once, and again after a restart.
    AddAccount(Box<AccountConfig>),
    /// A call that rings here, or one that a peer wants us to place.
    AnswerCall {
        call: CallId,
    },
    AnswerReview {
        review: ReviewId,
        answer: Answer,
        by: &'static str,
    },
    Ask(AskRequest),
    Call(CallRequest),
    /// Their peers hear each other.
    Confer {
        calls: [CallId; 2],
    },
    /// Both sides of a call are recorded.
    Record {
        call: CallId,
        recording: CallRecording,
    },
    StopRecording {
        call: CallId,
    },
    /// Our user is not heard in a call, or is heard again.
    Mute {
        call: CallId,
        muted: bool,
    },
    CancelAsk {
        ask: AskId,
    },
    Contact(ContactCommand),
    /// Press keys of the telephone in a call, one after the other.
    Dial {
        call: CallId,
        digits: Vec<Digit>,
        /// Where they go in the call's messages these may be read on the way.
        clear: bool,
    },
    Group(GroupCommand),
    ChooseSound(SoundChange),
    /// `None`: every call.
    Hangup {
        call: Option<CallId>,
    },
    /// Protect a running call less, by these rules or as is advised, if the peer agrees: its user is asked.
    Relax {
        call: CallId,
        rules: Option<Action>,
        note: Option<String>,
    },
    /// Protect a running call better: by these rules, or as is advised.
    Tighten {
        call: CallId,
        rules: Option<Action>,
    },
    /// A call is to be held (`wanted`), or to be taken up again.
    Hold {
        call: CallId,
        wanted: bool,
    },
    /// One or more `spdadd` lines; own entries, origin user.
    PolicyAdd {
        text: String,
    },
    /// The same for the streams of somebody alone, beside what the lines say.
    PolicyAddFor {
        text: String,
        scope: PeerScope,
    },
    /// The default for everybody else.
    PolicyDefault {
        text: String,
    },
    /// The configuration's default is to be in force again.
    PolicyDefaultRemove,
    /// `spdadd` lines in the place of an entry and its other direction.
    PolicyEdit {
        entry: EntryId,
        text: String,
    },
    PolicyEnable {
        entry: EntryId,
        enabled: bool,
    },
    /// `None`: it does not end.
    PolicyExpire {
        entry: EntryId,
        at: Option<Wall>,
    },
    PolicyImport {
        text: String,
        /// A part of a larger text, which speaks of both directions.
        part: bool,
    },
    PolicyRemove {
        entry: EntryId,
    },
    /// The state before a change.
    PolicyRestore(Restoring),
    PresenceRemove {
        entity: Entity,
    },
    /// Our user's own names for a peer's user and place, and its e-mail address: an absent one stays, an empty one goes back
    /// to the peer's word, or to none.
    PresenceRename {
        entity: Entity,
        user: Option<String>,
        place: Option<String>,
        mail: Option<String>,
    },
    /// Our own user and place, typed in (evidence `user`): an absent one stays, an empty user goes back to the configured
    /// name, an empty place to judging the address.
    /// Calls and prompts do not disturb the user until then; `None`: from now on they do.
    DoNotDisturb {
        until: Option<Wall>,
    },
    PresenceSet {
        user: Option<String>,
        place: Option<String>,
    },
    /// The same, refused.
    RejectCall {
        call: CallId,
    },
    /// One that was added. Its registration and publication are taken back.
    RemoveAccount {
        entity: Entity,
    },
    /// The word of an older device of ours, which was taken by this name, or by the agent's own, is to stand in no statement any more.
    RevokeVouch {
        account: Option<Entity>,
    },
    /// Byes, ended subscriptions; [`Event::Stopped`] follows.
    Stop,
    /// An older device of ours has signed for this one, by a name that is ours, or by that of an account that is to be added.
    TakeVouch {
        vouch: Vouch,
        account: Option<Entity>,
    },
    /// What was proposed, or agreed to and not used yet, is to hold no more.
    TakeBack(TakeBack),
    Text(TextRequest),
    Transfer(TransferRequest),
    /// Sign for a newer device of ours, by the agent's own name or that of an account.
    Vouch {
        new: Introduction,
        account: Option<Entity>,
    },
    /// A peer that is followed no longer.
    Unwatch {
        peer: String,
    },
    /// The user compared the safety phrase.
    Verified {
        entity: Entity,
    },
    /// A peer is to be followed: what changes there is told.
    Watch {
        peer: String,
    },
    Watchers(WatcherCommand),
}

/// What the user takes back of a negotiation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakeBack {
    /// What he agreed to with this entity, and it has not used yet.
    Agreed(Entity),
    /// A proposal of his own that waits.
    Proposal(ProposalId),
}

/// FIG. 4: the peer, and what is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskRequest {
    /// As the user typed it: SIP URI, `user@host`, host, IP address, telephone number, e-mail address.
    pub peer: String,
    pub wanted: Wanted,
    /// Given beforehand by a caller without a terminal.
    pub answer: Option<Answer>,
    /// The one changed key that the user accepts.
    pub accept_key: Option<Fingerprint>,
    /// What it is for, and what will be said.
    pub intent: Intent,
    /// By whose proxy it goes; without one by that of the peer's domain, or for a telephone number the first that is registered.
    pub account: Option<Entity>,
}

/// A short text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextRequest {
    pub peer: String,
    pub text: String,
    /// The user knows that it can be read on the way.
    pub clear: bool,
    /// As in [`AskRequest`].
    pub account: Option<Entity>,
}

/// The peer of a call is to call somebody else (RFC 5589).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferRequest {
    pub call: CallId,
    pub to: TransferTo,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferTo {
    /// The peer of another call of ours, whose place the new one takes.
    Call(CallId),
    /// As the user typed it.
    Peer(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRequest {
    pub peer: String,
    pub answer: Option<Answer>,
    pub accept_key: Option<Fingerprint>,
    /// Overrides the configuration.
    pub source: Option<AudioSource>,
    pub sink: Option<AudioSink>,
    /// Hang up so long after the call was established.
    pub duration: Option<Duration>,
    /// As in [`AskRequest`].
    pub intent: Intent,
    /// As in [`AskRequest`].
    pub account: Option<Entity>,
}

/// What a command began, when it was not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    Ask(AskId),
    Call(CallId),
    /// Keys of a telephone are on their way.
    Digits(DigitWay),
    /// Done, nothing to follow.
    Done,
    Review(ReviewId),
    /// Entries of our own, with both directions. Like [`Accepted::Storing`] when there is an effect; without one all of
    /// them were there already.
    Registering {
        effect: Option<crate::vocab::EffectId>,
        /// Not numbered yet.
        added: Vec<Entry>,
        /// As they were given; the same entries are in force, or stand in `added`.
        skipped: Vec<Entry>,
    },
    /// A store operation under way: [`Event::StoreSettled`] with this number tells how it went.
    Storing(crate::vocab::EffectId),
    Text(TextId),
    Vouched(Vouch),
}

/// What happened. Facts; the state behind each is read with the agent's getters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    AccountChanged(Entity),
    AskChanged(AskId),
    /// The audit table has rows that it had not.
    AuditChanged,
    CallChanged(CallId),
    /// Saved, changed, or removed.
    ContactChanged(Entity),
    /// The peer presses a key of its telephone. A number of its own, since the same key may come twice.
    Digit {
        call: CallId,
        nth: u64,
        digit: Digit,
        by: DigitWay,
    },
    /// The user is not to be disturbed until another time, or again may be.
    DoNotDisturbChanged,
    /// By its name: made, changed, or removed.
    GroupChanged(String),
    /// Calls were added to the history, seen in it, or forgotten.
    HistoryChanged,
    /// Something the user should see now, in words of ours.
    Notice(Failure),
    /// What this device says of itself.
    OwnPresenceChanged,
    /// Keys that our user approved: he compared the safety phrases.
    PinsChanged,
    PolicyChanged(Generation),
    /// What is known of this device of a peer: learnt, named, or forgotten.
    PresenceChanged(Entity, Device),
    ProposalChanged(ProposalId),
    ReviewChanged(ReviewId),
    /// Calls use other devices, or one that they use went away or is there again.
    SoundChanged,
    Stopped,
    /// How the store operation of [`Accepted::Storing`] went.
    StoreSettled {
        effect: crate::vocab::EffectId,
        result: Result<(), Failure>,
    },
    TextChanged(TextId),
    /// A peer that is followed, or one device of it.
    WatchChanged {
        peer: String,
        device: Option<Device>,
    },
    /// Somebody who follows us, or wants to.
    WatcherChanged(WatcherId),
    /// What our user answered about watchers.
    WatchersAnswered,
}

/// How a key of a telephone goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigitWay {
    /// Among the packets of the call's messages, by INFO: protected as SIP is.
    Info,
    /// Among those of its sound, and protected like them (RFC 4733).
    Rtp,
}

/// A recording of both sides of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecording {
    pub file: std::path::PathBuf,
    /// In one channel; otherwise ours is left and the peer's right.
    pub mixed: bool,
    /// The peer hears that it is recorded.
    pub consent_tone: bool,
}
