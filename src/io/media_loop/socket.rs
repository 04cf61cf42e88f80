use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::OnceLock;

use crate::io::os::stamp_arrivals;
use crate::io::sockets::bind_failure;
use crate::media::PORTS;
use crate::vocab::Failure;

/// The first port for media, and how many even ones there are.
const FIRST: u16 = *PORTS.start();
const COUNT: u16 = (*PORTS.end() - FIRST).div_ceil(2);

/// Ports that are tried before it is given up.
const TRIES: u16 = 512;

/// Even ports handed out so far by this process: one is not used again soon, so that late packets of an ended call do
/// not reach the next.
static HANDED_OUT: AtomicU16 = AtomicU16::new(0);

/// Binds the next free port of `local`.
pub fn bind(local: IpAddr) -> Result<(UdpSocket, SocketAddr), Failure> {
    bind_by(local, open)
}

/// The same, where connections of TCP are taken as well.
pub fn bind_both(local: IpAddr) -> Result<((UdpSocket, TcpListener), SocketAddr), Failure> {
    bind_by(local, |address| Ok((open(address)?, listen(address)?)))
}

fn bind_by<S>(local: IpAddr, open: impl Fn(SocketAddr) -> std::io::Result<S>) -> Result<(S, SocketAddr), Failure> {
    let start = start();
    let mut last = None;
    for _ in 0..TRIES {
        let offset = start.wrapping_add(HANDED_OUT.fetch_add(1, Ordering::Relaxed)) % COUNT;
        let address = SocketAddr::new(local, FIRST + 2 * offset);
        match open(address) {
            Ok(socket) => return Ok((socket, address)),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => last = Some((address, error)),
            Err(error) => return Err(bind_failure("media", address, &error)),
        }
    }
    let (address, error) = last.unwrap_or((SocketAddr::new(local, FIRST), std::io::ErrorKind::AddrInUse.into()));
    Err(bind_failure("media", address, &error))
}

#[expect(clippy::disallowed_methods, reason = "the one place that opens sockets for media")]
fn open(address: SocketAddr) -> std::io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    stamp_arrivals(socket.as_fd());
    Ok(socket)
}

#[expect(clippy::disallowed_methods, reason = "the one place that opens sockets for media")]
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Two agents on one machine start in different places, and each goes on from its own.
fn start() -> u16 {
    static START: OnceLock<u16> = OnceLock::new();
    *START.get_or_init(|| {
        let mut octets = [0; 2];
        // Without randomness the search merely starts at the same place.
        let _ = getrandom::fill(&mut octets);
        u16::from_ne_bytes(octets)
    })
}
