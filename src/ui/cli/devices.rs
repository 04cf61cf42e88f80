//! `devices`: where the sound of calls comes from and goes to.

use clap::{Args, Subcommand};

use super::door::Door;
use super::exit::Exit;
use super::output::Output;
use crate::app::control::request::DevicesBody;
use crate::app::control::view::{DeviceView, DevicesView, ErrorView};

#[derive(Debug, Subcommand)]
pub enum DevicesCommand {
    /// The machine's sound devices: its default, and what calls use
    List,
    /// Have calls use another device, those that run too; it lasts over a restart
    Use(UseArgs),
    /// Make your voice, or what you hear, louder or less loud, in calls that run too; it lasts over a restart
    Gain(GainArgs),
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").args(["input", "output", "configured"]).multiple(true).required(true))]
pub struct UseArgs {
    /// What you speak into: a name of `devices list`, default, or none
    #[arg(long, value_name = "NAME")]
    input: Option<String>,
    /// Where you hear the peer: a name of `devices list`, default, or none
    #[arg(long, value_name = "NAME")]
    output: Option<String>,
    /// As the configuration says again: devices and gains
    #[arg(long)]
    configured: bool,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").args(["input", "output"]).multiple(true).required(true))]
pub struct GainArgs {
    /// Of your voice, in decibels from -40 to 20
    #[arg(long, value_name = "DB", allow_negative_numbers = true)]
    input: Option<i8>,
    /// Of what you hear
    #[arg(long, value_name = "DB", allow_negative_numbers = true)]
    output: Option<i8>,
}

pub async fn run(door: &Door, output: Output, command: &DevicesCommand) -> Result<Exit, ErrorView> {
    let reply = match command {
        DevicesCommand::List => door.get("/v1/devices").await?,
        DevicesCommand::Use(UseArgs { input, output, configured }) => {
            let (input, output) = (input.clone(), output.clone());
            door.post("/v1/devices", &DevicesBody { configured: *configured, input, output, ..DevicesBody::default() })
                .await?
        }
        DevicesCommand::Gain(GainArgs { input, output }) => {
            let (input_gain, output_gain) = (*input, *output);
            door.post("/v1/devices", &DevicesBody { input_gain, output_gain, ..DevicesBody::default() }).await?
        }
    };
    output.body(reply.body());
    let devices: DevicesView = reply.view()?;
    if matches!(command, DevicesCommand::List) {
        let inputs = devices.inputs.iter().map(|device| row("input", device));
        let outputs = devices.outputs.iter().map(|device| row("output", device));
        output.table(["side", "name", "called", ""], &inputs.chain(outputs).collect::<Vec<_>>());
    }
    output.lines(&told(&devices));
    Ok(Exit::Done)
}

fn row(side: &str, device: &DeviceView) -> [String; 4] {
    let state = match (device.used, device.default) {
        (true, true) => "in use, default",
        (true, false) => "in use",
        (false, true) => "default",
        (false, false) => "",
    };
    [side.to_owned(), device.name.clone(), device.description.clone(), state.to_owned()]
}

fn told(devices: &DevicesView) -> [String; 2] {
    let gain = |decibels: i8| if decibels == 0 { String::new() } else { format!(" at {decibels:+} dB") };
    let (input, output) = (gain(devices.input_gain), gain(devices.output_gain));
    let who = match devices.chosen {
        true => "chosen here (`sottovoce devices use --configured` goes back to the configuration)",
        false => "as configured",
    };
    [format!("you speak into {}{input}, and hear by {}{output}", devices.input, devices.output), who.to_owned()]
}
