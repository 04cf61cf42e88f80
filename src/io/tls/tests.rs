//! Certificates that are made here and now; and real loopback connections.

mod client;

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rcgen::{
    date_time_ymd, BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, SanType,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// Somebody who signs certificates, and the directory in which they lie.
pub(crate) struct Authority {
    dir: tempfile::TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // A name that no other has.
        params.distinguished_name.push(DnType::CommonName, dir.path().display().to_string());
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        std::fs::write(dir.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { dir, issuer }
    }

    /// For these subjectAltNames: `sip:...` is a URI, numbers an address, anything else a DNS name.
    pub fn certify(&self, names: &[&str]) -> TlsFiles {
        self.certify_as(names, |_| {})
    }

    fn certify_as(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> TlsFiles {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names.iter().map(|name| alt_name(name)).collect();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let at = |kind: &str| self.dir.path().join(format!("{}.{kind}", names.join(" ").replace(['/', '*'], "_")));
        let (pem, secret) = (at("pem"), at("key"));
        std::fs::write(&pem, certificate.pem()).unwrap();
        std::fs::write(&secret, key.serialize_pem()).unwrap();
        chmod(&secret, 0o600);
        TlsFiles { certificate: Some(pem), key: Some(secret), ca: Some(self.file()) }
    }

    pub fn file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// Somebody who trusts it and has no certificate.
    pub fn trusting(&self) -> Tls {
        Tls::new(&TlsFiles { ca: Some(self.file()), ..TlsFiles::default() }).unwrap()
    }
}

fn chmod(file: &Path, mode: u32) {
    std::fs::set_permissions(file, PermissionsExt::from_mode(mode)).unwrap();
}

fn alt_name(name: &str) -> SanType {
    match (name.parse(), name.contains(':')) {
        (Ok(address), _) => SanType::IpAddress(address),
        (Err(_), true) => SanType::URI(name.try_into().unwrap()),
        (Err(_), false) => SanType::DnsName(name.try_into().unwrap()),
    }
}

fn host(name: &str) -> Host {
    Host::parse(name).unwrap()
}

/// What comes of connecting to somebody with these files.
async fn handshake(files: &TlsFiles, client: &Tls, wanted: &str) -> Result<(), String> {
    let server = Tls::new(files).unwrap();
    let listener = crate::io::tcp::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let stream = dial(&listener).await;
    let (accepted, _) = listener.accept().await.unwrap();
    let wanted = host(wanted);
    let (accepted, connected) = tokio::join!(server.accept(accepted), client.connect(stream, &wanted));
    let mut connected = connected?;
    connected.write_all(b"x").await.unwrap();
    connected.flush().await.unwrap();
    accepted.unwrap().read_exact(&mut [0]).await.unwrap();
    Ok(())
}

async fn dial(listener: &TcpListener) -> TcpStream {
    crate::io::tcp::connect(&[], listener.local_addr().unwrap()).await.unwrap()
}

#[tokio::test]
async fn the_names_of_a_certificate_are_those_of_rfc_5922() {
    let authority = Authority::new();
    let client = authority.trusting();
    for (names, wanted, proven) in [
        (&["sip:example.org"][..], "example.org", true),
        (&["sip:EXAMPLE.org"], "Example.ORG", true),
        (&["sip:example.org:5061;transport=tls"], "example.org", true),
        (&["example.org"], "example.org", true),
        (&["sip:other.example", "sip:example.org"], "example.org", true),
        (&["127.0.0.1"], "127.0.0.1", true),
        (&["sip:other.example", "127.0.0.1"], "127.0.0.1", true),
        // The names of others.
        (&["other.example"], "example.org", false),
        (&["sip:other.example"], "example.org", false),
        (&["sub.example.org"], "example.org", false),
        (&["example.org"], "sub.example.org", false),
        (&["127.0.0.2"], "127.0.0.1", false),
        // No wildcards.
        (&["*.example.org"], "sip.example.org", false),
        (&["sip:*.example.org"], "sip.example.org", false),
        // A SIP URI leaves DNS names nothing to say.
        (&["sip:other.example", "example.org"], "example.org", false),
        // A person, another scheme: no names of a domain, so DNS names are looked at.
        (&["sip:alice@example.org"], "example.org", false),
        (&["sips:example.org"], "example.org", false),
        (&["sip:alice@other.example", "example.org"], "example.org", true),
        // An address is no DNS name, and a DNS name no address.
        (&["127.0.0.1"], "localhost", false),
        (&["localhost"], "127.0.0.1", false),
    ] {
        let result = handshake(&authority.certify(names), &client, wanted).await;
        assert_eq!(result.is_ok(), proven, "{names:?} for {wanted}: {result:?}");
        if let Err(why) = result {
            assert!(why.contains(&format!("does not prove {wanted}")), "{why}");
        }
    }
}

#[tokio::test]
async fn the_common_name_proves_nothing() {
    let authority = Authority::new();
    let named = |params: &mut CertificateParams| params.distinguished_name.push(DnType::CommonName, "example.org");
    for names in [&[][..], &["other.example"]] {
        let result = handshake(&authority.certify_as(names, named), &authority.trusting(), "example.org").await;
        let why = result.unwrap_err();
        assert!(why.contains("does not prove example.org: it is for"), "{why}");
    }
}

#[tokio::test]
async fn what_is_out_of_date_or_no_servers_or_signed_by_strangers_is_refused_whatever_it_names() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let old = authority.certify_as(&["sip:example.org"], |params| params.not_after = date_time_ymd(2020, 1, 1));
    let early = authority.certify_as(&["example.org"], |params| params.not_before = date_time_ymd(2090, 1, 1));
    let purpose =
        |params: &mut CertificateParams| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let client = authority.certify_as(&["sip:example.org", "example.org"], purpose);
    for (files, why) in [
        (&client, "is refused"),
        (&old, "has expired"),
        (&early, "is not valid yet"),
        (&stranger.certify(&["sip:example.org"]), "signed by nobody whom we trust"),
    ] {
        let refused = handshake(files, &authority.trusting(), "example.org").await.unwrap_err();
        assert!(refused.contains(why), "{refused}");
    }
}

/// The configured authority is trusted, and nobody of the platform beside it.
#[tokio::test]
async fn without_a_configured_authority_the_platform_is_trusted() {
    let authority = Authority::new();
    let platform = Tls::new(&TlsFiles::default()).unwrap();
    let refused = handshake(&authority.certify(&["example.org"]), &platform, "example.org").await.unwrap_err();
    assert!(refused.contains("nobody"), "{refused}");
}

#[tokio::test]
async fn a_client_shows_its_certificate_to_a_server_that_wants_it() {
    let authority = Authority::new();
    let server = Tls::new(&authority.certify(&["example.org"])).unwrap();
    let own = server.own.as_deref().unwrap();
    let roots = Arc::new(files::roots(&authority.file()).unwrap());
    let wants = rustls::server::WebPkiClientVerifier::builder_with_provider(roots, provider()).build().unwrap();
    let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_client_cert_verifier(wants).with_single_cert(own.chain.clone(), own.key.clone_key());
    let server = Tls { acceptor: Some(TlsAcceptor::from(Arc::new(config.unwrap()))), ..server };
    let alice = Tls::new(&authority.certify(&["sip:alice@example.org"])).unwrap();
    for (client, shows) in [(alice, true), (authority.trusting(), false)] {
        let listener = crate::io::tcp::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
        let stream = dial(&listener).await;
        let (accepted, _) = listener.accept().await.unwrap();
        let wanted = host("example.org");
        let (accepted, _connected) = tokio::join!(server.accept(accepted), client.connect(stream, &wanted));
        let shown = accepted.map(|stream| stream.get_ref().1.peer_certificates().map_or(0, <[_]>::len));
        assert_eq!(shown.is_ok_and(|shown| shown == 1), shows);
    }
}

#[tokio::test]
async fn a_version_before_1_2_is_not_spoken() {
    let authority = Authority::new();
    let server = Tls::new(&authority.certify(&["example.org"])).unwrap();
    let listener = crate::io::tcp::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let mut stream = dial(&listener).await;
    let (accepted, _) = listener.accept().await.unwrap();
    // A ClientHello of TLS 1.0 with one cipher suite and nothing else.
    let mut hello = vec![0x16, 3, 1, 0, 45, 1, 0, 0, 41, 3, 1];
    hello.extend([7; 32]);
    hello.extend([0, 0, 2, 0, 0x2f, 1, 0]);
    stream.write_all(&hello).await.unwrap();
    let refused = server.accept(accepted).await.map(|_| ()).unwrap_err();
    assert!(refused.starts_with("TLS: "), "{refused}");
}

#[test]
fn files_that_are_of_no_use_are_named_with_the_reason() {
    let authority = Authority::new();
    let good = authority.certify(&["example.org"]);
    let other = authority.certify(&["other.example"]);
    let empty = authority.dir.path().join("empty");
    std::fs::write(&empty, "no PEM").unwrap();
    chmod(&empty, 0o600);
    let absent = authority.dir.path().join("absent");
    let (certificate, key) = (good.certificate.clone().unwrap(), good.key.clone().unwrap());
    for (result, why) in [
        (TlsFiles::check_certificate(&absent), "absent cannot be read"),
        (TlsFiles::check_certificate(&empty), "empty holds no certificate"),
        (TlsFiles::check_key(&empty), "empty holds no private key"),
        (TlsFiles::check_key(&absent), "absent cannot be read"),
        (TlsFiles::check_ca(&key), "holds no certificate"),
        (TlsFiles::check_certificate(&certificate), ""),
        (TlsFiles::check_key(&key), ""),
    ] {
        assert_eq!(result.is_ok(), why.is_empty(), "{result:?}");
        assert!(result.err().unwrap_or_default().contains(why));
    }
    chmod(&key, 0o640);
    assert!(TlsFiles::check_key(&key).unwrap_err().contains("others may read"));
    chmod(&key, 0o600);
    let mixed = TlsFiles { key: other.key, ..good };
    assert!(Tls::new(&mixed).unwrap_err().contains("do not fit together"));
}
