//! OpenSSL speaks TLS to an agent that listens for it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use crate::certificates::certify;
use crate::process::{installed, skip, Home};

/// What `openssl s_client` makes of the agent, asked for OPTIONS: the first line of the answer, or nothing.
fn options(bob: &Home, version: &[&str]) -> String {
    let mut command = Command::new("timeout");
    command.args(["20", "openssl", "s_client", "-quiet", "-verify_return_error", "-connect"]);
    command.arg(format!("{}:5061", bob.address)).arg("-CAfile").arg(bob.path("ca.pem")).args(version);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Whoever has ended reads no more.
    let _ = write!(
        stdin,
        "OPTIONS sips:bob@{} SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bKo\r\nMax-Forwards: 70\r\n\
         From: <sip:o@127.0.0.1>;tag=o\r\nTo: <sip:bob@{}>\r\nCall-ID: o\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
        bob.address, bob.address
    );
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let _ = child.kill();
    child.wait().unwrap();
    line.trim_end().to_owned()
}

#[test]
fn openssl_verifies_our_certificate_and_is_answered_by_tls_1_2_and_1_3_only() {
    if !installed("openssl") {
        return skip("openssl is not installed");
    }
    let mut bob = Home::new("bob", "none");
    certify(&bob.path("."), "example.org");
    let text = std::fs::read_to_string(bob.config()).unwrap();
    let udp = format!("\"udp:{}:5060\"", bob.address);
    let text = text.replace(&udp, &format!("{udp}, \"tls:{}:5061\"", bob.address));
    std::fs::write(bob.config(), format!("{text}[tls]\ncertificate = \"cert.pem\"\nkey = \"key.pem\"\n")).unwrap();
    bob.start();
    let status = bob.run(&["status"]).expect(0).stdout;
    assert!(status.contains(&format!("tls:{}:5061", bob.address)), "{status}");
    for version in ["-tls1_2", "-tls1_3"] {
        assert_eq!(options(&bob, &[version]), "SIP/2.0 200 OK", "{version}");
    }
    assert_eq!(options(&bob, &["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"]), "");
    assert_eq!(bob.signal("TERM"), Some(0));
}
