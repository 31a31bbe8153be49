//! Each timer of each transaction under a virtual clock.
use std::sync::Arc;

use crate::sip::clock::{Micros, SECOND};
use crate::sip::message::{Message, Writer, reply};
use crate::sip::peer::{Peer, Transport};
use crate::sip::transaction::layer::{Expired, Outgoing};
use crate::sip::transaction::{ClientId, Layer, Received, ServerId};

fn peer(transport: Transport) -> Peer {
    Peer {
        transport,
        address: "192.0.2.9:5060".parse().unwrap(),
        socket: 1,
    }
}

fn request(method: &str, branch: &str, extra: &[(&str, &str)]) -> Arc<[u8]> {
    let mut out = Writer::request(method.as_bytes(), b"sip:b@192.0.2.1");
    out.header("Via", format!("SIP/2.0/UDP 192.0.2.9:5060;rport{branch}"));
    out.header("Max-Forwards", "70");
    for (name, value) in extra {
        out.header(name, value);
    }
    out.header("From", "<sip:a@b>;tag=1")
        .header("To", "<sip:c@d>")
        .header("Call-ID", "x@y");
    out.header("CSeq", format!("1 {method}"));
    out.end()
}

fn answer(request: &[u8], code: u16) -> Message {
    let request = Message::parse(request).unwrap();
    let source = "192.0.2.1:5060".parse().unwrap();
    Message::parse(&reply(&request, source, code, "x", Some(b"t")).end()).unwrap()
}

/// Milliseconds at which something was sent, until nothing is left to do; and what expired.
fn run(layer: &mut Layer, mut now: Micros) -> (Vec<u64>, Vec<(u64, Expired)>) {
    let (mut sent, mut expired) = (Vec::new(), Vec::new());
    while let Some(at) = layer.deadline() {
        assert!(at >= now && at < 400 * SECOND);
        now = at;
        let mut out = Vec::new();
        expired.extend(
            layer
                .expire(now, &mut out)
                .into_iter()
                .map(|e| (now / 1000, e)),
        );
        sent.extend(out.iter().map(|_| now / 1000));
    }
    (sent, expired)
}

fn client(method: &str, transport: Transport) -> (Layer, ClientId, Arc<[u8]>) {
    let mut layer = Layer::new(10);
    let bytes = request(method, ";branch=z9hG4bKq", &[("Route", "<sip:r;lr>")]);
    let mut out = Vec::new();
    let id = layer.request(
        0,
        method.as_bytes(),
        b"z9hG4bKq",
        Arc::clone(&bytes),
        peer(transport),
        &mut out,
    );
    assert_eq!(
        out,
        [Outgoing {
            to: peer(transport),
            bytes: Arc::clone(&bytes)
        }]
    );
    (layer, id, bytes)
}

fn feed(layer: &mut Layer, now: Micros, message: &Message) -> (Received, Vec<Outgoing>) {
    let mut out = Vec::new();
    let received = layer.receive(now, message, peer(Transport::Udp), false, &mut out);
    (received, out)
}

#[test]
fn an_unanswered_invite_is_sent_by_timer_a_until_timer_b() {
    let (mut layer, id, _) = client("INVITE", Transport::Udp);
    let (sent, expired) = run(&mut layer, 0);
    assert_eq!(sent, [500, 1500, 3500, 7500, 15500, 31500]);
    assert_eq!(expired, [(32_000, Expired::Client(id))]);
    assert!(layer.is_empty());
    let (mut layer, id, _) = client("INVITE", Transport::Tcp);
    assert_eq!(
        run(&mut layer, 0),
        (vec![], vec![(32_000, Expired::Client(id))])
    );
}

#[test]
fn an_unanswered_request_is_sent_by_timer_e_until_timer_f() {
    let (mut layer, id, bytes) = client("BYE", Transport::Udp);
    let (sent, expired) = run(&mut layer, 0);
    assert_eq!(
        sent,
        [
            500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500
        ]
    );
    assert_eq!(expired, [(32_000, Expired::Client(id))]);
    // A 1xx makes the interval T2.
    let (mut layer, _, _) = client("BYE", Transport::Udp);
    feed(&mut layer, SECOND / 10, &answer(&bytes, 100));
    assert_eq!(run(&mut layer, 0).0[..3], [500, 4500, 8500]);
}

