//! One listening socket of the door. `axum::serve` would do, had it a limit on how long a request may take to arrive:
//! without one, half-sent requests hold the door shut for everybody.

use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Connections at once; a further one waits until one of them ends.
pub const MAX_CONNECTIONS: usize = 256;
/// How long the head of a request may take to arrive, and a connection may be idle before it.
pub const HEAD_LIMIT: Duration = Duration::from_secs(10);

/// Serves for ever; dropping the future ends every connection.
pub async fn serve<L: Listener>(listener: L, router: Router) {
    serve_within(listener, router, HEAD_LIMIT).await;
}

async fn serve_within<L: Listener>(mut listener: L, router: Router, head_limit: Duration) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        // Never closed.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let (io, _) = listener.accept().await;
        let served = one(io, router.clone(), head_limit);
        connections.spawn(async move {
            served.await;
            drop(place);
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn one<I>(io: I, router: Router, head_limit: Duration)
where
    I: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(head_limit);
    if let Err(error) = http.serve_connection(TokioIo::new(io), TowerToHyperService::new(router)).await {
        tracing::debug!(%error, "a connection to the control door ended");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
    use tokio::sync::mpsc;

    struct Queue(mpsc::Receiver<DuplexStream>);

    impl Listener for Queue {
        type Io = DuplexStream;
        type Addr = ();

        async fn accept(&mut self) -> (DuplexStream, ()) {
            match self.0.recv().await {
                Some(stream) => (stream, ()),
                None => std::future::pending().await,
            }
        }

        fn local_addr(&self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn half_a_request_holds_its_place_for_so_long_only() {
        let (connect, queue) = mpsc::channel(2 * MAX_CONNECTIONS);
        let router = Router::new().route("/", get(|| async { "here" }));
        let limit = Duration::from_millis(300);
        let door = tokio::spawn(serve_within(Queue(queue), router, limit));
        let mut held = Vec::new();
        for _ in 0..MAX_CONNECTIONS {
            let (mut ours, theirs) = tokio::io::duplex(1024);
            ours.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
            connect.send(theirs).await.unwrap();
            held.push(ours);
        }
        let (mut ours, theirs) = tokio::io::duplex(1024);
        connect.send(theirs).await.unwrap();
        ours.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        let read = tokio::time::timeout(100 * limit, ours.read_to_string(&mut answer)).await;
        assert!(read.is_ok(), "the half requests still hold every place");
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("here"), "{answer}");
        let mut rest = [0; 64];
        assert_eq!(held[0].read(&mut rest).await.unwrap_or(0), 0, "let go without an answer");
        door.abort();
    }
}
