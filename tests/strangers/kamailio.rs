//! Kamailio, with the configuration that we ship, is the registrar.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use crate::process::{finish, installed, look_until, own_address, skip, Home, Ran};

const TABLES: &str = "/usr/share/kamailio/db_sqlite";

struct Kamailio {
    address: std::net::Ipv4Addr,
    dir: tempfile::TempDir,
    process: Child,
}

impl Kamailio {
    /// For example.org, where alice's password is `secret`. `None` when it is not installed.
    fn start() -> Option<Self> {
        if !installed("kamailio") || !std::path::Path::new(TABLES).exists() {
            skip("kamailio and kamailio-sqlite-modules are not installed");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("kamailio.sqlite");
        let tables = rusqlite::Connection::open(&database).unwrap();
        for name in ["standard", "auth_db", "usrloc"] {
            let text = std::fs::read_to_string(format!("{TABLES}/{name}-create.sql")).unwrap();
            tables.execute_batch(&text).unwrap();
        }
        let alice = "insert into subscriber (username, domain, password) values ('alice', 'example.org', 'secret')";
        tables.execute(alice, []).unwrap();
        let address = own_address();
        let define = |name: &str, value: &str| format!("{name}={value}");
        let mut command = Command::new("kamailio");
        command.args(["-DD", "-E", "-m", "64", "-M", "8", "-f"]);
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/config/kamailio/kamailio.cfg"));
        for defined in [
            define("DBURL", &format!("\"sqlite:///{}\"", database.display())),
            define("DOMAIN", "\"example.org\""),
            define("LISTEN", &format!("{address}:5060")),
            define("CTL", &format!("\"unix:{}\"", dir.path().join("ctl").display())),
        ] {
            command.args(["-A", &defined]);
        }
        command.arg("-P").arg(dir.path().join("pid")).arg("-w").arg(dir.path());
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        let process = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let mut kamailio = Self { address, dir, process };
        look_until(|| {
            let over = kamailio.process.try_wait().unwrap();
            assert!(over.is_none(), "kamailio ended: {}", kamailio.log());
            (kamailio.tell(&["core.version"]).code == 0).then_some(())
        });
        Some(kamailio)
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
    fn contacts(&self) -> String {
        self.tell(&["ul.dump"]).expect(0).stdout
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        // Its main process ends the others when it is asked politely.
        let _ = Command::new("sh").args(["-c", &format!("kill {}", self.process.id())]).status();
        let _ = self.process.wait();
    }
}

/// Alice's agent with an account there, and this password.
fn account(kamailio: &Kamailio, transport: &str, password: &str) -> Home {
    let alice = Home::new("alice", "none");
    let file = alice.path("password");
    std::fs::write(&file, format!("{password}\n")).unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    alice.configure(&format!(
        "{}[[account]]\nentity = \"sip:alice@example.org\"\nproxy = \"{transport}:{}:5060\"\n\
         password-file = \"password\"\n",
        alice.usual("none;"),
        kamailio.address
    ));
    alice
}

fn state(alice: &Home) -> serde_json::Value {
    alice.run(&["account", "show", "alice@example.org"]).expect(0).json()
}

#[test]
fn an_account_is_registered_with_its_password_and_taken_back_at_the_end() {
    let Some(kamailio) = Kamailio::start() else { return };
    for transport in ["udp", "tcp"] {
        let mut alice = account(&kamailio, transport, "secret");
        alice.start();
        let there = look_until(|| Some(state(&alice)).filter(|account| account["state"] == "registered"));
        assert!(there["until"].is_string() && there["failure"].is_null(), "{there}");
        let contact = format!("sip:alice@{}:5060", alice.address);
        assert!(kamailio.contacts().contains(&contact), "{}", kamailio.contacts());
        assert_eq!(alice.signal("TERM"), Some(0));
        assert!(!kamailio.contacts().contains(&contact), "{}", kamailio.contacts());
    }
}

#[test]
fn a_wrong_password_is_told_and_not_tried_again() {
    let Some(kamailio) = Kamailio::start() else { return };
    let mut alice = account(&kamailio, "udp", "wrong");
    alice.start();
    let refused = look_until(|| Some(state(&alice)).filter(|account| account["state"] == "refused"));
    assert_eq!(refused["failure"]["code"], "registration-refused");
    assert!(refused["failure"]["message"].as_str().unwrap().contains("the password for \"example.org\" is wrong"));
    assert!(!kamailio.contacts().contains("alice@"), "{}", kamailio.contacts());
    assert_eq!(alice.signal("TERM"), Some(0));
}
