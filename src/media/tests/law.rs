//! The law of PROTOCOL section 2.1 over whole databases: several entries on either side, of any selector, peer, priority and
//! end, through the two doors of real streams.

use proptest::collection::vec;

use super::*;
use crate::media::Associations;
use crate::policy::{at_least_as_tight, Flow, PeerScope, Upper, View};

/// Entries of packets from Alice to Bob as one side sees them: for everybody, or for the streams of this call.
fn side(entries: Vec<Entry>, direction: Direction) -> Spd {
    let scope = |entry: Entry| match entry.peer.is_everybody() {
        true => entry,
        false => {
            let (entity, device) = peer();
            let device = entry.peer.device.as_ref().map(|_| device);
            Entry { peer: PeerScope { entity: Some(entity), device, group: None }, ..entry }
        }
    };
    let entries = entries.into_iter().map(|entry| Entry { direction, disabled: false, ..scope(entry) }).collect();
    Spd::compile(Generation(1), entries, vec![Entry::new(Selector::ANY, direction, Action::None)])
}

fn srtp(ours: u8, theirs: u8) -> Associations {
    use crate::srtp::{CryptoSuite, MasterKey, Receiver, Sender};
    let key = |octet| MasterKey::new(CryptoSuite::AeadAes128Gcm, &[octet; 28]).unwrap();
    let (sender, receiver) = (Sender::new(&key(ours)).unwrap(), Receiver::new(&key(theirs)).unwrap());
    Associations::Srtp { sender: Box::new(sender), receiver: Box::new(receiver) }
}

fn peer() -> (Entity, Device) {
    (Entity::parse("sip:peer@host").unwrap(), Device::new("d1").unwrap())
}

/// Entries that speak of the call's packets more often than those of [`strategies::entry`] do, and of `srtp` too.
fn entry() -> impl Strategy<Value = Entry> {
    (strategies::entry(), strategies::action_of_any(), any::<[bool; 4]>()).prop_map(|(mut entry, action, near)| {
        use crate::policy::{Ports, Prefix};
        entry.action = action;
        let selector = &mut entry.selector;
        if near[0] {
            selector.source = Prefix::new(alice().ip(), 24).unwrap();
            selector.source_ports = Ports::Any;
        }
        if near[1] {
            selector.destination = Prefix::host(bob().ip());
            selector.destination_ports = Ports::one(bob().port());
        }
        if near[2] {
            selector.upper = Upper::Udp;
        }
        if near[3] {
            entry.expires = None;
        }
        entry
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sent_under_a_tighter_database_is_accepted(
        p in vec(entry(), 0..5),
        q in vec(entry(), 0..5),
        same in any::<bool>(),
        level in prop_oneof![Just(Level::Use), Just(Level::Require)],
        telephone in any::<bool>(),
    ) {
        let q = if same { p.clone() } else { q };
        let (sender, receiver) = (side(p, Direction::Out), side(q.clone(), Direction::In));
        let compared = side(q, Direction::Out);
        let (entity, device) = peer();
        let named = Some((&entity, &device));
        let now = Wall(2000);
        let ends = Some((alice().ip(), bob().ip()));
        let view = View { peer: named, ends, default_level: level, now };
        let tight = at_least_as_tight(&sender, &compared, &view);
        let flow = |direction| Flow { source: alice(), destination: bob(), upper: Upper::Udp, direction, peer: named };
        let out = sender.lookup(&flow(Direction::Out), now).entry.action.clone();
        let demanded = receiver.lookup(&flow(Direction::In), now).entry.action.clone();
        let (theirs, ours) = (Guarantee::of(&out, level), Guarantee::of(&demanded, level));
        if tight {
            prop_assert!(theirs.at_least_as_tight_as(&ours), "{} is no tighter than {}", out, demanded);
        }
        // What both agree on is what the tighter side sends: SRTP where an ordinary telephone can serve that.
        let by_srtp = telephone && Bundle::SRTP.missing_for(&out, level).is_empty();
        let agreed = if by_srtp { Bundle::SRTP } else { Bundle::of(&out) };
        let protection = |a, b| match by_srtp {
            true => srtp(a, b),
            false => Protection::from_keys(keys(agreed, a), keys(agreed, b)).unwrap().into(),
        };
        let of = |local, remote, spd| StreamConfig { default_level: level, ..config(local, remote, Arc::new(spd), agreed) };
        let sender = Stream::new(of(alice(), bob(), sender), protection(1, 2));
        let receiver = Stream::new(of(bob(), alice(), receiver), protection(2, 1));
        let (mut egress, mut ingress) = (sender.into_doors().0, receiver.into_doors().1);
        let mut buffer = PacketBuffer::new(200);
        buffer.begin(172).unwrap().fill(0x80);
        let mut room = vec![0; ingress.room()];
        let Ok(mut datagram) = egress.protect(now, &mut buffer).map(<[u8]>::to_vec) else {
            prop_assert!(theirs.discard, "{} was not sent", out);
            return Ok(());
        };
        prop_assert!(!theirs.discard);
        match ingress.unprotect(now, alice(), &mut datagram, &mut room) {
            Ok(Some(arrival)) => {
                prop_assert_eq!(&arrival.payload[..], &[0x80; 172][..]);
                prop_assert!(ours.accepts(&agreed.carried()), "{} was delivered under {}", agreed, demanded);
            }
            refused => prop_assert!(!tight, "{} under {} was refused under {}: {:?}", agreed, out, demanded, refused.is_err()),
        }
    }
}
