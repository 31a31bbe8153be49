//! One SIP message: its own bytes and where things stand in them. Values are read on demand by `value`.
mod check;
mod frame;
mod reply;
mod writer;

use smallvec::SmallVec;

use super::chars::trim;
use super::fault::Fault;
use super::method::Method;
use super::name::Name;
use super::value::address::Address;
use super::value::list::Values;
use super::value::via::Via;

pub use reply::{phrase, reply};
pub use writer::Writer;

/// A piece of the message. Messages are below 64 KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Span {
    start: u16,
    end: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Line {
    name: Name,
    /// The name as it was written.
    text: Span,
    value: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    Request {
        method: Method,
        text: Span,
        uri: Span,
    },
    Response {
        code: u16,
        reason: Span,
    },
}

/// A well-formed message. Header values that routing and matching rest upon were checked; others are opaque bytes.
#[derive(Debug, Clone)]
pub struct Message {
    bytes: Box<[u8]>,
    start: Start,
    lines: SmallVec<[Line; 24]>,
    body: Span,
    cseq: u32,
    cseq_method: Method,
    branch: Span,
    from_tag: Span,
    to_tag: Span,
}

/// A message that was not taken.
#[derive(Debug, Clone)]
pub struct Rejected {
    pub fault: Fault,
    /// As far as it was read: a request whose answer can be written. None: drop it.
    pub request: Option<Box<Message>>,
}

impl Message {
    /// Reads one datagram, or one message that `stream::Framer` cut out. Octets behind Content-Length are no part of it;
    /// without Content-Length everything behind the head is the body (RFC 3261 section 18.3).
    pub fn parse(bytes: &[u8]) -> Result<Self, Rejected> {
        let framed = frame::frame(bytes).map_err(|fault| Rejected {
            fault,
            request: None,
        })?;
        let mut message = Self {
            bytes: bytes.into(),
            start: framed.start,
            lines: framed.lines,
            body: framed.body,
            cseq: 0,
            cseq_method: Method::Other,
            branch: Span::default(),
            from_tag: Span::default(),
            to_tag: Span::default(),
        };
        let checked = match framed.fault {
            Some(fault) => Err(fault),
            None => check::check(&mut message),
        };
        match checked {
            Ok(()) => Ok(message),
            Err(fault) => {
                let answerable = message.method().is_some_and(|m| m != Method::Ack)
                    && message.via().is_some()
                    && message.header(Name::CSeq).is_some();
                Err(Rejected {
                    fault,
                    request: answerable.then(|| Box::new(message)),
                })
            }
        }
    }

    fn at(&self, span: Span) -> &[u8] {
        &self.bytes[usize::from(span.start)..usize::from(span.end)]
    }

    fn some(&self, span: Span) -> Option<&[u8]> {
        (span.end > span.start).then(|| self.at(span))
    }

    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// None: a response.
    #[must_use]
    pub const fn method(&self) -> Option<Method> {
        match self.start {
            Start::Request { method, .. } => Some(method),
            Start::Response { .. } => None,
        }
    }

    /// As it was written; empty for a response.
    #[must_use]
    pub fn method_text(&self) -> &[u8] {
        match self.start {
            Start::Request { text, .. } => self.at(text),
            Start::Response { .. } => b"",
        }
    }

    /// Empty for a response.
    #[must_use]
    pub fn request_uri(&self) -> &[u8] {
        match self.start {
            Start::Request { uri, .. } => self.at(uri),
            Start::Response { .. } => b"",
        }
    }

    /// 0 for a request.
    #[must_use]
    pub const fn code(&self) -> u16 {
        match self.start {
            Start::Request { .. } => 0,
            Start::Response { code, .. } => code,
        }
    }

    #[must_use]
    pub fn reason_phrase(&self) -> &[u8] {
        match self.start {
            Start::Request { .. } => b"",
            Start::Response { reason, .. } => self.at(reason),
        }
    }

    /// The first line of this name, trimmed; folds still in it.
    #[must_use]
    pub fn header(&self, name: Name) -> Option<&[u8]> {
        self.lines(name).next()
    }

    /// Every line of this name.
    pub fn lines(&self, name: Name) -> impl Iterator<Item = &[u8]> {
        self.lines
            .iter()
            .filter(move |l| l.name == name)
            .map(|l| self.at(l.value))
    }

    /// Every comma-separated value of this name over all lines.
    pub fn values(&self, name: Name) -> impl Iterator<Item = &[u8]> {
        self.lines(name).flat_map(Values::new)
    }

    /// All lines: name, its text as written, value.
    pub fn all_lines(&self) -> impl Iterator<Item = (Name, &[u8], &[u8])> {
        self.lines
            .iter()
            .map(|l| (l.name, self.at(l.text), self.at(l.value)))
    }

    /// A line this project has no name for, any case.
    #[must_use]
    pub fn other(&self, name: &str) -> Option<&[u8]> {
        self.all_lines()
            .find(|(_, text, _)| text.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, _, value)| value)
    }

    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.at(self.body)
    }

    #[must_use]
    pub const fn cseq(&self) -> u32 {
        self.cseq
    }

    #[must_use]
    pub const fn cseq_method(&self) -> Method {
        self.cseq_method
    }

    /// Branch of the topmost Via.
    #[must_use]
    pub fn branch(&self) -> Option<&[u8]> {
        self.some(self.branch)
    }

    #[must_use]
    pub fn from_tag(&self) -> Option<&[u8]> {
        self.some(self.from_tag)
    }

    #[must_use]
    pub fn to_tag(&self) -> Option<&[u8]> {
        self.some(self.to_tag)
    }

    #[must_use]
    pub fn call_id(&self) -> &[u8] {
        self.header(Name::CallId).unwrap_or(b"")
    }

    /// The topmost.
    #[must_use]
    pub fn via(&self) -> Option<Via<'_>> {
        Via::split(self.values(Name::Via).next()?).ok()
    }

    #[must_use]
    pub fn from(&self) -> Option<Address<'_>> {
        Address::split(self.header(Name::From)?).ok()
    }

    #[must_use]
    pub fn to(&self) -> Option<Address<'_>> {
        Address::split(self.header(Name::To)?).ok()
    }

    /// The first.
    #[must_use]
    pub fn contact(&self) -> Option<Address<'_>> {
        Address::split(self.values(Name::Contact).next()?).ok()
    }

    /// An option tag stands in Supported, Require ... (no case).
    #[must_use]
    pub fn has_option(&self, name: Name, tag: &str) -> bool {
        self.values(name)
            .any(|v| v.eq_ignore_ascii_case(tag.as_bytes()))
    }

    /// Body and type where it is a session description.
    #[must_use]
    pub fn sdp(&self) -> Option<&[u8]> {
        let kind = self.header(Name::ContentType)?;
        let kind = kind.split(|b| *b == b';').next().map(trim)?;
        (kind.eq_ignore_ascii_case(b"application/sdp") && !self.body().is_empty())
            .then(|| self.body())
    }

    /// Seconds of a header that begins with a number (`Session-Expires: 1800;refresher=uac`).
    #[must_use]
    pub fn seconds(&self, name: Name) -> Option<u32> {
        let value = self.header(name)?;
        let len = super::chars::span(value, |b| b.is_ascii_digit());
        super::chars::number(&value[..len]).and_then(|n| u32::try_from(n).ok())
    }

    /// The Q.850 cause of its Reason headers.
    #[must_use]
    pub fn q850(&self) -> Option<u8> {
        self.lines(Name::Reason)
            .find_map(super::value::reason::q850)
    }
}
