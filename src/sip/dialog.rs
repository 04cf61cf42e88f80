//! A dialog (RFC 3261 section 12): two tags, two counters, and where requests go.

use std::net::{IpAddr, SocketAddr};

use super::headers::NameAddr;
use super::{token, Host, Method, Request, RequestIds, Resumed, Transport, Uri};

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
    /// It is what our registrar wants (RFC 3608), and begins at `fallback`, wherever its first hop is.
    preloaded: bool,
    /// Where requests go when the next hop is no address.
    fallback: SocketAddr,
    /// Requests go there by TLS, to whoever proves this name.
    domain: Option<Host>,
    /// They go there by TCP, whatever their size.
    tcp: bool,
    /// It began with a `sips:` URI: nothing of it ever goes in clear (RFC 3261 section 12.1, the secure flag).
    secure: bool,
    /// Only the address that the peer calls from is sent to, whatever its Contact and Record-Route say.
    held: bool,
}

/// The next hop of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    pub remote: SocketAddr,
    pub by: By,
}

/// How a request travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// UDP, or TCP for its size (RFC 3261 section 18.1.1).
    Size,
    Tcp,
    /// And the certificate must prove this domain or address, which our user named.
    Tls(Host),
    /// The same with the host of a URI that a peer or proxy wrote.
    TlsTo(Host),
    /// A WebSocket; over TLS if a name is to be proven.
    WebSocket(Option<Host>),
}

impl Dialog {
    /// The side that asks. `domain` is what whoever is at `remote` must prove by TLS; without it the URIs decide.
    pub fn caller(
        ids: (String, String),
        local: &NameAddr,
        target: Uri,
        remote: SocketAddr,
        domain: Option<Host>,
    ) -> Self {
        let (call_id, tag) = ids;
        Self {
            call_id,
            local: format!("{local};tag={tag}"),
            local_tag: tag,
            remote_tag: String::new(),
            remote: format!("<{}>", bare(&target)),
            local_cseq: 0,
            remote_cseq: None,
            secure: target.is_sips(),
            target,
            route: Vec::new(),
            preloaded: false,
            fallback: remote,
            domain,
            tcp: false,
            held: false,
        }
    }

    /// By another name of ours; before the first request.
    pub fn speak_as(&mut self, name: &NameAddr) {
        self.local = format!("{name};tag={}", self.local_tag);
    }

    /// The side that asks, once more: the number goes on from there.
    pub fn resume(&mut self, what: &Resumed) {
        self.remote.clone_from(&what.ids.to);
        self.local_cseq = what.ids.cseq;
        self.route = what.route();
    }

