//! baresip, an ordinary telephone: Debian's `baresip-core`, without any sound card, driven by its module `ctrl_tcp`.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{json, Value};
use tempfile::TempDir;

use crate::certificates::certify;
use crate::process::{connection, free_port, free_tcp, installed, look_long_until, skip};
use crate::sound::{share_of_tone, write_tone_as};

/// Its sockets for sound have no address of their own, so what it sends comes from here.
const ADDRESS: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// What it says into every call, hertz.
pub const VOICE: u32 = 620;

pub struct Baresip {
    port: u16,
    dir: TempDir,
    process: Child,
    control: TcpStream,
    /// What came of a message that is not whole yet.
    rest: Vec<u8>,
    events: Vec<Value>,
    commands: u32,
}

/// How it is set up.
#[derive(Default)]
pub struct Setup<'a> {
    /// `srtp`, `srtp-mand`, `dtls_srtp`; in clear without.
    pub mediaenc: Option<&'a str>,
    /// It registers as bob@example.org at a proxy there, by this transport.
    pub registrar: Option<(&'a str, Ipv4Addr)>,
    /// Whom it trusts for TLS.
    pub ca: Option<&'a Path>,
    /// A presence module that knows nothing of statements.
    pub presence: bool,
    /// Milliseconds of sound that it would like in each packet.
    pub ptime: Option<u16>,
    pub codec: Codec,
}

/// The one codec that it has.
#[derive(Clone, Copy, Default)]
pub enum Codec {
    /// Both of G.711.
    #[default]
    G711,
    G722,
    /// In two channels, as its Opus always is.
    Opus,
}

impl Codec {
    const fn module(self) -> &'static str {
        match self {
            Self::G711 => "g711",
            Self::G722 => "g722",
            Self::Opus => "opus",
        }
    }

    /// Samples a second and channels of the one kind of file that it takes for its voice then.
    const fn voice(self) -> (u32, u16) {
        match self {
            Self::G711 => (8000, 1),
            Self::G722 => (16_000, 1),
            Self::Opus => (48_000, 2),
        }
    }
}