#[test]
fn a_ringing_invite_waits_without_timers_and_takes_every_2xx_until_timer_m() {
    let (mut layer, id, bytes) = client("INVITE", Transport::Udp);
    assert_eq!(
        feed(&mut layer, 1, &answer(&bytes, 180)).0,
        Received::Response(id)
    );
    assert!(layer.proceeding(id));
    assert_eq!(layer.deadline(), None);
    for now in [2, 3, 4] {
        assert_eq!(
            feed(&mut layer, now, &answer(&bytes, 200)).0,
            Received::Response(id)
        );
    }
    assert_eq!(
        feed(&mut layer, 5, &answer(&bytes, 180)).0,
        Received::Absorbed,
        "an 18x behind the 200"
    );
    assert_eq!(
        feed(&mut layer, 5, &answer(&bytes, 486)).0,
        Received::Absorbed
    );
    assert_eq!(run(&mut layer, 5), (vec![], vec![]));
    assert!(layer.is_empty());
    assert_eq!(feed(&mut layer, 6, &answer(&bytes, 200)).0, Received::Stray);
}

#[test]
fn a_refused_invite_acknowledges_every_copy_until_timer_d() {
    let (mut layer, id, bytes) = client("INVITE", Transport::Udp);
    let (received, out) = feed(&mut layer, 1, &answer(&bytes, 486));
    assert_eq!((received, out.len()), (Received::Response(id), 1));
    let ack = Message::parse(&out[0].bytes).unwrap();
    assert_eq!(
        (ack.method_text(), ack.to_tag(), ack.cseq()),
        (&b"ACK"[..], Some(&b"t"[..]), 1)
    );
    assert_eq!(ack.branch(), Some(&b"z9hG4bKq"[..]));
    assert_eq!(
        ack.header(crate::sip::name::Name::Route),
        Some(&b"<sip:r;lr>"[..])
    );
    let (received, again) = feed(&mut layer, 2, &answer(&bytes, 486));
    assert_eq!((received, &again), (Received::Absorbed, &out));
    assert_eq!(layer.deadline(), Some(1 + 32 * SECOND));
    run(&mut layer, 2);
    assert!(layer.is_empty());
    let (mut layer, _, bytes) = client("INVITE", Transport::Tls);
    feed(&mut layer, 1, &answer(&bytes, 486));
    assert!(layer.is_empty(), "timer D is 0 over a reliable transport");
}

#[test]
fn an_answered_request_absorbs_copies_until_timer_k() {
    let (mut layer, id, bytes) = client("BYE", Transport::Udp);
    assert_eq!(
        feed(&mut layer, 1, &answer(&bytes, 200)).0,
        Received::Response(id)
    );
    assert_eq!(
        feed(&mut layer, 2, &answer(&bytes, 200)).0,
        Received::Absorbed
    );
    assert_eq!(layer.deadline(), Some(1 + 5 * SECOND));
    let (mut layer, _, bytes) = client("BYE", Transport::Tcp);
    feed(&mut layer, 1, &answer(&bytes, 200));
    assert!(layer.is_empty());
}

fn server(method: &str, transport: Transport) -> (Layer, ServerId, Message) {
    let mut layer = Layer::new(10);
    let message = Message::parse(&request(method, ";branch=z9hG4bKq", &[])).unwrap();
    match layer.receive(0, &message, peer(transport), false, &mut Vec::new()) {
        Received::Request(id) => (layer, id, message),
        other => panic!("{other:?}"),
    }
}

fn respond(
    layer: &mut Layer,
    now: Micros,
    id: ServerId,
    request: &Message,
    code: u16,
) -> Vec<Outgoing> {
    let mut out = Vec::new();
    let bytes = answer(request.bytes(), code).bytes().into();
    layer.respond(now, id, code, bytes, &mut out);
    out
}

