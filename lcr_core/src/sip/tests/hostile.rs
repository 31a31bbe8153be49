//! What strangers send: each case that broke another parser (see also RFC 5118 for IPv6).
use crate::sip::message::{Message, Rejected};
use crate::sip::name::Name;
use crate::sip::value::host::Host;
use crate::sip::value::uri::Uri;

fn invite(extra: &str, body: &str) -> Vec<u8> {
    format!(
        "INVITE sip:+442079460123@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n\
         To: <sip:c@d>\r\nCall-ID: x@y\r\nCSeq: 1 INVITE\r\n{extra}\r\n{body}"
    )
    .into_bytes()
}

fn refused(bytes: &[u8]) -> (u16, bool) {
    let Rejected { fault, request } = Message::parse(bytes).unwrap_err();
    (fault.status, request.is_some())
}

#[test]
fn a_datagram_without_content_length_keeps_its_body() {
    let m = Message::parse(&invite("Content-Type: application/sdp\r\n", "v=0\r\n")).unwrap();
    assert_eq!(m.sdp(), Some(&b"v=0\r\n"[..]));
}

#[test]
fn a_latin_1_byte_costs_no_header_behind_it() {
    let mut bytes = invite("Subject: Gr?sse\r\nX-Last: here\r\n", "");
    let at = bytes.iter().rposition(|b| *b == b'?').unwrap();
    bytes[at] = 0xfc;
    let m = Message::parse(&bytes).unwrap();
    assert_eq!(m.other("x-last"), Some(&b"here"[..]));
    assert_eq!(m.header(Name::Subject), Some(&b"Gr\xfcsse"[..]));
}

#[test]
fn content_length_must_be_one_number_that_fits() {
    for extra in [
        "Content-Length: 18446744073709551615\r\n",
        "Content-Length: 18446744073709551616\r\n",
        "Content-Length: 6\r\n",
        "Content-Length: 5\r\nl: 4\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 5 5\r\n",
        "Content-Length:\r\n",
    ] {
        assert_eq!(refused(&invite(extra, "v=0\r\n")), (400, true), "{extra}");
    }
    let m = Message::parse(&invite("l:3\r\n", "v=0\r\n")).unwrap();
    assert_eq!(m.body(), b"v=0");
}

#[test]
fn headers_that_decide_must_not_stand_twice() {
    for extra in [
        "From: <sip:e@f>;tag=2\r\n",
        "f: <sip:e@f>;tag=2\r\n",
        "t: <sip:e@f>\r\n",
        "i: z\r\n",
        "CSEQ: 2 INVITE\r\n",
    ] {
        assert_eq!(refused(&invite(extra, "")), (400, true), "{extra}");
    }
}

#[test]
fn control_characters_that_cut_lines_are_refused() {
    for extra in [
        "Call\0-ID: x\r\n",
        "Subject: a\0b\r\n",
        "Subject: a\nb: c\r\n",
        "Subject: a\rb: c\r\n",
        "\0: x\r\n",
    ] {
        assert!(Message::parse(&invite(extra, "")).is_err(), "{extra:?}");
    }
    let text = String::from_utf8(invite("", "")).unwrap();
    assert!(Message::parse(text.replace("x@y", "x\0@y").as_bytes()).is_err());
    assert_eq!(
        refused(text.replace("x@y", "x\\\0@y").as_bytes()),
        (400, true)
    );
    assert!(Message::parse(text.replace("x@y", "x y").as_bytes()).is_err());
}

/// Bounded work: the loop ends at the limit, long before the datagram does.
#[test]
fn datagrams_that_are_all_headers_or_parameters_are_refused() {
    let headers = "a:b\r\n".repeat(7_500);
    assert_eq!(refused(&invite(&headers, "")), (513, false));
    let parameters = format!("Contact: <sip:a@b>{}\r\n", ";a=b".repeat(15_000));
    assert_eq!(refused(&invite(&parameters, "")), (513, false));
    let uri = format!("Contact: <sip:a@b{}>\r\n", ";a=b".repeat(100));
    assert_eq!(refused(&invite(&uri, "")), (513, true));
    let vias = format!("Via: {}\r\n", "SIP/2.0/UDP a,".repeat(1_100));
    assert_eq!(refused(&invite(&vias, "")), (513, true));
    assert_eq!(refused(&vec![b'a'; 70_000]).0, 513);
}

#[test]
fn noise_is_dropped_and_broken_answers_too() {
    for bytes in [
        &b""[..],
        b"\r\n\r\n",
        b"\0\0\0\0",
        b"hello\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"SIP/2.0 200 OK\r\n\r\n",
        b"SIP/2.0 2000 OK\r\n\r\n",
        b"SIP/2.0 099 OK\r\n\r\n",
        b"INVITE sip:a SIP/2.0\r\n",
        b"INVITE sip:a SIP/2.0",
        b" \r\n\r\n",
    ] {
        let rejected = Message::parse(bytes).unwrap_err();
        assert!(rejected.request.is_none(), "{bytes:?}");
    }
    let ack = String::from_utf8(invite("CSeq: 2 ACK\r\n", ""))
        .unwrap()
        .replace("INVITE", "ACK");
    assert!(!refused(ack.as_bytes()).1, "an ACK is never answered");
}

/// RFC 5118 section 4, in its order; 4.6 to 4.8 are about bodies and several addresses side by side.
#[test]
fn ipv6_addresses_are_read_as_rfc_5118_says() {
    let uri = |text: &'static str| Uri::parse(text.as_bytes());
    let v6 = |text: &str| Some(Host::Ip(text.parse().unwrap()));
    assert_eq!(uri("sip:[2001:db8::10]").unwrap().host, v6("2001:db8::10"));
    assert_eq!(refused(&with_uri("sip:2001:db8::10")), (400, true));
    let ambiguous = uri("sip:[2001:db8::10:5070]").unwrap();
    assert_eq!(
        (ambiguous.host, ambiguous.port),
        (v6("2001:db8::10:5070"), None)
    );
    let clear = uri("sip:[2001:db8::10]:5070").unwrap();
    assert_eq!((clear.host, clear.port), (v6("2001:db8::10"), Some(5070)));
    let several = "Contact: \"Caller\" <sip:caller@[2001:db8::9:1]>\r\nRecord-Route: <sip:[2001:db8::1]:5061;lr>, <sip:10.0.0.1;lr>\r\n";
    let m = Message::parse(&invite(several, "")).unwrap();
    assert_eq!(
        m.contact().unwrap().parsed().unwrap().host,
        v6("2001:db8::9:1")
    );
    assert_eq!(m.values(Name::RecordRoute).count(), 2);
    assert_eq!(
        uri("sip:user@[::ffff:192.0.2.10]:19823").unwrap().port,
        Some(19823)
    );
    assert_eq!(
        refused(&with_uri("sip:[2001:db8:::192.0.2.1]")),
        (400, true)
    );
}

fn with_uri(uri: &str) -> Vec<u8> {
    String::from_utf8(invite("", ""))
        .unwrap()
        .replace("sip:+442079460123@192.0.2.1", uri)
        .into_bytes()
}
