//! Whom a user means by what he typed: a telephone number, an e-mail address, or a name of SIP (`target.rs`).
//!
//! | typed | means |
//! | --- | --- |
//! | the name of a saved contact | that contact |
//! | a number that one contact has | that contact |
//! | `tel:`, `+49...`, digits, `sip:...;user=phone` | the number, at the proxy of an account (RFC 3966, RFC 3261 section 19.1.6) |
//! | `mailto:a@b`, `a@b` | the peer whom the contact book knows by it, else `sip:a@b` (RFC 3263) |
//! | all else | what `Target::parse` reads |

use super::account::{Accounting, Route};
use super::address_book::SavedContact;
use super::book::Book;
use super::target::Target;
use super::{AccountState, Agent};
use crate::sip::{Candidate, Host, Phone, Uri};
use crate::vocab::{escape, Entity, Failure, FailureKind};

/// How an e-mail address came to mean a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mail {
    InBook,
    NotInBook,
}

/// Longest e-mail address, in octets (RFC 5321 section 4.5.3.1).
const MAX_MAIL: usize = 254;

/// An e-mail address of a domain that has a name: neither quoted nor with an address in brackets.
pub fn is_mail(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let is_local = |b: u8| b.is_ascii_alphanumeric() || b"!#$&'*+-/=?^_`{|}~.".contains(&b);
    let is_domain = |b: u8| b.is_ascii_alphanumeric() || b"-.".contains(&b);
    text.len() <= MAX_MAIL
        && !local.is_empty()
        && local.bytes().all(is_local)
        && domain.split('.').count() > 1
        && domain.split('.').all(|label| !label.is_empty())
        && domain.bytes().all(is_domain)
        // Or it is an IPv4 address.
        && domain.rsplit('.').next().is_some_and(|top| top.bytes().any(|b| b.is_ascii_alphabetic()))
}

impl Agent {
    /// `account` is the one by whose proxy its requests go, where the user named one.
    pub(super) fn target(&self, typed: &str, account: Option<&Entity>) -> Result<Target, Failure> {
        if let Some(account) = account {
            self.accounting(account)?;
        }
        let known = self.address_book.named(typed).or_else(|| self.known_by_number(typed));
        let target = match phone_of(typed) {
            _ if known.is_some() => Target::parse(known.map_or("", |contact| contact.entity.as_str()))?,
            Some(phone) => self.phone_target(typed, phone?, account)?,
            None => match mail_of(typed) {
                Some(mail) => self.mail_target(mail)?,
                None => Target::parse(typed)?,
            },
        };
        Ok(Target { account: target.account.or_else(|| account.cloned()), ..target })
    }

    /// One that was kept by its URI. A number whose account is gone is looked for at its domain.
    pub(super) fn kept_target(&self, uri: &str) -> Result<Target, Failure> {
        self.target(uri, None).or_else(|failure| {
            let named = Uri::parse(uri).map_err(|_| failure)?;
            let host = named.host().map(Host::to_string).unwrap_or_default();
            let port = named.port().map(|port| format!(":{port}")).unwrap_or_default();
            let user = named.user().map(|user| format!("{user}@")).unwrap_or_default();
            Ok(Target { uri: Some(named), ..Target::parse(&format!("sip:{user}{host}{port}"))? })
        })
    }

    /// By the proxy of the account that was chosen; else by that of the account whose domain the peer is of; `None` goes to the
    /// peer itself.
    ///
    /// # Errors
    /// There is such an account, and its proxy is not found yet.
    pub(super) fn route_of(&self, target: &Target) -> Result<Option<Route>, Failure> {
        self.account_of(target)?.map(Accounting::route).transpose()
    }

    /// The account that was chosen for it; else that whose domain it is of, unless it is the peer that is built in.
    ///
    /// # Errors
    /// The one that was chosen is gone.
    pub(super) fn account_of(&self, target: &Target) -> Result<Option<&Accounting>, Failure> {
        match &target.account {
            Some(account) => self.accounting(account).map(Some),
            None if target.is_echo() => Ok(None),
            None => Ok(self.account_at(target.entity.host())),
        }
    }

    fn accounting(&self, entity: &Entity) -> Result<&Accounting, Failure> {
        let found = self.accounts.all().find(|accounting| accounting.config.entity == *entity);
        found.ok_or_else(|| no_account(entity))
    }

    /// The one contact that has this telephone number.
    fn known_by_number<'a>(&'a self, typed: &'a str) -> Option<&'a SavedContact> {
        let mut known = self.address_book.known_by(typed).filter(|_| is_phone(typed));
        known.next().filter(|_| known.next().is_none())
    }

