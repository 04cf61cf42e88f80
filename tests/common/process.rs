//! Agents as their users have them: processes with a data directory, on loopback addresses of their own.
#![allow(dead_code)] // each test program uses a part of it
#![allow(clippy::disallowed_methods)] // real clocks and real sockets, around the program and not in it

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_sottovoce");

/// Seconds after which a command is hung.
pub const PATIENCE: &str = "90";

/// A loopback address that nothing else uses, so that every agent has port 5060 for itself.
pub fn own_address() -> Ipv4Addr {
    const OF_ONE: u16 = 250;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let [_, host] = (next % OF_ONE + 2).to_be_bytes();
    // Who needs more goes on where a process of a far number would begin.
    let [_, far] = (next / OF_ONE * 85).to_be_bytes();
    // The first octets 127.0 belong to everybody.
    Ipv4Addr::new(127, high | 0x80, low.wrapping_add(far), host)
}

/// A UDP port that nobody has at the moment; `None` where the machine does not have the address.
pub fn free_port(address: std::net::IpAddr) -> Option<u16> {
    Some(std::net::UdpSocket::bind((address, 0)).ok()?.local_addr().ok()?.port())
}

/// A TCP address that nobody has at the moment.
pub fn free_tcp(address: Ipv4Addr) -> SocketAddr {
    std::net::TcpListener::bind((address, 0)).unwrap().local_addr().unwrap()
}

/// Somebody who waits for connections, at a port of his own.
pub fn waiting(address: Ipv4Addr) -> std::net::TcpListener {
    std::net::TcpListener::bind((address, 0)).unwrap()
}

/// A connection to whoever listens there.
pub fn connection(to: SocketAddr) -> Option<TcpStream> {
    TcpStream::connect(to).ok()
}

/// A UDP socket at a port of its own.
pub fn any_port(address: Ipv4Addr) -> std::net::UdpSocket {
    std::net::UdpSocket::bind((address, 0)).unwrap()
}

/// Somebody at port 5060 who hears everything and never answers.
pub fn silent(address: Ipv4Addr) -> std::net::UdpSocket {
    std::net::UdpSocket::bind((address, 5060)).unwrap()
}

/// Somebody at a UDP socket who answers what comes, until it is dropped.
pub struct Answering {
    address: SocketAddr,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Answering {
    pub fn start(address: SocketAddr, answer: impl Fn(&[u8]) -> Option<Vec<u8>> + Send + 'static) -> Self {
        let socket = std::net::UdpSocket::bind(address).unwrap();
        let ended = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ended);
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 65_535];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                if end.load(Ordering::Relaxed) {
                    return;
                }
                if let Some(answer) = answer(&buffer[..length]) {
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        Self { address, ended, thread: Some(thread) }
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        let woken = std::net::UdpSocket::bind((self.address.ip(), 0)).and_then(|one| one.send_to(&[], self.address));
        if let (Ok(_), Some(thread)) = (woken, self.thread.take()) {
            let _ = thread.join();
        }
    }
}

/// Says why a test does not run here; with CI=true that is a failure.
pub fn skip(why: &str) {
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "would skip: {why}");
    // Past the harness, which keeps back what a test that passes prints.
    let _ = writeln!(std::io::stderr(), "\nSKIPPED: {why}");
}