#[test]
fn a_refusal_is_sent_by_timer_g_until_timer_h() {
    let (mut layer, id, invite) = server("INVITE", Transport::Udp);
    respond(&mut layer, 0, id, &invite, 486);
    let (sent, expired) = run(&mut layer, 0);
    assert_eq!(
        sent,
        [
            500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500
        ]
    );
    assert_eq!(expired, [(32_000, Expired::Server(id))]);
    assert!(layer.is_empty());
}

#[test]
fn an_ack_ends_the_copies_and_timer_i_swallows_the_rest() {
    let (mut layer, id, invite) = server("INVITE", Transport::Udp);
    respond(&mut layer, 0, id, &invite, 180);
    assert_eq!(
        feed(&mut layer, 1, &invite).1.len(),
        1,
        "a copy of the INVITE gets the last answer"
    );
    respond(&mut layer, 2, id, &invite, 486);
    let ack = Message::parse(&request("ACK", ";branch=z9hG4bKq", &[])).unwrap();
    assert_eq!(feed(&mut layer, 3, &ack), (Received::Absorbed, vec![]));
    assert_eq!(layer.deadline(), Some(3 + 5 * SECOND));
    assert_eq!(feed(&mut layer, 4, &ack), (Received::Absorbed, vec![]));
    assert_eq!(feed(&mut layer, 4, &invite), (Received::Absorbed, vec![]));
    run(&mut layer, 4);
    assert!(layer.is_empty());
    let (mut layer, id, invite) = server("INVITE", Transport::Tcp);
    respond(&mut layer, 2, id, &invite, 486);
    assert_eq!(
        layer.deadline(),
        Some(2 + 32 * SECOND),
        "timer H runs, timer G does not"
    );
    feed(&mut layer, 3, &ack);
    assert!(layer.is_empty(), "timer I is 0");
}

#[test]
fn an_accepted_invite_swallows_copies_until_timer_l() {
    let (mut layer, id, invite) = server("INVITE", Transport::Udp);
    respond(&mut layer, 0, id, &invite, 200);
    assert_eq!(feed(&mut layer, 1, &invite), (Received::Absorbed, vec![]));
    let ack = Message::parse(&request("ACK", ";branch=z9hG4bKother", &[])).unwrap();
    assert_eq!(feed(&mut layer, 2, &ack).0, Received::Ack);
    assert_eq!(
        respond(&mut layer, 3, id, &invite, 200).len(),
        1,
        "the user repeats its 2xx"
    );
    assert_eq!(layer.deadline(), Some(32 * SECOND));
    run(&mut layer, 3);
    assert!(layer.is_empty());
}

#[test]
fn another_request_repeats_its_answer_until_timer_j() {
    let (mut layer, id, bye) = server("BYE", Transport::Udp);
    assert_eq!(
        feed(&mut layer, 0, &bye),
        (Received::Absorbed, vec![]),
        "nothing to repeat yet"
    );
    respond(&mut layer, 1, id, &bye, 200);
    assert_eq!(feed(&mut layer, 2, &bye).1.len(), 1);
    assert_eq!(layer.deadline(), Some(1 + 32 * SECOND));
    let (mut layer, id, bye) = server("BYE", Transport::Tls);
    respond(&mut layer, 1, id, &bye, 200);
    assert!(layer.is_empty());
}

#[test]
fn messages_are_matched_by_branch_sent_by_and_method() {
    let (mut layer, id, invite) = server("INVITE", Transport::Udp);
    let cancel = Message::parse(&request("CANCEL", ";branch=z9hG4bKq", &[])).unwrap();
    assert_eq!(layer.cancelled(&cancel), Some(id));
    assert!(matches!(feed(&mut layer, 0, &cancel).0, Received::Request(other) if other != id));
    // The same request by another way.
    let other = Message::parse(&request("INVITE", ";branch=z9hG4bKz", &[])).unwrap();
    assert!(matches!(feed(&mut layer, 0, &other).0, Received::Merged(_)));
    // The same branch from another sender is another transaction.
    let text = String::from_utf8(invite.bytes().to_vec()).unwrap();
    let foreign =
        Message::parse(text.replace("192.0.2.9:5060", "192.0.2.9:5061").as_bytes()).unwrap();
    assert!(matches!(
        feed(&mut layer, 0, &foreign).0,
        Received::Merged(_)
    ));
}

