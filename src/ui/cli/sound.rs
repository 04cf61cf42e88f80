//! What a call's screen says of its sound devices.

use super::output::Output;
use crate::app::control::view::{CallView, ErrorView};

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

fn line(call: &CallView, gone: Option<&ErrorView>, what: &str) -> String {
    match gone {
        Some(gone) => format!("{}; {}", gone.message, gone.next),
        None => format!("call {} with {}: your side {what} again", call.id, call.peer),
    }
}
