use std::fmt;

use super::{HeaderName, TypedHeader};
use crate::sip::error::FieldProblem;
use crate::sip::token;

/// Parameters that are read; more are an error.
const MAX: usize = 16;

/// What a server adds to an answer that it authenticated (RFC 3261 section 20.6, RFC 7616 section 3.5). Values are without
/// their quotes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AuthenticationInfo {
    /// For the next request.
    pub next_nonce: Option<String>,
    pub qop: Option<String>,
    /// The server's own proof.
    pub response_auth: Option<String>,
    pub cnonce: Option<String>,
    /// As it is written: eight hexadecimal digits.
    pub nonce_count: Option<String>,
}

impl TypedHeader for AuthenticationInfo {
    const NAME: HeaderName = HeaderName::AUTHENTICATION_INFO;

    /// Of a parameter that is there twice neither counts; one that is not known is passed over.
    fn read(value: &str) -> Result<Self, FieldProblem> {
        let mut info = Self::default();
        let params = token::split(value, b',');
        if params.len() > MAX {
            return Err(FieldProblem::Syntax);
        }
        for text in params {
            let (name, value) = token::auth_param(text)?;
            let Some(field) = info.field(&name) else { continue };
            if field.replace(value).is_some() {
                return Err(FieldProblem::Parameter);
            }
        }
        Ok(info)
    }
}

impl AuthenticationInfo {
    fn field(&mut self, name: &str) -> Option<&mut Option<String>> {
        match name.to_ascii_lowercase().as_str() {
            "nextnonce" => Some(&mut self.next_nonce),
            "qop" => Some(&mut self.qop),
            "rspauth" => Some(&mut self.response_auth),
            "cnonce" => Some(&mut self.cnonce),
            "nc" => Some(&mut self.nonce_count),
            _ => None,
        }
    }
}

/// Which values stand in quotes is laid down (RFC 3261 section 25.1, `ainfo`).
impl fmt::Display for AuthenticationInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted =
            |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("{name}={}", token::quote(value)));
        let plain = |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("{name}={value}"));
        let all = [
            quoted("nextnonce", &self.next_nonce),
            plain("qop", &self.qop),
            quoted("rspauth", &self.response_auth),
            quoted("cnonce", &self.cnonce),
            plain("nc", &self.nonce_count),
        ];
        f.write_str(&all.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_and_what_is_twice_is_refused() {
        let text = "nextnonce=\"47364c23432d2e131a5fb210812c\", qop=auth, rspauth=\"\", cnonce=\"a\\\"b\", nc=00000001";
        let info = AuthenticationInfo::read(text).unwrap();
        assert_eq!(info.next_nonce.as_deref(), Some("47364c23432d2e131a5fb210812c"));
        assert_eq!((info.response_auth.as_deref(), info.cnonce.as_deref()), (Some(""), Some("a\"b")));
        assert_eq!(info.to_string(), text);
        assert_eq!(AuthenticationInfo::read("NextNonce=\"1\",other=2").unwrap().to_string(), "nextnonce=\"1\"");
        for broken in ["", "nextnonce", "nextnonce=\"1\", nextnonce=\"2\"", "nextnonce=\"1", "nextnonce=\"1\" x"] {
            assert!(AuthenticationInfo::read(broken).is_err(), "{broken}");
        }
    }
}
