//! What a user typed for a peer, and what it came to mean (PROTOCOL section 1).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::naming::Mail;
use super::Agent;
use crate::sip::{Host, Locate, Transport, Uri};
use crate::vocab::{escape, Entity, Failure, FailureKind};

/// A peer as named by our user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// `sip:bob@192.168.1.2`, or `sip:192.168.1.2` for a bare address.
    pub entity: Entity,
    /// Without brackets.
    pub host: String,
    /// Where the user named one.
    pub port: Option<u16>,
    /// No user was named: whoever answers at this address is meant.
    pub bare: bool,
    /// Named by `sips:`: by TLS on every hop, or not at all (RFC 3261 section 26.2.2). The entity is of `sip:` all the same.
    pub secure: bool,
    /// The Request-URI, where that says more than the entity: a telephone number.
    pub uri: Option<Uri>,
    /// Its requests go by the proxy of this account, whatever its domain is.
    pub account: Option<Entity>,
    /// It was named by an e-mail address.
    pub mail: Option<Mail>,
}

/// The peer that is built in, with whom one tries everything alone.
pub const ECHO: &str = "sip:echo@localhost";
/// What is looked up for it: no host is called so.
pub const ECHO_HOST: &str = "echo@localhost";

/// Port of SIP over UDP and TCP (RFC 3261 section 19.1.2).
const DEFAULT_PORT: u16 = 5060;

impl Target {
    /// Reads a SIP URI, `user@host`, a bare host, an IPv4 or IPv6 address.
    pub fn parse(typed: &str) -> Result<Self, Failure> {
        let typed = typed.trim();
        let lower = typed.to_ascii_lowercase();
        if lower.starts_with("tel:") {
            return Err(refused(typed, "a telephone number is reached by an account"));
        }
        let secure = lower.starts_with("sips:");
        let rest = if secure || lower.starts_with("sip:") || lower.starts_with("pres:") {
            typed.split_once(':').map_or("", |(_, rest)| rest)
        } else {
            typed
        };
        let (user, host_port) = match rest.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, rest),
        };
        // Not repeated: it may be told, logged and copied.
        if user.is_some_and(|user| user.contains(':')) {
            return Err(with_password(host_port));
        }
        let (host, port) = split_port(host_port).ok_or_else(|| match host_port.contains([';', '?']) {
            true => with_parameters(typed),
            false => refused(typed, "its host or port cannot be read"),
        })?;
        if host.bytes().all(|b| b.is_ascii_digit() || b == b'.') && host.parse::<Ipv4Addr>().is_err() {
            return Err(refused(typed, "its host is numbers with dots, and yet no IPv4 address"));
        }
        let entity = entity_text(user, &host, port);
        let entity = Entity::parse(&entity).map_err(|why| refused(typed, &why.to_string()))?;
        let host = if entity.as_str() == ECHO && !secure { ECHO_HOST.to_owned() } else { host };
        Ok(Self { entity, host, port, bare: user.is_none(), secure, uri: None, account: None, mail: None })
    }

    /// Where requests for it go: the Request-URI.
    pub fn uri(&self) -> Option<Uri> {
        let uri = self.uri.clone().or_else(|| Uri::parse(self.entity.as_str()).ok())?;
        Some(if self.secure { uri.secured() } else { uri })
    }

    /// So that it is read again as what it is: a number stays one, and so does `sips:`.
    pub fn typed(&self) -> String {
        let named = self.uri.clone().or_else(|| self.uri().filter(|_| self.secure));
        named.map_or_else(|| self.entity.to_string(), |uri| uri.to_string())
    }

    pub fn locate(&self) -> Locate {
        Locate { secure: self.secure, ..Locate::host(&self.host, self.port) }
    }

    /// What must be proven by TLS, as it is with a peer that is named by `sips:`: its host, as the user typed it.
    pub fn domain(&self, by: Transport) -> Option<Host> {
        let host = || self.uri().and_then(|uri| uri.host().cloned());
        (self.secure || by == Transport::Tls).then(host).flatten()
    }

    /// The peer that is built in.
    pub(super) fn is_echo(&self) -> bool {
        self.host == ECHO_HOST
    }

    /// The address, when the host is one.
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    pub fn socket(&self) -> Option<SocketAddr> {
        self.locate().address().map(|there| there.address)
    }
}

