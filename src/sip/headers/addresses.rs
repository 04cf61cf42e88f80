use std::fmt;
use std::ops::{Deref, DerefMut};

use super::{HeaderName, NameAddr, TypedHeader};
use crate::sip::error::FieldProblem;

macro_rules! address {
    ($(#[$doc:meta])* $name:ident, $constant:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name(pub NameAddr);

        impl TypedHeader for $name {
            const NAME: HeaderName = HeaderName::$constant;

            fn read(value: &str) -> Result<Self, FieldProblem> {
                NameAddr::read(value).map(Self)
            }
        }

        impl Deref for $name {
            type Target = NameAddr;

            fn deref(&self) -> &NameAddr {
                &self.0
            }
        }

        impl DerefMut for $name {
            fn deref_mut(&mut self) -> &mut NameAddr {
                &mut self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

address!(/// Where a device can be reached (RFC 3261 section 20.10). The `*` of a REGISTER is not read as one.
    Contact, CONTACT);
address!(/// Who sent the request (RFC 3261 section 20.20).
    From, FROM);
address!(/// A proxy that wants to stay on the path (RFC 3261 section 20.30).
    RecordRoute, RECORD_ROUTE);
address!(/// A proxy to be visited (RFC 3261 section 20.34).
    Route, ROUTE);
address!(/// Whom the request is for (RFC 3261 section 20.39).
    To, TO);
