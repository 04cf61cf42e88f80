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

mod accept;
mod accept_encoding;
mod accept_language;
mod address;
mod alert_info;
mod allow;
mod allow_events;
mod authentication_info;
mod call_id;
mod call_info;
mod contact;
mod content_disposition;
mod content_encoding;
mod content_language;
mod content_length;
mod content_type;
mod cseq;
mod date;
mod error_info;
mod event;
mod expires;
mod field;
mod from;
mod in_reply_to;
mod info;
mod list;
mod max_forwards;
mod mechanism;
mod media_type;
mod mime_version;
mod min_expires;
mod min_se;
mod name;
mod name_addr;
mod number;
mod one_token;
mod organization;
mod p_asserted_identity;
mod p_preferred_identity;
mod path;
mod priority;
mod proxy_require;
mod rack;
mod reason;
mod record_route;
mod refer_sub;
mod refer_to;
mod referred_by;
mod replaces;
mod reply_to;
mod require;
mod retry_after;
mod route;
mod rseq;
mod security_client;
mod security_server;
mod security_verify;
mod server;
mod service_route;
mod session_expires;
mod sip_etag;
mod sip_if_match;
mod subject;
mod subscription_state;
mod supported;
#[cfg(test)]
mod tests;
mod text;
mod timestamp;
mod to;
mod unsupported;
mod user_agent;
mod via;
mod warning;

use std::fmt;

use super::error::FieldProblem;

pub use accept::Accept;
pub use accept_encoding::AcceptEncoding;
pub use accept_language::AcceptLanguage;
pub use alert_info::AlertInfo;
pub use allow::Allow;
pub use allow_events::AllowEvents;
pub use authentication_info::AuthenticationInfo;
pub use call_id::CallId;
pub use call_info::CallInfo;
pub use contact::Contact;
pub use content_disposition::ContentDisposition;
pub use content_encoding::ContentEncoding;
pub use content_language::ContentLanguage;
pub use content_length::ContentLength;
pub use content_type::ContentType;
pub use cseq::CSeq;
pub use date::Date;
pub use error_info::ErrorInfo;
pub use event::Event;
pub use expires::Expires;
pub use from::From;
pub use in_reply_to::InReplyTo;
pub use list::Headers;
pub use max_forwards::MaxForwards;
pub use media_type::MediaType;
pub use mime_version::MimeVersion;
pub use min_expires::MinExpires;
pub use min_se::MinSe;
pub use name::HeaderName;
pub use name_addr::NameAddr;
pub use organization::Organization;
pub use p_asserted_identity::PAssertedIdentity;
pub use p_preferred_identity::PPreferredIdentity;
pub use path::Path;
pub use priority::Priority;
pub use proxy_require::ProxyRequire;
pub use rack::RAck;
pub use reason::Reason;
pub use record_route::RecordRoute;
pub use refer_sub::ReferSub;
pub use refer_to::ReferTo;
pub use referred_by::ReferredBy;
pub use replaces::Replaces;
pub use reply_to::ReplyTo;
pub use require::Require;
pub use retry_after::RetryAfter;
pub use route::Route;
pub use rseq::RSeq;
pub use security_client::SecurityClient;
pub use security_server::SecurityServer;
pub use security_verify::SecurityVerify;
pub use server::Server;
pub use service_route::ServiceRoute;
pub use session_expires::{Refresher, SessionExpires};
pub use sip_etag::SipETag;
pub use sip_if_match::SipIfMatch;
pub use subject::Subject;
pub use subscription_state::{SubscriptionState, SubscriptionStatus};
pub use supported::Supported;
pub use timestamp::Timestamp;
pub use to::To;
pub use unsupported::Unsupported;
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
