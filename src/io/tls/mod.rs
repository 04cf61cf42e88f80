//! SIP over TLS (RFC 3261 section 26.3.1): rustls with aws-lc-rs, TLS 1.2 and 1.3.
//!
//! A connection that we open is worth nothing before the peer's certificate has been followed to somebody whom we trust
//! (`verifier`), and then proven the name that was asked for (`identity`). Sessions are not resumed: every connection
//! proves it anew. Revocation is not looked up. Who connects to us is asked for a certificate, and need not have one (`client`).

mod client;
mod files;
mod identity;
#[cfg(test)]
pub(crate) mod tests;
mod verifier;

use std::sync::Arc;
use std::time::Duration;

use rustls::client::Resumption;
use rustls::crypto::{aws_lc_rs, CryptoProvider};
use rustls::pki_types::{CertificateDer, DnsName, PrivateKeyDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio_rustls::{client::TlsStream as OpenedStream, server::TlsStream as AcceptedStream, TlsAcceptor, TlsConnector};

use crate::sip::Host;
use crate::vocab::escape;

pub use client::Proof;
pub use files::TlsFiles;

use client::Asker;
use identity::WrongName;
use verifier::Verifier;

/// How long a handshake may take.
pub const HANDSHAKE_LIMIT: Duration = Duration::from_secs(5);

/// Whom we trust, and what proves us.
#[derive(Clone)]
pub struct Tls {
    acceptor: Option<TlsAcceptor>,
    own: Option<Arc<Own>>,
    /// Empty until it is known whom this machine trusts: its certificates are many to read.
    roots: Arc<OnceCell<Arc<RootCertStore>>>,
    /// Made for the first connection.
    connector: Arc<OnceCell<TlsConnector>>,
}

/// Our certificate, with those that it was signed by, and its key.
struct Own {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Tls {
    /// Reads the files. An error names the file that is to blame.
    pub fn new(files: &TlsFiles) -> Result<Self, String> {
        let own = match (&files.certificate, &files.key) {
            (Some(certificate), Some(key)) => {
                Some(Arc::new(Own { chain: files::certificates(certificate)?, key: files::key(key)? }))
            }
            _ => None,
        };
        let acceptor = own.as_deref().map(acceptor).transpose()?;
        let ca = files.ca.as_deref().map(files::roots).transpose()?.map(Arc::new);
        let roots = Arc::new(OnceCell::new_with(ca));
        Ok(Self { acceptor, own, roots, connector: Arc::default() })
    }

    /// Can be listened with.
    pub fn accepts(&self) -> bool {
        self.acceptor.is_some()
    }

    /// The peer's certificate proves `domain`, or this fails and says why.
    pub async fn connect(&self, stream: TcpStream, domain: &Host) -> Result<OpenedStream<TcpStream>, String> {
        let name = server_name(domain).ok_or_else(|| format!("{domain} is no name that a certificate could prove"))?;
        let connector = self.connector.get_or_try_init(|| self.make_connector()).await?;
        within_limit(connector.connect(name, stream)).await
    }

    pub async fn accept(&self, stream: TcpStream) -> Result<AcceptedStream<TcpStream>, String> {
        let acceptor = self.acceptor.as_ref().ok_or("there is no certificate to listen with")?;
        within_limit(acceptor.accept(stream)).await
    }

    /// What the certificate is worth that was shown on an accepted connection; `None` without one, and when it leads to nobody whom
    /// we trust.
    pub async fn proof(&self, stream: &AcceptedStream<TcpStream>) -> Option<Proof> {
        let shown = stream.get_ref().1.peer_certificates()?;
        let now = self.acceptor.as_ref()?.config().time_provider.current_time()?;
        let roots = self.roots().await.map_err(|why| tracing::debug!(why, "a certificate was shown in vain")).ok()?;
        let proof = Proof::of(shown, roots, &provider().signature_verification_algorithms, now);
        proof.map_err(|error| tracing::debug!(%error, "a certificate was shown in vain")).ok()
    }

    async fn roots(&self) -> Result<&Arc<RootCertStore>, String> {
        let read = || async {
            let roots = tokio::task::spawn_blocking(files::platform_roots).await.map_err(|e| e.to_string())??;
            Ok(Arc::new(roots))
        };
        self.roots.get_or_try_init(read).await
    }

    async fn make_connector(&self) -> Result<TlsConnector, String> {
        let roots = Arc::clone(self.roots().await?);
        let provider = provider();
        let verifier = Verifier::new(roots, provider.signature_verification_algorithms);
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| error.to_string())?;
        // Ours is stricter than the one that it replaces: the same chains, fewer names.
        let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match self.own.as_deref() {
            Some(own) => {
                builder.with_client_auth_cert(own.chain.clone(), own.key.clone_key()).map_err(|e| e.to_string())?
            }
            None => builder.with_no_client_auth(),
        };
        config.resumption = Resumption::disabled();
        Ok(TlsConnector::from(Arc::new(config)))
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("accepts", &self.accepts()).finish_non_exhaustive()
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn acceptor(own: &Own) -> Result<TlsAcceptor, String> {
    let provider = provider();
    let asker = Arc::new(Asker::new(provider.signature_verification_algorithms));
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?.with_client_cert_verifier(asker);
    let config = builder.with_single_cert(own.chain.clone(), own.key.clone_key());
    let config = config.map_err(|error| format!("certificate and key do not fit together: {error}"))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn server_name(domain: &Host) -> Option<ServerName<'static>> {
    match domain {
        Host::Ipv4(address) => Some(ServerName::from(std::net::IpAddr::from(*address))),
        Host::Ipv6(address) => Some(ServerName::from(std::net::IpAddr::from(*address))),
        Host::Name(name) => DnsName::try_from(name.to_string()).ok().map(ServerName::DnsName),
    }
}

async fn within_limit<T>(handshake: impl std::future::Future<Output = std::io::Result<T>>) -> Result<T, String> {
    match tokio::time::timeout(HANDSHAKE_LIMIT, handshake).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(why(&error)),
        Err(_) => Err(format!("its TLS handshake takes longer than {} s", HANDSHAKE_LIMIT.as_secs())),
    }
}

/// In the words of whoever has to do something about it.
fn why(error: &std::io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some(rustls::Error::InvalidCertificate(certificate)) = inner else {
        return match (inner, error.kind()) {
            (None, std::io::ErrorKind::UnexpectedEof) => "the peer closed it during the TLS handshake".to_owned(),
            (None, _) => error.to_string(),
            (Some(inner), _) => format!("TLS: {}", escape(&inner.to_string())),
        };
    };
    match certificate {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "its certificate has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet; or the clock here is wrong".to_owned()
        }
        CertificateError::UnknownIssuer => {
            "its certificate was signed by nobody whom we trust (`ca` in [tls] says whom)".to_owned()
        }
        CertificateError::Other(other) => match other.0.downcast_ref::<WrongName>() {
            Some(wrong) => wrong.to_string(),
            // What `openssl req -x509` makes when nothing else is said.
            None if certificate.to_string().contains("CaUsedAsEndEntity") => {
                "its certificate is that of an authority, and no server's (make one with basicConstraints=CA:FALSE)"
                    .to_owned()
            }
            None => format!("its certificate is refused: {}", escape(&certificate.to_string())),
        },
        other => format!("its certificate is refused: {}", escape(&other.to_string())),
    }
}
