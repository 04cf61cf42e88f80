//! sipp, as caller and as callee, with its own scenarios.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::process::{finish, installed, listens, wait_until};

pub struct Client {
    from: Ipv4Addr,
    to: SocketAddr,
}

pub struct Server {
    address: Ipv4Addr,
    child: Child,
}

impl Client {
    pub fn new(from: Ipv4Addr, to: SocketAddr) -> Self {
        Self { from, to }
    }

    /// Prints what came of it.
    pub fn run(&self, rate: u64, lasts: Duration) {
        let calls = rate * lasts.as_secs();
        let mut command = Command::new("sipp");
        command
            .args(["-sn", "uac", "-d", "0", "-s", "bob", "-nostdin", "-timeout", "60", "-i"])
            .arg(self.from.to_string());
        command.args([
            "-r",
            &rate.to_string(),
            "-m",
            &calls.to_string(),
            "-l",
            "20000",
            "-trace_stat",
            "-stf",
            "/dev/stdout",
        ]);
        command.args(["-fd", "60"]).arg(self.to.to_string());
        let ran = finish(command.stdin(Stdio::null()));
        let statistics = Statistics::read(&ran.stdout).unwrap_or_default();
        let Statistics { completed, failed, resent, seconds } = statistics;
        println!("{rate:8}{:>10}{:>10.0}/s{failed:9}{resent:9}", "sipp", completed as f64 / seconds.max(0.001));
    }
}

#[derive(Default)]
struct Statistics {
    completed: u64,
    failed: u64,
    resent: u64,
    seconds: f64,
}

impl Statistics {
    /// The last line of its table of semicolons, under the names of the first.
    fn read(text: &str) -> Option<Self> {
        let names = text.lines().find(|line| line.contains("SuccessfulCall(C)"))?;
        let last = text.lines().rfind(|line| line.matches(';').count() > 20)?;
        let value = |name: &str| {
            let at = names.split(';').position(|known| known.trim() == name)?;
            last.split(';').nth(at).map(str::to_owned)
        };
        let number = |name| value(name).and_then(|text| text.trim().parse().ok());
        Some(Self {
            completed: number("SuccessfulCall(C)")?,
            failed: number("FailedCall(C)")?,
            resent: number("Retransmissions(C)")?,
            seconds: value("ElapsedTime(C)").map(|text| seconds(&text))?,
        })
    }
}

/// `00:00:05:123000`.
fn seconds(text: &str) -> f64 {
    let parts: Vec<f64> = text.trim().split(':').filter_map(|part| part.parse().ok()).collect();
    match parts.as_slice() {
        [hours, minutes, seconds, micros] => hours * 3600.0 + minutes * 60.0 + seconds + micros / 1e6,
        [hours, minutes, seconds] => hours * 3600.0 + minutes * 60.0 + seconds,
        _ => 0.0,
    }
}

impl Server {
    /// `None` where it is not installed.
    pub fn start(address: Ipv4Addr) -> Option<Self> {
        if !installed("sipp") {
            return None;
        }
        let mut command = Command::new("sipp");
        command.args(["-sn", "uas", "-nostdin", "-p", "5060", "-i"]).arg(address.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().ok()?;
        wait_until(|| listens(address, false));
        Some(Self { address, child })
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }

    pub fn address(&self) -> SocketAddr {
        (self.address, 5060).into()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
