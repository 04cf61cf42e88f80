//! What is done to our user's voice before it is sent.

/// Each can be switched off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Treatment {
    /// What the microphone hears of the loudspeaker is taken out.
    pub echo_cancellation: bool,
    /// What stays the same behind the voice is made quieter.
    pub noise_suppression: bool,
    /// The voice is made as loud as a voice should be.
    pub gain_control: bool,
}

/// What stands at one end of a call's sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SoundEnd {
    /// A microphone or a loudspeaker.
    Device,
    /// Another program.
    Program,
    /// A file, a tone, or nothing: it stays what it is.
    Other,
}

/// What the user wants of it; `None`: what is usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TreatmentWish {
    pub echo_cancellation: Option<bool>,
    pub noise_suppression: Option<bool>,
    pub gain_control: Option<bool>,
}

impl TreatmentWish {
    /// Usual is all of it with devices, and nothing with other programs, which may have a device of their own, and treat its sound themselves.
    /// There is no echo where nobody hears.
    pub fn between(self, input: SoundEnd, output: SoundEnd) -> Treatment {
        let (speaks, hears) = (input != SoundEnd::Other, output != SoundEnd::Other);
        let is_usual = input == SoundEnd::Device;
        Treatment {
            echo_cancellation: speaks
                && hears
                && self.echo_cancellation.unwrap_or(is_usual && output == SoundEnd::Device),
            noise_suppression: speaks && self.noise_suppression.unwrap_or(is_usual),
            gain_control: speaks && self.gain_control.unwrap_or(is_usual),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SoundEnd::{Device, Other, Program};
    use super::*;

    #[test]
    fn devices_are_treated_files_never_and_programs_where_it_is_wanted() {
        let all = |on| TreatmentWish { echo_cancellation: on, noise_suppression: on, gain_control: on };
        let done = |wish: TreatmentWish, input, output| {
            let done = wish.between(input, output);
            [done.echo_cancellation, done.noise_suppression, done.gain_control]
        };
        for (input, output, usual, wanted) in [
            (Device, Device, [true; 3], [true; 3]),
            (Device, Program, [false, true, true], [true; 3]),
            (Device, Other, [false, true, true], [false, true, true]),
            (Program, Program, [false; 3], [true; 3]),
            (Program, Device, [false; 3], [true; 3]),
            (Other, Device, [false; 3], [false; 3]),
        ] {
            assert_eq!(done(all(None), input, output), usual, "{input:?} {output:?}");
            assert_eq!(done(all(Some(true)), input, output), wanted, "{input:?} {output:?}");
            assert_eq!(done(all(Some(false)), input, output), [false; 3], "{input:?} {output:?}");
        }
        let one = TreatmentWish { noise_suppression: Some(false), ..all(None) };
        assert_eq!(done(one, Device, Device), [true, false, true]);
    }
}
