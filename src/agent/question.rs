//! What we ask with, once or for long: SUBSCRIBE with our signed request in it (PROTOCOL section 4).

use std::time::Duration;

use super::account::Route;
use super::ask::PIDF;
use super::own::Saying;
use super::target::Target;
use super::Agent;
use crate::policy::{Audience, Purpose, Wanted};
use crate::presence;
use crate::sip::{Body, Resumed, Subscribe, SubscriptionId, Transport, Uri};
use crate::vocab::{Nonce, Now};

pub struct Question {
    /// Who is meant: the audience of the request.
    pub target: Target,
    /// Where the request goes: the target's own URI, or the one of a single device of it.
    pub uri: Uri,
    /// What the answer has to repeat.
    pub nonce: Nonce,
    pub wanted: Wanted,
    /// It goes by an account's proxy: we are reached by that too.
    pub by_server: bool,
    /// Zero asks once.
    pub expires: Duration,
    /// It was sent on: the same request again, at another place.
    pub resumes: Option<Resumed>,
}

impl Agent {
    pub(super) fn put_question(&mut self, now: Now, question: Question, route: Route) -> SubscriptionId {
        let Route { hop, domain, login, .. } = route;
        let name = self.name_to(&question.target);
        let contact = match question.by_server {
            true => self.contact_for(&name),
            false => self.contact.clone(),
        };
        let from = self.written_as(&name);
        let saying = Saying {
            entity: name,
            purpose: Purpose::Request,
            audience: Audience::Entity(question.target.entity.clone()),
            nonce: question.nonce,
            presence: self.discloses_to(&question.target.entity),
            policies: Vec::new(),
            request: Some(question.wanted),
            proposal: None,
            answer: None,
        };
        let signed = self.own.sign(&self.config, &contact, saying, now.wall);
        let what = Subscribe {
            target: question.uri,
            remote: hop.address,
            domain,
            tcp: hop.transport == Transport::Tcp,
            event: "presence".into(),
            expires: question.expires,
            accept: vec![PIDF.into()],
            body: Some(Body { content_type: PIDF.into(), bytes: presence::write(&signed).into() }),
            from,
            login,
            resumes: question.resumes,
        };
        self.endpoint.subscribe(now, what)
    }
}
