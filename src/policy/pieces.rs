//! Two databases compared on every disjoint piece of their selectors (PROTOCOL section 2.1).

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::spd::ends;
use super::{compare, Direction, Entry, Flow, Guarantee, Level, Ports, Prefix, Spd, Tightness, Upper};
use crate::vocab::{Device, Entity, Wall};

/// Most pieces that are compared for one direction.
pub const MAX_PIECES: usize = 200_000;

/// What of two databases is compared.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Whose streams.
    pub peer: Option<(&'a Entity, &'a Device)>,
    /// Packets between these two addresses only, ours first.
    pub ends: Option<(IpAddr, IpAddr)>,
    pub default_level: Level,
    pub now: Wall,
}

/// Packets that no entry on either side tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    pub direction: Direction,
    /// The first address of the piece, and the ports.
    pub source: (IpAddr, Ports),
    pub destination: (IpAddr, Ports),
    /// `Any` stands for neither TCP nor UDP.
    pub upper: Upper,
}

/// A piece on which two databases do not guarantee the same.
#[derive(Clone, Copy, Debug)]
pub struct PieceDifference<'a> {
    pub piece: Piece,
    pub p: &'a Entry,
    pub q: &'a Entry,
    /// P held against Q.
    pub relation: Tightness,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the entries cut each other into more than {MAX_PIECES} pieces")]
pub struct TooManyPieces;

/// Every piece on which P and Q differ.
pub fn compare_sets<'a>(p: &'a Spd, q: &'a Spd, view: &View<'a>) -> Result<Vec<PieceDifference<'a>>, TooManyPieces> {
    let mut differences = Vec::new();
    for direction in [Direction::Out, Direction::In] {
        for piece in Cuts::new(p, q, view, direction).pieces()? {
            let flow = piece.flow(view.peer);
            let (p, q) = (p.lookup(&flow, view.now).entry, q.lookup(&flow, view.now).entry);
            let guarantee = |entry: &Entry| Guarantee::of(&entry.action, view.default_level);
            let relation = compare(&guarantee(p), &guarantee(q));
            if relation != Tightness::Same {
                differences.push(PieceDifference { piece, p, q, relation });
            }
        }
    }
    Ok(differences)
}

/// True when P is at least as tight as Q on every piece. False, too, when there are too many of them.
pub fn at_least_as_tight(p: &Spd, q: &Spd, view: &View<'_>) -> bool {
    compare_sets(p, q, view).is_ok_and(|found| found.iter().all(|difference| difference.relation.at_least()))
}

/// True when P is tighter than Q on a piece, or when there are too many of them to say.
pub fn tightens_somewhere(p: &Spd, q: &Spd, view: &View<'_>) -> bool {
    let found = compare_sets(p, q, view);
    found.map_or(true, |found| found.iter().any(|difference| difference.relation == Tightness::Tighter))
}

/// Where pieces begin, dimension by dimension.
struct Cuts {
    direction: Direction,
    sources: Vec<IpAddr>,
    destinations: Vec<IpAddr>,
    source_ports: Vec<Ports>,
    destination_ports: Vec<Ports>,
}

