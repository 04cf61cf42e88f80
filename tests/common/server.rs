//! A registrar and presence server that believes everybody, for what an agent does over time. What real servers make of our
//! messages is for `tests/peers.rs`.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use sottovoce::presence::{self, Document};
use sottovoce::sip::stun::{self, Stun};
use sottovoce::sip::{HeaderName, Message, Method, Request, Response};
use sottovoce::vocab::Mono;

use super::wire::Parcel;

pub struct Server {
    pub address: SocketAddr,
    /// A second address of it.
    pub beside: Option<SocketAddr>,
    /// At this address it answers nothing.
    pub away: Option<SocketAddr>,
    /// It grants outbound (RFC 5626), and answers STUN.
    pub outbound: bool,
    /// At which address each REGISTER came, and with what Contact.
    pub contacts: Vec<(SocketAddr, String)>,
    /// It answers nothing.
    pub down: bool,
    /// It answers no REGISTER.
    pub deaf: bool,
    /// It wants every request proven, as `asks` says, and believes what `believes` does.
    pub challenges: bool,
    /// The challenge, with `NONCE` in it for another each time.
    pub asks: String,
    /// Whether a request is proven: whatever looks like it, if nothing else is said.
    pub believes: fn(&Request) -> bool,
    nonces: u32,
    /// It takes subscriptions, and has nothing to tell.
    pub subscribes: bool,
    /// The presence document that it tells whoever asks for a name; of a single device it knows nothing.
    pub tells: Option<Vec<u8>>,
    /// It tells whoever asks for a name what was published under it last, and keeps one publication for each.
    pub presents: bool,
    held: BTreeMap<String, Vec<u8>>,
    /// What it tells of messages that wait.
    pub mailbox: Option<&'static str>,
    /// Of this name it tells nothing.
    pub hides: Option<String>,
    /// REGISTER that comes at the first address is sent on to this Contact.
    pub registers_at: Option<String>,
    /// It answers 503.
    pub unavailable: bool,
    /// Every PUBLISH with a body, and when it came.
    pub published: Vec<(Mono, Document)>,
    /// The entity tag that it knows; one publication is all that it holds.
    etag: Option<String>,
    /// When REGISTER came, and for how many seconds.
    pub registered: Vec<(Mono, String)>,
    etags: u32,
}

impl Server {
    pub fn new(address: &str) -> Self {
        let address = SocketAddr::new(address.parse().unwrap(), 5060);
        Self {
            address,
            beside: None,
            away: None,
            outbound: false,
            contacts: Vec::new(),
            down: false,
            deaf: false,
            challenges: false,
            asks: r#"Digest realm="example.org", nonce="n", algorithm=SHA-256, qop="auth""#.to_owned(),
            believes: is_proven,
            nonces: 0,
            subscribes: false,
            tells: None,
            presents: false,
            held: BTreeMap::new(),
            mailbox: None,
            hides: None,
            registers_at: None,
            unavailable: false,
            published: Vec::new(),
            etag: None,
            registered: Vec::new(),
            etags: 0,
        }
    }

    /// It has lost what it held.
    pub fn forget(&mut self) {
        self.etag = None;
    }

    pub fn holds_something(&self) -> bool {
        self.etag.is_some()
    }

    pub fn is_at(&self, address: SocketAddr) -> bool {
        self.address == address || self.beside == Some(address)
    }

    /// What came from the first address to the second.
    pub fn answer(
        &mut self,
        now: Mono,
        stream: Option<u64>,
        (from, at): (SocketAddr, SocketAddr),
        bytes: &[u8],
    ) -> Vec<Parcel> {
        if self.down || self.away == Some(at) {
            return Vec::new();
        }
        let parcel = |bytes: Vec<u8>| vec![Parcel::Sip { stream, from: at, to: from, bytes }];
        if let Some(Stun::Request { id, .. }) = Stun::read(bytes).filter(|_| self.outbound) {
            return parcel(stun::success(id, from).to_vec());
        }
        let Ok(Message::Request(request)) = Message::parse(bytes) else { return Vec::new() };
        if *request.method() == Method::Register {
            self.contacts.push((at, header(&request, HeaderName::CONTACT).unwrap_or_default()));
        }
        let response = match request.method() {
            _ if self.unavailable => Response::to(&request, 503, "Service Unavailable"),
            Method::Ack => return Vec::new(),
            Method::Register if self.deaf => return Vec::new(),
            Method::Register if at == self.address && self.registers_at.is_some() => {
                let contact = self.registers_at.clone().unwrap_or_default();
                with(Response::to(&request, 302, "Moved Temporarily"), &[("Contact", &contact)])
            }
            _ if self.challenges && !(self.believes)(&request) => {
                self.nonces += 1;
                let challenge = self.asks.replace("NONCE", &format!("n{}", self.nonces));
                with(Response::to(&request, 401, "Unauthorized"), &[("WWW-Authenticate", &challenge)])
            }
            Method::Subscribe if self.mailbox.is_some() && asks_for(&request, "message-summary") => {
                let accepted = accepted(&request).to_bytes().to_vec();
                let told = self.mailbox.unwrap_or_default().as_bytes();
                return [accepted, notify(&request, at, told)].into_iter().flat_map(parcel).collect();
            }
            Method::Subscribe if self.subscribes => {
                let accepted = accepted(&request).to_bytes().to_vec();
                return [accepted, notify(&request, at, &[])].into_iter().flat_map(parcel).collect();
            }
            Method::Subscribe if self.presents && asks_for_a_name(&request) => {
                let accepted = accepted(&request).to_bytes().to_vec();
                let name = request.uri().to_string();
                let told = self.held.get(&name).filter(|_| self.hides.as_ref() != Some(&name));
                let told = told.cloned().unwrap_or_default();
                return [accepted, notify(&request, at, &told)].into_iter().flat_map(parcel).collect();
            }
            Method::Subscribe if self.tells.is_some() && asks_for_a_name(&request) => {
                let accepted = accepted(&request).to_bytes().to_vec();
                let told = self.tells.clone().unwrap_or_default();
                return [accepted, notify(&request, at, &told)].into_iter().flat_map(parcel).collect();
            }
            Method::Register => self.register(now, &request),
            Method::Publish => self.publish(now, &request),
            _ => Response::to(&request, 404, "Not Here"),
        };
        parcel(response.to_bytes().to_vec())
    }

