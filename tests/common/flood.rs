//! One process that sends more than an agent can take, over real sockets.
#![allow(clippy::disallowed_methods)] // real clocks and real sockets, around the program and not in it

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use socket2::{Domain, SockAddr, Socket, Type};

/// Something that is done so many times a second, until it is stopped.
pub struct Flood {
    ended: Arc<AtomicBool>,
    thread: JoinHandle<Offered>,
}

/// What left the one who floods.
pub struct Offered {
    /// How many were meant, a second.
    pub meant: u64,
    pub number: u64,
    pub took: Duration,
}

impl Offered {
    pub fn a_second(&self) -> u64 {
        (self.number as f64 / self.took.as_secs_f64()) as u64
    }
}

impl Flood {
    /// `each` says whether it could.
    fn start(rate: u64, mut each: impl FnMut(u64) -> bool + Send + 'static) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ended);
        let thread = std::thread::spawn(move || {
            let begun = Instant::now();
            let (mut tried, mut number) = (0, 0);
            while !end.load(Ordering::Relaxed) {
                let due = begun.elapsed().as_micros() as u64 * rate / 1_000_000;
                while tried < due && !end.load(Ordering::Relaxed) {
                    number += u64::from(each(tried));
                    tried += 1;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            Offered { meant: rate, number, took: begun.elapsed() }
        });
        Self { ended, thread }
    }

    /// Datagrams out of one address; what comes back is not read.
    pub fn of_datagrams(
        from: Ipv4Addr,
        to: SocketAddr,
        rate: u64,
        make: impl Fn(u64) -> String + Send + 'static,
    ) -> Self {
        let socket = UdpSocket::bind((from, 5060)).unwrap();
        Self::start(rate, move |number| socket.send_to(make(number).as_bytes(), to).is_ok())
    }

    /// Connections that are opened, say half of a message, and then nothing; the last thousand of them are held.
    pub fn of_connections(from: Vec<Ipv4Addr>, to: SocketAddr, rate: u64) -> Self {
        let mut held = VecDeque::new();
        Self::start(rate, move |number| {
            let from = from[number as usize % from.len()];
            let Some(connection) = half_open(from, to) else { return false };
            held.push_back(connection);
            if held.len() > 1000 {
                held.pop_front();
            }
            true
        })
    }

    pub fn stop(self) -> Offered {
        self.ended.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// Does not wait for anything; leaves no port behind that waits.
fn half_open(from: Ipv4Addr, to: SocketAddr) -> Option<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).ok()?;
    socket.set_linger(Some(Duration::ZERO)).ok()?;
    socket.bind(&SockAddr::from(SocketAddr::from((from, 0)))).ok()?;
    socket.connect_timeout(&to.into(), Duration::from_millis(20)).ok()?;
    socket.set_nonblocking(true).ok()?;
    let _ = socket.send(b"OPTIONS sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/T");
    Some(socket.into())
}

/// Somebody who asks with one OPTIONS after the other, and sends each again as RFC 3261 section 17.1.2 says.
pub struct Asker {
    socket: UdpSocket,
    to: SocketAddr,
    asked: u64,
}

impl Asker {
    pub fn new(from: Ipv4Addr, to: SocketAddr) -> Self {
        Self { socket: UdpSocket::bind((from, 5060)).unwrap(), to, asked: 0 }
    }

    /// How long the answer took; at most the 32 s after which nobody waits.
    pub fn ask(&mut self) -> Duration {
        self.asked += 1;
        let (here, number) = (self.socket.local_addr().unwrap(), self.asked);
        let branch = format!("z9hG4bKasker{number};");
        let request = format!(
            "OPTIONS sip:bob@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch={branch}rport\r\nMax-Forwards: 70\r\n\
             From: <sip:asker@{here}>;tag=asker\r\nTo: <sip:bob@{to}>\r\nCall-ID: asker-{number}\r\n\
             CSeq: {number} OPTIONS\r\nContact: <sip:asker@{here}>\r\nContent-Length: 0\r\n\r\n",
            to = self.to,
        );
        let begun = Instant::now();
        let mut wait = Duration::from_millis(500);
        while begun.elapsed() < Duration::from_secs(32) {
            self.socket.send_to(request.as_bytes(), self.to).unwrap();
            if self.hears(&branch, wait) {
                return begun.elapsed();
            }
            wait = (wait * 2).min(Duration::from_secs(4));
        }
        begun.elapsed()
    }

    fn hears(&self, branch: &str, wait: Duration) -> bool {
        let until = Instant::now() + wait;
        let mut buffer = [0; 4096];
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            self.socket.set_read_timeout(Some(left)).unwrap();
            let Ok(length) = self.socket.recv(&mut buffer) else { continue };
            let answer = String::from_utf8_lossy(&buffer[..length]);
            if answer.starts_with("SIP/2.0 ") && answer.contains(branch) {
                return true;
            }
        }
    }
}

/// Octets that a process holds in memory of its own: pages of its code come and go.
pub fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kilobytes * 1024
}
