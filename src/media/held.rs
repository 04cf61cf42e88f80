/// Who holds a call (RFC 3264 section 8.4), and whether it is one yet. Without any of it sound goes both ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// The peer wants no sound from us.
    pub by_peer: bool,
    /// Our user hears nothing, and is not heard.
    pub by_us: bool,
    /// The callee is heard, and has not picked up: it does not hear us.
    pub early: bool,
}

impl Held {
    /// No sound of ours goes out.
    pub fn is_silent(self) -> bool {
        self.by_peer || self.by_us || self.early
    }

    /// What is played to the peer waits.
    pub fn is_paused(self) -> bool {
        self.by_us || self.early
    }
}
