//! What every user interface shows, one noun a file.
//!
//! Decided once: **text in a view is safe to print.** Whatever a peer wrote went through
//! [`vocab::escape`](crate::vocab::escape) on its way into a view, so a terminal or page shows it as it is. Times are
//! RFC 3339 in UTC with milliseconds; numbers of asks, reviews, calls and entries are texts, `a1`, `r1`, `c1`, `e1`.

mod account;
mod ask;
mod audit;
mod call;
mod completions;
mod conference;
mod contact;
mod devices;
mod digit;
mod doctor;
mod entry;
mod environment;
mod error;
mod event;
mod history;
mod identity;
mod inspect;
mod page;
mod policy;
mod presence;
mod proposal;
mod quality;
mod review;
mod status;
mod text;
mod time;
mod watch;
mod weighed;

pub use account::{
    AccountList, AccountStateView, AccountView, FlowView, MailboxStateView, MailboxView, PublicationStateView,
    PublicationView,
};
pub use ask::{AskList, AskStateView, AskView, StepView};
pub use audit::{AuditRowView, AuditView};
pub use call::{
    CallList, CallStateView, CallView, HoldStateView, HoldView, MovedView, PacketsView, SideView, TransferStateView,
    TransferView, BY_DTLS, QUIET, RINGING, SILENCE,
};
pub use completions::CompletionsView;
pub use conference::ConferenceView;
pub use contact::{ContactList, ContactView, GroupList, GroupView};
pub use devices::{DeviceTrialNowView, DeviceTrialView, DeviceView, DevicesView, LevelView, LevelsView, TreatmentView};
pub use digit::{DigitView, DigitWayView, DigitsView};
pub use doctor::{CheckStatus, CheckView, DoctorView};
pub use entry::{EntryView, PlaceConditionView, RuleView, TunnelView};
pub use environment::{EnvironmentView, SurroundingsKind, SurroundingsView};
pub use error::{ErrorBody, ErrorKind, ErrorView};
pub use event::EventView;
pub use history::{CallResultView, ForgottenView, HistoryRowView, HistoryView, MissedView};
pub use identity::{IdentityView, PinView, VouchView};
pub use inspect::{InspectView, InspectedFieldView, InspectedFileView};
pub use page::{ClosedPagesView, PageView, SessionView};
pub use policy::{
    ChangedEntryView, ExportView, LeftOutView, PolicyChangeView, PolicyHistoryView, PolicyView, RegisteredView,
    SkippedView, TestView,
};
pub use presence::{GonePresenceView, PresenceList, PresenceView};
pub use proposal::{CounterStateView, CounterView, PendingView, ProposalList, ProposalStateView, ProposalView};
pub use quality::{FarView, QualityView};
pub use review::{
    AboutView, AdviceView, CapabilitiesView, DifferenceView, KeyStateView, RelationView, ReviewKindView, ReviewList,
    ReviewStateView, ReviewView, StatementView, VerdictView,
};
pub use status::{StatusView, StopView};
pub use text::{TextList, TextStateView, TextView};
pub use time::timestamp;
pub use watch::{
    GoneWatchView, ServerWatchersView, WatchList, WatchStateView, WatchView, WatcherList, WatcherRuleView,
    WatcherStateView, WatcherView,
};
pub use weighed::{WeighedFieldView, WeighedView};
