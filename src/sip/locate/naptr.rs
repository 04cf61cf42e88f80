use super::Service;
use crate::sip::Transport;

/// Services that are looked at; we speak three transports.
const SERVICES: usize = 4;

/// A NAPTR record (RFC 3403 section 4.1) as far as SIP goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naptr {
    /// Lowest first, and no other once one of them is of use.
    pub order: u16,
    /// Lowest first among the same order.
    pub preference: u16,
    /// `s`: the replacement is the name of SRV records. Nothing else is SIP's (RFC 3263 section 4.1).
    pub flags: String,
    /// `SIP+D2U`, `SIP+D2T`, `SIPS+D2T`.
    pub service: String,
    pub replacement: String,
}

/// What we speak of what a domain offers, in its own order (RFC 3263 section 4.1); with `secure` TLS alone.
///
/// Whoever offers TLS is not sent to in clear afterwards because TLS failed: that could be somebody's wish on the way.
pub(super) fn services(mut records: Vec<Naptr>, secure: bool) -> Vec<Service> {
    records.retain(|record| service(record).is_some_and(|service| !secure || service.transport == Transport::Tls));
    records.sort_by_key(|record| (record.order, record.preference));
    let order = records.first().map(|record| record.order);
    let mut services: Vec<Service> = Vec::new();
    for service in records.iter().take_while(|record| Some(record.order) == order).filter_map(service) {
        let tls = services.last().is_some_and(|before| before.transport == Transport::Tls);
        if (!tls || service.transport == Transport::Tls) && !services.contains(&service) {
            services.push(service);
        }
    }
    services.truncate(SERVICES);
    services
}

fn service(record: &Naptr) -> Option<Service> {
    let named = !matches!(record.replacement.as_str(), "" | ".");
    let transport = match record.service.to_ascii_uppercase().as_str() {
        "SIP+D2T" => Transport::Tcp,
        "SIP+D2U" => Transport::Udp,
        "SIPS+D2T" => Transport::Tls,
        _ => return None,
    };
    let is_srv = record.flags.eq_ignore_ascii_case("s");
    (named && is_srv).then(|| Service { name: record.replacement.clone(), transport })
}