    /// What another try elsewhere carries on with.
    pub fn ids(&self) -> RequestIds {
        let (call_id, tag, to) = (self.call_id.clone(), self.local_tag.clone(), self.remote.clone());
        RequestIds { call_id, tag, to, cseq: self.local_cseq }
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
            secure: false,
            target,
            route: Vec::new(),
            preloaded: false,
            fallback: from,
            domain: None,
            tcp: false,
            held: false,
        }
    }

    /// The side that asks: where it is located is reached by TCP (RFC 3263 section 4.1).
    pub fn by_tcp(&mut self, tcp: bool) {
        self.tcp = tcp;
    }

    /// The side that asks: proxies to be passed until the peer's answer names others (RFC 3608 section 5). Where that begins
    /// is where `caller` was told.
    pub fn preload(&mut self, route: Vec<String>) {
        self.preloaded = !route.is_empty();
        self.route = route;
    }

    /// It began by `sips:`, and a proxy that recorded itself would send on in clear (RFC 3261 sections 12.1.2 and 16.6, step 4).
    pub fn leaves_tls(&self) -> bool {
        let secure = |hop: &String| route_uri(hop).is_some_and(|uri| uri.is_sips());
        self.secure && !self.route.iter().all(secure)
    }

    /// The side that is asked: by TLS through somebody of ours, who proves `domain`; by a `sips:` URI.
    pub fn secure(&mut self, domain: Option<Host>, by_sips: bool) {
        self.domain = domain;
        self.secure = by_sips;
    }

    /// For strangers, who could aim our requests at somebody who never asked for them, or free of that again.
    pub fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// The peer's tag and route set, which never change again (RFC 3261 section 12.1).
    pub fn establish(&mut self, remote_tag: String, route: Vec<String>) {
        self.remote_tag = remote_tag;
        self.route = route;
        self.preloaded = false;
    }

    /// Target refresh (RFC 3261 section 12.2).
    pub fn retarget(&mut self, target: Option<Uri>) {
        if let Some(target) = target {
            self.target = target;
        }
    }

    pub fn target_host(&self) -> Option<&Host> {
        self.target.host()
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

    /// The same of a request that came from there. One from elsewhere leaves no number: whoever reads the dialog on its way could have every later
    /// one of the peer refused.
    pub fn accept_cseq_from(&mut self, from: IpAddr, cseq: u32) -> bool {
        match self.is_from_peer(from) {
            true => self.accept_cseq(cseq),
            false => self.remote_cseq.is_none_or(|last| cseq > last),
        }
    }

    /// Numbers that were used in this dialog by another that is the same.
    pub fn count_on(&mut self, other: &Self) {
        self.local_cseq = self.local_cseq.max(other.local_cseq);
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

    /// Its next request goes where the first one went.
    pub fn is_where_it_began(&self) -> bool {
        self.destination().remote == self.fallback
    }

    /// The peer sends from there, or its proxy does: where our requests go, or where it all began. Tags can be read on the way. A proxy that is
    /// recorded nowhere is passed over from the first ACK on (RFC 3261 section 12.2.1.1): then the peer is where its Contact says, even where nothing is sent there.
    pub fn is_from_peer(&self, from: IpAddr) -> bool {
        let named = self.target.host().and_then(Host::ip).filter(|_| self.route.is_empty());
        let places = [self.destination().remote.ip(), self.fallback.ip()];
        places.into_iter().chain(named).any(|place| place.to_canonical() == from.to_canonical())
    }

    pub fn destination(&self) -> Destination {
        let hop = self.route.first().filter(|_| !self.preloaded).and_then(|hop| route_uri(hop));
        let uri = hop.as_ref().unwrap_or(&self.target);
        let remote = self.address_of(uri);
        let domain = self.domain.clone().filter(|_| remote == self.fallback);
        // What began by TLS does not leave in clear because the peer names a clear place.
        let asks_for_tls = uri.asks_for_tls() || self.target.is_sips() || self.secure || self.domain.is_some();
        let by = match domain {
            Some(domain) => By::Tls(domain),
            None if asks_for_tls => By::TlsTo(uri.host().cloned().unwrap_or_else(|| remote.ip().into())),
            None if uri.asks_for_tcp() || self.tcp && remote == self.fallback => By::Tcp,
            None => By::Size,
        };
        Destination { remote, by }
    }

    fn address_of(&self, uri: &Uri) -> SocketAddr {
        // Before the peer named itself, whatever a proxy is to pass on goes to that.
        let to_proxy = self.preloaded || self.domain.is_some() && self.remote_tag.is_empty();
        let transport =
            if uri.asks_for_tls() || self.secure || self.domain.is_some() { Transport::Tls } else { Transport::Udp };
        let address = uri.host().and_then(Host::ip).filter(|_| !to_proxy);
        let port = uri.port().unwrap_or(transport.default_port());
        let remote = address.map_or(self.fallback, |ip| SocketAddr::new(ip, port));
        if self.held {
            SocketAddr::new(self.fallback.ip(), remote.port())
        } else {
            remote
        }
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

/// The URI of a Route value: what stands between the angle brackets, which a quoted name before it may hold as well.
pub(crate) fn route_uri(hop: &str) -> Option<Uri> {
    let rest = hop.get(token::find(hop, b'<')? + 1..)?;
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
        dialog_through(route, None)
    }

    /// The domain is that of a proxy at the other end.
    fn dialog_through(route: &[&str], domain: Option<&str>) -> Dialog {
        let uri = |text: &str| Uri::parse(text).unwrap();
        let remote = "192.0.2.7:5070".parse().unwrap();
        let aor = NameAddr::new(uri("sip:alice@a.example"));
        let ids = ("c".to_owned(), "l".to_owned());
        let mut dialog = Dialog::caller(ids, &aor, uri("sip:bob@b.example"), remote, domain.and_then(Host::parse));
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
        let there = Destination { remote: "[2001:db8::2]:5062".parse().unwrap(), by: By::Tcp };
        assert_eq!(dialog.destination(), there);
    }

    fn by(dialog: &Dialog) -> String {
        let Destination { remote, by } = dialog.destination();
        format!("{remote} {by:?}")
    }

    #[test]
    fn a_sips_uri_leads_to_tls_and_to_nothing_else() {
        let mut dialog = dialog(&[]);
        dialog.retarget(Uri::parse("sips:bob@192.0.2.9;transport=udp").ok());
        assert_eq!(by(&dialog), "192.0.2.9:5061 TlsTo(Ipv4(192.0.2.9))");
        dialog.retarget(Uri::parse("sip:bob@192.0.2.9;transport=tls").ok());
        assert_eq!(by(&dialog), "192.0.2.9:5061 TlsTo(Ipv4(192.0.2.9))");
        dialog.establish("r".to_owned(), vec!["<sip:192.0.2.1;lr>".to_owned()]);
        assert_eq!(by(&dialog), "192.0.2.1:5060 Size", "that is what the peer wants of a sip: URI");
        dialog.retarget(Uri::parse("sips:bob@192.0.2.9").ok());
        assert_eq!(by(&dialog), "192.0.2.1:5060 TlsTo(Ipv4(192.0.2.1))", "never in clear");
    }

    #[test]
    fn a_dialog_that_began_with_sips_stays_with_tls_whatever_the_peer_names() {
        let mut dialog = dialog(&[]);
        dialog.secure(None, true);
        dialog.retarget(Uri::parse("sip:bob@192.0.2.9").ok());
        assert_eq!(by(&dialog), "192.0.2.9:5061 TlsTo(Ipv4(192.0.2.9))");
    }

    #[test]
    fn the_proxy_proves_the_name_that_the_user_gave_and_others_their_own() {
        let mut dialog = dialog_through(&["<sip:192.0.2.7:5070;transport=tls;lr>"], Some("A.example"));
        assert_eq!(by(&dialog), "192.0.2.7:5070 Tls(Name(\"a.example\"))");
        dialog.establish("r".to_owned(), vec!["<sip:192.0.2.8;transport=tls;lr>".to_owned()]);
        assert_eq!(by(&dialog), "192.0.2.8:5061 TlsTo(Ipv4(192.0.2.8))");
        dialog.establish(String::new(), Vec::new());
        dialog.retarget(Uri::parse("sip:bob@192.0.2.9").ok());
        assert_eq!(by(&dialog), "192.0.2.7:5070 Tls(Name(\"a.example\"))", "the first request goes to the proxy");
    }

    #[test]
    fn gaps_are_fine_and_what_is_older_is_not() {
        let mut dialog = dialog(&[]);
        assert_eq!([5, 9, 9, 7, 10].map(|cseq| dialog.accept_cseq(cseq)), [true, true, false, false, true]);
    }
}
