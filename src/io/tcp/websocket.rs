use std::time::Duration;

use bytes::Bytes;
use futures_util::{Sink, SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{client_async_with_config, WebSocketStream};

use super::connection::{Connection, IDLE, WRITE_LIMIT};
use crate::sip::{keep_alive, Framer, Transmit};
use crate::vocab::escape;

/// What a server of SIP over WebSocket calls it (RFC 7118 section 4.1).
const SUBPROTOCOL: &str = "sip";
/// How long the server may take to agree.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(5);

/// A WebSocket that we opened to `host` (RFC 7118): one SIP message a WebSocket message, as long as it is of use. Says why it ended.
///
/// The server has to choose the subprotocol `sip`. Pings are those of WebSocket (section 6).
pub(super) async fn run<S>(
    connection: &Connection,
    stream: S,
    host: &str,
    messages: &mut mpsc::Receiver<Transmit>,
) -> String
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match tokio::time::timeout(HANDSHAKE_LIMIT, open(stream, host)).await {
        Ok(Ok(socket)) => tokio::select! {
            why = converse(connection, socket, messages) => why,
            () = connection.idle() => IDLE.to_owned(),
        },
        Ok(Err(why)) => why,
        Err(_) => format!("its WebSocket handshake takes longer than {} s", HANDSHAKE_LIMIT.as_secs()),
    }
}

async fn open<S>(stream: S, host: &str) -> Result<WebSocketStream<S>, String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let uri: Uri = format!("ws://{host}/").parse().map_err(|_| format!("{host} is no host of a WebSocket"))?;
    let request = ClientRequestBuilder::new(uri).with_sub_protocol(SUBPROTOCOL);
    let limits = WebSocketConfig::default()
        .max_message_size(Some(Framer::CAPACITY))
        .max_frame_size(Some(Framer::CAPACITY))
        .max_write_buffer_size(2 * Framer::CAPACITY);
    match client_async_with_config(request, stream, Some(limits)).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(answer)) => Err(format!("it refuses a WebSocket: {}", answer.status().as_u16())),
        Err(why) => Err(format!("no WebSocket for SIP: {}", escape(&why.to_string()))),
    }
}

/// One thing after the other: while a message is being written nothing is read, for [`WRITE_LIMIT`] at most.
async fn converse<S>(
    connection: &Connection,
    mut socket: WebSocketStream<S>,
    messages: &mut mpsc::Receiver<Transmit>,
) -> String
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let done = tokio::select! {
            came = socket.next() => match came {
                Some(Ok(message)) => take(connection, &mut socket, message).await,
                Some(Err(why)) => Err(escape(&why.to_string())),
                None => Err("the peer closed it".to_owned()),
            },
            what = messages.recv() => match what {
                Some(what) => give(connection, &mut socket, what).await,
                None => Err("nobody needs it".to_owned()),
            },
        };
        if let Err(why) = done {
            return why;
        }
    }
}

async fn take<S>(connection: &Connection, socket: &mut S, message: Message) -> Result<(), String>
where
    S: Sink<Message, Error = Error> + Unpin,
{
    let bytes: Bytes = match message {
        Message::Text(text) => text.into(),
        Message::Binary(bytes) => bytes,
        Message::Pong(_) => {
            connection.hand_over(Bytes::from_static(keep_alive::PONG)).await;
            return Ok(());
        }
        // The pong is on its way.
        Message::Ping(_) | Message::Frame(_) => return Ok(()),
        Message::Close(_) => return Err("the peer closed it".to_owned()),
    };
    if bytes == keep_alive::PING {
        return write(socket, Message::text("\r\n")).await;
    }
    if bytes == keep_alive::PONG {
        connection.hand_over(bytes).await;
    } else {
        connection.receive(bytes).await;
    }
    Ok(())
}

async fn give<S>(connection: &Connection, socket: &mut S, what: Transmit) -> Result<(), String>
where
    S: Sink<Message, Error = Error> + Unpin,
{
    let message = match what.bytes.clone() {
        bytes if bytes == keep_alive::PING => Message::Ping(Bytes::new()),
        // Text where it is text: a browser's telephone may read nothing else (RFC 7118 section 4.2).
        bytes => match std::str::from_utf8(&bytes) {
            Ok(text) => Message::text(text),
            Err(_) => Message::Binary(bytes),
        },
    };
    connection.account_for(what, write(socket, message)).await
}

