//! What Kamailio, with the configuration that we ship, refuses for its own sake and for others'.

use std::net::UdpSocket;
use std::time::Duration;

use sottovoce::sip::digest::{Asked, Client, Login};
use sottovoce::sip::{Message, Method, Response};
use sottovoce::vocab::Redacted;

use crate::peers_kamailio::Kamailio;
use crate::process::{own_address, silent};

/// A request of Alice's telephone for somebody of example.org, once it is proven.
struct Asking<'a> {
    number: usize,
    method: Method,
    whom: &'a str,
    /// Lines, and what follows the empty one.
    headers: &'a str,
    body: &'a str,
}

impl Asking<'_> {
    /// What it is answered.
    fn answer(&self, kamailio: &Kamailio, alice: &UdpSocket) -> Response {
        let challenged = ask(kamailio, alice, &self.written(alice, 1, ""));
        assert_eq!(challenged.status(), 407);
        let (mut client, password) = (Client::default(), Redacted("secret".to_owned()));
        let login = Login { user: "alice".to_owned(), password, realm: None };
        assert!(client.challenged(&login, challenged.headers(), true).is_ok());
        let uri = format!("sip:{}@example.org", self.whom);
        let asked = Asked { method: &self.method, uri: &uri, body: self.body.as_bytes() };
        let proofs = client.answer(&login, &asked, "cnonce");
        let proofs: String = proofs.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        ask(kamailio, alice, &self.written(alice, 2, &proofs))
    }

    fn written(&self, alice: &UdpSocket, cseq: u32, proofs: &str) -> String {
        let Self { number, method, whom, headers, body } = self;
        let (from, method) = (alice.local_addr().unwrap(), method.as_str());
        format!(
            "{method} sip:{whom}@example.org SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{method}{number}-{cseq};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:alice@example.org>;tag=a\r\nTo: <sip:{whom}@example.org>\r\n\
             Call-ID: {method}{number}\r\nCSeq: {cseq} {method}\r\nContact: <sip:alice@{from}>\r\nExpires: 60\r\n{headers}{proofs}\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }
}

/// The answer to this, and not a NOTIFY that comes before it.
fn ask(kamailio: &Kamailio, alice: &UdpSocket, request: &str) -> Response {
    alice.send_to(request.as_bytes(), (kamailio.address, 5060)).unwrap();
    loop {
        let mut answer = [0; 4000];
        let len = alice.recv(&mut answer).expect("an answer");
        if let Ok(Message::Response(response)) = Message::parse(&answer[..len]) {
            return response;
        }
    }
}

fn telephone() -> UdpSocket {
    let alice = silent(own_address());
    alice.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    alice
}

/// presence_xml 5.6.3 follows the entity references of such a document into a crash.
#[test]
fn a_document_with_a_type_declaration_is_refused_and_others_are_taken() {
    let Some(kamailio) = Kamailio::start() else { return };
    let alice = telephone();
    let plain = "<?xml version='1.0'?>\n<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='sip:alice@example.org'>\
        <tuple id='a'><status><basic>open</basic></status></tuple></presence>";
    let declared = plain.replace("<presence", "<!DOCTYPE presence [<!ENTITY a 'b'>]>\n<presence");
    let headers = "Event: presence\r\nContent-Type: application/pidf+xml\r\n";
    for (number, (body, status)) in [(plain, 200), (&*declared, 415), (plain, 200)].into_iter().enumerate() {
        let asking = Asking { number, method: Method::Publish, whom: "alice", headers, body };
        assert_eq!(asking.answer(&kamailio, &alice).status(), status, "{body}");
    }
}

#[test]
fn who_follows_somebody_is_told_to_that_one_alone() {
    let Some(kamailio) = Kamailio::start() else { return };
    let alice = telephone();
    let headers = "Event: presence.winfo\r\nAccept: application/watcherinfo+xml\r\n";
    for (number, (whom, status)) in [("alice", 200..203), ("bob", 403..404)].into_iter().enumerate() {
        let asking = Asking { number, method: Method::Subscribe, whom, headers, body: "" };
        let told = asking.answer(&kamailio, &alice).status();
        assert!(status.contains(&told), "{whom}: {told}");
    }
}
