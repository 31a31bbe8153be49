//! What a head is refused for before anybody looks at what it asks.

/// A head that cannot be served: answered with a problem, then the connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub code: &'static str,
    pub detail: &'static str,
    pub hint: &'static str,
}

const fn refuse(
    status: u16,
    code: &'static str,
    detail: &'static str,
    hint: &'static str,
) -> Refusal {
    Refusal {
        status,
        code,
        detail,
        hint,
    }
}

pub const HEAD_TOO_LARGE: Refusal = refuse(
    431,
    "head_too_large",
    "The request head is longer than 16 KiB or has more than 64 fields.",
    "send fewer or shorter header fields",
);
pub const TIMED_OUT: Refusal = refuse(
    408,
    "head_timeout",
    "The request head did not arrive in time.",
    "send the whole request at once",
);
pub const NOT_HTTP: Refusal = refuse(
    400,
    "not_http",
    "These bytes are not an HTTP request.",
    "speak plain HTTP/1.1 here; TLS has a port of its own",
);
pub const MALFORMED: Refusal = refuse(
    400,
    "malformed_request",
    "This is not an HTTP/1.1 request.",
    "check the request line and the header fields",
);
pub const TARGET_TOO_LONG: Refusal = refuse(
    414,
    "target_too_long",
    "The request target is longer than 4 KiB.",
    "shorten the parameters",
);
pub const VERSION: Refusal = refuse(
    505,
    "http_version",
    "Only HTTP/1.0 and HTTP/1.1 are served here.",
    "use HTTP/1.1",
);
pub const BODY: Refusal = refuse(
    400,
    "body_not_allowed",
    "The request announces a body where none is taken.",
    "send GET without Content-Length and Transfer-Encoding, or POST to a path that takes one",
);
pub const LENGTH_REQUIRED: Refusal = refuse(
    411,
    "length_required",
    "The body of this request has no Content-Length.",
    "send the body whole, with Content-Length; Transfer-Encoding is not read here",
);
pub const BODY_TOO_LARGE: Refusal = refuse(
    413,
    "body_too_large",
    "The body is longer than this path takes.",
    "send at most 64 KiB, or 4 MiB to /v1/lcr/batch",
);
pub const FRAMING: Refusal = refuse(
    400,
    "bad_framing",
    "Content-Length and Transfer-Encoding are repeated, contradictory or not readable.",
    "send GET without both",
);
pub const HOST: Refusal = refuse(
    400,
    "bad_host",
    "An HTTP/1.1 request needs exactly one Host field.",
    "send one Host field",
);
pub const REPEATED: Refusal = refuse(
    400,
    "repeated_field",
    "Authorization, X-Api-Key, X-Forwarded-For, Accept and Content-Type may each appear once.",
    "send each field once",
);
pub const FIELD_TEXT: Refusal = refuse(
    400,
    "bad_field",
    "A header field holds bytes that are not readable text.",
    "send ASCII text in header fields",
);
