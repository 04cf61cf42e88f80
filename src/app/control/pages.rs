//! Pages in browsers, and how one is let in: the door's token never stands in an address, which histories and lists of processes keep.
//!
//! Who may read the token has a page invited: a code that is good once and for two minutes, and a file of this user alone that leads to it. The
//! page gives the code back for a session of its own, which it shows with every request. Sessions end with the agent, as its token does: where it does
//! not run, another program may listen at its port, and hears what open pages say.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::view::{timestamp, ClosedPagesView, PageView, SessionView};
use super::Token;
use crate::io::{write_private, Clock};
use crate::vocab::{Failure, FailureKind, Mono};

/// How long a code is good.
const CODE_LIFE: Duration = Duration::from_secs(120);
/// Codes that wait at once; a further one takes the place of the oldest.
const MOST_CODES: usize = 8;
/// Pages that are open at once, as far as we know; a further one closes that which was opened first.
const MOST_SESSIONS: usize = 32;
/// The file of each code is this, a number and `.html`.
const FILE: &str = "page-";

type Hash = [u8; 32];

/// The pages of one agent. Clones share them.
#[derive(Clone, Debug)]
pub struct Pages {
    address: SocketAddr,
    dir: PathBuf,
    clock: Clock,
    state: Arc<Mutex<State>>,
}

/// What a page hears by as long as it is let in.
#[derive(Clone, Debug)]
pub struct PageLine(watch::Receiver<()>);

impl PageLine {
    /// When the page is not let in any more.
    pub async fn closed(mut self) {
        let _ = self.0.changed().await;
    }
}

#[derive(Debug, Default)]
struct State {
    /// The oldest first.
    codes: VecDeque<Code>,
    /// The oldest first.
    sessions: VecDeque<Session>,
    invited: u64,
}

#[derive(Debug)]
struct Code {
    hash: Hash,
    ends: Mono,
    /// Goes with it.
    #[expect(dead_code, reason = "it is there to be dropped")]
    file: File,
}

#[derive(Debug)]
struct Session {
    hash: Hash,
    /// Dropped, the page is closed.
    closed: watch::Sender<()>,
}

/// A file that is removed when nobody needs it.
#[derive(Debug)]
struct File(PathBuf);

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl State {
    fn let_go(&mut self, now: Mono) {
        self.codes.retain(|code| code.ends > now);
    }
}

impl Pages {
    /// None are let in yet. Files of codes are made in `dir`.
    pub(crate) fn open(dir: &Path, address: SocketAddr) -> Self {
        let state = Arc::default();
        let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
        Self { address, dir, clock: Clock::start(), state }
    }

    /// For tests that let none in.
    #[cfg(test)]
    pub fn nowhere(address: SocketAddr) -> Self {
        Self::open(Path::new("/nonexistent"), address)
    }

    /// Has one page come in.
    ///
    /// # Errors
    /// Without random numbers, or where the file cannot be written.
    pub fn invite(&self) -> Result<PageView, Failure> {
        let code = Token::new()?.shortened();
        let url = format!("http://{}/#code={code}", self.address);
        let now = self.clock.now();
        let mut state = self.state();
        state.let_go(now.mono);
        if state.codes.len() >= MOST_CODES {
            state.codes.pop_front();
        }
        state.invited += 1;
        let path = self.dir.join(format!("{FILE}{}.html", state.invited));
        write_private(&path, &leading_to(&url)).map_err(|error| unwritable(&path, &error))?;
        state.codes.push_back(Code { hash: hash(&code), ends: Mono(now.mono.0 + CODE_LIFE), file: File(path.clone()) });
        let until = timestamp(now.wall.saturating_add(CODE_LIFE));
        Ok(PageView { url, file: path.display().to_string(), until })
    }

