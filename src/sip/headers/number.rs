//! What the headers that hold one number have in common (RFC 3261 section 25.1, `1*DIGIT`).

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($number:ty), $constant:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub $number);

        impl $crate::sip::headers::TypedHeader for $name {
            const NAME: $crate::sip::HeaderName = $crate::sip::HeaderName::$constant;

            fn read(value: &str) -> Result<Self, $crate::sip::error::FieldProblem> {
                $crate::sip::token::number(value).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

pub(super) use number;

#[cfg(test)]
mod tests {
    use crate::sip::error::FieldProblem;
    use crate::sip::headers::{ContentLength, Expires, MaxForwards, MinExpires, RSeq, TypedHeader};

    #[test]
    fn digits_in_range_only() {
        for (text, number) in [("0", 0), ("007", 7), ("3600", 3600), ("4294967295", u32::MAX)] {
            assert_eq!(ContentLength::read(text), Ok(ContentLength(number)));
            assert_eq!(Expires::read(text), Ok(Expires(number)));
            assert_eq!(MinExpires::read(text), Ok(MinExpires(number)));
            assert_eq!(RSeq::read(text), Ok(RSeq(number)));
        }
        for bad in ["", "-1", "1 2", "4294967296", "1,1", "1h", "+1"] {
            assert_eq!(ContentLength::read(bad), Err(FieldProblem::Number), "{bad}");
            assert_eq!(Expires::read(bad), Err(FieldProblem::Number), "{bad}");
            assert_eq!(MinExpires::read(bad), Err(FieldProblem::Number), "{bad}");
            assert_eq!(RSeq::read(bad), Err(FieldProblem::Number), "{bad}");
        }
        assert_eq!(RSeq(988_789).to_string(), "988789");
    }

    #[test]
    fn hops_are_at_most_255() {
        for (text, number) in [("0", 0), ("0068", 68), ("255", 255)] {
            assert_eq!(MaxForwards::read(text), Ok(MaxForwards(number)));
        }
        for bad in ["", "-1", "256", "seventy"] {
            assert_eq!(MaxForwards::read(bad), Err(FieldProblem::Number), "{bad}");
        }
    }
}
