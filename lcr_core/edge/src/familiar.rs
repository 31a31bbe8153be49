//! The header fields of a connection's last request. A client that keeps its connection sends the same fields with every
//! request; where they are the same bytes, only the request line is read. A head with other fields is parsed whole.
use std::cell::OnceCell;

use crate::caller::{self, KeyDigest};
use crate::head::{Head, MAX_HEAD_BYTES, MAX_TARGET_BYTES, Method, split_target};

const METHOD: &[u8] = b"GET ";
const VERSION: &[u8] = b" HTTP/1.1";
/// Longer fields are not kept.
const MOST_BYTES: usize = 1024;

/// A stretch of the values.
type Place = (u16, u16);

#[derive(Debug, Default)]
pub struct Familiar {
    /// From behind the request line to the end of the head.
    fields: Vec<u8>,
    /// Their values that count, one behind the other.
    values: String,
    authorization: Option<Place>,
    api_key: Option<Place>,
    forwarded_for: Option<Place>,
    accept: Option<Place>,
    content_type: Option<Place>,
    keep_alive: bool,
    /// Of their key, from the first time that it is asked for.
    key_digest: OnceCell<Option<KeyDigest>>,
}

impl Familiar {
    /// The head, when it is a plain GET with the fields that are known.
    pub fn read<'a>(&'a self, head: &'a [u8]) -> Option<Head<'a>> {
        if self.fields.is_empty() || head.len() > MAX_HEAD_BYTES || !head.starts_with(METHOD) {
            return None;
        }
        // The fields begin with CR LF of the request line.
        let line = head.len().checked_sub(self.fields.len())?;
        let (line, fields) = head.split_at(line);
        if fields != self.fields {
            return None;
        }
        let target = line.strip_prefix(METHOD)?.strip_suffix(VERSION)?;
        // What the parser would have to look at more closely goes to the parser.
        // All bytes are looked at, whatever is found: that way many are looked at together.
        let plain = |all: bool, byte: &u8| all & byte.is_ascii_graphic();
        if target.len() > MAX_TARGET_BYTES || !target.iter().fold(true, plain) {
            return None;
        }
        let (path, query) = split_target(std::str::from_utf8(target).ok()?)?;
        let value = |place: Option<Place>| {
            let (from, to) = place?;
            self.values.get(usize::from(from)..usize::from(to))
        };
        Some(Head {
            method: Method::Get,
            path,
            query,
            authorization: value(self.authorization),
            api_key: value(self.api_key),
            forwarded_for: value(self.forwarded_for),
            accept: value(self.accept),
            content_type: value(self.content_type),
            content_length: 0,
            expects_continue: false,
            keep_alive: self.keep_alive,
        })
    }

    /// The digest of the key in a head that `read` gave.
    pub fn key_digest(&self, head: &Head<'_>) -> Option<&KeyDigest> {
        let digest = self.key_digest.get_or_init(|| caller::key_digest(head));
        digest.as_ref()
    }

