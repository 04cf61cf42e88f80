//! Servers that DNS names (RFC 3263), with a name server of the test's own.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sottovoce::sip::{HeaderName, Message, Method, Response};

use crate::dns::{asks, Zone};
use crate::process::{look_until, own_address, silent, Answering, Home};

const DNS: u16 = 5353;

/// Asks a name server of the test's own, and waits for nobody longer than 64 * 20 ms.
fn configure(home: &Home, dns: Ipv4Addr, more: &str) {
    home.configure(&(home.usual("none;") + more));
    use_dns(home, dns);
}

pub fn use_dns(home: &Home, dns: Ipv4Addr) {
    let text = std::fs::read_to_string(home.config()).unwrap();
    let sip = format!("[sip]\ndns = [\"udp:{dns}:{DNS}\"]\nt1-ms = 20\n");
    std::fs::write(home.config(), text.replace("[sip]\n", &sip)).unwrap();
}

pub fn name_server(zone: Zone) -> (Ipv4Addr, Answering) {
    counting(zone, Arc::default())
}

/// Counts the answers that have records.
fn counting(zone: Zone, answered: Arc<AtomicUsize>) -> (Ipv4Addr, Answering) {
    let address = own_address();
    let answer = move |query: &[u8]| {
        let answer = zone.answer(query)?;
        answered.fetch_add(usize::from(answer[7] > 0), Ordering::Relaxed);
        Some(answer)
    };
    (address, Answering::start(SocketAddr::from((address, DNS)), answer))
}

/// Takes every registration, and nothing else.
pub fn registrar(address: SocketAddr) -> Answering {
    Answering::start(address, |bytes| {
        let Ok(Message::Request(request)) = Message::parse(bytes) else { return None };
        let status = if *request.method() == Method::Register { 200 } else { 404 };
        let mut response = Response::to(&request, status, "As It Is");
        if let Some(expires) = request.headers().first(HeaderName::EXPIRES) {
            response.headers_mut().push("Expires", expires).unwrap();
        }
        Some(response.to_bytes().to_vec())
    })
}

fn first_line(heard: &UdpSocket) -> String {
    heard.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut buffer = [0; 4096];
    let (length, _) = heard.recv_from(&mut buffer).unwrap();
    String::from_utf8_lossy(&buffer[..length]).lines().next().unwrap_or_default().to_owned()
}

/// ```text
/// example.org  NAPTR SIP+D2U -> _sip._udp.example.net  SRV 1 dead.example.net, SRV 2 alive.example.net:5070
/// alice        REGISTER -> dead (nothing comes) ; REGISTER -> alive ; 200
/// ```
#[test]
fn an_account_without_proxy_registers_at_the_second_server_when_the_first_is_dead() {
    let mut alice = Home::new("alice", "none");
    let (dead, alive) = (own_address(), own_address());
    let heard = silent(dead);
    let _registrar = registrar((alive, 5070).into());
    let zone = Zone::default()
        .naptr("example.org", 2, "SIP+D2T", "_sip._tcp.example.net")
        .naptr("example.org", 1, "SIP+D2U", "_sip._udp.example.net")
        .srv("_sip._udp.example.net", 2, 5070, "alive.example.net")
        .srv("_sip._udp.example.net", 1, 5060, "dead.example.net")
        .a("alive.example.net", alive)
        .a("dead.example.net", dead);
    let (dns, _server) = name_server(zone);
    configure(&alice, dns, "[[account]]\nentity = \"sip:alice@example.org\"\npublish = false\n");
    alice.start();
    let account = look_until(|| {
        let account = alice.run(&["account", "show", "sip:alice@example.org"]).expect(0).json();
        (account["state"] == "registered").then_some(account)
    });
    assert_eq!(account["proxy"], "example.org", "as configured: {account}");
    assert_eq!(account["address"], format!("udp:{alive}:5070"), "{account}");
    assert_eq!(first_line(&heard), "REGISTER sip:example.org SIP/2.0");
    let page = crate::process::finish(&mut alice.command(&["account", "show", "sip:alice@example.org"]));
    assert!(page.stdout.contains(&format!("udp:{alive}:5070")), "{page:?}");
}

/// Which of several accounts it is.
#[test]
fn an_account_whose_domain_is_nowhere_is_named() {
    let mut alice = Home::new("alice", "none");
    let (dns, _server) = name_server(Zone::default());
    configure(&alice, dns, "");
    alice.start();
    let failure = alice.run(&["account", "add", "alice@nowhere.example", "--no-password"]).expect(5).json();
    let failure = &failure["error"];
    assert_eq!(
        (failure["code"].as_str(), failure["subject"].as_str()),
        (Some("host-unknown"), Some("sip:alice@nowhere.example"))
    );
    let message = failure["message"].as_str().unwrap();
    assert!(message.starts_with("sip:alice@nowhere.example is not registered: the host nowhere.example"), "{message}");
}

