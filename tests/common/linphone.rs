//! linphone, an ordinary telephone: Debian's `linphone-cli`, its daemon, with a PulseAudio of its own in the place of a sound card.

use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::process::{finish, installed, look_long_until, skip, wait_until};
use crate::sound::{share_of_tone, write_tone};
use crate::space::HERE;

/// What it says into every call, hertz, where nothing else is wanted.
pub const VOICE: u32 = 620;

/// How it is set up.
pub struct Setup<'a> {
    pub name: &'a str,
    /// Sound has those from 2000 above: two at one address need others.
    pub port: u16,
    /// What it says into every call, hertz.
    pub voice: u32,
    /// `none`, `srtp`, `dtls`.
    pub encryption: &'a str,
    /// It registers at a proxy there as somebody of example.org, by this transport.
    pub registrar: Option<(&'a str, Ipv4Addr)>,
    /// Whom it trusts for TLS.
    pub ca: Option<&'a Path>,
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Self { name: "bob", port: 5062, voice: VOICE, encryption: "none", registrar: None, ca: None }
    }
}

pub struct Linphone {
    dir: TempDir,
    /// How it is called directly.
    uri: String,
    /// The daemon, PulseAudio, what speaks into its microphone, what listens at its loudspeaker.
    processes: Vec<Child>,
    pipe: PathBuf,
}

impl Linphone {
    /// It answers by itself, and has no account. `None` when it is not installed.
    pub fn start(encryption: &str) -> Option<Self> {
        Self::start_with(&Setup { encryption, ..Setup::default() })
    }

    pub fn start_with(setup: &Setup<'_>) -> Option<Self> {
        if !installed("linphone-daemon") || !installed("parec") {
            skip("linphone-cli, or pulseaudio-utils, is not installed");
            return None;
        }
        let Setup { name, port, .. } = setup;
        let dir = tempfile::tempdir().unwrap();
        let pipe = format!("sottovoce-linphone-{}-{name}", std::process::id());
        let uri = format!("sip:{name}@{HERE}:{port}");
        let mut linphone = Self { dir, uri, processes: Vec::new(), pipe: Path::new("/tmp").join(&pipe) };
        for folder in [".local/share/linphone", ".config/linphone"] {
            std::fs::create_dir_all(linphone.dir.path().join(folder)).unwrap();
        }
        linphone.make_sound(setup.voice);
        std::fs::write(linphone.dir.path().join("rc"), configuration(setup)).unwrap();
        let mut daemon = linphone.command("linphone-daemon");
        daemon.args(["--pipe", &pipe, "--disable-stats-events", "--auto-answer", "--config"]);
        daemon.arg(linphone.dir.path().join("rc")).arg("--log").arg(linphone.dir.path().join("log"));
        daemon.stdout(std::fs::File::create(linphone.dir.path().join("events")).unwrap());
        linphone.processes.push(daemon.spawn().unwrap());
        look_long_until(|| linphone.try_tell("media-encryption").filter(|said| said.contains("Status: Ok")));
        Some(linphone)
    }

    /// A microphone that hears a tone, and a loudspeaker that is recorded.
    fn make_sound(&mut self, voice: u32) {
        let module = format!("module-native-protocol-unix auth-anonymous=1 socket={}", self.socket().display());
        let mut server = self.command("pulseaudio");
        server.args(["-n", "--daemonize=no", "--exit-idle-time=-1", "--disable-shm=yes", "-L", &module]);
        for sink in ["ear", "mouth"] {
            server.args(["-L", &format!("module-null-sink sink_name={sink} rate=48000 channels=1 norewinds=1")]);
        }
        self.processes.push(server.spawn().unwrap());
        wait_until(|| finish(self.command("pactl").arg("info").stdout(Stdio::piped())).code == 0);
        for (what, name) in [("set-default-sink", "ear"), ("set-default-source", "mouth.monitor")] {
            assert_eq!(finish(self.command("pactl").args([what, name])).code, 0);
        }
        let file = self.dir.path().join("voice.wav");
        write_tone(&file, f64::from(voice));
        let speaks = self.command("paplay").args(["--device=mouth"]).arg(&file).spawn().unwrap();
        self.processes.push(speaks);
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("pulse")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let server = format!("unix:{}", self.socket().display());
        command.env("HOME", self.dir.path()).env("XDG_RUNTIME_DIR", self.dir.path()).env("PULSE_SERVER", server);
        command.env("PULSE_RUNTIME_PATH", self.dir.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// How it is called directly.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// A command of its daemon, and what it says to it.
    #[track_caller]
    pub fn tell(&self, command: &str) -> String {
        let said = self.try_tell(command).unwrap_or_default();
        assert!(said.contains("Status: Ok"), "{command}: {said}\n{}", self.events());
        said
    }

    fn try_tell(&self, command: &str) -> Option<String> {
        let mut stream = UnixStream::connect(&self.pipe).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
        stream.write_all(format!("{command}\n").as_bytes()).ok()?;
        let mut said = vec![0; 65_536];
        let len = stream.read(&mut said).ok()?;
        Some(String::from_utf8_lossy(&said[..len]).into_owned())
    }

    /// What it told so far.
    pub fn events(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.dir.path().join("events")).unwrap()).into_owned()
    }

