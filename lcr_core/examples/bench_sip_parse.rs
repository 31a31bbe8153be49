//! How long one INVITE of 501 bytes takes to read and check, and datagrams that are made to cost much: `cargo run --release -p lcr-core --example bench_sip_parse`.
#![allow(clippy::unwrap_used, clippy::float_arithmetic)]
use std::hint::black_box;

use lcr_core::sip::message::Message;

const RUNS: u32 = 9;
const HEAD: &str = "INVITE sip:+442079460123@192.0.2.10:5060;user=phone SIP/2.0\r\n\
Via: SIP/2.0/UDP 192.0.2.20:5060;rport;branch=z9hG4bK776asdhds\r\n\
Max-Forwards: 70\r\n\
To: <sip:+442079460123@192.0.2.10>\r\n\
From: \"Alice\" <sip:+33123456789@192.0.2.20>;tag=1928301774\r\n\
Call-ID: a84b4c76e66710@192.0.2.20\r\n\
CSeq: 314159 INVITE\r\n\
Contact: <sip:+33123456789@192.0.2.20:5060>\r\n\
Content-Type: application/sdp\r\n";
const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.20\r\ns=-\r\nc=IN IP4 192.0.2.20\r\nt=0 0\r\nm=audio 49170 RTP/AVP 8\r\n";

/// Nanoseconds this process had a processor: right also where others take turns on it.
fn processor_ns() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

fn main() {
    let mut message = format!("{HEAD}Content-Length: {}\r\n\r\n{SDP}", SDP.len());
    // Padding brings it to the size the other parsers were measured with.
    let room = 501 - message.len();
    message = message.replacen("s=-", &format!("s={}", "-".repeat(room)), 1);
    message = message.replacen(
        &format!("Length: {}", SDP.len()),
        &format!("Length: {}", SDP.len() + room - 1),
        1,
    );
    message.truncate(501);
    let bytes = message.as_bytes();
    let rounds = 50_000;
    let best = best_us(bytes, rounds);
    println!(
        "{} bytes, {best:.2} us a message (best of {RUNS} x {rounds})",
        bytes.len()
    );
    let costly = |what: &str, line: String| {
        let bytes = message.replacen("Max-Forwards", &format!("{line}Max-Forwards"), 1);
        let refused = match Message::parse(bytes.as_bytes()) {
            Ok(_) => "taken",
            Err(_) => "refused",
        };
        let best = best_us(bytes.as_bytes(), 500);
        println!("{} bytes of {what}, {best:.2} us, {refused}", bytes.len());
    };
    costly("7,500 headers", "a:bcd\r\n".repeat(7_500));
    costly(
        "15,000 parameters",
        format!("Contact: <sip:a@b>{}\r\n", ";a=b".repeat(15_000)),
    );
    costly("one header", format!("X: {}\r\n", "a".repeat(60_000)));
}

/// Processor time of one message, the best of several runs.
fn best_us(bytes: &[u8], rounds: u32) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..RUNS {
        let start = processor_ns();
        for _ in 0..rounds {
            let _ = black_box(Message::parse(black_box(bytes)));
        }
        best = best.min((processor_ns() - start) / 1e3 / f64::from(rounds));
    }
    best
}
