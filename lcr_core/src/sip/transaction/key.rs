//! What makes two messages one transaction (RFC 3261 section 17.2.3), and what makes two requests one merged request.
use crate::sip::message::Message;
use crate::sip::method::Method;
use crate::sip::name::Name;
use crate::sip::value::via::COOKIE;

pub type Key = Box<[u8]>;

fn joined(parts: &[&[u8]]) -> Key {
    let mut out = Vec::with_capacity(parts.iter().map(|p| p.len() + 1).sum());
    for part in parts {
        out.extend_from_slice(part);
        out.push(0);
    }
    out.into()
}

/// The server transaction a request belongs to: branch, sent-by and method, an ACK counting as its INVITE. Without a branch of
/// RFC 3261 (or with the bare cookie) what RFC 2543 compares: Request-URI, From tag, Call-ID, CSeq and topmost Via.
#[must_use]
pub fn server(request: &Message, method: Method) -> Key {
    let name = match method {
        Method::Ack => Method::Invite.as_str().as_bytes(),
        Method::Other => request.method_text(),
        known => known.as_str().as_bytes(),
    };
    match (request.branch(), request.via()) {
        (Some(branch), Some(via)) if branch.len() > COOKIE.len() && branch.starts_with(COOKIE) => {
            let sent_by = format!("{}:{}", via.host, via.port.unwrap_or(0)).to_ascii_lowercase();
            joined(&[name, branch, sent_by.as_bytes()])
        }
        _ => joined(&[
            b"2543",
            name,
            request.request_uri(),
            request.from_tag().unwrap_or(b""),
            request.call_id(),
            request.cseq().to_string().as_bytes(),
            request.values(Name::Via).next().unwrap_or(b""),
        ]),
    }
}

/// The client transaction a response belongs to: our branch and the method.
#[must_use]
pub fn client(branch: &[u8], method: &[u8]) -> Key {
    joined(&[branch, method])
}

/// A request outside a dialog that came twice by different ways (RFC 3261 section 8.2.2.2). None: it is within a dialog.
#[must_use]
pub fn merged(request: &Message) -> Option<Key> {
    if request.to_tag().is_some() {
        return None;
    }
    Some(joined(&[
        request.method_text(),
        request.from_tag()?,
        request.call_id(),
        request.cseq().to_string().as_bytes(),
    ]))
}
