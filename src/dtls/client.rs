use super::certificate::{verify, OUR_SCHEME, SCHEMES};
use super::exchange::GROUPS;
use super::handshake::{DtlsError, Handshake, Stage};
use super::hello::{cookie, profile_suite, ClientHello, ServerHello};
use super::message::{
    certificate, requested_schemes, signed, KeyExchange, Message, CERTIFICATE, CERTIFICATE_REQUEST, CERTIFICATE_VERIFY,
    CLIENT_HELLO, CLIENT_KEY_EXCHANGE, HELLO_VERIFY_REQUEST, SERVER_HELLO, SERVER_HELLO_DONE, SERVER_KEY_EXCHANGE,
};
use super::schedule::SUITES;
use super::wire::vector;
use crate::vocab::Mono;

impl Handshake {
    /// With the cookie that the server asked for, when it did.
    pub(super) fn say_hello(&mut self, now: Mono, cookie: &[u8]) {
        // Neither the first hello nor what it was answered with is part of the transcript (RFC 6347 section 4.2.1).
        self.transcript.clear();
        self.flight.begin();
        let hello = ClientHello::ours(&self.random, cookie);
        self.say(CLIENT_HELLO, hello);
        self.flight.send(now, None, true);
    }

    pub(super) fn take_from_server(&mut self, now: Mono, message: &Message) -> Result<(), DtlsError> {
        match (self.stage, message.kind) {
            // Once: the second hello is number one.
            (Stage::Hello, HELLO_VERIFY_REQUEST) if message.sequence == 0 => {
                let cookie = cookie(&message.body).ok_or(DtlsError::Malformed)?.to_vec();
                self.say_hello(now, &cookie);
            }
            (Stage::Hello, SERVER_HELLO) => {
                self.take_server_hello(message)?;
                self.stage = Stage::Certificate;
            }
            (Stage::Certificate, CERTIFICATE) => {
                self.take_certificate(message)?;
                self.stage = Stage::KeyExchange;
            }
            (Stage::KeyExchange, SERVER_KEY_EXCHANGE) => {
                self.take_key_exchange(message)?;
                self.stage = Stage::Proof;
            }
            // Both show a certificate (RFC 5763 section 5).
            (Stage::Proof, CERTIFICATE_REQUEST) => {
                let schemes = requested_schemes(&message.body).ok_or(DtlsError::Malformed)?;
                if !schemes.contains(&OUR_SCHEME) {
                    return Err(DtlsError::NothingInCommon);
                }
                self.heard(message);
                self.stage = Stage::HelloDone;
            }
            (Stage::HelloDone, SERVER_HELLO_DONE) => {
                self.heard(message);
                self.answer_server(now)?;
                self.stage = Stage::Finished;
            }
            (Stage::Finished, _) => {
                self.check_finished(message)?;
                self.flight.begin();
                self.complete()?;
            }
            _ => return Err(DtlsError::Malformed),
        }
        Ok(())
    }

    fn take_server_hello(&mut self, message: &Message) -> Result<(), DtlsError> {
        let hello = ServerHello::read(&message.body).ok_or(DtlsError::Malformed)?;
        let suite = SUITES.into_iter().find(|suite| suite.id == hello.suite).ok_or(DtlsError::NothingInCommon)?;
        let [profile] = *hello.extensions.profiles else { return Err(DtlsError::NothingInCommon) };
        if profile_suite(profile).is_none() {
            return Err(DtlsError::NothingInCommon);
        }
        if !hello.extensions.extended_master {
            return Err(DtlsError::NotExtended);
        }
        (self.suite, self.profile, self.peer.random) = (Some(suite), profile, hello.random);
        self.heard(message);
        Ok(())
    }

    fn take_key_exchange(&mut self, message: &Message) -> Result<(), DtlsError> {
        let theirs = KeyExchange::read(&message.body).ok_or(DtlsError::Malformed)?;
        if !GROUPS.contains(&theirs.group) || !SCHEMES.contains(&theirs.scheme) {
            return Err(DtlsError::NothingInCommon);
        }
        let said = [&self.random, &self.peer.random[..], theirs.params].concat();
        if !verify(&self.peer.certificate, theirs.scheme, &said, theirs.signature) {
            return Err(DtlsError::Proof);
        }
        self.exchange = Some(self.new_exchange(theirs.group)?);
        self.peer.point = theirs.point.to_vec();
        self.heard(message);
        Ok(())
    }

    fn answer_server(&mut self, now: Mono) -> Result<(), DtlsError> {
        self.flight.begin();
        let ours = certificate(Some(self.identity.certificate()));
        self.say(CERTIFICATE, ours);
        let point = self.exchange.as_ref().and_then(super::exchange::Exchange::point).ok_or(DtlsError::Malformed)?;
        let mut body = Vec::new();
        vector(&mut body, 1, |out| out.extend(point));
        self.say(CLIENT_KEY_EXCHANGE, body);
        let theirs = std::mem::take(&mut self.peer.point);
        self.derive(&theirs)?;
        let signature = self.identity.sign(&self.transcript).ok_or(DtlsError::Malformed)?;
        let mut body = Vec::new();
        signed(&mut body, OUR_SCHEME, &signature);
        self.say(CERTIFICATE_VERIFY, body);
        self.finish_flight(now, true)
    }
}
