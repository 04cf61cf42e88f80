use super::Endpoint;
use crate::sip::digest::Login;
use crate::sip::subscription::Phase;

/// A login that holds no more.
impl Endpoint {
    /// What is under way is done without it, but for what is being taken back.
    pub(super) fn forget_everywhere(&mut self, login: &Login) {
        for id in self.subscriptions.keys().copied().collect::<Vec<_>>() {
            let Some(subscription) = self.subscriptions.get_mut(&id) else { continue };
            let is_taken_back = subscription.phase == Phase::Closing && subscription.left();
            if !is_taken_back {
                subscription.authentication.forget(login);
            }
        }
        for id in self.sessions.keys().copied().collect::<Vec<_>>() {
            let session = self.sessions.get_mut(&id);
            if let Some(proven) = session.and_then(|session| session.proven.as_mut()) {
                proven.forget_login(login);
            }
        }
        self.sending.values_mut().for_each(|sending| sending.forget_login(login));
        self.informing.values_mut().for_each(|informing| informing.authentication.forget(login));
        self.referring.values_mut().for_each(|referring| referring.authentication.forget(login));
    }
}
