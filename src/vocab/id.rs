use std::fmt;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl $name {
            /// Reads what [`fmt::Display`] wrote, with or without the letter.
            pub fn parse(text: &str) -> Option<Self> {
                text.strip_prefix($prefix).unwrap_or(text).parse().ok().map(Self)
            }
        }
    };
}

number!(/// One asking of a peer, `a1`.
    AskId, "a");
number!(/// One proposal of a looser policy, ours or a peer's, `n1`.
    ProposalId, "n");
number!(/// One question put to the user, `r1`.
    ReviewId, "r");
number!(/// One call of ours, `c1`.
    CallId, "c");
number!(/// One short text, ours or theirs, `t1`.
    TextId, "t");
number!(/// One watcher of ours, `w1`.
    WatcherId, "w");
number!(/// One row of the policy database, `e1`; zero before it is stored.
    EntryId, "e");
number!(/// Pairs an effect with the answer to it.
    EffectId, "x");
number!(/// Numbers the states of the policy database; every registration or removal makes the next.
    Generation, "g");

impl WatcherId {
    /// With its letter only: a number alone can be the beginning of a key.
    pub fn parse_marked(text: &str) -> Option<Self> {
        text.starts_with('w').then(|| Self::parse(text)).flatten()
    }
}
