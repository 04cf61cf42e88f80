use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use super::document::{Section, Value};
use super::{value, Machine};
use crate::agent::{AccountConfig, Hop};
use crate::sip::Transport;
use crate::vocab::{escape, Entity, Failure, Redacted};

pub(super) const KEYS: [&str; 9] =
    ["entity", "proxy", "proxies", "user", "realm", "password-file", "password-env", "expires", "publish"];

/// Longest password, in octets.
const MAX_PASSWORD: usize = 512;

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
            Entity::parse(text).ok().filter(|entity| entity.user().is_some())
        })
    })?;
    let entity = entity.unwrap_or_else(|| default.clone());
    let expected = "\"HOST\", or \"HOST:PORT\" after udp:, tcp:, tls:, ws: or wss:";
    let proxy = section.read("proxy", |v| v.text(expected, value::hop))?;
    let pair = section.read("proxies", proxies)?;
    if proxy.is_some() && pair.is_some() {
        return Err(section.refuse("its proxies are given twice", "either proxy or proxies"));
    }
    let (proxy, beside) = pair.unwrap_or_else(|| (proxy.unwrap_or_else(|| domain_of(&entity)), None));
    let (proxy, beside) = (settled(proxy, &entity), beside.map(|proxy| settled(proxy, &entity)));
    let secure = entity.as_str().starts_with("sips:");
    let in_clear = |hop: &Hop| hop.transport.is_some_and(|transport| !transport.is_secure());
    if secure && (in_clear(&proxy) || beside.as_ref().is_some_and(in_clear)) {
        return Err(section.refuse("sips: goes by TLS only", "proxy = \"tls:HOST\", or an entity of sip:"));
    }
    let user = section.read("user", |v| v.text("a name of 1 to 128 octets", value::name))?;
    let user = user.or_else(|| entity.user().map(str::to_owned)).unwrap_or_default();
    let realm = section.read("realm", |v| v.text("a name of 1 to 128 octets", value::name))?;
    let realm = realm.unwrap_or_else(|| entity.host().to_owned());
    let expires = section.read("expires", |v| v.number(60..=86_400, "seconds"))?.unwrap_or(3600);
    let publish = section.read("publish", |v| v.flag())?.unwrap_or(true);
    let from_file = section.read("password-file", |v| password_file(v, base))?;
    let from_variable = section.read("password-env", |v| password_variable(v, machine))?;
    if from_file.is_some() && from_variable.is_some() {
        return Err(section.refuse("the password is given twice", "either password-file or password-env"));
    }
    let password = from_file.or(from_variable).map(Redacted);
    Ok(AccountConfig { entity, proxy, beside, user, password, realm, expires: Duration::from_secs(expires), publish })
}

/// The outbound proxy set (RFC 5626 section 4.2): one, or two that are not the same.
fn proxies(value: &Value<'_, '_>) -> Result<(Hop, Option<Hop>), Failure> {
    let expected = "one or two proxies that differ, [\"tls:HOST1\", \"tls:HOST2\"]";
    let mut hops = Vec::new();
    for item in value.items(expected)? {
        hops.push(item.text(expected, value::hop)?);
    }
    match &hops[..] {
        [first] => Ok((first.clone(), None)),
        [first, second] if first != second => Ok((first.clone(), Some(second.clone()))),
        [_, _] => Err(value.refuse_because("both proxies are the same", expected)),
        hops => Err(value.refuse_because(&format!("there are {} proxies", hops.len()), expected)),
    }
}

/// Of which DNS says where its proxy is.
fn domain_of(entity: &Entity) -> Hop {
    let named = || Hop { host: entity.host().to_owned(), port: None, transport: None };
    value::hop(entity.host()).unwrap_or_else(named)
}

/// With an address there is nothing to look for.
fn settled(mut proxy: Hop, entity: &Entity) -> Hop {
    if proxy.host.parse::<IpAddr>().is_ok() {
        let usual = if entity.as_str().starts_with("sips:") { Transport::Tls } else { Transport::Udp };
        let transport = *proxy.transport.get_or_insert(usual);
        proxy.port.get_or_insert(transport.default_port());
    }
    proxy
}

/// The first line of a file that nobody else may read.
fn password_file(value: &Value<'_, '_>, base: &Path) -> Result<String, Failure> {
    let name = value.text("the name of a file whose first line is the password", |text| {
        (!text.is_empty()).then(|| text.to_owned())
    })?;
    let path = base.join(name);
    let shown = escape(&path.display().to_string());
    let expected = "a file of your own (chmod 600) whose first line is the password";
    let unreadable = |why: &std::io::Error| value.refuse_because(&format!("{shown} cannot be read: {why}"), expected);
    let found = std::fs::metadata(&path).map_err(|why| unreadable(&why))?;
    if found.permissions().mode() & 0o077 != 0 {
        return Err(value.refuse_because(&format!("others may read {shown}"), expected));
    }
    if found.len() > 4096 {
        return Err(value.refuse_because(&format!("{shown} is too long for a password"), expected));
    }
    let text = std::fs::read_to_string(&path).map_err(|why| unreadable(&why))?;
    checked(text.lines().next().unwrap_or_default())
        .ok_or_else(|| value.refuse_because(&format!("{shown} holds no password in its first line"), expected))
}

fn password_variable(value: &Value<'_, '_>, machine: &Machine<'_>) -> Result<String, Failure> {
    let expected = "the name of an environment variable that holds the password";
    let name = value.text(expected, |text| (!text.is_empty() && !text.contains('=')).then(|| text.to_owned()))?;
    let found = (machine.variable)(&name).and_then(|text| checked(&text));
    found.ok_or_else(|| value.refuse_because(&format!("the variable {} is not set", escape(&name)), expected))
}

fn checked(password: &str) -> Option<String> {
    let fits = !password.is_empty() && password.len() <= MAX_PASSWORD && !password.chars().any(char::is_control);
    fits.then(|| password.to_owned())
}
