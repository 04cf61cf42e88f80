use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::timestamp;
use super::EnvironmentView;
use crate::presence::PresenceRecord;
use crate::vocab::escape;

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
    /// The e-mail address under which our user knows the peer.
    pub own_mail: Option<String>,
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

/// By what a record was known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GonePresenceView {
    pub entity: String,
    pub device: String,
}

impl PresenceView {
    pub(in crate::app) fn of_peer(record: &PresenceRecord) -> Self {
        Self {
            entity: record.entity.to_string(),
            device: record.device.to_string(),
            contact: record.contact.to_string(),
            address: record.address.map(|address| address.to_string()),
            observed: record.observed,
            user: record.user.as_ref().map(ToString::to_string),
            place: record.place.as_ref().map(ToString::to_string),
            time: timestamp(record.time),
            expires: timestamp(record.expires),
            version: record.version,
            environment: record.environment.as_ref().map(Into::into),
            own_user: record.names.user.as_deref().map(escape),
            own_mail: record.names.mail.as_deref().map(escape),
            own_place: record.names.place.as_deref().map(escape),
            own: false,
        }
    }

    /// What this device says of itself.
    pub(in crate::app) fn of_ours(record: &PresenceRecord) -> Self {
        Self { own: true, ..Self::of_peer(record) }
    }
}
