use std::fs::Metadata;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use subtle::ConstantTimeEq;
use tokio::net::{TcpListener, UnixListener, UnixStream};

use super::pages::Pages;
use crate::app::config::{Machine, Places};
use crate::io::{self, write_private, Owner};
use crate::vocab::{Failure, FailureKind};

/// The control door's sockets, bound and not yet served, and the token that opens it. Its files go when it is dropped.
#[derive(Debug)]
pub struct Door {
    pub tcp: TcpListener,
    pub unix: UnixListener,
    pub address: SocketAddr,
    pub token: Token,
    pub pages: Pages,
    _files: DoorFiles,
}

/// What a request must carry as `Authorization: Bearer`: 64 hexadecimal digits, new at every start.
#[derive(Clone)]
pub struct Token(String);

/// `control.sock` and `control.token` in the data directory.
#[derive(Debug)]
pub(in crate::app) struct DoorFiles {
    dir: PathBuf,
    /// The directory was made for them: with a store in memory it goes with them.
    made: bool,
}

const SOCKET: &str = "control.sock";
const TOKEN: &str = "control.token";

impl Door {
    /// Binds both sockets, then writes the token. The directory is made if it is missing.
    pub(in crate::app) async fn open(dir: &Path, address: SocketAddr) -> Result<Self, Failure> {
        let made = make_dir(dir)?;
        let unix = io::listen_unix(&dir.join(SOCKET)).await?;
        let files = DoorFiles { dir: dir.to_owned(), made };
        let tcp = io::listen_tcp(address).await?;
        let address = tcp.local_addr().unwrap_or(address);
        let token = Token::new()?;
        write_private(&dir.join(TOKEN), &token.0).map_err(|error| unwritable(&dir.join(TOKEN), &error))?;
        Ok(Self { tcp, unix, address, token, pages: Pages::open(dir, address), _files: files })
    }
}

impl Drop for DoorFiles {
    fn drop(&mut self) {
        for name in [SOCKET, TOKEN] {
            let _ = std::fs::remove_file(self.dir.join(name));
        }
        if self.made {
            // Fails, and is to fail, when anything else is in it.
            let _ = std::fs::remove_dir(&self.dir);
        }
    }
}

/// A connection to the agent that runs on a data directory, and its token. Speak HTTP/1.1 on it, `Host: localhost`.
#[derive(Debug)]
pub struct Dialed {
    pub stream: UnixStream,
    pub token: Token,
}

/// Finds the running agent of a data directory; `None` when there is none.
pub async fn dial(places: &Places) -> Result<Option<Dialed>, Failure> {
    dial_dir(&places.data_dir(&Machine::this())).await
}

pub(super) async fn dial_dir(dir: &Path) -> Result<Option<Dialed>, Failure> {
    reachable(dir)?;
    let Some(stream) = io::dial(&dir.join(SOCKET)).await? else { return Ok(None) };
    let token = Token::read(&dir.join(TOKEN))?;
    Ok(Some(Dialed { stream, token }))
}

/// Refuses a data directory that this user cannot look into: whether an agent runs there cannot be told.
pub(in crate::app) fn reachable(dir: &Path) -> Result<(), Failure> {
    let socket = dir.join(SOCKET);
    match std::fs::symlink_metadata(&socket) {
        Ok(found) if Owner::of(&found).is_other() => Err(closed(dir, &socket, &found)),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(shut(dir)),
        _ => Ok(()),
    }
}

/// The innermost directory that can be seen is the one that lets nobody in.
fn shut(dir: &Path) -> Failure {
    let whole = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let seen = whole.ancestors().find_map(|at| Some((at, std::fs::metadata(at).ok()?)));
    let (at, found) = match seen {
        Some(seen) => seen,
        None => return unwritable(dir, &ErrorKind::PermissionDenied.into()),
    };
    closed(dir, at, &found)
}

fn closed(dir: &Path, at: &Path, found: &Metadata) -> Failure {
    let (shown, owner) = (at.display(), Owner::of(found));
    let next = if owner.is_other() {
        format!("run this as user {}, or choose another directory with --data-dir", owner.uid)
    } else {
        format!("run `chmod u+rwx {shown}`, or choose another directory with --data-dir")
    };
    let what = if at == dir { String::new() } else { format!(": {shown}") };
    Failure::new(
        FailureKind::Failed,
        "data-dir-closed",
        format!("the data directory {} is closed to you{what}: {owner}", dir.display()),
        at.display().to_string(),
        next,
    )
}

impl Token {
    /// Octets of randomness in it.
    const STRENGTH: usize = 32;

    pub(crate) fn new() -> Result<Self, Failure> {
        let mut secret = [0; Self::STRENGTH];
        getrandom::fill(&mut secret).map_err(|error| {
            let message = format!("the machine gives no random numbers: {error}");
            Failure::new(FailureKind::Failed, "no-randomness", message, "control door", "restart the machine")
        })?;
        Ok(Self(secret.iter().map(|octet| format!("{octet:02x}")).collect()))
    }

    /// Compares in a time that does not depend on where the two differ.
    pub fn is(&self, presented: &str) -> bool {
        self.0.as_bytes().ct_eq(presented.as_bytes()).into()
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Half of it: 128 bits, for what is good for minutes.
    pub(super) fn shortened(&self) -> String {
        self.0.chars().take(Self::STRENGTH).collect()
    }

    /// The text of the `Authorization` header.
    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }

    fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::new(
                FailureKind::Failed,
                "token-unreadable",
                format!("an agent runs, but its token cannot be read: {error}"),
                path.display().to_string(),
                "run this as the user who started the agent, or stop the agent and start it again",
            )
        })?;
        Ok(Self(text.trim().to_owned()))
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Whether it had to be made.
fn make_dir(dir: &Path) -> Result<bool, Failure> {
    if dir.is_dir() {
        return Ok(false);
    }
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map(|()| true).map_err(|error| unwritable(dir, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        FailureKind::Failed,
        "door-files",
        format!("the control door's files cannot be made: {error}"),
        path.display().to_string(),
        "make the data directory writable for you, or choose another one with --data-dir",
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn the_token_in_the_file_opens_the_door_and_goes_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        assert!(dial_dir(&data).await.unwrap().is_none());
        let door = Door::open(&data, "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let mode = |name: &str| std::fs::metadata(data.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(SOCKET), mode(TOKEN)), (0o600, 0o600));
        let dialed = dial_dir(&data).await.unwrap().unwrap();
        assert_eq!(dialed.token.bearer(), door.token.bearer());
        assert!(door.token.is(&dialed.token.0) && !door.token.is("") && !door.token.is(&dialed.token.0[1..]));
        drop(door);
        assert!(!data.exists(), "nothing is left of what was made");
    }

    #[test]
    fn two_tokens_differ() {
        assert_ne!(Token::new().unwrap().0, Token::new().unwrap().0);
        assert_eq!(Token::new().unwrap().0.len(), 2 * Token::STRENGTH);
    }
}
