use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{timestamp, ErrorView};
use crate::agent::{TextMessage, TextState};

/// One short text (RFC 3428), which travels as clear as SIP does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TextView {
    /// `t1`.
    pub id: String,
    pub time: String,
    /// To whom, or who says that he wrote it: nothing proves that.
    pub peer: String,
    pub outgoing: bool,
    pub text: String,
    pub state: TextStateView,
    /// Why it did not arrive.
    pub failure: Option<ErrorView>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TextStateView {
    Delivered,
    Failed,
    /// A server keeps it for the peer.
    Kept,
    Received,
    Sending,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TextList {
    /// Oldest first.
    pub messages: Vec<TextView>,
}

impl From<&TextMessage> for TextView {
    fn from(text: &TextMessage) -> Self {
        let (state, failure) = match &text.state {
            TextState::Delivered => (TextStateView::Delivered, None),
            TextState::Failed(failure) => (TextStateView::Failed, Some(failure)),
            TextState::Kept => (TextStateView::Kept, None),
            TextState::Received => (TextStateView::Received, None),
            TextState::Sending => (TextStateView::Sending, None),
        };
        Self {
            id: text.id.to_string(),
            time: timestamp(text.at),
            peer: text.peer.clone(),
            outgoing: text.outgoing,
            text: text.text.clone(),
            state,
            failure: failure.map(Into::into),
        }
    }
}
