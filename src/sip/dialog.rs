//! A dialog (RFC 3261 section 12): two tags, two counters, and where requests go.

use std::net::SocketAddr;

use super::headers::NameAddr;
use super::{Method, Request, Uri};

/// The port of a SIP URI without one (RFC 3261 section 19.1.2).
const DEFAULT_PORT: u16 = 5060;

/// A peer-to-peer relation, seen from our side.
#[derive(Clone, Debug)]
pub(crate) struct Dialog {
    pub call_id: String,
    pub local_tag: String,
    /// Empty until the peer named itself.
    pub remote_tag: String,
    /// Our From value, tag included.
    local: String,
    /// Our To value, without the tag that we add.
    remote: String,
    local_cseq: u32,
    remote_cseq: Option<u32>,
    target: Uri,
    /// First hop first.
    route: Vec<String>,
    /// Where requests go when the next hop is no address.
    fallback: SocketAddr,
    /// Only the address that the peer calls from is sent to, whatever its Contact and Record-Route say.
    held: bool,
}

/// The next hop of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    pub remote: SocketAddr,
    /// The URI asks for TCP; otherwise the size decides.
    pub tcp: bool,
}

impl Dialog {
    /// The side that asks.
    pub fn caller(call_id: String, tag: String, local: &NameAddr, target: Uri, remote: SocketAddr) -> Self {
        Self {
            call_id,
            local: format!("{local};tag={tag}"),
            local_tag: tag,
            remote_tag: String::new(),
            remote: format!("<{}>", bare(&target)),
            local_cseq: 0,
            remote_cseq: None,
            target,
            route: Vec::new(),
            fallback: remote,
            held: false,
        }
    }

    /// The side that is asked (RFC 3261 section 12.1.1). `local` and `remote` are To and From as received.
    pub fn callee(call_id: String, tag: String, parties: (&str, &str), target: Uri, from: SocketAddr) -> Self {
        let (local, remote) = parties;
        Self {
            call_id,
            local: format!("{local};tag={tag}"),
            local_tag: tag,
            remote_tag: String::new(),
            remote: remote.to_owned(),
            local_cseq: 0,
            remote_cseq: None,
            target,
            route: Vec::new(),
            fallback: from,
            held: false,
        }
    }

    /// For strangers, who could aim our requests at somebody who never asked for them, or free of that again.
    pub fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// The peer's tag and route set, which never change again (RFC 3261 section 12.1).
    pub fn establish(&mut self, remote_tag: String, route: Vec<String>) {
        self.remote_tag = remote_tag;
        self.route = route;
    }

    /// Target refresh (RFC 3261 section 12.2).
    pub fn retarget(&mut self, target: Option<Uri>) {
        if let Some(target) = target {
            self.target = target;
        }
    }

    /// Whether a request with this number is newer than all before. Gaps are fine; only what is older is out of
    /// order (RFC 3261 section 12.2.2).
    pub fn accept_cseq(&mut self, cseq: u32) -> bool {
        let newer = self.remote_cseq.is_none_or(|last| cseq > last);
        if newer {
            self.remote_cseq = Some(cseq);
        }
        newer
    }

    /// A new request: everything but Via, and what its method needs.
    pub fn request(&mut self, method: Method) -> Request {
        self.local_cseq += 1;
        self.request_numbered(method, self.local_cseq)
    }

    /// The ACK for a 2xx has the number of its INVITE (RFC 3261 section 13.2.2.4).
    pub fn request_numbered(&self, method: Method, cseq: u32) -> Request {
        let (uri, route) = self.uri_and_route();
        let cseq = format!("{cseq} {method}");
        let mut request = Request::new(method, uri);
        let headers = request.headers_mut();
        // None of these holds a CR or LF: they were read out of a message, or made here.
        for hop in route {
            let _ = headers.push("Route", hop);
        }
        let to = match self.remote_tag.is_empty() || self.remote_has_tag() {
            true => self.remote.clone(),
            false => format!("{};tag={}", self.remote, self.remote_tag),
        };
        let fields =
            [("Max-Forwards", "70"), ("From", &self.local), ("To", &to), ("Call-ID", &self.call_id), ("CSeq", &cseq)];
        for (name, value) in fields {
            let _ = headers.push(name, value);
        }
        request
    }

    pub fn target(&self) -> &Uri {
        &self.target
    }

    pub fn destination(&self) -> Destination {
        let hop = self.route.first().and_then(|hop| route_uri(hop));
        let uri = hop.as_ref().unwrap_or(&self.target);
        let address = uri.host().and_then(|host| host.ip());
        let remote = address.map_or(self.fallback, |ip| SocketAddr::new(ip, uri.port().unwrap_or(DEFAULT_PORT)));
        let remote = if self.held { SocketAddr::new(self.fallback.ip(), remote.port()) } else { remote };
        Destination { remote, tcp: uri.asks_for_tcp() }
    }

