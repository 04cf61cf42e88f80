//! Kamailio, with the configuration that we ship, is registrar, proxy and presence server.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use crate::certificates::certify;
use crate::process::{finish, installed, look_long_until, look_until, own_address, silent, skip, Capture, Home, Ran};
use crate::terminal::Terminal;

const TABLES: &str = "/usr/share/kamailio/db_sqlite";

pub struct Kamailio {
    pub address: std::net::Ipv4Addr,
    dir: tempfile::TempDir,
    command: Command,
    process: Child,
}

impl Kamailio {
    /// For example.org, where the password of alice and of bob is `secret`. `None` when it is not installed.
    pub fn start() -> Option<Self> {
        Self::start_with(None, &[])
    }

    /// SUBSCRIBE goes on to the device, which answers itself.
    pub fn start_without_presence() -> Option<Self> {
        Self::start_with(None, &["WITHOUT_PRESENCE"])
    }

    /// It keeps flows (RFC 5626), and takes WebSockets (RFC 7118) at port 8088.
    fn start_with_flows() -> Option<Self> {
        Self::start_with_flows_for(None)
    }

    /// And WebSockets over TLS, with a certificate for `domain`, at 5061.
    fn start_with_flows_for(domain: Option<&str>) -> Option<Self> {
        if !has_module("outbound") || !has_module("websocket") {
            skip("kamailio-outbound-modules and kamailio-websocket-modules are not both installed");
            return None;
        }
        Self::start_with(domain, &["WITH_OUTBOUND", "WITH_WEBSOCKET"])
    }

    /// With TLS and a certificate for `domain`.
    fn start_secure(domain: &str) -> Option<Self> {
        if !has_module("tls") {
            skip("kamailio-tls-modules are not installed");
            return None;
        }
        Self::start_with(Some(domain), &[])
    }

