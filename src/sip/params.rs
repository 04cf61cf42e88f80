use std::fmt;

use compact_str::CompactString;

use super::error::FieldProblem;
use super::octets::Octets;
use super::token;

/// The `;name=value` tail of a header value or of a URI, in order. Names are compared without
/// regard to case (RFC 3261 section 7.3.1); values stand as written, quotes included.
///
/// It is held as it is written, `;name=value;name`, and taken apart when it is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Params(CompactString);

impl Params {
    /// Reads `;a=b;c`, or nothing. White space may stand around `;` and `=`.
    pub fn read(text: &str) -> Result<Self, FieldProblem> {
        let text = token::trim(text);
        if !text.is_empty() && !text.starts_with(';') {
            return Err(FieldProblem::Syntax);
        }
        let (mut rest, mut octets) = (text, 0);
        while !rest.is_empty() {
            let (name, value, after) = read_one(rest)?;
            octets += 1 + name.len() + value.map_or(0, |value| 1 + value.len());
            rest = after;
        }
        // Most write no white space.
        if octets == text.len() {
            Ok(Self(text.into()))
        } else {
            Self::without_space(text, octets)
        }
    }

    fn without_space(text: &str, octets: usize) -> Result<Self, FieldProblem> {
        let mut params = Self(CompactString::with_capacity(octets));
        let mut rest = text;
        while !rest.is_empty() {
            let (name, value, after) = read_one(rest)?;
            params.push(name, value);
            rest = after;
        }
        Ok(params)
    }

    /// Takes `;a=b;c` that the caller has checked already: no white space, nothing quoted.
    pub(super) fn checked(text: &str) -> Self {
        Self(text.into())
    }

    pub fn has(&self, name: &str) -> bool {
        self.iter().any(|(n, _)| n.eq_ignore_ascii_case(name))
    }

    /// The value as written; `None` when there is no such parameter or it has no value.
    pub fn value(&self, name: &str) -> Option<&str> {
        value(&self.0, name)
    }

    /// The value, taken out of its quotes when it has them.
    pub fn unquoted(&self, name: &str) -> Option<String> {
        let value = self.value(name)?;
        match token::quoted(value) {
            Ok((meaning, _)) => Some(meaning.into_owned()),
            Err(_) => Some(value.to_owned()),
        }
    }

    /// Sets or adds a parameter. A value that is no token, host or quoted string is put in quotes.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) if !is_value(value) => self.set_raw(name, Some(&token::quote(value))),
            value => self.set_raw(name, value),
        }
    }

    pub(super) fn set_raw(&mut self, name: &str, value: Option<&str>) {
        if !self.has(name) {
            return self.push(name, value);
        }
        let mut changed = Self::default();
        for (held, before) in self.iter() {
            // Of two of one name the first is the one that counts.
            let counts = held.eq_ignore_ascii_case(name) && !changed.has(name);
            changed.push(held, if counts { value } else { before });
        }
        *self = changed;
    }

    pub fn remove(&mut self, name: &str) {
        let mut rest = Self::default();
        self.iter().filter(|(n, _)| !n.eq_ignore_ascii_case(name)).for_each(|(n, value)| rest.push(n, value));
        *self = rest;
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        each(&self.0)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn push(&mut self, name: &str, value: Option<&str>) {
        self.0.extend([";", name]);
        if let Some(value) = value {
            self.0.extend(["=", value]);
        }
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A quoted NUL may be read, and is never written.
        self.0.split('\0').enumerate().try_for_each(|(at, piece)| {
            f.write_str(if at == 0 { "" } else { " " })?;
            f.write_str(piece)
        })
    }
}

/// The value of one of the parameters that `;a=b;c` are.
pub(super) fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    each(text).find(|(n, _)| n.eq_ignore_ascii_case(name)).and_then(|(_, value)| value)
}

fn each(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let inner = text.strip_prefix(';');
    inner.into_iter().flat_map(|inner| token::pieces(inner, b';')).map(|param| match token::cut(param, b'=') {
        Some((name, value)) => (name, Some(value)),
        None => (param, None),
    })
}

/// Reads the parameter with which `text` starts: its name, its value, and what follows it.
fn read_one(text: &str) -> Result<(&str, Option<&str>, &str), FieldProblem> {
    let text = text.strip_prefix(';').ok_or(FieldProblem::Parameter)?;
    let (name, rest) = cut_token(token::trim_start(text))?;
    let rest = token::trim_start(rest);
    let Some(value) = rest.strip_prefix('=') else { return Ok((name, None, rest)) };
    let (value, rest) = cut_value(token::trim_start(value))?;
    Ok((name, Some(value), token::trim_start(rest)))
}

fn cut_token(text: &str) -> Result<(&str, &str), FieldProblem> {
    match text.split_at(token::token_len(text.as_bytes())) {
        ("", _) => Err(FieldProblem::Parameter),
        parts => Ok(parts),
    }
}

/// `gen-value` of RFC 3261 section 25.1: token, host or quoted string. IPv6 addresses may stand
/// with and without brackets, because `received` is written in both ways (RFC 5118 section 4.5).
fn cut_value(text: &str) -> Result<(&str, &str), FieldProblem> {
    if text.starts_with('"') {
        let (_, rest) = token::quoted(text).map_err(|_| FieldProblem::Parameter)?;
        return Ok(text.split_at(text.len() - rest.len()));
    }
    let mut len = token::token_len(text.as_bytes());
    if matches!(text.as_bytes().get(len), Some(b'[' | b']' | b':')) {
        len = ADDRESS.prefix(text.as_bytes()).max(len);
    }
    match text.split_at(len) {
        ("", _) => Err(FieldProblem::Parameter),
        parts => Ok(parts),
    }
}

fn is_value(text: &str) -> bool {
    matches!(cut_value(text), Ok((_, "")))
}

static ADDRESS: Octets = Octets::hexadecimal_and(b"[]:.");

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
    fn a_quoted_nul_is_read_and_not_written() {
        assert_eq!(Params::read(";a=\"x\\\0y\"").unwrap().to_string(), ";a=\"x\\ y\"");
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
