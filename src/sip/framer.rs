use bytes::{Buf, Bytes, BytesMut};
use memchr::memmem;

use super::error::{FrameError, ParseError};
use super::message::{content_length, read_headers, MAX_BODY, MAX_HEAD};

/// Cuts a stream into messages and keep-alives (RFC 3261 section 18.3, RFC 5626 section 3.5.1).
///
/// Push what was read, then take frames until there is none, then push again. After an error the
/// framer gives nothing more: close the connection.
#[derive(Debug)]
pub struct Framer {
    role: Role,
    buffer: BytesMut,
    /// How far the buffer was searched for the end of a head.
    searched: usize,
    /// Octets of the message at the front of the buffer, once its head is read.
    whole: Option<usize>,
    state: State,
}

/// One piece of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Two CRLF from whoever opened the connection: answer with one CRLF.
    KeepAlivePing,
    /// One CRLF from whoever accepted it.
    KeepAlivePong,
    /// One whole message, for `Message::parse`.
    Message(Bytes),
}

/// Only who opened a connection sends pings, so a CRLF means different things at its two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Accepted,
    Opened,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Broken,
    Failed(FrameError),
    Reading,
}

impl Framer {
    /// Most octets that are held: one message, and one read beyond it.
    pub const CAPACITY: usize = MAX_HEAD + MAX_BODY + 64 * 1024;

    /// For a connection that the peer opened.
    pub fn accepted() -> Self {
        Self::new(Role::Accepted)
    }

    /// For a connection that we opened.
    pub fn opened() -> Self {
        Self::new(Role::Opened)
    }

    /// Takes octets as they came. Those that would exceed [`Framer::CAPACITY`] break the framer and are not kept.
    pub fn push(&mut self, octets: &[u8]) {
        if self.state != State::Reading {
            return;
        }
        if self.buffer.len() + octets.len() > Self::CAPACITY {
            self.state = State::Failed(FrameError::Overflow);
            return;
        }
        self.buffer.extend_from_slice(octets);
    }

    /// The next frame, or the reason why there will be no more; `None` when more octets are needed.
    pub fn next_frame(&mut self) -> Option<Result<Frame, FrameError>> {
        match std::mem::replace(&mut self.state, State::Broken) {
            State::Broken => return None,
            State::Failed(error) => return Some(Err(self.give_up(error))),
            State::Reading => {}
        }
        match self.read_frame() {
            Ok(frame) => {
                self.state = State::Reading;
                frame.map(Ok)
            }
            Err(error) => Some(Err(self.give_up(error))),
        }
    }

