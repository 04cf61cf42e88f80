//! Sockets of the control door: TCP on loopback, and a Unix socket in the data directory.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener, UnixStream};

use super::sockets::bind_failure;
use crate::vocab::{Failure, FailureKind};

/// How long an agent may take to accept on its Unix socket.
const DIAL_LIMIT: Duration = Duration::from_secs(5);

#[expect(clippy::disallowed_methods, reason = "the one place that opens the control door's sockets")]
pub async fn listen_tcp(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| bind_failure("control door", address, &error))
}

/// Listens at `path`, for this user only. A socket that is left over is removed, but only when nobody answers there.
#[expect(clippy::disallowed_methods, reason = "the one place that opens the control door's sockets")]
pub async fn listen_unix(path: &Path) -> Result<UnixListener, Failure> {
    if dial(path).await?.is_some() {
        return Err(answered(path));
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(unusable(path, &error)),
        _ => {}
    }
    let listener = UnixListener::bind(path).map_err(|error| unusable(path, &error))?;
    // Between bind and here the data directory's own mode, 0700, keeps others out.
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).map_err(|error| unusable(path, &error))?;
    Ok(listener)
}

/// Connects to the agent that listens at `path`; `None` when there is none.
#[expect(clippy::disallowed_methods, reason = "the one place that opens the control door's sockets")]
pub async fn dial(path: &Path) -> Result<Option<UnixStream>, Failure> {
    match tokio::time::timeout(DIAL_LIMIT, UnixStream::connect(path)).await {
        Ok(Ok(stream)) => Ok(Some(stream)),
        Ok(Err(error)) if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound) => Ok(None),
        Ok(Err(error)) => Err(unusable(path, &error)),
        Err(_) => Err(unusable(path, &ErrorKind::TimedOut.into())),
    }
}

fn answered(path: &Path) -> Failure {
    Failure::new(
        FailureKind::Failed,
        "agent-runs",
        "an agent already runs on this data directory",
        path.display().to_string(),
        "use it, stop it with `sottovoce stop`, or choose another directory with --data-dir",
    )
}

fn unusable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        FailureKind::Failed,
        "control-socket",
        format!("the control socket cannot be used: {error}"),
        path.display().to_string(),
        "look at the permissions and the length of this path (at most 107 octets), or choose another --data-dir",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_left_over_is_removed_and_one_in_use_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("control.sock");
        assert!(dial(&path).await.unwrap().is_none());
        drop(listen_unix(&path).await.unwrap());
        assert!(path.exists(), "a dropped listener leaves its file");
        let listener = listen_unix(&path).await.unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(listen_unix(&path).await.unwrap_err().code, "agent-runs");
        assert!(dial(&path).await.unwrap().is_some());
        drop(listener);
    }

    #[tokio::test]
    async fn a_port_in_use_is_named() {
        let first = listen_tcp("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let taken = first.local_addr().unwrap();
        let failure = listen_tcp(taken).await.unwrap_err();
        assert_eq!((failure.code, failure.subject), ("port-in-use", taken.to_string()));
    }
}
