use std::path::PathBuf;
use std::time::Duration;

use super::failures::{no_such, usage};
use super::request::{AccountBody, PasswordBody};
use super::view::{AccountList, AccountView, PublicationStateView};
use super::{Control, Wait};
use crate::agent::{is_built_in, AccountConfig, Command, Hop, ECHO};
use crate::app::password;
use crate::sip::Uri;
use crate::vocab::{escape, Entity, Failure, FailureKind, Redacted};

/// Where a password is that a user wants to be kept: never on the command line, which others can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordSource {
    /// The first line of a file that nobody else may read.
    File(PathBuf),
    /// As it was typed, or came through a pipe.
    Line(Redacted<String>),
    /// An environment variable.
    Variable(String),
}

impl PasswordSource {
    /// # Errors
    /// There is none, or others can read it.
    pub fn read(&self) -> Result<PasswordBody, Failure> {
        let found = match self {
            Self::File(path) => password::from_file(path),
            Self::Line(line) => password::from_line(&line.0),
            Self::Variable(name) => password::from_variable(name, |name| std::env::var(name).ok()),
        };
        found.map(|password| PasswordBody(password.0.clone())).map_err(|why| no_password(&why))
    }
}

impl Control {
    /// Those of the configuration, in its order, then those that were added.
    pub async fn accounts(&self) -> Result<AccountList, Failure> {
        self.look(|known| AccountList { accounts: known.accounts().into_iter().map(AccountView::from).collect() }).await
    }

    /// One account, once its registrar has spoken, and its presence server too, or after the wait.
    pub async fn account(&self, entity: &str, wait: &Wait) -> Result<AccountView, Failure> {
        let wanted = found(entity)?;
        let read = move |known: &dyn super::brain::Known| {
            known.accounts().into_iter().find(|account| account.entity == wanted).map(AccountView::from)
        };
        let is_over = |account: &AccountView| {
            let publishes = account.publication.state == PublicationStateView::Publishing;
            wait.is_over(&account.state, &["registering", "resolving"]) && !publishes
        };
        let found = self.until(wait.limit, read, is_over).await?;
        found.ok_or_else(|| no_account(entity))
    }

    /// Adds one, which registers at once. Comes back when it is durable.
    pub async fn account_add(&self, body: &AccountBody) -> Result<AccountView, Failure> {
        let config = configured(body)?;
        self.change_store(Command::AddAccount(Box::new(config))).await?;
        self.account(&body.entity, &Wait::default()).await
    }

    /// Removes one that was added; its registration and publication are taken back. Those of the configuration stay.
    pub async fn account_remove(&self, entity: &str) -> Result<AccountList, Failure> {
        let wanted = found(entity)?;
        let account = self.account(entity, &Wait::default()).await?;
        if !account.added {
            return Err(self.of_the_configuration(&wanted));
        }
        self.change_store(Command::RemoveAccount { entity: wanted }).await?;
        self.accounts().await
    }

    fn of_the_configuration(&self, entity: &Entity) -> Failure {
        let file = self.about.config_file.as_ref().map(|file| escape(&file.display().to_string()));
        let file = file.unwrap_or_else(|| "the configuration".to_owned());
        let message = format!("the account {entity} stands in {file}, which only you write");
        let next = format!("edit {file}: take its [[account]] out, then start the agent again");
        usage("account-configured", message, entity.as_str(), &next)
    }
}

/// Whether that can be an account, whatever its password is.
///
/// # Errors
/// Its name, a proxy or another field cannot be used.
pub fn check_account(body: &AccountBody) -> Result<(), Failure> {
    configured(&AccountBody { password: None, ..body.clone() }).map(drop)
}

