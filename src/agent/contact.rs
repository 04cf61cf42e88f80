//! Where we are reached, and where peers are.

use std::net::{IpAddr, SocketAddr};

use super::ask::PIDF;
use super::config::AgentConfig;
use super::own::uri_host;
use super::target::host_address;
use super::Agent;
use crate::presence::{PresenceRecord, WATCHER_INFO, WATCHER_INFO_PACKAGE};
use crate::sip::headers::NameAddr;
use crate::sip::{EndpointConfig, EventPackages, Host, Limits, Locate, Transport, Uri};

/// The option tag of our key agreement (**ours**, PROTOCOL section 7).
pub const OPTION_TAG: &str = "x-sv-sa";

impl Agent {
    /// Where a peer's media is expected: where it was seen, else where it says that it is.
    pub(super) fn peer_address(&self, record: &PresenceRecord) -> Option<IpAddr> {
        let stated = || host_address(&contact_host(record.contact.raw())?).map(|socket| socket.ip());
        record.address.or_else(stated)
    }
}

/// The host of a SIP URI, with its port when it names one, or when it is one of TLS: `192.0.2.1:5060`, `[2001:db8::1]`,
/// `office-7`.
pub fn contact_host(contact: &str) -> Option<String> {
    let uri = Uri::parse(contact).ok()?;
    let port = uri.port().or_else(|| uri.asks_for_tls().then(|| Transport::Tls.default_port()));
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}{port}", uri.host()?))
}

/// Where a SIP URI says that requests for it go (RFC 3263 section 4).
pub fn contact_place(contact: &str) -> Option<Locate> {
    let uri = Uri::parse(contact).ok()?;
    let transport = match (uri.asks_for_tls(), uri.asks_for_tcp()) {
        (true, _) => Some(Transport::Tls),
        (false, true) => Some(Transport::Tcp),
        (false, false) => None,
    };
    let host = uri.host()?.to_string();
    Some(Locate { transport, secure: uri.is_sips(), ..Locate::host(host.trim_matches(['[', ']']), uri.port()) })
}

/// Our SIP URI: the entity's user at the first address that we listen at, and there not by TLS.
pub fn contact_of(config: &AgentConfig) -> String {
    let user = config.entity.user().map(|user| format!("{user}@")).unwrap_or_default();
    match config.listen.iter().find(|listen| listen.transport != Transport::Tls) {
        Some(listen) => format!("sip:{user}{}:{}", uri_host(listen.address.ip()), listen.address.port()),
        None => format!("sip:{user}{}", uri_host(config.media_address)),
    }
}

/// Where the endpoint is reached, and where it listens.
pub fn endpoint_place(config: &AgentConfig, contact: &str) -> (Uri, Vec<(Transport, SocketAddr)>) {
    let EndpointConfig { contact, listen, .. } = endpoint_config(config, contact);
    (contact, listen)
}

/// The endpoint's configuration out of ours.
pub fn endpoint_config(config: &AgentConfig, contact: &str) -> EndpointConfig {
    let uri = |text: &str| Uri::parse(text).unwrap_or_else(|_| Uri::sip(None, Host::from(config.media_address), None));
    EndpointConfig {
        aor: NameAddr::new(uri(config.entity.as_str())).with_display(config.display_name.as_deref().unwrap_or("")),
        contact: uri(contact),
        instance: Some(format!("urn:uuid:{}", config.device)),
        user_agent: concat!("sottovoce/", env!("CARGO_PKG_VERSION")).into(),
        t1: config.t1,
        supported: ["timer", "100rel", "replaces", "norefersub"]
            .map(String::from)
            .into_iter()
            .chain([OPTION_TAG.into()])
            .collect(),
        accept: vec!["application/sdp".into(), PIDF.into()],
        events: EventPackages::new([("presence", PIDF), (WATCHER_INFO_PACKAGE, WATCHER_INFO)]),
        listen: config.listen.iter().map(|listen| (listen.transport, listen.address)).collect(),
        limits: Limits::times(config.limits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_contact_is_the_one_of_its_uri() {
        for (contact, host) in [
            ("sip:bob@192.0.2.1:5066", Some("192.0.2.1:5066")),
            ("sip:bob;phone=1?x@h.example;transport=tcp", Some("h.example")),
            ("sip:[2001:db8::1]:5062", Some("[2001:db8::1]:5062")),
            ("sips:bob@h.example", Some("h.example:5061")),
            ("sip:bob@h.example;transport=tls", Some("h.example:5061")),
            ("tel:+4930", None),
            ("nothing", None),
        ] {
            assert_eq!(contact_host(contact).as_deref(), host, "{contact}");
        }
    }
}
