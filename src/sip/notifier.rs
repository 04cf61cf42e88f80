use std::net::IpAddr;
use std::time::Duration;

use super::dialog::Dialog;
use super::headers::Event;
use super::timed::Timed;
use super::transaction::ServerKey;
use super::Body;
use crate::vocab::Mono;

/// One subscription of somebody else to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NotifierId(pub u64);

/// What a NOTIFY says of the subscription (RFC 6665 section 4.1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotifyState {
    Active,
    Pending,
    Terminated { reason: String, retry_after: Option<Duration> },
}

/// The notifier's side (RFC 6665 section 4.2).
#[derive(Debug)]
pub(crate) struct Notifier {
    pub dialog: Dialog,
    /// As the subscriber wrote it, `id` parameter included: every NOTIFY carries it (RFC 6665 section 8.2.1).
    pub event: Event,
    /// The SUBSCRIBE that waits for our answer.
    pub asked: Option<ServerKey>,
    /// Where the first SUBSCRIBE came from.
    pub address: IpAddr,
    /// We accepted it once.
    pub accepted: bool,
    /// When it runs out.
    pub expires: Option<Mono>,
    /// A NOTIFY is on its way.
    pub sending: bool,
    /// The newest one that waits for it: notifications are never in flight together, or they could arrive out of order.
    pub next: Option<(NotifyState, Option<Body>)>,
    /// The last NOTIFY was sent.
    pub closing: bool,
}

impl NotifyState {
    /// The Subscription-State value; `lasts` is what is left of the subscription.
    pub(crate) fn to_header(&self, lasts: Duration) -> String {
        match self {
            Self::Active => format!("active;expires={}", lasts.as_secs()),
            Self::Pending => format!("pending;expires={}", lasts.as_secs()),
            Self::Terminated { reason, retry_after: None } => format!("terminated;reason={reason}"),
            Self::Terminated { reason, retry_after: Some(after) } => {
                format!("terminated;reason={reason};retry-after={}", after.as_secs())
            }
        }
    }
}

impl Notifier {
    /// Keeps the newest; nothing comes after a farewell.
    pub fn queue(&mut self, state: NotifyState, body: Option<Body>) {
        let farewell = matches!(self.next, Some((NotifyState::Terminated { .. }, _)));
        if !farewell && !self.closing {
            self.next = Some((state, body));
        }
    }
}

impl Timed for Notifier {
    fn deadline(&self) -> Option<(Mono, &'static str)> {
        let at = self.expires.filter(|_| !self.closing)?;
        Some((at, "subscriber runs out"))
    }
}
