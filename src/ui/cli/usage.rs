//! Arguments that cannot be read: clap's own text, or with `--json` the one object that every failure is.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind as Kind};
use clap::{Command, CommandFactory};

use super::args::Cli;
use super::exit::Exit;
use super::output::Output;
use crate::app::control::view::{ErrorKind, ErrorView};

/// Says what clap has to say, help that was asked for included.
pub fn usage(error: clap::Error) -> ExitCode {
    let asked = !error.use_stderr();
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let error = with_suggestion(error, &arguments);
    let json = arguments.iter().any(|argument| argument == "--json");
    if asked || !json {
        let _ = error.print();
    } else {
        Output { json }.error(&view(&error));
    }
    if asked {
        Exit::Done.into()
    } else {
        Exit::Usage.into()
    }
}

/// clap's tip wants names that are long and alike; two letters changed over in a short one are a slip as well.
fn with_suggestion(mut error: clap::Error, arguments: &[OsString]) -> clap::Error {
    let told = error.get(ContextKind::SuggestedSubcommand).is_some();
    let invalid = match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(name)) if error.kind() == Kind::InvalidSubcommand && !told => name.clone(),
        _ => return error,
    };
    let known = meant(Cli::command(), arguments, &invalid);
    let near = known.get_subcommands().map(Command::get_name);
    let near = near.map(|name| (strsim::osa_distance(name, &invalid), name)).min();
    if let Some((1, name)) = near {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(vec![name.to_owned()]));
    }
    error
}

/// The command to which `invalid` was given as its next word.
fn meant(mut command: Command, arguments: &[OsString], invalid: &str) -> Command {
    for argument in arguments.iter().take_while(|argument| *argument != invalid) {
        if let Some(next) = command.find_subcommand(argument) {
            command = next.clone();
        }
    }
    command
}

/// clap's first paragraph says what is wrong, and one that begins with "tip" what may have been meant.
fn view(error: &clap::Error) -> ErrorView {
    let text = error.to_string();
    let line = |paragraph: &str| paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    let paragraphs: Vec<String> = text.split("\n\n").map(line).collect();
    let message = paragraphs.first().map_or("", String::as_str);
    let tip = paragraphs.iter().find_map(|paragraph| paragraph.strip_prefix("tip: "));
    ErrorView {
        code: "usage".into(),
        message: message.strip_prefix("error: ").unwrap_or(message).to_owned(),
        subject: "arguments".into(),
        next: tip.map(|tip| format!("{tip}; ")).unwrap_or_default() + "see `sottovoce --help`",
        kind: ErrorKind::Usage,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn refused(arguments: &[&str]) -> ErrorView {
        let error = Cli::try_parse_from([&["sottovoce"], arguments].concat()).unwrap_err();
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        view(&with_suggestion(error, &arguments))
    }

    #[test]
    fn a_slip_is_told_what_it_may_have_meant() {
        for (arguments, name) in [
            (&["aks", "bob@h"][..], "'ask'"),
            (&["pollicy"], "'policy'"),
            (&["policy", "lsit"], "'list'"),
            (&["cal"], "'call'"),
        ] {
            let view = refused(arguments);
            assert!(view.next.contains(name), "{view:?}");
        }
        assert_eq!(refused(&["frobnicate"]).next, "see `sottovoce --help`");
    }

    #[test]
    fn the_message_is_one_line_and_has_what_is_missing() {
        assert_eq!(refused(&["aks"]).message, "unrecognized subcommand 'aks'");
        let message = refused(&["presence", "set"]).message;
        assert!(message.contains("not provided: <--user <NAME>|--place <NAME>>"), "{message}");
    }
}
