//! The request head: strict HTTP/1.1 on `httparse`. A body comes with POST and one Content-Length or not at all;
//! whatever else announces one is refused and the connection closed: nothing can be smuggled behind a head.
use memchr::memchr_iter;

use crate::refusal::{
    BODY, BODY_TOO_LARGE, FIELD_TEXT, FRAMING, HEAD_TOO_LARGE, HOST, LENGTH_REQUIRED, MALFORMED,
    REPEATED, Refusal, TARGET_TOO_LONG, VERSION,
};

/// Longest request head and request target, in bytes; most header fields in one head.
pub const MAX_HEAD_BYTES: usize = 16 * 1024;
pub const MAX_TARGET_BYTES: usize = 4 * 1024;
pub const MAX_HEADERS: usize = 64;
/// Longest body of any path, in bytes.
pub const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Head,
    Post,
    Other,
}

/// What the routes need to know of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head<'a> {
    pub method: Method,
    pub path: &'a str,
    pub query: &'a str,
    /// Value of `Authorization`, whole.
    pub authorization: Option<&'a str>,
    pub api_key: Option<&'a str>,
    pub forwarded_for: Option<&'a str>,
    pub accept: Option<&'a str>,
    pub content_type: Option<&'a str>,
    /// Bytes of the body; 0 without one.
    pub content_length: usize,
    /// The client waits for `100 Continue` before it sends the body.
    pub expects_continue: bool,
    pub keep_alive: bool,
}

/// Where the first head in `buffer` ends (one past its last byte), looking from `scanned` on.
/// A bare line feed ends it too, so that `parse` can refuse it at once instead of waiting.
pub fn find_end(buffer: &[u8], scanned: usize) -> Option<usize> {
    let from = scanned.saturating_sub(3).min(buffer.len());
    for at in memchr_iter(b'\n', &buffer[from..]) {
        let next = from + at + 1;
        match &buffer[next..] {
            [b'\r', b'\n', ..] => return Some(next + 2),
            [b'\n', ..] => return Some(next + 1),
            _ => {}
        }
    }
    None
}

/// Parse one whole head (as cut by `find_end`).
pub fn parse(head: &[u8]) -> Result<Head<'_>, Refusal> {
    if head.len() > MAX_HEAD_BYTES {
        return Err(HEAD_TOO_LARGE);
    }
    if !lines_end_properly(head) {
        return Err(MALFORMED);
    }
    let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut fields);
    match request.parse(head) {
        Ok(httparse::Status::Complete(length)) if length == head.len() => {}
        Err(httparse::Error::TooManyHeaders) => return Err(HEAD_TOO_LARGE),
        Err(httparse::Error::Version) => return Err(VERSION),
        _ => return Err(MALFORMED),
    }
    let (Some(method), Some(target), Some(minor)) = (request.method, request.path, request.version)
    else {
        return Err(MALFORMED);
    };
    if target.len() > MAX_TARGET_BYTES {
        return Err(TARGET_TOO_LONG);
    }
    let (path, query) = split_target(target).ok_or(MALFORMED)?;
    let mut parsed = Head {
        method: match method {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            _ => Method::Other,
        },
        path,
        query,
        authorization: None,
        api_key: None,
        forwarded_for: None,
        accept: None,
        content_type: None,
        content_length: 0,
        expects_continue: false,
        keep_alive: minor == 1,
    };
    read_fields(request.headers, minor, &mut parsed)?;
    Ok(parsed)
}

