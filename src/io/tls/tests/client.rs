//! What the certificate of whoever connects proves.

use super::*;

/// What a server that trusts `authority` knows of a client with these files, whom it serves in any case.
async fn proof(authority: &Authority, client: TlsFiles) -> Option<Proof> {
    let server = Tls::new(&authority.certify(&["example.org"])).unwrap();
    let client = Tls::new(&TlsFiles { ca: Some(authority.file()), ..client }).unwrap();
    let listener = crate::io::tcp::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let stream = dial(&listener).await;
    let (accepted, _) = listener.accept().await.unwrap();
    let wanted = host("example.org");
    let (accepted, connected) = tokio::join!(server.accept(accepted), client.connect(stream, &wanted));
    let (mut accepted, mut connected) = (accepted.unwrap(), connected.unwrap());
    accepted.write_all(b"x").await.unwrap();
    accepted.flush().await.unwrap();
    connected.read_exact(&mut [0]).await.unwrap();
    server.proof(&accepted).await
}

#[tokio::test]
async fn a_clients_certificate_proves_its_names_and_no_others() {
    let authority = Authority::new();
    let proof = proof(&authority, authority.certify(&["sip:a.example", "c.example", "127.0.0.1"])).await.unwrap();
    let names = ["a.example", "A.example", "127.0.0.1", "c.example", "sub.a.example", "127.0.0.2"];
    let proven = names.map(|name| proof.proves(&host(name)));
    assert_eq!(proven, [true, true, true, false, false, false]);
}

#[tokio::test]
async fn without_a_certificate_that_we_trust_for_clients_a_connection_serves_and_proves_nothing() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let names = ["sip:a.example"];
    let servers =
        |params: &mut CertificateParams| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let old = |params: &mut CertificateParams| params.not_after = date_time_ymd(2020, 1, 1);
    for client in [
        TlsFiles::default(),
        stranger.certify(&names),
        authority.certify_as(&names, servers),
        authority.certify_as(&names, old),
    ] {
        assert!(proof(&authority, client.clone()).await.is_none(), "{client:?}");
    }
    let clients =
        |params: &mut CertificateParams| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    assert!(proof(&authority, authority.certify_as(&names, clients)).await.is_some());
}

/// A certificate is public; only its key says who sends it.
#[tokio::test]
async fn the_certificate_of_another_ends_the_handshake() {
    let authority = Authority::new();
    let server = Tls::new(&authority.certify(&["example.org"])).unwrap();
    let (own, other) = (authority.certify(&["sip:mallory.example"]), authority.certify(&["sip:a.example"]));
    let chain = files::certificates(other.certificate.as_deref().unwrap()).unwrap();
    let key = provider().key_provider.load_private_key(files::key(own.key.as_deref().unwrap()).unwrap()).unwrap();
    let stolen = Arc::new(rustls::sign::CertifiedKey::new(chain, key));
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let builder = builder.with_root_certificates(files::roots(&authority.file()).unwrap());
    let config = builder.with_client_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(stolen)));
    let client = TlsConnector::from(Arc::new(config));
    let listener = crate::io::tcp::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap();
    let stream = dial(&listener).await;
    let (accepted, _) = listener.accept().await.unwrap();
    let name = server_name(&host("example.org")).unwrap();
    let (accepted, _connected) = tokio::join!(server.accept(accepted), client.connect(name, stream));
    let refused = accepted.map(|_| ()).unwrap_err();
    assert!(refused.contains("refused"), "{refused}");
}
