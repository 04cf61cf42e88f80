//! Header fields (RFC 3261 sections 7.3 and 20): the ordered, lossless collection, and one file
//! for each header that is read into a type.
//!
//! ```
//! use sottovoce::sip::headers::{CSeq, Headers, Via};
//! use sottovoce::sip::{HeaderName, Method};
//!
//! let mut headers = Headers::default();
//! headers.push(HeaderName::VIA, "SIP/2.0/UDP [2001:db8::1]:5070;branch=z9hG4bKabc;rport")?;
//! headers.push(HeaderName::CSEQ, CSeq { number: 7, method: Method::Invite })?;
//! let via = headers.typed::<Via>()?.expect("pushed above");
//! assert_eq!(via.branch(), Some("z9hG4bKabc"));
//! assert_eq!(headers.first("cseq"), Some("7 INVITE"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod addresses;
mod authentication_info;
mod call_id;
mod content_disposition;
mod content_length;
mod cseq;
mod date;
mod event;
mod expires;
mod field;
mod list;
mod max_forwards;
mod media_type;
mod min_se;
mod name;
mod name_addr;
mod rack;
mod reason;
mod refer_sub;
mod replaces;
mod retry_after;
mod rseq;
mod security;
mod session_expires;
mod subscription_state;
#[cfg(test)]
mod tests;
mod tokens;
mod user_agent;
mod via;
mod warning;

use std::fmt;

use super::error::FieldProblem;

pub use addresses::{
    Contact, From, PAssertedIdentity, PPreferredIdentity, Path, RecordRoute, ReferTo, ReferredBy, ReplyTo, Route,
    ServiceRoute, To,
};
pub use authentication_info::AuthenticationInfo;
pub use call_id::CallId;
pub use content_disposition::ContentDisposition;
pub use content_length::ContentLength;
pub use cseq::CSeq;
pub use date::Date;
pub use event::Event;
pub use expires::{Expires, MinExpires};
pub use list::Headers;
pub use max_forwards::MaxForwards;
pub use media_type::{Accept, ContentType, MediaType};
pub use min_se::MinSe;
pub use name::HeaderName;
pub use name_addr::NameAddr;
pub use rack::RAck;
pub use reason::Reason;
pub use refer_sub::ReferSub;
pub use replaces::Replaces;
pub use retry_after::RetryAfter;
pub use rseq::RSeq;
pub use security::{SecurityClient, SecurityServer, SecurityVerify};
pub use session_expires::{Refresher, SessionExpires};
pub use subscription_state::{SubscriptionState, SubscriptionStatus};
pub use tokens::{Allow, AllowEvents, Require, SipETag, SipIfMatch, Supported, Unsupported};
pub use user_agent::UserAgent;
pub use via::{Via, ViaTransport};
pub use warning::Warning;

pub(super) use field::Field;

/// A header that is read into a type. `Display` writes a value that `read` reads back.
pub trait TypedHeader: Sized + fmt::Display {
    const NAME: HeaderName;

    /// Reads one value: one element where the header is a comma-separated list, else all of it.
    fn read(value: &str) -> Result<Self, FieldProblem>;
}
