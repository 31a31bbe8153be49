//! An INVITE answered with LCR contacts: 300 or 302, or the refusal of the field (404, 403, 503 with Retry-After).
use std::net::SocketAddr;
use std::sync::Arc;

use super::message::{Message, phrase, reply};
use super::value::uri::Uri;

/// Largest answer over UDP that needs no fragments.
pub const DATAGRAM_BYTES: usize = 1300;
/// Routes in one answer: q-values have three decimals, switches try few.
const ROUTES: usize = 64;

/// What was decided for a caller's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// Addresses, best first; each is put in angle brackets as it is (escape user parts with `value::uri::escape_user`). What is no
    /// SIP address is left out.
    Routes(&'a [String]),
    NoRoute,
    /// No credit, or not allowed.
    Forbidden,
    /// Seconds until the caller may ask again.
    Overload(u32),
}

/// q in thousandths: `0.333` is 333, `1` is 1000; what is no q counts as 0.
#[must_use]
pub fn thousandths(text: &[u8]) -> u32 {
    let mut parts = text.splitn(2, |b| *b == b'.');
    let whole = parts.next().and_then(super::chars::number);
    let mut fraction = parts.next().unwrap_or(b"").to_vec();
    if fraction.len() > 3 || !fraction.iter().all(u8::is_ascii_digit) {
        return 0;
    }
    fraction.resize(3, b'0');
    let fraction = super::chars::number(&fraction).unwrap_or(0);
    match whole {
        Some(0) => u32::try_from(fraction).unwrap_or(0),
        Some(1) => 1000,
        _ => 0,
    }
}

/// q of the n-th of `count` routes, strictly descending: 0.9, 0.8 … for up to nine, finer steps for more.
fn q(index: usize, count: usize) -> String {
    let step = if count <= 9 { 100 } else { 900 / count };
    format!("0.{:03}", 900_usize.saturating_sub(index * step))
}

/// Can it stand between angle brackets? What is no address, or would end the brackets early, is no route.
fn stands(uri: &str) -> bool {
    !uri.contains(['<', '>', '"', ' ']) && Uri::parse(uri.as_bytes()).is_ok()
}

/// Code and headers of the final answer. Over UDP (`datagram`) routes are left off from the end until the whole answer, with a
/// Server header of `agent`, fits in 1,300 bytes.
#[must_use]
pub fn headers(
    request: &Message,
    source: SocketAddr,
    agent: &str,
    what: Answer<'_>,
    datagram: bool,
) -> (u16, Vec<(String, Vec<u8>)>) {
    let routes = match what {
        Answer::Routes(routes) => routes,
        Answer::Overload(seconds) => {
            let after = ("Retry-After".to_owned(), seconds.to_string().into_bytes());
            return (503, vec![after]);
        }
        Answer::Forbidden => return (403, Vec::new()),
        Answer::NoRoute => &[],
    };
    let routes: Vec<&String> = routes.iter().filter(|r| stands(r)).take(ROUTES).collect();
    let mut bare = reply(request, source, 300, phrase(302), Some(&[b'x'; 24]));
    bare.header("Server", agent);
    let bare = bare.end().len();
    let line = "Contact: \r\n".len();
    let mut count = routes.len();
    loop {
        let made: Vec<String> = (0..count)
            .map(|index| format!("<{}>;q={}", routes[index], q(index, count)))
            .collect();
        let size = bare + made.iter().map(|c| c.len() + line).sum::<usize>();
        if datagram && size > DATAGRAM_BYTES && count > 1 {
            count -= 1;
            continue;
        }
        let code = match count {
            0 => 404,
            1 => 302,
            _ => 300,
        };
        let named = |value: String| ("Contact".to_owned(), value.into_bytes());
        return (code, made.into_iter().map(named).collect());
    }
}

/// The whole final answer.
#[must_use]
pub fn answer(
    request: &Message,
    source: SocketAddr,
    tag: &str,
    agent: &str,
    what: Answer<'_>,
    datagram: bool,
) -> (u16, Arc<[u8]>) {
    let (code, headers) = headers(request, source, agent, what, datagram);
    let mut out = reply(request, source, code, phrase(code), Some(tag.as_bytes()));
    out.header("Server", agent);
    for (name, value) in headers {
        out.header(name, value);
    }
    (code, out.end())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sip::name::Name;
    use crate::sip::value::address::Address;

    fn ask(what: Answer<'_>, datagram: bool) -> Message {
        let text = "INVITE sip:4420@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;rport;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\r\n";
        let request = Message::parse(text.as_bytes()).unwrap();
        let (code, bytes) = answer(
            &request,
            "192.0.2.9:5062".parse().unwrap(),
            "t",
            "tandem",
            what,
            datagram,
        );
        assert!(!datagram || bytes.len() <= DATAGRAM_BYTES);
        let out = Message::parse(&bytes).unwrap();
        assert_eq!((out.code(), out.to_tag()), (code, Some(&b"t"[..])));
        assert_eq!(out.via().unwrap().rport(), Some(5062));
        out
    }

    fn qs(message: &Message) -> Vec<u32> {
        message
            .values(Name::Contact)
            .map(|v| thousandths(Address::parse(v).unwrap().param(b"q").unwrap()))
            .collect()
    }

    #[test]
    fn routes_become_contacts_with_falling_q() {
        let routes: Vec<String> = (0..3)
            .map(|n| format!("sip:7701#4420{n};npdi;rn=+4420@192.0.2.{n}:5060;user=phone"))
            .collect();
        let m = ask(Answer::Routes(&routes), true);
        assert_eq!((m.code(), qs(&m)), (300, vec![900, 800, 700]));
        assert_eq!(m.contact().unwrap().uri, routes[0].as_bytes());
        assert_eq!(ask(Answer::Routes(&routes[..1]), true).code(), 302);
        assert_eq!(ask(Answer::Routes(&[]), true).code(), 404);
        assert_eq!(ask(Answer::NoRoute, true).code(), 404);
        assert_eq!(ask(Answer::Forbidden, true).code(), 403);
        let busy = ask(Answer::Overload(5), true);
        assert_eq!(
            (busy.code(), busy.seconds(Name::RetryAfter)),
            (503, Some(5))
        );
    }

    #[test]
    fn many_routes_fit_in_one_datagram_or_go_whole_over_a_stream() {
        let routes: Vec<String> = (0..80)
            .map(|n| format!("sip:44207946{n:04}@192.0.2.1:5060;user=phone"))
            .collect();
        let (short, long) = (
            ask(Answer::Routes(&routes), true),
            ask(Answer::Routes(&routes), false),
        );
        assert!(qs(&short).len() > 10 && qs(&short).len() < qs(&long).len());
        assert_eq!(qs(&long).len(), 64);
        for m in [short, long] {
            assert!(qs(&m).windows(2).all(|w| w[0] > w[1]) && qs(&m).iter().all(|q| *q > 0));
        }
    }

    #[test]
    fn hostile_addresses_are_no_routes() {
        let routes = [
            "sip:1>;q=1, <sip:evil@x".to_string(),
            "sip:2@h\r\nVia: x".to_string(),
            "sip:3@192.0.2.3".to_string(),
        ];
        let m = ask(Answer::Routes(&routes), true);
        assert_eq!((m.code(), m.values(Name::Contact).count()), (302, 1));
        assert_eq!(m.values(Name::Via).count(), 1);
        assert_eq!(ask(Answer::Routes(&routes[..2]), true).code(), 404);
    }
}
