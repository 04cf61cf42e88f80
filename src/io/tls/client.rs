//! The certificate of whoever connects to us. It is asked for and never demanded: telephones have none, and many servers only one
//! that may not be a client's. One that leads to nobody whom we trust is as none (RFC 8446 section 4.4.2.4 leaves the choice):
//! its connection serves, and proves nothing. That its sender holds the key is proven in any case, or the handshake fails.

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};
use webpki::{EndEntityCert, KeyUsage};

use super::{identity, server_name};
use crate::sip::Host;

/// A certificate that led to somebody whom we trust, and whose key the other end of a connection holds.
#[derive(Debug)]
pub struct Proof(CertificateDer<'static>);

/// Has a certificate sent and its key proven. Whether it is worth anything is asked afterwards, by [`Proof::of`].
#[derive(Debug)]
pub(super) struct Asker {
    algorithms: WebPkiSupportedAlgorithms,
}

impl Proof {
    /// Of what was sent in a handshake, the sender's own first. It may name its purposes: then clientAuth is to be one of them.
    pub(super) fn of(
        sent: &[CertificateDer<'_>],
        roots: &RootCertStore,
        algorithms: &WebPkiSupportedAlgorithms,
        now: UnixTime,
    ) -> Result<Self, webpki::Error> {
        let (own, others) = sent.split_first().ok_or(webpki::Error::UnknownIssuer)?;
        let usage = KeyUsage::client_auth();
        let certificate = EndEntityCert::try_from(own)?;
        certificate.verify_for_usage(algorithms.all, &roots.roots, others, now, usage, None, None)?;
        Ok(Self(own.clone().into_owned()))
    }

    /// Whether it proves this host, by the rules that a server's is read by (RFC 5922 section 7).
    pub fn proves(&self, host: &Host) -> bool {
        server_name(host).is_some_and(|name| identity::check(&self.0, &name).is_ok())
    }
}

impl Asker {
    pub fn new(algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { algorithms }
    }
}

impl ClientCertVerifier for Asker {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// Any: the names of all whom a machine trusts would fill every handshake.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _own: &CertificateDer<'_>,
        _others: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