/// Whether a program is installed.
pub fn installed(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
    found.is_ok_and(|found| found.status.success())
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// The one JSON object on stdout, and nothing else.
    pub fn json(&self) -> Value {
        let value: Value = serde_json::from_str(self.stdout.trim_end()).unwrap_or_else(|why| panic!("{why}: {self:?}"));
        assert!(value.is_object(), "{self:?}");
        value
    }

    /// The code of the failure that it is.
    pub fn failure(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_else(|| panic!("no failure: {self:?}")).to_owned()
    }

    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

/// Where one user lives: a directory with a configuration, and perhaps a running agent.
pub struct Home {
    pub name: &'static str,
    pub address: Ipv4Addr,
    dir: TempDir,
    agent: Option<Child>,
    /// Variables of its environment.
    with: Vec<(&'static str, String)>,
}

impl Home {
    /// Answers automatically and tells its place; its default is `action`.
    pub fn new(name: &'static str, action: &str) -> Self {
        Self::at(own_address(), name, action)
    }

    /// The same at an address that is somebody's already.
    pub fn at(address: Ipv4Addr, name: &'static str, action: &str) -> Self {
        let home = Self { name, address, dir: tempfile::tempdir().unwrap(), agent: None, with: Vec::new() };
        home.configure(&home.usual(&format!("{action};")));
        home
    }

    /// Its programs find this in their environment.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.with.push((name, value.to_owned()));
        self
    }

    /// The configuration that it begins with, for a default of `action` with its semicolon and what may follow it.
    pub fn usual(&self, action: &str) -> String {
        format!(
            "[answer]\nmode = \"auto\"\n[watchers]\nunknown = \"place\"\n\
             [policy]\ndefault = [\"spdadd any any udp -P out {action}\"]\n"
        )
    }

    /// Writes the configuration: who and where, and then `more`.
    pub fn configure(&self, more: &str) {
        let Self { name, address, .. } = self;
        let door = self.control();
        let text = format!(
            "entity = \"sip:{name}@{address}\"\ndisplay-name = \"{name}\"\n[sip]\nlisten = [\"udp:{address}:5060\"]\n\
             [control]\nlisten = \"{door}\"\n{more}"
        );
        std::fs::write(self.config(), text).unwrap();
    }

    /// Where its control door is: on loopback.
    pub fn control(&self) -> SocketAddr {
        let [.., host] = self.address.octets();
        let here = if self.address.is_loopback() { self.address } else { Ipv4Addr::new(127, 0, 0, host) };
        (here, 8060).into()
    }

    pub fn entity(&self) -> String {
        format!("sip:{}@{}", self.name, self.address)
    }

    pub fn config(&self) -> PathBuf {
        self.path("sottovoce.toml")
    }

    pub fn data(&self) -> PathBuf {
        self.path("data")
    }

    pub fn keylog(&self) -> PathBuf {
        self.path("keys")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn command(&self, args: &[&str]) -> Command {
        self.command_within(PATIENCE, args)
    }

    /// One that may take so many seconds.
    pub fn command_within(&self, seconds: &str, args: &[&str]) -> Command {
        let mut command = Command::new("timeout");
        command.args([seconds, PROGRAM, "--data-dir"]).arg(self.data()).arg("--config").arg(self.config()).args(args);
        command.stdin(Stdio::null()).env_remove("SOTTOVOCE_KEYLOG").env_remove("RUST_LOG");
        command.envs(self.with.iter().cloned());
        command
    }

    /// Runs a command with `--json` to its end.
    pub fn run(&self, args: &[&str]) -> Ran {
        finish(self.command(&["--json"]).args(args))
    }

    /// The same after its keys are gone.
    pub fn start_anew(&mut self) -> Value {
        std::fs::remove_dir_all(self.data()).unwrap();
        self.start()
    }

    /// Starts `sottovoce run` and returns when it is ready.
    pub fn start(&mut self) -> Value {
        let mut child = self.agent_command().stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.agent = Some(child);
        serde_json::from_str(&line).unwrap_or_else(|why| panic!("{} does not start: {why}: {line}", self.name))
    }

    /// What it told at its start on standard error, ended by SIGTERM once it was ready.
    pub fn start_and_stop(&self) -> String {
        let mut child = self.agent_command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        send("TERM", &child);
        String::from_utf8_lossy(&child.wait_with_output().unwrap().stderr).into_owned()
    }

    fn agent_command(&self) -> Command {
        let mut command = Command::new(PROGRAM);
        command.arg("--data-dir").arg(self.data()).arg("--config").arg(self.config()).args(["--json", "run"]);
        command.stdin(Stdio::null()).env("SOTTOVOCE_KEYLOG", self.keylog()).env_remove("RUST_LOG");
        command.envs(self.with.iter().cloned());
        command
    }

    /// The number of the agent's process.
    pub fn process(&self) -> u32 {
        self.agent.as_ref().expect("no agent runs").id()
    }

    pub fn runs(&self) -> bool {
        self.agent.is_some()
    }

    /// Sends the agent a signal, `TERM` or `KILL`, and waits for its end.
    pub fn signal(&mut self, name: &str) -> Option<i32> {
        let mut child = self.agent.take().expect("no agent runs");
        send(name, &child);
        child.wait().unwrap().code()
    }

    pub fn token(&self) -> String {
        std::fs::read_to_string(self.data().join("control.token")).unwrap().trim().to_owned()
    }

    /// A connection to its control door.
    pub fn door(&self) -> TcpStream {
        TcpStream::connect(self.control()).unwrap()
    }

    /// One HTTP/1.1 exchange with the control door, headers as given: status and body.
    pub fn http(&self, request: &str, headers: &[(&str, &str)]) -> (u16, String) {
        self.http_with(request, headers, "")
    }

    /// The same with a body of JSON, where it is not empty.
    pub fn http_with(&self, request: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let mut stream = self.door();
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let of_body = match body.len() {
            0 => String::new(),
            len => format!("Content-Type: application/json\r\nContent-Length: {len}\r\n"),
        };
        write!(stream, "{request} HTTP/1.1\r\nConnection: close\r\n{headers}{of_body}\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
        (status.unwrap_or_else(|| panic!("{answer}")), body.unwrap_or_default())
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if self.agent.is_some() {
            self.signal("KILL");
        }
    }
}

/// The shell's own `kill`: a small system has no other.
pub fn send(signal: &str, child: &Child) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{signal} {}", child.id())]).status().unwrap();
    assert!(sent.success());
}

/// Runs a command to its end.
pub fn finish(command: &mut Command) -> Ran {
    let done = command.output().unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).expect("output is UTF-8");
    Ran { code: done.status.code().unwrap_or(-1), stdout: text(done.stdout), stderr: text(done.stderr) }
}

/// Every command that looks until `done` says so, for as long as a command may take: as many looks as a fast machine has in two seconds are no time.
pub fn look_until<T>(look: impl FnMut() -> Option<T>) -> T {
    look_for(patience(), Duration::from_millis(5), look)
}

/// The same for what takes half a minute, with a pause between that leaves the machine to others.
pub fn look_long_until<T>(look: impl FnMut() -> Option<T>) -> T {
    look_for(5 * patience(), Duration::from_millis(100), look)
}

fn look_for<T>(long: Duration, pause: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let began = std::time::Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < long, "it did not happen");
        std::thread::sleep(pause);
    }
}

