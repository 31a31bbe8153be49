//! Credentials and challenges of a stranger, and header values beside them.
#![no_main]
use lcr_core::sip::digest::Algorithm;
use lcr_core::sip::digest::client::{Credentials, answer};
use lcr_core::sip::digest::server::{Server, Verdict};
use lcr_core::sip::message::Message;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut server = Server::new("tandem", [7; 32]);
    let known = |user: &str, algorithm: Algorithm| {
        (user == "u").then(|| algorithm.ha1(b"u", b"tandem", b"p"))
    };
    let ip = "192.0.2.9".parse().unwrap();
    let verdict = server.verify(1_000_000, ip, b"INVITE", [data].into_iter(), known);
    assert!(!matches!(verdict, Verdict::Right(_)), "nobody guesses");
    let mut text =
        b"SIP/2.0 401 U\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\nWWW-Authenticate: "
            .to_vec();
    text.extend_from_slice(data);
    text.extend_from_slice(b"\r\n\r\n");
    let who = Credentials {
        user: "u".into(),
        password: "p".into(),
    };
    if let Ok(message) = Message::parse(&text)
        && let Some((_, value)) = answer(&message, &who, "INVITE", b"sip:h", "c", 1)
    {
        assert!(!value.contains(['\r', '\n']));
        let again = server.verify(
            1_000_000,
            ip,
            b"INVITE",
            [value.as_bytes()].into_iter(),
            known,
        );
        assert!(
            !matches!(again, Verdict::Right(_)),
            "a nonce that is not ours"
        );
    }
});
