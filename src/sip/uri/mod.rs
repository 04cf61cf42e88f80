//! URIs as SIP uses them (RFC 3261 section 19.1).

mod escape;
mod host;
mod read;
mod same;
#[cfg(test)]
mod tests;

use std::fmt;
use std::hash::{Hash, Hasher};

use super::error::UriError;
use super::params::Params;

pub use host::Host;

/// A URI. [`fmt::Display`] writes it exactly as it was read.
///
/// `==` compares the texts; [`Uri::is_equivalent`] compares as RFC 3261 section 19.1.4 says, which
/// is not transitive and so cannot be `==`.
#[derive(Clone)]
pub struct Uri {
    text: String,
    scheme: Scheme,
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
    Other(String),
}

#[derive(Clone)]
enum Form {
    Address(Box<Address>),
    /// `tel:` and unknown schemes: what follows the colon is not looked into.
    Opaque,
    /// Stood where a URI belongs, and is none.
    Unreadable(UriError),
}

/// The parts of `sip:`, `sips:` and `pres:` URIs, escapes as written.
#[derive(Clone)]
struct Address {
    user: Option<String>,
    password: Option<String>,
    host: Host,
    port: Option<u16>,
    params: Params,
    headers: Vec<(String, String)>,
}

impl Uri {
    /// Reads a URI. `sip:`, `sips:` and `pres:` are taken apart, other schemes are kept as they stand.
    pub fn parse(text: impl AsRef<[u8]>) -> Result<Self, UriError> {
        let text = std::str::from_utf8(text.as_ref()).map_err(|_| UriError::Character)?;
        let (scheme, form) = read::uri(text)?;
        Ok(Self { text: text.to_owned(), scheme, form })
    }

    /// Builds a `sip:` URI; characters that a user part may not hold are escaped.
    pub fn sip(user: Option<&str>, host: impl Into<Host>, port: Option<u16>) -> Self {
        let address = Address {
            user: user.filter(|u| !u.is_empty()).map(escape::user),
            password: None,
            host: host.into(),
            port,
            params: Params::default(),
            headers: Vec::new(),
        };
        Self::of(Scheme::Sip, address)
    }

    /// Keeps what stood in the place of a Request-URI and cannot be read, so that the request can
    /// be answered. `validate` refuses it.
    pub(super) fn unreadable(text: String, problem: UriError) -> Self {
        let scheme = text.split_once(':').map_or(text.as_str(), |(scheme, _)| scheme);
        Self { scheme: Scheme::new(scheme), form: Form::Unreadable(problem), text }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Why this cannot be read as a URI; only a Request-URI off the wire can be so.
    pub fn problem(&self) -> Option<UriError> {
        match self.form {
            Form::Unreadable(problem) => Some(problem),
            _ => None,
        }
    }

    /// The user part as written, escapes included.
    pub fn user(&self) -> Option<&str> {
        self.address().and_then(|a| a.user.as_deref())
    }

    /// The user part with its escapes resolved. It may hold any character: it is peer text.
    pub fn user_unescaped(&self) -> Option<String> {
        self.user().map(escape::unescape)
    }

    pub fn password(&self) -> Option<&str> {
        self.address().and_then(|a| a.password.as_deref())
    }

    /// The host; `None` for schemes that are not taken apart.
    pub fn host(&self) -> Option<&Host> {
        self.address().map(|a| &a.host)
    }

    /// The port, when it is written.
    pub fn port(&self) -> Option<u16> {
        self.address().and_then(|a| a.port)
    }

    pub fn params(&self) -> &Params {
        static NONE: Params = Params::empty();
        self.address().map_or(&NONE, |a| &a.params)
    }

    /// The value of a parameter, as written. See [`Params::has`] for those without a value.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params().value(name)
    }

