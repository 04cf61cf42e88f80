//! `dtmf`: keys of the telephone in a call.

use clap::Args;

use super::door::{segment, Door};
use super::exit::Exit;
use super::output::Output;
use crate::app::control::request::DigitsBody;
use crate::app::control::view::{DigitWayView, DigitsView, ErrorView};

#[derive(Debug, Args)]
pub struct DtmfArgs {
    /// Its number, as c1
    call: String,
    /// Some of 0 to 9, *, #, A to D, without spaces; `-` reads them from standard input, so that they stand in no list of commands
    digits: String,
    /// Let them be read on the way, where they do not go among the sound
    #[arg(long)]
    clear: bool,
}

pub async fn run(door: &Door, output: Output, args: &DtmfArgs) -> Result<Exit, ErrorView> {
    let digits = match args.digits.as_str() {
        "-" => typed()?,
        digits => digits.to_owned(),
    };
    let path = format!("/v1/calls/{}/digits", segment(&args.call));
    let reply = door.post(&path, &DigitsBody { digits, clear: args.clear }).await?;
    output.body(reply.body());
    let DigitsView { call, peer, digits, by } = reply.view()?;
    let way = match by {
        DigitWayView::Info => "by INFO, with the call's messages",
        DigitWayView::Rtp => "among the sound, and protected like it",
    };
    let digits = if digits == 1 { "1 digit goes".to_owned() } else { format!("{digits} digits go") };
    output.line(&format!("call {call} with {peer}: {digits} {way}"));
    Ok(Exit::Done)
}

fn typed() -> Result<String, ErrorView> {
    let mut line = String::new();
    match std::io::stdin().read_line(&mut line) {
        Ok(_) => Ok(line.trim().to_owned()),
        Err(error) => Err(ErrorView {
            code: "stdin-unreadable".into(),
            message: format!("standard input cannot be read: {error}"),
            subject: "standard input".into(),
            next: "name the digits in the command".into(),
            kind: crate::app::control::view::ErrorKind::Usage,
        }),
    }
}
