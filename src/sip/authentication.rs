use super::digest::{self, Asked, Login, Unanswerable};
use super::headers::Headers;
use super::{send, Request};

/// Challenges that one request answers: a proxy's, the server's behind it, and one whose nonce was too old.
const CHALLENGES: u32 = 4;

/// How the requests of one use are proven (RFC 3261 section 22): who logs in, and what was asked of him so far.
#[derive(Debug, Default)]
pub(crate) struct Authentication {
    login: Option<Login>,
    digest: digest::Client,
    /// Challenges of the request under way that were answered.
    challenged: u32,
}

impl Authentication {
    pub fn of(login: Option<Login>) -> Self {
        Self { login, ..Self::default() }
    }

    /// Whose requests are proven from now on. What another login was asked, it does not answer.
    pub fn change(&mut self, login: Option<Login>) {
        if self.login != login {
            *self = Self::of(login);
        }
    }

    /// This login holds no more.
    pub fn forget(&mut self, login: &Login) {
        if self.login.as_ref() == Some(login) {
            *self = Self::default();
        }
    }

    /// A request of its own comes next, and no answer to a challenge.
    pub fn begin(&mut self) {
        self.challenged = 0;
    }

    /// Puts into the request what answers the challenges so far; its URI and body are final.
    pub fn prove(&mut self, request: &mut Request, cnonce: &str) {
        let Some(login) = &self.login else { return };
        let (uri, body, method) = (request.uri().to_string(), request.body().clone(), request.method().clone());
        let asked = Asked { method: &method, uri: &uri, body: &body };
        for (name, credentials) in self.digest.answer(login, &asked, cnonce) {
            send::push(request, name.as_str(), &credentials.to_string());
        }
    }

    /// Takes a 401 or 407: the request is to be sent again, or the reason why that is of no use.
    pub fn challenged(&mut self, headers: &Headers, by_proxy: bool) -> Result<(), String> {
        self.challenged += 1;
        match &self.login {
            None => Err("a password is wanted, and none is configured".to_owned()),
            Some(_) if self.challenged > CHALLENGES => Err("the password is asked for again and again".to_owned()),
            Some(login) => {
                self.digest.challenged(login, headers, by_proxy).map_err(|why: Unanswerable| why.to_string())
            }
        }
    }

    pub fn accepted(&mut self, headers: &Headers) {
        self.digest.accepted(headers);
    }
}