impl Cuts {
    fn new(p: &Spd, q: &Spd, view: &View<'_>, direction: Direction) -> Self {
        let of = |spd: &'_ Spd, entry: &Entry| {
            let matches = entry.peer.matches(view.peer, spd.group_of(view.peer));
            entry.direction == direction && matches && entry.in_force(view.now)
        };
        let (p, q) = (p.entries().filter(|entry| of(p, entry)), q.entries().filter(|entry| of(q, entry)));
        let selectors: Vec<_> = p.chain(q).map(|entry| &entry.selector).collect();
        let (sources, destinations) = match view.ends.map(|(ours, theirs)| ends(direction, ours, theirs)) {
            Some((source, destination)) => (vec![source], vec![destination]),
            None => (
                address_cuts(selectors.iter().map(|selector| selector.source)),
                address_cuts(selectors.iter().map(|selector| selector.destination)),
            ),
        };
        Self {
            direction,
            sources,
            destinations,
            source_ports: port_cuts(selectors.iter().map(|selector| selector.source_ports)),
            destination_ports: port_cuts(selectors.iter().map(|selector| selector.destination_ports)),
        }
    }

    fn pieces(self) -> Result<impl Iterator<Item = Piece>, TooManyPieces> {
        let sizes =
            [self.sources.len(), self.destinations.len(), self.source_ports.len(), self.destination_ports.len(), 3];
        let count = sizes.into_iter().try_fold(1usize, usize::checked_mul).filter(|count| *count <= MAX_PIECES);
        let count = count.ok_or(TooManyPieces)?;
        Ok((0..count).filter_map(move |number| self.piece(number, sizes)))
    }

    /// Counts through all dimensions, as a mixed-radix number does.
    fn piece(&self, number: usize, sizes: [usize; 5]) -> Option<Piece> {
        let mut rest = number;
        let [source, destination, from, to, upper] = sizes.map(|size| {
            let digit = rest % size.max(1);
            rest /= size.max(1);
            digit
        });
        Some(Piece {
            direction: self.direction,
            source: (*self.sources.get(source)?, *self.source_ports.get(from)?),
            destination: (*self.destinations.get(destination)?, *self.destination_ports.get(to)?),
            upper: *Upper::ALL.get(upper)?,
        })
    }
}

/// The first address of each piece. Both families on one line, IPv4 where its mapped addresses are.
fn address_cuts(prefixes: impl Iterator<Item = Prefix>) -> Vec<IpAddr> {
    const V4: (u128, u32) = (0xffff << 32, 96);
    let mut starts = BTreeSet::from([0]);
    let mut cut = |(first, len): (u128, u32)| {
        let last = first | u128::MAX.checked_shr(len).unwrap_or(0);
        starts.extend([Some(first), last.checked_add(1)].into_iter().flatten());
    };
    cut(V4);
    for prefix in prefixes {
        match prefix {
            Prefix::Any => {}
            Prefix::Net { address: IpAddr::V4(address), len } => {
                cut((V4.0 | u128::from(u32::from(address)), 96 + u32::from(len)))
            }
            Prefix::Net { address: IpAddr::V6(address), len } => cut((address.into(), len.into())),
        }
    }
    starts.into_iter().map(|start| IpAddr::V6(Ipv6Addr::from(start)).to_canonical()).collect()
}

fn port_cuts(ports: impl Iterator<Item = Ports>) -> Vec<Ports> {
    let mut starts = BTreeSet::from([0]);
    for (first, last) in ports.map(|ports| ports.bounds()) {
        starts.extend([Some(first), last.checked_add(1)].into_iter().flatten());
    }
    let lasts = starts.iter().skip(1).map(|next| next - 1).chain([u16::MAX]);
    let whole = |(first, last)| match (first, last) {
        (0, u16::MAX) => Ports::Any,
        (first, last) => Ports::Range { first, last },
    };
    starts.iter().copied().zip(lasts).map(whole).collect()
}

impl Piece {
    /// The first packet of the piece.
    pub fn flow<'a>(&self, peer: Option<(&'a Entity, &'a Device)>) -> Flow<'a> {
        let first = |(address, ports): (IpAddr, Ports)| SocketAddr::new(address, ports.bounds().0);
        Flow {
            source: first(self.source),
            destination: first(self.destination),
            upper: self.upper,
            direction: self.direction,
            peer,
        }
    }
}

