use std::fmt;

use super::{Algorithm, Qop};
use crate::sip::token::quote;

/// The answer to a challenge, as Authorization and Proxy-Authorization have it (RFC 3261 section 22.4, RFC 7616
/// section 3.4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Credentials {
    /// The user's name, or its hash where that is asked for.
    pub username: String,
    pub userhash: bool,
    pub realm: String,
    pub nonce: String,
    pub uri: String,
    pub response: String,
    pub algorithm: Algorithm,
    pub session: bool,
    pub opaque: Option<String>,
    /// With it stand `cnonce` and `nc`.
    pub qop: Option<Qop>,
    pub cnonce: String,
    /// How often this nonce was used, this time included.
    pub count: u32,
}

/// Which values stand in quotes is laid down (RFC 3261 section 25.1, `dig-resp`).
impl fmt::Display for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { username, realm, nonce, uri, response, cnonce, count, .. } = self;
        write!(f, "Digest username={}, realm={}, nonce={}", quote(username), quote(realm), quote(nonce))?;
        let session = if self.session { "-sess" } else { "" };
        write!(f, ", uri={}, response=\"{response}\", algorithm={}{session}", quote(uri), self.algorithm.name())?;
        match self.qop {
            Some(qop) => write!(f, ", cnonce={}, qop={}, nc={count:08x}", quote(cnonce), qop.name())?,
            None if self.session => write!(f, ", cnonce={}", quote(cnonce))?,
            None => {}
        }
        if let Some(opaque) = &self.opaque {
            write!(f, ", opaque={}", quote(opaque))?;
        }
        match self.userhash {
            true => f.write_str(", userhash=true"),
            false => Ok(()),
        }
    }
}
