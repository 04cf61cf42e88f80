//! What a call's screen says of its sound devices.

use super::output::Output;
use crate::app::control::view::{CallView, ErrorView, StatusView};

/// Which devices were said to be gone.
#[derive(Default)]
pub(super) struct Sound {
    input: bool,
    output: bool,
}

impl Sound {
    /// Says once what is gone, and once that it is back.
    pub fn tell(&mut self, output: Output, call: &CallView) {
        if call.is_over() {
            return;
        }
        for (told, gone, what) in
            [(&mut self.input, &call.no_input, "is heard"), (&mut self.output, &call.no_output, "hears")]
        {
            if *told != gone.is_some() {
                *told = gone.is_some();
                output.say(&line(call, gone.as_ref(), what));
            }
        }
    }
}

/// That who takes the agent as it is shipped is not heard, and hears nobody; with the way out.
pub(super) fn silent(status: &StatusView) -> Option<String> {
    let (said, options) = match (status.input.as_str(), status.output.as_str()) {
        ("silence", "none") => {
            ("your peers hear silence, and you hear nothing of them", "--input default --output default --ring default")
        }
        ("silence", _) => ("your peers hear silence", "--input default"),
        (_, "none") => ("you hear nothing of your peers", "--output default --ring default"),
        _ => return None,
    };
    Some(format!("{said}: `sottovoce devices use {options}`"))
}

fn line(call: &CallView, gone: Option<&ErrorView>, what: &str) -> String {
    match gone {
        Some(gone) => format!("{}; {}", gone.message, gone.next),
        None => format!("call {} with {}: your side {what} again", call.id, call.peer),
    }
}