    /// Whether the stream may end here: no frame is half read.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    fn new(role: Role) -> Self {
        Self { role, buffer: BytesMut::new(), searched: 0, whole: None, state: State::Reading }
    }

    fn give_up(&mut self, error: FrameError) -> FrameError {
        self.buffer = BytesMut::new();
        error
    }

    fn read_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        if self.whole.is_none() {
            if let Some(keep_alive) = self.take_keep_alive() {
                return Ok(Some(keep_alive));
            }
            self.whole = self.measure()?;
        }
        match self.whole {
            Some(whole) if self.buffer.len() >= whole => {
                self.whole = None;
                self.searched = 0;
                Ok(Some(Frame::Message(self.buffer.split_to(whole).freeze())))
            }
            _ => Ok(None),
        }
    }

    /// A single CRLF before a message means nothing to who accepted (RFC 3261 section 7.5).
    fn take_keep_alive(&mut self) -> Option<Frame> {
        let (frame, len) = match (self.role, &self.buffer[..]) {
            (Role::Opened, [b'\r', b'\n', ..]) => (Some(Frame::KeepAlivePong), 2),
            (Role::Accepted, [b'\r', b'\n', b'\r', b'\n', ..]) => (Some(Frame::KeepAlivePing), 4),
            (Role::Accepted, [b'\r', b'\n', after, ..]) if *after != b'\r' => (None, 2),
            _ => (None, 0),
        };
        self.buffer.advance(len);
        frame
    }

    /// The length of the message at the front, once its head is there.
    fn measure(&mut self) -> Result<Option<usize>, FrameError> {
        if matches!(self.buffer.first(), Some(b'\r' | b'\n')) {
            // Half a keep-alive, or a line end that belongs to nothing.
            let half = b"\r\n\r\n".starts_with(&self.buffer);
            return if half { Ok(None) } else { Err(ParseError::BareLineEnd { line: 1 }.into()) };
        }
        let head = self.head_end();
        if head.unwrap_or(self.buffer.len()) > MAX_HEAD {
            return Err(FrameError::HeadTooLong { limit: MAX_HEAD });
        }
        let Some(head) = head else { return Ok(None) };
        let headers = read_headers(self.buffer.get(..head).unwrap_or(&[]))?;
        let len = content_length(&headers)?.ok_or(FrameError::NoContentLength)?;
        if len > MAX_BODY {
            return Err(FrameError::BodyTooLong { len, limit: MAX_BODY });
        }
        Ok(Some(head + len))
    }

    fn head_end(&mut self) -> Option<usize> {
        let from = self.searched.saturating_sub(3);
        let found = memmem::find(self.buffer.get(from..)?, b"\r\n\r\n");
        self.searched = self.buffer.len();
        found.map(|at| from + at + 4)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sip::message::Message;

    const BYE: &[u8] = b"BYE sip:b@h SIP/2.0\r\nl: 6\r\nSubject: a\r\n b\r\n\r\n\r\n\r\nhi";
    const OK: &[u8] = b"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n";

    fn drain(framer: &mut Framer) -> Vec<Result<Frame, FrameError>> {
        std::iter::from_fn(|| framer.next_frame()).collect()
    }

    fn all_of(mut framer: Framer, octets: &[u8]) -> Vec<Result<Frame, FrameError>> {
        framer.push(octets);
        drain(&mut framer)
    }

    fn message(octets: &'static [u8]) -> Result<Frame, FrameError> {
        Ok(Frame::Message(Bytes::from_static(octets)))
    }

    fn error_of(octets: &[u8]) -> Option<FrameError> {
        all_of(Framer::accepted(), octets).pop().and_then(Result::err)
    }

    #[test]
    fn messages_and_keep_alives_are_told_apart() {
        let stream = [b"\r\n", BYE, b"\r\n\r\n", OK, BYE].concat();
        let expected = [message(BYE), Ok(Frame::KeepAlivePing), message(OK), message(BYE)];
        assert_eq!(all_of(Framer::accepted(), &stream), expected);
        let expected = [message(OK), Ok(Frame::KeepAlivePong), message(BYE)];
        assert_eq!(all_of(Framer::opened(), &[OK, b"\r\n", BYE].concat()), expected);
        assert!(Message::parse(BYE).is_ok());
    }

    #[test]
    fn half_a_message_waits() {
        for len in 0..BYE.len() {
            let mut framer = Framer::accepted();
            framer.push(&BYE[..len]);
            assert_eq!(framer.next_frame(), None, "{len}");
            framer.push(&BYE[len..]);
            assert_eq!(drain(&mut framer), [message(BYE)]);
            assert!(framer.is_empty());
        }
    }

    #[test]
    fn what_cannot_be_framed_ends_the_stream_once() {
        assert_eq!(error_of(b"BYE sip:b@h SIP/2.0\r\nTo: a\r\n\r\n"), Some(FrameError::NoContentLength));
        let too_long = format!("BYE sip:b@h SIP/2.0\r\nl: {}\r\n\r\n", MAX_BODY + 1);
        assert_eq!(error_of(too_long.as_bytes()), Some(FrameError::BodyTooLong { len: MAX_BODY + 1, limit: MAX_BODY }));
        for length in ["l: -1", "l: 1\r\nl: 2", "l: 99999999999"] {
            let text = format!("BYE sip:b@h SIP/2.0\r\n{length}\r\n\r\n");
            assert_eq!(error_of(text.as_bytes()), Some(ParseError::ContentLength.into()));
        }
        for text in ["\nBYE", "\r\n\rBYE", "\rBYE", "BYE sip:b@h SIP/2.0\nl: 0\r\n\r\n"] {
            assert_eq!(error_of(text.as_bytes()), Some(ParseError::BareLineEnd { line: 1 }.into()), "{text:?}");
        }
        let mut framer = Framer::accepted();
        framer.push(b"\nBYE");
        assert!(framer.next_frame().is_some());
        framer.push(BYE);
        assert_eq!(framer.next_frame(), None);
    }

    #[test]
    fn limits_hold_before_memory_is_taken() {
        let endless = vec![b'a'; MAX_HEAD + 1];
        assert_eq!(error_of(&endless), Some(FrameError::HeadTooLong { limit: MAX_HEAD }));
        let mut framer = Framer::accepted();
        framer.push(&vec![b'a'; Framer::CAPACITY + 1]);
        assert!(framer.is_empty());
        assert_eq!(framer.next_frame(), Some(Err(FrameError::Overflow)));
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_frames(
            pieces in prop::collection::vec(0_usize..4, 1..12),
            cuts in prop::collection::vec(1_usize..40, 1..60),
        ) {
            let kinds: [&[u8]; 4] = [BYE, OK, b"\r\n\r\n", b"\r\n"];
            let stream: Vec<u8> = pieces.iter().flat_map(|kind| kinds[*kind].to_vec()).collect();
            let whole = all_of(Framer::accepted(), &stream);
            let mut framer = Framer::accepted();
            let (mut rest, mut seen) = (&stream[..], Vec::new());
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (now, later) = rest.split_at((*cut).min(rest.len()));
                framer.push(now);
                seen.extend(drain(&mut framer));
                rest = later;
            }
            prop_assert_eq!(seen, whole);
        }

        #[test]
        fn garbage_never_panics_and_ends(octets in prop::collection::vec(any::<u8>(), 0..600)) {
            prop_assert!(all_of(Framer::accepted(), &octets).len() <= octets.len() + 1);
            prop_assert!(all_of(Framer::opened(), &octets).len() <= octets.len() + 1);
        }
    }
}