impl Baresip {
    /// It answers by itself. `None` when it is not installed.
    pub fn start(setup: &Setup<'_>) -> Option<Self> {
        if !installed("baresip") {
            skip("baresip-core is not installed");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let port = free_port(ADDRESS.into()).unwrap();
        let control = free_tcp(ADDRESS);
        let (rate, channels) = setup.codec.voice();
        write_tone_as(&dir.path().join("voice.wav"), f64::from(VOICE), rate, channels);
        let here = dir.path().display();
        let modules = [setup.codec.module(), "aufile", "aubridge", "sndfile", "srtp", "dtls_srtp", "ctrl_tcp"];
        let modules: String = modules.iter().map(|name| format!("module {name}.so\n")).collect();
        let presence = if setup.presence { "module_app presence.so\n" } else { "" };
        let ca = setup.ca.map(|file| format!("sip_cafile {}\nsip_certificate {here}/own.pem\n", file.display()));
        let ca = ca.unwrap_or_default();
        certify(dir.path(), &ADDRESS.to_string());
        let pem = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
        std::fs::write(dir.path().join("own.pem"), pem("cert.pem") + &pem("key.pem")).unwrap();
        let config = format!(
            "poll_method epoll\nnet_interface {ADDRESS}\nsip_listen {ADDRESS}:{port}\naudio_path {here}\n\
             audio_source aufile,{here}/voice.wav\naudio_player aubridge,nowhere\naudio_alert aubridge,nowhere\n\
             ausrc_format s16\nauplay_format s16\nauenc_format s16\naudec_format s16\nrtp_ports 20000-29998\n\
             snd_path {here}\nctrl_tcp_listen {control}\nmodule_path /usr/lib/baresip/modules\n{ca}{modules}\
             module_tmp account.so\nmodule_app menu.so\nmodule_app contact.so\n{presence}"
        );
        std::fs::write(dir.path().join("config"), config).unwrap();
        std::fs::write(dir.path().join("accounts"), account(setup, port)).unwrap();
        std::fs::write(dir.path().join("contacts"), "").unwrap();
        let log = std::fs::File::create(dir.path().join("log")).unwrap();
        let mut command = Command::new("baresip");
        command.arg("-f").arg(dir.path()).arg("-v").stdin(Stdio::null()).stderr(log.try_clone().unwrap()).stdout(log);
        let mut process = command.spawn().unwrap();
        let control = look_long_until(|| {
            assert!(process.try_wait().unwrap().is_none(), "baresip ended");
            connection(control)
        });
        control.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
        Some(Self { port, dir, process, control, rest: Vec::new(), events: Vec::new(), commands: 0 })
    }

    /// How it is called directly.
    pub fn uri(&self) -> String {
        format!("sip:bob@{ADDRESS}:{}", self.port)
    }

    /// A command of its menu, and what it says to it.
    pub fn tell(&mut self, command: &str, params: &str) -> String {
        self.commands += 1;
        let token = self.commands.to_string();
        let message = json!({"command": command, "params": params, "token": token}).to_string();
        write!(self.control, "{}:{message},", message.len()).unwrap();
        loop {
            let message = self.next();
            if message["token"] == token.as_str() {
                assert_eq!(message["ok"], true, "{command} {params}: {message}");
                return message["data"].as_str().unwrap_or_default().to_owned();
            }
            self.events.push(message);
        }
    }

    /// The next event of this kind that was not waited for before; those that came before it are forgotten.
    pub fn wait_for(&mut self, kind: &str) -> Value {
        loop {
            let event = if self.events.is_empty() { self.next() } else { self.events.remove(0) };
            if event["type"] == kind {
                return event;
            }
        }
    }

    /// The same of a call of its own.
    pub fn wait_for_own(&mut self, kind: &str) -> Value {
        loop {
            let event = self.wait_for(kind);
            if event["direction"] == "outgoing" {
                return event;
            }
        }
    }

    /// The share of a tone in what it heard in its last call, which is over.
    pub fn heard(&self, hertz: u32) -> f64 {
        look_long_until(|| {
            let mut all: Vec<PathBuf> =
                std::fs::read_dir(self.dir.path()).unwrap().map(|file| file.unwrap().path()).collect();
            all.retain(|file| file.to_string_lossy().ends_with("-dec.wav"));
            all.sort();
            share_of_tone(all.last()?, f64::from(hertz))
        })
    }

    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.dir.path().join("log")).unwrap()).into_owned()
    }

    /// A netstring of JSON.
    fn next(&mut self) -> Value {
        loop {
            if let Some(message) = self.take() {
                return message;
            }
            let mut some = [0; 4096];
            let count = self.control.read(&mut some).unwrap_or_else(|why| panic!("{why}: {}", self.log()));
            assert!(count > 0, "baresip ended: {}", self.log());
            self.rest.extend(&some[..count]);
        }
    }

    fn take(&mut self) -> Option<Value> {
        let colon = self.rest.iter().position(|octet| *octet == b':')?;
        let length: usize = std::str::from_utf8(&self.rest[..colon]).unwrap().parse().unwrap();
        let message = serde_json::from_slice(self.rest.get(colon + 1..colon + 1 + length)?).unwrap();
        self.rest.get(colon + 1 + length)?;
        self.rest.drain(..colon + length + 2);
        Some(message)
    }
}

fn account(setup: &Setup<'_>, port: u16) -> String {
    let mediaenc = setup.mediaenc.map(|name| format!(";mediaenc={name}")).unwrap_or_default();
    let media = mediaenc + &setup.ptime.map(|ptime| format!(";ptime={ptime}")).unwrap_or_default();
    match setup.registrar {
        None => format!("<sip:bob@{ADDRESS}:{port}>;regint=0;answermode=auto{media}\n"),
        Some((transport, proxy)) => format!(
            "<sip:bob@example.org;transport={transport}>;auth_user=bob;auth_pass=secret;regint=600;answermode=auto;\
             outbound=\"sip:{proxy};transport={transport}\"{media}\n"
        ),
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
