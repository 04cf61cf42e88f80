use super::certificate::{verify, OUR_SCHEME, SCHEMES};
use super::exchange::GROUPS;
use super::handshake::{DtlsError, Handshake, Stage};
use super::hello::{best_profile, ClientHello, ServerHello};
use super::message::{
    certificate, certificate_request, signed, KeyExchange, Message, CERTIFICATE, CERTIFICATE_REQUEST,
    CERTIFICATE_VERIFY, CLIENT_HELLO, CLIENT_KEY_EXCHANGE, SERVER_HELLO, SERVER_HELLO_DONE, SERVER_KEY_EXCHANGE,
};
use super::schedule::SUITES;
use super::wire::Reader;
use crate::vocab::Mono;

impl Handshake {
    pub(super) fn take_from_client(&mut self, now: Mono, message: &Message) -> Result<(), DtlsError> {
        match (self.stage, message.kind) {
            (Stage::Hello, CLIENT_HELLO) => {
                self.answer_hello(now, message)?;
                self.stage = Stage::Certificate;
            }
            (Stage::Certificate, CERTIFICATE) => {
                self.take_certificate(message)?;
                self.stage = Stage::KeyExchange;
            }
            (Stage::KeyExchange, CLIENT_KEY_EXCHANGE) => {
                self.heard(message);
                let point = Reader(&message.body).vector(1).ok_or(DtlsError::Malformed)?;
                self.derive(point)?;
                self.stage = Stage::Proof;
            }
            (Stage::Proof, CERTIFICATE_VERIFY) => {
                self.take_proof(message)?;
                self.stage = Stage::Finished;
            }
            (Stage::Finished, _) => {
                self.check_finished(message)?;
                self.flight.begin();
                self.finish_flight(now, false)?;
                self.complete()?;
            }
            _ => return Err(DtlsError::Malformed),
        }
        Ok(())
    }

    fn answer_hello(&mut self, now: Mono, message: &Message) -> Result<(), DtlsError> {
        let hello = ClientHello::read(&message.body).ok_or(DtlsError::Malformed)?;
        let asked = &hello.extensions;
        // Our certificate has ECDSA.
        let ours = SUITES.iter().take(2);
        let suite = ours.copied().find(|suite| hello.suites.contains(&suite.id)).ok_or(DtlsError::NothingInCommon)?;
        let group = GROUPS.into_iter().find(|group| asked.groups.contains(group)).ok_or(DtlsError::NothingInCommon)?;
        let profile = best_profile(&asked.profiles).ok_or(DtlsError::NothingInCommon)?;
        if !asked.schemes.contains(&OUR_SCHEME) {
            return Err(DtlsError::NothingInCommon);
        }
        if !asked.extended_master {
            return Err(DtlsError::NotExtended);
        }
        (self.suite, self.profile, self.peer.random) = (Some(suite), profile, hello.random);
        self.heard(message);
        let exchange = self.new_exchange(group)?;
        let point = exchange.point().ok_or(DtlsError::Malformed)?;
        self.exchange = Some(exchange);

        self.flight.begin();
        self.say(SERVER_HELLO, ServerHello::ours(&self.random, suite.id, profile, asked));
        let ours = certificate(Some(self.identity.certificate()));
        self.say(CERTIFICATE, ours);
        let mut body = KeyExchange::params(group, &point);
        let said = [&self.peer.random[..], &self.random, &body].concat();
        let signature = self.identity.sign(&said).ok_or(DtlsError::Malformed)?;
        signed(&mut body, OUR_SCHEME, &signature);
        self.say(SERVER_KEY_EXCHANGE, body);
        self.say(CERTIFICATE_REQUEST, certificate_request(&SCHEMES));
        self.say(SERVER_HELLO_DONE, Vec::new());
        self.flight.send(now, None, true);
        Ok(())
    }

    /// The client has the key of its certificate.
    fn take_proof(&mut self, message: &Message) -> Result<(), DtlsError> {
        let mut rest = Reader(&message.body);
        let scheme = rest.u16().filter(|scheme| SCHEMES.contains(scheme)).ok_or(DtlsError::NothingInCommon)?;
        let signature = rest.vector(2).ok_or(DtlsError::Malformed)?;
        if !verify(&self.peer.certificate, scheme, &self.transcript, signature) {
            return Err(DtlsError::Proof);
        }
        self.heard(message);
        Ok(())
    }
}
