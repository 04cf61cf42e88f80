//! The small words of the grammar (RFC 3261 section 25.1) that many headers share.

use std::borrow::Cow;
use std::fmt;

use memchr::{memchr, memchr2, memchr3};

use super::error::FieldProblem;
use super::octets::Octets;

static TOKEN: Octets = Octets::alphanumeric_and(b"-.!%*_+`'~");
static WORD: Octets = Octets::alphanumeric_and(b"-.!%*_+`'~()<>:\\\"/[]?{}");

/// A non-empty `token`: letters, digits and ``-.!%*_+`'~``.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(Box<str>);

impl Token {
    pub fn new(text: &str) -> Option<Self> {
        is_token(text).then(|| Self(text.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

pub fn is_token(text: &str) -> bool {
    !text.is_empty() && TOKEN.all(text.as_bytes())
}

/// A `word` as Call-IDs use it: a token that may also hold `()<>:\"/[]?{}`.
pub fn is_word(text: &str) -> bool {
    !text.is_empty() && WORD.all(text.as_bytes())
}

/// Reads a token of a value, white space around it allowed.
pub(super) fn token(text: &str) -> Result<String, FieldProblem> {
    checked(text).map(str::to_owned)
}

/// The same, where it stands.
pub(super) fn checked(text: &str) -> Result<&str, FieldProblem> {
    let text = trim(text);
    is_token(text).then_some(text).ok_or(FieldProblem::Token)
}

/// Reads a number of digits only, white space around it allowed: no sign, no space inside.
pub(super) fn number<N: std::str::FromStr>(text: &str) -> Result<N, FieldProblem> {
    digits(trim(text))
}

/// The same without white space.
pub(super) fn digits<N: std::str::FromStr>(text: &str) -> Result<N, FieldProblem> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(FieldProblem::Number);
    }
    text.parse().map_err(|_| FieldProblem::Number)
}

/// Cuts `text` at each `separator` that stands neither in a quoted string nor between `<` and `>`.
pub(super) fn split(text: &str, separator: u8) -> Vec<&str> {
    pieces(text, separator).collect()
}

/// The same, one after the other.
pub(super) fn pieces(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let piece;
        (piece, rest) = cut_piece(rest?, separator);
        Some(piece)
    })
}

/// The first piece, and what follows its separator.
pub(super) fn cut_piece(text: &str, separator: u8) -> (&str, Option<&str>) {
    match find(text, separator) {
        Some(at) => (text.get(..at).unwrap_or(""), text.get(at + 1..)),
        None => (text, None),
    }
}

/// Where the first `wanted` octet (ASCII) outside quoted strings and angle brackets stands.
pub(super) fn find(text: &str, wanted: u8) -> Option<usize> {
    let octets = text.as_bytes();
    let mut at = 0;
    loop {
        at += memchr3(wanted, b'"', b'<', octets.get(at..)?)?;
        let octet = *octets.get(at)?;
        if octet == wanted {
            return Some(at);
        }
        let inner = octets.get(at + 1..)?;
        let len = if octet == b'"' { end_of_quote(inner)? } else { memchr(b'>', inner)? };
        at += len + 2;
    }
}

/// Where the `"` stands that ends a quoted string; `inner` begins after the first one.
pub(super) fn end_of_quote(inner: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr2(b'"', b'\\', inner.get(at..)?)?;
        match inner.get(at) {
            Some(b'"') => return Some(at),
            _ => at += 2,
        }
    }
}

/// The texts before and after the first `separator` (ASCII).
pub(super) fn cut(text: &str, separator: u8) -> Option<(&str, &str)> {
    let at = memchr(separator, text.as_bytes())?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// The texts before the first `octet` (ASCII) and from it on, which is empty without one.
pub(super) fn cut_before(text: &str, octet: u8) -> (&str, &str) {
    text.split_at(memchr(octet, text.as_bytes()).unwrap_or(text.len()))
}

/// Reads the quoted string with which `text` starts: its meaning, and what follows it.
pub(super) fn quoted(text: &str) -> Result<(Cow<'_, str>, &str), FieldProblem> {
    let inner = text.strip_prefix('"').ok_or(FieldProblem::Quote)?;
    match cut(inner, b'"') {
        Some((plain, rest)) if memchr(b'\\', plain.as_bytes()).is_none() => Ok((plain.into(), rest)),
        _ => unescape(inner).map(|(meaning, rest)| (meaning.into(), rest)),
    }
}

fn unescape(inner: &str) -> Result<(String, &str), FieldProblem> {
    let mut meaning = String::new();
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((meaning, inner.get(at + 1..).unwrap_or(""))),
            // A quoted pair is a backslash and one ASCII character (RFC 3261 section 25.1).
            '\\' => match chars.next() {
                Some((_, c)) if c.is_ascii() => meaning.push(c),
                _ => return Err(FieldProblem::Quote),
            },
            c => meaning.push(c),
        }
    }
    Err(FieldProblem::Quote)
}

