use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::CallView;

/// Two calls whose peers hear each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConferenceView {
    pub calls: Vec<CallView>,
    /// The weaker protection of both: whoever can hear that call hears all three.
    pub weakest: String,
    /// The call that has it, where the other has more.
    pub weaker: Option<String>,
}

impl ConferenceView {
    pub(in crate::app) fn of(calls: [CallView; 2]) -> Self {
        let [first, second] = &calls;
        let (one, other) = (strength(&first.bundle), strength(&second.bundle));
        let weaker = if other < one { second } else { first };
        let (weakest, differs) = (weaker.bundle.clone(), one != other);
        Self { weaker: differs.then(|| weaker.id.clone()), weakest, calls: calls.into() }
    }
}

/// What a bundle is worth to whom hears: nothing, authentic, hidden from those who see packets only, hidden, and authentic with its addresses.
fn strength(bundle: &str) -> u8 {
    match (bundle.contains("esp"), bundle.contains("srtp"), bundle.contains("ah")) {
        (true, _, true) => 4,
        (true, ..) => 3,
        (_, true, _) => 2,
        (.., true) => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::{Call, CallState};

    #[test]
    fn the_weaker_of_both_is_named() {
        let conference = |bundles: [&str; 2]| {
            let call =
                |bundle: &str| Call { bundle: bundle.into(), ..crate::app::control::tests::call(CallState::Active) };
            let calls = bundles.map(|bundle| CallView::from(&call(bundle)));
            let [first, second] = calls;
            let view = ConferenceView::of([first, CallView { id: "c2".into(), ..second }]);
            (view.weakest, view.weaker)
        };
        let rising = ["none", "ah", "srtp", "esp", "ah+esp"];
        for (at, weak) in rising.iter().enumerate() {
            assert_eq!(conference([weak, weak]), ((*weak).into(), None));
            for strong in &rising[at + 1..] {
                assert_eq!(conference([weak, strong]), ((*weak).into(), Some("c1".into())), "{strong}");
                assert_eq!(conference([strong, weak]), ((*weak).into(), Some("c2".into())), "{strong}");
            }
        }
    }
}