    fn phone_target(&self, typed: &str, dialled: Dialled, account: Option<&Entity>) -> Result<Target, Failure> {
        let account = match (account, &dialled.at) {
            (Some(account), _) => self.accounting(account)?,
            (None, at) => self.account_for_phones(typed, at.as_ref())?,
        };
        let own = Target::parse(account.config.entity.as_str())?;
        let (host, port) = match dialled.at {
            Some(at) => (at.host, at.port),
            None => (own.host, own.port),
        };
        let phone = match (dialled.phone, &account.config.phone_context) {
            (phone, _) if phone.is_global() || phone.context().is_some() => phone,
            (phone, Some(context)) => phone.in_context(context),
            (_, None) => return Err(local_number(typed, &account.config.entity)),
        };
        // The entity is the number alone: two local numbers of one domain that differ in their context only would be held for
        // one peer whose key has changed, and nothing worse.
        let at = Target::parse(&format!("sip:{}@{}", phone.user(), bracketed(&host, port)))?;
        let place = Uri::parse(at.entity.as_str()).ok().and_then(|uri| uri.host().cloned());
        let uri = place.map(|place| phone.to_sip(place, port));
        Ok(Target { uri, account: Some(account.config.entity.clone()), ..at })
    }

    /// The account of that domain; else the first that is registered, then the first that may yet be.
    fn account_for_phones(&self, typed: &str, at: Option<&Target>) -> Result<&Accounting, Failure> {
        let of_domain =
            |one: &&Accounting| at.is_some_and(|at| one.config.entity.host().eq_ignore_ascii_case(at.entity.host()));
        let is_there = |one: &&Accounting| matches!(one.account.state, AccountState::Registered { .. });
        let may_be = |one: &&Accounting| !matches!(one.account.state, AccountState::Refused(_) | AccountState::Left);
        let all = || self.accounts.all();
        let found = all().find(of_domain).or_else(|| all().find(is_there)).or_else(|| all().find(may_be));
        found.ok_or_else(|| no_phones(typed, all().next().map(|one| &one.config.entity)))
    }

    fn mail_target(&self, mail: &str) -> Result<Target, Failure> {
        let mut known = known_by(&self.book, mail);
        known.extend(self.address_book.known_by(mail).map(|contact| contact.entity.clone()));
        known.sort();
        known.dedup();
        let (name, found) = match &known[..] {
            [] => (format!("sip:{mail}"), Mail::NotInBook),
            [entity] => (entity.to_string(), Mail::InBook),
            _ => return Err(ambiguous(mail, &known)),
        };
        let target = Target::parse(&name)?;
        Ok(Target { mail: Some(found), ..target })
    }
}

impl Target {
    /// What was tried, where the user named a peer by its e-mail address; `hosts` were asked by SIP.
    pub(super) fn tried(&self, failure: Failure, hosts: &[Candidate]) -> Failure {
        let book = match self.mail {
            None => return failure,
            Some(Mail::InBook) => format!("the contact book (it is {})", self.entity),
            Some(Mail::NotInBook) => "the contact book (nobody there has this e-mail address)".to_owned(),
        };
        let sip: Vec<String> = hosts.iter().map(Candidate::to_string).collect();
        let sip = match sip.is_empty() {
            true => format!("SIP for {} (no server was found to ask)", self.host),
            false => format!("SIP at {}", sip.join(", ")),
        };
        Failure { message: format!("{}; tried: {book}, {sip}", failure.message), ..failure }
    }
}

/// A number, and the domain that the user named with it.
struct Dialled {
    phone: Phone,
    at: Option<Target>,
}

/// `None`: it is no telephone number.
fn phone_of(typed: &str) -> Option<Result<Dialled, Failure>> {
    let typed = typed.trim();
    let (scheme, rest) = typed.split_once(':').unwrap_or(("", typed));
    let read = |text: &str, at: Option<Target>| match Phone::parse(text) {
        Ok(phone) => Ok(Dialled { phone, at }),
        Err(why) => Err(no_number(typed, why)),
    };
    match scheme.to_ascii_lowercase().as_str() {
        "tel" => Some(read(rest, None)),
        "" if Phone::is_typed(rest) => Some(read(rest, None)),
        "sip" => {
            let (address, params) = rest
                .split_once('@')
                .and_then(|(user, at)| Some((user, at.split_once(';')?)))
                .map(|(user, (host, params))| ((user, host), params))?;
            let is_phone = params.split(';').any(|param| param.eq_ignore_ascii_case("user=phone"));
            let (user, host) = address;
            is_phone.then(|| Target::parse(&format!("sip:{host}")).and_then(|at| read(user, Some(at))))
        }
        _ => None,
    }
}

