use super::order::{decide, Criterion};
use super::{Ruling, Spd, Why};
use crate::policy::{Action, Flow, Upper};
use crate::vocab::Wall;

impl Spd {
    /// By what media of this flow goes, whatever its upper protocol: by TCP where an entry names it that stands before the one for UDP, and not for
    /// its age alone, or where UDP is discarded; else by UDP.
    pub fn transport(&self, flow: &Flow<'_>, now: Wall) -> Upper {
        let by = |upper| self.lookup(&Flow { upper, ..*flow }, now);
        let (tcp, udp) = (by(Upper::Tcp), by(Upper::Udp));
        let is_named = tcp.entry.selector.upper == Upper::Tcp && tcp.entry.action != Action::Discard;
        match is_named && (udp.entry.action == Action::Discard || stands_before(&tcp, &udp)) {
            true => Upper::Tcp,
            false => Upper::Udp,
        }
    }
}

fn stands_before(one: &Ruling<'_>, other: &Ruling<'_>) -> bool {
    match (one.why, other.why) {
        (Why::First, Why::First) | (Why::Default, Why::Default) => {
            let by_more_than_age =
                |(why, order): (Criterion, std::cmp::Ordering)| order.is_lt() && why != Criterion::Age;
            decide(one.entry, other.entry).is_some_and(by_more_than_age)
        }
        (first, _) => first == Why::First,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::setkey::parse;
    use crate::policy::Direction;
    use crate::vocab::{EntryId, Generation};

    const UDP: &str = "spdadd any any udp -P out ipsec esp/transport//require;";

    fn transport(ordinary: &[&str], default: &str) -> Upper {
        let numbered = |(number, text): (usize, &&str)| {
            let mut entry = parse(text).unwrap().remove(0);
            (entry.id, entry.created) = (EntryId(number as u64), Wall(number as u64));
            entry
        };
        let entries = ordinary.iter().enumerate().map(numbered).collect();
        let spd = Spd::compile(Generation(1), entries, parse(default).unwrap());
        let (source, destination) = ("192.168.1.1:16384".parse().unwrap(), "192.168.1.2:16384".parse().unwrap());
        let flow = Flow { source, destination, upper: Upper::Udp, direction: Direction::Out, peer: None };
        spd.transport(&flow, Wall(9))
    }

    #[test]
    fn media_goes_by_what_the_first_entry_names() {
        let peer = |upper: &str, action: &str| format!("spdadd 192.168.1.1 192.168.1.2 {upper} -P out {action};");
        let esp = "ipsec esp/transport//require";
        for (ordinary, default, wanted) in [
            (vec![], UDP, Upper::Udp),
            (vec![peer("tcp", esp)], UDP, Upper::Tcp),
            (vec![peer("any", esp)], UDP, Upper::Udp),
            (vec![peer("tcp", "discard")], UDP, Upper::Udp),
            (vec![peer("udp", esp), peer("tcp", esp)], UDP, Upper::Udp),
            (vec![peer("tcp", esp), peer("udp", esp)], UDP, Upper::Udp),
            (vec![peer("udp", esp), peer("tcp", esp) + " # sv: priority=1"], UDP, Upper::Tcp),
            (vec![peer("tcp", esp), peer("udp", esp) + " # sv: priority=1"], UDP, Upper::Udp),
            (vec![peer("udp", "discard"), peer("tcp", esp)], UDP, Upper::Tcp),
            (vec![peer("udp", esp)], "spdadd any any tcp -P out ipsec esp/transport//require;", Upper::Udp),
            (vec![], "spdadd any any tcp -P out ipsec esp/transport//require;", Upper::Tcp),
        ] {
            let texts: Vec<&str> = ordinary.iter().map(String::as_str).collect();
            assert_eq!(transport(&texts, default), wanted, "{ordinary:?} {default}");
        }
    }
}
