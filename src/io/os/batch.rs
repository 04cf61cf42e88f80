use std::io;
use std::mem::{size_of, zeroed};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use crate::io::udp::MAX_DATAGRAM;

/// Datagrams of one call of the system.
const MOST: usize = 8;
/// Room for one time stamp and its header.
const CONTROL: usize = 64;
/// A datagram that seems older has met a clock that was set.
const OLDEST: Duration = Duration::from_secs(1);

/// Datagrams that wait at a socket, taken several at a time (recvmmsg(2)), each with its age.
pub struct Batch {
    /// One after the other; what is not used is no memory.
    octets: Vec<u8>,
    arrived: [Option<Arrived>; MOST],
}

#[derive(Clone, Copy)]
struct Arrived {
    from: SocketAddr,
    len: usize,
    age: Duration,
}

/// One datagram, in the room in which it is opened.
pub struct Arrival<'a> {
    pub from: SocketAddr,
    /// How long it has waited; zero where the system does not say.
    pub age: Duration,
    pub bytes: &'a mut [u8],
}

/// Room for the control messages of one datagram, aligned as their header has to be.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; CONTROL]);

/// Has the system note when each datagram comes (SO_TIMESTAMPNS, socket(7)). Where it does not, they count as come when they are read.
pub fn stamp_arrivals(socket: BorrowedFd<'_>) {
    let yes: libc::c_int = 1;
    let (level, option, len) = (libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, size_of::<libc::c_int>() as libc::socklen_t);
    // SAFETY: the value outlives the call and is as long as it says.
    let _ = unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const yes).cast(), len) };
}

impl Batch {
    pub fn new() -> Self {
        Self { octets: vec![0; MOST * MAX_DATAGRAM], arrived: [None; MOST] }
    }

    /// Takes what waits, and says whether there may be more. It does not block.
    pub fn receive(&mut self, socket: BorrowedFd<'_>) -> io::Result<bool> {
        self.arrived = [None; MOST];
        // SAFETY: all of these are plain data of C, for which zeros are a value.
        let (mut names, mut headers) = unsafe { zeroed::<([libc::sockaddr_storage; MOST], [libc::mmsghdr; MOST])>() };
        let mut controls = [Control([0; CONTROL]); MOST];
        let mut pieces = [libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 }; MOST];
        let rooms = self.octets.chunks_exact_mut(MAX_DATAGRAM);
        let parts = headers.iter_mut().zip(&mut names).zip(&mut controls).zip(pieces.iter_mut().zip(rooms));
        for (((header, name), control), (piece, room)) in parts {
            *piece = libc::iovec { iov_base: room.as_mut_ptr().cast(), iov_len: room.len() };
            header.msg_hdr.msg_name = (&raw mut *name).cast();
            header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            header.msg_hdr.msg_iov = piece;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = control.0.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = CONTROL as _;
        }
        let (count, flags) = (MOST as libc::c_uint, libc::MSG_DONTWAIT as _);
        // SAFETY: every pointer leads to memory of the stated length that outlives the call; no time limit is given.
        let came =
            unsafe { libc::recvmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), count, flags, std::ptr::null_mut()) };
        if came < 0 {
            return match io::Error::last_os_error() {
                error if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(false),
                error => Err(error),
            };
        }
        let came = came.unsigned_abs() as usize;
        let now = real_time();
        for ((slot, header), name) in self.arrived.iter_mut().zip(&headers).zip(&names).take(came) {
            *slot = address(name).map(|from| {
                let age = stamp(&header.msg_hdr).and_then(|at| now.checked_sub(at)).filter(|age| *age < OLDEST);
                Arrived { from, len: header.msg_len as usize, age: age.unwrap_or_default() }
            });
        }
        Ok(came == MOST)
    }

    /// What was taken, in the order in which it came.
    pub fn arrivals(&mut self) -> impl Iterator<Item = Arrival<'_>> {
        let rooms = self.octets.chunks_exact_mut(MAX_DATAGRAM);
        self.arrived.iter().zip(rooms).filter_map(|(arrived, room)| {
            let Arrived { from, len, age } = (*arrived)?;
            Some(Arrival { from, age, bytes: room.get_mut(..len)? })
        })
    }
}