impl Agent {
    /// It is the agent itself, by its own name or by where it listens.
    pub(super) fn is_own_place(&self, target: &Target) -> bool {
        let at_ours = target.socket().is_some_and(|socket| {
            let socket = SocketAddr::new(socket.ip().to_canonical(), socket.port());
            self.config.listen.iter().any(|listen| listen.address == socket)
        });
        let names_us = target.bare || target.entity.user() == self.config.entity.user();
        target.entity == self.config.entity || at_ours && names_us
    }

    /// Nobody asks or calls himself: what comes back would be his own policy, approved as another's.
    pub(super) fn refuse_ourselves(&self, target: &Target) -> Result<(), Failure> {
        let is_us = self.is_our_name(&target.entity) || self.is_own_place(target);
        if is_us {
            return Err(that_is_you(target.entity.as_str(), self.config.entity.as_str()));
        }
        Ok(())
    }
}

/// The address in an entity's or contact's host, when it is one.
pub fn host_address(host: &str) -> Option<SocketAddr> {
    let (host, port) = split_port(host)?;
    Some(SocketAddr::new(host.parse().ok()?, port.unwrap_or(DEFAULT_PORT)))
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`, or a bare IPv6 address.
pub(super) fn split_port(text: &str) -> Option<(String, Option<u16>)> {
    if text.parse::<Ipv6Addr>().is_ok() {
        return Some((text.to_owned(), None));
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (host, tail) = rest.split_once(']')?;
        host.parse::<Ipv6Addr>().ok()?;
        return Some((host.to_owned(), port_of(tail)?));
    }
    let (host, tail) = text.split_at(text.find(':').unwrap_or(text.len()));
    let clean = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    clean.then_some((host.to_owned(), port_of(tail)?))
}

/// Empty, or `:port`.
fn port_of(tail: &str) -> Option<Option<u16>> {
    if tail.is_empty() {
        return Some(None);
    }
    let port: u16 = tail.strip_prefix(':')?.parse().ok()?;
    (port != 0).then_some(Some(port))
}

fn entity_text(user: Option<&str>, host: &str, port: Option<u16>) -> String {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let user = user.map(|user| format!("{user}@")).unwrap_or_default();
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("sip:{user}{host}{port}")
}

fn with_password(host: &str) -> Failure {
    let subject = format!("a user at {}", escape(host));
    let message = format!("{subject} is named with a password, which others can read there");
    let next = "leave the password out: `sottovoce account add` asks for it, and keeps it encrypted";
    Failure::new(FailureKind::Usage, "password-in-uri", message, subject, next)
}

/// Which transport leads to a peer is not for whoever calls it to say, but by TLS or not (`sips:`, RFC 3261 section 26.2.2): what follows from its name and its
/// statement (RFC 3263 section 4.1) would otherwise be overruled by a parameter that somebody copied.
fn with_parameters(typed: &str) -> Failure {
    let next = "leave out what stands behind ; and ?: a name is `sips:user@host` where it has to go by TLS, else `sip:user@host`";
    Failure { next: next.to_owned(), ..refused(typed, "it has parameters, which are not typed here") }
}

fn that_is_you(target: &str, own: &str) -> Failure {
    let message = format!("{target} is this agent itself, {own}");
    let next =
        "name another peer; `sottovoce policy list` and `sottovoce presence show` have what others are told of you";
    Failure::new(FailureKind::Usage, "that-is-you", message, target, next)
}

fn refused(typed: &str, why: &str) -> Failure {
    let typed = escape(typed);
    Failure::new(
        FailureKind::Usage,
        "peer-unreadable",
        format!("`{typed}` names no peer: {why}"),
        typed,
        "name it as sip:user@host, user@host, host, an IP address, or a telephone number as +493012345678",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_names_the_transport_is_told_how_to_ask_for_tls() {
        for typed in ["sip:bob@127.0.0.3;transport=tls", "bob@h;transport=tcp", "bob@h:5061?a=b"] {
            let refused = Target::parse(typed).unwrap_err();
            assert!(refused.next.contains("`sips:user@host`") && refused.message.contains("parameters"), "{refused:?}");
        }
    }

    #[test]
    fn every_way_to_name_a_peer_is_read() {
        for (typed, entity, host, port, bare) in [
            ("sip:bob@192.168.1.2", "sip:bob@192.168.1.2", "192.168.1.2", None, false),
            ("192.168.1.2", "sip:192.168.1.2", "192.168.1.2", None, true),
            ("bob@Example.com:5070", "sip:bob@example.com:5070", "Example.com", Some(5070), false),
            ("::1", "sip:[::1]", "::1", None, true),
            ("sip:bob@[2001:db8::1]:5062", "sip:bob@[2001:db8::1]:5062", "2001:db8::1", Some(5062), false),
            ("SIP:office-7", "sip:office-7", "office-7", None, true),
            ("sips:bob@Example.com", "sip:bob@example.com", "Example.com", None, false),
            ("SIPS:bob@[2001:db8::1]:5070", "sip:bob@[2001:db8::1]:5070", "2001:db8::1", Some(5070), false),
        ] {
            let target = Target::parse(typed).unwrap();
            let read = (target.entity.as_str(), target.host.as_str(), target.port, target.bare);
            assert_eq!(read, (entity, host, port, bare), "{typed}");
            let secure = typed.to_ascii_lowercase().starts_with("sips:");
            assert_eq!((target.secure, target.domain(Transport::Udp).is_some()), (secure, secure), "{typed}");
            assert_eq!(Target::parse(&target.typed()).unwrap().secure, secure, "{typed}");
            assert!(target.domain(Transport::Tls).is_some(), "what DNS finds by TLS proves the name too: {typed}");
            assert_eq!(target.uri().unwrap().as_str().starts_with("sips:"), secure, "{typed}");
        }
    }

    #[test]
    fn the_echo_peer_is_looked_up_as_no_host_is() {
        for typed in ["sip:echo@localhost", "echo@localhost", "SIP:echo@LOCALHOST", "pres:echo@localhost"] {
            let target = Target::parse(typed).unwrap();
            assert_eq!((target.entity.as_str(), target.host.as_str()), (ECHO, ECHO_HOST), "{typed}");
            assert!(target.is_echo() && target.socket().is_none(), "{typed}");
        }
        for typed in ["sips:echo@localhost", "echo@localhost:5060", "bob@localhost", "localhost", "echo@127.0.0.1"] {
            assert!(!Target::parse(typed).unwrap().is_echo(), "{typed}");
        }
    }

    #[test]
    fn a_password_in_a_name_is_refused_and_not_repeated() {
        for typed in ["sip:bob:hunter2@h.example", "bob:hunter2@192.0.2.1"] {
            let failure = Target::parse(typed).unwrap_err();
            assert_eq!((failure.kind, failure.code), (FailureKind::Usage, "password-in-uri"));
            assert!(!format!("{failure:?}").contains("hunter2"), "{failure:?}");
        }
    }

    #[test]
    fn what_names_nobody_is_refused_with_the_reason() {
        for typed in [
            "",
            "sip:",
            "bob@",
            "tel:+4930",
            "sips:",
            "a b",
            "bob@h:0",
            "bob@h:70000",
            "[::1",
            "x\u{1b}[2J",
            "127.91.0.300",
            "bob@10.1",
        ] {
            let failure = Target::parse(typed).unwrap_err();
            assert_eq!((failure.kind, failure.code), (FailureKind::Usage, "peer-unreadable"), "{typed:?}");
            assert!(!failure.message.contains('\u{1b}'));
        }
    }
}