    /// The `?name=value&...` part, escapes as written.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.address().into_iter().flat_map(|a| a.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())))
    }

    /// What follows the scheme and its colon.
    pub fn rest(&self) -> &str {
        self.text.split_once(':').map_or("", |(_, rest)| rest)
    }

    /// Sets or adds a URI parameter, escaped as needed. Does nothing to schemes that are not taken apart.
    pub fn set_param(&mut self, name: &str, value: Option<&str>) {
        self.change(|a| a.params.set_raw(&escape::param(name), value.map(escape::param)));
    }

    pub fn remove_param(&mut self, name: &str) {
        self.change(|a| a.params.remove(name));
    }

    /// The value of a header that the request is to have, its escapes resolved: any text of whoever wrote the URI.
    pub fn header_unescaped(&self, name: &str) -> Option<String> {
        self.headers().find(|(held, _)| held.eq_ignore_ascii_case(name)).map(|(_, value)| escape::unescape(value))
    }

    /// Adds a header that the request is to have (RFC 3261 section 19.1.1), escaped as needed.
    pub fn add_header(&mut self, name: &str, value: &str) {
        self.change(|a| a.headers.push((escape::header(name), escape::header(value))));
    }

    /// Takes the `?...` part away: a Request-URI has none (RFC 3261 section 19.1.1, table 1).
    pub fn remove_headers(&mut self) {
        self.change(|a| a.headers.clear());
    }

    /// Its transport parameter is TCP (RFC 3261 section 19.1.1).
    pub(crate) fn asks_for_tcp(&self) -> bool {
        self.params().value("transport").is_some_and(|t| t.eq_ignore_ascii_case("tcp"))
    }

    /// Its transport parameter is WebSocket (RFC 7118 section 5.4), whether over TLS or not.
    pub(crate) fn asks_for_websocket(&self) -> bool {
        self.params().value("transport").is_some_and(|t| t.eq_ignore_ascii_case("ws"))
    }

    /// Only TLS may carry what goes there, and on every further hop too (RFC 3261 section 26.2.2).
    pub(crate) fn is_sips(&self) -> bool {
        self.scheme == Scheme::Sips
    }

    /// Its scheme, or its transport parameter, is of TLS.
    pub(crate) fn asks_for_tls(&self) -> bool {
        self.is_sips() || self.params().value("transport").is_some_and(|t| t.eq_ignore_ascii_case("tls"))
    }

    /// The same as a `sips:` URI, where `transport` has no place (RFC 5630 section 3.1.4). Other schemes than `sip:` stay.
    pub(crate) fn secured(&self) -> Self {
        match (&self.scheme, self.address()) {
            (Scheme::Sip, Some(address)) => {
                let mut address = address.clone();
                address.params.remove("transport");
                Self::of(Scheme::Sips, address)
            }
            _ => self.clone(),
        }
    }

    /// Whether both name the same resource (RFC 3261 section 19.1.4). Other schemes than `sip:`,
    /// `sips:` and `pres:` are compared as texts.
    pub fn is_equivalent(&self, other: &Self) -> bool {
        same::equivalent(self, other)
    }

    fn of(scheme: Scheme, address: Address) -> Self {
        Self { text: format!("{scheme}:{address}"), scheme, form: Form::Address(Box::new(address)) }
    }

    fn address(&self) -> Option<&Address> {
        match &self.form {
            Form::Address(address) => Some(address),
            _ => None,
        }
    }

    fn change(&mut self, how: impl FnOnce(&mut Address)) {
        if let Form::Address(address) = &mut self.form {
            how(address);
            self.text = format!("{}:{address}", self.scheme);
        }
    }
}

impl Scheme {
    fn new(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "pres" => Self::Pres,
            "sip" => Self::Sip,
            "sips" => Self::Sips,
            "tel" => Self::Tel,
            other => Self::Other(other.to_owned()),
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

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            f.write_str(user)?;
            if let Some(password) = &self.password {
                write!(f, ":{password}")?;
            }
            f.write_str("@")?;
        }
        write!(f, "{}", self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "{}", self.params)?;
        self.headers.iter().enumerate().try_for_each(|(i, (name, value))| {
            let mark = if i == 0 { '?' } else { '&' };
            write!(f, "{mark}{name}={value}")
        })
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uri({:?})", self.text)
    }
}

impl PartialEq for Uri {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Uri {}

impl Hash for Uri {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl std::str::FromStr for Uri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        Self::parse(text)
    }
}
