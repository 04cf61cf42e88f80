//! SIP (RFC 3261 and those that update it). Pure.

pub mod body;
pub mod dialog;
pub mod endpoint;
pub mod notifier;
pub mod refusal;
pub mod session;
pub mod subscription;
pub mod transaction;
pub mod transport;

pub use body::Body;
pub use endpoint::{EndCause, Endpoint, EndpointConfig, EndpointCounters, EndpointEvent, Invite, Subscribe};
pub use notifier::{NotifierId, NotifyState};
pub use refusal::Refusal;
pub use session::SessionId;
pub use subscription::SubscriptionId;
pub use transport::{ConnectionId, Received, Transmit, Transport};
