use std::fmt::Write as _;
use std::net::SocketAddr;

use super::schedule::{Algorithm, Sa};
use crate::policy::Suite;

/// A row of Wireshark 4.0's `esp_sa` table: protocol, source, destination, SPI, encryption, its key with the salt
/// behind it, authentication, its key. `None` for what Wireshark cannot read: one such row and it refuses all.
pub(super) fn esp_sa_row(sa: &Sa, (source, destination): (SocketAddr, SocketAddr)) -> Option<String> {
    match sa.algorithm {
        Algorithm::Esp(Suite::Aes128Gcm | Suite::Aes256Gcm) => (),
        Algorithm::Esp(Suite::Chacha20Poly1305) | Algorithm::Ah => return None,
    }
    let family = if destination.is_ipv4() { "IPv4" } else { "IPv6" };
    let spi = format!("0x{:08x}", sa.spi.get());
    let key = format!("0x{}{}", hex(&sa.key), hex(&*sa.salt));
    let (source, destination) = (source.ip().to_string(), destination.ip().to_string());
    let cipher = "AES-GCM with 16 octet ICV [RFC4106]";
    Some([family, &source, &destination, &spi, cipher, &key, "NULL", ""].map(|field| format!("\"{field}\"")).join(","))
}

/// `direction` is ours: `in` or `out`.
pub(super) fn json_object(sa: &Sa, direction: &str, (source, destination): (SocketAddr, SocketAddr)) -> String {
    let (suite, salt) = match sa.algorithm {
        Algorithm::Ah => ("hmac-sha2-256-128", String::new()),
        Algorithm::Esp(suite) => (suite.name(), hex(&*sa.salt)),
    };
    serde_json::json!({
        "direction": direction,
        "protocol": sa.algorithm.protocol().to_string(),
        "spi": format!("0x{:08x}", sa.spi.get()),
        "suite": suite,
        "key": hex(&sa.key),
        "salt": salt,
        "src": source.ip().to_string(),
        "sport": source.port(),
        "dst": destination.ip().to_string(),
        "dport": destination.port(),
    })
    .to_string()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut out, octet| {
        let _ = write!(out, "{octet:02x}");
        out
    })
}
