//! URIs as SIP uses them (RFC 3261 section 19.1).

mod escape;
mod host;
mod read;
mod same;
#[cfg(test)]
mod tests;

use std::fmt;
use std::hash::{Hash, Hasher};

use compact_str::{format_compact, CompactString};

use super::error::UriError;
use super::params::{self, Params};

pub use host::Host;

/// A URI. [`fmt::Display`] writes it exactly as it was read.
///
/// `==` compares the texts; [`Uri::is_equivalent`] compares as RFC 3261 section 19.1.4 says, which
/// is not transitive and so cannot be `==`.
#[derive(Clone)]
pub struct Uri(Box<Read>);

/// In a box, because URIs are moved often.
#[derive(Clone)]
struct Read {
    text: CompactString,
    form: Form,
}

/// The scheme of a URI, compared without regard to case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    Pres,
    Sip,
    Sips,
    Tel,
    /// Any other, in lower case.
    Other(Box<str>),
}

#[derive(Clone)]
enum Form {
    Address(Address),
    /// `tel:` and unknown schemes: what follows the colon is not looked into.
    Opaque(Scheme),
    /// Stood where a URI belongs, and is none.
    Unreadable(Scheme, UriError),
}

/// How long the parts of a `sip:`, `sips:` or `pres:` URI are in its text, in octets, escapes as written, and what they mean.
/// It is small, because it is moved often. No text has more than 4 GiB.
#[derive(Clone)]
struct Address {
    scheme: &'static Scheme,
    /// None without a user.
    user: u32,
    /// User, colon and password; the user alone without a password.
    info: u32,
    /// `;name=value;name=value`.
    params: u32,
    /// `name=value&name=value`, after a `?`.
    headers: u32,
    port: Option<u16>,
    host: Host,
}

/// What such a URI is built of.
struct Parts<'a> {
    user: Option<&'a str>,
    password: Option<&'a str>,
    host: Host,
    port: Option<u16>,
    params: Params,
    headers: &'a str,
}

