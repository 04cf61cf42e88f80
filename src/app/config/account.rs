use std::path::Path;
use std::time::Duration;

use super::document::{Section, Value};
use super::{value, Machine};
use crate::agent::{AccountConfig, Hop};
use crate::app::password;
use crate::vocab::{Entity, Failure, Redacted};

pub(super) const KEYS: [&str; 12] = [
    "entity",
    "proxy",
    "proxies",
    "user",
    "realm",
    "password-file",
    "password-env",
    "expires",
    "publish",
    "watchers",
    "mailbox",
    "phone-context",
];

/// How many there may be.
const MAX_ACCOUNTS: usize = 16;

/// `[[account]]`: `default` is the entity of one that names none.
pub(super) fn accounts(
    sections: &[Section<'_, '_>],
    default: &Entity,
    base: &Path,
    machine: &Machine<'_>,
) -> Result<Vec<AccountConfig>, Failure> {
    let mut all: Vec<AccountConfig> = Vec::new();
    for section in sections {
        let one = account(section, default, base, machine)?;
        if all.len() == MAX_ACCOUNTS || all.iter().any(|other| other.entity == one.entity) {
            let what = match all.len() {
                MAX_ACCOUNTS => format!("there are more than {MAX_ACCOUNTS} accounts"),
                _ => format!("there are two accounts for {}", one.entity),
            };
            return Err(section.refuse(&what, "one [[account]] for each entity"));
        }
        all.push(one);
    }
    Ok(all)
}

fn account(
    section: &Section<'_, '_>,
    default: &Entity,
    base: &Path,
    machine: &Machine<'_>,
) -> Result<AccountConfig, Failure> {
    let entity = section.read("entity", |v| {
        v.text("a SIP URI with a user, \"sip:alice@example.org\"", |text| {
            value::own_entity(text).filter(|entity| entity.user().is_some())
        })
    })?;
    let entity = entity.unwrap_or_else(|| default.clone());
    let expected = "\"HOST\", or \"HOST:PORT\" after udp:, tcp:, tls:, ws: or wss:";
    let proxy = section.read("proxy", |v| v.text(expected, Hop::typed))?;
    let pair = section.read("proxies", proxies)?;
    if proxy.is_some() && pair.is_some() {
        return Err(section.refuse("its proxies are given twice", "either proxy or proxies"));
    }
    let (first, beside) = pair.map_or((proxy, None), |(first, beside)| (Some(first), beside));
    let usual = AccountConfig::new(entity, first).with_beside(beside);
    if usual.contradicts_its_proxy() {
        return Err(section.refuse("sips: goes by TLS only", "proxy = \"tls:HOST\", or an entity of sip:"));
    }
    let user = section.read("user", |v| v.text("a name of 1 to 128 octets", value::name))?;
    let realm = section.read("realm", |v| v.text("a name of 1 to 128 octets", value::name))?;
    let expires = section.read("expires", |v| v.number(60..=86_400, "seconds"))?.map(Duration::from_secs);
    let publish = section.read("publish", |v| v.flag())?;
    let watchers = section.read("watchers", |v| v.flag())?;
    let mailbox = section.read("mailbox", |v| v.flag())?;
    let context = |text: &str| AccountConfig::is_phone_context(text).then(|| text.to_owned());
    let context = section.read("phone-context", |v| v.text("\"+4930\", or a domain", context))?;
    let password = password(section, base, machine)?;
    Ok(AccountConfig {
        user: user.unwrap_or(usual.user),
        realm: realm.unwrap_or(usual.realm),
        expires: expires.unwrap_or(usual.expires),
        publish: publish.unwrap_or(usual.publish),
        watchers: watchers.unwrap_or(usual.watchers),
        mailbox: mailbox.unwrap_or(usual.mailbox),
        phone_context: context,
        password,
        ..usual
    })
}

/// The outbound proxy set (RFC 5626 section 4.2): one, or two that are not the same.
fn proxies(value: &Value<'_, '_>) -> Result<(Hop, Option<Hop>), Failure> {
    let expected = "one or two proxies that differ, [\"tls:HOST1\", \"tls:HOST2\"]";
    let mut hops = Vec::new();
    for item in value.items(expected)? {
        hops.push(item.text(expected, Hop::typed)?);
    }
    match &hops[..] {
        [first] => Ok((first.clone(), None)),
        [first, second] if first != second => Ok((first.clone(), Some(second.clone()))),
        [_, _] => Err(value.refuse_because("both proxies are the same", expected)),
        hops => Err(value.refuse_because(&format!("there are {} proxies", hops.len()), expected)),
    }
}

/// Of a file, or of a variable.
pub(super) fn password(
    section: &Section<'_, '_>,
    base: &Path,
    machine: &Machine<'_>,
) -> Result<Option<Redacted<String>>, Failure> {
    let from_file = section.read("password-file", |v| password_file(v, base))?;
    let from_variable = section.read("password-env", |v| password_variable(v, machine))?;
    if from_file.is_some() && from_variable.is_some() {
        return Err(section.refuse("the password is given twice", "either password-file or password-env"));
    }
    Ok(from_file.or(from_variable))
}

/// The first line of a file that nobody else may read.
fn password_file(value: &Value<'_, '_>, base: &Path) -> Result<Redacted<String>, Failure> {
    let name = value.text("the name of a file whose first line is the password", |text| {
        (!text.is_empty()).then(|| text.to_owned())
    })?;
    let expected = "a file of your own (chmod 600) whose first line is the password";
    password::from_file(&base.join(name)).map_err(|why| value.refuse_because(&why, expected))
}

fn password_variable(value: &Value<'_, '_>, machine: &Machine<'_>) -> Result<Redacted<String>, Failure> {
    let expected = "the name of an environment variable that holds the password";
    let name = value.text(expected, |text| (!text.is_empty() && !text.contains('=')).then(|| text.to_owned()))?;
    password::from_variable(&name, machine.variable).map_err(|why| value.refuse_because(&why, expected))
}
