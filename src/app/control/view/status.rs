use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AccountView, EnvironmentView};

/// The running agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatusView {
    pub version: String,
    pub entity: String,
    pub display_name: Option<String>,
    pub device: String,
    pub fingerprint: String,
    /// As `udp:192.168.1.1:5060`; really bound.
    pub listen: Vec<String>,
    /// Address of the control door; without one the agent lives inside a single command.
    pub control: Option<String>,
    /// `sqlite` or `memory`: with memory nothing is left on disk.
    pub store: String,
    pub data_dir: Option<String>,
    /// `prompt`, `auto` or `reject`.
    pub answer: String,
    /// What calls are heard from and by that name nothing of their own, as `devices list` has it: `silence` as shipped.
    pub input: String,
    /// `none` as shipped.
    pub output: String,
    /// Where it is registered, or tries to be.
    pub accounts: Vec<AccountView>,
    pub environment: EnvironmentView,
    /// The configured place, or what the user typed.
    pub place: Option<String>,
    /// Quiet hours are on until then: what comes from outside waits, members of groups that ring excepted.
    pub quiet_until: Option<String>,
    /// Until when the user asked not to be disturbed.
    pub do_not_disturb: Option<String>,
    pub generation: u64,
    /// Calls that are not over.
    pub calls: u64,
    /// Those of them that are on hold, by whichever side.
    pub calls_held: u64,
    /// Missed calls that `history` has not shown yet; `null` when the store is too busy to tell.
    pub missed: Option<u64>,
    /// Asks under way.
    pub asks: u64,
    /// Reviews that wait for an answer.
    pub reviews: u64,
    /// Peers that you follow.
    pub watches: u64,
    /// Those of them that are not told of changes right now.
    pub watches_waiting: u64,
    /// The SAs of every call are written to a file. Dangerous.
    pub keylog: bool,
}

/// The agent says goodbye to every peer and ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StopView {
    pub stopping: bool,
}