    /// Loose routing, or strict when the first hop knows no better (RFC 3261 section 12.2.1.1).
    fn uri_and_route(&self) -> (Uri, Vec<String>) {
        let first = self.route.first().and_then(|hop| route_uri(hop));
        match first {
            Some(hop) if !hop.params().has("lr") => {
                let rest = self.route.iter().skip(1).cloned();
                (hop, rest.chain([format!("<{}>", self.target)]).collect())
            }
            _ => (self.target.clone(), self.route.clone()),
        }
    }

    fn remote_has_tag(&self) -> bool {
        let after = self.remote.rsplit_once('>').map_or(self.remote.as_str(), |(_, params)| params);
        after.split(';').any(|p| p.trim_start().get(..4).is_some_and(|name| name.eq_ignore_ascii_case("tag=")))
    }
}

/// The URI of a Route value: what stands between the angle brackets.
fn route_uri(hop: &str) -> Option<Uri> {
    let (_, rest) = hop.split_once('<')?;
    let (uri, _) = rest.split_once('>')?;
    Uri::parse(uri).ok()
}

/// A To URI has no port, headers, method or transport (RFC 3261 section 19.1.1, table 1).
fn bare(target: &Uri) -> Uri {
    let mut uri = target.clone();
    for param in ["transport", "maddr", "ttl", "method", "lr"] {
        uri.remove_param(param);
    }
    uri.remove_headers();
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialog(route: &[&str]) -> Dialog {
        let uri = |text: &str| Uri::parse(text).unwrap();
        let remote = "192.0.2.7:5070".parse().unwrap();
        let aor = NameAddr::new(uri("sip:alice@a.example"));
        let mut dialog = Dialog::caller("c".to_owned(), "l".to_owned(), &aor, uri("sip:bob@b.example"), remote);
        dialog.establish("r".to_owned(), route.iter().map(|hop| (*hop).to_owned()).collect());
        dialog
    }

    #[test]
    fn a_request_carries_both_tags_and_the_next_number() {
        let mut dialog = dialog(&[]);
        dialog.request(Method::Invite);
        let bye = dialog.request(Method::Bye);
        let header = |name: &str| bye.headers().first(name).unwrap().to_owned();
        assert_eq!(header("From"), "<sip:alice@a.example>;tag=l");
        assert_eq!(header("To"), "<sip:bob@b.example>;tag=r");
        assert_eq!(header("CSeq"), "2 BYE");
    }

    #[test]
    fn a_dialog_that_is_held_stays_at_the_address_that_it_came_from() {
        let mut dialog = dialog(&["<sip:198.51.100.1:6000;lr>"]);
        dialog.hold(true);
        assert_eq!(dialog.destination().remote.to_string(), "192.0.2.7:6000");
        dialog.hold(false);
        assert_eq!(dialog.destination().remote.to_string(), "198.51.100.1:6000");
    }

    #[test]
    fn loose_and_strict_routes_are_followed() {
        let mut loose = dialog(&["<sip:192.0.2.1;lr>", "<sip:192.0.2.2:6000;lr>"]);
        let request = loose.request(Method::Bye);
        assert_eq!(request.uri().as_str(), "sip:bob@b.example");
        assert_eq!(request.headers().all("Route"), ["<sip:192.0.2.1;lr>", "<sip:192.0.2.2:6000;lr>"]);
        assert_eq!(loose.destination().remote.to_string(), "192.0.2.1:5060");
        let mut strict = dialog(&["<sip:192.0.2.1>", "<sip:192.0.2.2;lr>"]);
        let request = strict.request(Method::Bye);
        assert_eq!(request.uri().as_str(), "sip:192.0.2.1");
        assert_eq!(request.headers().all("Route"), ["<sip:192.0.2.2;lr>", "<sip:bob@b.example>"]);
    }

    #[test]
    fn a_name_is_not_resolved_here_and_an_address_is_followed() {
        let mut dialog = dialog(&[]);
        assert_eq!(dialog.destination().remote.to_string(), "192.0.2.7:5070");
        dialog.retarget(Uri::parse("sip:bob@[2001:db8::2]:5062;transport=TCP").ok());
        let there = Destination { remote: "[2001:db8::2]:5062".parse().unwrap(), tcp: true };
        assert_eq!(dialog.destination(), there);
    }

    #[test]
    fn gaps_are_fine_and_what_is_older_is_not() {
        let mut dialog = dialog(&[]);
        assert_eq!([5, 9, 9, 7, 10].map(|cseq| dialog.accept_cseq(cseq)), [true, true, false, false, true]);
    }
}
