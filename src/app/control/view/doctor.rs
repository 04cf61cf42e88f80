use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DoctorView {
    /// No check failed; warnings do not count.
    pub ok: bool,
    pub checks: Vec<CheckView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckView {
    /// `configuration`, `data-dir`, `store`, ...
    pub name: String,
    pub status: CheckStatus,
    /// What was found.
    pub found: String,
    /// What to do; empty when nothing.
    pub next: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CheckStatus {
    Ok,
    Warn,
    Fail,
}
