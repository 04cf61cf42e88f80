//! The command line: the control door's client. It knows `app::control` and `vocab`, nothing else of the house.

mod account;
mod announce;
mod answer;
mod args;
mod ask;
mod call;
mod company;
mod contact;
mod devices;
mod dnd;
mod door;
mod dtmf;
mod edit;
mod exit;
mod history;
mod hold;
mod identity;
mod interrupt;
mod keyboard;
mod message;
mod output;
mod page;
mod policy;
mod policy_args;
mod policy_change;
mod policy_import;
mod presence;
mod prompt;
mod proposal;
mod quality;
mod records;
mod relax;
mod screen;
mod sound;
mod system;
mod tighten;
mod transfer;
mod usage;
mod wanted;
mod watch;
mod watchers;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::app::control::view::{CompletionsView, ErrorKind, ErrorView};
use crate::app::control::{Options, Places};
use args::{AccountCommand, Cli, Command};
use door::Door;
use exit::Exit;
use interrupt::interrupted;
use output::Output;
use policy_args::PolicyCommand;

/// Parses the arguments, carries out the command, and turns the result into an exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage::usage(error),
    };
    let output = Output { json: cli.json };
    crate::app::control::logging::start("warn");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let exit = match runtime {
        Ok(runtime) => {
            let exit = runtime.block_on(run(&cli, output));
            // A read of the terminal that nobody waits for any more must not keep the process.
            runtime.shutdown_background();
            exit
        }
        Err(why) => Err(no_runtime(&why.to_string())),
    };
    let exit = exit.and_then(|exit| output.unwritten().map_or(Ok(exit), Err));
    exit.unwrap_or_else(|error| {
        output.error(&error);
        Exit::from(&error)
    })
    .into()
}

async fn run(cli: &Cli, output: Output) -> Result<Exit, ErrorView> {
    let places = Places { data_dir: cli.data_dir.clone(), config: cli.config.clone() };
    let options = Options { places, door: false, only_looks: looks(&cli.command) };
    match &cli.command {
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "sottovoce", &mut script);
            completions(output, shell.to_string(), &script);
            Ok(Exit::Done)
        }
        Command::Doctor => system::doctor(&options, output).await,
        Command::Inspect { kind, files } => records::inspect(output, *kind, files),
        Command::Run { page } => system::run(&options, output, *page).await,
        Command::Status
        | Command::Stop
        | Command::Answer { .. }
        | Command::Dnd { .. }
        | Command::Dtmf(_)
        | Command::Reject { .. }
        | Command::Hangup { .. }
        | Command::Hold { .. }
        | Command::Mute { .. }
        | Command::Page { .. }
        | Command::Conference { .. }
        | Command::Record(_)
        | Command::Resume { .. }
        | Command::Relax { .. }
        | Command::Tighten { .. }
        | Command::Transfer(_)
        | Command::Unmute { .. } => with(Door::open_running(&options).await?, cli, output).await,
        _ => with(Door::open(&options).await?, cli, output).await,
    }
}

/// It asks nobody: without a running agent it reads or writes the database, and registers nothing.
fn looks(command: &Command) -> bool {
    match command {
        Command::Account(command) => !matches!(command, AccountCommand::Add(_)),
        Command::Message(args) => args.peer.is_none(),
        Command::Policy(command) => !matches!(command, PolicyCommand::Edit { propose: true, .. }),
        Command::Audit(_)
        | Command::Devices(_)
        | Command::Calls
        | Command::Contact(_)
        | Command::Group(_)
        | Command::History(_)
        | Command::Identity(_)
        | Command::Presence(_)
        | Command::Proposal(_)
        | Command::Review(_)
        | Command::Watchers(_) => true,
        _ => false,
    }
}

fn completions(output: Output, shell: String, script: &[u8]) {
    if output.json {
        let view = CompletionsView { shell, script: String::from_utf8_lossy(script).into_owned() };
        output.body(serde_json::to_string(&view).unwrap_or_default().as_bytes());
    } else {
        output.whole(script);
    }
}

async fn with(door: Door, cli: &Cli, output: Output) -> Result<Exit, ErrorView> {
    door.notices().iter().for_each(|notice| output.say(notice));
    let exit = carry_out(&door, cli, output).await;
    door.close().await;
    exit
}

async fn carry_out(door: &Door, cli: &Cli, output: Output) -> Result<Exit, ErrorView> {
    match &cli.command {
        Command::Account(command) => account::run(door, output, command).await,
        Command::Answer { call } => call::order(door, output, call, "answer").await,
        Command::Ask(args) => ask::ask(door, output, args).await,
        Command::Audit(limit) => records::audit(door, output, limit).await,
        Command::Call(args) => call::call(door, output, args).await,
        Command::Calls => call::list(door, output).await,
        Command::Conference { call, with } => company::confer(door, output, [call, with]).await,
        Command::Record(args) => company::record(door, output, args).await,
        Command::Contact(command) => contact::run(door, output, command).await,
        Command::Devices(command) => devices::run(door, output, command).await,
        Command::Dtmf(args) => dtmf::run(door, output, args).await,
        Command::Group(command) => contact::groups(door, output, command).await,
        Command::Hangup { call } => call::hangup(door, output, call.as_deref()).await,
        Command::Hold { call } => hold::run(door, output, call, "hold").await,
        Command::History(args) => history::run(door, output, args).await,
        Command::Identity(command) => identity::run(door, output, command).await,
        Command::Mute { call } => company::mute(door, output, call, true).await,
        Command::Unmute { call } => company::mute(door, output, call, false).await,
        Command::Message(args) => message::run(door, output, args).await,
        Command::Page { print, close } => page::run(door, output, *print, *close).await,
        Command::Policy(command) => policy::run(door, output, command).await,
        Command::Presence(command) => presence::run(door, output, command).await,
        Command::Proposal(command) => proposal::run(door, output, command).await,
        Command::Reject { call } => call::order(door, output, call, "reject").await,
        Command::Resume { call } => hold::run(door, output, call, "resume").await,
        Command::Review(command) => records::reviews(door, output, command).await,
        Command::Status => system::status(door, output).await,
        Command::Dnd { state, within } => dnd::run(door, output, *state, *within).await,
        Command::Stop => system::stop(door, output).await,
        Command::Relax { call, rules, note } => relax::run(door, output, call, (rules.clone(), note.clone())).await,
        Command::Tighten { call, rules } => call::tighten(door, output, call, rules.clone()).await,
        Command::Watchers(command) => watchers::run(door, output, command).await,
        Command::Transfer(args) => transfer::run(door, output, args).await,
        Command::Completions { .. } | Command::Doctor | Command::Inspect { .. } | Command::Run { .. } => Ok(Exit::Done),
    }
}

fn no_runtime(why: &str) -> ErrorView {
    ErrorView {
        code: "no-runtime".into(),
        message: format!("this process cannot start its threads: {why}"),
        subject: "process".into(),
        next: "raise the limit of threads (ulimit -u) and try again".into(),
        kind: ErrorKind::Failed,
    }
}
