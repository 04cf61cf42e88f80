use super::auth_params::AuthParams;
use super::Algorithm;
use crate::sip::error::FieldProblem;

/// What a server asks for in WWW-Authenticate or Proxy-Authenticate (RFC 3261 sections 20.27 and 20.44, RFC 7616
/// section 3.3). Peer text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Challenge {
    pub realm: String,
    pub nonce: String,
    pub opaque: Option<String>,
    pub algorithm: Algorithm,
    /// The `-sess` form: the password's hash is bound to the first nonce.
    pub session: bool,
    /// The nonce was too old, and the password right.
    pub stale: bool,
    /// `None` when the server names no quality, as RFC 2069 had it.
    pub qop: Option<Qop>,
    /// The user's name is to be hashed too.
    pub userhash: bool,
}

/// What an answer covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Qop {
    /// Method and URI.
    Auth,
    /// The body as well.
    AuthInt,
}

impl Qop {
    pub fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::AuthInt => "auth-int",
        }
    }
}

impl Challenge {
    /// Reads the value of one header field. `Ok(None)`: a scheme, algorithm or quality that nobody here knows, which is
    /// passed over (RFC 8760 section 2.4).
    ///
    /// # Errors
    /// It is no challenge at all, or one without realm or nonce.
    pub fn read(value: &str) -> Result<Option<Self>, FieldProblem> {
        let params = AuthParams::read(value)?;
        if !params.scheme.eq_ignore_ascii_case("Digest") {
            return Ok(None);
        }
        let Some((algorithm, session)) = Algorithm::read(params.value("algorithm")?.unwrap_or("MD5")) else {
            return Ok(None);
        };
        let qop = match params.value("qop")? {
            None => None,
            Some(offered) => match best(offered) {
                Some(qop) => Some(qop),
                None => return Ok(None),
            },
        };
        let needed = |name: &str| params.value(name)?.map(str::to_owned).ok_or(FieldProblem::Parameter);
        let is = |name: &str| -> Result<bool, FieldProblem> {
            Ok(params.value(name)?.is_some_and(|value| value.eq_ignore_ascii_case("true")))
        };
        Ok(Some(Self {
            realm: needed("realm")?,
            nonce: needed("nonce")?,
            opaque: params.value("opaque")?.map(str::to_owned),
            algorithm,
            session,
            stale: is("stale")?,
            qop,
            userhash: is("userhash")?,
        }))
    }
}

/// The one that covers more.
fn best(offered: &str) -> Option<Qop> {
    let offers = |qop: Qop| offered.split(',').any(|one| one.trim().eq_ignore_ascii_case(qop.name()));
    [Qop::AuthInt, Qop::Auth].into_iter().find(|qop| offers(*qop))
}
