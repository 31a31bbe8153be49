//! Messages to the wire. Nothing that is written can end a line or a message early.
use std::sync::Arc;

/// Start line, headers in order, then the body with its length.
#[derive(Debug, Clone)]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    #[must_use]
    pub fn request(method: &[u8], uri: &[u8]) -> Self {
        let mut out = Vec::with_capacity(1024);
        clean(method, &mut out);
        out.push(b' ');
        clean(uri, &mut out);
        out.extend_from_slice(b" SIP/2.0\r\n");
        Self { out }
    }

    #[must_use]
    pub fn response(code: u16, reason: &[u8]) -> Self {
        let mut out = Vec::with_capacity(1024);
        out.extend_from_slice(b"SIP/2.0 ");
        out.extend_from_slice(code.to_string().as_bytes());
        out.push(b' ');
        clean(reason, &mut out);
        out.extend_from_slice(b"\r\n");
        Self { out }
    }

    /// One line. Folds and control characters in the value become blanks.
    pub fn header(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> &mut Self {
        clean(name.as_ref(), &mut self.out);
        self.out.extend_from_slice(b": ");
        clean(value.as_ref(), &mut self.out);
        self.out.extend_from_slice(b"\r\n");
        self
    }

    /// One line of several pieces.
    pub fn pieces(&mut self, name: impl AsRef<[u8]>, value: &[&[u8]]) -> &mut Self {
        clean(name.as_ref(), &mut self.out);
        self.out.extend_from_slice(b": ");
        for piece in value {
            clean(piece, &mut self.out);
        }
        self.out.extend_from_slice(b"\r\n");
        self
    }

    /// Sets the hop count written before.
    pub(in crate::sip) fn replace_max_forwards(&mut self, hops: u32) {
        const LINE: &[u8] = b"\r\nMax-Forwards: ";
        if let Some(at) = memchr::memmem::find(&self.out, LINE) {
            let start = at + LINE.len();
            let end = start
                + self.out[start..]
                    .iter()
                    .take_while(|b| b.is_ascii_digit())
                    .count();
            self.out.splice(start..end, hops.to_string().into_bytes());
        }
    }

    /// Bytes so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.out.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// No body.
    #[must_use]
    pub fn end(self) -> Arc<[u8]> {
        self.body(None, b"")
    }

    /// With Content-Type (where there is a body) and Content-Length.
    #[must_use]
    pub fn body(mut self, kind: Option<&[u8]>, body: &[u8]) -> Arc<[u8]> {
        if let Some(kind) = kind {
            self.header("Content-Type", kind);
        }
        self.header("Content-Length", body.len().to_string());
        self.out.extend_from_slice(b"\r\n");
        self.out.extend_from_slice(body);
        self.out.into()
    }
}

fn clean(text: &[u8], out: &mut Vec<u8>) {
    let control = |b: &u8| (*b < 0x20 && *b != b'\t') || *b == 0x7f;
    if !text.iter().any(control) {
        out.extend_from_slice(text);
        return;
    }
    let mut blank = false;
    for byte in text {
        if control(byte) {
            if !blank {
                out.push(b' ');
            }
            blank = true;
        } else {
            out.push(*byte);
            blank = false;
        }
    }
}
