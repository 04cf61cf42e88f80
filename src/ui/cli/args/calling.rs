//! What `call` and `transfer` take.

use std::path::PathBuf;

use clap::Args;

use super::{seconds, AnswerFlags, IntentFlags};

#[derive(Debug, Args)]
pub struct CallArgs {
    /// sip:user@host, user@host, host, IP address, telephone number (+493012345678, tel:...), or e-mail address; sip:echo@localhost is built in: one hears oneself
    #[arg(required_unless_present = "redial", conflicts_with = "redial")]
    pub peer: Option<String>,
    /// Whom you called last, once more
    #[arg(long)]
    pub redial: bool,
    /// Play this WAV file (PCM16, mono or stereo, 8 to 48 kHz); without --duration its end is the end of the call
    #[arg(long, value_name = "FILE")]
    pub play: Option<PathBuf>,
    /// Record what is heard into this file, of Opus if it ends in .opus, WAV if in .wav; an earlier one is overwritten
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Hang up so many seconds after the call was established
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub duration: Option<u64>,
    #[command(flatten)]
    pub answer: AnswerFlags,
    #[command(flatten)]
    pub intent: IntentFlags,
    /// Accept the peer's changed key, named by its whole fingerprint: compare that with the peer first
    #[arg(long, value_name = "FINGERPRINT")]
    pub accept_key: Option<String>,
    /// By this account's proxy [default: that of the peer's domain; for a telephone number the first that is registered]
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
}

#[derive(Debug, Args)]
#[command(override_usage = "sottovoce transfer <CALL> <PEER>\n       sottovoce transfer <CALL> --to-call <CALL>")]
pub struct TransferArgs {
    /// The call, as c1
    pub call: String,
    /// Whom its peer is to call: sip:user@host, user@host, host, IP address, or telephone number
    #[arg(required_unless_present = "to_call", conflicts_with = "to_call")]
    pub peer: Option<String>,
    /// The peer of this other call of yours, as c2, whose place the new call takes
    #[arg(long, value_name = "CALL")]
    pub to_call: Option<String>,
}
