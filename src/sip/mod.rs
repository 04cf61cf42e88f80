//! SIP (RFC 3261 and those that update it). Pure.

pub mod ability;
mod authentication;
mod back_off;
pub mod body;
mod dialog;
pub mod digest;
pub mod endpoint;
pub mod error;
pub mod framer;
pub mod headers;
pub mod inspect;
pub mod locate;
pub mod message;
pub mod method;
mod multipart;
pub mod notifier;
pub mod pager;
pub mod params;
pub mod publication;
mod read;
pub mod refusal;
pub mod registration;
mod reliable;
pub mod resumed;
mod send;
pub mod session;
mod session_timer;
pub mod subscription;
pub mod target_set;
pub mod token;
pub mod transaction;
pub mod transport;
pub mod uri;
pub mod validate;

pub use body::Body;
pub use endpoint::{
    EndCause, Endpoint, EndpointConfig, EndpointCounters, EndpointEvent, Invite, Next, Publish, Register, Subscribe,
    Text, RINGING,
};
pub use error::{FieldProblem, FrameError, HeaderError, ParseError, UriError, WriteError};
pub use framer::{Frame, Framer};
pub use headers::{HeaderName, Headers, TypedHeader};
pub use inspect::{inspect, Inspection};
pub use locate::{Candidate, Locate};
pub use message::{Message, Request, Response};
pub use method::Method;
pub use notifier::{NotifierId, NotifyState};
pub use pager::MessageId;
pub use params::Params;
pub use publication::PublicationId;
pub use refusal::Refusal;
pub use registration::RegistrationId;
pub use resumed::{RequestIds, Resumed};
pub use session::SessionId;
pub use subscription::SubscriptionId;
pub use target_set::{redirects, Exhausted, Redirect, TargetSet};
pub use token::Token;
pub use transport::{ConnectionId, Received, Transmit, Transport};
pub use uri::{Host, Scheme, Uri};
pub use validate::{validate, Rejection};