    fn start_with(domain: Option<&str>, defines: &[&str]) -> Option<Self> {
        let complete = installed("kamailio") && std::path::Path::new(TABLES).exists() && has_module("presence");
        if !complete {
            skip("kamailio, kamailio-sqlite-modules and kamailio-presence-modules are not all installed");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("kamailio.sqlite");
        let tables = rusqlite::Connection::open(&database).unwrap();
        tables.query_row("pragma journal_mode = wal", [], |_| Ok(())).unwrap();
        for name in ["standard", "auth_db", "usrloc", "presence"] {
            let text = std::fs::read_to_string(format!("{TABLES}/{name}-create.sql")).unwrap();
            tables.execute_batch(&text).unwrap();
        }
        let user = "insert into subscriber (username, domain, password) values (?1, 'example.org', 'secret')";
        for name in ["alice", "bob"] {
            tables.execute(user, [name]).unwrap();
        }
        let address = own_address();
        let define = |name: &str, value: &str| format!("{name}={value}");
        let mut command = Command::new("kamailio");
        command.args(["-DD", "-E", "-m", "64", "-M", "8", "-f"]);
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/config/kamailio/kamailio.cfg"));
        for defined in [
            define("DBURL", &format!("\"sqlite:///{}\"", database.display())),
            define("DOMAIN", "\"example.org\""),
            define("SECRET", "\"known to the test\""),
            define("LISTEN", &format!("{address}:5060")),
            define("CTL", &format!("\"unix:{}\"", dir.path().join("ctl").display())),
        ] {
            command.args(["-A", &defined]);
        }
        for name in defines {
            match *name {
                "WITH_WEBSOCKET" => command.args(["-A", &define("WSLISTEN", &format!("{address}:8088"))]),
                name => command.args(["-A", name]),
            };
        }
        if let Some(domain) = domain {
            certify(dir.path(), domain);
            let file = |name: &str| format!("\"{}\"", dir.path().join(name).display());
            for defined in [
                define("WITH_TLS", "yes"),
                define("TLSLISTEN", &format!("{address}:5061")),
                define("TLSCERT", &file("cert.pem")),
                define("TLSKEY", &file("key.pem")),
            ] {
                command.args(["-A", &defined]);
            }
        }
        command.arg("-P").arg(dir.path().join("pid")).arg("-w").arg(dir.path());
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        let process = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let mut kamailio = Self { address, dir, command, process };
        kamailio.wait();
        Some(kamailio)
    }

    fn wait(&mut self) {
        look_until(|| {
            let over = self.process.try_wait().unwrap();
            assert!(over.is_none(), "kamailio ended: {}", self.log());
            (self.tell(&["core.version"]).code == 0).then_some(())
        });
    }

    /// It forgets who is where; users and publications stand in its database.
    fn restart(&mut self) {
        self.stop();
        self.process = self.command.spawn().unwrap();
        self.wait();
    }

    /// Its main process ends the others when it is asked politely.
    fn stop(&mut self) {
        let _ = Command::new("sh").args(["-c", &format!("kill {}", self.process.id())]).status();
        let _ = self.process.wait();
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    fn tell(&self, words: &[&str]) -> Ran {
        let mut command = Command::new("kamcmd");
        command.arg("-s").arg(format!("unix:{}", self.dir.path().join("ctl").display())).args(words);
        finish(&mut command)
    }

    /// Where it would send a call for somebody.
    pub fn contacts(&self) -> String {
        self.tell(&["ul.dump"]).expect(0).stdout
    }
}

fn has_module(name: &str) -> bool {
    finish(Command::new("sh").args(["-c", &format!("ls /usr/lib/*/kamailio/modules/{name}.so")])).code == 0
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Somebody's agent with an account there, and this password; its default is `action`.
pub fn account(name: &'static str, kamailio: &Kamailio, transport: &str, password: &str, action: &str) -> Home {
    account_at(name, kamailio, &format!("{transport}:{}", kamailio.address), password, action)
}

fn account_at(name: &'static str, kamailio: &Kamailio, proxy: &str, password: &str, action: &str) -> Home {
    let home = Home::new(name, action);
    let file = home.path("password");
    std::fs::write(&file, format!("{password}\n")).unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    // The port is the transport's own.
    let usual = home.usual(&format!("{action};"));
    let account = format!("[[account]]\nproxy = \"{proxy}\"\npassword-file = \"password\"\n");
    let ca = kamailio.dir.path().join("ca.pem");
    let tls = if ca.exists() { format!("[tls]\nca = \"{}\"\n", ca.display()) } else { String::new() };
    home.configure(&format!("{usual}{account}{tls}"));
    let text = std::fs::read_to_string(home.config()).unwrap();
    std::fs::write(home.config(), text.replace(&home.entity(), &format!("sip:{name}@example.org"))).unwrap();
    home
}

pub fn state(home: &Home) -> serde_json::Value {
    home.run(&["account", "show", &format!("{}@example.org", home.name)]).expect(0).json()
}

pub fn registered(home: &mut Home) -> serde_json::Value {
    home.start();
    look_until(|| Some(state(home)).filter(|account| account["state"] == "registered"))
}

pub fn published(home: &Home) -> serde_json::Value {
    look_until(|| Some(state(home)["publication"].clone()).filter(|publication| publication["state"] == "published"))
}

#[test]
fn an_account_is_registered_with_its_password_and_taken_back_at_the_end() {
    let Some(kamailio) = Kamailio::start() else { return };
    for transport in ["udp", "tcp"] {
        let mut alice = account("alice", &kamailio, transport, "secret", "none");
        let there = registered(&mut alice);
        assert!(there["until"].is_string() && there["failure"].is_null(), "{there}");
        let contact = format!("sip:alice@{}:5060", alice.address);
        assert!(kamailio.contacts().contains(&contact), "{}", kamailio.contacts());
        assert_eq!(alice.signal("TERM"), Some(0));
        assert!(!kamailio.contacts().contains(&contact), "{}", kamailio.contacts());
    }
}

/// The server dies, and comes back without memory of who was there.
#[test]
fn a_server_that_comes_back_is_told_everything_again() {
    let Some(mut kamailio) = Kamailio::start() else { return };
    let mut alice = account("alice", &kamailio, "tcp", "secret", "none");
    registered(&mut alice);
    published(&alice);
    kamailio.restart();
    let contact = format!("sip:alice@{}:5060", alice.address);
    assert!(!kamailio.contacts().contains(&contact), "{}", kamailio.contacts());
    look_long_until(|| kamailio.contacts().contains(&contact).then_some(()));
    assert_eq!(alice.signal("TERM"), Some(0));
    assert!(!kamailio.contacts().contains(&contact), "{}", kamailio.contacts());
}

/// Alice's agent runs already when she adds her account, and types the password.
#[test]
fn an_account_is_added_with_a_typed_password_and_taken_away_again() {
    let Some(kamailio) = Kamailio::start() else { return };
    let mut alice = Home::new("alice", "none");
    alice.start();
    let contact = format!("sip:alice@{}:5060", alice.address);
    let proxy = format!("tcp:{}", kamailio.address);
    let add = ["account", "add", "alice@example.org", "--proxy", &proxy];
    let mut terminal = Terminal::start(&alice, 100, "", &add);
    terminal.wait_for("password of sip:alice@example.org (not shown): ");
    terminal.type_in("secreX\x7ft\r");
    terminal.wait_for("registered until");
    let (code, shown, cooked) = terminal.end();
    assert_eq!((code, cooked), (0, true), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
    assert!(kamailio.contacts().contains(&contact), "{}", kamailio.contacts());
    // Over a restart too.
    assert_eq!(alice.signal("TERM"), Some(0));
    let there = registered(&mut alice);
    assert_eq!(there["added"], true, "{there}");
    assert!(kamailio.contacts().contains(&contact), "{}", kamailio.contacts());
    let left = alice.run(&["account", "remove", "alice@example.org"]).expect(0).json();
    assert_eq!(left["accounts"].as_array().map(Vec::len), Some(0), "{left}");
    look_until(|| (!kamailio.contacts().contains(&contact)).then_some(()));
    // And again, at once.
    std::fs::write(alice.path("password"), "secret\n").unwrap();
    std::fs::set_permissions(alice.path("password"), Permissions::from_mode(0o600)).unwrap();
    let file = alice.path("password").display().to_string();
    let add = [&add[..], &["--password-file", &file]].concat();
    for _ in 0..3 {
        assert_eq!(alice.run(&add).expect(0).json()["state"], "registered");
        assert!(kamailio.contacts().contains(&contact), "{}", kamailio.contacts());
        alice.run(&["account", "remove", "alice@example.org"]).expect(0);
    }
    look_until(|| (!kamailio.contacts().contains(&contact)).then_some(()));
}

#[test]
fn a_registrar_with_outbound_reaches_us_on_our_flow() {
    let Some(kamailio) = Kamailio::start_with_flows() else { return };
    for transport in ["udp", "tcp"] {
        let mut alice = account("alice", &kamailio, transport, "secret", "none");
        let there = registered(&mut alice);
        assert_eq!((&there["flows"][0]["outbound"], &there["flows"][0]["state"]), (&true.into(), &"registered".into()));
        assert!(there["flows"][0]["seen"].is_null(), "{there}");
        assert_eq!(alice.signal("TERM"), Some(0));
        assert!(!kamailio.contacts().contains("alice@"), "{}", kamailio.contacts());
    }
}

/// RFC 5626: what comes on both is one text.
#[test]
fn two_flows_stand_at_once_and_a_text_comes_once() {
    let Some(kamailio) = Kamailio::start_with_flows() else { return };
    let mut alice = account("alice", &kamailio, "udp", "secret", "none");
    let mut bob = account("bob", &kamailio, "udp", "secret", "none");
    let text = std::fs::read_to_string(alice.config()).unwrap();
    let at = kamailio.address;
    let both = format!("proxies = [\"udp:{at}\", \"tcp:{at}\"]");
    std::fs::write(alice.config(), text.replace(&format!("proxy = \"udp:{at}\""), &both)).unwrap();
    alice.start();
    let stands = |flow: &serde_json::Value| flow["state"] == "registered" && flow["outbound"] == true;
    look_until(|| state(&alice)["flows"].as_array().filter(|all| all.len() == 2 && all.iter().all(stands)).map(|_| ()));
    assert_eq!(kamailio.contacts().matches(&format!("sip:alice@{}:5060", alice.address)).count(), 2);
    registered(&mut bob);
    bob.run(&["message", "alice@example.org", "once"]).expect(0);
    let came = alice.run(&["message"]).expect(0).json();
    assert_eq!(came["messages"].as_array().map(Vec::len), Some(1), "{came}");
    assert_eq!(alice.signal("TERM"), Some(0));
    assert!(!kamailio.contacts().contains("alice@"), "{}", kamailio.contacts());
}

/// RFC 7118: neither has an address that the proxy could open a connection to.
#[test]
fn a_text_goes_from_one_websocket_to_another() {
    let Some(kamailio) = Kamailio::start_with_flows() else { return };
    let mut alice = account_at("alice", &kamailio, &format!("ws:{}:8088", kamailio.address), "secret", "none");
    let mut bob = account_at("bob", &kamailio, &format!("ws:{}:8088", kamailio.address), "secret", "none");
    registered(&mut alice);
    registered(&mut bob);
    let contacts = kamailio.contacts();
    assert_eq!(contacts.matches(".invalid;transport=ws").count(), 2, "{contacts}");
    assert!(!contacts.contains(&format!("bob@{}", bob.address)), "{contacts}");
    let sent = alice.run(&["message", "bob@example.org", "Guten", "Tag"]).expect(0).json();
    assert_eq!((sent["state"].as_str(), sent["text"].as_str()), (Some("delivered"), Some("Guten Tag")));
    let came = bob.run(&["message"]).expect(0).json();
    assert_eq!(came["messages"][0]["peer"], "sip:alice@example.org");
    assert_eq!(bob.signal("TERM"), Some(0));
    assert!(!kamailio.contacts().contains("bob@"), "{}", kamailio.contacts());
}

#[test]
fn a_websocket_over_tls_is_opened_to_whoever_proves_the_domain() {
    for (domain, proven) in [("example.org", true), ("other.example", false)] {
        let Some(kamailio) = Kamailio::start_with_flows_for(Some(domain)) else { return };
        let mut alice = account_at("alice", &kamailio, &format!("wss:{}:5061", kamailio.address), "secret", "none");
        if proven {
            registered(&mut alice);
            assert!(kamailio.contacts().contains(".invalid;transport=ws"), "{}", kamailio.contacts());
            assert_eq!(alice.signal("TERM"), Some(0));
            assert!(!kamailio.contacts().contains("alice@"), "{}", kamailio.contacts());
        } else {
            alice.start();
            let waits = look_until(|| Some(state(&alice)).filter(|account| account["state"] == "waiting"));
            assert!(waits["failure"]["message"].as_str().unwrap().contains("does not prove example.org"), "{waits}");
            assert!(!kamailio.contacts().contains("alice@"), "{}", kamailio.contacts());
        }
    }
}

#[test]
fn a_wrong_password_is_told_and_not_tried_again() {
    let Some(kamailio) = Kamailio::start() else { return };
    let mut alice = account("alice", &kamailio, "udp", "wrong", "none");
    alice.start();
    let refused = look_until(|| Some(state(&alice)).filter(|account| account["state"] == "refused"));
    assert_eq!(refused["failure"]["code"], "registration-refused");
    assert!(refused["failure"]["message"].as_str().unwrap().contains("the password for \"example.org\" is wrong"));
    assert!(!kamailio.contacts().contains("alice@"), "{}", kamailio.contacts());
    assert_eq!(alice.signal("TERM"), Some(0));
}

/// Journey one through a proxy that wants to know who asks; the packets then go from device to device.
#[test]
fn a_peer_is_asked_by_its_name_through_the_proxy_and_then_called() {
    let Some(kamailio) = Kamailio::start_without_presence() else { return };
    for transport in ["udp", "tcp"] {
        let mut alice = account("alice", &kamailio, transport, "secret", "none");
        let mut bob = account("bob", &kamailio, transport, "secret", "ipsec esp/transport//require");
        registered(&mut alice);
        registered(&mut bob);
        let ask = alice.run(&["ask", "bob@example.org", "--approve"]).expect(0).json();
        assert_eq!((ask["state"].as_str(), ask["target"].as_str()), (Some("registered"), Some("sip:bob@example.org")));
        let shown = alice.run(&["presence", "show", "bob@example.org"]).expect(0).json();
        let row = &shown["presences"][0];
        // The proxy's address is not Bob's: what is known of him is what he says.
        assert_eq!(row["observed"], false, "{row}");
        assert_eq!(row["address"], bob.address.to_string(), "{row}");
        let policy = alice.run(&["policy", "list"]).expect(0).stdout;
        assert!(policy.contains(&format!("{}/32", bob.address)) && !policy.contains(&kamailio.address.to_string()));
        let call = alice.run(&["call", "bob@example.org", "--duration", "0.5"]).expect(0).json();
        assert_eq!((call["state"].as_str(), call["bundle"].as_str()), (Some("ended"), Some("esp")), "{call}");
    }
}

/// The newest call of an agent, once it is so.
fn call_that(home: &Home, is: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
    look_until(|| home.run(&["calls"]).expect(0).json()["calls"].as_array()?.last().cloned().filter(&is))
}

/// Re-INVITEs along the route that the proxy recorded, from either end.
#[test]
fn a_call_through_the_proxy_is_held_and_taken_up_by_either_side() {
    let Some(kamailio) = Kamailio::start_without_presence() else { return };
    for transport in ["udp", "tcp"] {
        let mut alice = account("alice", &kamailio, transport, "secret", "ipsec esp/transport//require");
        let mut bob = account("bob", &kamailio, transport, "secret", "ipsec esp/transport//require");
        registered(&mut alice);
        registered(&mut bob);
        let mut call = alice.command(&["call", "bob@example.org", "--approve", "--duration", "60"]);
        let mut call = call.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let active = |call: &serde_json::Value| call["state"] == "active";
        let (hers, his) = (call_that(&alice, active), call_that(&bob, active));
        for (holder, id, other) in [(&alice, &hers["id"], &bob), (&bob, &his["id"], &alice)] {
            let id = id.as_str().unwrap();
            holder.run(&["hold", id]).expect(0);
            call_that(other, |call| call["held_by_peer"] == true && call["state"] == "active");
            holder.run(&["resume", id]).expect(0);
            call_that(other, |call| call["held_by_peer"] == false && call["state"] == "active");
        }
        bob.run(&["hangup"]).expect(0);
        assert_eq!(call.wait().unwrap().code(), Some(0));
    }
}

/// Journey one through a presence server: what Bob published is asked for, reviewed, and what a call bears. He has never
/// heard of Alice, and is called through the proxy, by the name that the registrar gave his device.
#[test]
fn what_a_peer_published_is_asked_for_and_then_called_by() {
    let Some(kamailio) = Kamailio::start() else { return };
    for transport in ["udp", "tcp"] {
        let mut alice = account("alice", &kamailio, transport, "secret", "none");
        let mut bob = account("bob", &kamailio, transport, "secret", "ipsec esp/transport//require");
        registered(&mut alice);
        registered(&mut bob);
        published(&bob);
        let ask = alice.run(&["ask", "bob@example.org", "--approve"]).expect(0).json();
        assert_eq!((ask["state"].as_str(), ask["target"].as_str()), (Some("registered"), Some("sip:bob@example.org")));
        let shown = alice.run(&["presence", "show", "bob@example.org"]).expect(0).json();
        let row = &shown["presences"][0];
        // The server's address is not Bob's: what is known of him is what he says.
        assert_eq!(row["observed"], false, "{row}");
        assert_eq!(row["contact"], state(&bob)["gruu"], "{row}");
        assert!(row["contact"].as_str().unwrap().starts_with("sip:bob@example.org;gr=urn:uuid:"), "{row}");
        let policy = alice.run(&["policy", "list"]).expect(0).stdout;
        assert!(policy.contains(&format!("{}/32", bob.address)) && !policy.contains(&kamailio.address.to_string()));
        let call = alice.run(&["call", "bob@example.org", "--duration", "0.5"]).expect(0).json();
        assert_eq!((call["state"].as_str(), call["bundle"].as_str()), (Some("ended"), Some("esp")), "{call}");
        assert!(call["packets"]["received"].as_u64().unwrap() > 5, "Bob is heard: {call}");
        let heard = look_until(|| bob.run(&["history"]).expect(0).json()["calls"][0]["packets"]["received"].as_u64());
        assert!(heard > 5, "Alice is heard: {heard}");
        assert_eq!(bob.signal("TERM"), Some(0));
        let gone = alice.run(&["ask", "bob@example.org", "--approve"]).expect(5);
        assert!(gone.stdout.contains("nothing-published"), "{gone:?}");
    }
}

#[test]
fn a_text_goes_through_the_proxy() {
    let Some(kamailio) = Kamailio::start() else { return };
    let mut alice = account("alice", &kamailio, "udp", "secret", "none");
    let mut bob = account("bob", &kamailio, "udp", "secret", "none");
    registered(&mut alice);
    registered(&mut bob);
    let sent = alice.run(&["message", "bob@example.org", "Guten", "Tag"]).expect(0).json();
    assert_eq!((sent["state"].as_str(), sent["text"].as_str()), (Some("delivered"), Some("Guten Tag")));
    let came = bob.run(&["message"]).expect(0).json();
    assert_eq!(came["messages"][0]["peer"], "sip:alice@example.org");
    assert_eq!(
        (&came["messages"][0]["text"], &came["messages"][0]["state"]),
        (&"Guten Tag".into(), &"received".into())
    );
}

/// Or anybody could have requests sent from there to anywhere.
#[test]
fn nothing_is_relayed_along_a_route_that_the_proxy_did_not_write() {
    let Some(kamailio) = Kamailio::start() else { return };
    let stranger = silent(own_address());
    let from = stranger.local_addr().unwrap();
    stranger.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
    let victim = own_address();
    for (number, proof) in ["", ";proof=d0e15d0b2876a9e0cddf83d43dafe01b"].iter().enumerate() {
        let request = format!(
            "BYE sip:x@{victim} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{number}\r\nMax-Forwards: 70\r\n\
             From: <sip:e@e>;tag=1\r\nTo: <sip:x@x>;tag=2\r\nCall-ID: {number}\r\nCSeq: 1 BYE\r\n\
             Route: <sip:{};lr{proof}>\r\nContent-Length: 0\r\n\r\n",
            kamailio.address
        );
        stranger.send_to(request.as_bytes(), (kamailio.address, 5060)).unwrap();
        let mut answer = [0; 1500];
        let len = stranger.recv(&mut answer).unwrap();
        assert!(answer[..len].starts_with(b"SIP/2.0 404 "), "{}", String::from_utf8_lossy(&answer[..len]));
    }
}

#[test]
fn a_proxy_that_does_not_believe_us_is_named() {
    let Some(kamailio) = Kamailio::start() else { return };
    let mut alice = account("alice", &kamailio, "udp", "wrong", "none");
    alice.start();
    let ran = alice.run(&["ask", "bob@example.org", "--approve"]).expect(4);
    assert!(ran.stdout.contains("not-authenticated") && ran.stdout.contains("example.org"), "{ran:?}");
}

/// What one `ask` printed, a line for each device.
fn devices(ran: &Ran) -> Vec<serde_json::Value> {
    ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Two devices of one user stand in one document of the server's, each with its own keys and policy.
#[test]
fn two_devices_of_a_peer_are_put_to_the_user_each_by_itself() {
    let Some(kamailio) = Kamailio::start() else { return };
    let mut alice = account("alice", &kamailio, "tcp", "secret", "none");
    let mut desk = account("bob", &kamailio, "tcp", "secret", "ipsec esp/transport//require");
    let mut pocket = account("bob", &kamailio, "tcp", "secret", "ipsec esp/transport//require ah/transport//require");
    for home in [&mut alice, &mut desk, &mut pocket] {
        registered(home);
    }
    let new = pocket.run(&["identity", "show"]).expect(0).json();
    let word = new["introduction"].as_str().unwrap();
    desk.run(&["identity", "vouch", word]).expect(6);
    let audit = desk.run(&["audit"]).expect(0).stdout;
    assert!(!audit.contains("vouched"), "what nobody confirmed was not signed: {audit}");
    let vouch = desk.run(&["identity", "vouch", word, "--yes"]).expect(0).json();
    assert!(desk.run(&["audit"]).expect(0).stdout.contains("vouched"));
    assert_eq!(vouch["fingerprint"], new["fingerprint"]);
    let taken = pocket.run(&["identity", "take", vouch["word"].as_str().unwrap()]).expect(0).json();
    assert_eq!(taken["vouched_by"], desk.run(&["identity", "show"]).expect(0).json()["signing_key"]);
    // Over a restart too.
    assert_eq!(pocket.signal("TERM"), Some(0));
    registered(&mut pocket);
    for home in [&desk, &pocket] {
        published(home);
    }
    let both = devices(&alice.run(&["ask", "bob@example.org", "--approve"]).expect(0));
    let told: Vec<&str> = both.iter().map(|ask| ask["answer"]["address"].as_str().unwrap()).collect();
    assert_eq!(told, [desk.address.to_string(), pocket.address.to_string()]);
    assert!(both.iter().all(|ask| ask["state"] == "registered"), "{both:?}");
    let policy = alice.run(&["policy", "list"]).expect(0).json();
    let of = |address: std::net::Ipv4Addr| {
        let entries = policy["entries"].as_array().unwrap();
        let entry = entries.iter().find(|entry| entry["destination"] == format!("{address}/32")).unwrap();
        entry["rules"].as_array().unwrap().iter().map(|rule| rule["protocol"].clone()).collect::<Vec<_>>()
    };
    assert_eq!((of(desk.address), of(pocket.address)), (vec!["esp".into()], vec!["esp".into(), "ah".into()]));
    assert_eq!(alice.run(&["identity", "show"]).expect(0).json()["pins"].as_array().unwrap().len(), 2);
    let call = alice.run(&["call", "bob@example.org", "--duration", "0.5"]).expect(0).json();
    assert_eq!(call["state"], "ended", "{call}");
}

/// A device that no pinned one vouches for may be anybody's: the server, or who broke into it, could have put it there.
#[test]
fn a_further_device_that_nobody_vouches_for_is_a_changed_key() {
    let Some(kamailio) = Kamailio::start() else { return };
    let mut alice = account("alice", &kamailio, "tcp", "secret", "none");
    let mut desk = account("bob", &kamailio, "tcp", "secret", "ipsec esp/transport//require");
    for home in [&mut alice, &mut desk] {
        registered(home);
    }
    published(&desk);
    alice.run(&["ask", "bob@example.org", "--approve"]).expect(0);
    let mut eve = account("bob", &kamailio, "tcp", "secret", "none");
    registered(&mut eve);
    published(&eve);
    let ran = look_until(|| {
        let ran = alice.run(&["ask", "bob@example.org", "--approve"]).expect(0);
        Some(ran).filter(|ran| ran.stderr.contains("THE KEY OF sip:bob@example.org HAS CHANGED"))
    });
    assert_eq!(devices(&ran).len(), 1, "the pinned device is asked about as before: {ran:?}");
    assert_eq!(alice.run(&["identity", "show"]).expect(0).json()["pins"].as_array().unwrap().len(), 1);
}

/// All of it on the connections that the agents opened: they listen for no TLS, and nothing goes by UDP.
#[test]
fn with_tls_an_agent_is_registered_and_asked_on_its_own_connection() {
    let Some(kamailio) = Kamailio::start_secure("example.org") else { return };
    let mut alice = account("alice", &kamailio, "tls", "secret", "none");
    let mut bob = account("bob", &kamailio, "tls", "secret", "ipsec esp/transport//require");
    let capture = Capture::start(&kamailio.dir.path().join("capture"), &[&alice, &bob]);
    registered(&mut alice);
    registered(&mut bob);
    for home in [&alice, &bob] {
        let contact = format!("sip:{}@{}:5060;transport=tls", home.name, home.address);
        assert!(kamailio.contacts().contains(&contact), "{}", kamailio.contacts());
    }
    published(&alice);
    published(&bob);
    let ask = alice.run(&["ask", "bob@example.org", "--approve"]).expect(0).json();
    assert_eq!(ask["state"], "registered", "{ask}");
    let call = alice.run(&["call", "bob@example.org", "--duration", "0.5"]).expect(0).json();
    assert_eq!((call["state"].as_str(), call["bundle"].as_str()), (Some("ended"), Some("esp")), "{call}");
    let ask = bob.run(&["ask", "alice@example.org", "--approve"]).expect(0).json();
    assert_eq!(ask["state"], "registered", "{ask}");
    let connections = kamailio.tell(&["core.tcp_list"]).expect(0).stdout;
    assert_eq!(connections.matches("type: TLS").count(), 2, "one for each agent: {connections}");
    assert_eq!(alice.signal("TERM"), Some(0));
    assert!(!kamailio.contacts().contains("alice@"), "{}", kamailio.contacts());
    if let Some(capture) = capture {
        let seen = capture.stop();
        let to_proxy = seen.iter().find(|seen| [seen.from.ip(), seen.to.ip()].contains(&kamailio.address.into()));
        assert!(to_proxy.is_none(), "{to_proxy:?}");
    }
}

/// Proxy and callee keep to `sips:` in Record-Route and Contact, and no hop is in clear; by a proxy that is not reached by TLS
/// nothing is sent.
#[test]
fn a_call_by_sips_goes_through_the_proxy_by_tls_or_not_at_all() {
    let Some(kamailio) = Kamailio::start_secure("example.org") else { return };
    let esp = "ipsec esp/transport//require";
    let mut alice = account("alice", &kamailio, "tls", "secret", esp);
    let mut bob = account("bob", &kamailio, "tls", "secret", esp);
    registered(&mut alice);
    registered(&mut bob);
    published(&bob);
    alice.run(&["ask", "bob@example.org", "--approve"]).expect(0);
    let capture = Capture::start(&kamailio.dir.path().join("capture"), &[&alice, &bob]);
    let call = alice.run(&["call", "sips:bob@example.org", "--duration", "0.5"]).expect(0).json();
    assert_eq!((call["state"].as_str(), call["bundle"].as_str()), (Some("ended"), Some("esp")), "{call}");
    if let Some(capture) = capture {
        let seen = capture.stop();
        let to_proxy = seen.iter().find(|seen| [seen.from.ip(), seen.to.ip()].contains(&kamailio.address.into()));
        assert!(to_proxy.is_none(), "{to_proxy:?}");
    }
    assert_eq!(alice.signal("TERM"), Some(0));
    let mut clear = account("alice", &kamailio, "tcp", "secret", esp);
    registered(&mut clear);
    let refused = clear.run(&["call", "sips:bob@example.org", "--approve"]).expect(4);
    assert!(refused.stdout.contains("not-by-tls") && refused.stdout.contains("tls:HOST"), "{refused:?}");
}

#[test]
fn a_proxy_with_a_certificate_for_another_domain_is_told_nothing_and_named() {
    let Some(kamailio) = Kamailio::start_secure("other.example") else { return };
    let mut alice = account("alice", &kamailio, "tls", "secret", "none");
    alice.start();
    let waiting = look_until(|| Some(state(&alice)).filter(|account| account["state"] == "waiting"));
    let message = waiting["failure"]["message"].as_str().unwrap();
    assert!(message.contains("its certificate does not prove example.org: it is for other.example"), "{message}");
    assert!(!kamailio.contacts().contains("alice@"), "{}", kamailio.contacts());
    assert_eq!(alice.signal("TERM"), Some(0));
}

/// Strangers are told policy and key, and no place.
fn reticent(home: &Home) {
    let text = std::fs::read_to_string(home.config()).unwrap();
    std::fs::write(home.config(), text.replace("unknown = \"place\"", "unknown = \"policy\"")).unwrap();
}

fn row_of_bob(alice: &Home) -> serde_json::Value {
    alice.run(&["presence", "show", "bob@example.org"]).expect(0).json()["presences"][0].clone()
}

/// What is published is for everybody and has no place; the device itself tells it to those whom its user has approved.
#[test]
fn an_approved_peer_learns_the_place_from_the_device_itself() {
    let Some(kamailio) = Kamailio::start() else { return };
    for transport in ["udp", "tcp"] {
        let mut alice = account("alice", &kamailio, transport, "secret", "none");
        let mut bob = account("bob", &kamailio, transport, "secret", "none");
        reticent(&bob);
        registered(&mut alice);
        registered(&mut bob);
        bob.run(&["presence", "set", "--place", "cellar"]).expect(0);
        published(&bob);
        let ran = alice.run(&["ask", "bob@example.org", "--approve"]).expect(0);
        assert!(ran.json()["steps"].to_string().contains("has answered itself"), "{ran:?}");
        assert_eq!(row_of_bob(&alice)["place"], serde_json::Value::Null, "Bob does not know Alice yet");
        bob.run(&["ask", "alice@example.org", "--approve"]).expect(0);
        alice.run(&["ask", "bob@example.org", "--approve"]).expect(0);
        let row = row_of_bob(&alice);
        assert_eq!((&row["place"], &row["address"]), (&"cellar".into(), &bob.address.to_string().into()), "{row}");
        assert_eq!(alice.run(&["review", "list"]).expect(0).json()["reviews"].as_array().unwrap().len(), 2, "one each");
        let call = alice.run(&["call", "bob@example.org", "--duration", "0.3"]).expect(0).json();
        assert_eq!(call["state"], "ended", "{call}");
        assert_eq!((alice.signal("TERM"), bob.signal("TERM")), (Some(0), Some(0)));
    }
}

#[test]
fn what_a_device_published_stands_while_it_does_not_answer_itself() {
    let Some(kamailio) = Kamailio::start() else { return };
    let mut alice = account("alice", &kamailio, "tcp", "secret", "none");
    let mut bob = account("bob", &kamailio, "tcp", "secret", "none");
    registered(&mut alice);
    registered(&mut bob);
    published(&bob);
    bob.signal("KILL");
    let ask = alice.run(&["ask", "bob@example.org", "--approve"]).expect(0).json();
    assert_eq!(ask["state"], "registered", "{ask}");
    assert!(ask["steps"].to_string().contains("what it published is all that is known of it"), "{ask}");
    assert!(row_of_bob(&alice)["place"].is_string(), "strangers may know it");
}

/// Alice follows Bob through the server, which dies meanwhile; Bob's server tells him that she does.
#[test]
fn a_peer_is_followed_through_the_server_and_after_its_death() {
    let Some(mut kamailio) = Kamailio::start() else { return };
    let mut alice = account("alice", &kamailio, "tcp", "secret", "none");
    let mut bob = account("bob", &kamailio, "tcp", "secret", "none");
    registered(&mut alice);
    registered(&mut bob);
    published(&bob);
    alice.run(&["ask", "bob@example.org", "--approve"]).expect(0);
    alice.run(&["presence", "watch", "bob@example.org"]).expect(0);
    let active = |alice: &Home| {
        let list = alice.run(&["presence", "watching"]).expect(0).json();
        let all = list["watches"].as_array().unwrap().clone();
        (all.len() == 2 && all.iter().all(|watch| watch["state"] == "active")).then_some(())
    };
    // Through the server, and the device by itself.
    look_until(|| active(&alice));
    bob.run(&["presence", "set", "--place", "cellar"]).expect(0);
    look_until(|| (row_of_bob(&alice)["place"] == "cellar").then_some(()));
    look_until(|| {
        let list = bob.run(&["presence", "watchers"]).expect(0).json();
        let server = &list["servers"][0];
        let alice = |watcher: &serde_json::Value| watcher["who"] == "sip:alice@example.org";
        let there = server["watchers"].as_array().is_some_and(|all| all.iter().any(alice));
        (server["told"] == true && there && list["watchers"][0].is_object()).then_some(())
    });
    kamailio.restart();
    look_long_until(|| {
        let text = alice.run(&["presence", "watching"]).expect(0).stdout;
        text.contains("has lost the subscription; it is tried again at once").then_some(())
    });
    look_until(|| active(&alice));
    bob.run(&["presence", "set", "--place", "garden"]).expect(0);
    look_long_until(|| (row_of_bob(&alice)["place"] == "garden").then_some(()));
    let reviews = alice.run(&["review", "list"]).expect(0).json();
    assert_eq!(reviews["reviews"].as_array().unwrap().len(), 1, "nothing was to be asked again: {reviews}");
    assert_eq!(alice.signal("TERM"), Some(0));
}
