//! What the headers that hold any text have in common (RFC 3261 section 25.1, `TEXT-UTF8-TRIM`).

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $constant:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name(pub String);

        impl $crate::sip::headers::TypedHeader for $name {
            const NAME: $crate::sip::HeaderName = $crate::sip::HeaderName::$constant;

            fn read(value: &str) -> Result<Self, $crate::sip::error::FieldProblem> {
                Ok(Self(value.to_owned()))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

pub(super) use text;