    fn register(&mut self, now: Mono, request: &Request) -> Response {
        let expires = header(request, HeaderName::EXPIRES).unwrap_or_default();
        self.registered.push((now, expires.clone()));
        let response = with(Response::to(request, 200, "OK"), &[("Expires", &expires)]);
        if self.outbound {
            with(response, &[("Require", "outbound")])
        } else {
            response
        }
    }

    /// RFC 3903 section 6.
    fn publish(&mut self, now: Mono, request: &Request) -> Response {
        let named = header(request, HeaderName::SIP_IF_MATCH);
        if named.is_some() && named != self.etag && !self.presents {
            return Response::to(request, 412, "Conditional Request Failed");
        }
        if !request.body().is_empty() {
            self.published.push((now, presence::read(request.body()).unwrap()));
            self.held.insert(request.uri().to_string(), request.body().to_vec());
        }
        let expires = header(request, HeaderName::EXPIRES).unwrap_or_default();
        self.etags += 1;
        let etag = format!("e{}", self.etags);
        self.etag = (expires != "0").then(|| etag.clone());
        with(Response::to(request, 200, "OK"), &[("SIP-ETag", &etag), ("Expires", &expires)])
    }
}

pub fn is_proven(request: &Request) -> bool {
    [HeaderName::AUTHORIZATION, HeaderName::PROXY_AUTHORIZATION].into_iter().any(|name| header(request, name).is_some())
}

fn accepted(request: &Request) -> Response {
    let expires = header(request, HeaderName::EXPIRES).unwrap_or_default();
    with(Response::to(request, 200, "OK"), &[("Expires", &expires)])
}

/// And for its presence.
fn asks_for_a_name(request: &Request) -> bool {
    asks_for(request, "presence") && !request.uri().to_string().contains(";gr=")
}

fn asks_for(request: &Request, package: &str) -> bool {
    header(request, HeaderName::EVENT).is_some_and(|event| event == package)
}

/// The first and only one of its subscription, or of a refresh.
fn notify(request: &Request, at: SocketAddr, body: &[u8]) -> Vec<u8> {
    let value = |name| header(request, name).unwrap_or_default();
    let to = value(HeaderName::TO);
    let from = if to.contains(";tag=") { to } else { format!("{to};tag=server") };
    let contact = value(HeaderName::CONTACT);
    let uri = contact.split(['<', '>']).nth(1).unwrap_or(&contact);
    let state = match value(HeaderName::EXPIRES).as_str() {
        "0" => "terminated;reason=timeout".to_owned(),
        expires => format!("active;expires={expires}"),
    };
    let cseq = value(HeaderName::CSEQ).split(' ').next().unwrap_or_default().to_owned();
    let content_type = match (body.is_empty(), asks_for(request, "message-summary")) {
        (true, _) => "",
        (false, true) => "Content-Type: application/simple-message-summary\r\n",
        (false, false) => "Content-Type: application/pidf+xml\r\n",
    };
    let head = format!(
        "NOTIFY {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch=z9hG4bK{cseq}{}\r\nMax-Forwards: 70\r\nFrom: {from}\r\nTo: {}\r\n\
         Call-ID: {}\r\nCSeq: {cseq} NOTIFY\r\nContact: <sip:{at}>\r\nEvent: {}\r\nSubscription-State: {state}\r\n\
         {content_type}Content-Length: {}\r\n\r\n",
        value(HeaderName::CALL_ID),
        value(HeaderName::FROM),
        value(HeaderName::CALL_ID),
        value(HeaderName::EVENT),
        body.len(),
    );
    [head.as_bytes(), body].concat()
}

fn header(request: &Request, name: HeaderName) -> Option<String> {
    request.headers().first(name).map(str::to_owned)
}

fn with(mut response: Response, headers: &[(&str, &str)]) -> Response {
    for (name, value) in headers {
        response.headers_mut().push(*name, *value).unwrap();
    }
    response
}
