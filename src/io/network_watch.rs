//! The networks that this machine is attached to, told anew whenever they change (rtnetlink(7)).

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use futures_util::{Stream, StreamExt, TryStreamExt};
use rtnetlink::packet_route::address::{AddressAttribute, AddressFlags, AddressMessage};
use rtnetlink::packet_route::link::{LinkAttribute, LinkFlags, LinkLayerType, LinkMessage};
use rtnetlink::packet_route::neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourMessage};
use rtnetlink::packet_route::route::{RouteAddress, RouteAttribute, RouteMessage};
use rtnetlink::{Handle, MulticastGroup};
use tokio::sync::mpsc;

use crate::agent::Done;
use crate::policy::{Gateway, HardwareAddress, Interface, InterfaceKind, Network};

/// Changes come in crowds, an address with its routes: what is told is how things stand after so long without another.
const SETTLED: Duration = Duration::from_millis(50);

/// And after so long in any case.
const LATEST: Duration = Duration::from_millis(300);

/// Looked at anew after so long without a word: a message can be lost where many come at once.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// A gateway that does not say its hardware address is spoken to again after so long, then after twice that.
const SPEAK_AGAIN: Duration = Duration::from_secs(1);

/// A port where nobody listens: whoever is spoken to there has to be found first, and that is what is wanted (RFC 863).
const DISCARD: u16 = 9;

/// A connection that ended, or does not come about, is opened anew after so long.
const RECONNECT: Duration = Duration::from_secs(1);

/// Entries of one table of the kernel that are read.
const MOST: usize = 4096;

const GROUPS: [MulticastGroup; 6] = [
    MulticastGroup::Link,
    MulticastGroup::Neigh,
    MulticastGroup::Ipv4Ifaddr,
    MulticastGroup::Ipv4Route,
    MulticastGroup::Ipv6Ifaddr,
    MulticastGroup::Ipv6Route,
];

/// Tells how things stand, and again after each change, until nobody listens. Without netlink it says so once in the log, and nothing.
pub async fn watch(dones: mpsc::Sender<Done>) {
    let mut told = None;
    loop {
        let (connection, handle, changes) = match rtnetlink::new_multicast_connection(&GROUPS) {
            Ok(opened) => opened,
            Err(error) => return tracing::warn!(%error, "the system does not tell of changes of the network"),
        };
        let connection = tokio::spawn(connection);
        follow(&dones, &handle, changes, &mut told).await;
        connection.abort();
        tokio::select! {
            () = dones.closed() => return,
            () = tokio::time::sleep(RECONNECT) => tracing::warn!("the system has ended its word of the network: asked anew"),
        }
    }
}

/// Until nobody listens, or the system tells no more.
async fn follow<T>(
    dones: &mpsc::Sender<Done>,
    handle: &Handle,
    mut changes: impl Stream<Item = T> + Unpin,
    told: &mut Option<Network>,
) {
    let mut pause = SPEAK_AGAIN;
    loop {
        match look(handle).await {
            Ok(network) if told.as_ref() != Some(&network) => {
                network.unknown_gateways().for_each(speak_to);
                pause = SPEAK_AGAIN;
                if dones.send(Done::NetworkLooked(Box::new(network.clone()))).await.is_err() {
                    return;
                }
                *told = Some(network);
            }
            // What was said just when the link came up may be lost.
            Ok(network) => {
                network.unknown_gateways().for_each(speak_to);
                pause = pause.saturating_mul(2).min(LOOK_AGAIN);
            }
            Err(error) => tracing::warn!(%error, "the system does not tell of its network"),
        }
        let all_known = told.as_ref().is_none_or(|network: &Network| network.unknown_gateways().next().is_none());
        tokio::select! {
            () = dones.closed() => return,
            goes_on = settled(&mut changes, if all_known { LOOK_AGAIN } else { pause }) => if !goes_on { return },
        }
    }
}

/// Until something has changed, and has come to rest; or for so long. `false` when nothing will come any more.
async fn settled<T>(changes: &mut (impl Stream<Item = T> + Unpin), pause: Duration) -> bool {
    match tokio::time::timeout(pause, changes.next()).await {
        Ok(Some(_)) => {}
        Ok(None) => return false,
        Err(_) => return true,
    }
    let rest = async { while let Ok(Some(_)) = tokio::time::timeout(SETTLED, changes.next()).await {} };
    let _ = tokio::time::timeout(LATEST, rest).await;
    true
}

async fn look(handle: &Handle) -> Result<Network, rtnetlink::Error> {
    let links: Vec<LinkMessage> = all(handle.link().get().execute()).await?;
    let addresses: Vec<AddressMessage> = all(handle.address().get().execute()).await?;
    let mut routes: Vec<RouteMessage> = Vec::new();
    routes.extend(all(handle.route().get(rtnetlink::RouteMessageBuilder::<Ipv4Addr>::new().build()).execute()).await?);
    routes.extend(all(handle.route().get(rtnetlink::RouteMessageBuilder::<Ipv6Addr>::new().build()).execute()).await?);
    let neighbours: Vec<NeighbourMessage> = all(handle.neighbours().get().execute()).await?;
    let known = hardware(&neighbours);
    let interface = |link: &LinkMessage| {
        let name = link.attributes.iter().find_map(|attribute| match attribute {
            LinkAttribute::IfName(name) => Some(name.clone()),
            _ => None,
        });
        let index = link.header.index;
        let is_here = |address: &&AddressMessage| address.header.index == index;
        Interface {
            name: name.unwrap_or_default(),
            kind: kind(link),
            addresses: addresses.iter().filter(is_here).filter_map(usable).collect(),
            gateways: routes.iter().filter_map(|route| gateway(route, index, &known)).collect(),
        }
    };
    let up = |link: &&LinkMessage| link.header.flags.contains(LinkFlags::Up);
    Ok(Network { interfaces: links.iter().filter(up).map(interface).collect() })
}