    /// Keep the fields of a head that was parsed, when it is one that `read` may stand for.
    pub fn learn(&mut self, text: &[u8], head: &Head<'_>) {
        let end = memchr::memchr(b'\r', text).unwrap_or(text.len());
        let (line, fields) = text.split_at(end);
        let plain = head.method == Method::Get
            && head.content_length == 0
            && !head.expects_continue
            && line.ends_with(VERSION)
            && fields.len() <= MOST_BYTES;
        if !plain {
            self.fields.clear();
            return;
        }
        self.values.clear();
        self.key_digest = OnceCell::new();
        let mut place = |value: Option<&str>| {
            // Values are parts of the fields, which are short.
            let from = self.values.len() as u16;
            self.values.push_str(value?);
            Some((from, self.values.len() as u16))
        };
        self.authorization = place(head.authorization);
        self.api_key = place(head.api_key);
        self.forwarded_for = place(head.forwarded_for);
        self.accept = place(head.accept);
        self.content_type = place(head.content_type);
        self.keep_alive = head.keep_alive;
        self.fields.clear();
        self.fields.extend_from_slice(fields);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::parse;
    use proptest::prelude::*;

    const FIELDS: &str = "\r\nHost: a\r\nAuthorization: Bearer tk_x\r\nAccept: text/plain\r\n\r\n";

    fn familiar(text: &str) -> Familiar {
        let mut familiar = Familiar::default();
        familiar.learn(text.as_bytes(), &parse(text.as_bytes()).unwrap());
        familiar
    }

    #[test]
    fn the_same_fields_are_read_as_the_parser_reads_them() {
        let known = familiar(&format!("GET /v1/lcr?dnis=1 HTTP/1.1{FIELDS}"));
        for target in [
            "/v1/lcr?dnis=442079460000&max=3",
            "/healthz",
            "http://x/readyz",
            "/?",
        ] {
            let text = format!("GET {target} HTTP/1.1{FIELDS}");
            assert_eq!(
                known.read(text.as_bytes()),
                parse(text.as_bytes()).ok(),
                "{target}"
            );
            assert!(known.read(text.as_bytes()).is_some());
        }
    }

    #[test]
    fn the_key_of_new_fields_is_digested_anew() {
        let digest_of = |known: &Familiar, key: &str| {
            let text = format!("GET / HTTP/1.1\r\nHost: a\r\nX-Api-Key: {key}\r\n\r\n");
            let head = known.read(text.as_bytes()).expect("known fields");
            known.key_digest(&head).copied()
        };
        let learn = |known: &mut Familiar, key: &str| {
            let text = format!("GET / HTTP/1.1\r\nHost: a\r\nX-Api-Key: {key}\r\n\r\n");
            known.learn(text.as_bytes(), &parse(text.as_bytes()).unwrap());
        };
        let mut known = Familiar::default();
        let mut seen = Vec::new();
        for key in ["tk_a", "tk_b", "tk_a"] {
            learn(&mut known, key);
            let first = digest_of(&known, key).expect("a key");
            assert_eq!(digest_of(&known, key), Some(first));
            seen.push(first);
        }
        assert!(seen[0] == seen[2] && seen[0] != seen[1]);
        // What is no key is left to whoever identifies the caller.
        learn(&mut known, "nonsense");
        assert_eq!(digest_of(&known, "nonsense"), None);
    }

    #[test]
    fn no_character_of_a_target_is_read_differently() {
        let known = familiar(&format!("GET / HTTP/1.1{FIELDS}"));
        for byte in 0u8..=255 {
            let mut text = b"GET /a".to_vec();
            text.push(byte);
            text.extend_from_slice(format!("b?c HTTP/1.1{FIELDS}").as_bytes());
            if let Some(head) = known.read(&text) {
                assert_eq!(Ok(head), parse(&text), "{byte}");
            }
        }
    }

    #[test]
    fn anything_else_goes_to_the_parser() {
        let known = familiar(&format!("GET / HTTP/1.1{FIELDS}"));
        let others = [
            format!("POST / HTTP/1.1{FIELDS}"),
            format!("GET / HTTP/1.0{FIELDS}"),
            format!("GET /a b HTTP/1.1{FIELDS}"),
            format!("GET /\u{e9} HTTP/1.1{FIELDS}"),
            format!("GET /#x HTTP/1.1{FIELDS}"),
            format!("GET / HTTP/1.1\r\nContent-Length: 5{FIELDS}"),
            "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer tk_y\r\nAccept: text/plain\r\n\r\n"
                .to_owned(),
            FIELDS.to_owned(),
        ];
        for text in others {
            assert_eq!(known.read(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn a_head_with_a_body_or_of_another_version_is_not_kept() {
        for text in [
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
            "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
        ] {
            assert!(familiar(text).fields.is_empty(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_request_line_is_read_differently(line in "[ -~]{0,40}", raw in proptest::collection::vec(any::<u8>(), 0..30)) {
            let known = familiar(&format!("GET / HTTP/1.1{FIELDS}"));
            for mut text in [format!("GET {line} HTTP/1.1").into_bytes(), line.into_bytes(), [b"GET /", &raw[..], b" HTTP/1.1"].concat()] {
                text.extend_from_slice(FIELDS.as_bytes());
                if let Some(head) = known.read(&text) {
                    prop_assert_eq!(Ok(head), parse(&text));
                }
            }
        }
    }
}
