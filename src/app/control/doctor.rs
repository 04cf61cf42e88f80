use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::view::{AccountStateView, AccountView, CheckStatus, CheckView, DoctorView};
use super::{door, Control};
use crate::agent::{AudioSink, AudioSource, Listen, Outlet, Sound};
use crate::app::config::{Config, Machine, Places, StoreKind};
use crate::io::disk;
use crate::io::media_loop::{check_server, Server};
use crate::io::{self, Clock, Resolver, SipSockets};
use crate::vocab::{escape, Failure, Wall};

impl Control {
    /// Looks at everything that this agent depends on.
    pub async fn doctor(&self) -> DoctorView {
        let about = &self.about;
        let places = Places { data_dir: Some(about.data_dir.clone()), config: about.config_file.clone() };
        let sound = self.sound().await.ok();
        let mut report = examine(&places, &Machine::this(), sound).await;
        let accounts = self.accounts().await.map(|list| list.accounts).unwrap_or_default();
        report.checks.extend(accounts.iter().map(account));
        report.ok = report.checks.iter().all(|check| check.status != CheckStatus::Fail);
        report
    }
}

/// Only the agent that runs knows how its accounts stand.
fn account(account: &AccountView) -> CheckView {
    let found = |state: &str| format!("{} at {}: {state}", account.entity, account.proxy);
    let failure = |state: &str| {
        let why = account.failure.as_ref().map(|failure| format!("{state}: {}", failure.message));
        found(&why.unwrap_or_else(|| state.to_owned()))
    };
    let next = account.failure.as_ref().map_or("", |failure| &failure.next);
    match account.state {
        AccountStateView::Registered => ok("account", found("registered")),
        AccountStateView::Refused => fail("account", failure("refused"), next),
        AccountStateView::Waiting => warn("account", &failure("not registered"), next),
        AccountStateView::Idle
        | AccountStateView::Left
        | AccountStateView::NotRunning
        | AccountStateView::Recovering
        | AccountStateView::Registering
        | AccountStateView::Resolving => {
            warn("account", &found("not registered yet"), "look again in a moment: `sottovoce account list`")
        }
    }
}

/// Looks at everything that an agent on this machine depends on, whether one runs or not. Changes nothing.
pub async fn doctor(places: &Places) -> DoctorView {
    examine(places, &Machine::this(), None).await
}

/// `sound`: what an agent that runs really uses.
async fn examine(places: &Places, machine: &Machine<'_>, sound: Option<Sound>) -> DoctorView {
    let mut checks = vec![clock(Clock::start().now().wall)];
    match Config::load(places, machine) {
        Err(failure) => checks.push(failed("configuration", &failure)),
        Ok(config) => {
            checks.push(configuration(&config));
            checks.extend(storage(&config));
            checks.extend(sockets(&config).await);
            checks.extend(servers(&config).await);
            let (source, sink, ring) = match sound {
                Some(sound) => (sound.source, sound.sink, sound.ring),
                None => (config.audio_source, config.audio_sink, config.ring),
            };
            checks.extend([input(&source), output(&sink)]);
            checks.extend(ring.as_ref().and_then(rings));
        }
    }
    DoctorView { ok: checks.iter().all(|check| check.status != CheckStatus::Fail), checks }
}

/// 2025-01-01 and 2100-01-01: statements would all be expired, or all from the future, with a clock outside.
const SANE: std::ops::Range<Wall> = Wall(1_735_689_600_000)..Wall(4_102_444_800_000);

fn clock(now: Wall) -> CheckView {
    let found = format!("the clock says {}", super::view::timestamp(now));
    if SANE.contains(&now) {
        return ok("clock", found);
    }
    fail("clock", found, "set the clock: statements of peers are valid for a limited time")
}

fn configuration(config: &Config) -> CheckView {
    let file = config.file.as_deref().map_or_else(|| "no file, all defaults".to_owned(), shown);
    let mut found = format!("{file}; you are {}", config.entity);
    for assumed in &config.assumed {
        found += &format!("; {assumed}");
    }
    ok("configuration", found)
}

fn storage(config: &Config) -> Vec<CheckView> {
    if config.store == StoreKind::Memory {
        return vec![ok("store", "memory: nothing is left on disk".to_owned())];
    }
    let dir = &config.data_dir;
    if let Err(failure) = door::reachable(dir) {
        return vec![failed("data-dir", &failure)];
    }
    if !dir.exists() {
        return vec![unmade(dir)];
    }
    vec![private(dir), space(dir), store(dir), identity(dir)]
}

