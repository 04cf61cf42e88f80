use std::net::{SocketAddr, UdpSocket};

use super::by_tcp::{ByTcp, Went};
use super::traversing::Traversing;
use crate::io::packet_log::packet_log;
use crate::media::{Datagram, Stream};
use crate::vocab::Now;

/// The way out of a leg.
pub struct Out<'l> {
    pub socket: &'l UdpSocket,
    pub by_tcp: &'l mut Option<Box<ByTcp>>,
    /// The stream has no keys.
    pub in_clear: bool,
    pub traversing: &'l mut Traversing,
}

impl Out<'_> {
    /// `false`: it was kept back, for too much waits to be sent already.
    pub fn go(&mut self, now: Now, datagram: Datagram<'_>) -> bool {
        if let Some(by_tcp) = self.by_tcp {
            return by_tcp.send(datagram.to, datagram.bytes, self.in_clear) != Went::Dropped;
        }
        if let Some(Datagram { to, bytes }) = self.traversing.lead(datagram) {
            send(self.socket, now, to, bytes);
        }
        true
    }
}

/// One frame, and what of handshake and RTCP is due.
pub fn say(stream: &mut Stream, now: Now, frame: &[i16], out: &mut Out<'_>) {
    let mut kept_back = 0;
    let mut sound = stream.send(now, frame);
    while let Some(datagram) = sound {
        kept_back += usize::from(!out.go(now, datagram));
        sound = stream.poll_sound(now);
    }
    (0..kept_back).for_each(|_| stream.note_congestion());
    while let Some((to, handshake)) = stream.poll_handshake(now) {
        out.go(now, Datagram { to, bytes: &handshake });
    }
    while let Some(datagram) = stream.poll_rtcp(now) {
        out.go(now, datagram);
    }
}

/// Voice that cannot be sent now is late later: a failure is as good as a lost packet.
pub fn send(socket: &UdpSocket, now: Now, to: SocketAddr, bytes: &[u8]) {
    if let Err(error) = socket.send_to(bytes, to) {
        tracing::trace!(%error, "a media packet was not sent");
    } else if let Some((log, from)) = packet_log().and_then(|log| Some((log, socket.local_addr().ok()?))) {
        log.write(now.wall, from, to, bytes);
    }
}
