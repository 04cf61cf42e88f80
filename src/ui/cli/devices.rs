//! `devices`: where the sound of calls comes from and goes to.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::door::Door;
use super::exit::Exit;
use super::output::Output;
use crate::app::control::request::{DevicesBody, GAINS};
use crate::app::control::view::{
    DeviceTrialNowView, DeviceTrialView, DeviceView, DevicesView, ErrorView, LevelView, TreatmentView,
};

const NO_DEVICES: &str =
    "this machine has no sound devices: start PulseAudio or PipeWire as this user, or plug in a card";

#[derive(Debug, Subcommand)]
pub enum DevicesCommand {
    /// The machine's sound devices: its default, and what calls use
    List,
    /// Try both devices, for seven seconds: you hear a tone, and are told whether the microphone hears it, how much later, and how
    /// loud you are
    Test,
    /// Have calls use another device, those that run too; it lasts over a restart
    Use(UseArgs),
    /// Make your voice, or what you hear, louder or less loud, in calls that run too; it lasts over a restart
    Gain(GainArgs),
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").args(["input", "output", "ring", "configured"]).multiple(true).required(true))]
pub struct UseArgs {
    /// What you speak into: a name of `devices list`, default, or none
    #[arg(long, value_name = "NAME")]
    input: Option<String>,
    /// Where you hear the peer: a name of `devices list`, default, or none
    #[arg(long, value_name = "NAME")]
    output: Option<String>,
    /// Where it rings when somebody calls: a name of `devices list`, default, or none
    #[arg(long, value_name = "NAME")]
    ring: Option<String>,
    /// As the configuration says again: devices and gains
    #[arg(long)]
    configured: bool,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").args(["input", "output"]).multiple(true).required(true))]
pub struct GainArgs {
    /// Of your voice, in decibels from -40 to 20
    #[arg(long, value_name = "DB", allow_negative_numbers = true, value_parser = decibels)]
    input: Option<i8>,
    /// Of what you hear
    #[arg(long, value_name = "DB", allow_negative_numbers = true, value_parser = decibels)]
    output: Option<i8>,
}

fn decibels(text: &str) -> Result<i8, String> {
    let gain = text.parse().ok().filter(|gain| GAINS.contains(gain));
    gain.ok_or_else(|| format!("a gain is whole decibels from {} to {}, as 6 or -3", GAINS.start(), GAINS.end()))
}

pub async fn run(door: &Door, output: Output, command: &DevicesCommand) -> Result<Exit, ErrorView> {
    let reply = match command {
        DevicesCommand::Test => return test(door, output).await,
        DevicesCommand::List => door.get("/v1/devices").await?,
        DevicesCommand::Use(UseArgs { input, output, ring, configured }) => {
            let (input, output, ring) = (input.clone(), output.clone(), ring.clone());
            door.post(
                "/v1/devices",
                &DevicesBody { configured: *configured, input, output, ring, ..DevicesBody::default() },
            )
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
        match inputs.chain(outputs).collect::<Vec<_>>().as_slice() {
            [] => output.lines(&[NO_DEVICES.to_owned()]),
            rows => output.table(["side", "name", "called", ""], rows),
        }
    }
    output.lines(&told(&devices));
    Ok(Exit::Done)
}

/// The meter goes on until the result is there.
async fn test(door: &Door, output: Output) -> Result<Exit, ErrorView> {
    output.say("listen: a tone, three chirps, then say something");
    let reply = tokio::select! {
        reply = door.post_empty("/v1/devices/test") => reply,
        never = meter(door, output) => match never {},
    };
    output.end_meter();
    let reply = reply?;
    output.body(reply.body());
    let tried: DeviceTrialView = reply.view()?;
    output.lines(&found(&tried));
    Ok(if tried.silent { Exit::Failed } else { Exit::Done })
}

async fn meter(door: &Door, output: Output) -> std::convert::Infallible {
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = match door.get("/v1/devices/test").await {
            Ok(reply) => reply.view::<DeviceTrialNowView>().ok(),
            Err(_) => None,
        };
        if let Some(now) = now.filter(|now| now.runs) {
            output.meter(&bar(&now));
        }
    }
}

/// From -60 dB to full scale.
fn bar(now: &DeviceTrialNowView) -> String {
    let LevelView { peak, rms } = now.level;
    let long = |decibels: i8| usize::try_from((i32::from(decibels) + 60).clamp(0, 60) / 2).unwrap_or(0);
    let (body, tip) = (long(rms), long(peak));
    let what = if now.speak { "say something" } else { "listen" };
    format!("[{:<30}] {peak:>4} dB  {what}", "#".repeat(body) + &"-".repeat(tip.saturating_sub(body)))
}

fn found(tried: &DeviceTrialView) -> [String; 3] {
    let heard = match (tried.silent, tried.delay_ms) {
        (true, _) => {
            format!("{} gives nothing but silence: it is muted, or not the one that you speak into", tried.input)
        }
        (false, Some(delay)) => format!("{} hears it, {delay} ms later", tried.input),
        (false, None) => {
            format!("{} does not hear it: as it should be with headphones; else one of both is too quiet", tried.input)
        }
    };
    let voice = match tried.voice.peak {
        ..=-40 => "nothing, or too little, to be understood",
        -39..=-25 => "quiet: `sottovoce devices gain --input 6` makes it louder",
        -24..=-3 => "well",
        _ => "too loud: `sottovoce devices gain --input -6` makes it quieter",
    };
    [
        format!("a tone was played by {}", tried.output),
        heard,
        format!("of what you said it heard {} dB: {voice}", tried.voice.peak),
    ]
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

fn told(devices: &DevicesView) -> [String; 4] {
    let gain = |decibels: i8| if decibels == 0 { String::new() } else { format!(" at {decibels:+} dB") };
    let (input, output) = (gain(devices.input_gain), gain(devices.output_gain));
    let rings = match devices.ring.as_str() {
        "none" => "nothing rings when somebody calls".to_owned(),
        ring if is_gone(ring, &devices.outputs) => {
            format!("it rings on {ring} when somebody calls, which is none of these: plug it in, or `sottovoce devices use --ring default`")
        }
        ring => format!("it rings on {ring} when somebody calls"),
    };
    let who = match devices.chosen {
        true => "chosen here (`sottovoce devices use --configured` goes back to the configuration)",
        false => "as configured",
    };
    let speak = match devices.input.as_str() {
        "silence" => "your peers hear silence".to_owned(),
        device => format!("you speak into {device}{input}"),
    };
    let hear = match devices.output.as_str() {
        "none" => "you hear nothing of them".to_owned(),
        device => format!("you hear by {device}{output}"),
    };
    [format!("{speak}; {hear}"), treated(devices.treatment), rings, who.to_owned()]
}

/// A device that was named, and is none of those that were found.
fn is_gone(device: &str, found: &[DeviceView]) -> bool {
    let name = device.strip_prefix("device:");
    name.is_some_and(|name| !found.iter().any(|one| one.name == name || one.description == name))
}

fn treated(treatment: TreatmentView) -> String {
    let done = [
        (treatment.echo_cancellation, "without the echo of what you hear"),
        (treatment.noise_suppression, "with less noise"),
        (treatment.gain_control, "as loud as a voice should be"),
    ];
    let done: Vec<&str> = done.into_iter().filter(|(is_done, _)| *is_done).map(|(_, what)| what).collect();
    match done.as_slice() {
        [] => "what you say is sent as it is".to_owned(),
        done => format!("what you say is sent {}", done.join(", ")),
    }
}
