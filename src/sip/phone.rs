//! Telephone numbers, and the SIP URIs that they become (RFC 3966, RFC 3261 section 19.1.6).

use super::{Host, Uri};

/// A `telephone-subscriber`. Visual separators are gone, letters are small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    /// With its `+`, when it is global.
    number: String,
    context: Option<String>,
    /// The others, with `;` before each: `isub` and `ext` first.
    before: String,
    after: String,
}

/// Longest number, in octets, parameters included.
const MAX_LEN: usize = 128;

impl Phone {
    /// Reads what stands behind `tel:`: `+49-30-12345678`, `7042;phone-context=example.com`.
    ///
    /// # Errors
    /// Why it is no number, as the end of a sentence.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > MAX_LEN {
            return Err("it is longer than a telephone number can be");
        }
        let text = text.to_ascii_lowercase();
        let mut parts = text.split(';');
        let number = digits(parts.next().unwrap_or_default())?;
        let mut params: Vec<(&str, Option<&str>)> = Vec::new();
        for part in parts {
            let (name, value) = part.split_once('=').map_or((part, None), |(name, value)| (name, Some(value)));
            let fits = |text: &str, more: &str| {
                !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || more.as_bytes().contains(&b))
            };
            if !fits(name, "-") || value.is_some_and(|value| !fits(value, "-_.!~*'()+&$/:")) {
                return Err("one of its parameters cannot be read");
            }
            if params.iter().any(|(other, _)| *other == name) {
                return Err("one of its parameters stands there twice");
            }
            params.push((name, value));
        }
        let context = params.iter().find(|(name, _)| *name == "phone-context").map(|(_, value)| *value);
        let context = match context {
            Some(Some(context)) if is_context(context) => Some(without_separators(context)),
            Some(_) => return Err("its phone-context is neither + and digits nor a domain"),
            None => None,
        };
        if number.starts_with('+') && context.is_some() {
            return Err("a number with + has no phone-context");
        }
        // RFC 3966 section 3 has them in this order, so that the same number is the same text.
        let first = |name: &str| ["ext", "isub"].contains(&name);
        params.retain(|(name, _)| *name != "phone-context");
        params.sort_unstable();
        let written = |wanted: bool| {
            let some = params.iter().filter(|(name, _)| first(name) == wanted);
            some.map(|(name, value)| format!(";{name}{}", value.map(|v| format!("={v}")).unwrap_or_default())).collect()
        };
        Ok(Self { number, context, before: written(true), after: written(false) })
    }

    /// What a user types without `tel:`: `+49 30 123`, `(030) 123-4`, `*21#`; not what may be a host.
    pub fn is_typed(text: &str) -> bool {
        let text = text.trim();
        let separators = if text.starts_with('+') { " -.()" } else { " -()" };
        let number = text.strip_prefix('+').unwrap_or(text);
        let fits =
            |c: char| c.is_ascii_digit() || separators.contains(c) || (!text.starts_with('+') && "*#".contains(c));
        number.chars().any(|c| c.is_ascii_digit()) && number.chars().all(fits)
    }

    /// It means the same everywhere.
    pub fn is_global(&self) -> bool {
        self.number.starts_with('+')
    }

    /// Where a local number is valid.
    pub fn context(&self) -> Option<&str> {
        self.context.as_deref()
    }

    pub fn in_context(self, context: &str) -> Self {
        Self { context: Some(context.to_ascii_lowercase()), ..self }
    }

    /// The number alone, as a user part of a URI.
    pub fn user(&self) -> String {
        self.number.replace('#', "%23")
    }

    /// At whoever can reach telephones (RFC 3261 section 19.1.6).
    pub fn to_sip(&self, host: impl Into<Host>, port: Option<u16>) -> Uri {
        let context = self.context.as_ref().map(|context| format!(";phone-context={context}")).unwrap_or_default();
        let subscriber = format!("{}{}{context}{}", self.number, self.before, self.after);
        let mut uri = Uri::sip(Some(&subscriber), host, port);
        uri.set_param("user", Some("phone"));
        uri
    }
}

