use std::path::Path;

use super::account::password;
use super::document::{Section, Value};
use super::{value, Machine};
use crate::agent::{IceUse, NatConfig};
use crate::ice::RelayAccount;
use crate::vocab::Failure;

/// Of STUN (RFC 8489 section 18.6), and of TURN (RFC 8656 section 5).
const PORT: u16 = 3478;
/// Servers that are asked at most: each holds up a call that it does not answer.
const SERVERS: usize = 4;

pub(super) fn nat(top: &Section<'_, '_>, base: &Path, machine: &Machine<'_>) -> Result<NatConfig, Failure> {
    let Some(section) = top.section("nat", &["ice", "stun", "turn"])? else { return Ok(NatConfig::default()) };
    let ice = section.read("ice", |v| v.text("\"auto\", \"on\" or \"off\"", ice))?.unwrap_or_default();
    let stun = section.read("stun", servers)?.unwrap_or_default();
    let turn = relay(&section, (base, machine))?;
    if turn.is_some() && ice == IceUse::Off {
        return Err(section.refuse("without ICE no server of TURN is used", "ice = \"auto\", or no `nat.turn`"));
    }
    Ok(NatConfig { ice, stun, turn })
}

fn relay(nat: &Section<'_, '_>, (base, machine): (&Path, &Machine<'_>)) -> Result<Option<RelayAccount>, Failure> {
    let Some(section) = nat.section("turn", &["server", "user", "password-file", "password-env"])? else {
        return Ok(None);
    };
    let named = section.read("server", |v| v.text("a server of TURN by UDP, \"turn.example.org:3478\"", server))?;
    let user = section.read("user", |v| v.text("a name of 1 to 128 octets", value::name))?;
    let password = password(&section, base, machine)?;
    match (named, user, password) {
        (Some(server), Some(user), Some(password)) => Ok(Some(RelayAccount { server, user, password })),
        _ => Err(section.refuse("`nat.turn` is not whole", "server, user, and password-file or password-env")),
    }
}

fn ice(text: &str) -> Option<IceUse> {
    match text {
        "auto" => Some(IceUse::Auto),
        "on" => Some(IceUse::On),
        "off" => Some(IceUse::Off),
        _ => None,
    }
}

fn servers(value: &Value<'_, '_>) -> Result<Vec<String>, Failure> {
    let expected = "servers of STUN, [\"stun.example.org:3478\"]";
    let items = value.items(expected)?;
    if items.len() > SERVERS {
        return Err(value.refuse_because(&format!("`nat.stun` names more than {SERVERS} servers"), expected));
    }
    items.iter().map(|item| item.text("a server, \"stun.example.org:3478\"", server)).collect()
}

/// `host`, `host:port`, `[2001:db8::1]:3478`, by UDP.
fn server(text: &str) -> Option<String> {
    let hop = crate::agent::Hop::typed(text).filter(|hop| hop.transport.is_none())?;
    let port = hop.port.unwrap_or(PORT);
    Some(if hop.host.contains(':') { format!("[{}]:{port}", hop.host) } else { format!("{}:{port}", hop.host) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_host_and_a_port() {
        for (text, read) in [
            ("stun.example.org", Some("stun.example.org:3478")),
            ("192.0.2.1:19302", Some("192.0.2.1:19302")),
            ("[2001:db8::1]", Some("[2001:db8::1]:3478")),
            ("tcp:192.0.2.1", None),
            ("5060", None),
            ("", None),
        ] {
            assert_eq!(server(text).as_deref(), read, "{text}");
        }
    }
}
