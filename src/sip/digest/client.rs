use std::collections::BTreeMap;

use super::{Algorithm, Challenge, Credentials, Qop};
use crate::sip::headers::AuthenticationInfo;
use crate::sip::{HeaderName, Headers, Method};
use crate::vocab::Redacted;

/// Realms of which one client remembers a nonce; a path has few proxies.
const MAX_REALMS: usize = 8;

/// Challenges of one response that are looked at.
const MAX_CHALLENGES: usize = 16;

/// Who logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    pub user: String,
    pub password: Redacted<String>,
    /// Where that holds: a challenge of another realm gets no answer, for whoever is on the way, the peer included, can
    /// challenge, and try passwords against what comes back. `None` answers every realm.
    pub realm: Option<String>,
}

/// The request that is to be authenticated.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub method: &'a Method,
    /// The Request-URI as it is written.
    pub uri: &'a str,
    pub body: &'a [u8],
}

/// Characters of another's realm that are told.
const MAX_SHOWN: usize = 80;

/// Why a challenge gets no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswerable {
    #[error("it asks for nothing that is known here")]
    Nothing,
    /// Peer text is in it.
    #[error("it asks for the password of \"{theirs}\", and ours is for \"{ours}\" (its `realm`)")]
    OtherRealm { theirs: String, ours: String },
    #[error("it names more than {MAX_REALMS} realms")]
    TooManyRealms,
    /// The nonce is fresh and the answer was refused: another try would be refused as well.
    #[error("the user or the password for \"{realm}\" is wrong")]
    Wrong { realm: String },
}

/// What one account remembers between requests: the last nonce of each realm and how often it was used, so that a request
/// can be sent with its answer at once (RFC 3261 section 22.3).
#[derive(Debug, Default)]
pub struct Client {
    realms: BTreeMap<(bool, String), Used>,
}

#[derive(Debug)]
struct Used {
    challenge: Challenge,
    count: u32,
    /// The last answer was not accepted yet.
    pending: bool,
    /// No answer was accepted since the challenge.
    fresh: bool,
    /// The first client nonce, which a session's password is bound to.
    cnonce: String,
}

impl Client {
    /// Takes the challenges of a 401 or 407: of each realm the strongest that is known here (RFC 8760 section 2.4, RFC 3261
    /// section 22.3).
    ///
    /// # Errors
    /// [`Unanswerable`]; what was remembered before stays.
    pub fn challenged(&mut self, login: &Login, headers: &Headers, by_proxy: bool) -> Result<(), Unanswerable> {
        let name = if by_proxy { HeaderName::PROXY_AUTHENTICATE } else { HeaderName::WWW_AUTHENTICATE };
        let values = headers.all(name).into_iter().take(MAX_CHALLENGES);
        let mut strongest: BTreeMap<String, Challenge> = BTreeMap::new();
        let mut other = Unanswerable::Nothing;
        for challenge in values.filter_map(|value| Challenge::read(value).ok().flatten()) {
            if let Some(ours) = login.realm.as_ref().filter(|realm| **realm != challenge.realm) {
                let theirs = challenge.realm.chars().take(MAX_SHOWN).collect();
                other = Unanswerable::OtherRealm { theirs, ours: ours.clone() };
                continue;
            }
            let weaker = strongest.get(&challenge.realm).is_none_or(|known| known.algorithm < challenge.algorithm);
            if weaker {
                strongest.insert(challenge.realm.clone(), challenge);
            }
        }
        if strongest.is_empty() {
            return Err(other);
        }
        if strongest.len() > MAX_REALMS {
            return Err(Unanswerable::TooManyRealms);
        }
        self.refuse_repeated(&strongest, by_proxy)?;
        self.realms.retain(|(proxy, _), _| *proxy != by_proxy);
        for (realm, challenge) in strongest {
            self.realms.insert(
                (by_proxy, realm),
                Used { challenge, count: 0, pending: false, fresh: true, cnonce: String::new() },
            );
        }
        Ok(())
    }

