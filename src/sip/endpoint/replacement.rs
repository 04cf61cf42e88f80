use super::inbound::Inbound;
use super::{Endpoint, Usage};
use crate::sip::headers::Replaces;
use crate::sip::session::{Phase, Session};
use crate::sip::{HeaderName, Method, Refusal, SessionId, Uri};

/// The tag of a peer that has none, in Replaces (RFC 3891 section 6.1).
const NO_TAG: &str = "0";

/// Replaces (RFC 3891): a new call takes the place of one that stands.
impl Endpoint {
    /// How whoever is at the other end of this call names it in Replaces; none before it was answered.
    pub fn replaces(&self, id: SessionId) -> Option<Replaces> {
        let dialog = self.sessions.get(&id).filter(|session| session.phase == Phase::Established).map(|s| &s.dialog)?;
        let theirs = if dialog.remote_tag.is_empty() { NO_TAG } else { &dialog.remote_tag };
        Some(Replaces::new(&dialog.call_id, theirs, &dialog.local_tag))
    }

    /// Where the peer of a call says that it is reached.
    pub fn remote_target(&self, id: SessionId) -> Option<Uri> {
        self.sessions.get(&id).map(|session| session.dialog.target().clone())
    }

    /// Only an INVITE takes another's place, and of one call only (RFC 3891 section 3).
    pub(super) fn refuse_misplaced(&self, inbound: &Inbound) -> Option<Refusal> {
        let count = inbound.request.headers().count(HeaderName::REPLACES);
        let fits = count == 0 || count == 1 && *inbound.request.method() == Method::Invite && inbound.to_tag.is_none();
        (!fits).then(|| Refusal::new(400, "Replaces stands in one new INVITE, and once"))
    }

    /// The call whose place this INVITE is to take, if it names one.
    pub(super) fn replaced(&self, inbound: &Inbound) -> Result<Option<SessionId>, Refusal> {
        let Ok(named) = inbound.request.headers().typed::<Replaces>() else {
            return Err(Refusal::new(400, "Replaces is unreadable"));
        };
        let Some(named) = named else { return Ok(None) };
        let unknown = || Refusal::new(481, "Call/Transaction Does Not Exist");
        let Some(Usage::Session(id)) = self.usages.get(&(named.call_id.clone(), named.to_tag.clone())) else {
            return Err(unknown());
        };
        let session = self.sessions.get(id).filter(|session| is_named(session, &named.from_tag));
        match session.map(|session| &session.phase) {
            Some(Phase::Established) if named.early_only => Err(Refusal::new(486, "Busy Here")),
            Some(Phase::Established) => Ok(Some(*id)),
            Some(Phase::Ending) => Err(Refusal::new(603, "Declined")),
            // It rings there, and we began it; one that rings here we did not (RFC 3891 section 3).
            Some(Phase::Calling { .. }) => Ok(Some(*id)),
            Some(Phase::Ringing) | None => Err(unknown()),
        }
    }
}

fn is_named(session: &Session, from_tag: &str) -> bool {
    let tag = &session.dialog.remote_tag;
    match session.phase {
        Phase::Calling { .. } => session.leaving.is_none() && session.ringing.iter().any(|ringing| ringing == from_tag),
        _ => tag == from_tag || tag.is_empty() && from_tag == NO_TAG,
    }
}
