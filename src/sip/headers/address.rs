//! What the headers that hold one address have in common (RFC 3261 section 25.1, `name-addr`).

macro_rules! address {
    ($(#[$doc:meta])* $name:ident, $constant:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name(pub $crate::sip::headers::NameAddr);

        impl $crate::sip::headers::TypedHeader for $name {
            const NAME: $crate::sip::HeaderName = $crate::sip::HeaderName::$constant;

            #[inline]
            fn read(value: &str) -> Result<Self, $crate::sip::error::FieldProblem> {
                $crate::sip::headers::NameAddr::read(value).map(Self)
            }
        }

        impl std::ops::Deref for $name {
            type Target = $crate::sip::headers::NameAddr;

            fn deref(&self) -> &$crate::sip::headers::NameAddr {
                &self.0
            }
        }

        impl std::ops::DerefMut for $name {
            fn deref_mut(&mut self) -> &mut $crate::sip::headers::NameAddr {
                &mut self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

pub(super) use address;

#[cfg(test)]
mod tests {
    use crate::sip::headers::{PAssertedIdentity, Path, ReferTo, TypedHeader};

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
