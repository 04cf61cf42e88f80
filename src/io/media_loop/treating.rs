use crate::io::audio::{Sink, Source};
use crate::media::{Acoustics, Treatment, TreatmentWish};

/// What becomes of a leg's sound, as its source and sink allow.
pub struct Treating {
    wish: TreatmentWish,
    treatment: Treatment,
    acoustics: Option<Box<Acoustics>>,
}

impl Treating {
    pub fn new(wish: TreatmentWish, source: &Source, sink: &Sink) -> Self {
        let mut treating = Self { wish, treatment: Treatment::default(), acoustics: None };
        treating.fit(source, sink);
        treating
    }

    /// One of both may be another: what it knew of them goes on where as much is to be done, and learns.
    pub fn fit(&mut self, source: &Source, sink: &Sink) {
        let treatment = self.wish.between(source.end(), sink.end());
        if treatment != self.treatment {
            (self.treatment, self.acoustics) = (treatment, Acoustics::new(treatment));
        }
    }

    pub fn acoustics(&mut self) -> Option<&mut Acoustics> {
        self.acoustics.as_deref_mut()
    }
}
