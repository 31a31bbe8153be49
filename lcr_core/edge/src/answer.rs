//! Answers: status line, header fields and body appended to one output buffer.
use crate::opening::Begun;
use crate::refusal::Refusal;

pub const JSON: &str = "application/json";
pub const PROBLEM: &str = "application/problem+json";
pub const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a route says of its answer; the body stands in the worker's body buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    pub decision_id: Option<u128>,
    pub retry_after_s: Option<u64>,
    /// `WWW-Authenticate`, of a 401.
    pub challenge: Option<&'static str>,
    /// `Allow`, of a 405.
    pub allow: Option<&'static str>,
    pub snapshot: Option<SnapshotId>,
    /// The answer stands whole where its body is looked for, but for its length.
    pub begun: Option<Begun>,
}

/// A snapshot id copied out of the snapshot (ids are short), so that an answer needs no allocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotId {
    bytes: [u8; 64],
    length: u8,
}

impl SnapshotId {
    pub fn new(id: &str) -> Self {
        let mut bytes = [0u8; 64];
        let length = id.len().min(64);
        bytes[..length].copy_from_slice(&id.as_bytes()[..length]);
        Self {
            bytes,
            length: length as u8,
        }
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl Answer {
    pub fn new(status: u16, content_type: &'static str) -> Self {
        Self {
            status,
            content_type,
            decision_id: None,
            retry_after_s: None,
            challenge: None,
            allow: None,
            snapshot: None,
            begun: None,
        }
    }
}

/// RFC 9457 problem: what, why, and how to mend it. `type` is a stable URN with the code.
pub struct Problem<'a> {
    pub status: u16,
    pub code: &'a str,
    pub detail: &'a str,
    pub hint: &'a str,
    pub parameter: Option<&'a str>,
}

impl Problem<'_> {
    /// Write the body, replacing what stands in it.
    pub fn write(&self, body: &mut Vec<u8>) {
        body.clear();
        let object = serde_json::json!({
            "type": format!("urn:tandem:problem:{}", self.code),
            "title": reason(self.status),
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "hint": self.hint,
            "parameter": self.parameter,
        });
        // Writing JSON values into a Vec cannot fail.
        let _ = serde_json::to_writer(body, &object);
    }

    pub fn answer(&self, body: &mut Vec<u8>) -> Answer {
        self.write(body);
        Answer::new(self.status, PROBLEM)
    }
}

impl Refusal {
    pub fn answer(&self, body: &mut Vec<u8>) -> Answer {
        Problem {
            status: self.status,
            code: self.code,
            detail: self.detail,
            hint: self.hint,
            parameter: None,
        }
        .answer(body)
    }
}

pub fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        202 => "Accepted",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        411 => "Length Required",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "Unknown",
    }
}

/// Append the whole response. `with_body` is false for HEAD, whose length is still that of the body.
pub fn append(
    out: &mut Vec<u8>,
    answer: &Answer,
    body: &[u8],
    date: &str,
    keep_alive: bool,
    with_body: bool,
) {
    if answer.status == 200 {
        out.extend_from_slice(b"HTTP/1.1 200 OK\r\nDate: ");
    } else {
        out.extend_from_slice(b"HTTP/1.1 ");
        number(out, u64::from(answer.status));
        out.push(b' ');
        out.extend_from_slice(reason(answer.status).as_bytes());
        out.extend_from_slice(b"\r\nDate: ");
    }
    out.extend_from_slice(date.as_bytes());
    out.extend_from_slice(b"\r\nContent-Type: ");
    out.extend_from_slice(answer.content_type.as_bytes());
    out.extend_from_slice(b"\r\nContent-Length: ");
    number(out, body.len() as u64);
    out.extend_from_slice(b"\r\nCache-Control: no-store");
    if let Some(snapshot) = &answer.snapshot {
        field(out, "X-Tandem-Snapshot", snapshot.as_bytes());
    }
    if let Some(id) = answer.decision_id {
        field(out, "X-Tandem-Decision", &crate::decision_id::hex(id));
    }
    if let Some(wait) = answer.retry_after_s {
        out.extend_from_slice(b"\r\nRetry-After: ");
        number(out, wait);
    }
    if let Some(challenge) = answer.challenge {
        field(out, "WWW-Authenticate", challenge.as_bytes());
    }
    if let Some(methods) = answer.allow {
        field(out, "Allow", methods.as_bytes());
    }
    if !keep_alive {
        field(out, "Connection", b"close");
    }
    out.extend_from_slice(b"\r\n\r\n");
    if with_body {
        out.extend_from_slice(body);
    }
}

fn field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
}

fn number(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(digits(value, &mut [0; MOST_DIGITS]));
}

/// As many digits as a number has at most.
pub const MOST_DIGITS: usize = 20;

/// The digits of a number, in the room that is given.
pub fn digits(mut value: u64, room: &mut [u8; MOST_DIGITS]) -> &[u8] {
    let mut at = room.len();
    loop {
        at -= 1;
        room[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            return &room[at..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_what_and_how_to_mend_it() {
        let mut body = b"old".to_vec();
        let answer = Problem {
            status: 400,
            code: "bad_number",
            detail: "d \"q\"",
            hint: "h",
            parameter: Some("dnis"),
        }
        .answer(&mut body);
        assert_eq!((answer.status, answer.content_type), (400, PROBLEM));
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(value["type"], "urn:tandem:problem:bad_number");
        assert_eq!(value["title"], "Bad Request");
        assert_eq!(value["detail"], "d \"q\"");
    }

    #[test]
    fn head_has_the_length_of_the_body_and_no_body() {
        let mut out = Vec::new();
        append(
            &mut out,
            &Answer::new(200, JSON),
            b"12345",
            "D",
            false,
            false,
        );
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.contains("\r\nContent-Length: 5\r\n")
                && text.ends_with("\r\nConnection: close\r\n\r\n"),
            "{text}"
        );
    }
}
