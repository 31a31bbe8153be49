//! What a whole forwarded call costs the call machine, without sockets: `cargo run --release -p lcr-core --example bench_sip_calls`.
//! Processor time; the share of the two telephones (writing and reading six messages) is in it.
#![allow(clippy::unwrap_used, clippy::float_arithmetic)]
use lcr_core::sip::call::{B2bua, Config, Decision, Event, Input, Local, Ports, Route, Target};
use lcr_core::sip::message::{Message, Writer, phrase, reply};
use lcr_core::sip::name::Name;
use lcr_core::sip::peer::{Peer, Transport};

const SDP: &[u8] = b"v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";

fn peer(address: &str) -> Peer {
    Peer {
        transport: Transport::Udp,
        address: address.parse().unwrap(),
        socket: 0,
    }
}

fn route() -> Decision {
    let target = Target {
        name: "b".into(),
        uri: b"sip:4420@203.0.113.1:5060".to_vec(),
        peer: peer("203.0.113.1:5060"),
        from: b"<sip:331@192.0.2.1>".to_vec(),
        asserted: None,
        headers: vec![],
        credentials: None,
        next_on: vec![503],
        ring_limit: 60_000_000,
    };
    let ip = "192.0.2.1".parse().unwrap();
    Decision::Route(Box::new(Route {
        targets: vec![target],
        media: Some(Ports {
            toward_a: (ip, vec![30_000]),
            toward_b: (ip, vec![30_002]),
        }),
        talk_limit: 3_600_000_000,
        follow_redirects: false,
        follow_contact: false,
    }))
}

fn request(method: &str, call: u32, cseq: u32, to: &[u8]) -> Writer {
    let mut out = Writer::request(method.as_bytes(), b"sip:4420@192.0.2.1");
    out.header(
        "Via",
        format!("SIP/2.0/UDP 198.51.100.1;rport;branch=z9hG4bK{method}{call}"),
    );
    out.header("Max-Forwards", "70")
        .header("From", format!("<sip:331@198.51.100.1>;tag={call}"))
        .header("To", to);
    out.header("Call-ID", format!("{call}@198.51.100.1"))
        .header("CSeq", format!("{cseq} {method}"));
    out.header("Contact", "<sip:331@198.51.100.1>");
    out
}

/// Nanoseconds this process had a processor: right also where others take turns on it.
fn processor_ns() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

fn main() {
    let calls = 20_000_u32;
    let (a, b) = (peer("198.51.100.1:5060"), peer("203.0.113.1:5060"));
    let mut machine = B2bua::new(Config {
        locals: vec![Local {
            transport: Transport::Udp,
            address: "192.0.2.1:5060".parse().unwrap(),
        }],
        calls: 100_000,
        transactions: 1_000_000,
        prefix: String::new(),
        ask_loops: false,
        seed: [1; 32],
        agent: "tandem".into(),
    });
    let mut records = 0;
    let begun = processor_ns();
    let mut step = |now: u64, input: Input<'_>| {
        let mut out = machine.step(now, input);
        let asked = out.events.iter().find_map(|e| match e {
            Event::Ask { call, .. } => Some(*call),
            _ => None,
        });
        if let Some(call) = asked {
            let more = machine.step(
                now,
                Input::Decide {
                    call,
                    decision: route(),
                },
            );
            out.send.extend(more.send);
        }
        // Timers of earlier calls are paid as they fall due.
        if machine.deadline().is_some_and(|at| at <= now) {
            let more = machine.step(now, Input::Time);
            out.events.extend(more.events);
        }
        records += out
            .events
            .iter()
            .filter(|e| matches!(e, Event::Ended(_)))
            .count();
        out.send
    };
    let to = &b"<sip:4420@192.0.2.1>"[..];
    for call in 0..calls {
        // 500 calls a second.
        let now = u64::from(call) * 2_000;
        let invite = request("INVITE", call, 1, to).body(Some(b"application/sdp"), SDP);
        let sent = step(
            now,
            Input::Packet {
                from: a,
                bytes: &invite,
            },
        );
        let invite = Message::parse(&sent.last().unwrap().bytes).unwrap();
        let answer = |request: &Message, code: u16, body: &[u8]| {
            let mut out = reply(
                request,
                "192.0.2.1:5060".parse().unwrap(),
                code,
                phrase(code),
                Some(b"b"),
            );
            out.header("Contact", "<sip:b@203.0.113.1>");
            out.body((!body.is_empty()).then_some(b"application/sdp"), body)
        };
        step(
            now,
            Input::Packet {
                from: b,
                bytes: &answer(&invite, 180, b""),
            },
        );
        let sent = step(
            now,
            Input::Packet {
                from: b,
                bytes: &answer(&invite, 200, SDP),
            },
        );
        let ok = sent
            .iter()
            .map(|s| Message::parse(&s.bytes).unwrap())
            .find(|m| m.code() == 200)
            .unwrap();
        let to = ok.header(Name::To).unwrap();
        step(
            now,
            Input::Packet {
                from: a,
                bytes: &request("ACK", call, 1, to).end(),
            },
        );
        let sent = step(
            now,
            Input::Packet {
                from: a,
                bytes: &request("BYE", call, 2, to).end(),
            },
        );
        let bye = sent
            .iter()
            .map(|s| Message::parse(&s.bytes).unwrap())
            .find(|m| m.method_text() == b"BYE")
            .unwrap();
        step(
            now,
            Input::Packet {
                from: b,
                bytes: &answer(&bye, 200, b""),
            },
        );
    }
    assert_eq!(records, usize::try_from(calls).unwrap());
    let each = (processor_ns() - begun) / 1e3 / f64::from(calls);
    println!("{calls} calls: {each:.1} us of processor a call, both telephones played");
}