/// Writes `text` as a quoted string. CR, LF and NUL become spaces: a quoted NUL may be read
/// (RFC 4475 section 3.1.1.2) and what was read must be writable.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(if matches!(c, '\r' | '\n' | '\0') { ' ' } else { c });
    }
    out.push('"');
    out
}

/// Cuts linear white space (space and tab; lines are joined already) at both ends.
pub(super) fn trim(text: &str) -> &str {
    let text = trim_start(text);
    text.get(..after_trimming_end(text.as_bytes())).unwrap_or("")
}

pub(super) fn trim_start(text: &str) -> &str {
    text.get(white_space_len(text.as_bytes())..).unwrap_or("")
}

/// How many octets of linear white space `octets` begins with.
pub(super) fn white_space_len(octets: &[u8]) -> usize {
    octets.iter().position(|octet| !is_white_space(*octet)).unwrap_or(octets.len())
}

/// How many octets stand before the linear white space with which `octets` ends.
pub(super) fn after_trimming_end(octets: &[u8]) -> usize {
    octets.iter().rposition(|octet| !is_white_space(*octet)).map_or(0, |last| last + 1)
}

pub(super) fn is_white_space(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

pub(super) fn is_token_octet(octet: u8) -> bool {
    TOKEN.has(octet)
}

/// How many octets of a token `octets` begins with.
pub(super) fn token_len(octets: &[u8]) -> usize {
    TOKEN.prefix(octets)
}

/// `name=token` or `name="quoted"` of a challenge and what answers it, the value without its quotes (RFC 3261 section
/// 25.1, `auth-param`).
pub fn auth_param(text: &str) -> Result<(String, String), FieldProblem> {
    let (name, value) = text.split_once('=').ok_or(FieldProblem::Parameter)?;
    let (name, value) = (token(name)?, trim(value));
    if !value.starts_with('"') {
        return Ok((name, token(value)?));
    }
    match quoted(value)? {
        (meaning, "") => Ok((name, meaning.into_owned())),
        _ => Err(FieldProblem::Quote),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_quotes_and_brackets_do_not_split() {
        let text = r#""a, \", b" <sip:a,b@h>;x="1,2", <sip:c@h>"#;
        assert_eq!(split(text, b','), [r#""a, \", b" <sip:a,b@h>;x="1,2""#, " <sip:c@h>"]);
        assert_eq!(split("", b','), [""]);
        assert_eq!(split(",", b','), ["", ""]);
    }

    #[test]
    fn a_quoted_string_means_what_was_quoted() {
        for text in ["", "plain", "a \"b\" \\ c", "Zoë 雪"] {
            assert_eq!(quoted(&quote(text)), Ok((text.into(), "")));
        }
        assert_eq!(quote("a\r\n\0b"), "\"a   b\"");
        assert_eq!(quoted("\"a\" rest"), Ok(("a".into(), " rest")));
        for open in ["\"a", "\"a\\", "\"a\\\"", "a", "", "\"\\é\""] {
            assert_eq!(quoted(open), Err(FieldProblem::Quote), "{open}");
        }
    }

    #[test]
    fn numbers_have_digits_only() {
        assert_eq!(number::<u8>(" 0068 "), Ok(68));
        for bad in ["", "-1", "+1", "256", "1 2", "0x1", "١"] {
            assert_eq!(number::<u8>(bad), Err(FieldProblem::Number), "{bad}");
        }
    }

    #[test]
    fn tokens_and_words() {
        assert!(is_token("-.!%*_+`'~aZ9") && !is_token("a b") && !is_token("") && !is_token("é") && !is_token("a@b"));
        assert!(is_word("intmeth.word%ZK-!.*_+'@".trim_end_matches('@')) && !is_word("a@b") && !is_word("a b"));
    }
}