fn patience() -> Duration {
    Duration::from_secs(PATIENCE.parse().unwrap())
}

/// Looks every few milliseconds, for as long as a command may take.
pub fn wait_until(mut done: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !done() {
        assert!(began.elapsed() < patience(), "it did not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether somebody listens at port 5060 of this address.
pub fn listens(address: Ipv4Addr, tcp: bool) -> bool {
    listens_at((address, 5060).into(), tcp)
}

/// A look that binds it would be in somebody's way.
pub fn listens_at(at: SocketAddr, tcp: bool) -> bool {
    let std::net::IpAddr::V4(address) = at.ip() else { panic!("IPv6") };
    // The last word is the state: listening, or not connected. Connections that are over stand there too.
    let (file, state) = if tcp { ("/proc/net/tcp", "0A") } else { ("/proc/net/udp", "07") };
    let wanted = format!(" {:08X}:{:04X} 00000000:0000 {state} ", u32::from_ne_bytes(address.octets()), at.port());
    std::fs::read_to_string(file).unwrap().contains(&wanted)
}

/// A datagram that was seen on the wire.
#[derive(Clone, Debug)]
pub struct Seen {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
}

/// A capture of everything on loopback that some addresses send.
pub struct Capture {
    child: Child,
    _stderr: BufReader<std::process::ChildStderr>,
    file: PathBuf,
}

impl Capture {
    /// `None` where this user may not capture.
    pub fn start(file: &Path, homes: &[&Home]) -> Option<Self> {
        let hosts: Vec<String> = homes.iter().map(|home| format!("host {}", home.address)).collect();
        let mut command = Command::new("tcpdump");
        command.args(["-i", "lo", "-U", "-s", "0", "-B", "8192", "--immediate-mode", "-w"]).arg(file);
        if finish(Command::new("id").arg("-u")).stdout.trim() == "0" {
            command.args(["-Z", "root"]); // else it gives up the right to write the file
        }
        command.arg(hosts.join(" or ")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().ok()?;
        let mut stderr = BufReader::new(child.stderr.take()?);
        let mut line = String::new();
        while stderr.read_line(&mut line).ok()? > 0 {
            if line.contains("listening on") {
                return Some(Self { child, _stderr: stderr, file: file.to_owned() });
            }
            line.clear();
        }
        child.wait().ok()?;
        None
    }

    /// Ends the capture; every UDP datagram in it, in order.
    pub fn stop(mut self) -> Vec<Seen> {
        send("TERM", &self.child);
        self.child.wait().unwrap();
        read_pcap(&std::fs::read(&self.file).unwrap())
    }
}

/// Writes datagrams as a capture, each with both of its outer ports changed to `port`.
pub fn write_pcap(file: &Path, seen: &[Seen], port: u16) {
    let header = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 0xffff, 1];
    let mut out: Vec<u8> = header.iter().flat_map(|word| word.to_le_bytes()).collect();
    for seen in seen {
        let udp = 8 + seen.bytes.len();
        let frame = 14 + 20 + udp;
        for word in [0, 0, frame as u32, frame as u32] {
            out.extend(word.to_le_bytes());
        }
        out.extend([0; 12]);
        out.extend([8, 0, 0x45, 0]);
        out.extend((20 + udp as u16).to_be_bytes());
        out.extend([0, 0, 0, 0, 64, 17, 0, 0]);
        for end in [seen.from, seen.to] {
            let std::net::IpAddr::V4(address) = end.ip() else { panic!("IPv6") };
            out.extend(address.octets());
        }
        for half in [port, port, udp as u16, 0] {
            out.extend(half.to_be_bytes());
        }
        out.extend(&seen.bytes);
    }
    std::fs::write(file, out).unwrap();
}

/// The UDP datagrams of a capture of IPv4 on Ethernet, which is how Linux shows loopback.
fn read_pcap(file: &[u8]) -> Vec<Seen> {
    const HEADER: usize = 24;
    assert_eq!(file[..4], 0xa1b2_c3d4_u32.to_le_bytes(), "not a little-endian pcap file");
    assert_eq!(file[20..24], 1_u32.to_le_bytes(), "not Ethernet");
    let mut rest = &file[HEADER..];
    let mut seen = Vec::new();
    while rest.len() >= 16 {
        let length = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        seen.extend(read_frame(&rest[16..16 + length]));
        rest = &rest[16 + length..];
    }
    seen
}

fn read_frame(frame: &[u8]) -> Option<Seen> {
    let ip = frame.get(14..)?;
    if ip[0] >> 4 != 4 || ip[9] != 17 {
        return None;
    }
    let udp = &ip[usize::from(ip[0] & 15) * 4..];
    let port = |at: usize| u16::from_be_bytes([udp[at], udp[at + 1]]);
    let host = |at: usize| Ipv4Addr::new(ip[at], ip[at + 1], ip[at + 2], ip[at + 3]);
    let from = SocketAddr::from((host(12), port(0)));
    let to = SocketAddr::from((host(16), port(2)));
    Some(Seen { from, to, bytes: udp[8..usize::from(port(4))].to_vec() })
}
