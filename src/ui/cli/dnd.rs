//! `dnd`: do not disturb, until a time.

use super::args::OnOff;
use super::door::Door;
use super::exit::Exit;
use super::output::Output;
use crate::app::control::request::DoNotDisturbBody;
use crate::app::control::view::{ErrorView, StatusView};

pub async fn run(door: &Door, output: Output, state: Option<OnOff>, seconds: u64) -> Result<Exit, ErrorView> {
    let reply = match state {
        None => door.get("/v1/status").await?,
        Some(state) => {
            let seconds = (state == OnOff::On).then_some(seconds);
            door.post("/v1/do-not-disturb", &DoNotDisturbBody { seconds }).await?
        }
    };
    let status: StatusView = reply.view()?;
    output.body(reply.body());
    output.line(&told(&status));
    Ok(Exit::Done)
}

fn told(status: &StatusView) -> String {
    match (&status.do_not_disturb, &status.quiet_until) {
        (Some(until), _) => format!(
            "you are not disturbed until {until}: callers hear that it is quiet here, prompts wait; `sottovoce dnd off` ends it"
        ),
        (None, Some(until)) => format!("calls and prompts would disturb you, but it is quiet by your configuration until {until}"),
        (None, None) => "calls and prompts disturb you".to_owned(),
    }
}