async fn write<S>(socket: &mut S, message: Message) -> Result<(), String>
where
    S: Sink<Message, Error = Error> + Unpin,
{
    match tokio::time::timeout(WRITE_LIMIT, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(why)) => Err(escape(&why.to_string())),
        Err(_) => Err("the peer does not read what we send".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::watch;
    use tokio_tungstenite::accept_hdr_async;
    use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

    use super::super::{bind, Listeners, Tcp};
    use super::*;
    use crate::io::signalling_loop::Inbound;
    use crate::io::{Tls, TlsFiles};
    use crate::sip::Transport;

    const REQUEST: &[u8] = b"OPTIONS sip:bob@b SIP/2.0\r\nContent-Length: 0\r\n\r\n";

    /// What a server says to who wants `sip`.
    #[derive(Clone, Copy)]
    enum Says {
        Other,
        Nothing,
        Refused,
        Sip,
    }

    async fn alice() -> (Tcp, mpsc::Receiver<Inbound>, watch::Sender<()>) {
        let (inbound, received) = mpsc::channel(64);
        let (open, while_open) = watch::channel(());
        let tls = Tls::new(&TlsFiles::default()).unwrap();
        (Tcp::start(Listeners::default(), tls, inbound, while_open), received, open)
    }

    async fn server() -> (TcpListener, SocketAddr) {
        let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    #[expect(clippy::result_large_err, reason = "the callback is tungstenite's")]
    async fn accept(listener: &TcpListener, says: Says) -> Result<WebSocketStream<TcpStream>, Error> {
        let (stream, _) = listener.accept().await.unwrap();
        let choose = move |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
            assert_eq!(
                (request.headers()["Sec-WebSocket-Protocol"].as_bytes(), request.uri().path()),
                (&b"sip"[..], "/")
            );
            assert!(request.headers().get("Origin").is_none());
            let protocol = match says {
                Says::Other => "xmpp",
                Says::Nothing => return Ok(response),
                Says::Refused => return Err(ErrorResponse::new(None)),
                Says::Sip => "sip",
            };
            response.headers_mut().insert("Sec-WebSocket-Protocol", protocol.parse().unwrap());
            Ok(response)
        };
        accept_hdr_async(stream, choose).await
    }

    fn to(remote: SocketAddr, bytes: &'static [u8]) -> Transmit {
        let bytes = Bytes::from_static(bytes);
        Transmit { transport: Transport::Ws, remote, connection: None, domain: None, bytes }
    }

    async fn message(received: &mut mpsc::Receiver<Inbound>) -> Bytes {
        match received.recv().await {
            Some(Inbound::Message { from, bytes }) => {
                assert_eq!(from.transport, Transport::Ws);
                bytes
            }
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn messages_go_both_ways_and_pings_are_answered() {
        let ((alice, mut received, _open), (listener, there)) = (alice().await, server().await);
        alice.send(to(there, REQUEST)).unwrap();
        let mut socket = accept(&listener, Says::Sip).await.unwrap();
        assert_eq!(
            socket.next().await.unwrap().unwrap(),
            Message::text("OPTIONS sip:bob@b SIP/2.0\r\nContent-Length: 0\r\n\r\n")
        );
        for answer in [Message::text("SIP/2.0 200 OK\r\n\r\n"), Message::binary(&b"SIP/2.0 200 OK\r\n\r\n"[..])] {
            socket.send(answer).await.unwrap();
            assert_eq!(&message(&mut received).await[..], b"SIP/2.0 200 OK\r\n\r\n");
        }
        alice.send(to(there, b"\xff")).unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::binary(&b"\xff"[..]), "what is no text");
        alice.send(to(there, keep_alive::PING)).unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::Ping(Bytes::new()));
        socket.flush().await.unwrap();
        assert_eq!(&message(&mut received).await[..], keep_alive::PONG);
        socket.send(Message::text("\r\n\r\n")).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("\r\n"));
        socket.close(None).await.unwrap();
        assert!(matches!(received.recv().await, Some(Inbound::Ended { transport: Transport::Ws, .. })));
    }

    #[tokio::test]
    async fn a_server_that_does_not_choose_sip_is_told_nothing() {
        for says in [Says::Other, Says::Nothing, Says::Refused] {
            let ((alice, mut received, _open), (listener, there)) = (alice().await, server().await);
            alice.send(to(there, REQUEST)).unwrap();
            if let Ok(mut socket) = accept(&listener, says).await {
                assert!(!matches!(socket.next().await, Some(Ok(_))));
            }
            let Some(Inbound::Failed { why, .. }) = received.recv().await else { panic!() };
            assert!(why.contains("WebSocket"), "{why}");
        }
    }

    #[tokio::test]
    async fn a_message_without_end_ends_the_connection() {
        let ((alice, mut received, _open), (listener, there)) = (alice().await, server().await);
        alice.send(to(there, REQUEST)).unwrap();
        let mut socket = accept(&listener, Says::Sip).await.unwrap();
        socket.next().await.unwrap().unwrap();
        let _ = socket.send(Message::binary(vec![b'x'; Framer::CAPACITY + 1])).await;
        let Some(Inbound::Failed { why, .. }) = received.recv().await else { panic!() };
        assert!(why.contains("long"), "{why}");
        assert_eq!(alice.connections(), 0);
    }
}
