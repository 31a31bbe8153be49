//! Two telephones, the call machine between them, a network that loses chosen packets, and a virtual clock.
use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::phone::{Phone, Script};
use crate::sip::call::{
    Actions, B2bua, Config, Decision, Event, Input, Local, Ports, Record, Route, Target,
};
use crate::sip::clock::{Micros, SECOND};
use crate::sip::peer::{Peer, Transport};
use crate::sip::transaction::layer::Outgoing;

pub(super) const MS: Micros = 1000;
const LATENCY: Micros = 10 * MS;
pub(super) const SDP: &[u8] = b"v=0\r\no=- 1 1 IN IP4 198.51.100.1\r\ns=-\r\nc=IN IP4 198.51.100.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";

pub(super) fn peer(address: &str) -> Peer {
    Peer {
        transport: Transport::Udp,
        address: address.parse().unwrap(),
        socket: 0,
    }
}

pub(super) const A: &str = "198.51.100.1:5060";
pub(super) const X: &str = "192.0.2.1:5060";
pub(super) const B: &str = "203.0.113.1:5060";

pub(super) fn machine() -> B2bua {
    let local = |transport| Local {
        transport,
        address: X.parse().unwrap(),
    };
    let inside = Local {
        transport: Transport::Inside,
        address: "127.0.0.1:9".parse().unwrap(),
    };
    B2bua::new(Config {
        locals: vec![local(Transport::Udp), local(Transport::Tcp), inside],
        calls: 100,
        transactions: 1000,
        prefix: String::new(),
        ask_loops: false,
        seed: [9; 32],
        agent: "tandem".into(),
    })
}

pub(super) fn target(name: &str, address: &str) -> Target {
    Target {
        name: name.into(),
        uri: format!("sip:4420@{address}").into_bytes(),
        peer: peer(address),
        from: b"<sip:331@192.0.2.1>".to_vec(),
        asserted: None,
        headers: vec![],
        credentials: None,
        next_on: vec![408, 503],
        ring_limit: 100 * SECOND,
    }
}

pub(super) fn route(targets: Vec<Target>) -> Route {
    Route {
        targets,
        media: Some(Ports {
            toward_a: ("192.0.2.1".parse().unwrap(), vec![30_000]),
            toward_b: ("192.0.2.1".parse().unwrap(), vec![30_002]),
        }),
        talk_limit: 3600 * SECOND,
        follow_redirects: false,
        follow_contact: false,
    }
}

/// What became of one run.
pub(super) struct Outcome {
    pub records: Vec<Record>,
    pub silent: usize,
    pub caller: Phone,
    pub callee: Phone,
    pub packets: usize,
    pub machine: B2bua,
}

/// Plays the script; the packets with these numbers, in the order of sending, are lost.
pub(super) fn play(script: Script, lost: &[usize]) -> Outcome {
    let mut out = Outcome {
        records: vec![],
        silent: 0,
        caller: Phone::new(A, true, script),
        callee: Phone::new(B, false, script),
        packets: 0,
        machine: machine(),
    };
    let mut wire: BTreeMap<(Micros, usize), (SocketAddr, Outgoing)> = BTreeMap::new();
    let (mut now, mut fresh) = (SECOND, Vec::new());
    let (a, x, b): (SocketAddr, SocketAddr, SocketAddr) =
        (A.parse().unwrap(), X.parse().unwrap(), B.parse().unwrap());
    let mut sent = Vec::new();
    out.caller.start(now, &mut sent);
    fresh.extend(sent.into_iter().map(|s| (a, s)));
    loop {
        for (from, outgoing) in fresh.drain(..) {
            if !lost.contains(&out.packets) {
                wire.insert((now + LATENCY, out.packets), (from, outgoing));
            }
            out.packets += 1;
        }
        let next = wire.keys().next().map(|(at, _)| *at);
        let deadlines = [
            next,
            out.caller.deadline(),
            out.callee.deadline(),
            out.machine.deadline(),
        ];
        let Some(at) = deadlines.into_iter().flatten().min() else {
            break;
        };
        assert!(at < 2000 * SECOND, "something never ends");
        now = now.max(at);
        if next == Some(at) {
            let (from, Outgoing { to, bytes }) = wire.pop_first().unwrap().1;
            let mut sent = Vec::new();
            if to.address == x {
                let input = Input::Packet {
                    from: Peer {
                        address: from,
                        ..to
                    },
                    bytes: &bytes,
                };
                let actions = out.machine.step(now, input);
                take(&mut out, now, actions, &mut fresh, x);
            } else if to.address == a {
                out.caller.receive(now, &bytes, &mut sent);
                fresh.extend(sent.into_iter().map(|s| (a, s)));
            } else if to.address == b {
                out.callee.receive(now, &bytes, &mut sent);
                fresh.extend(sent.into_iter().map(|s| (b, s)));
            }
            continue;
        }
        let mut sent = Vec::new();
        out.caller.time(now, &mut sent);
        fresh.extend(sent.drain(..).map(|s| (a, s)));
        out.callee.time(now, &mut sent);
        fresh.extend(sent.drain(..).map(|s| (b, s)));
        let actions = out.machine.step(now, Input::Time);
        take(&mut out, now, actions, &mut fresh, x);
    }
    out
}

fn take(
    out: &mut Outcome,
    now: Micros,
    actions: Actions,
    fresh: &mut Vec<(SocketAddr, Outgoing)>,
    x: SocketAddr,
) {
    assert!(actions.send.len() <= 12, "one step sends little");
    fresh.extend(actions.send.into_iter().map(|s| (x, s)));
    for event in actions.events {
        match event {
            Event::Ask { call, .. } => {
                let decision = Decision::Route(Box::new(route(vec![target("b", B)])));
                let actions = out.machine.step(now, Input::Decide { call, decision });
                take(out, now, actions, fresh, x);
            }
            Event::Ended(record) => out.records.push(*record),
            Event::Silent { .. } => out.silent += 1,
            Event::Redirected { .. }
            | Event::Attempt { .. }
            | Event::Media { .. }
            | Event::Answered { .. } => {}
        }
    }
}
