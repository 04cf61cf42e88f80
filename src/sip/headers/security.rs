use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::params::Params;
use crate::sip::token;

macro_rules! mechanism {
    ($(#[$doc:meta])* $name:ident, $constant:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name {
            /// `tls`, `digest`, `ipsec-ike`, ...
            pub mechanism: String,
            /// `q`, `d-alg`, ...; what one side offers the other must give back letter for letter.
            pub params: Params,
        }

        impl TypedHeader for $name {
            const NAME: HeaderName = HeaderName::$constant;

            fn read(value: &str) -> Result<Self, FieldProblem> {
                let (mechanism, params) = value.split_at(value.find(';').unwrap_or(value.len()));
                Ok(Self { mechanism: token::token(mechanism)?, params: Params::read(params)? })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", self.mechanism, self.params)
            }
        }
    };
}

mechanism!(/// One way to protect SIP that the client offers (RFC 3329 section 2.2).
    SecurityClient, SECURITY_CLIENT);
mechanism!(/// One that the server offers (RFC 3329 section 2.2).
    SecurityServer, SECURITY_SERVER);
mechanism!(/// One of the server's as the client had it, so that the server sees a change on the way (RFC 3329 section 2.2).
    SecurityVerify, SECURITY_VERIFY);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mechanism_and_its_parameters() {
        let read = SecurityServer::read("ipsec-ike;q=0.1").unwrap();
        assert_eq!((read.mechanism.as_str(), read.params.value("q")), ("ipsec-ike", Some("0.1")));
        let verify = "digest;d-qop=auth;d-ver=\"0000000000000000000000000000a0b1\"";
        assert_eq!(SecurityVerify::read(verify).unwrap().to_string(), verify);
        for bad in ["", ";q=1", "a b", "tls;"] {
            assert!(SecurityClient::read(bad).is_err(), "{bad}");
        }
    }
}
