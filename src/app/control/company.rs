use std::path::{Path, PathBuf};

use super::calls::call_id;
use super::request::{ConferenceBody, RecordingBody};
use super::view::{timestamp, CallView, ConferenceView};
use super::{answer, failures, Control, Wait};
use crate::agent::{AudioSink, CallRecording, Command};
use crate::io::{check_sink, make_private_dir};
use crate::vocab::{Failure, FailureKind};

/// Below the data directory: recordings for which nobody chose a file.
const RECORDINGS: &str = "recordings";

impl Control {
    /// Records both sides of a call. A file that cannot be written is refused first.
    pub async fn record(&self, id: &str, body: &RecordingBody) -> Result<CallView, Failure> {
        let call = call_id(id)?;
        let file = match &body.file {
            Some(file) => answer::recording(file, "file")?,
            None => own_file(&self.about.data_dir.join(RECORDINGS), id, &timestamp(self.clock.now().wall))?,
        };
        let sink = AudioSink::File(file.clone());
        let checked = tokio::task::spawn_blocking(move || check_sink(&sink)).await;
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

/// A name of no other recording: when it begins, to the millisecond, and the call. No word of the peer's is in it.
fn own_file(folder: &Path, call: &str, when: &str) -> Result<PathBuf, Failure> {
    make_private_dir(folder).map_err(|error| {
        let message = format!("the folder for recordings cannot be made: {error}");
        let next = "give a file of your own, or make the data directory writable for you";
        Failure::new(FailureKind::Failed, "recording-impossible", message, folder.display().to_string(), next)
    })?;
    Ok(folder.join(format!("{}-{call}.opus", when.replace(':', "-"))))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn recordings_are_in_a_folder_that_is_the_users_alone() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join(RECORDINGS);
        std::fs::create_dir(&folder).unwrap();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        let file = own_file(&folder, "c1", "2026-01-01T00:00:00.000Z").unwrap();
        assert_eq!(file, folder.join("2026-01-01T00-00-00.000Z-c1.opus"));
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