/// Since 1970: the clock of the stamps.
fn real_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` outlives the call, and every system has this clock.
    let _ = unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &mut time) };
    duration(time)
}

fn duration(time: libc::timespec) -> Duration {
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// When the system saw a datagram.
fn stamp(header: &libc::msghdr) -> Option<Duration> {
    // SAFETY: the system has filled in the control messages, within the room that the header names.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(header) };
    // SAFETY: what these two give is null or a whole header within that room.
    while let Some(message) = unsafe { next.as_ref() } {
        if (message.cmsg_level, message.cmsg_type) == (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) {
            // SAFETY: a message of this type holds a timespec, which need not be aligned.
            return Some(duration(unsafe { libc::CMSG_DATA(next).cast::<libc::timespec>().read_unaligned() }));
        }
        // SAFETY: as for the first.
        next = unsafe { libc::CMSG_NXTHDR(header, next) };
    }
    None
}

fn address(name: &libc::sockaddr_storage) -> Option<SocketAddr> {
    let name: *const libc::sockaddr_storage = name;
    // SAFETY: the storage has room and alignment for either, and its family says which one the system wrote.
    unsafe {
        match i32::from((*name).ss_family) {
            libc::AF_INET => {
                let name = &*name.cast::<libc::sockaddr_in>();
                let ip = Ipv4Addr::from(u32::from_be(name.sin_addr.s_addr));
                Some(SocketAddrV4::new(ip, u16::from_be(name.sin_port)).into())
            }
            libc::AF_INET6 => {
                let name = &*name.cast::<libc::sockaddr_in6>();
                let ip = Ipv6Addr::from(name.sin6_addr.s6_addr);
                let port = u16::from_be(name.sin6_port);
                Some(SocketAddrV6::new(ip, port, name.sin6_flowinfo, name.sin6_scope_id).into())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::os::fd::AsFd;

    #[expect(clippy::disallowed_methods, reason = "both ends of a test")]
    fn pair(address: &str) -> (UdpSocket, UdpSocket) {
        let [one, other] = [(); 2].map(|()| UdpSocket::bind(address).unwrap());
        stamp_arrivals(one.as_fd());
        (one, other)
    }

    /// Everything that waits.
    fn all(batch: &mut Batch, socket: &UdpSocket) -> Vec<(SocketAddr, Vec<u8>, Duration)> {
        let mut taken = Vec::new();
        loop {
            let more = batch.receive(socket.as_fd()).unwrap();
            taken.extend(batch.arrivals().map(|one| (one.from, one.bytes.to_vec(), one.age)));
            if !more {
                return taken;
            }
        }
    }

    #[test]
    fn datagrams_come_whole_in_their_order_and_with_whoever_sent_them() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let (here, there) = pair(address);
            let sent: Vec<Vec<u8>> = (0..20u8).map(|n| vec![n; usize::from(n) * 70]).collect();
            for bytes in &sent {
                there.send_to(bytes, here.local_addr().unwrap()).unwrap();
            }
            let taken = all(&mut Batch::new(), &here);
            assert_eq!(taken.iter().map(|(_, bytes, _)| bytes.clone()).collect::<Vec<_>>(), sent);
            assert!(taken.iter().all(|(from, _, _)| *from == there.local_addr().unwrap()), "{address}");
            assert_eq!(all(&mut Batch::new(), &here), []);
        }
    }

    #[test]
    fn the_age_is_since_it_came_and_not_since_it_was_read() {
        let (here, there) = pair("127.0.0.1:0");
        let ages = |wait: u64| {
            there.send_to(&[1], here.local_addr().unwrap()).unwrap();
            std::thread::sleep(Duration::from_millis(wait));
            all(&mut Batch::new(), &here)[0].2
        };
        let (at_once, later) = (ages(0), ages(40));
        assert!(later >= Duration::from_millis(39) && later < OLDEST, "{later:?}");
        assert!(at_once < later, "{at_once:?}");
    }
}
