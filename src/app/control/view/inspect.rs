use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What messages or documents say, and what is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InspectView {
    /// `sip`, `pidf` or `sdp`.
    pub kind: String,
    /// As many as were given, in the same order.
    pub files: Vec<InspectedFileView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InspectedFileView {
    pub name: String,
    /// It was understood and breaks no rule that we check.
    pub ok: bool,
    pub fields: Vec<InspectedFieldView>,
    /// What is wrong; empty when nothing.
    pub problems: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InspectedFieldView {
    pub name: String,
    pub value: String,
}
