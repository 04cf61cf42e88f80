use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What messages or documents say, and what is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InspectView {
    /// As many as were given, in the same order.
    pub files: Vec<InspectedFileView>,
}

/// One file. The fields between `status` and `body_len` are of SIP messages; of other kinds they are null.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InspectedFileView {
    pub file: String,
    /// Of SIP `request`, `response` or `keep-alive`, null when it is none of them; else `pidf` or `sdp`.
    pub kind: Option<String>,
    /// It was understood and breaks no rule that we check.
    pub valid: bool,
    /// The answer of somebody who serves its method and knows our extensions; null when he accepts it, or it is a response.
    pub status: Option<u16>,
    /// What is wrong; empty when nothing.
    pub problems: Vec<String>,
    /// Writing what was read gives the same octets.
    pub roundtrip: Option<bool>,
    pub method: Option<String>,
    pub call_id: Option<String>,
    /// Number and method.
    pub cseq: Option<String>,
    pub via_count: Option<u64>,
    /// In octets.
    pub body_len: Option<u64>,
    /// What documents and session descriptions say, line by line.
    pub fields: Vec<InspectedFieldView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InspectedFieldView {
    pub name: String,
    pub value: String,
}
