//! Where the demo plays: network namespaces of its own, made by root or inside a user namespace, or loopback.
//!
//! The process that plays runs in a network namespace that is the router, in which Alice and Bob have one each. All three, and the
//! mount namespace that names them, end with the last process in them: nothing is left behind, whatever happens.

use std::fmt::Display;
use std::process::{Command, Stdio};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    Loopback,
    Namespaces,
    UserNamespaces,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Alice,
    Bob,
}

impl Where {
    pub fn named(name: &str) -> Option<Self> {
        [Self::Loopback, Self::Namespaces, Self::UserNamespaces].into_iter().find(|place| place.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Namespaces => "namespaces",
            Self::UserNamespaces => "user-namespaces",
        }
    }

    /// The options of `unshare` that lead there.
    pub fn unshare(self) -> &'static [&'static str] {
        match self {
            Self::Loopback => &[],
            Self::Namespaces => &["--net", "--mount"],
            Self::UserNamespaces => &["--user", "--map-root-user", "--net", "--mount"],
        }
    }

    /// Whether this machine lets this user go there.
    pub fn is_allowed(self) -> bool {
        let unshared = || Command::new("unshare").args(self.unshare()).arg("true").stderr(Stdio::null()).status();
        self == Self::Loopback || unshared().is_ok_and(|status| status.success())
    }
}

impl Who {
    pub fn name(self) -> &'static str {
        match self {
            Self::Alice => "alice",
            Self::Bob => "bob",
        }
    }
}

/// The addresses of the specification, or their like on loopback.
pub struct Addresses {
    pub alice: &'static str,
    pub bob_office: &'static str,
    pub bob_outside: &'static str,
    pub office: &'static str,
    pub outside: &'static str,
}

const SPECIFIED: Addresses = Addresses {
    alice: "192.168.1.1",
    bob_office: "192.168.1.2",
    bob_outside: "133.134.10.10",
    office: "192.168.1.0/24",
    outside: "133.134.10.0/24",
};

const LOOPBACK: Addresses = Addresses {
    alice: "127.168.1.1",
    bob_office: "127.168.1.2",
    bob_outside: "127.134.10.10",
    office: "127.168.1.0/24",
    outside: "127.134.10.0/24",
};

/// Alice's end of the wire, seen from the router.
pub const WIRE: &str = "alice0";

/// A place that is ready.
pub struct Place {
    pub kind: Where,
    id: u32,
}

impl Place {
    /// Builds both networks. Runs inside the namespaces to which [`Where::unshare`] leads.
    pub fn build(kind: Where) -> Result<Self, String> {
        let place = Self { kind, id: std::process::id() };
        if kind != Where::Loopback {
            place.build_networks()?;
        }
        Ok(place)
    }

    pub fn addresses(&self) -> &'static Addresses {
        match self.kind {
            Where::Loopback => &LOOPBACK,
            Where::Namespaces | Where::UserNamespaces => &SPECIFIED,
        }
    }

    /// A command that runs where `who` is.
    pub fn command(&self, who: Who, program: &std::path::Path) -> Command {
        if self.kind == Where::Loopback {
            return Command::new(program);
        }
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/run/netns/{}", self.netns(who))).arg("--").arg(program);
        command
    }

    /// Bob's cable goes into the router's outer port.
    pub fn move_bob_outside(&self) -> Result<(), String> {
        if self.kind == Where::Loopback {
            return Ok(());
        }
        run("ip link set bob0 nomaster")?;
        run("ip address add 133.134.10.1/24 dev bob0")?;
        self.move_bob("133.134.10.10/24", "133.134.10.1")
    }

    /// And back into the office.
    pub fn move_bob_back(&self) -> Result<(), String> {
        if self.kind == Where::Loopback {
            return Ok(());
        }
        run("ip address flush dev bob0")?;
        run("ip link set bob0 master office")?;
        self.move_bob("192.168.1.2/24", "192.168.1.254")
    }

    fn netns(&self, who: Who) -> String {
        format!("sottovoce-{}-{}", self.id, who.name())
    }

    fn build_networks(&self) -> Result<(), String> {
        // `ip netns` keeps its names below /run; ours is nobody else's.
        run("mount -t tmpfs tmpfs /run")?;
        run("ip link set lo up")?;
        run("ip link add office address 02:00:00:00:01:fe type bridge")?;
        run("ip address add 192.168.1.254/24 dev office")?;
        run("ip link set office up")?;
        for who in [Who::Alice, Who::Bob] {
            let (name, netns) = (who.name(), self.netns(who));
            run(&format!("ip netns add {netns}"))?;
            run(&format!("ip link add {name}0 type veth peer name eth0 netns {netns}"))?;
            run(&format!("ip link set {name}0 master office up"))?;
            run(&format!("ip -n {netns} link set lo up"))?;
            run(&format!("ip -n {netns} link set eth0 up"))?;
        }
        std::fs::write("/proc/sys/net/ipv4/ip_forward", "1").map_err(|error| failed("ip_forward", &error))?;
        let alice = self.netns(Who::Alice);
        run(&format!("ip -n {alice} address add 192.168.1.1/24 dev eth0"))?;
        run(&format!("ip -n {alice} route add default via 192.168.1.254"))?;
        self.move_bob("192.168.1.2/24", "192.168.1.254")
    }

    fn move_bob(&self, address: &str, router: &str) -> Result<(), String> {
        let bob = self.netns(Who::Bob);
        run(&format!("ip -n {bob} address flush dev eth0 scope global"))?;
        run(&format!("ip -n {bob} address add {address} dev eth0"))?;
        run(&format!("ip -n {bob} route add default via {router}"))
    }
}

fn run(line: &str) -> Result<(), String> {
    let mut words = line.split(' ');
    let output = Command::new(words.next().unwrap_or_default()).args(words).stdin(Stdio::null()).output();
    let output = output.map_err(|error| failed(line, &error))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(failed(line, &String::from_utf8_lossy(&output.stderr).trim())),
    }
}

fn failed(what: &str, why: &dyn Display) -> String {
    format!("`{what}` failed: {why}")
}
