//! A PulseAudio that only this test knows.
#![allow(clippy::disallowed_methods)] // real clocks, around the program and not in it

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::haste::before_others;
use crate::process::{finish, installed, send, skip, wait_until, Home};
use crate::sound::tone;

pub const RATE: usize = 48_000;

/// Figures of time mean something while one runs alone.
static ALONE: Mutex<()> = Mutex::new(());

pub struct Server {
    dir: TempDir,
    daemon: Child,
    _alone: MutexGuard<'static, ()>,
}

impl Server {
    /// `None` where there is no PulseAudio.
    pub fn start() -> Option<Self> {
        if !installed("pulseaudio") || !installed("pactl") {
            skip("no pulseaudio here");
            return None;
        }
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        before_others();
        let dir = tempfile::tempdir().unwrap();
        let server = Self { daemon: daemon(&dir), dir, _alone: alone };
        wait_until(|| server.try_control(&["info"]).is_some());
        Some(server)
    }

    /// It ends, and all that was plugged in is gone.
    pub fn end(&mut self) {
        end(&mut self.daemon);
    }

    pub fn start_again(&mut self) {
        self.daemon = daemon(&self.dir);
        wait_until(|| self.try_control(&["info"]).is_some());
    }

    /// Says nothing any more, or goes on: `STOP`, `CONT`.
    pub fn signal(&self, name: &str) {
        send(name, &self.daemon);
    }

    /// How many programs are connected to it by the library that the agent has.
    pub fn connections(&self) -> usize {
        let clients = self.control(&["list", "short", "clients"]);
        clients.lines().filter(|client| !client.contains("pactl") && !client.contains("pacat")).count()
    }

    /// An agent that finds it, with this `[audio]`. Tones are no voice: nothing is done to them.
    pub fn agent(&self, name: &'static str, audio: &str) -> Home {
        let untreated = "echo-cancellation = false\nnoise-suppression = false\ngain-control = false";
        self.treating(name, &format!("{untreated}\n{audio}"))
    }

    /// The same, with what is usual done to the voice, where the `[audio]` says nothing else.
    pub fn treating(&self, name: &'static str, audio: &str) -> Home {
        let home = Home::new(name, "none").with("PULSE_SERVER", &self.address());
        home.configure(&format!("[audio]\n{audio}\n{}", home.usual("none;")));
        home
    }

    /// An agent that finds no sound server. Its ALSA has the devices `mouth` and `ear`; what is behind them is this server's, since ALSA's own
    /// plug-ins have no clock. `None` where ALSA cannot.
    pub fn agent_of_alsa(&self, name: &'static str, audio: &str) -> Option<Home> {
        let plugin = "ls /usr/lib/*/alsa-lib/libasound_module_pcm_pulse.so";
        if finish(Command::new("sh").args(["-c", plugin])).code != 0 {
            skip("no plug-in of ALSA for pulseaudio here");
            return None;
        }
        let leads = |name: &str, to: &str| {
            format!("pcm.{name} {{ type pulse server \"{}\" device \"{to}\" hint {{ show on }} }}\n", self.address())
        };
        let asoundrc = self.dir.path().join("asoundrc");
        let devices = [leads("mouth", "mouth.monitor"), leads("ear", "ear")].concat();
        std::fs::write(&asoundrc, format!("</usr/share/alsa/alsa.conf>\n{devices}")).unwrap();
        let nobody = self.dir.path().join("nobody").display().to_string();
        let home = self.agent(name, audio).with("PULSE_SERVER", &format!("unix:{nobody}"));
        Some(home.with("ALSA_CONFIG_PATH", &asoundrc.display().to_string()))
    }

    fn address(&self) -> String {
        format!("unix:{}", socket(&self.dir))
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("PULSE_SERVER", self.address())
            .env("HOME", self.dir.path())
            .env("XDG_RUNTIME_DIR", self.dir.path());
        command
    }

    fn try_control(&self, args: &[&str]) -> Option<String> {
        let done = finish(self.command("pactl").args(args));
        (done.code == 0).then(|| done.stdout.trim().to_owned())
    }

    pub fn control(&self, args: &[&str]) -> String {
        self.try_control(args).unwrap_or_else(|| panic!("pactl {args:?} fails"))
    }

    /// A cable: what is played into the sink of that name is heard from its monitor. The number of its module.
    pub fn plug(&self, name: &str) -> String {
        let sink = format!("sink_name={name}");
        self.control(&["load-module", "module-null-sink", &sink, "rate=48000", "channels=1", "norewinds=1"])
    }

    pub fn unplug(&self, module: &str) {
        self.control(&["unload-module", module]);
    }

    /// Plays a tone into a sink until it is dropped.
    pub fn play(&self, sink: &str, hertz: f64) -> Player {
        let mut command = self.command("pacat");
        command.args(["--playback", "--raw", "--format=s16le", "--rate=48000", "--channels=1", "--latency-msec=20"]);
        let mut child = command.arg(format!("--device={sink}")).stdin(Stdio::piped()).spawn().unwrap();
        let mut into = child.stdin.take().unwrap();
        let thread = std::thread::spawn(move || {
            let mut next = 0;
            loop {
                let octets: Vec<u8> = (next..next + 480).flat_map(|n| tone(hertz, n).to_le_bytes()).collect();
                next += 480;
                if into.write_all(&octets).is_err() {
                    return;
                }
            }
        });
        Player { child, thread: Some(thread) }
    }

    /// Hears what a sink plays, for so long.
    pub fn hear(&self, sink: &str, long: Duration) -> Vec<i16> {
        self.listen(sink).take_for(long)
    }

    /// Hears what a sink plays, from now on.
    pub fn listen(&self, sink: &str) -> Listener {
        let mut command = self.command("parec");
        command.args(["--raw", "--format=s16le", "--rate=48000", "--channels=1", "--latency-msec=20"]);
        let child = command.arg(format!("--device={sink}.monitor")).stdout(Stdio::piped()).spawn().unwrap();
        Listener { child }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end(&mut self.daemon);
    }
}

pub struct Player {
    child: Child,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Player {
    fn drop(&mut self) {
        end(&mut self.child);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

pub struct Listener {
    child: Child,
}

impl Listener {
    pub fn take_for(mut self, long: Duration) -> Vec<i16> {
        let mut octets = vec![0; long.as_millis() as usize * RATE / 1000 * 2];
        self.child.stdout.as_mut().unwrap().read_exact(&mut octets).unwrap();
        octets.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
    }

    /// When something as loud as half of a tone was heard first.
    pub fn wait_for_sound(&mut self) -> Instant {
        let mut octets = [0; 480];
        loop {
            self.child.stdout.as_mut().unwrap().read_exact(&mut octets).unwrap();
            let mut samples = octets.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]]));
            if samples.any(|sample| sample.unsigned_abs() > 4000) {
                return Instant::now();
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn daemon(dir: &TempDir) -> Child {
    let module = format!("module-native-protocol-unix auth-anonymous=1 socket={}", socket(dir));
    let mut daemon = Command::new("pulseaudio");
    daemon.args(["-n", "--daemonize=no", "--exit-idle-time=-1", "--disable-shm=yes", "-L", &module]);
    daemon.env("HOME", dir.path()).env("XDG_RUNTIME_DIR", dir.path()).env("PULSE_RUNTIME_PATH", dir.path());
    daemon.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

fn socket(dir: &TempDir) -> String {
    dir.path().join("native").display().to_string()
}