/// A data directory that is yet to be made: whether it can be.
fn unmade(dir: &Path) -> CheckView {
    let found = format!("{} does not exist yet", shown(dir));
    let Ok(whole) = std::path::absolute(dir) else { return fail("data-dir", found, "name it whole, with --data-dir") };
    match whole.ancestors().find(|parent| parent.exists()).map(|parent| (parent, disk::try_write(parent))) {
        Some((parent, Err(error))) => {
            fail("data-dir", format!("{found} and cannot be made: {}: {error}", shown(parent)), disk::remedy(&error))
        }
        _ => ok("data-dir", found + "; it is made at the first start"),
    }
}

/// A real write: that a directory may be written says nothing of the room on its disk.
fn space(dir: &Path) -> CheckView {
    match disk::try_write(dir) {
        Err(error) => fail("disk", format!("{} takes no new file: {error}", shown(dir)), disk::remedy(&error)),
        Ok(()) => ok("disk", "a file was written there, and removed".to_owned()),
    }
}

fn store(dir: &Path) -> CheckView {
    match io::store::version_on_disk(dir) {
        Err(failure) => failed("store", &failure),
        Ok(None) => ok("store", "no database yet; it is made at the first start".to_owned()),
        Ok(Some(version)) if version > io::store::SCHEMA_VERSION => {
            let found =
                format!("the database is of version {version}, this program knows {}", io::store::SCHEMA_VERSION);
            fail("store", found, "install a newer sottovoce, or choose another --data-dir")
        }
        Ok(Some(version)) => ok("store", format!("version {version}")),
    }
}

/// Whether nobody but its owner gets into it.
fn private(dir: &Path) -> CheckView {
    match std::fs::metadata(dir) {
        Err(error) => fail("data-dir", format!("{}: {error}", shown(dir)), "make it readable for you"),
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            let mode = found.permissions().mode() & 0o777;
            let found = format!("{} has mode {mode:04o}: others get at it", shown(dir));
            fail("data-dir", found, &format!("run `chmod 700 {}`", shown(dir)))
        }
        Ok(_) => ok("data-dir", format!("{} is yours alone", shown(dir))),
    }
}

/// As the agent itself will judge it at its start.
fn identity(dir: &Path) -> CheckView {
    match io::store::check_key(dir) {
        Err(failure) => failed("identity", &failure),
        Ok(None) => ok("identity", "no key yet; it is made at the first start".to_owned()),
        Ok(Some(file)) => ok("identity", format!("{} is yours alone", shown(&file))),
    }
}

/// With an agent running its door has to answer; without one its ports have to be free.
async fn sockets(config: &Config) -> Vec<CheckView> {
    match door::dial_dir(&config.data_dir).await {
        Err(failure) => vec![failed("door", &failure)],
        Ok(Some(_)) => vec![ok("door", "an agent runs here and answers; its ports are its own".to_owned())],
        Ok(None) => vec![
            ok("door", "no agent runs on this data directory".to_owned()),
            free("sip-ports", SipSockets::bind(&listens(config)).await.err(), &join(&config.listen)),
            free("control-port", io::listen_tcp(config.control).await.err(), &config.control.to_string()),
        ],
    }
}

pub(in crate::app) fn listens(config: &Config) -> Vec<Listen> {
    config.listen.clone()
}

fn free(name: &str, taken: Option<Failure>, what: &str) -> CheckView {
    match taken {
        Some(failure) => failed(name, &failure),
        None => ok(name, format!("{what} can be listened on")),
    }
}

/// Those that say from where others see us, and the one that relays.
async fn servers(config: &Config) -> Vec<CheckView> {
    let local = config.listen.first().map_or(IpAddr::from(Ipv4Addr::UNSPECIFIED), |listen| listen.address.ip());
    let resolver = Resolver::new(&config.dns);
    let mut checks = Vec::new();
    for server in &config.nat.stun {
        let found = check_server(local, Server::Stun(server), &resolver).await;
        checks.push(answered("stun", found, |seen| format!("{} sees this machine as {}", escape(server), seen.ip())));
    }
    if let Some(account) = &config.nat.turn {
        let found = check_server(local, Server::Turn(account), &resolver).await;
        checks.push(answered("turn", found, |_| {
            format!("{} relays for {}", escape(&account.server), escape(&account.user))
        }));
    }
    checks
}

/// A call goes on without it: no more than a warning.
fn answered(name: &str, found: Result<SocketAddr, Failure>, said: impl FnOnce(SocketAddr) -> String) -> CheckView {
    match found {
        Err(failure) => warn(name, &failure.message, &failure.next),
        Ok(address) => ok(name, said(address)),
    }
}

fn input(source: &AudioSource) -> CheckView {
    match (source, io::check_source(source)) {
        (_, Err(failure)) => failed("audio-input", &failure),
        (AudioSource::Device(device), _) => ok("audio-input", escape(&device.to_string())),
        (AudioSource::Pipe(path), _) => ok("audio-input", format!("a program at {}", shown(path))),
        (AudioSource::Silence, _) => warn("audio-input", "silence", "audio.input = \"default\" takes the microphone"),
        (AudioSource::Echo, _) => ok("audio-input", "what the peer says, a moment later".to_owned()),
        (AudioSource::Tone(hertz), _) => ok("audio-input", format!("a tone of {hertz} Hz")),
        (AudioSource::File(file), _) => ok("audio-input", shown(file)),
    }
}