    /// Whoever challenges an answer again, and does not say that its nonce was too old, does not accept the password; unless
    /// the nonce had served before: a server that was started anew knows it no more, and need not know why.
    fn refuse_repeated(&self, strongest: &BTreeMap<String, Challenge>, by_proxy: bool) -> Result<(), Unanswerable> {
        let answered = |realm: &String| self.realms.get(&(by_proxy, realm.clone())).filter(|used| used.pending);
        let again = strongest.iter().find(|(realm, challenge)| {
            answered(realm)
                .is_some_and(|used| used.fresh && !challenge.stale || used.challenge.nonce == challenge.nonce)
        });
        match again {
            Some((realm, _)) => Err(Unanswerable::Wrong { realm: realm.clone() }),
            None => Ok(()),
        }
    }

    /// The answers for the next request, each for its header; `cnonce` is random and a token. The count of each nonce goes
    /// up.
    pub fn answer(&mut self, login: &Login, asked: &Asked<'_>, cnonce: &str) -> Vec<(HeaderName, Credentials)> {
        let answered = |((by_proxy, _), used): (&(bool, String), &mut Used)| {
            let name = if *by_proxy { HeaderName::PROXY_AUTHORIZATION } else { HeaderName::AUTHORIZATION };
            (name, used.answer(login, asked, cnonce))
        };
        self.realms.iter_mut().map(answered).collect()
    }

    /// The server took the last answers: a challenge that comes later says nothing of the password. It may name the nonce
    /// that it wants next (RFC 7616 section 3.5).
    pub fn accepted(&mut self, headers: &Headers) {
        for used in self.realms.values_mut() {
            (used.pending, used.fresh) = (false, false);
        }
        let info = headers.typed::<AuthenticationInfo>().ok().flatten();
        let mut servers = self.realms.iter_mut().filter(|((by_proxy, _), _)| !*by_proxy);
        // It does not say of which realm: with several nobody knows.
        if let (Some(next), Some((_, used)), None) =
            (info.and_then(|info| info.next_nonce), servers.next(), servers.next())
        {
            // The key of a session is bound to its first nonce (RFC 7616 section 3.4.2).
            if next != used.challenge.nonce && !used.challenge.session {
                used.challenge.nonce = next;
                used.count = 0;
            }
        }
    }
}

impl Used {
    fn answer(&mut self, login: &Login, asked: &Asked<'_>, cnonce: &str) -> Credentials {
        self.count = self.count.saturating_add(1);
        self.pending = true;
        if self.cnonce.is_empty() {
            self.cnonce = cnonce.to_owned();
        }
        let Challenge { realm, nonce, opaque, algorithm, session, qop, userhash, .. } = self.challenge.clone();
        let cnonce = if session { self.cnonce.clone() } else { cnonce.to_owned() };
        let hash = |text: &str| algorithm.hash(text.as_bytes());
        let mut secret = hash(&format!("{}:{realm}:{}", login.user, login.password.0));
        if session {
            secret = hash(&format!("{secret}:{nonce}:{cnonce}"));
        }
        let subject = subject(algorithm, qop, asked);
        let count = self.count;
        let response = match qop {
            Some(qop) => hash(&format!("{secret}:{nonce}:{count:08x}:{cnonce}:{}:{subject}", qop.name())),
            None => hash(&format!("{secret}:{nonce}:{subject}")),
        };
        let username = match userhash {
            true => hash(&format!("{}:{realm}", login.user)),
            false => login.user.clone(),
        };
        let uri = asked.uri.to_owned();
        Credentials { username, userhash, realm, nonce, uri, response, algorithm, session, opaque, qop, cnonce, count }
    }
}

/// `H(A2)` of RFC 7616 section 3.4.3.
fn subject(algorithm: Algorithm, qop: Option<Qop>, asked: &Asked<'_>) -> String {
    let Asked { method, uri, body } = asked;
    match qop {
        Some(Qop::AuthInt) => algorithm.hash(format!("{method}:{uri}:{}", algorithm.hash(body)).as_bytes()),
        Some(Qop::Auth) | None => algorithm.hash(format!("{method}:{uri}").as_bytes()),
    }
}
