//! What the user wants, each with the story that carries it out.

use super::own_policy::Source;
use super::{Accepted, Agent, Command};
use crate::policy::PeerScope;
use crate::presence::Names;
use crate::vocab::{Failure, FailureKind, Now};

impl Agent {
    pub(super) fn carry_out(&mut self, now: Now, what: Command) -> Result<Accepted, Failure> {
        let is_new = matches!(
            what,
            Command::AddAccount(_)
                | Command::AnswerCall { .. }
                | Command::Ask(_)
                | Command::Call(_)
                | Command::Relax { .. }
                | Command::Text(_)
                | Command::Transfer(_)
        );
        if is_new && self.stopping.is_some() {
            return Err(stops());
        }
        let done = |()| Accepted::Done;
        match what {
            Command::AddAccount(config) => self.add_account(now, *config).map(Accepted::Storing),
            Command::AnswerCall { call } if self.is_wanted(call) => self.place_wanted(now, call).map(done),
            Command::AnswerCall { call } => self.answer_call(now, call).map(done),
            Command::AnswerReview { review, answer, by } => {
                self.answer_review(now, review, answer, by).map(|()| Accepted::Review(review))
            }
            Command::Ask(request) => self.begin_ask(now, request, None).map(Accepted::Ask),
            Command::Call(request) => self.begin_call(now, request).map(Accepted::Call),
            Command::Confer { calls } => self.confer(now, calls).map(Accepted::Call),
            Command::Record { call, recording } => self.record_call(call, recording).map(done),
            Command::StopRecording { call } => self.stop_recording(call).map(done),
            Command::Mute { call, muted } => self.mute_call(call, muted).map(done),
            Command::CancelAsk { ask } => self.cancel_ask(now, ask).map(done),
            Command::ChooseSound(change) => Ok(Accepted::Storing(self.choose_sound(change))),
            Command::Contact(what) => self.contact_command(now, what).map(Accepted::Storing),
            Command::Dial { call, digits, clear } => self.press_keys(now, call, digits, clear).map(Accepted::Digits),
            Command::Group(what) => self.group_command(now, what).map(Accepted::Storing),
            Command::Hangup { call } => self.hangup(now, call).map(done),
            Command::Relax { call, rules, note } => self.relax_call(now, call, rules, note).map(Accepted::Ask),
            Command::Tighten { call, rules } => self.tighten_call(now, call, rules).map(Accepted::Storing),
            Command::Hold { call, wanted: true } => self.hold_call(now, call, true).map(Accepted::Call),
            Command::Hold { call, wanted: false } => self.take_up(now, call).map(Accepted::Call),
            Command::PolicyAdd { text } => self.add_policy(now, &text, &PeerScope::default(), Source::User),
            Command::PolicyAddFor { text, scope } => self.add_policy(now, &text, &scope, Source::User),
            Command::PolicyDefault { text } => self.set_default(now, &text).map(Accepted::Storing),
            Command::PolicyDefaultRemove => self.remove_default(now).map(Accepted::Storing),
            Command::PolicyEdit { entry, text } => self.edit_policy(now, entry, &text),
            Command::PolicyEnable { entry, enabled } => self.enable_policy(now, entry, enabled),
            Command::PolicyExpire { entry, at } => self.expire_policy(now, entry, at),
            Command::PolicyImport { text, part } => {
                let source = if part { Source::Part } else { Source::File };
                self.add_policy(now, &text, &PeerScope::default(), source)
            }
            Command::PolicyRemove { entry } => self.remove_policy(now, entry).map(Accepted::Storing),
            Command::PolicyRestore(what) => self.restore_policy(now, what).map(Accepted::Storing),
            Command::PresenceRemove { entity } => self.remove_presence(&entity).map(Accepted::Storing),
            Command::PresenceRename { entity, user, place, mail } => {
                self.rename_presence(entity, Names { user, place, mail }).map(Accepted::Storing)
            }
            Command::DoNotDisturb { until } => self.set_do_not_disturb(now, until).map(Accepted::Storing),
            Command::PresenceSet { user, place } => {
                self.set_own_presence(Names { user, place, mail: None }).map(Accepted::Storing)
            }
            Command::RejectCall { call } if self.is_wanted(call) => {
                self.refuse_wanted(now, call);
                Ok(Accepted::Done)
            }
            Command::RejectCall { call } => self.reject_call(now, call).map(done),
            Command::RemoveAccount { entity } => self.remove_account(now, &entity).map(Accepted::Storing),
            Command::RevokeVouch { account } => self.revoke_vouch(now, account).map(Accepted::Storing),
            Command::Stop => {
                self.stop(now);
                Ok(Accepted::Done)
            }
            Command::TakeVouch { vouch, account } => self.take_vouch(vouch, account).map(Accepted::Storing),
            Command::TakeBack(what) => self.take_back(now, &what).map(done),
            Command::Text(request) => self.begin_text(now, request).map(Accepted::Text),
            Command::Unwatch { peer } => self.unwatch(&peer).map(Accepted::Storing),
            Command::Watch { peer } => self.watch(now, &peer).map(Accepted::Storing),
            Command::Watchers(what) => self.watcher_command(now, what),
            Command::Transfer(request) => self.transfer(now, request).map(Accepted::Call),
            Command::Vouch { new, account } => self.vouch_for(now, &new, account.as_ref()).map(Accepted::Vouched),
            Command::Verified { entity } => self.mark_verified(now, &entity).map(Accepted::Storing),
        }
    }
}

/// What would begin now would be cut off without a BYE.
fn stops() -> Failure {
    let next = "wait until it has ended, start it again with `sottovoce run`, and repeat this";
    Failure::new(FailureKind::Failed, "agent-stops", "the agent is stopping and begins nothing new", "agent", next)
}
