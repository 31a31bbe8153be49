//! Answers: the headers RFC 3261 section 8.2.6 copies from the request, and the phrases.
use std::net::SocketAddr;

use super::{Message, Writer};
use crate::sip::method::Method;
use crate::sip::name::Name;
use crate::sip::value::params::Params;
use crate::sip::value::via::Via;

/// The answer's head up to CSeq. `source` is where the request came from: the topmost Via says so (RFC 3581, always), whatever
/// the sender wrote there itself. `tag` is put on To where it has none.
#[must_use]
pub fn reply(
    request: &Message,
    source: SocketAddr,
    code: u16,
    reason: &str,
    tag: Option<&[u8]>,
) -> Writer {
    let mut out = Writer::response(code, reason.as_bytes());
    for (index, value) in request.values(Name::Via).enumerate() {
        match Via::split(value) {
            Ok(via) if index == 0 => {
                out.header("Via", stamped(&via, source));
            }
            _ => {
                out.header("Via", value);
            }
        }
    }
    // An answer that makes a dialog tells the proxies that want to stay on its way (RFC 3261 section 12.1.1).
    if request.method() == Some(Method::Invite) && (101..300).contains(&code) {
        for route in request.lines(Name::RecordRoute) {
            out.header("Record-Route", route);
        }
    }
    for name in [Name::From, Name::To, Name::CallId, Name::CSeq] {
        let Some(value) = request.header(name) else {
            continue;
        };
        match tag {
            Some(tag) if name == Name::To && request.to().is_some_and(|to| to.tag().is_none()) => {
                out.pieces(name.as_bytes(), &[value, b";tag=", tag]);
            }
            _ => {
                out.header(name.as_bytes(), value);
            }
        }
    }
    out
}

fn stamped(via: &Via<'_>, source: SocketAddr) -> Vec<u8> {
    let mut out = b"SIP/2.0/".to_vec();
    out.extend_from_slice(via.transport);
    out.push(b' ');
    out.extend_from_slice(via.host.to_string().as_bytes());
    if let Some(port) = via.port {
        out.extend_from_slice(format!(":{port}").as_bytes());
    }
    let mut rport = false;
    for param in Params::new(via.params).map_while(Result::ok) {
        if param.name.eq_ignore_ascii_case(b"received") {
            continue;
        }
        if param.name.eq_ignore_ascii_case(b"rport") {
            rport = true;
            continue;
        }
        out.push(b';');
        out.extend_from_slice(param.name);
        if let Some(value) = param.value {
            out.push(b'=');
            out.extend_from_slice(value);
        }
    }
    if rport || via.host.ip() != Some(source.ip()) {
        out.extend_from_slice(format!(";received={}", source.ip()).as_bytes());
    }
    if rport {
        out.extend_from_slice(format!(";rport={}", source.port()).as_bytes());
    }
    out
}

/// The customary phrase of a status code.
#[must_use]
pub const fn phrase(code: u16) -> &'static str {
    match code {
        100 => "Trying",
        180 => "Ringing",
        181 => "Call Is Being Forwarded",
        182 => "Queued",
        183 => "Session Progress",
        200 => "OK",
        202 => "Accepted",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Moved Temporarily",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        413 => "Request Entity Too Large",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        421 => "Extension Required",
        422 => "Session Interval Too Small",
        423 => "Interval Too Brief",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        484 => "Address Incomplete",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        491 => "Request Pending",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        600 => "Busy Everywhere",
        603 => "Decline",
        604 => "Does Not Exist Anywhere",
        606 => "Not Acceptable",
        _ => match code / 100 {
            1 => "Progress",
            2 => "Accepted",
            3 => "Redirect",
            4 => "Request Failure",
            5 => "Server Failure",
            _ => "Global Failure",
        },
    }
}
