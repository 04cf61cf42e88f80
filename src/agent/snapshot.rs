//! What the agent shows of its state: accounts, and asks, reviews and calls, each of these kept for a while after its end.

use std::net::IpAddr;
use std::time::Duration;

use crate::media::{Counters, Levels};
use crate::policy::{Advice, Permission, Review, Scope, Wanted};
use crate::presence::PresenceRecord;
use crate::sip::MessageSummary;
use crate::vocab::{
    AskId, CallId, Device, Entity, Failure, Generation, PeerText, ProposalId, ReviewId, TextId, Wall, WatcherId,
};

/// An account, and how it stands with its registrar. Texts are escaped.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    pub entity: Entity,
    /// The user added it, and can remove it; others are the configuration's.
    pub added: bool,
    /// As the configuration names it.
    pub proxy: String,
    /// By which transport and where it is reached, or was tried last: `tcp:192.0.2.1:5060`.
    pub address: Option<String>,
    pub user: String,
    pub state: AccountState,
    /// When its server was last heard of.
    pub heard: Option<Wall>,
    pub service_route: Vec<String>,
    /// The ways to it (RFC 5626): of the one in use are proxy, address, state and service route above.
    pub flows: Vec<AccountFlow>,
    /// The URI of this device at its registrar (RFC 5627).
    pub gruu: Option<String>,
    pub publication: PublicationState,
    pub mailbox: MailboxState,
}

/// What the server of an account tells of messages that wait (RFC 3842).
#[derive(Clone, Debug, Default, PartialEq)]
pub enum MailboxState {
    Asking,
    /// The configuration wants none.
    #[default]
    Off,
    /// It is of no use to ask again; it may tell unasked.
    Refused(Failure),
    Told(MessageSummary),
    /// Asked again by itself.
    Waiting(Failure),
}

/// `example.org (udp:192.0.2.1:5060)`.
pub(super) fn reached(proxy: &str, address: Option<&str>) -> String {
    match address.filter(|address| *address != proxy) {
        Some(address) => format!("{proxy} ({address})"),
        None => proxy.to_owned(),
    }
}

/// One flow of an account. Texts are escaped.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountFlow {
    pub proxy: String,
    pub address: Option<String>,
    pub state: AccountState,
    /// When its server was last heard of on it.
    pub heard: Option<Wall>,
    /// Requests come to us on it, wherever our Contact leads.
    pub outbound: bool,
    /// Proxies that they pass (RFC 3327).
    pub path: Vec<String>,
    /// Our own address as the registrar sees it, when it is another than ours; our Contact is there.
    pub seen: Option<std::net::SocketAddr>,
    pub service_route: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum AccountState {
    /// A second way, of which there is no need.
    Idle,
    /// We stop, and have taken it back.
    Left,
    /// This agent only looks into its database, and registers nothing.
    NotRunning,
    /// It was registered on a connection that broke, or its server does not answer: that may not reach us, and is asked anew.
    Recovering,
    /// It is of no use to try again.
    Refused(Failure),
    Registered {
        until: Wall,
    },
    Registering,
    /// Its proxy is looked for.
    Resolving,
    Waiting {
        failure: Failure,
        /// `None`: it is being tried.
        again: Option<Wall>,
    },
}

/// How what strangers may know of us stands at an account's presence server.
#[derive(Clone, Debug, PartialEq)]
pub enum PublicationState {
    /// We stop, and have taken it back.
    Left,
    /// Not registered yet.
    None,
    /// The configuration wants none.
    Off,
    Published {
        until: Wall,
    },
    Publishing,
    /// It is of no use to try again.
    Refused(Failure),
    Waiting {
        failure: Failure,
        /// `None`: it is being tried.
        again: Option<Wall>,
    },
    /// It is nobody's business, or not this account's; why.
    Withheld(&'static str),
}

impl PublicationState {
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Refused(failure) | Self::Waiting { failure, .. } => Some(failure),
            _ => None,
        }
    }

    /// Nothing will change it while the agent runs.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Left | Self::Refused(_))
    }
}

