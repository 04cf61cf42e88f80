//! The `policy` elements of a statement.

use std::net::IpAddr;

use super::fields::number;
use super::statement::{is_name, seconds, unique};
use super::unreadable::Unreadable;
use super::words;
use super::xml::Element;
use crate::policy::{Action, Mode, Ports, Prefix, Rule, Selector, StatedPolicy, Suite};
use crate::vocab::PeerText;

/// One rule a protocol.
const MAX_RULES: usize = 3;
const MAX_ID: usize = 64;

pub(super) fn stated_policy(element: &Element) -> Result<StatedPolicy, Unreadable> {
    element.only(&["direction", "action", "selector", "rule", "suite", "keying", "expires"], &["id"])?;
    let id = element.attribute("id").ok_or(Unreadable::Missing("id"))?;
    if !is_name(id, MAX_ID) {
        return Err(Unreadable::Malformed("id"));
    }
    let suites = element.many("suite", Suite::ALL.len())?;
    Ok(StatedPolicy {
        id: PeerText::new(id),
        direction: element.one("direction")?.choice("direction", words::direction)?,
        action: action(element)?,
        selector: selector(element.one("selector")?)?,
        suites: unique("suite", suites.iter().map(|suite| suite.choice("suite", Suite::from_name)))?,
        keying: element.one("keying")?.choice("keying", words::keying)?,
        expires: element.maybe("expires")?.map(|expires| seconds("expires", expires)).transpose()?,
    })
}

fn action(element: &Element) -> Result<Action, Unreadable> {
    let rules = element.many("rule", MAX_RULES)?;
    match (element.one("action")?.word()?, rules.is_empty()) {
        ("discard", true) => Ok(Action::Discard),
        ("none", true) => Ok(Action::None),
        ("ipsec", false) => Ok(Action::Ipsec(in_order(rules.into_iter().map(rule).collect::<Result<_, _>>()?)?)),
        ("ipsec", true) => Err(Unreadable::Missing("rule")),
        ("discard" | "none", false) => Err(Unreadable::Malformed("rule")),
        _ => Err(Unreadable::UnknownValue("action")),
    }
}

/// Inside out, no protocol twice.
fn in_order(rules: Vec<Rule>) -> Result<Vec<Rule>, Unreadable> {
    let ordered = rules.windows(2).all(|pair| matches!(pair, [a, b] if a.protocol < b.protocol));
    if ordered {
        Ok(rules)
    } else {
        Err(Unreadable::Malformed("rule"))
    }
}

fn rule(element: &Element) -> Result<Rule, Unreadable> {
    element.only(&["protocol", "mode", "source-endpoint", "destination-endpoint", "level"], &[])?;
    Ok(Rule {
        protocol: element.one("protocol")?.choice("protocol", words::protocol)?,
        mode: mode(element)?,
        level: element.one("level")?.choice("level", words::level)?,
    })
}

fn mode(element: &Element) -> Result<Mode, Unreadable> {
    let source = endpoint(element, "source-endpoint")?;
    let destination = endpoint(element, "destination-endpoint")?;
    match (element.one("mode")?.word()?, source, destination) {
        ("transport", None, None) => Ok(Mode::Transport),
        ("transport", ..) => Err(Unreadable::Malformed("mode")),
        ("tunnel", Some(source), Some(destination)) if source.is_ipv4() == destination.is_ipv4() => {
            Ok(Mode::Tunnel { source, destination })
        }
        ("tunnel", None, _) => Err(Unreadable::Missing("source-endpoint")),
        ("tunnel", _, None) => Err(Unreadable::Missing("destination-endpoint")),
        ("tunnel", ..) => Err(Unreadable::Malformed("destination-endpoint")),
        _ => Err(Unreadable::UnknownValue("mode")),
    }
}

fn endpoint(element: &Element, name: &'static str) -> Result<Option<IpAddr>, Unreadable> {
    element.maybe(name)?.map(|address| address.value(name, |text| text.parse().ok())).transpose()
}

fn selector(element: &Element) -> Result<Selector, Unreadable> {
    element.only(&["source", "source-port", "destination", "destination-port", "upper"], &[])?;
    let selector = Selector {
        source: element.one("source")?.value("source", prefix)?,
        source_ports: element.one("source-port")?.value("source-port", ports)?,
        destination: element.one("destination")?.value("destination", prefix)?,
        destination_ports: element.one("destination-port")?.value("destination-port", ports)?,
        upper: element.one("upper")?.choice("upper", words::upper)?,
    };
    if is_ipv4(selector.source).zip(is_ipv4(selector.destination)).is_some_and(|(a, b)| a != b) {
        return Err(Unreadable::Malformed("selector"));
    }
    Ok(selector)
}

fn is_ipv4(prefix: Prefix) -> Option<bool> {
    match prefix {
        Prefix::Any => None,
        Prefix::Net { address, .. } => Some(address.is_ipv4()),
    }
}

/// `any`, an address, or an address and the length of its prefix; masked when it is not yet.
fn prefix(text: &str) -> Option<Prefix> {
    if text == "any" {
        return Some(Prefix::Any);
    }
    match text.split_once('/') {
        Some((address, len)) => Prefix::new(address.parse().ok()?, number(len)?),
        None => text.parse().ok().map(Prefix::host),
    }
}

/// `any`, a port, or two with a hyphen between them.
fn ports(text: &str) -> Option<Ports> {
    if text == "any" {
        return Some(Ports::Any);
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some(Ports::Range { first, last })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_masked_and_must_fit_their_family() {
        assert_eq!(prefix("192.168.1.9/24").unwrap().to_string(), "192.168.1.0/24");
        assert_eq!(prefix("192.168.1.9").unwrap().to_string(), "192.168.1.9/32");
        assert_eq!(prefix("2001:DB8:0::1/32").unwrap().to_string(), "2001:db8::/32");
        for bad in ["", "192.168.1.0/33", "::/129", "1.2.3", "1.2.3.4/", "1.2.3.4/+8", "1.2.3.4/08", "fe80::1%1", "Any"]
        {
            assert_eq!(prefix(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn ports_are_numbers_in_order() {
        assert_eq!(ports("5060"), Some(Ports::one(5060)));
        assert_eq!(ports("1-65535"), Some(Ports::Range { first: 1, last: 65535 }));
        for bad in ["", "-", "5-4", "65536", "+5", "05", "1-2-3", "1 - 2"] {
            assert_eq!(ports(bad), None, "{bad:?}");
        }
    }
}