fn read_fields<'a>(
    fields: &[httparse::Header<'a>],
    minor: u8,
    parsed: &mut Head<'a>,
) -> Result<(), Refusal> {
    let (mut hosts, mut lengths) = (0u8, 0u8);
    let (mut chunked, mut close) = (false, false);
    for field in fields {
        // The length picks the few fields that matter, so that most cost one comparison.
        match field.name.len() {
            4 if named(field, "host") => hosts = hosts.saturating_add(1),
            6 if named(field, "accept") => once(&mut parsed.accept, field)?,
            6 if named(field, "expect") => {
                parsed.expects_continue = field.value.eq_ignore_ascii_case(b"100-continue");
            }
            9 if named(field, "x-api-key") => once(&mut parsed.api_key, field)?,
            10 if named(field, "connection") => {
                for option in field.value.split(|b| *b == b',') {
                    match option.trim_ascii() {
                        o if o.eq_ignore_ascii_case(b"close") => close = true,
                        o if o.eq_ignore_ascii_case(b"keep-alive") => parsed.keep_alive = true,
                        _ => {}
                    }
                }
            }
            12 if named(field, "content-type") => once(&mut parsed.content_type, field)?,
            13 if named(field, "authorization") => once(&mut parsed.authorization, field)?,
            14 if named(field, "content-length") => {
                lengths = lengths.saturating_add(1);
                parsed.content_length = length(field.value).ok_or(FRAMING)?;
            }
            15 if named(field, "x-forwarded-for") => once(&mut parsed.forwarded_for, field)?,
            17 if named(field, "transfer-encoding") => chunked = true,
            _ => {}
        }
    }
    if lengths > 1 || (lengths > 0 && chunked) {
        return Err(FRAMING);
    }
    if parsed.method == Method::Post {
        if chunked {
            return Err(LENGTH_REQUIRED);
        }
        if parsed.content_length > MAX_BODY_BYTES {
            return Err(BODY_TOO_LARGE);
        }
    } else if chunked || parsed.content_length > 0 {
        return Err(BODY);
    }
    if hosts > 1 || (hosts == 0 && minor == 1) {
        return Err(HOST);
    }
    // Close wins over keep-alive wherever it stands.
    parsed.keep_alive &= !close;
    Ok(())
}

/// Digits only; what does not fit counts as the longest there is.
fn length(value: &[u8]) -> Option<usize> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let sum = value.iter().fold(0usize, |sum, digit| {
        sum.saturating_mul(10)
            .saturating_add(usize::from(digit - b'0'))
    });
    Some(sum)
}

fn named(field: &httparse::Header<'_>, name: &str) -> bool {
    field.name.eq_ignore_ascii_case(name)
}

fn once<'a>(slot: &mut Option<&'a str>, field: &httparse::Header<'a>) -> Result<(), Refusal> {
    if slot.is_some() {
        return Err(REPEATED);
    }
    *slot = Some(std::str::from_utf8(field.value).map_err(|_| FIELD_TEXT)?);
    Ok(())
}

/// Every line ends in CR LF, and neither byte stands anywhere else.
fn lines_end_properly(head: &[u8]) -> bool {
    let feeds_follow_returns = memchr_iter(b'\n', head).all(|at| at > 0 && head[at - 1] == b'\r');
    feeds_follow_returns && memchr_iter(b'\r', head).all(|at| head.get(at + 1) == Some(&b'\n'))
}