    /// Waits until its call of that number is in that state, as `StreamsRunning`.
    pub fn wait_for(&self, call: u32, state: &str) {
        let (state, call) = (format!("Event: LinphoneCall{state}\n"), format!("\nId: {call}\n"));
        look_long_until(|| {
            let events = self.events();
            events.split("Event-type").any(|event| event.contains(&state) && event.contains(&call)).then_some(())
        });
    }

    /// The share of a tone in what its loudspeaker plays now.
    pub fn hears_now(&self, hertz: u32) -> f64 {
        let ear = self.listen();
        std::thread::sleep(Duration::from_secs(2));
        ear.heard(hertz)
    }

    /// What its loudspeaker plays goes into a file from now on, until it is dropped.
    pub fn listen(&self) -> Ear {
        let file = self.dir.path().join("heard.wav");
        let mut listens = self.command("parec");
        listens.args(["--device=ear.monitor", "--file-format=wav", "--rate=8000", "--channels=1", "--format=s16le"]);
        Ear { process: listens.arg(&file).spawn().unwrap(), file }
    }
}

fn configuration(setup: &Setup<'_>) -> String {
    let Setup { name, port, encryption, registrar, ca, .. } = setup;
    // Its TLS compares names of DNS alone: neither the URI of a domain (RFC 5922 section 7.1) nor an address.
    let ca = ca.map(|file| format!("root_ca={}\nverify_server_cn=0\n", file.display())).unwrap_or_default();
    let account = registrar.map(|(transport, proxy)| {
        format!(
            "[proxy_0]\nreg_proxy=<sip:{proxy};transport={transport}>\nreg_route=<sip:{proxy};transport={transport};lr>\n\
             reg_identity=<sip:{name}@example.org>\nreg_expires=600\nreg_sendregister=1\n\
             [auth_info_0]\nusername={name}\npasswd=secret\nrealm=example.org\n"
        )
    });
    let which = if registrar.is_some() { "default_proxy=0\n" } else { "" };
    // By TCP too: a proxy takes that for what is too long for UDP (RFC 3261 section 18.1.1).
    format!(
        "[sip]\nsip_port={port}\nsip_tcp_port={port}\nsip_tls_port=-1\nmedia_encryption={encryption}\n{ca}{which}\
         contact=\"{name}\" <sip:{name}@{HERE}>\n{}[rtp]\naudio_rtp_port={}\n[sound]\nechocancellation=0\n",
        account.unwrap_or_default(),
        port + 2000,
    )
}

/// What listens at its loudspeaker.
pub struct Ear {
    process: Child,
    file: PathBuf,
}

impl Ear {
    /// The share of a tone in what was heard.
    pub fn heard(mut self, hertz: u32) -> f64 {
        crate::process::send("INT", &self.process);
        self.process.wait().unwrap();
        share_of_tone(&self.file, f64::from(hertz)).expect("something was recorded")
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Linphone {
    fn drop(&mut self) {
        for process in self.processes.iter_mut().rev() {
            let _ = process.kill();
            let _ = process.wait();
        }
        let _ = std::fs::remove_file(&self.pipe);
    }
}