/// As the configuration would read it.
fn configured(body: &AccountBody) -> Result<AccountConfig, Failure> {
    let entity = named(&body.entity)?;
    let proxy = body.proxy.as_deref().map(|text| hop("proxy", text)).transpose()?;
    let beside = body.second_proxy.as_deref().map(|text| hop("second-proxy", text)).transpose()?;
    if beside.is_some() && (proxy.is_none() || proxy == beside) {
        let what = "a second proxy stands beside a first one, which is another".to_owned();
        return Err(usage("bad-account", what, "second-proxy", "name both: --proxy HOST1 --second-proxy HOST2"));
    }
    let usual = AccountConfig::new(entity, proxy).with_beside(beside);
    if usual.contradicts_its_proxy() {
        let what = format!("{} goes by TLS only, and its proxy does not", usual.entity);
        return Err(usage("bad-account", what, "proxy", "name the proxy as tls:HOST, or the account by sip:"));
    }
    let name = |text: &str| {
        let fits = !text.trim().is_empty() && text.len() <= 128 && !text.chars().any(char::is_control);
        fits.then(|| text.to_owned())
    };
    let text = |what, text: &Option<String>| {
        text.as_deref().map(|text| field(what, text, "a name of 1 to 128 octets", name)).transpose()
    };
    let context = |text: &str| AccountConfig::is_phone_context(text).then(|| text.to_owned());
    let context = body.phone_context.as_deref().map(|text| field("phone-context", text, "+4930, or a domain", context));
    if let Some(expires) = body.expires.filter(|expires| !(60..=86_400).contains(expires)) {
        let what = format!("{expires} is no time to be registered for");
        return Err(usage("bad-account", what, "expires", "write 60 to 86400 seconds"));
    }
    let password =
        body.password.as_ref().map(|password| password::from_line(&password.0).map_err(|why| no_password(&why)));
    Ok(AccountConfig {
        user: text("user", &body.user)?.unwrap_or(usual.user),
        realm: text("realm", &body.realm)?.unwrap_or(usual.realm),
        password: password.transpose()?,
        expires: body.expires.map_or(usual.expires, Duration::from_secs),
        publish: body.publish.unwrap_or(usual.publish),
        watchers: body.watchers.unwrap_or(usual.watchers),
        mailbox: body.mailbox.unwrap_or(usual.mailbox),
        phone_context: context.transpose()?,
        ..usual
    })
}

/// As the user typed it: the scheme may be left out. What is refused is not repeated when it may hold a password.
pub(super) fn named(text: &str) -> Result<Entity, Failure> {
    let text = text.trim();
    let bare = ["sip:", "sips:", "pres:"].iter().find_map(|scheme| text.strip_prefix(scheme)).unwrap_or(text);
    if bare.split_once('@').is_some_and(|(user, _)| user.contains(':')) {
        let what = "an account's name has no password in it: others can read it there".to_owned();
        let next =
            "name it as sip:user@domain; the password is asked for, or read from --password-file or --password-env";
        return Err(usage("password-in-uri", what, "account", next));
    }
    let read = Entity::parse(text).or_else(|_| Entity::parse(&format!("sip:{text}"))).ok();
    let reachable = |entity: &Entity| Uri::parse(entity.as_str()).is_ok_and(|uri| uri.host().is_some());
    let fits = |entity: &Entity| entity.user().is_some() && !entity.as_str().starts_with("pres:") && reachable(entity);
    let read = read.filter(fits);
    if read.as_ref().is_some_and(is_built_in) {
        let what = "that name is the peer's that is built in".to_owned();
        return Err(usage("bad-account", what, ECHO, "name it as your provider does: sip:user@domain"));
    }
    read.ok_or_else(|| {
        let shown = escape(&text.chars().take(80).collect::<String>());
        usage("bad-account", format!("`{shown}` is no account"), &shown, "name it as sip:user@domain")
    })
}

fn hop(name: &str, text: &str) -> Result<Hop, Failure> {
    let is_transport = |word: &str| ["udp", "tcp", "tls", "ws", "wss"].contains(&word);
    let (transport, rest) = match text.split_once(':') {
        Some((transport, rest)) if is_transport(transport) => (format!("{transport}:"), rest),
        _ => (String::new(), text),
    };
    // Most likely a port.
    let expected = match rest.parse::<u16>() {
        Ok(port) => format!("the host before the port: {transport}HOST:{port}"),
        Err(_) => "HOST, or HOST:PORT, after udp:, tcp:, tls:, ws: or wss: if one of these is to be taken".to_owned(),
    };
    field(name, text, &expected, Hop::typed)
}