/// A telephone number, written as one.
pub fn is_phone(typed: &str) -> bool {
    matches!(phone_of(typed), Some(Ok(Dialled { at: None, .. })))
}

/// `None`: it is no e-mail address.
fn mail_of(typed: &str) -> Option<&str> {
    let typed = typed.trim();
    let address = match typed.split_once(':') {
        // What a link wants to have written (RFC 6068 section 2) is none of a call's business.
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("mailto") => rest.split('?').next().unwrap_or_default(),
        _ => typed,
    };
    is_mail(address).then_some(address)
}

fn known_by(book: &Book, mail: &str) -> Vec<Entity> {
    let is = |known: &Option<String>| known.as_ref().is_some_and(|known| known.eq_ignore_ascii_case(mail));
    let mut known: Vec<Entity> =
        book.presences().filter(|row| is(&row.names.mail)).map(|row| row.entity.clone()).collect();
    known.dedup();
    known
}

fn bracketed(host: &str, port: Option<u16>) -> String {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
}

fn no_number(typed: &str, why: &str) -> Failure {
    let typed = escape(typed);
    let next = "write it as +493012345678, or tel:7042;phone-context=example.org";
    Failure::new(FailureKind::Usage, "peer-unreadable", format!("`{typed}` is no telephone number: {why}"), typed, next)
}

fn local_number(typed: &str, account: &Entity) -> Failure {
    let typed = escape(typed);
    Failure::new(
        FailureKind::Usage,
        "local-number",
        format!("`{typed}` is a local number, and it is not said where it is valid"),
        typed,
        format!(
            "write it with + and the number of the country, or as tel:NUMBER;phone-context=+4930; or give {account} a \
             phone-context"
        ),
    )
}

fn no_phones(typed: &str, refused: Option<&Entity>) -> Failure {
    let typed = escape(typed);
    let (why, next) = match refused {
        Some(entity) => (
            format!("none is registered ({entity} is refused)"),
            "see `sottovoce account list` for why, and mend it".to_owned(),
        ),
        None => (
            "there is none".to_owned(),
            "`sottovoce account add sip:USER@PROVIDER` adds one, with a provider that reaches telephones".to_owned(),
        ),
    };
    Failure::new(
        FailureKind::Unreachable,
        "no-phone-account",
        format!("no account can reach the phone number {typed}: {why}"),
        typed,
        next,
    )
}

pub(super) fn no_account(entity: &Entity) -> Failure {
    let message = format!("there is no account {entity}");
    let next = "see `sottovoce account list` for those there are";
    Failure::new(FailureKind::Usage, "no-such-account", message, entity.as_str(), next)
}

fn ambiguous(mail: &str, known: &[Entity]) -> Failure {
    let names: Vec<&str> = known.iter().map(Entity::as_str).collect();
    Failure::new(
        FailureKind::Usage,
        "ambiguous-peer",
        format!("the contact book knows several by {mail}: {}", names.join(", ")),
        mail,
        "name the one that you mean; `sottovoce presence rename ENTITY --mail \"\"` takes the address from the others",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_domains_with_names_are_e_mail_addresses() {
        for (typed, mail) in [
            ("alice@example.org", Some("alice@example.org")),
            ("mailto:Alice@Example.org", Some("Alice@Example.org")),
            ("MAILTO:a.b+c@example.org?subject=x", Some("a.b+c@example.org")),
            ("sip:alice@example.org", None),
            ("alice@192.168.1.2", None),
            ("alice@localhost", None),
            ("alice@example.org:5070", None),
            ("alice@example..org", None),
            ("a b@example.org", None),
            ("mailto:a@example.org,b@example.org", None),
            ("mailto:", None),
            ("@example.org", None),
        ] {
            assert_eq!(mail_of(typed), mail, "{typed}");
        }
    }

    #[test]
    fn numbers_are_told_from_names() {
        for typed in ["tel:+4930", "TEL:12;phone-context=+49", "+49 30 1", "0301", "sip:+4930@h.example;user=phone"] {
            assert!(phone_of(typed).is_some_and(|phone| phone.is_ok()), "{typed}");
        }
        for typed in ["tel:", "tel:bob", "tel:+49x"] {
            assert!(phone_of(typed).is_some_and(|phone| phone.is_err()), "{typed}");
        }
        for typed in ["bob", "192.168.1.2", "sip:+4930@h.example", "sip:bob@h;transport=tcp", "10.1", "::1"] {
            assert!(phone_of(typed).is_none(), "{typed}");
        }
    }
}