/// By SRV alone: there is no NAPTR record.
#[test]
fn a_peer_is_asked_by_name_where_dns_has_it_and_the_next_address_is_tried() {
    let (mut alice, mut bob) = (Home::new("alice", "none"), Home::new("bob", "none"));
    let dead = own_address();
    let heard = silent(dead);
    let zone = Zone::default()
        .srv("_sip._udp.example.org", 1, 5060, "dead.example.org")
        .srv("_sip._udp.example.org", 2, 5060, "bob.example.org")
        .a("dead.example.org", dead)
        .a("bob.example.org", bob.address);
    let answered = Arc::<AtomicUsize>::default();
    let (dns, _server) = counting(zone, Arc::clone(&answered));
    configure(&alice, dns, "");
    let text = std::fs::read_to_string(bob.config()).unwrap();
    std::fs::write(bob.config(), text.replace(&bob.entity(), "sip:bob@example.org")).unwrap();
    alice.start();
    bob.start();
    let ask = alice.run(&["ask", "bob@example.org", "--approve"]).expect(0).json();
    assert_eq!((ask["state"].as_str(), ask["target"].as_str()), (Some("registered"), Some("sip:bob@example.org")));
    assert!(first_line(&heard).starts_with("SUBSCRIBE sip:bob@example.org "));
    let asked = answered.load(Ordering::Relaxed);
    assert!(asked >= 3, "{asked}");
    alice.run(&["ask", "bob@example.org", "--approve"]).expect(0);
    assert_eq!(answered.load(Ordering::Relaxed), asked, "within their TTL records are not asked for again");
    let call = alice.run(&["call", "bob@example.org", "--duration", "0.5"]).expect(0).json();
    assert_eq!(call["state"], "ended", "{call}");
}

/// Takes nothing, and counts what came.
fn refusing(address: Ipv4Addr) -> (Answering, Arc<AtomicUsize>) {
    let came = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&came);
    let answering = Answering::start((address, 5060).into(), move |bytes| {
        let Ok(Message::Request(request)) = Message::parse(bytes) else { return None };
        count.fetch_add(1, Ordering::Relaxed);
        Some(Response::to(&request, 404, "Not Here").to_bytes().to_vec())
    });
    (answering, came)
}

#[allow(clippy::disallowed_methods)] // the clock of the name server, which is not the program's
fn now() -> Instant {
    Instant::now()
}

/// ```text
/// _sip._udp.example.org  3 s     SRV one.example.org, and whenever it is asked for again two.example.org
/// one, two.example.org   3600 s  A
/// ```
#[test]
fn what_dns_says_is_kept_for_its_ttl_and_then_asked_for_anew() {
    const TTL: u32 = 3;
    const SERVICE: &str = "_sip._udp.example.org";
    let mut alice = Home::new("alice", "none");
    let [one, two] = [own_address(), own_address()];
    let (_one, at_one) = refusing(one);
    let (_two, at_two) = refusing(two);
    let zone = move |target| {
        let zone = Zone::default().srv(SERVICE, 1, 5060, target).for_seconds(TTL);
        zone.a("one.example.org", one).for_seconds(3600).a("two.example.org", two).for_seconds(3600)
    };
    let services = Arc::<Mutex<Vec<Instant>>>::default();
    let [moved, addresses] = [Arc::<AtomicUsize>::default(), Arc::default()];
    let (asked, has_moved, of_one) = (Arc::clone(&services), Arc::clone(&moved), Arc::clone(&addresses));
    let dns = own_address();
    let _server = Answering::start((dns, DNS).into(), move |query| {
        if asks(query, SERVICE) {
            asked.lock().unwrap().push(now());
        }
        of_one.fetch_add(usize::from(asks(query, "one.example.org")), Ordering::Relaxed);
        let moved = has_moved.load(Ordering::Relaxed) > 0;
        zone(if moved { "two.example.org" } else { "one.example.org" }).answer(query)
    });
    configure(&alice, dns, "");
    alice.start();
    let ask = || alice.run(&["ask", "bob@example.org"]).expect(5).failure();
    assert_eq!(ask(), "no-such-peer");
    assert_eq!(at_two.load(Ordering::Relaxed), 0);
    moved.store(1, Ordering::Relaxed);
    // A query may have been sent twice: what is kept is as old as the first answer at most.
    let before = services.lock().unwrap().clone();
    let addresses_before = addresses.load(Ordering::Relaxed);
    assert!(!before.is_empty() && addresses_before > 0);
    let mut by_memory = 0;
    look_until(|| {
        ask();
        by_memory += usize::from(at_two.load(Ordering::Relaxed) == 0);
        (at_two.load(Ordering::Relaxed) > 0).then_some(())
    });
    let kept = services.lock().unwrap()[before.len()] - before[0];
    assert!(kept >= Duration::from_secs(TTL.into()), "{kept:?}");
    assert!(by_memory > 0 && at_one.load(Ordering::Relaxed) > by_memory, "{by_memory}");
    assert_eq!(addresses.load(Ordering::Relaxed), addresses_before, "its hour is not over");
}

#[test]
fn a_name_that_dns_does_not_have_is_said_to_be_unknown() {
    let mut alice = Home::new("alice", "none");
    let (dns, _server) = name_server(Zone::default());
    configure(&alice, dns, "");
    alice.start();
    assert_eq!(alice.run(&["ask", "bob@nowhere.example"]).expect(5).failure(), "host-unknown");
}
