//! Those who subscribe, an address and a port each.

use std::net::SocketAddr;

use sottovoce::sip::{HeaderName, Message, Received, Response, Transport};

pub const AGENT: ([u8; 4], u16) = ([192, 0, 2, 1], 5060);

/// A datagram of the `number`th.
pub fn from(number: usize) -> Received {
    let [_, high, middle, low] = u32::try_from(number).expect("fewer than 2^24").to_be_bytes();
    let remote = SocketAddr::from(([10, high, middle, low], 5060));
    Received { transport: Transport::Udp, local: AGENT.into(), remote, connection: None }
}

pub fn subscribe(number: usize) -> String {
    let here = from(number).remote;
    format!(
        "SUBSCRIBE sip:agent@192.0.2.1 SIP/2.0\r\n\
         Via: SIP/2.0/UDP {here};branch=z9hG4bKwatcher{number};rport\r\n\
         Max-Forwards: 70\r\n\
         From: \"Watcher {number}\" <sip:watcher{number}@{host}>;tag=of{number}\r\n\
         To: <sip:agent@192.0.2.1>\r\n\
         Call-ID: subscription-{number}@{host}\r\n\
         CSeq: 1 SUBSCRIBE\r\n\
         Contact: <sip:watcher{number}@{here}>\r\n\
         Event: presence\r\n\
         Accept: application/pidf+xml\r\n\
         Expires: 3600\r\n\
         Content-Length: 0\r\n\r\n",
        host = here.ip(),
    )
}

/// 200 to a NOTIFY; `None` when it is something else.
pub fn answer(octets: &[u8]) -> Option<Vec<u8>> {
    let Ok(Message::Request(notify)) = Message::parse(octets) else { return None };
    notify.headers().first(HeaderName::SUBSCRIPTION_STATE)?;
    Some(Response::to(&notify, 200, "OK").to_bytes().to_vec())
}
