//! TLS for sipp, which has none in Debian: socat stands between it and the agent.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::certificates::certify;
use crate::process::{listens_at, wait_until, Home};

/// Where TLS comes in, at the agent and at socat.
const SECURE: u16 = 5061;
/// Where sipp goes to reach the agent.
pub const OUTWARD: u16 = 5071;

/// It runs until it is dropped.
pub struct Between([Child; 2]);

impl Between {
    /// Before the agent starts, which gets a certificate, and trusts the one that is made for sipp in `dir`.
    pub fn start(agent: &Home, sipp: Ipv4Addr, dir: &Path) -> Self {
        certify(dir, &sipp.to_string());
        certify(&agent.path(""), &agent.address.to_string());
        let text = std::fs::read_to_string(agent.config()).unwrap();
        let listen = format!("listen = [\"udp:{0}:5060\"", agent.address);
        assert!(text.contains(&listen), "{text}");
        let both = format!("{listen}, \"tls:{}:{SECURE}\"", agent.address);
        let trusted = dir.join("ca.pem");
        let tls = format!("[tls]\nca = \"{}\"\ncertificate = \"cert.pem\"\nkey = \"key.pem\"\n", trusted.display());
        std::fs::write(agent.config(), text.replace(&listen, &both) + &tls).unwrap();
        let file = |name: &str| dir.join(name).display().to_string();
        let inward = format!(
            "OPENSSL-LISTEN:{SECURE},bind={sipp},reuseaddr,fork,verify=0,cert={},key={}",
            file("cert.pem"),
            file("key.pem")
        );
        let outward = format!("TCP-LISTEN:{OUTWARD},bind={sipp},reuseaddr,fork");
        // It compares no address of a certificate: what is judged here is what the agent does.
        let agent = format!("OPENSSL:{}:{SECURE},bind={sipp},verify=0", agent.address);
        let between = Self([socat(&inward, &format!("TCP:{sipp}:5060,bind={sipp}")), socat(&outward, &agent)]);
        for port in [SECURE, OUTWARD] {
            wait_until(|| listens_at(SocketAddr::from((sipp, port)), true));
        }
        between
    }
}

fn socat(from: &str, to: &str) -> Child {
    let mut command = Command::new("socat");
    command.args([from, to]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

impl Drop for Between {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
