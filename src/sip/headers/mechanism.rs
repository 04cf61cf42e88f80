//! What the three headers of a security agreement have in common (RFC 3329 section 2.2).

macro_rules! mechanism {
    ($(#[$doc:meta])* $name:ident, $constant:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name {
            /// `tls`, `digest`, `ipsec-ike`, ...
            pub mechanism: String,
            /// `q`, `d-alg`, ...; what one side offers the other must give back letter for letter.
            pub params: $crate::sip::params::Params,
        }

        impl $crate::sip::headers::TypedHeader for $name {
            const NAME: $crate::sip::HeaderName = $crate::sip::HeaderName::$constant;

            fn read(value: &str) -> Result<Self, $crate::sip::error::FieldProblem> {
                let (mechanism, params) = value.split_at(value.find(';').unwrap_or(value.len()));
                Ok(Self { mechanism: $crate::sip::token::token(mechanism)?, params: $crate::sip::params::Params::read(params)? })
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}{}", self.mechanism, self.params)
            }
        }
    };
}

pub(super) use mechanism;

#[cfg(test)]
mod tests {
    use crate::sip::headers::{SecurityClient, SecurityServer, SecurityVerify, TypedHeader};

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
