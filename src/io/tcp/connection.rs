use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, Notify};

use super::alias::Aliases;
use super::table::Origin;
use super::IDLE_LIMIT;
use crate::io::signalling_loop::Inbound;
use crate::sip::headers::CSeq;
use crate::sip::{keep_alive, ConnectionId, Frame, Framer, Message, Method, Received, Response, Transmit, Transport};

/// Why a connection that nobody uses ends.
pub const IDLE: &str = "it was idle";
/// How long the peer may take to read one message.
pub(super) const WRITE_LIMIT: Duration = Duration::from_secs(10);
const READ_AT_ONCE: usize = 16 * 1024;

/// One connection while it is open: reads frames, writes messages, and ends when it is idle.
#[derive(Debug)]
pub struct Connection {
    id: ConnectionId,
    origin: Origin,
    transport: Transport,
    local: SocketAddr,
    remote: SocketAddr,
    inbound: mpsc::Sender<Inbound>,
    /// A whole message went or came.
    active: Notify,
    /// A keep-alive ping came (RFC 5626 section 3.5.1).
    pinged: Notify,
    unanswered: Mutex<Option<Transmit>>,
    aliases: OnceLock<Aliases>,
}

impl Connection {
    /// `stream` is what carries it, before any handshake.
    pub fn new(
        id: ConnectionId,
        origin: Origin,
        transport: Transport,
        stream: &TcpStream,
        inbound: mpsc::Sender<Inbound>,
    ) -> Self {
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        Self {
            id,
            origin,
            transport,
            local: stream.local_addr().unwrap_or(nowhere),
            remote: stream.peer_addr().unwrap_or(nowhere),
            inbound,
            active: Notify::new(),
            pinged: Notify::new(),
            unanswered: Mutex::new(None),
            aliases: OnceLock::new(),
        }
    }

    /// Requests that come on it may have it used for ours.
    pub fn honour(&self, aliases: Aliases) {
        let _ = self.aliases.set(aliases);
    }

    /// Until the connection is of no more use; says why.
    pub async fn run<S>(&self, stream: S, messages: &mut mpsc::Receiver<Transmit>) -> String
    where
        S: AsyncRead + AsyncWrite,
    {
        let (reader, writer) = tokio::io::split(stream);
        tokio::select! {
            why = self.read(reader) => why,
            why = self.write(writer, messages) => why,
            () = self.idle() => IDLE.to_owned(),
        }
    }

    /// The last message that was written, or was about to be, and after which nothing came back: nobody will answer it.
    pub fn unanswered(&self) -> Option<Transmit> {
        self.unanswered.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    async fn read(&self, mut reader: impl AsyncRead + Unpin) -> String {
        let mut framer = match self.origin {
            Origin::Accepted => Framer::accepted(),
            Origin::Opened => Framer::opened(),
        };
        let mut buffer = vec![0; READ_AT_ONCE];
        loop {
            match reader.read(&mut buffer).await {
                Ok(0) => return "the peer closed it".to_owned(),
                Ok(len) => framer.push(buffer.get(..len).unwrap_or_default()),
                // TLS, without a last word: what is lost by that was no whole message.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return "the peer closed it".to_owned(),
                Err(error) => return error.to_string(),
            }
            while let Some(frame) = framer.next_frame() {
                match frame {
                    Ok(frame) => self.frame(frame).await,
                    Err(error) => return format!("what came is no SIP: {error}"),
                }
            }
        }
    }

    async fn frame(&self, frame: Frame) {
        match frame {
            Frame::KeepAlivePing => self.pinged.notify_one(),
            // The agent looks after it.
            Frame::KeepAlivePong => self.hand_over(Bytes::from_static(keep_alive::PONG)).await,
            Frame::Message(bytes) => self.receive(bytes).await,
        }
    }

    /// A whole message came.
    pub(super) async fn receive(&self, bytes: Bytes) {
        self.active.notify_one();
        self.set_unanswered(None);
        if let Some(aliases) = self.aliases.get() {
            aliases.learn(&bytes);
        }
        self.hand_over(bytes).await;
    }

    /// To the agent.
    pub(super) async fn hand_over(&self, bytes: Bytes) {
        let (local, remote) = (self.local, self.remote);
        let from = Received { transport: self.transport, local, remote, connection: Some(self.id) };
        let _ = self.inbound.send(Inbound::Message { from, bytes }).await;
    }

    async fn write(&self, mut writer: impl AsyncWrite + Unpin, messages: &mut mpsc::Receiver<Transmit>) -> String {
        loop {
            let what = tokio::select! {
                what = messages.recv() => what,
                () = self.pinged.notified() => {
                    if let Err(why) = write_all(&mut writer, b"\r\n").await {
                        return why;
                    }
                    continue;
                }
            };
            let Some(what) = what else { return "nobody needs it".to_owned() };
            let bytes = what.bytes.clone();
            if let Err(why) = self.account_for(what, write_all(&mut writer, &bytes)).await {
                return why;
            }
        }
    }

    /// Writes a message, and remembers it for as long as nobody may have read it.
    pub(super) async fn account_for(
        &self,
        what: Transmit,
        written: impl std::future::Future<Output = Result<(), String>>,
    ) -> Result<(), String> {
        let awaits_answer = awaits_answer(&what.bytes);
        self.set_unanswered(Some(what));
        written.await?;
        self.active.notify_one();
        if !awaits_answer {
            self.set_unanswered(None);
        }
        Ok(())
    }

    /// Ends when nothing whole has come or gone for too long.
    pub(super) async fn idle(&self) {
        while tokio::time::timeout(IDLE_LIMIT, self.active.notified()).await.is_ok() {}
    }

    fn set_unanswered(&self, what: Option<Transmit>) {
        *self.unanswered.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }
}

/// A request does, and a refused INVITE: an ACK (RFC 3261 section 17.2.1). A 2xx is sent again by its session.
fn awaits_answer(bytes: &[u8]) -> bool {
    match Message::parse(bytes) {
        Ok(Message::Request(_)) => true,
        Ok(Message::Response(response)) => response.status() >= 300 && is_to_invite(&response),
        Err(_) => false,
    }
}

fn is_to_invite(response: &Response) -> bool {
    let cseq = response.headers().typed::<CSeq>().ok().flatten();
    cseq.is_some_and(|cseq| cseq.method == Method::Invite)
}

async fn write_all(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> Result<(), String> {
    let written = async {
        writer.write_all(bytes).await?;
        // TLS keeps what it has enciphered until then.
        writer.flush().await
    };
    match tokio::time::timeout(WRITE_LIMIT, written).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the peer does not read what we send".to_owned()),
    }
}