    /// A session for a code that is good, which it then is no more.
    ///
    /// # Errors
    /// `page-code` for any other; or the machine gives no random numbers.
    pub fn enter(&self, code: &str) -> Result<SessionView, Failure> {
        let presented = hash(code);
        let session = Token::new()?;
        let mut state = self.state();
        state.let_go(self.clock.now().mono);
        let at = state.codes.iter().position(|code| code.hash == presented).ok_or_else(used)?;
        state.codes.remove(at);
        if state.sessions.len() >= MOST_SESSIONS {
            state.sessions.pop_front();
        }
        let closed = watch::Sender::new(());
        state.sessions.push_back(Session { hash: hash(session.text()), closed });
        Ok(SessionView { session: session.text().to_owned() })
    }

    /// Whether a page has come in by this session, and until when. Digests are compared: what time that takes tells nothing of what is looked for.
    pub fn knows(&self, session: &str) -> Option<PageLine> {
        let presented = hash(session);
        let state = self.state();
        let known = state.sessions.iter().find(|session| session.hash == presented);
        known.map(|session| PageLine(session.closed.subscribe()))
    }

    /// Lets no page in that is open or was invited.
    pub fn close_all(&self) -> ClosedPagesView {
        let before = std::mem::take(&mut *self.state());
        ClosedPagesView { closed: u64::try_from(before.sessions.len()).unwrap_or(u64::MAX) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

/// A page whose only thought is the other one: it takes its own place in the history.
fn leading_to(url: &str) -> String {
    format!(
        "<!doctype html><meta charset=\"utf-8\"><meta name=\"referrer\" content=\"no-referrer\"><title>sottovoce</title>\
         <script>location.replace(\"{url}\")</script>\n"
    )
}

fn used() -> Failure {
    Failure::new(
        FailureKind::Usage,
        "page-code",
        "this page's code was used already, or is older than two minutes",
        "page",
        "run `sottovoce page` again",
    )
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        FailureKind::Failed,
        "page-files",
        format!("what lets a page in cannot be written: {error}"),
        path.display().to_string(),
        "make the data directory writable for you, and its disk not full",
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const ADDRESS: &str = "127.0.0.1:8060";

    fn pages(dir: &tempfile::TempDir) -> Pages {
        Pages::open(dir.path(), ADDRESS.parse().unwrap())
    }

    fn code(page: &PageView) -> String {
        page.url.rsplit_once("#code=").unwrap().1.to_owned()
    }

    #[test]
    fn a_code_lets_one_page_in_until_the_agent_ends() {
        let dir = tempfile::tempdir().unwrap();
        let pages = pages(&dir);
        let invited = pages.invite().unwrap();
        let file = std::fs::read_to_string(&invited.file).unwrap();
        assert!(file.contains(&invited.url) && invited.url.starts_with("http://127.0.0.1:8060/#code="), "{file}");
        assert_eq!(std::fs::metadata(&invited.file).unwrap().permissions().mode() & 0o777, 0o600);
        let session = pages.enter(&code(&invited)).unwrap().session;
        assert_eq!(pages.enter(&code(&invited)).unwrap_err().code, "page-code");
        assert!(!Path::new(&invited.file).exists());
        let knows = |pages: &Pages, session: &str| pages.knows(session).is_some();
        assert!(knows(&pages, &session) && !knows(&pages, "") && !knows(&pages, &code(&invited)));
        assert!(!knows(&super::tests::pages(&dir), &session), "another agent knows nobody");
        let waits = pages.invite().unwrap().file;
        assert_eq!(pages.close_all().closed, 1);
        assert!(!knows(&pages, &session) && !Path::new(&waits).exists());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left");
    }

    #[test]
    fn codes_and_pages_are_no_more_than_there_is_room_for() {
        let dir = tempfile::tempdir().unwrap();
        let pages = pages(&dir);
        let invited: Vec<PageView> = (0..=MOST_CODES).map(|_| pages.invite().unwrap()).collect();
        assert_eq!(pages.enter(&code(&invited[0])).unwrap_err().code, "page-code");
        let first = pages.enter(&code(&invited[1])).unwrap().session;
        for _ in 0..MOST_SESSIONS {
            pages.enter(&code(&pages.invite().unwrap())).unwrap();
        }
        assert!(pages.knows(&first).is_none());
        assert_eq!(pages.state().sessions.len(), MOST_SESSIONS);
    }
}
