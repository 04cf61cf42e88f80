//! The addresses of this machine.

use std::net::{IpAddr, Ipv4Addr};

/// The first IPv4 address that is not loopback, in the order of the system's interfaces; else 127.0.0.1.
pub fn own_address() -> IpAddr {
    ipv4_addresses().into_iter().find(|address| !address.is_loopback()).unwrap_or(Ipv4Addr::LOCALHOST).into()
}

/// IPv4 addresses of the interfaces that are up.
fn ipv4_addresses() -> Vec<Ipv4Addr> {
    let mut first: *mut libc::ifaddrs = std::ptr::null_mut();
    // SAFETY: getifaddrs stores a list into `first`, or fails and stores nothing.
    if unsafe { libc::getifaddrs(&mut first) } != 0 {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut next = first;
    // SAFETY: every element of the list lives until freeifaddrs, and `next` is null behind the last one.
    while let Some(interface) = unsafe { next.as_ref() } {
        found.extend(up_ipv4(interface));
        next = interface.ifa_next;
    }
    // SAFETY: `first` came from getifaddrs, is freed once, and nothing of the list is used after.
    unsafe { libc::freeifaddrs(first) };
    found
}

fn up_ipv4(interface: &libc::ifaddrs) -> Option<Ipv4Addr> {
    if interface.ifa_flags & libc::IFF_UP as libc::c_uint == 0 {
        return None;
    }
    // SAFETY: `ifa_addr` is null or points to a socket address of the family that it names.
    let family = unsafe { interface.ifa_addr.as_ref() }?.sa_family;
    if i32::from(family) != libc::AF_INET {
        return None;
    }
    // SAFETY: of family AF_INET it is a sockaddr_in; read_unaligned asks for no alignment.
    let address = unsafe { interface.ifa_addr.cast::<libc::sockaddr_in>().read_unaligned() };
    Some(Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_ours_is_specified() {
        assert!(!own_address().is_unspecified());
        assert_eq!(own_address(), own_address());
    }
}
