use crate::policy::{Guarantee, Level};
use crate::vocab::Wall;

use super::Ruling;

/// What the entry for one flow guarantees, remembered until the entry expires. Whoever gets another snapshot forgets it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Remembered(Option<(Guarantee, Option<Wall>)>);

impl Remembered {
    pub fn of(ruling: &Ruling<'_>, default_level: Level) -> Self {
        Self(Some((Guarantee::of(&ruling.entry.action, default_level), ruling.entry.expires)))
    }

    /// `None`: it has to be looked up.
    #[inline]
    pub fn guarantee(&self, now: Wall) -> Option<Guarantee> {
        match self.0 {
            Some((guarantee, expires)) if expires.is_none_or(|at| now < at) => Some(guarantee),
            _ => None,
        }
    }
}
