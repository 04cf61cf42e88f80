use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// Whoever sends forged answers of name servers would fill the screen with what the library says of them.
const NAMES: &str = "hickory_proto=off,hickory_resolver=off";
/// The same of STUN, which any stranger may send to a port of voice, before any password is looked at; and they write passwords down. Not even
/// who asks for a log may have that.
const ICE: &str = "is=off";

/// The client of PulseAudio logs every end of a connection of ours as an error.
const SOUND: &str = "pulseaudio=off";

/// Sends the log to standard error. `SOTTOVOCE_LOG` says how much, as `debug` or `sottovoce::io=trace`; without it
/// `usual`. Nothing personal is logged above DEBUG. A second call changes nothing.
pub fn start(usual: &str) {
    let asked = std::env::var("SOTTOVOCE_LOG").ok();
    let filter = asked.and_then(|asked| filter(&asked, ICE)).unwrap_or_else(|| unasked(usual));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Where a file takes it colours are garbage.
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .try_init();
}

fn unasked(usual: &str) -> EnvFilter {
    filter(usual, &format!("{ICE},{NAMES},{SOUND}")).unwrap_or_default()
}

/// What is asked for, without what nobody is told; `None` where it is not written as such a filter.
fn filter(asked: &str, without: &str) -> Option<EnvFilter> {
    EnvFilter::try_new(format!("{asked},{without}")).ok()
}

#[cfg(test)]
mod tests {
    use std::io::{Result, Write};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_the_client_of_pulseaudio_calls_an_error_is_not_logged_unasked() {
        let kept = Kept::default();
        let writer = kept.clone();
        let log =
            tracing_subscriber::fmt().with_env_filter(unasked("warn")).with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(log, || {
            tracing::error!(target: "pulseaudio::client::reactor", "Reactor error: Client disconnected");
            tracing::warn!(target: "sottovoce::io", "a word of ours");
        });
        let logged = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert!(logged.contains("a word of ours") && !logged.contains("Reactor error"), "{logged}");
    }
}
