//! SIP (RFC 3261 and those that update it). Pure.

pub mod error;
pub mod framer;
pub mod headers;
pub mod inspect;
pub mod message;
pub mod method;
pub mod params;
pub mod token;
pub mod transport;
pub mod uri;
pub mod validate;

pub use error::{FieldProblem, FrameError, HeaderError, ParseError, UriError, WriteError};
pub use framer::{Frame, Framer};
pub use headers::{HeaderName, Headers, TypedHeader};
pub use inspect::{inspect, Inspection};
pub use message::{Message, Request, Response};
pub use method::Method;
pub use params::Params;
pub use token::Token;
pub use transport::{ConnectionId, Received, Transmit, Transport};
pub use uri::{Host, Scheme, Uri};
pub use validate::{validate, Rejection};