/// Origin form `/path?query`, or absolute form `http://host/path?query`.
pub fn split_target(target: &str) -> Option<(&str, &str)> {
    let local = if target.starts_with('/') {
        target
    } else {
        let scheme_end = target.find("://")?;
        let (scheme, rest) = (&target[..scheme_end], &target[scheme_end + 3..]);
        if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
            return None;
        }
        match rest.find(['/', '?']) {
            Some(at) if rest.as_bytes().get(at) == Some(&b'/') => &rest[at..],
            _ => return None,
        }
    };
    if local.contains('#') {
        return None;
    }
    Some(local.split_once('?').unwrap_or((local, "")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refusal(text: &str) -> (u16, &'static str) {
        let refused = parse(text.as_bytes()).unwrap_err();
        (refused.status, refused.code)
    }

    #[test]
    fn a_plain_request_is_read() {
        let head =
            parse(b"GET /v1/lcr?dnis=44 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer tk_x\r\n\r\n")
                .unwrap();
        assert_eq!(
            (head.method, head.path, head.query),
            (Method::Get, "/v1/lcr", "dnis=44")
        );
        assert_eq!(head.authorization, Some("Bearer tk_x"));
        assert!(head.keep_alive);
    }

    #[test]
    fn connections_live_as_the_versions_say() {
        let keeps = |text: &str| parse(text.as_bytes()).unwrap().keep_alive;
        assert!(!keeps("GET / HTTP/1.0\r\n\r\n"));
        assert!(keeps("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
        assert!(!keeps(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, close\r\n\r\n"
        ));
    }

    #[test]
    fn absolute_targets_lose_their_authority() {
        let head = parse(b"GET http://edge:8090/healthz?x HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        assert_eq!((head.path, head.query), ("/healthz", "x"));
        assert_eq!(
            refusal("GET ftp://a/b HTTP/1.1\r\nHost: a\r\n\r\n"),
            (400, "malformed_request")
        );
        assert_eq!(
            refusal("GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
            (400, "malformed_request")
        );
    }

    #[test]
    fn whatever_announces_a_body_is_refused() {
        let with = |fields: &str| refusal(&format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n"));
        assert_eq!(with("Content-Length: 5\r\n"), (400, "body_not_allowed"));
        assert_eq!(
            with("Transfer-Encoding: chunked\r\n"),
            (400, "body_not_allowed")
        );
        assert_eq!(
            with("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"),
            (400, "bad_framing")
        );
        assert_eq!(
            with("Content-Length: 0\r\nContent-Length: 0\r\n"),
            (400, "bad_framing")
        );
        assert_eq!(with("Content-Length: +0\r\n"), (400, "bad_framing"));
        assert_eq!(with("Content-Length: 0, 0\r\n"), (400, "bad_framing"));
        assert!(parse(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").is_ok());
    }

    #[test]
    fn a_post_says_how_long_its_body_is() {
        let post = |fields: &str| format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
        let text = post("Content-Length: 12\r\nExpect: 100-continue\r\nContent-Type: text/x\r\n");
        let head = parse(text.as_bytes()).unwrap();
        assert_eq!(
            (head.method, head.content_length, head.expects_continue),
            (Method::Post, 12, true)
        );
        assert_eq!(head.content_type, Some("text/x"));
        assert_eq!(
            refusal(&post("Transfer-Encoding: chunked\r\n")),
            (411, "length_required")
        );
        assert_eq!(
            refusal(&post("Content-Length: 99999999999999999999999\r\n")),
            (413, "body_too_large")
        );
        assert_eq!(
            refusal(&post("Content-Length: 1\r\nContent-Length: 1\r\n")),
            (400, "bad_framing")
        );
    }

    #[test]
    fn sloppy_heads_are_refused() {
        assert_eq!(
            refusal("GET / HTTP/1.1\nHost: a\n\n"),
            (400, "malformed_request")
        );
        assert_eq!(
            refusal("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n"),
            (400, "malformed_request")
        );
        assert_eq!(
            refusal("GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
            (400, "malformed_request")
        );
        assert_eq!(
            refusal("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n"),
            (400, "malformed_request")
        );
        assert_eq!(refusal("GET / HTTP/1.1\r\n\r\n"), (400, "bad_host"));
        assert_eq!(
            refusal("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
            (400, "bad_host")
        );
        assert_eq!(
            refusal("GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
            (505, "http_version")
        );
        assert_eq!(
            refusal("GET / HTTP/1.1\r\nHost: a\r\nX-Api-Key: 1\r\nX-Api-Key: 2\r\n\r\n"),
            (400, "repeated_field")
        );
        let long = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(5000));
        assert_eq!(refusal(&long), (414, "target_too_long"));
        let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: 1\r\n".repeat(80));
        assert_eq!(refusal(&many), (431, "head_too_large"));
    }

    #[test]
    fn the_end_is_found_across_reads() {
        let text = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET";
        let end = text.len() - 3;
        for cut in 0..text.len() {
            let first = find_end(&text[..cut], 0);
            if cut >= end {
                assert_eq!(first, Some(end));
            } else {
                assert_eq!(first, None);
                assert_eq!(find_end(text, cut), Some(end), "scanned {cut}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            if let Some(end) = find_end(&bytes, 0) {
                prop_assert!(end <= bytes.len());
            }
            let _ = parse(&bytes);
        }

        #[test]
        fn no_mutation_of_a_good_head_makes_the_parser_panic(at in 0usize..90, byte in any::<u8>()) {
            let mut head = b"GET /v1/lcr?dnis=442079460000 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Api-Key: tk_a\r\n\r\n".to_vec();
            let last = head.len() - 1;
            head[at.min(last)] = byte;
            let _ = parse(&head);
        }
    }
}
