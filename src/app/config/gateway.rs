use std::ops::RangeInclusive;

use super::document::{Section, Value};
use super::read::networks;
use crate::agent::GatewayConfig;
use crate::media::PORTS;
use crate::vocab::{Entity, Failure};

/// Packets a second of one tunnel: two calls with their reports.
const RATE: u64 = 250;
const TUNNELS: u64 = 16;
/// No network is that fast for one telephone.
const MAX_RATE: u64 = 100_000;
/// As many calls as one agent has at once by default.
const MAX_TUNNELS: u64 = 1_000;

/// For whom this agent is the far end of a tunnel. Nobody and nowhere go without saying, so both have to be named.
pub(super) fn gateway(top: &Section<'_, '_>) -> Result<Option<GatewayConfig>, Failure> {
    let Some(section) = top.section("gateway", &["users", "destinations", "ports", "rate", "tunnels"])? else {
        return Ok(None);
    };
    let users = section.read("users", users)?.filter(|users| !users.is_empty());
    let destinations = section.read("destinations", networks)?.filter(|all| !all.is_empty());
    let (Some(users), Some(destinations)) = (users, destinations) else {
        let expected = "users = [\"sip:alice@192.168.1.1\"] and destinations = [\"133.134.10.0/24\"]";
        return Err(section.refuse("a gateway is for somebody, and leads somewhere", expected));
    };
    let number = |key, most, usual| {
        let read = section.read(key, |v: &Value<'_, '_>| v.number(1..=most, key));
        read.map(|number| number.unwrap_or(usual))
    };
    let rate = u32::try_from(number("rate", MAX_RATE, RATE)?).unwrap_or(u32::MAX);
    let tunnels = usize::try_from(number("tunnels", MAX_TUNNELS, TUNNELS)?).unwrap_or(usize::MAX);
    let ports = section.read("ports", |v| v.text("ports, \"16384-32767\"", ports))?.unwrap_or(PORTS);
    Ok(Some(GatewayConfig { users, destinations, ports, rate, tunnels }))
}

/// `16384-32767`, `4000`.
fn ports(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last): (u16, u16) = (first.parse().ok()?, last.parse().ok()?);
    (first > 0 && first <= last).then_some(first..=last)
}

fn users(value: &Value<'_, '_>) -> Result<Vec<Entity>, Failure> {
    let example = "a SIP URI, \"sip:alice@192.168.1.1\"";
    let items = value.items("SIP URIs, [\"sip:alice@192.168.1.1\"]")?;
    items.iter().map(|item| item.text(example, |text| Entity::parse(text).ok())).collect()
}
