use std::collections::BTreeMap;

use super::*;

const DOMAIN: &str = "example.org";

fn naptr(order: u16, preference: u16, service: &str, replacement: &str) -> Naptr {
    let (service, replacement) = (service.to_owned(), replacement.to_owned());
    Naptr { order, preference, flags: "s".into(), service, replacement }
}

fn srv(priority: u16, weight: u16, port: u16, target: &str) -> Srv {
    Srv { priority, weight, port, target: target.to_owned() }
}

/// A zone: what is asked is answered from it, and noted.
#[derive(Default)]
struct Zone {
    naptr: BTreeMap<&'static str, Vec<Naptr>>,
    srv: BTreeMap<&'static str, Vec<Srv>>,
    addresses: BTreeMap<&'static str, Vec<&'static str>>,
}

impl Zone {
    fn answer(&self, question: &Question) -> Answer {
        match question {
            Question::Addresses(name) => {
                let all = self.addresses.get(name.as_str()).into_iter().flatten();
                Answer::Addresses(all.map(|address| address.parse().unwrap()).collect())
            }
            Question::Naptr(name) => Answer::Naptr(self.naptr.get(name.as_str()).cloned().unwrap_or_default()),
            Question::Srv(name) => Answer::Srv(self.srv.get(name.as_str()).cloned().unwrap_or_default()),
        }
    }

    /// What was asked, and what was found.
    fn locate(&self, what: Locate) -> (Vec<String>, Vec<String>) {
        let mut locating = Locating::new(what, [7; 32]);
        let mut asked = Vec::new();
        for _ in 0..4 {
            let questions = locating.questions();
            if questions.is_empty() {
                return (asked, locating.located().iter().map(Candidate::to_string).collect());
            }
            asked.extend(questions.iter().map(|question| match question {
                Question::Addresses(name) => format!("A {name}"),
                Question::Naptr(name) => format!("NAPTR {name}"),
                Question::Srv(name) => format!("SRV {name}"),
            }));
            locating.handle_answers(questions.iter().map(|question| self.answer(question)).collect());
        }
        panic!("a search without an end: {asked:?}");
    }
}

/// One of everything.
fn zone() -> Zone {
    let mut zone = Zone::default();
    zone.naptr.insert(
        DOMAIN,
        vec![
            naptr(10, 20, "SIP+D2T", "_sip._tcp.example.org"),
            naptr(10, 10, "SIP+D2U", "_sip._udp.other.example"),
            naptr(10, 5, "SIP+D2S", "_sip._sctp.example.org"),
            naptr(10, 30, "sips+d2t", "_sips._tcp.example.org"),
        ],
    );
    zone.srv.insert("_sip._udp.other.example", vec![srv(2, 0, 5070, "b.example"), srv(1, 0, 5060, "a.example")]);
    zone.srv.insert("_sip._tcp.example.org", vec![srv(1, 0, 5062, "b.example")]);
    zone.srv.insert("_sips._tcp.example.org", vec![srv(1, 0, 5061, "a.example")]);
    zone.addresses.insert("a.example", vec!["192.0.2.1", "2001:db8::1"]);
    zone.addresses.insert("b.example", vec!["192.0.2.2"]);
    zone.addresses.insert(DOMAIN, vec!["192.0.2.9"]);
    zone
}

fn with(transport: Option<Transport>, port: Option<u16>, secure: bool) -> Locate {
    Locate { host: DOMAIN.into(), port, transport, secure }
}

#[test]
fn a_domain_says_by_which_transports_it_is_reached_and_in_which_order() {
    let (asked, found) = zone().locate(with(None, None, false));
    let services = ["_sip._udp.other.example", "_sip._tcp.example.org", "_sips._tcp.example.org"];
    assert_eq!(asked[0], "NAPTR example.org");
    assert_eq!(asked[1..4], services.map(|name| format!("SRV {name}")));
    assert_eq!(
        found,
        [
            "udp:192.0.2.1:5060",
            "udp:[2001:db8::1]:5060",
            "udp:192.0.2.2:5070",
            "tcp:192.0.2.2:5062",
            "tls:192.0.2.1:5061",
            "tls:[2001:db8::1]:5061",
        ]
    );
}