impl Uri {
    /// Reads a URI. `sip:`, `sips:` and `pres:` are taken apart, other schemes are kept as they stand.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, UriError> {
        Self::read(std::str::from_utf8(text.as_ref()).map_err(|_| UriError::Character)?)
    }

    /// The same of a text.
    pub(super) fn read(text: &str) -> Result<Self, UriError> {
        Ok(Self(Box::new(Read { form: read::form(text)?, text: text.into() })))
    }

    /// Builds a `sip:` URI; characters that a user part may not hold are escaped.
    pub fn sip(user: Option<&str>, host: impl Into<Host>, port: Option<u16>) -> Self {
        let user = user.filter(|u| !u.is_empty()).map(escape::user);
        let (host, params) = (host.into(), Params::default());
        Self::of(&Scheme::Sip, Parts { user: user.as_deref(), password: None, host, port, params, headers: "" })
    }

    /// Keeps what stood in the place of a Request-URI and cannot be read, so that the request can
    /// be answered. `validate` refuses it.
    pub(super) fn unreadable(text: &str, problem: UriError) -> Self {
        let scheme = text.split_once(':').map_or(text, |(scheme, _)| scheme);
        Self(Box::new(Read { form: Form::Unreadable(Scheme::new(scheme), problem), text: text.into() }))
    }

    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    pub fn scheme(&self) -> &Scheme {
        match &self.0.form {
            Form::Address(address) => address.scheme,
            Form::Opaque(scheme) | Form::Unreadable(scheme, _) => scheme,
        }
    }

    /// Why this cannot be read as a URI; only a Request-URI off the wire can be so.
    pub fn problem(&self) -> Option<UriError> {
        match self.0.form {
            Form::Unreadable(_, problem) => Some(problem),
            _ => None,
        }
    }

    /// The user part as written, escapes included.
    pub fn user(&self) -> Option<&str> {
        self.rest().get(..self.address()?.user as usize).filter(|user| !user.is_empty())
    }

    /// The user part with its escapes resolved. It may hold any character: it is peer text.
    pub fn user_unescaped(&self) -> Option<String> {
        self.user().map(escape::unescape)
    }

    pub fn password(&self) -> Option<&str> {
        let Address { user, info, .. } = self.address()?;
        self.rest().get(*user as usize..*info as usize)?.strip_prefix(':')
    }

    /// The host; `None` for schemes that are not taken apart.
    pub fn host(&self) -> Option<&Host> {
        self.address().map(|a| &a.host)
    }

    /// The port, when it is written.
    pub fn port(&self) -> Option<u16> {
        self.address().and_then(|a| a.port)
    }

    pub fn params(&self) -> Params {
        Params::checked(self.params_text())
    }

    /// The value of a parameter, as written. See [`Params::has`] for those without a value.
    pub fn param(&self, name: &str) -> Option<&str> {
        params::value(self.params_text(), name)
    }

    /// The `?name=value&...` part, escapes as written.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers_text().split('&').filter_map(|header| header.split_once('='))
    }

    /// What follows the scheme and its colon.
    pub fn rest(&self) -> &str {
        self.0.text.split_once(':').map_or("", |(_, rest)| rest)
    }

    /// Sets or adds a URI parameter, escaped as needed. Does nothing to schemes that are not taken apart.
    pub fn set_param(&mut self, name: &str, value: Option<&str>) {
        self.change(|parts| parts.params.set_raw(&escape::param(name), value.map(escape::param).as_deref()));
    }

    pub fn remove_param(&mut self, name: &str) {
        self.change(|parts| parts.params.remove(name));
    }

    /// The value of a header that the request is to have, its escapes resolved: any text of whoever wrote the URI.
    pub fn header_unescaped(&self, name: &str) -> Option<String> {
        self.headers().find(|(held, _)| held.eq_ignore_ascii_case(name)).map(|(_, value)| escape::unescape(value))
    }

    /// Adds a header that the request is to have (RFC 3261 section 19.1.1), escaped as needed.
    pub fn add_header(&mut self, name: &str, value: &str) {
        let Some((scheme, parts)) = self.parts() else { return };
        let added = format!("{}={}", escape::header(name), escape::header(value));
        let headers = [parts.headers, &added].join(if parts.headers.is_empty() { "" } else { "&" });
        *self = Self::of(scheme, Parts { headers: &headers, ..parts });
    }

    /// Takes the `?...` part away: a Request-URI has none (RFC 3261 section 19.1.1, table 1).
    pub fn remove_headers(&mut self) {
        self.change(|parts| parts.headers = "");
    }

    /// Its transport parameter is TCP (RFC 3261 section 19.1.1).
    pub(crate) fn asks_for_tcp(&self) -> bool {
        self.param("transport").is_some_and(|t| t.eq_ignore_ascii_case("tcp"))
    }

    /// Its transport parameter is WebSocket (RFC 7118 section 5.2), whether over TLS or not.
    pub(crate) fn asks_for_websocket(&self) -> bool {
        self.param("transport").is_some_and(|t| t.eq_ignore_ascii_case("ws"))
    }

    /// Only TLS may carry what goes there, and on every further hop too (RFC 3261 section 26.2.2).
    pub(crate) fn is_sips(&self) -> bool {
        *self.scheme() == Scheme::Sips
    }

    /// Its scheme, or its transport parameter, is of TLS.
    pub(crate) fn asks_for_tls(&self) -> bool {
        self.is_sips() || self.param("transport").is_some_and(|t| t.eq_ignore_ascii_case("tls"))
    }

    /// The same as a `sips:` URI, by TLS whatever `transport` said: `tls` is deprecated there (RFC 5630 section 3.1.4). Other
    /// schemes than `sip:` stay.
    pub(crate) fn secured(&self) -> Self {
        match self.parts() {
            Some((Scheme::Sip, mut parts)) => {
                parts.params.remove("transport");
                Self::of(&Scheme::Sips, parts)
            }
            _ => self.clone(),
        }
    }

    /// Whether both name the same resource (RFC 3261 section 19.1.4). Other schemes than `sip:`,
    /// `sips:` and `pres:` are compared as texts.
    pub fn is_equivalent(&self, other: &Self) -> bool {
        same::equivalent(self, other)
    }

    fn of(scheme: &'static Scheme, parts: Parts<'_>) -> Self {
        let Parts { user, password, host, port, params, headers } = parts;
        let mut info = CompactString::from(user.unwrap_or(""));
        info.extend(password.filter(|_| user.is_some()).iter().flat_map(|password| [":", password]));
        let at = if user.is_some() { "@" } else { "" };
        let mut text = format_compact!("{scheme}:{info}{at}{host}");
        text.extend(port.map(|port| format_compact!(":{port}")));
        let params = params.to_string();
        text.push_str(&params);
        text.extend((!headers.is_empty()).then_some(["?", headers]).into_iter().flatten());
        let (user, info) = (octets(user.unwrap_or("")), octets(&info));
        let (params, headers) = (octets(&params), octets(headers));
        Self(Box::new(Read { text, form: Form::Address(Address { scheme, user, info, params, headers, port, host }) }))
    }

    fn address(&self) -> Option<&Address> {
        match &self.0.form {
            Form::Address(address) => Some(address),
            _ => None,
        }
    }

    fn params_text(&self) -> &str {
        let Some(Address { params, headers, .. }) = self.address() else { return "" };
        let after = if *headers == 0 { 0 } else { 1 + *headers as usize };
        let end = self.0.text.len().saturating_sub(after);
        self.0.text.get(end.saturating_sub(*params as usize)..end).unwrap_or("")
    }

    fn headers_text(&self) -> &str {
        let len = self.address().map_or(0, |address| address.headers as usize);
        self.0.text.get(self.0.text.len().saturating_sub(len)..).unwrap_or("")
    }

    fn parts(&self) -> Option<(&'static Scheme, Parts<'_>)> {
        let Address { scheme, host, port, .. } = self.address()?.clone();
        let (user, password, params, headers) = (self.user(), self.password(), self.params(), self.headers_text());
        Some((scheme, Parts { user, password, host, port, params, headers }))
    }

    fn change(&mut self, how: impl FnOnce(&mut Parts<'_>)) {
        if let Some((scheme, mut parts)) = self.parts() {
            how(&mut parts);
            *self = Self::of(scheme, parts);
        }
    }
}

fn octets(part: &str) -> u32 {
    u32::try_from(part.len()).unwrap_or(u32::MAX)
}

impl Scheme {
    fn new(text: &str) -> Self {
        match text {
            "sip" => Self::Sip,
            "sips" => Self::Sips,
            _ if text.eq_ignore_ascii_case("sip") => Self::Sip,
            _ if text.eq_ignore_ascii_case("sips") => Self::Sips,
            _ if text.eq_ignore_ascii_case("tel") => Self::Tel,
            _ if text.eq_ignore_ascii_case("pres") => Self::Pres,
            other => Self::Other(other.to_ascii_lowercase().into()),
        }
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::Pres => "pres",
            Self::Sip => "sip",
            Self::Sips => "sips",
            Self::Tel => "tel",
            Self::Other(text) => text,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.text)
    }
}

impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uri({:?})", self.0.text)
    }
}

impl PartialEq for Uri {
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text
    }
}

impl Eq for Uri {}

impl Hash for Uri {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.text.hash(state);
    }
}

impl std::str::FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        Self::parse(text)
    }
}