async fn all<T>(messages: impl Stream<Item = Result<T, rtnetlink::Error>>) -> Result<Vec<T>, rtnetlink::Error> {
    messages.take(MOST).try_collect().await
}

fn kind(link: &LinkMessage) -> InterfaceKind {
    match link.header.link_layer_type {
        LinkLayerType::Loopback => InterfaceKind::Loopback,
        // What has no hardware of its own: tun(4), WireGuard, IP in IP.
        LinkLayerType::None
        | LinkLayerType::Tunnel
        | LinkLayerType::Tunnel6
        | LinkLayerType::Sit
        | LinkLayerType::Ipgre => InterfaceKind::Tunnel,
        _ => InterfaceKind::Attached,
    }
}

/// Not one that is being tried out (RFC 4862 section 5.4), or that nobody else on the Internet could name.
fn usable(address: &AddressMessage) -> Option<IpAddr> {
    let find = |local: bool| {
        address.attributes.iter().find_map(|attribute| match attribute {
            AddressAttribute::Local(found) if local => Some(*found),
            AddressAttribute::Address(found) if !local => Some(*found),
            _ => None,
        })
    };
    let tentative = address.attributes.iter().any(|attribute| {
        matches!(attribute, AddressAttribute::Flags(flags) if flags.intersects(AddressFlags::Tentative | AddressFlags::Dadfailed))
    });
    let link_local = |address: &IpAddr| matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local());
    find(true).or_else(|| find(false)).filter(|found| !tentative && !link_local(found))
}

/// The default route over this interface, if that is what it is.
fn gateway(route: &RouteMessage, index: u32, known: &BTreeMap<(u32, IpAddr), HardwareAddress>) -> Option<Gateway> {
    if route.header.destination_prefix_length > 0 {
        return None;
    }
    let (mut over, mut address, mut metric) = (None, None, 0);
    for attribute in &route.attributes {
        match attribute {
            RouteAttribute::Oif(index) => over = Some(*index),
            RouteAttribute::Gateway(RouteAddress::Inet(v4)) => address = Some(IpAddr::V4(*v4)),
            RouteAttribute::Gateway(RouteAddress::Inet6(v6)) => address = Some(IpAddr::V6(*v6)),
            RouteAttribute::Priority(priority) => metric = *priority,
            _ => {}
        }
    }
    let hardware = address.and_then(|address| known.get(&(index, address)).copied());
    (over == Some(index)).then_some(Gateway { address, hardware, metric })
}

fn hardware(neighbours: &[NeighbourMessage]) -> BTreeMap<(u32, IpAddr), HardwareAddress> {
    let known = |neighbour: &NeighbourMessage| {
        let (mut address, mut hardware) = (None, None);
        for attribute in &neighbour.attributes {
            match attribute {
                NeighbourAttribute::Destination(NeighbourAddress::Inet(v4)) => address = Some(IpAddr::V4(*v4)),
                NeighbourAttribute::Destination(NeighbourAddress::Inet6(v6)) => address = Some(IpAddr::V6(*v6)),
                NeighbourAttribute::LinkLayerAddress(octets) => hardware = octets.as_slice().try_into().ok(),
                _ => {}
            }
        }
        Some(((neighbour.header.ifindex, address?), HardwareAddress(hardware?)))
    };
    neighbours.iter().filter_map(known).filter(|(_, hardware)| hardware.0 != [0; 6]).collect()
}

/// One empty datagram, so that the system asks for the gateway's hardware address: by that a place is told from another with the same
/// addresses.
#[expect(clippy::disallowed_methods, reason = "a socket for one datagram that nobody answers")]
fn speak_to(gateway: IpAddr) {
    let any = if gateway.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    let sent = UdpSocket::bind(SocketAddr::new(any, 0))
        .and_then(|socket| socket.set_nonblocking(true).map(|()| socket))
        .and_then(|socket| socket.send_to(&[], SocketAddr::new(gateway, DISCARD)));
    if let Err(error) = sent {
        tracing::debug!(%gateway, %error, "the gateway was not spoken to");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_look_finds_what_the_system_has() {
        let (dones, mut told) = mpsc::channel(1);
        let watching = tokio::spawn(watch(dones));
        let Some(Done::NetworkLooked(network)) = told.recv().await else { panic!("nothing was told") };
        let loopback = network.interfaces.iter().find(|interface| interface.kind == InterfaceKind::Loopback);
        assert!(loopback.is_some_and(|lo| lo.addresses.contains(&Ipv4Addr::LOCALHOST.into())), "{network:?}");
        assert!(network.has(super::super::own_address()), "{network:?}");
        drop(told);
        watching.await.unwrap();
    }
}
