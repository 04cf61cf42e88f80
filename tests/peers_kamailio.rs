//! Kamailio with the configuration that we ship, and agents that have an account there.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use crate::certificates::certify;
use crate::process::{finish, installed, look_until, own_address, skip, Home, Ran};

const TABLES: &str = "/usr/share/kamailio/db_sqlite";

pub struct Kamailio {
    pub address: std::net::Ipv4Addr,
    pub dir: tempfile::TempDir,
    command: Command,
    process: Child,
}

/// What it has beyond the usual.
#[derive(Default)]
struct Beyond<'a> {
    /// TLS, and a certificate for this domain.
    domain: Option<&'a str>,
    /// What is defined.
    defines: &'a [&'a str],
    /// Texts of the configuration, and what stands in their place.
    changes: &'a [(&'a str, &'a str)],
    /// Where it listens, in place of its own address.
    listen: Option<std::net::SocketAddr>,
}

impl Kamailio {
    /// For example.org, where the password of alice and of bob is `secret`. `None` when it is not installed.
    pub fn start() -> Option<Self> {
        Self::start_with(None, &[])
    }

    /// With a configuration that is changed so: each text by what stands after it.
    pub fn start_changed(changes: &[(&str, &str)]) -> Option<Self> {
        Self::start_beyond(&Beyond { changes, ..Beyond::default() })
    }

    /// At this address and port, and with TLS and a certificate for `domain` where there is one.
    pub fn start_at(listen: std::net::SocketAddr, domain: Option<&str>) -> Option<Self> {
        if domain.is_some() && !has_module("tls") {
            skip("kamailio-tls-modules are not installed");
            return None;
        }
        Self::start_beyond(&Beyond { domain, listen: Some(listen), ..Beyond::default() })
    }

    /// SUBSCRIBE goes on to the device, which answers itself.
    pub fn start_without_presence() -> Option<Self> {
        Self::start_with(None, &["WITHOUT_PRESENCE"])
    }

    /// It keeps flows (RFC 5626), and takes WebSockets (RFC 7118) at port 8088.
    pub fn start_with_flows() -> Option<Self> {
        Self::start_with_flows_for(None)
    }

    /// And WebSockets over TLS, with a certificate for `domain`, at 5061.
    pub fn start_with_flows_for(domain: Option<&str>) -> Option<Self> {
        if !has_module("outbound") || !has_module("websocket") {
            skip("kamailio-outbound-modules and kamailio-websocket-modules are not both installed");
            return None;
        }
        Self::start_with(domain, &["WITH_OUTBOUND", "WITH_WEBSOCKET"])
    }

    /// With TLS and a certificate for `domain`.
    pub fn start_secure(domain: &str) -> Option<Self> {
        if !has_module("tls") {
            skip("kamailio-tls-modules are not installed");
            return None;
        }
        Self::start_with(Some(domain), &[])
    }

    fn start_with(domain: Option<&str>, defines: &[&str]) -> Option<Self> {
        Self::start_beyond(&Beyond { domain, defines, ..Beyond::default() })
    }

    fn start_beyond(beyond: &Beyond<'_>) -> Option<Self> {
        let Beyond { domain, defines, changes, listen } = beyond;
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
        let address = match listen {
            Some(std::net::SocketAddr::V4(at)) => *at.ip(),
            _ => own_address(),
        };
        let define = |name: &str, value: &str| format!("{name}={value}");
        let mut command = Command::new("kamailio");
        command.args(["-DD", "-E", "-m", "64", "-M", "8", "-f"]);
        command.arg(configuration(dir.path(), changes));
        for defined in [
            define("DBURL", &format!("\"sqlite:///{}\"", database.display())),
            define("DOMAIN", "\"example.org\""),
            define("SECRET", "\"known to the test\""),
            define("LISTEN", &listen.unwrap_or((address, 5060).into()).to_string()),
            define("CTL", &format!("\"unix:{}\"", dir.path().join("ctl").display())),
        ] {
            command.args(["-A", &defined]);
        }
        for name in *defines {
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

    /// It has forgotten who was where; users and publications stand in its database.
    pub fn start_again(&mut self) {
        self.process = self.command.spawn().unwrap();
        self.wait();
    }

    /// Its main process ends the others when it is asked politely.
    pub fn stop(&mut self) {
        let _ = Command::new("sh").args(["-c", &format!("kill {}", self.process.id())]).status();
        let _ = self.process.wait();
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    pub fn tell(&self, words: &[&str]) -> Ran {
        let mut command = Command::new("kamcmd");
        command.arg("-s").arg(format!("unix:{}", self.dir.path().join("ctl").display())).args(words);
        finish(&mut command)
    }

    /// A further user of example.org.
    pub fn enrol(&self, name: &str, password: &str) {
        let users = rusqlite::Connection::open(self.dir.path().join("kamailio.sqlite")).unwrap();
        let user = "insert into subscriber (username, domain, password) values (?1, 'example.org', ?2)";
        users.execute(user, [name, password]).unwrap();
    }

    /// Where it would send a call for somebody.
    pub fn contacts(&self) -> String {
        self.tell(&["ul.dump"]).expect(0).stdout
    }
}

/// The one that we ship, or a changed one in `dir`.
fn configuration(dir: &std::path::Path, changes: &[(&str, &str)]) -> std::path::PathBuf {
    let ours = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/config/kamailio/kamailio.cfg"));
    if changes.is_empty() {
        return ours.to_owned();
    }
    let mut text = std::fs::read_to_string(ours).unwrap();
    for (was, is) in changes {
        assert!(text.contains(was), "{was}");
        text = text.replace(was, is);
    }
    let changed = dir.join("kamailio.cfg");
    std::fs::write(&changed, text).unwrap();
    changed
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

pub fn account_at(name: &'static str, kamailio: &Kamailio, proxy: &str, password: &str, action: &str) -> Home {
    account_of(Home::new(name, action), kamailio, proxy, password, action)
}

/// The same of an agent at an address of its own.
pub fn account_of(home: Home, kamailio: &Kamailio, proxy: &str, password: &str, action: &str) -> Home {
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
    std::fs::write(home.config(), text.replace(&home.entity(), &format!("sip:{}@example.org", home.name))).unwrap();
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