fn output(sink: &AudioSink) -> CheckView {
    let file = match sink {
        AudioSink::Discard => {
            return warn("audio-output", "none", "audio.output = \"default\" plays it on the loudspeaker")
        }
        AudioSink::Device(device) => return checked("audio-output", escape(&device.to_string()), io::check_sink(sink)),
        AudioSink::Pipe(path) => {
            return checked("audio-output", format!("a program at {}", shown(path)), io::check_sink(sink))
        }
        AudioSink::File(file) => file,
    };
    match file.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        Some(dir) if !dir.is_dir() => {
            fail("audio-output", format!("{} is no directory", shown(dir)), "make it, or choose another audio.output")
        }
        _ => ok("audio-output", shown(file)),
    }
}

/// Where it rings, when that is a device of its own: calls would be missed without a sign.
fn rings(ring: &Outlet) -> Option<CheckView> {
    let Outlet::Device(device) = ring else { return None };
    Some(checked("audio-ring", escape(&device.to_string()), io::check_sink(&ring.sink())))
}

fn checked(name: &str, found: String, checked: Result<(), Failure>) -> CheckView {
    match checked {
        Ok(()) => ok(name, found),
        Err(failure) => failed(name, &failure),
    }
}

fn join(all: &[Listen]) -> String {
    all.iter().map(|listen| listen.address.to_string()).collect::<Vec<_>>().join(", ")
}

fn shown(path: &Path) -> String {
    escape(&path.display().to_string())
}

fn ok(name: &str, found: String) -> CheckView {
    CheckView { name: name.to_owned(), status: CheckStatus::Ok, found, next: String::new() }
}

fn warn(name: &str, found: &str, next: &str) -> CheckView {
    CheckView { name: name.to_owned(), status: CheckStatus::Warn, found: found.to_owned(), next: next.to_owned() }
}

fn fail(name: &str, found: String, next: &str) -> CheckView {
    CheckView { name: name.to_owned(), status: CheckStatus::Fail, found, next: next.to_owned() }
}

fn failed(name: &str, failure: &Failure) -> CheckView {
    fail(name, failure.message.clone(), &failure.next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_of_another_age_fails() {
        for (wall, status) in [
            (Wall(0), CheckStatus::Fail),
            (Wall(1_735_689_599_999), CheckStatus::Fail),
            (Wall(1_735_689_600_000), CheckStatus::Ok),
            (Wall(4_102_444_800_000), CheckStatus::Fail),
        ] {
            assert_eq!(clock(wall).status, status, "{wall:?}");
        }
    }

    #[test]
    fn what_others_can_read_fails_with_the_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("identity.key");
        let mode = |path: &Path, mode| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        assert_eq!(identity(dir.path()).status, CheckStatus::Ok);
        std::fs::write(dir.path().join("sottovoce.db"), "").unwrap();
        assert!(identity(dir.path()).next.contains("backup"));
        std::fs::write(&key, [0; 64]).unwrap();
        mode(&key, 0o640);
        let check = identity(dir.path());
        assert_eq!(check.status, CheckStatus::Fail);
        assert!(check.found.contains("0640") && check.next.contains("chmod 600"), "{check:?}");
        mode(&key, 0o600);
        assert_eq!(identity(dir.path()).status, CheckStatus::Ok);
        mode(dir.path(), 0o755);
        let check = private(dir.path());
        assert!(check.status == CheckStatus::Fail && check.next.contains("chmod 700"), "{check:?}");
    }

    #[test]
    fn a_data_directory_that_cannot_be_made_fails_before_the_first_start() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(unmade(&dir.path().join("a/b")).status, CheckStatus::Ok);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left behind");
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        let check = unmade(&file.join("data"));
        assert_eq!(check.status, CheckStatus::Fail, "{check:?}");
        assert!(check.found.contains("cannot be made") && check.next.contains("--data-dir"), "{check:?}");
    }

    #[tokio::test]
    async fn a_bad_configuration_is_found_and_nothing_else_is_guessed_from_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("sottovoce.toml");
        std::fs::write(&file, "entity = 1").unwrap();
        let places = Places { data_dir: Some(dir.path().to_owned()), config: Some(file) };
        let machine = Machine { variable: &|_| None, address: Ipv4Addr::LOCALHOST.into() };
        let report = examine(&places, &machine, None).await;
        assert!(!report.ok);
        let last = report.checks.last().unwrap();
        assert_eq!((last.name.as_str(), last.status), ("configuration", CheckStatus::Fail));
        assert!(last.found.contains("line 1"), "{last:?}");
    }
}
