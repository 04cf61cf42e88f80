use super::calls::call_id;
use super::request::{ConferenceBody, RecordingBody};
use super::view::{CallView, ConferenceView};
use super::{answer, failures, Control, Wait};
use crate::agent::{AudioSink, CallRecording, Command};
use crate::io;
use crate::vocab::Failure;

impl Control {
    /// Records both sides of a call. A file that cannot be written is refused first.
    pub async fn record(&self, id: &str, body: &RecordingBody) -> Result<CallView, Failure> {
        let call = call_id(id)?;
        let file = answer::recording(&body.file, "file")?;
        let sink = AudioSink::File(file.clone());
        let checked = tokio::task::spawn_blocking(move || io::check_sink(&sink)).await;
        checked.map_err(|_| failures::stopped())??;
        let recording = CallRecording { file, mixed: body.mixed, consent_tone: body.consent_tone };
        self.brain.command(Command::Record { call, recording }).await?;
        self.call_view(id, &Wait::default()).await
    }

    /// Ends that; the file is whole when the call does not name it any more.
    pub async fn stop_recording(&self, id: &str) -> Result<CallView, Failure> {
        self.brain.command(Command::StopRecording { call: call_id(id)? }).await?;
        self.call_view(id, &Wait::default()).await
    }

    /// Our user is not heard in a call, or is heard again.
    pub async fn mute(&self, id: &str, muted: bool) -> Result<CallView, Failure> {
        self.brain.command(Command::Mute { call: call_id(id)?, muted }).await?;
        self.call_view(id, &Wait::default()).await
    }

    /// Puts two calls together.
    pub async fn confer(&self, id: &str, body: &ConferenceBody) -> Result<ConferenceView, Failure> {
        let calls = [call_id(id)?, call_id(&body.with)?];
        self.brain.command(Command::Confer { calls }).await?;
        let first = self.call_view(id, &Wait::default()).await?;
        let second = self.call_view(&body.with, &Wait::default()).await?;
        Ok(ConferenceView::of([first, second]))
    }
}
