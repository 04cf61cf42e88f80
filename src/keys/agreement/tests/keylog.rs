use super::*;
use serde_json::Value;

fn ends() -> (SocketAddr, SocketAddr) {
    (Agent::alice().media, Agent::bob().media)
}

#[test]
fn gcm_gives_a_row_a_direction_in_wireshark_s_form() {
    let (alice, _) = agree(BOTH, Suite::Aes128Gcm);
    let (local, remote) = ends();
    let (rows, objects) = alice.keylog(local, remote);
    assert_eq!((rows.len(), objects.len()), (2, 4));
    let (key, salt) = (hex::encode(&*alice.sas()[0].key), hex::encode(*alice.sas()[0].salt));
    assert_eq!(
        rows[0],
        format!(
            "\"IPv4\",\"192.168.1.1\",\"192.168.1.2\",\"0xd0000001\",\
             \"AES-GCM with 16 octet ICV [RFC4106]\",\"0x{key}{salt}\",\"NULL\",\"\""
        )
    );
    assert!(rows[1].starts_with("\"IPv4\",\"192.168.1.2\",\"192.168.1.1\",\"0xc0000001\","));
}

#[test]
fn chacha_gives_no_row_and_every_association_an_object() {
    let (_, bob) = agree(BOTH, Suite::Chacha20Poly1305);
    let (local, remote) = (ends().1, ends().0);
    let (rows, objects) = bob.keylog(local, remote);
    assert!(rows.is_empty());
    let objects: Vec<Value> = objects.iter().map(|object| serde_json::from_str(object).unwrap()).collect();
    let of = |name: &str| objects.iter().map(|object| object[name].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(of("direction"), ["in", "in", "out", "out"]);
    assert_eq!(of("protocol"), ["esp", "ah", "esp", "ah"]);
    assert_eq!(of("suite"), ["chacha20-poly1305", "hmac-sha2-256-128", "chacha20-poly1305", "hmac-sha2-256-128"]);
    assert_eq!(of("spi"), ["0xd0000001", "0xd0000002", "0xc0000001", "0xc0000002"]);
    assert_eq!((&objects[0]["sport"], &objects[0]["dst"]), (&Value::from(20000), &Value::from("192.168.1.2")));
    assert_eq!(objects[0]["key"].as_str().unwrap(), hex::encode(&*bob.sas()[0].key));
}
