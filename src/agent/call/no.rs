//! Why an offer is not taken.

use std::net::{IpAddr, SocketAddr};

use crate::policy::Rule;
use crate::sip::Refusal;
use crate::vocab::{escape, Failure};

/// Said to the caller.
pub(super) struct No {
    pub(super) refusal: Refusal,
    /// For our own user, when it is worth knowing.
    pub(super) notice: Option<Box<Failure>>,
}

impl No {
    pub(super) fn plain(status: u16, why: &str) -> Self {
        let reason = match status {
            403 => "Forbidden",
            486 => "Busy Here",
            _ => "Not Acceptable Here",
        };
        let text: String = escape(why).replace(['"', '\\'], "'");
        Self {
            refusal: Refusal::new(status, reason).with("Warning", format!("399 sottovoce \"{text}\"")),
            notice: None,
        }
    }

    /// Names the rules that are missing, not only that something changed.
    pub(super) fn missing(rules: &[Rule], agreed: Option<()>) -> Self {
        let rules: Vec<String> = rules.iter().map(Rule::to_string).collect();
        match (rules.is_empty(), agreed) {
            (false, _) => Self::plain(488, &format!("missing: {}", rules.join(" "))),
            (true, Some(())) => Self::plain(488, "the policy changed since it was asked, or discards this call"),
            (true, None) => Self::plain(488, "the policy discards this call"),
        }
    }
}

/// A stranger could aim our sound at somebody who never asked for it: it goes to where he calls from, and nowhere else.
pub(super) fn refuse_aimed(media: &[SocketAddr], from: IpAddr) -> Result<(), No> {
    match media.iter().all(|address| address.ip().to_canonical() == from.to_canonical()) {
        true => Ok(()),
        false => Err(No::plain(488, "media of strangers goes to where they call from only")),
    }
}
