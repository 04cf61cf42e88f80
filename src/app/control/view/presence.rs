use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::EnvironmentView;

/// One row of the presence database (FIG. 6), or what the review screen shows of it (FIG. 9, 11).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PresenceView {
    /// Items 620, 910.
    pub entity: String,
    pub device: String,
    pub contact: String,
    /// Items 621, 911: where the answer came from.
    pub address: Option<String>,
    /// Whether `address` was seen on the network; otherwise it is as stated.
    pub observed: bool,
    /// Items 622, 912: the peer's own word.
    pub user: Option<String>,
    /// Items 623, 913: the peer's own word.
    pub place: Option<String>,
    /// Items 624, 914: when the peer produced it.
    pub time: String,
    pub expires: String,
    pub version: u64,
    pub environment: Option<EnvironmentView>,
    /// Our user's own name for the peer's user; never published.
    pub own_user: Option<String>,
    /// Our user's own name for the peer's place; never published.
    pub own_place: Option<String>,
    /// What this device says of itself.
    pub own: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PresenceList {
    /// Our own first.
    pub presences: Vec<PresenceView>,
}
