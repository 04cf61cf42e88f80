use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A page that may be opened once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PageView {
    /// Opens the page, once. Whoever has it has the agent: it is for a browser of this user, and for nobody's screen.
    pub url: String,
    /// A file of this user alone that leads there, so that the address stands in no list of processes. Gone when it was used.
    pub file: String,
    /// Until then.
    pub until: String,
}

/// What a page shows with every request, as `Authorization: Bearer`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionView {
    pub session: String,
}

/// Pages that were open and are no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClosedPagesView {
    pub closed: u64,
}