/// A peer that is followed, or one device of it by itself. Texts are escaped.
#[derive(Clone, Debug, PartialEq)]
pub struct Watch {
    /// The URI that it is asked by.
    pub peer: String,
    /// This device alone, at its own URI.
    pub device: Option<Device>,
    pub since: Wall,
    pub state: WatchState,
    /// When whoever is asked was last heard of.
    pub heard: Option<Wall>,
    /// A document of the peer came that could be used.
    pub told: bool,
    /// What happened, in words of ours, the newest last.
    pub steps: Vec<(Wall, String)>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum WatchState {
    /// Refreshed before then.
    Active {
        until: Wall,
    },
    /// This agent lives inside one command, and follows nobody.
    Idle,
    /// It begins as soon as the account of its domain is registered.
    NoServer,
    /// The peer's user is being asked whether we may know.
    Pending,
    /// It stood on a connection that broke, and is asked for anew.
    Recovering,
    /// It is of no use to try again by itself.
    Refused(Failure),
    Subscribing,
    Waiting {
        failure: Failure,
        again: Wall,
    },
}

/// Who follows what we say of ourselves: at this device, or at a presence server.
#[derive(Clone, Debug, PartialEq)]
pub struct Follower {
    /// By which our user names it; `None` at a server.
    pub id: Option<WatcherId>,
    /// Its entity: proven at this device, as the server says there. `None` for one who proved nothing.
    pub who: Option<String>,
    /// Who one says to be who proved nothing.
    pub claims: Option<String>,
    /// Our user's name for it.
    pub contact: Option<String>,
    pub group: Option<String>,
    /// Its signing key, in hexadecimal digits.
    pub key: Option<String>,
    pub address: Option<IpAddr>,
    pub since: Option<Wall>,
    pub state: FollowerState,
    /// What it is told; `None` where it was told nothing yet, or at a server.
    pub told: Option<Permission>,
    /// Without an answer until then it is refused.
    pub until: Option<Wall>,
}

/// What the presence server of an account tells of our watchers there.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerWatchers {
    pub entity: Entity,
    pub state: ServerWatchersState,
    pub watchers: Vec<Follower>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ServerWatchersState {
    Asking,
    /// It is of no use to ask again.
    Refused(Failure),
    Told,
    /// Asked again by itself.
    Waiting(Failure),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FollowerState {
    Active,
    /// It waits for an answer.
    Pending,
    /// It is gone, without an answer (RFC 3858 section 3).
    Waiting,
}

#[derive(Clone, Debug)]
pub struct Ask {
    pub id: AskId,
    /// As the user typed it.
    pub peer: String,
    /// The SIP URI that it came to mean.
    pub target: String,
    pub wanted: Wanted,
    pub started: Wall,
    pub state: AskState,
    /// What happened so far, in words of ours, for progress.
    pub steps: Vec<(Wall, String)>,
    pub presence: Option<PresenceRecord>,
    /// The review that it led to, answered or not.
    pub review: Option<ReviewId>,
    /// Another device answered too: what it says is put to the user once this has ended.
    pub next: Option<AskId>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum AskState {
    Asking,
    Cancelled,
    Failed(Failure),
    /// Presence alone was asked: it is shown and stored.
    PresenceStored,
    Refused,
    Registered {
        generation: Generation,
    },
    Reviewing(ReviewId),
}

/// A review with its number and its fate.
#[derive(Clone, Debug)]
pub struct OpenReview {
    pub id: ReviewId,
    pub ask: Option<AskId>,
    pub review: Review,
    /// Who we are to the peer, when that is another than the agent's own name.
    pub ours: Option<Entity>,
    /// The peer's row of the presence database, with our user's own names.
    pub presence: PresenceRecord,
    pub opened: Wall,
    /// Without an answer until then it is refused.
    pub deadline: Wall,
    pub state: ReviewState,
    /// The rule that approved it without asking, in words of ours.
    pub rule: Option<String>,
    /// What a refused call said was missing: rules in setkey's form. Empty otherwise.
    pub missing: Vec<String>,
    /// The peer's user to ours, with a proposal.
    pub note: Option<PeerText>,
    /// The proposal that it puts, or that it counters.
    pub proposal: Option<ProposalId>,
    /// The group of contacts that the peer belongs to, if its keys are those of whom it says to be.
    pub group: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ReviewState {
    /// The answer was looser, the peer was asked, and nothing was agreed: why. Open for another answer.
    Declined(Failure),
    Failed(Failure),
    /// The answer was looser than the peer asked, in these fields; still open for another answer.
    Looser {
        fields: Vec<String>,
    },
    Pending,
    /// The answer is looser than the peer asks, and the peer has been asked.
    Proposed {
        proposal: ProposalId,
    },
    Refused {
        by: &'static str,
    },
    Registered {
        generation: Generation,
        by: &'static str,
    },
    /// The entries changed meanwhile: ask again.
    Stale,
    /// Approved, on its way to the disk.
    Storing,
}

/// One short text. Texts and names are escaped.
#[derive(Clone, Debug, PartialEq)]
pub struct TextMessage {
    pub id: TextId,
    pub at: Wall,
    /// To whom, or who says that he wrote it.
    pub peer: String,
    pub outgoing: bool,
    pub text: String,
    pub state: TextState,
}

#[derive(Clone, Debug, PartialEq)]
pub enum TextState {
    Delivered,
    Failed(Failure),
    /// A server keeps it for the peer.
    Kept,
    Received,
    Sending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Callee,
    Caller,
}

#[derive(Clone, Debug)]
pub struct Call {
    pub id: CallId,
    /// As typed, or the caller's entity.
    pub peer: String,
    pub entity: Option<Entity>,
    pub device: Option<Device>,
    /// The peer holds the keys that our user approved. Without it a caller is only who it says that it is.
    pub known: bool,
    pub side: Side,
    pub state: CallState,
    pub started: Wall,
    /// Since when both sides talk.
    pub answered: Option<Wall>,
    /// The action of the entry that rules it, setkey's form.
    pub action: String,
    /// What both sides agreed for our packets: `none`, `esp`, `ah`, `ah+esp`.
    pub bundle: String,
    /// The same for the peer's.
    pub bundle_in: String,
    pub suite: Option<String>,
    /// Since when that is so: `bundle`, `bundle_in` and `suite`. `None` before they are agreed.
    pub protected_since: Option<Wall>,
    /// From INVITE to established.
    pub setup: Option<Duration>,
    pub counters: Counters,
    /// How loud it was in the last half second, once that is measured.
    pub levels: Option<Levels>,
    /// Nothing was heard of the peer for some seconds now.
    pub quiet: bool,
    /// Why nothing of it is heard, as far as that can be told.
    pub unheard: Option<Failure>,
    /// Why the peer hears nothing of our user: his device is gone. Until it is back.
    pub no_input: Option<Failure>,
    /// Why our user hears nothing.
    pub no_output: Option<Failure>,
    /// The callee is heard, and has not picked up yet.
    pub early: bool,
    /// Our user holds it: nothing is heard, and nothing is said.
    pub on_hold: bool,
    /// The peer holds it: it wants no sound from us.
    pub held_by_peer: bool,
    /// Our user hears, and is not heard.
    pub muted: bool,
    /// The call that ran when this one came.
    pub behind: Option<CallId>,
    /// Its media goes by TCP.
    pub by_tcp: bool,
    /// The file into which both sides are recorded, safe to print.
    pub recording: Option<String>,
    /// The call whose peer hears this one's, and the other way round.
    pub conference: Option<CallId>,
    /// What our user wanted of hold last.
    pub hold: Option<Hold>,
    /// The ask that had to come first, or that a refusal led to.
    pub ask: Option<AskId>,
    pub review: Option<ReviewId>,
    /// Its peer was asked to call somebody else.
    pub transfer: Option<Transfer>,
    /// Its peer wants that call to be placed.
    pub wants: Option<CallId>,
    /// The peer of that call wanted this one.
    pub wanted_by: Option<CallId>,
    /// It takes the place of that one, or has taken it.
    pub replaces: Option<CallId>,
    /// That one took its place: it was transferred.
    pub successor: Option<CallId>,
    /// Our side has asked for new keys, and the peer has not answered yet.
    pub rekeying: bool,
    /// One side is elsewhere than at the beginning.
    pub moved: Option<Moved>,
    /// Its packets go by the tunnel to a gateway that this call is.
    pub through: Option<CallId>,
    /// It is the tunnel for the packets of that call, and has no sound of its own.
    pub carries: Option<CallId>,
    /// We are the gateway: what comes in its tunnel goes on, at first to there.
    pub forwards: Option<IpAddr>,
}

/// One side of a call went to another address.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// The peer; otherwise we.
    pub by_peer: bool,
    pub from: IpAddr,
    pub to: IpAddr,
    /// As far as the new address tells.
    pub scope: Scope,
    /// For the call as it is now.
    pub advice: Advice,
}

/// A call is to be held, or to be taken up again.
#[derive(Clone, Debug, PartialEq)]
pub struct Hold {
    /// To be held.
    pub wanted: bool,
    pub state: HoldState,
}

#[derive(Clone, Debug, PartialEq)]
pub enum HoldState {
    /// The peer has not answered yet.
    Asking,
    Done,
    /// The call is as it was, or over.
    Failed(Failure),
}

/// What the peer of a call was asked to do. Texts are escaped.
#[derive(Clone, Debug, PartialEq)]
pub struct Transfer {
    /// Whom to call.
    pub target: String,
    /// Our call with them, whose place the new one takes.
    pub with: Option<CallId>,
    pub state: TransferState,
}

#[derive(Clone, Debug, PartialEq)]
pub enum TransferState {
    /// REFER is sent.
    Asking,
    /// The new call stands, and ours is ended.
    Done,
    Failed(Failure),
    /// The new peer rings.
    Ringing,
    /// The peer took it.
    Trying,
}

#[derive(Clone, Debug, PartialEq)]
pub enum CallState {
    /// Both sides hold the keys; the stream runs.
    Active,
    /// The policy comes first.
    Asking,
    Ended {
        reason: String,
    },
    Failed(Failure),
    /// We ring.
    Incoming,
    Inviting,
    /// The peer rings.
    Ringing,
    Reviewing(ReviewId),
    /// The peer of another call wants it; our user decides.
    Wanted,
}