/// RFC 3966 section 3: `global-number-digits` and `local-number-digits`, in small letters.
fn digits(text: &str) -> Result<String, &'static str> {
    let number = without_separators(text);
    let local = |c: char| c.is_ascii_hexdigit() || "*#".contains(c);
    let reads = match number.strip_prefix('+') {
        Some(rest) => !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit()),
        None => !number.is_empty() && number.chars().all(local),
    };
    match reads {
        true => Ok(number),
        false => {
            Err("a telephone number has digits, `-`, `.`, `(` and `)`, and `+` before all of them when it is global")
        }
    }
}

fn is_context(text: &str) -> bool {
    let digits = |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit());
    let name = |b: u8| b.is_ascii_alphanumeric() || b"-.".contains(&b);
    let domain = text.bytes().any(|b| b.is_ascii_alphabetic()) && text.bytes().all(name);
    domain || without_separators(text).strip_prefix('+').is_some_and(digits)
}

/// A domain keeps its dots and hyphens.
fn without_separators(text: &str) -> String {
    let is_domain = !text.starts_with('+') && text.contains(|c: char| c.is_ascii_alphabetic()) && text.contains('.');
    if is_domain {
        return text.to_owned();
    }
    text.chars().filter(|c| !"-.() ".contains(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sip(text: &str) -> String {
        Phone::parse(text).unwrap().to_sip(Host::Name("example.org".into()), None).to_string()
    }

    #[test]
    fn a_number_becomes_a_sip_uri() {
        for (typed, uri) in [
            ("+493012345678", "sip:+493012345678@example.org;user=phone"),
            ("+49-(30)-1234.5678", "sip:+493012345678@example.org;user=phone"),
            ("+49 30 12345678", "sip:+493012345678@example.org;user=phone"),
            ("7042;phone-context=Example.COM", "sip:7042;phone-context=example.com@example.org;user=phone"),
            ("863-1234;phone-context=+1-914-555", "sip:8631234;phone-context=+1914555@example.org;user=phone"),
            // RFC 3261 section 19.1.6 has small letters, RFC 3966 section 3 the order.
            ("+358-555-1234567;postd=pp22;EXT=5", "sip:+3585551234567;ext=5;postd=pp22@example.org;user=phone"),
            ("12;b=1;phone-context=+49;a;isub=3", "sip:12;isub=3;phone-context=+49;a;b=1@example.org;user=phone"),
            ("*21#;phone-context=a.b", "sip:*21%23;phone-context=a.b@example.org;user=phone"),
        ] {
            assert_eq!(sip(typed), uri, "{typed}");
            assert!(Uri::parse(uri).is_ok(), "{uri}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "+",
            "+-",
            "--",
            "+49x",
            "bob",
            "1;",
            "1;=2",
            "1;a=",
            "1;phone-context",
            "1;phone-context=+",
            "1;a;a",
            "1;phone-context=-",
            "+1;phone-context=+2",
            "1;a=\u{1b}",
            "1@b",
            "1;phone-context=+1;phone-context=+2",
        ] {
            assert!(Phone::parse(text).is_err(), "{text:?}");
        }
        assert!(Phone::parse(&"1".repeat(129)).is_err());
    }

    #[test]
    fn hosts_and_names_are_not_taken_for_numbers() {
        for text in ["+493012345678", "+49 30 1", "+49.30.1", "030 1234", "(030) 12-34", "*21#", "110"] {
            assert!(Phone::is_typed(text), "{text}");
            assert!(Phone::parse(text.trim()).is_ok(), "{text}");
        }
        for text in ["192.168.1.2", "10.1", "127.91.0.300", "::1", "1:2", "bob", "office-7", "+49@h", "+", "", "a1"] {
            assert!(!Phone::is_typed(text), "{text}");
        }
    }
}
