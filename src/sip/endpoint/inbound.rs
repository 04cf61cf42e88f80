use super::limits;
use crate::sip::headers::{CSeq, CallId, From, Via};
use crate::sip::transaction::{Reply, ServerKey};
use crate::sip::{read, HeaderName, Received, Request};

/// A request that came in, with what every handler needs of it.
pub(super) struct Inbound {
    pub from: Received,
    /// Its Via says where it really came from.
    pub request: Request,
    pub key: ServerKey,
    pub reply: Reply,
    pub call_id: String,
    pub from_tag: String,
    pub to_tag: Option<String>,
    pub cseq: u32,
}

/// Why a request cannot be handled.
pub(super) enum Unfit {
    /// Without a Via nobody could be answered.
    NoWayBack,
    /// It can be answered, and that is all.
    Unreadable(Box<Request>, Reply),
}

impl Inbound {
    /// It passed a proxy: whoever sent it first has a Via below the last hop's.
    pub fn relayed(&self) -> bool {
        self.request.headers().all(crate::sip::HeaderName::VIA).len() > 1
    }

    pub fn read(from: Received, mut request: Request) -> Result<Self, Unfit> {
        let via = stamp(&from, &mut request).ok_or(Unfit::NoWayBack)?;
        let reply = Reply::new(&from, via.port, via.has_rport());
        let Some(ids) = Ids::read(&request) else { return Err(Unfit::Unreadable(Box::new(request), reply)) };
        let branch = match via.branch().filter(|b| b.starts_with(Via::COOKIE)) {
            Some(branch) => branch.to_owned(),
            None => ids.old_branch(&via),
        };
        let key = ServerKey::new(branch, via.sent_by(), request.method().clone());
        let Ids { call_id, from_tag, to_tag, cseq } = ids;
        Ok(Self { from, request, key, reply, call_id, from_tag, to_tag, cseq })
    }
}

struct Ids {
    call_id: String,
    from_tag: String,
    to_tag: Option<String>,
    cseq: u32,
}

impl Ids {
    fn read(request: &Request) -> Option<Self> {
        let headers = request.headers();
        let call_id = headers.typed::<CallId>().ok()??.0;
        let from_tag = headers.typed::<From>().ok()??.tag().unwrap_or("").to_owned();
        let to_tag = read::to_tag(headers);
        let cseq = headers.typed::<CSeq>().ok()??.number;
        let longest = call_id.len().max(from_tag.len()).max(to_tag.as_ref().map_or(0, String::len));
        (longest <= limits::TOKEN).then_some(Self { call_id, from_tag, to_tag, cseq })
    }

    /// A sender that knows RFC 2543 only is told apart by the rest (RFC 3261 section 17.2.3).
    fn old_branch(&self, via: &Via) -> String {
        format!("{} {} {} {via}", self.call_id, self.from_tag, self.cseq)
    }
}

/// Notes in the top Via where the request really came from (RFC 3261 section 18.2.1, RFC 3581 section 4).
fn stamp(from: &Received, request: &mut Request) -> Option<Via> {
    let mut via = request.headers().typed::<Via>().ok()??;
    if via.has_rport() {
        via.set_rport(from.remote.port());
    }
    if via.has_rport() || via.host.ip() != Some(from.remote.ip()) {
        via.set_received(from.remote.ip());
    }
    request.headers_mut().set_first(HeaderName::VIA, &via).ok()?;
    Some(via)
}
