//! A datagram of a stranger: parsed, screened, put through the call machine with calls of its own under way; a stream of them.
#![no_main]
use lcr_core::sip::call::{B2bua, Config, Decision, Event, Input, Local, Ports, Route, Target};
use lcr_core::sip::message::Message;
use lcr_core::sip::peer::{Peer, Transport};
use lcr_core::sip::stream::{Frame, Framer};
use libfuzzer_sys::fuzz_target;

fn peer(address: &str) -> Peer {
    Peer {
        transport: Transport::Udp,
        address: address.parse().unwrap(),
        socket: 0,
    }
}

fn machine() -> B2bua {
    B2bua::new(Config {
        locals: vec![Local {
            transport: Transport::Udp,
            address: "192.0.2.1:5060".parse().unwrap(),
        }],
        calls: 8,
        transactions: 32,
        prefix: String::new(),
        ask_loops: false,
        seed: [1; 32],
        agent: "tandem".into(),
    })
}

fn route() -> Decision {
    let target = |address: &str| Target {
        name: "t".into(),
        uri: format!("sip:4420@{address}").into_bytes(),
        peer: peer(address),
        from: b"<sip:331@192.0.2.1>".to_vec(),
        asserted: None,
        headers: vec![],
        credentials: None,
        next_on: vec![408, 500, 503],
        ring_limit: 60_000_000,
    };
    let ports = ("192.0.2.1".parse().unwrap(), vec![30_000, 30_002]);
    Decision::Route(Box::new(Route {
        targets: vec![target("203.0.113.1:5060"), target("203.0.113.2:5060")],
        media: Some(Ports {
            toward_a: ports.clone(),
            toward_b: ports,
        }),
        talk_limit: 60_000_000,
        follow_redirects: true,
        follow_contact: true,
    }))
}

/// Messages of the input are cut at the byte 1; each comes from one of two sides, and what the machine sends out comes back in now
/// and then, so that answers find their transactions.
fn calls(data: &[u8]) {
    let mut machine = machine();
    let (mut now, mut asked, mut ended) = (1_000_000, 0, 0);
    let mut pending: Vec<Input<'_>> = Vec::new();
    for (index, text) in data.split(|b| *b == 1).take(24).enumerate() {
        let from = peer(if index % 2 == 0 {
            "198.51.100.1:5060"
        } else {
            "203.0.113.1:5060"
        });
        // A broken request gets its broken headers back; all else that is sent can be read.
        let readable = Message::parse(text).is_ok();
        pending.push(Input::Packet { from, bytes: text });
        while let Some(input) = pending.pop() {
            let actions = machine.step(now, input);
            assert!(actions.send.len() <= 64);
            for sent in &actions.send {
                assert!(
                    !readable || Message::parse(&sent.bytes).is_ok(),
                    "{}",
                    String::from_utf8_lossy(&sent.bytes)
                );
            }
            for event in actions.events {
                match event {
                    Event::Ask { call, .. } => {
                        asked += 1;
                        pending.push(Input::Decide {
                            call,
                            decision: route(),
                        });
                    }
                    Event::Redirected { call, .. } => pending.push(Input::Decide {
                        call,
                        decision: route(),
                    }),
                    Event::Ended(_) => ended += 1,
                    _ => {}
                }
            }
        }
        now += 700_000;
        if machine.deadline().is_some_and(|at| at <= now) {
            pending.push(Input::Time);
        }
    }
    let mut steps = 0;
    while let Some(at) = machine.deadline() {
        now = now.max(at);
        steps += 1;
        assert!(steps < 20_000, "the machine never comes to rest");
        for event in machine.step(now, Input::Time).events {
            match event {
                Event::Ended(_) => ended += 1,
                Event::Redirected { call, .. } | Event::Ask { call, .. } => {
                    let more = machine.step(
                        now,
                        Input::Decide {
                            call,
                            decision: route(),
                        },
                    );
                    ended += more
                        .events
                        .iter()
                        .filter(|e| matches!(e, Event::Ended(_)))
                        .count();
                }
                _ => {}
            }
        }
    }
    assert!(machine.is_empty(), "something is left");
    assert_eq!(asked, ended, "one record per call");
}

fuzz_target!(|data: &[u8]| {
    let _ = Message::parse(data);
    let mut framer = Framer::new();
    for chunk in data.chunks(7) {
        framer.push(chunk);
        while let Some(Ok(frame)) = framer.next_frame() {
            if let Frame::Message(bytes) = frame {
                let _ = Message::parse(&bytes);
            }
        }
    }
    calls(data);
});