fn field<T>(name: &str, text: &str, expected: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, Failure> {
    read(text).ok_or_else(|| {
        let text = escape(&text.chars().take(80).collect::<String>());
        usage("bad-account", format!("{name} is \"{text}\""), name, &format!("write {expected}"))
    })
}

/// What may hold a password is not repeated.
fn found(text: &str) -> Result<Entity, Failure> {
    named(text).map_err(|failure| match failure.code {
        "password-in-uri" => failure,
        _ => no_account(text),
    })
}

fn no_account(entity: &str) -> Failure {
    no_such("no-such-account", "account", entity, "account list")
}

fn no_password(why: &str) -> Failure {
    let next = "type it when it is asked for, pipe it in as one line, or name a file of your own (chmod 600) with --password-file, \
        or a variable with --password-env";
    Failure::new(FailureKind::Usage, "no-password", format!("there is no password: {why}"), "password", next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(entity: &str) -> AccountBody {
        let password = Some(PasswordBody("hunter2".into()));
        AccountBody {
            entity: entity.into(),
            proxy: None,
            second_proxy: None,
            user: None,
            realm: None,
            password,
            expires: None,
            publish: None,
            watchers: None,
            mailbox: None,
            phone_context: None,
        }
    }

    #[test]
    fn a_port_alone_is_no_proxy_and_what_to_write_is_said() {
        for (proxy, next) in [("5060", "HOST:5060"), ("tls:5061", "tls:HOST:5061"), ("192.0.2", "HOST, or HOST:PORT")] {
            let body = AccountBody { proxy: Some(proxy.into()), ..body("alice@example.org") };
            let failure = configured(&body).unwrap_err();
            assert_eq!((failure.code, failure.subject.as_str()), ("bad-account", "proxy"), "{proxy}");
            assert!(failure.message.contains(proxy) && failure.next.contains(next), "{failure:?}");
        }
    }

    #[test]
    fn an_account_has_the_defaults_of_the_configuration() {
        let config = configured(&body("alice@example.org")).unwrap();
        let usual = AccountConfig::new(Entity::parse("sip:alice@example.org").unwrap(), None);
        assert_eq!(AccountConfig { password: None, ..config.clone() }, usual);
        assert_eq!(config.password.unwrap().0, "hunter2");
    }

    #[test]
    fn a_second_proxy_no_watchers_and_a_mailbox_are_as_in_the_configuration() {
        let mut body = body("alice@example.org");
        (body.proxy, body.second_proxy) = (Some("tls:a.example".into()), Some("tls:b.example".into()));
        (body.watchers, body.publish, body.mailbox) = (Some(false), Some(false), Some(true));
        let config = configured(&body).unwrap();
        assert_eq!(config.beside.map(|hop| hop.to_string()).as_deref(), Some("tls:b.example"));
        assert_eq!((config.watchers, config.publish, config.mailbox), (false, false, true));
    }

    #[test]
    fn what_cannot_be_one_is_refused_and_no_password_is_shown() {
        let with = |change: &dyn Fn(&mut AccountBody)| {
            let mut body = body("sip:alice@example.org");
            change(&mut body);
            body
        };
        for (body, code) in [
            (body("sip:alice:hunter2@example.org"), "password-in-uri"),
            (body("alice:hunter2@example.org"), "password-in-uri"),
            (body("example.org"), "bad-account"),
            (body("alice@example.org:99999"), "bad-account"),
            (body("pres:alice@example.org"), "bad-account"),
            (with(&|body| body.proxy = Some("sctp:h".into())), "bad-account"),
            (with(&|body| body.second_proxy = Some("tls:h".into())), "bad-account"),
            (
                with(&|body| (body.proxy, body.second_proxy) = (Some("tls:h".into()), Some("tls:h".into()))),
                "bad-account",
            ),
            (with(&|body| body.user = Some("a\nb".into())), "bad-account"),
            (with(&|body| body.expires = Some(1)), "bad-account"),
            (with(&|body| body.phone_context = Some("+49-30".into())), "bad-account"),
            (with(&|body| body.password = Some(PasswordBody("hunter2\n".into()))), "no-password"),
            (with(&|body| (body.entity, body.proxy) = ("sips:a@h".into(), Some("udp:h".into()))), "bad-account"),
        ] {
            let failure = configured(&body).unwrap_err();
            assert_eq!((failure.code, failure.kind), (code, FailureKind::Usage), "{body:?}");
            assert!(!format!("{failure:?} {body:?}").contains("hunter2") || body.entity.contains("hunter2"));
            assert!(!format!("{failure:?}").contains("hunter2"), "{failure:?}");
        }
    }
}