/// `out udp 192.168.1.1[any] -> 192.168.1.2[5004]`
impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let upper = match self.upper {
            Upper::Any => "other",
            Upper::Tcp => "tcp",
            Upper::Udp => "udp",
        };
        let ((source, from), (destination, to)) = (self.source, self.destination);
        write!(f, "{} {upper} {source}[{from}] -> {destination}[{to}]", self.direction)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::policy::setkey::parse;
    use crate::policy::strategies;
    use crate::vocab::Generation;

    fn spd(text: &str) -> Spd {
        Spd::compile(Generation(1), parse(text).unwrap(), parse("spdadd any any any -P out none").unwrap())
    }

    const EVERYBODY: View<'_> = View { peer: None, ends: None, default_level: Level::Require, now: Wall(0) };

    #[test]
    fn a_hole_in_the_ports_is_found_and_named() {
        let q = spd("spdadd 192.168.1.1 192.168.1.2 udp -P out ipsec esp/transport//require");
        let p = spd("spdadd 192.168.1.1 192.168.1.2 udp -P out ipsec esp/transport//require
            spdadd 192.168.1.1 192.168.1.2[5004-5005] udp -P out none");
        assert!(at_least_as_tight(&q, &p, &EVERYBODY) && !at_least_as_tight(&p, &q, &EVERYBODY));
        assert!(tightens_somewhere(&q, &p, &EVERYBODY) && !tightens_somewhere(&p, &q, &EVERYBODY));
        let found = compare_sets(&p, &q, &EVERYBODY).unwrap();
        let texts: Vec<_> = found.iter().map(|found| found.piece.to_string()).collect();
        assert_eq!(texts, ["out udp 192.168.1.1[any] -> 192.168.1.2[5004-5005]"]);
    }

    #[test]
    fn families_do_not_mix_and_ends_narrow_the_view() {
        let q = spd("spdadd 192.168.0.0/16 any any -P in discard spdadd ::/1 any any -P in discard");
        let p = spd("spdadd ::/1 any any -P in discard");
        assert!(!at_least_as_tight(&p, &q, &EVERYBODY));
        let ends = |ours: &str, theirs: &str| Some((ours.parse().unwrap(), theirs.parse().unwrap()));
        assert!(!at_least_as_tight(&p, &q, &View { ends: ends("10.0.0.1", "192.168.1.1"), ..EVERYBODY }));
        assert!(at_least_as_tight(&p, &q, &View { ends: ends("10.0.0.1", "192.169.1.1"), ..EVERYBODY }));
    }

    #[test]
    fn ipv4_is_a_piece_of_its_own_between_ipv6_prefixes() {
        let q = spd("spdadd any any any -P in discard");
        let p = spd("spdadd ::/1 any any -P in discard spdadd 8000::/1 any any -P in discard");
        assert!(!at_least_as_tight(&p, &q, &EVERYBODY));
    }

    #[test]
    fn too_many_pieces_are_not_at_least_as_tight() {
        let text: String =
            (0..60).map(|n| format!("spdadd 10.0.{n}.1[{n}] 10.1.{n}.1[{n}] udp -P out none;")).collect();
        let many = spd(&text);
        assert_eq!(compare_sets(&many, &many, &EVERYBODY).err(), Some(TooManyPieces));
        assert!(!at_least_as_tight(&many, &many, &EVERYBODY));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

        /// What holds on the pieces holds for any packet: no packet falls between them.
        #[test]
        fn no_packet_falls_between_the_pieces(
            p in vec(strategies::entry(), 0..4),
            q in vec(strategies::entry(), 0..4),
            ends in ((strategies::address(), strategies::port()), (strategies::address(), strategies::port())),
            (upper, direction) in (strategies::upper(), strategies::direction()),
        ) {
            let [p, q] = [p, q].map(|entries| Spd::compile(Generation(1), entries, Vec::new()));
            let Ok(found) = compare_sets(&p, &q, &EVERYBODY) else { return Ok(()) };
            let flow = Flow { source: ends.0.into(), destination: ends.1.into(), upper, direction, peer: None };
            let [a, b] = [&p, &q].map(|spd| Guarantee::of(&spd.lookup(&flow, Wall(0)).entry.action, Level::Require));
            let relation = compare(&a, &b);
            prop_assert!(relation == Tightness::Same || found.iter().any(|found| found.relation == relation));
        }
    }
}
