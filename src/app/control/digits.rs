use super::calls::call_id;
use super::request::DigitsBody;
use super::view::DigitsView;
use super::{Control, Wait};
use crate::agent::{Accepted, Command};
use crate::vocab::{Digit, Failure, FailureKind};

impl Control {
    /// Presses keys of the telephone in a call, and says how they go.
    pub async fn dial(&self, id: &str, body: &DigitsBody) -> Result<DigitsView, Failure> {
        let call = call_id(id)?;
        let digits: Option<Vec<Digit>> = body.digits.chars().map(Digit::new).collect();
        let digits = digits.ok_or_else(|| no_digits(id))?;
        let count = digits.len() as u32;
        let accepted = self.brain.command(Command::Dial { call, digits, clear: body.clear }).await?;
        let Accepted::Digits(way) = accepted else { return Err(super::failures::stopped()) };
        let call = self.call_view(id, &Wait::default()).await?;
        Ok(DigitsView { call: call.id, peer: call.peer, digits: count, by: way.into() })
    }
}

/// What was typed is not repeated: it may be a secret with one key too many.
fn no_digits(id: &str) -> Failure {
    let message = "something among these is no key of a telephone";
    Failure::new(FailureKind::Usage, "digits-unfit", message, id, "name some of 0 to 9, *, #, A to D, without spaces")
}