#[test]
fn what_is_named_is_not_asked_for() {
    let zone = zone();
    let by_host = ["A example.org".to_owned()];
    for (what, asked, found) in [
        (with(None, Some(5080), false), &by_host[..], "udp:192.0.2.9:5080"),
        (with(None, Some(5080), true), &by_host[..], "tls:192.0.2.9:5080"),
        (with(Some(Transport::Tcp), Some(5080), false), &by_host[..], "tcp:192.0.2.9:5080"),
        (Locate::host("192.0.2.77", None), &[], "udp:192.0.2.77:5060"),
        (Locate { secure: true, ..Locate::host("2001:db8::7", None) }, &[], "tls:[2001:db8::7]:5061"),
        (Locate { transport: Some(Transport::Tcp), ..Locate::host("192.0.2.77", Some(7)) }, &[], "tcp:192.0.2.77:7"),
    ] {
        assert_eq!(zone.locate(what.clone()), (asked.to_vec(), vec![found.to_owned()]), "{what:?}");
    }
    let (asked, found) = zone.locate(with(Some(Transport::Tcp), None, false));
    assert_eq!((asked[0].as_str(), asked.len()), ("SRV _sip._tcp.example.org", 2));
    assert_eq!(found, ["tcp:192.0.2.2:5062"]);
}

#[test]
fn without_naptr_every_transport_is_asked_for_and_without_srv_it_is_the_host_itself() {
    let mut zone = zone();
    zone.naptr.clear();
    let (asked, found) = zone.locate(with(None, None, false));
    assert_eq!(asked[1..3], ["SRV _sip._udp.example.org", "SRV _sip._tcp.example.org"]);
    assert_eq!(found, ["tcp:192.0.2.2:5062"]);
    zone.srv.clear();
    assert_eq!(zone.locate(with(None, None, false)).1, ["udp:192.0.2.9:5060"]);
    assert_eq!(zone.locate(with(None, None, true)).1, ["tls:192.0.2.9:5061"]);
    assert_eq!(zone.locate(with(Some(Transport::Tls), None, false)).1, ["tls:192.0.2.9:5061"]);
}

#[test]
fn sips_is_tls_whatever_the_records_say() {
    let mut zone = zone();
    let tls = ["tls:192.0.2.1:5061", "tls:[2001:db8::1]:5061"];
    assert_eq!(zone.locate(with(None, None, true)).1, tls);
    assert_eq!(zone.locate(with(Some(Transport::Udp), None, true)).1, tls);
    zone.naptr.get_mut(DOMAIN).unwrap().pop();
    assert_eq!(zone.locate(with(None, None, true)).1, tls, "no NAPTR record of it, but SRV");
}

#[test]
fn tls_that_comes_first_is_not_followed_by_anything_in_clear() {
    let mut zone = zone();
    zone.naptr.get_mut(DOMAIN).unwrap()[3].preference = 1;
    assert_eq!(zone.locate(with(None, None, false)).1, ["tls:192.0.2.1:5061", "tls:[2001:db8::1]:5061"]);
}

#[test]
fn tls_that_comes_first_is_kept_when_its_servers_are_not_told() {
    let mut zone = zone();
    zone.naptr.get_mut(DOMAIN).unwrap()[3].preference = 1;
    let mut locating = Locating::new(with(None, None, false), [7; 32]);
    locating.handle_answers(vec![zone.answer(&Question::Naptr(DOMAIN.into()))]);
    locating.give_up_services();
    locating.handle_answers(vec![zone.answer(&Question::Addresses(DOMAIN.into()))]);
    assert_eq!(locating.located().iter().map(Candidate::to_string).collect::<Vec<_>>(), ["tls:192.0.2.9:5061"]);
}

#[test]
fn only_the_lowest_order_that_is_of_use_counts_and_foreign_records_do_not() {
    let records = |records: Vec<Naptr>| {
        let services = naptr::services(records, false);
        services.into_iter().map(|service| service.name).collect::<Vec<_>>()
    };
    assert_eq!(
        records(vec![naptr(2, 1, "SIP+D2U", "late"), naptr(0, 1, "E2U+sip", "x"), naptr(1, 9, "SIP+D2T", "t")]),
        ["t"]
    );
    let unusable = Naptr { flags: "u".into(), ..naptr(0, 0, "SIP+D2U", "regexp") };
    assert!(records(vec![unusable, naptr(0, 0, "SIP+D2U", "."), naptr(0, 0, "SIP+D2U", "")]).is_empty());
}

