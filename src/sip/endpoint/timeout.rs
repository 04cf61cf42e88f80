use super::{EndCause, Endpoint, EndpointEvent};
use crate::sip::transaction::{Happened, Owner};
use crate::sip::Method;
use crate::vocab::{Deadline, Mono};

/// A REGISTER that has to be sent so often, after 3.5 s, has found nobody so far.
const SILENT: u32 = 4;

/// Time passes.
impl Endpoint {
    pub(super) fn expire(&mut self, now: Mono) {
        while let Some(happened) = self.transactions.expire_one(now) {
            happened.into_iter().for_each(|happened| self.handle_happened(now, happened));
        }
        for id in self.subscriptions.all_due(now) {
            self.expire_subscription(now, id);
        }
        for id in due(now, self.registrations.iter().map(|(id, r)| (*id, r.deadline()))) {
            self.expire_registration(now, id);
        }
        for id in due(now, self.registrations.iter().map(|(id, r)| (*id, r.keep.deadline()))) {
            self.expire_keep_alive(now, id);
        }
        for id in due(now, self.publications.iter().map(|(id, p)| (*id, p.deadline()))) {
            self.expire_publication(now, id);
        }
        for id in self.notifiers.all_due(now) {
            self.expire_notifier(now, id);
        }
        for id in due(now, self.referring.iter().map(|(id, r)| (*id, r.deadline()))) {
            self.expire_referring(id);
        }
        for id in due(now, self.referred.iter().map(|(id, r)| (*id, r.deadline()))) {
            self.expire_referred(now, id);
        }
        for id in self.sessions.all_due(now) {
            self.expire_session(now, id);
        }
    }

    fn handle_happened(&mut self, now: Mono, happened: Happened) {
        match happened {
            Happened::Answer(transmit) => self.transmit(transmit),
            Happened::Resent { owner, method, sent, transmit } => {
                self.counters.retransmissions += 1;
                self.transmit(transmit);
                match (owner, method) {
                    (Owner::Session(id), Method::Invite) => self.report_invite_resent(id, sent),
                    (Owner::Subscription(id), _) => self.report_subscribe_resent(id, sent),
                    (Owner::Registration(id), _) if sent == SILENT => {
                        self.events.push_back(EndpointEvent::RegistrationAtRisk { id });
                    }
                    _ => {}
                }
            }
            Happened::TimedOut { owner, method, remote } => {
                self.give_up(now, owner, &method, EndCause::TimedOut);
                // A registration that was not answered comes again by its own rule. Where our NOTIFY goes a stranger may have said,
                // and who would not answer it.
                if !matches!(owner, Owner::None | Owner::Notifier(_) | Owner::Registration(_)) {
                    self.doubt(now, remote);
                }
            }
            Happened::Unanswered { owner: Owner::Notifier(id) } => self.handle_unanswered_subscribe(id),
            Happened::Unanswered { owner: Owner::Referral(id) } => self.drop_referred(id),
            Happened::Unanswered { .. } => {}
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Deadline> {
        let registrations = self.registrations.values().filter_map(|r| r.deadline());
        let flows = self.registrations.values().filter_map(|r| r.keep.deadline());
        let publications = self.publications.values().filter_map(|p| p.deadline());
        let referring = self.referring.values().filter_map(|r| r.deadline());
        let referred = self.referred.values().filter_map(|r| r.deadline());
        let few = registrations.chain(flows).chain(publications).chain(referring).chain(referred);
        let few = few.map(|(at, why)| Deadline { at, why });
        let all = [
            self.transactions.deadline(),
            self.subscriptions.deadline(),
            self.notifiers.deadline(),
            self.sessions.deadline(),
        ];
        all.into_iter().flatten().chain(few).min()
    }
}

/// Of those that are few: our accounts, and the transfers of calls.
fn due<I>(now: Mono, all: impl Iterator<Item = (I, Option<(Mono, &'static str)>)>) -> Vec<I> {
    all.filter(|(_, deadline)| deadline.is_some_and(|(at, _)| at <= now)).map(|(id, _)| id).collect()
}
