use std::fmt;

/// A key of a telephone: `0` to `9`, `*`, `#`, `A` to `D`. What is typed in a call may be a secret, a PIN or the number of a card:
/// `Debug` does not show which it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digit(u8);

/// In the order of their event codes (RFC 4733 section 3.2).
const KEYS: &[u8; 16] = b"0123456789*#ABCD";

impl Digit {
    /// The key with this name; letters in either case.
    pub fn new(key: char) -> Option<Self> {
        let key = u8::try_from(key).ok()?.to_ascii_uppercase();
        KEYS.iter().position(|known| *known == key).map(|code| Self(code as u8))
    }

    /// The key with this event code; `None` for events that are no keys.
    pub fn of_code(code: u8) -> Option<Self> {
        (usize::from(code) < KEYS.len()).then_some(Self(code))
    }

    /// Its event code, 0 to 15.
    pub fn code(self) -> u8 {
        self.0
    }

    /// Its name, for whoever may see it.
    pub fn key(self) -> char {
        KEYS.get(usize::from(self.0)).copied().map_or('?', char::from)
    }
}

impl fmt::Debug for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[digit]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_keys_have_a_name_and_a_code_and_are_not_shown() {
        for (code, key) in "0123456789*#ABCD".chars().enumerate() {
            let digit = Digit::new(key).unwrap();
            assert_eq!((digit.code(), digit.key()), (code as u8, key));
            assert_eq!(Digit::of_code(code as u8), Some(digit));
            assert_eq!(Digit::new(key.to_ascii_lowercase()), Some(digit));
            assert!(!format!("{digit:?}").contains(key));
        }
        assert!(Digit::of_code(16).is_none());
        assert!(['E', ' ', '+', 'ä', '\u{0665}'].into_iter().all(|key| Digit::new(key).is_none()));
    }
}