#[test]
fn a_domain_that_has_no_such_service_is_taken_at_its_word() {
    let mut zone = zone();
    zone.srv.insert("_sip._tcp.example.org", vec![srv(0, 0, 0, ".")]);
    assert_eq!(
        zone.locate(with(Some(Transport::Tcp), None, false)),
        (vec!["SRV _sip._tcp.example.org".into()], vec![])
    );
}

#[test]
fn a_name_server_that_is_silent_leaves_the_host_itself() {
    for (what, found) in [
        (with(None, None, false), "udp:192.0.2.9:5060"),
        (with(None, None, true), "tls:192.0.2.9:5061"),
        (with(Some(Transport::Tcp), None, false), "tcp:192.0.2.9:5060"),
    ] {
        let mut locating = Locating::new(what, [7; 32]);
        locating.give_up_services();
        let questions = locating.questions();
        assert_eq!(questions, [Question::Addresses(DOMAIN.into())]);
        locating.handle_answers(questions.iter().map(|question| zone().answer(question)).collect());
        assert_eq!(locating.located().iter().map(Candidate::to_string).collect::<Vec<_>>(), [found]);
    }
}

#[test]
fn answers_without_end_and_addresses_that_are_none_are_cut() {
    let mut zone = zone();
    zone.srv.insert("_sip._tcp.example.org", (0..3000).map(|at| srv(at, 1, 5060, "many.example")).collect());
    zone.addresses.insert("many.example", vec!["0.0.0.0", "::", "224.0.1.75", "ff02::1", "192.0.2.3"]);
    let (asked, found) = zone.locate(with(Some(Transport::Tcp), None, false));
    assert_eq!((asked.len(), found), (1 + CANDIDATES, vec!["tcp:192.0.2.3:5060".to_owned()]));
    let many = (0..200).map(|at| IpAddr::from([192, 0, 2, at])).collect();
    let mut locating = Locating::new(with(None, Some(5060), false), [7; 32]);
    locating.handle_answers(vec![Answer::Addresses(many)]);
    assert_eq!(locating.located().len(), CANDIDATES);
}

#[test]
fn answers_of_the_wrong_kind_are_none() {
    let mut locating = Locating::new(with(None, None, false), [7; 32]);
    for _ in 0..3 {
        locating.handle_answers(vec![Answer::Srv(Vec::new()); 1]);
    }
    assert!(locating.questions().is_empty() && locating.located().is_empty());
}

/// Servers of one priority are chosen in proportion to their weights (RFC 2782).
#[test]
fn weights_are_shares() {
    const DRAWS: u32 = 20_000;
    let mut rng = ChaCha20Rng::from_seed([3; 32]);
    let records = || vec![srv(1, 60, 1, "sixty"), srv(1, 30, 1, "thirty"), srv(1, 10, 1, "ten"), srv(0, 0, 1, "first")];
    let (mut second, mut third) = (BTreeMap::<String, u32>::new(), BTreeMap::<String, u32>::new());
    for _ in 0..DRAWS {
        let ordered = srv::in_order(records(), &mut rng);
        assert_eq!((ordered.len(), ordered[0].target.as_str()), (4, "first"));
        *second.entry(ordered[1].target.clone()).or_default() += 1;
        *third.entry(ordered[2].target.clone()).or_default() += 1;
    }
    let near = |found: u32, share: f64| (f64::from(found) / f64::from(DRAWS) - share).abs() < 0.015;
    // Of the numbers 0 to 100 the first running sum takes one more than its weight: that is the RFC's own bias.
    assert!(near(second["sixty"], 0.6) && near(second["thirty"], 0.3) && near(second["ten"], 0.1), "{second:?}");
    // Then among those that are left: 0.6 * 10/40 + 0.3 * 10/70 = 0.193.
    assert!(near(third["ten"], 0.193), "{third:?}");
}

#[test]
fn weight_zero_has_a_small_chance_and_equal_ones_are_all_tried() {
    let mut rng = ChaCha20Rng::from_seed([4; 32]);
    let records = || vec![srv(1, 9, 1, "nine"), srv(1, 0, 1, "zero")];
    let first = (0..5000).filter(|_| srv::in_order(records(), &mut rng)[0].target == "zero").count();
    assert!((350..650).contains(&first), "one in ten: {first}");
}
