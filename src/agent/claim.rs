use super::answer_watcher::watcher_name;
use super::book::{Book, Standing};
use super::permissions::WatcherRules;
use crate::policy::Statement;
use crate::presence;
use crate::vocab::{AgreementKey, Device, Entity, VerifyKey};

/// Whose keys a signed request bore.
pub struct Claim {
    pub entity: Entity,
    pub device: Device,
    pub keys: (VerifyKey, AgreementKey),
    pub vouched: Option<VerifyKey>,
}

impl Claim {
    /// Of a statement whose signature was verified.
    pub fn of(statement: &Statement) -> Self {
        Self {
            entity: statement.entity.clone(),
            device: statement.device.clone(),
            keys: (statement.signing_key, statement.agreement_key),
            vouched: presence::vouched(statement),
        }
    }

    /// Whether our user approved these keys, and they are those of today.
    pub fn is_pinned(&self, book: &Book) -> bool {
        matches!(self.standing(book), Standing::Pinned { .. })
    }

    /// Whether our user approved other keys of this device.
    pub fn is_changed(&self, book: &Book) -> bool {
        book.pin(&self.entity, &self.device).is_some()
            && matches!(self.standing(book), Standing::Changed(_) | Standing::Impostor)
    }

    fn standing(&self, book: &Book) -> Standing {
        book.standing(&self.entity, &self.device, self.keys, self.vouched)
    }
}

/// And how it stood with them when it came.
pub struct JudgedClaim {
    pub claim: Claim,
    /// Our user had approved them.
    pub pinned: bool,
    /// He had answered what their holder is told.
    pub ruled: bool,
}

impl JudgedClaim {
    /// `fresh`: nobody repeats the request, so that what our user answers about the keys holds for it too.
    pub fn is_as_it_was(&self, book: &Book, rules: &WatcherRules, fresh: bool) -> bool {
        let ruled = || rules.of(&watcher_name(&self.claim.keys.0)).is_some();
        self.claim.is_pinned(book) == self.pinned && (fresh || ruled() == self.ruled)
    }
}
