use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::Limits;
use crate::sip::headers::NameAddr;
use crate::sip::{EventPackages, Transport, Uri};

/// Who this endpoint is, and what it can do.
#[derive(Clone, Debug)]
pub struct EndpointConfig {
    /// Display name and address of record: From of our requests.
    pub aor: NameAddr,
    /// Where requests within a dialog reach us.
    pub contact: Uri,
    /// `+sip.instance` of our Contact (RFC 5626 section 4.1), a URN without angle brackets.
    pub instance: Option<String>,
    /// User-Agent of requests, Server of responses.
    pub user_agent: String,
    /// Estimate of the round trip, 500 ms by default (RFC 3261 section 17.1.1.1); every timer but T2 and T4 follows it.
    pub t1: Duration,
    /// Option tags that we understand.
    pub supported: Vec<String>,
    /// Media types that we read.
    pub accept: Vec<String>,
    /// What we notify of.
    pub events: EventPackages,
    /// Where we listen; the first of the same transport and address family, or else of the same family, is the Via's sent-by.
    pub listen: Vec<(Transport, SocketAddr)>,
    /// How much others can make us remember.
    pub limits: Limits,
}

/// How what we send travels, as far as our Contact in it has to say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Clear,
    /// To a `sips:` URI.
    Sips,
    Tls,
}

impl EndpointConfig {
    /// The least time for which we let anybody subscribe, other than to fetch once; shorter is answered 423 (RFC 6665 section 4.2.1.1).
    pub const MIN_EXPIRES: Duration = Duration::from_secs(60);

    /// Where requests within a dialog reach us on this way: at our own listener, or else on the connection that we opened
    /// (RFC 5923). To a `sips:` URI it is one too (RFC 3261 section 8.1.1.8).
    pub(crate) fn contact_by(&self, way: Way) -> Uri {
        if way == Way::Clear {
            return self.contact.clone();
        }
        let listener = self.listen.iter().find(|(transport, _)| *transport == Transport::Tls).map(|(_, local)| *local);
        let user = self.contact.user_unescaped();
        let contact = listener.map(|local| Uri::sip(user.as_deref(), local.ip(), Some(local.port())));
        let mut contact = contact.unwrap_or_else(|| self.contact.clone());
        contact.set_param("transport", Some("tls"));
        if way == Way::Sips {
            contact.secured()
        } else {
            contact
        }
    }

    /// Our own address towards `remote`.
    pub(crate) fn sent_by(&self, transport: Transport, remote: IpAddr) -> Option<SocketAddr> {
        let family = |local: &SocketAddr| local.is_ipv4() == remote.is_ipv4();
        let exact = self.listen.iter().find(|(t, local)| *t == transport && family(local));
        exact.or_else(|| self.listen.iter().find(|(_, local)| family(local))).map(|(_, local)| *local)
    }
}
