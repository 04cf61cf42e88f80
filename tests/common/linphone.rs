//! linphone, an ordinary telephone: Debian's `linphone-cli`, its daemon, with a PulseAudio of its own in the place of a sound card.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::process::{finish, installed, look_long_until, skip, wait_until};
use crate::sound::{share_of_tone, write_tone};
use crate::space::HERE;

/// What it says into every call, hertz.
pub const VOICE: u32 = 620;
const PORT: u16 = 5062;

pub struct Linphone {
    dir: TempDir,
    /// The daemon, PulseAudio, what speaks into its microphone, what listens at its loudspeaker.
    processes: Vec<Child>,
    pipe: PathBuf,
}

impl Linphone {
    /// It answers by itself. `encryption`: `none`, `srtp`, `dtls`. `None` when it is not installed.
    pub fn start(encryption: &str) -> Option<Self> {
        if !installed("linphone-daemon") || !installed("parec") {
            skip("linphone-cli, or pulseaudio-utils, is not installed");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let pipe = format!("sottovoce-linphone-{}", std::process::id());
        let mut linphone = Self { dir, processes: Vec::new(), pipe: Path::new("/tmp").join(&pipe) };
        for folder in [".local/share/linphone", ".config/linphone"] {
            std::fs::create_dir_all(linphone.dir.path().join(folder)).unwrap();
        }
        linphone.make_sound();
        let config = format!(
            "[sip]\nsip_port={PORT}\nsip_tcp_port=-1\nsip_tls_port=-1\nmedia_encryption={encryption}\n\
             contact=\"bob\" <sip:bob@{HERE}>\n[sound]\nechocancellation=0\n"
        );
        std::fs::write(linphone.dir.path().join("rc"), config).unwrap();
        let mut daemon = linphone.command("linphone-daemon");
        daemon.args(["--pipe", &pipe, "--disable-stats-events", "--auto-answer", "--config"]);
        daemon.arg(linphone.dir.path().join("rc")).arg("--log").arg(linphone.dir.path().join("log"));
        daemon.stdout(std::fs::File::create(linphone.dir.path().join("events")).unwrap());
        linphone.processes.push(daemon.spawn().unwrap());
        look_long_until(|| linphone.try_tell("media-encryption").filter(|said| said.contains("Status: Ok")));
        Some(linphone)
    }

    /// A microphone that hears a tone, and a loudspeaker that is recorded.
    fn make_sound(&mut self) {
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
        let voice = self.dir.path().join("voice.wav");
        write_tone(&voice, f64::from(VOICE));
        let speaks = self.command("paplay").args(["--device=mouth"]).arg(&voice).spawn().unwrap();
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
    pub fn uri(&self) -> String {
        format!("sip:bob@{HERE}:{PORT}")
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

    /// What its loudspeaker plays goes into a file from now on, until it is dropped.
    pub fn listen(&self) -> Ear {
        let file = self.dir.path().join("heard.wav");
        let mut listens = self.command("parec");
        listens.args(["--device=ear.monitor", "--file-format=wav", "--rate=8000", "--channels=1", "--format=s16le"]);
        Ear { process: listens.arg(&file).spawn().unwrap(), file }
    }
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
