use std::fmt;

use super::error::FieldProblem;
use super::token;

/// The `;name=value` tail of a header value or of a URI, in order. Names are compared without
/// regard to case (RFC 3261 section 7.3.1); values stand as written, quotes included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Params(Vec<(String, Option<String>)>);

impl Params {
    pub(super) const fn empty() -> Self {
        Self(Vec::new())
    }

    /// Reads `;a=b;c`, or nothing. White space may stand around `;` and `=`.
    pub fn read(text: &str) -> Result<Self, FieldProblem> {
        let text = token::trim(text);
        if text.is_empty() {
            return Ok(Self::default());
        }
        let text = text.strip_prefix(';').ok_or(FieldProblem::Syntax)?;
        token::split(text, b';').into_iter().map(read_one).collect::<Result<_, _>>().map(Self)
    }

    /// Reads parameters that the caller has cut and checked already.
    pub(super) fn from_pairs(pairs: Vec<(String, Option<String>)>) -> Self {
        Self(pairs)
    }

    pub fn has(&self, name: &str) -> bool {
        self.iter().any(|(n, _)| n.eq_ignore_ascii_case(name))
    }

    /// The value as written; `None` when there is no such parameter or it has no value.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).and_then(|(_, value)| value)
    }

    /// The value, taken out of its quotes when it has them.
    pub fn unquoted(&self, name: &str) -> Option<String> {
        let value = self.value(name)?;
        match token::quoted(value) {
            Ok((meaning, _)) => Some(meaning),
            Err(_) => Some(value.to_owned()),
        }
    }

    /// Sets or adds a parameter. A value that is no token, host or quoted string is put in quotes.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        let value = value.map(|v| if is_value(v) { v.to_owned() } else { token::quote(v) });
        self.set_raw(name, value);
    }

    pub(super) fn set_raw(&mut self, name: &str, value: Option<String>) {
        match self.0.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
            Some((_, held)) => *held = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_deref()))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|(name, value)| match value {
            Some(value) => write!(f, ";{name}={value}"),
            None => write!(f, ";{name}"),
        })
    }
}

fn read_one(text: &str) -> Result<(String, Option<String>), FieldProblem> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(token::trim(value))),
        None => (text, None),
    };
    let name = token::token(name).map_err(|_| FieldProblem::Parameter)?;
    match value {
        Some(value) if !is_value(value) => Err(FieldProblem::Parameter),
        value => Ok((name, value.map(str::to_owned))),
    }
}

/// `gen-value` of RFC 3261 section 25.1: token, host or quoted string. IPv6 addresses may stand
/// with and without brackets, because `received` is written in both ways (RFC 5118 section 4.5).
fn is_value(text: &str) -> bool {
    if text.starts_with('"') {
        return matches!(token::quoted(text), Ok((_, "")));
    }
    token::is_token(text) || (!text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit() || b"[]:.".contains(&b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_keep_order_and_ignore_the_case_of_names() {
        let params = Params::read(" ; Tag = abc ;lr;q=\"a;b\" ").unwrap();
        assert_eq!(params.to_string(), ";Tag=abc;lr;q=\"a;b\"");
        assert_eq!(params.value("tag"), Some("abc"));
        assert_eq!(params.unquoted("Q").as_deref(), Some("a;b"));
        assert!(params.has("LR") && params.value("lr").is_none());
    }

    #[test]
    fn empty_parameters_and_loose_quotes_are_refused() {
        for bad in [";", ";;", ";a;", ";=b", ";a=", ";a=\"b", ";a=\"b\"c", "a=b", ";a b", ";a=b c", ";a=@"] {
            assert!(Params::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_set_can_be_read_again() {
        let mut params = Params::default();
        params.set("received", Some("2001:db8::9"));
        params.set("text", Some("say \"hi\"; bye"));
        params.set("lr", None);
        params.set("RECEIVED", Some("[2001:db8::9]"));
        assert_eq!(Params::read(&params.to_string()).as_ref(), Ok(&params));
        assert_eq!(params.value("received"), Some("[2001:db8::9]"));
        assert_eq!(params.unquoted("text").as_deref(), Some("say \"hi\"; bye"));
        params.remove("Text");
        assert!(!params.has("text"));
    }
}
