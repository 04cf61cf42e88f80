use std::net::{IpAddr, SocketAddr};

use tokio::net::UdpSocket;

use super::tcp::{self, Listeners};
use super::udp;
use crate::agent::Listen;
use crate::sip::Transport;
use crate::vocab::{Failure, FailureKind};

/// Free ports that are tried when any port will do, until one is free for UDP and TCP at once.
const TRIES: usize = 16;

/// The sockets that SIP is spoken on, bound and not yet read.
#[derive(Debug)]
pub struct SipSockets {
    pub(super) udp: Vec<UdpSocket>,
    pub(super) tcp: Listeners,
    listening: Vec<Listen>,
}

impl SipSockets {
    /// Binds each address; for UDP, TCP at the same address and port too (RFC 3261 section 18.2.1). Port 0 finds a free
    /// one. All or none: a port in use is a `Failure` that names the address.
    pub async fn bind(wanted: &[Listen]) -> Result<Self, Failure> {
        let mut sockets = Self { udp: Vec::new(), tcp: Listeners::default(), listening: Vec::new() };
        for listen in wanted {
            match listen.transport {
                Transport::Tcp => sockets.add_tcp(listen.address).await?,
                Transport::Tls => sockets.add_tls(listen.address).await?,
                Transport::Udp => sockets.add_both(listen.address).await?,
                // The configuration knows no such listener.
                Transport::Ws | Transport::Wss => {}
            }
        }
        Ok(sockets)
    }

    /// For UDP alone, at a port that is free.
    pub async fn bind_udp_alone(ip: IpAddr) -> Result<Self, Failure> {
        let wanted = SocketAddr::new(ip, 0);
        let udp = udp::bind(wanted).await?;
        let address = bound(udp.local_addr(), wanted)?;
        let listening = vec![Listen { transport: Transport::Udp, address }];
        Ok(Self { udp: vec![udp], tcp: Listeners::default(), listening })
    }

    /// What really is bound, in the order in which it was wanted.
    pub fn listening(&self) -> &[Listen] {
        &self.listening
    }

    async fn add_tcp(&mut self, address: SocketAddr) -> Result<(), Failure> {
        let listener = tcp::bind(address).await?;
        self.listening.push(Listen { transport: Transport::Tcp, address: bound(listener.local_addr(), address)? });
        self.tcp.plain.push(listener);
        Ok(())
    }

    async fn add_tls(&mut self, address: SocketAddr) -> Result<(), Failure> {
        let listener = tcp::bind(address).await?;
        self.listening.push(Listen { transport: Transport::Tls, address: bound(listener.local_addr(), address)? });
        self.tcp.secure.push(listener);
        Ok(())
    }

    async fn add_both(&mut self, address: SocketAddr) -> Result<(), Failure> {
        let mut tries = if address.port() == 0 { TRIES } else { 1 };
        let (udp, address) = loop {
            tries -= 1;
            let udp = udp::bind(address).await?;
            let found = bound(udp.local_addr(), address)?;
            match self.add_tcp(found).await {
                Ok(()) => break (udp, found),
                Err(failure) if tries == 0 => return Err(failure),
                Err(_) => {}
            }
        };
        let tcp = self.listening.len() - 1;
        self.listening.insert(tcp, Listen { transport: Transport::Udp, address });
        self.udp.push(udp);
        Ok(())
    }
}

fn bound(found: std::io::Result<SocketAddr>, wanted: SocketAddr) -> Result<SocketAddr, Failure> {
    found.map_err(|error| bind_failure("sip", wanted, &error))
}

/// Why an address cannot be listened on, and what to do. `what` is the protocol, as in `SIP over UDP`.
pub fn bind_failure(what: &str, address: SocketAddr, error: &std::io::Error) -> Failure {
    use std::io::ErrorKind;
    let (code, why, next) = match error.kind() {
        ErrorKind::AddrInUse => (
            "port-in-use",
            format!("the address {address} is in use by another program ({what})"),
            "stop the other program (`ss -lnp` names it), or choose another address in the configuration",
        ),
        ErrorKind::AddrNotAvailable => (
            "address-not-ours",
            format!("this machine does not have the address {} ({what})", address.ip()),
            "choose one of its own (`ip addr` lists them) in the configuration",
        ),
        ErrorKind::PermissionDenied => (
            "port-forbidden",
            format!("the system does not let you listen on {address} ({what})"),
            "choose a port of 1024 or above in the configuration",
        ),
        _ => (
            "bind-failed",
            format!("the address {address} cannot be listened on ({what}): {error}"),
            "choose another address in the configuration",
        ),
    };
    Failure::new(FailureKind::Failed, code, why, address.to_string(), next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen(transport: Transport, address: &str) -> Listen {
        Listen { transport, address: address.parse().unwrap() }
    }

    #[tokio::test]
    async fn udp_brings_tcp_at_the_same_port() {
        let wanted = [listen(Transport::Udp, "127.0.0.1:0"), listen(Transport::Tcp, "127.0.0.1:0")];
        let sockets = SipSockets::bind(&wanted).await.unwrap();
        let [udp, tcp, alone] = sockets.listening() else { panic!("{:?}", sockets.listening()) };
        assert_eq!((udp.transport, tcp.transport, udp.address), (Transport::Udp, Transport::Tcp, tcp.address));
        assert_ne!(alone.address, tcp.address);
        assert_eq!(sockets.udp[0].local_addr().unwrap(), udp.address);
        assert_eq!(sockets.tcp.plain[0].local_addr().unwrap(), tcp.address);
    }

    #[tokio::test]
    async fn a_port_in_use_is_named_and_nothing_stays_bound() {
        let first = SipSockets::bind(&[listen(Transport::Udp, "127.0.0.1:0")]).await.unwrap();
        let taken = first.listening()[0];
        let failure = SipSockets::bind(&[taken]).await.unwrap_err();
        assert_eq!((failure.code, failure.subject), ("port-in-use", taken.address.to_string()));
        drop(first);
        let only_tcp = SipSockets::bind(&[Listen { transport: Transport::Tcp, ..taken }]).await.unwrap();
        assert_eq!(SipSockets::bind(&[taken]).await.unwrap_err().code, "port-in-use", "TCP alone is taken");
        drop(only_tcp);
        SipSockets::bind(&[taken]).await.unwrap();
    }

    #[tokio::test]
    async fn an_address_of_another_machine_is_refused() {
        let failure = SipSockets::bind(&[listen(Transport::Udp, "192.0.2.1:0")]).await.unwrap_err();
        assert_eq!(failure.code, "address-not-ours");
    }
}
