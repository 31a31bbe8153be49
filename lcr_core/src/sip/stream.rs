//! Messages out of a byte stream (TCP, TLS): Content-Length says where one ends.
use super::chars::{number, span, trim};
use super::fault::Fault;
use super::limits;
use super::name::Name;

/// What a stream holds next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// One whole message; `Message::parse` judges it.
    Message(Vec<u8>),
    /// A keep-alive of two empty lines; answer one empty line (RFC 5626 section 3.5.1).
    Ping,
}

/// Collects bytes of one connection. Never holds more than one message's limits and one read.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    /// No empty line begins before this place.
    searched: usize,
}

impl Framer {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Feed at most a few KiB at a time and take all messages out before the next.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Bytes held back: an unfinished message. A connection that holds some for long is slow or hostile.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.buffer.len()
    }

    /// None: more bytes are needed. A fault: the stream cannot be followed any more; close it.
    pub fn next_frame(&mut self) -> Option<Result<Frame, Fault>> {
        loop {
            if self.buffer.starts_with(b"\r\n\r\n") {
                self.buffer.drain(..4);
                return Some(Ok(Frame::Ping));
            }
            // One empty line behind a message is tolerated; a pong is one, too.
            if self.buffer.starts_with(b"\r\n") && self.buffer.len() > 2 && self.buffer[2] != b'\r'
            {
                self.buffer.drain(..2);
                continue;
            }
            break;
        }
        let from = self.searched.saturating_sub(3);
        let Some(at) = memchr::memmem::find(&self.buffer[from..], b"\r\n\r\n") else {
            self.searched = self.buffer.len();
            return (self.buffer.len() > limits::HEAD_BYTES)
                .then_some(Err(Fault::too_large("Head Too Large")));
        };
        let head = from + at + 4;
        if head > limits::HEAD_BYTES {
            return Some(Err(Fault::too_large("Head Too Large")));
        }
        let body = match content_length(&self.buffer[..head]) {
            Ok(body) => body,
            Err(fault) => return Some(Err(fault)),
        };
        if self.buffer.len() < head + body {
            self.searched = head - 1;
            return None;
        }
        let rest = self.buffer.split_off(head + body);
        self.searched = 0;
        Some(Ok(Frame::Message(std::mem::replace(
            &mut self.buffer,
            rest,
        ))))
    }
}

/// The one Content-Length of a head. Folded lines cannot hide another: only line starts count, a fold begins with a blank.
fn content_length(head: &[u8]) -> Result<usize, Fault> {
    let mut found = None;
    for line in head.split(|b| *b == b'\n') {
        let len = span(line, super::chars::is_token);
        if Name::parse(&line[..len]) != Name::ContentLength {
            continue;
        }
        let Some(value) = trim(&line[len..]).strip_prefix(b":") else {
            continue;
        };
        if found.replace(trim(value)).is_some() {
            return Err(Fault::bad("Header Given Twice"));
        }
    }
    let value = found.ok_or(Fault::bad("Missing Content-Length"))?;
    let length = number(value).ok_or(Fault::bad("Bad Content-Length"))?;
    usize::try_from(length)
        .ok()
        .filter(|n| *n <= limits::BODY_BYTES)
        .ok_or(Fault::too_large("Message Too Large"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"OPTIONS sip:a SIP/2.0\r\nl: 5\r\n\r\n";

    #[test]
    fn messages_come_out_whole_however_the_bytes_arrive() {
        let mut stream = b"\r\n\r\n".to_vec();
        for _ in 0..3 {
            stream.extend_from_slice(HEAD);
            stream.extend_from_slice(b"hello");
        }
        for size in 1..stream.len() {
            let mut framer = Framer::new();
            let mut frames = Vec::new();
            for chunk in stream.chunks(size) {
                framer.push(chunk);
                while let Some(frame) = framer.next_frame() {
                    frames.push(frame.unwrap());
                }
            }
            assert_eq!(frames.len(), 4, "chunks of {size}");
            assert_eq!(frames[0], Frame::Ping);
            assert_eq!(frames[3], Frame::Message([HEAD, b"hello"].concat()));
            assert_eq!(framer.pending(), 0);
        }
    }

    #[test]
    fn what_cannot_be_followed_ends_the_stream() {
        for (text, status) in [
            ("OPTIONS sip:a SIP/2.0\r\nTo: x\r\n\r\n", 400),
            (
                "OPTIONS sip:a SIP/2.0\r\nl: 5\r\nContent-Length : 6\r\n\r\n",
                400,
            ),
            ("OPTIONS sip:a SIP/2.0\r\nl: -5\r\n\r\n", 400),
            (
                "OPTIONS sip:a SIP/2.0\r\nl: 18446744073709551615\r\n\r\n",
                513,
            ),
            (
                "OPTIONS sip:a SIP/2.0\r\nl: 18446744073709551616\r\n\r\n",
                400,
            ),
        ] {
            let mut framer = Framer::new();
            framer.push(text.as_bytes());
            assert_eq!(
                framer.next_frame().unwrap().unwrap_err().status,
                status,
                "{text}"
            );
        }
        let mut framer = Framer::new();
        framer.push(&vec![b'a'; limits::HEAD_BYTES + 1]);
        assert_eq!(framer.next_frame().unwrap().unwrap_err().status, 513);
    }
}
