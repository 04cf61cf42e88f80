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
address!(/// Who the network that we trust says that the sender is (RFC 3325 section 9.1).
    PAssertedIdentity, P_ASSERTED_IDENTITY);
address!(/// Who the sender asks to be shown as (RFC 3325 section 9.2).
    PPreferredIdentity, P_PREFERRED_IDENTITY);
address!(/// A proxy that requests to a registered device have to pass (RFC 3327 section 4).
    Path, PATH);
address!(/// Who asked the sender to send this (RFC 3892 section 3).
    ReferredBy, REFERRED_BY);
address!(/// Whom to send a request to, in a REFER (RFC 3515 section 2.1).
    ReferTo, REFER_TO);
address!(/// Where to call back (RFC 3261 section 20.31).
    ReplyTo, REPLY_TO);
address!(/// A proxy that requests of the registered device have to pass (RFC 3608 section 5).
    ServiceRoute, SERVICE_ROUTE);
address!(/// A proxy that wants to stay on the path (RFC 3261 section 20.30).
    RecordRoute, RECORD_ROUTE);
address!(/// A proxy to be visited (RFC 3261 section 20.34).
    Route, ROUTE);
address!(/// Whom the request is for (RFC 3261 section 20.39).
    To, TO);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refer_to_may_carry_headers() {
        let text = "<sip:carol@c.example?Replaces=090459243588173445%3Bto-tag%3D7553452%3Bfrom-tag%3D31431>";
        let refer = ReferTo::read(text).unwrap();
        assert_eq!(refer.uri.headers().next().map(|(name, _)| name), Some("Replaces"));
        assert_eq!(refer.to_string(), text);
        assert!(ReferTo::read("sip:carol@c.example?Replaces=1").is_err(), "without brackets a ? ends nothing");
        assert_eq!(PAssertedIdentity::read("tel:+14085264000").unwrap().to_string(), "<tel:+14085264000>");
        assert_eq!(
            Path::read("<sip:p1.example.net;lr>").unwrap().uri.host().map(ToString::to_string).as_deref(),
            Some("p1.example.net")
        );
    }
}
