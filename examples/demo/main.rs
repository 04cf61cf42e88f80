//! `make demo`: two agents on real sockets do everything that the specification describes, and say how it went.
//!
//! `demo [namespaces|user-namespaces|loopback]`; without a word it takes the first place that this machine allows. The last line on
//! stdout is one JSON object; the exit code is 0 only when it says `"ok":true`.

mod agent;
mod capture;
mod children;
mod heard;
mod place;
mod report;
mod sniffer;
mod speech;
mod story;

use std::path::Path;
use std::process::{Command, ExitCode};

use children::Process;
use place::{Place, Where};
use report::Report;
use story::{Folders, Story};

/// The exit code of a demo that could not build its networks: another place may do.
const NO_PLACE: i32 = 75;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if words.first() != Some(&"capture") {
        children::clean_up_on_signals();
    }
    let code = match words[..] {
        [] => choose(&candidates()),
        ["capture", file] => {
            return sniffer::capture(Path::new(file)).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
        }
        ["inside", name] => Where::named(name).map_or_else(usage, play),
        [name] => Where::named(name).map_or_else(usage, |place| choose(&[place])),
        _ => usage(),
    };
    match code {
        Ok(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        // Nothing was played: there was no place, no sound, or no folder.
        Err(why) => {
            eprintln!("demo: {why}");
            println!("{}", Report::new(Vec::new(), Where::Loopback.name(), Some(why)).line());
            ExitCode::FAILURE
        }
    }
}

fn usage() -> Result<i32, String> {
    eprintln!("usage: demo [namespaces|user-namespaces|loopback]");
    Ok(2)
}

/// The places that suit this user, best first.
fn candidates() -> Vec<Where> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:")?.split_whitespace().nth(1)).map(str::to_owned);
    let all = [Where::Namespaces, Where::UserNamespaces, Where::Loopback];
    let first = if uid.as_deref() == Some("0") { 0 } else { 1 };
    all.into_iter().skip(first).collect()
}

/// Plays in the first place that can be built.
fn choose(places: &[Where]) -> Result<i32, String> {
    for place in places {
        if !place.is_allowed() {
            eprintln!("demo: this machine does not allow {}", place.name());
            continue;
        }
        if *place == Where::Loopback {
            return play(*place);
        }
        let me = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new("unshare");
        command.args(place.unshare()).arg("--").arg(me).args(["inside", place.name()]);
        match Process::start(&mut command)?.wait()? {
            Some(NO_PLACE) => {}
            code => return Ok(code.unwrap_or(1)),
        }
    }
    Err("there is no place left to play in".to_owned())
}

fn play(kind: Where) -> Result<i32, String> {
    let place = match Place::build(kind) {
        Ok(place) => place,
        Err(why) => {
            eprintln!("demo: {} cannot be built: {why}", kind.name());
            return Ok(NO_PLACE);
        }
    };
    let folders = folders()?;
    let mut story = Story::new(&place, &folders)?;
    let played = story.play();
    let told = std::mem::take(&mut story.told);
    drop(story);
    let _ = std::fs::remove_dir_all(&folders.temporary);
    println!("\n\nRecordings (*-hears.wav), captures (*.pcap), what they hold (wire.txt) and both logs are in");
    println!("{}", folders.kept.display());
    let report = Report::new(told, kind.name(), played.err());
    if let Some(why) = &report.error {
        eprintln!("demo: {why}");
    }
    println!("{}", report.line());
    Ok(i32::from(!report.ok))
}

/// The program stands beside the examples; what is kept goes to target/demo, what is not to a folder of its own.
fn folders() -> Result<Folders, String> {
    let me = std::env::current_exe().map_err(|error| error.to_string())?;
    let profile = me.ancestors().nth(2).ok_or("the demo lies in no target folder")?;
    let kept = profile.parent().ok_or("the demo lies in no target folder")?.join("demo");
    let made = |error: std::io::Error| format!("{} cannot be made: {error}", kept.display());
    if kept.exists() {
        std::fs::remove_dir_all(&kept).map_err(made)?;
    }
    std::fs::create_dir_all(&kept).map_err(made)?;
    let temporary = tempfile::Builder::new().prefix("sottovoce-demo-").tempdir();
    let temporary = temporary.map_err(|error| format!("no temporary folder: {error}"))?.keep();
    children::set_temporary(Some(temporary.clone()));
    Ok(Folders { program: profile.join("sottovoce"), kept, temporary })
}
