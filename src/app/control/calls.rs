use std::time::Duration;

use super::view::{CallList, CallView};
use super::{accounts, answer, failures, request::CallBody, Control, Wait};
use crate::agent::{Accepted, AudioSink, AudioSource, CallRequest, CallState, Command};
use crate::io;
use crate::vocab::{CallId, Failure, FailureKind};

impl Control {
    /// Begins a call. A file that cannot be played or written is refused before anybody's telephone rings.
    pub async fn call(&self, body: &CallBody) -> Result<CallView, Failure> {
        let source = body.play.as_deref().map(|name| answer::file(name, "play")).transpose()?.map(AudioSource::File);
        let sink =
            body.record.as_deref().map(|name| answer::recording(name, "record")).transpose()?.map(AudioSink::File);
        let files = (source.clone(), self.sound().await?.source, sink.clone());
        let checked = tokio::task::spawn_blocking(move || {
            files.0.as_ref().map_or_else(|| check_configured(&files.1), io::check_source)?;
            files.2.as_ref().map_or(Ok(()), io::check_sink)
        })
        .await;
        checked.map_err(|_| failures::stopped())??;
        let request = CallRequest {
            peer: body.peer.clone(),
            answer: body.answer.as_ref().map(answer::answer).transpose()?.map(|(answer, _)| answer),
            accept_key: body.accept_key.as_deref().map(answer::fingerprint).transpose()?,
            source,
            sink,
            duration: body.duration_ms.map(Duration::from_millis),
            intent: answer::intent(body.purpose.as_deref(), body.content.as_deref())?,
            account: body.account.as_deref().map(accounts::named).transpose()?,
        };
        match self.brain.command(Command::Call(request)).await? {
            Accepted::Call(id) => self.call_view(&id.to_string(), &Wait::default()).await,
            other => Err(super::unexpected("call", &other)),
        }
    }

    pub async fn calls(&self) -> Result<CallList, Failure> {
        self.look(|known| CallList { calls: known.calls().into_iter().map(CallView::from).collect() }).await
    }

    /// One call, once it is set up, needs somebody or is over, or after the wait; with `rekeying` in `while`, once it has its new keys.
    pub async fn call_view(&self, id: &str, wait: &Wait) -> Result<CallView, Failure> {
        let number = call_id(id)?;
        let read = move |known: &dyn super::brain::Known| known.call(number).map(CallView::from);
        let usual = ["asking", "inviting", "ringing"];
        let rekeying = wait.names("rekeying");
        let done =
            |call: &CallView| wait.is_over(&call.state, &usual) && (!rekeying || !call.rekeying || call.is_over());
        let found = self.until(wait.limit, read, done).await?;
        found.ok_or_else(|| no_call(id))
    }

    /// Answers what rings, or places what the peer of another call wants. With a configured sound that cannot be played it is refused,
    /// and the call rings on.
    pub async fn answer_call(&self, id: &str) -> Result<CallView, Failure> {
        let call = call_id(id)?;
        let rings = |state: &CallState| matches!(state, CallState::Incoming | CallState::Wanted);
        let look = move |known: &dyn super::brain::Known| {
            (known.sound().source, known.call(call).is_some_and(|found| rings(&found.state)))
        };
        let (source, rings) = self.look(look).await?;
        // What is said of a call that does not ring comes before what is said of the sound.
        if rings {
            let checked = tokio::task::spawn_blocking(move || check_configured(&source)).await;
            checked.map_err(|_| failures::stopped())??;
        }
        self.brain.command(Command::AnswerCall { call }).await?;
        self.call_view(id, &Wait::default()).await
    }

    pub async fn reject_call(&self, id: &str) -> Result<CallView, Failure> {
        self.brain.command(Command::RejectCall { call: call_id(id)? }).await?;
        self.call_view(id, &Wait::default()).await
    }

    /// Ends one call, or all of them.
    pub async fn hangup(&self, id: Option<&str>) -> Result<CallList, Failure> {
        let call = id.map(call_id).transpose()?;
        self.brain.command(Command::Hangup { call }).await?;
        self.calls().await
    }
}

/// Not the fault of who calls: the configuration names a sound that is not there.
fn check_configured(source: &AudioSource) -> Result<(), Failure> {
    io::check_source(source).map_err(|failure| {
        let message = format!("the sound input cannot be used: {}", failure.message);
        if failure.kind == FailureKind::Failed {
            return Failure::new(failure.kind, failure.code, message, failure.subject, failure.next);
        }
        let next = "mend audio.input or the file and restart the agent; a call of your own takes --play FILE instead";
        Failure::new(FailureKind::Failed, failure.code, message, failure.subject, next)
    })
}

pub(super) fn call_id(id: &str) -> Result<CallId, Failure> {
    CallId::parse(id).ok_or_else(|| no_call(id))
}

pub(super) fn no_call(id: &str) -> Failure {
    failures::no_such("no-such-call", "call", id, "calls")
}