#[test]
fn a_request_said_again_after_a_challenge_is_no_copy() {
    for (code, copy) in [(401, false), (407, false), (486, true)] {
        let mut layer = Layer::new(10);
        let invite = Message::parse(&request("INVITE", ";branch=z9hG4bKa", &[])).unwrap();
        let Received::Request(id) = feed(&mut layer, 0, &invite).0 else {
            panic!()
        };
        respond(&mut layer, 0, id, &invite, code);
        let again = Message::parse(&request("INVITE", ";branch=z9hG4bKb", &[])).unwrap();
        let received = feed(&mut layer, 1, &again).0;
        assert_eq!(matches!(received, Received::Merged(_)), copy, "{code}");
        let third = Message::parse(&request("INVITE", ";branch=z9hG4bKc", &[])).unwrap();
        assert!(matches!(feed(&mut layer, 1, &third).0, Received::Merged(_)));
    }
}

#[test]
fn without_a_branch_the_rules_of_rfc_2543_match() {
    for branch in ["", ";branch=1", ";branch=z9hG4bK"] {
        let mut layer = Layer::new(10);
        let invite = Message::parse(&request("INVITE", branch, &[])).unwrap();
        let Received::Request(id) = feed(&mut layer, 0, &invite).0 else {
            panic!()
        };
        assert_eq!(feed(&mut layer, 0, &invite).0, Received::Absorbed);
        respond(&mut layer, 0, id, &invite, 486);
        let ack = String::from_utf8(request("ACK", branch, &[]).to_vec())
            .unwrap()
            .replace("<sip:c@d>", "<sip:c@d>;tag=t");
        assert_eq!(
            feed(&mut layer, 1, &Message::parse(ack.as_bytes()).unwrap()).0,
            Received::Absorbed
        );
        assert_eq!(layer.deadline(), Some(1 + 5 * SECOND));
    }
}

#[test]
fn a_full_table_takes_no_more_but_keeps_what_it_has() {
    let mut layer = Layer::new(2);
    for (branch, expected) in [("a", true), ("b", true), ("c", false)] {
        let text = String::from_utf8(
            request("OPTIONS", &format!(";branch=z9hG4bK{branch}"), &[]).to_vec(),
        )
        .unwrap();
        let message = Message::parse(text.replace("x@y", branch).as_bytes()).unwrap();
        assert_eq!(feed(&mut layer, 0, &message).0 != Received::Full, expected);
    }
}

#[test]
fn an_unreachable_peer_is_a_timeout_at_once() {
    let (mut layer, id, _) = client("INVITE", Transport::Tcp);
    assert_eq!(
        layer.transport_error(5, peer(Transport::Tcp), &mut Vec::new()),
        [Expired::Client(id)]
    );
    assert!(layer.is_empty());
}

#[test]
fn a_flood_of_one_address_fills_its_share_and_calls_that_exist_have_room() {
    let mut layer = Layer::new(400);
    let from = |ip: &str| Peer {
        address: format!("{ip}:5060").parse().unwrap(),
        ..peer(Transport::Udp)
    };
    let taken = |layer: &mut Layer, ip: &str, n: usize, known: bool| {
        let branch = format!(";branch=z9hG4bK{ip}x{n}x{known}");
        let message = Message::parse(&request("OPTIONS", &branch, &[])).unwrap();
        layer.receive(0, &message, from(ip), known, &mut Vec::new()) != Received::Full
    };
    let flood = |layer: &mut Layer, ip: &str, known| {
        (0..500).filter(|n| taken(layer, ip, *n, known)).count()
    };
    assert_eq!(flood(&mut layer, "192.0.2.1", false), 100, "a quarter");
    assert_eq!(
        flood(&mut layer, "192.0.2.2", false),
        100,
        "another has its own"
    );
    assert_eq!(flood(&mut layer, "192.0.2.1", true), 500, "calls go on");
    assert_eq!(flood(&mut layer, "192.0.2.3", false), 0, "all is full");
    assert_eq!(flood(&mut layer, "192.0.2.2", true), 100, "twice the limit");
}
