//! Calls from the outside: what neither side learns, who is refused, who gives up.
use super::rig::{C, Rig, code, codes, only};
use super::world::{A, B, SDP, peer, route, target};
use crate::sip::call::{CallId, Decision, EndedBy, Input, Refusal};
use crate::sip::clock::SECOND;
use crate::sip::name::Name;

#[test]
fn neither_side_learns_of_the_other() {
    let mut rig = Rig::plain();
    let said = rig.a(
        "INVITE",
        1,
        None,
        &[
            ("Record-Route", "<sip:198.51.100.7;lr>"),
            ("User-Agent", "A-switch"),
            ("X-Secret", "a"),
        ],
        SDP,
    );
    let invite = only(&said, "INVITE");
    let text = String::from_utf8_lossy(invite.bytes()).into_owned();
    for word in ["198.51.100", "A-switch", "X-Secret", "c1", "z9hG4bKa"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    assert!(text.contains("m=audio 30002 ") && text.contains("c=IN IP4 192.0.2.1"));
    assert_eq!(invite.seconds(Name::MaxForwards), Some(69));
    let said = rig.answers(
        B,
        &invite,
        200,
        "b",
        &[
            ("Server", "B-switch"),
            ("Record-Route", "<sip:203.0.113.9;lr>"),
        ],
        SDP,
    );
    let ok = String::from_utf8_lossy(code(&said, 200).bytes()).into_owned();
    assert!(
        !ok.contains("203.0.113") && !ok.contains("B-switch") && ok.contains("m=audio 30000 "),
        "{ok}"
    );
    // The callee's route set is kept for what follows.
    assert_eq!(
        only(&said, "ACK").header(Name::Route),
        Some(&b"<sip:203.0.113.9;lr>"[..])
    );
}

#[test]
fn loops_strangers_and_refusals_are_answered() {
    let mut rig = Rig::plain();
    let invite = only(&rig.a("INVITE", 1, None, &[], SDP), "INVITE");
    let looped = String::from_utf8_lossy(invite.bytes()).into_owned();
    code(&rig.says(C, looped.as_bytes()), 482);
    let foreign = looped.replace("192.0.2.1:5060;branch=", "203.0.113.7:5060;branch=");
    code(&rig.says(C, foreign.as_bytes()), 482);
    // The same INVITE by another way.
    code(&rig.a("INVITE", 1, None, &[], SDP), 482);
    // Somebody of the network whose address is the one that our own inside goes by.
    let mut rig = Rig::plain();
    let own = "SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKv";
    only(&rig.a("INVITE", 1, None, &[("Via", own)], SDP), "INVITE");
    let mut rig = Rig::plain();
    code(
        &rig.a("INVITE", 1, None, &[("Max-Forwards", "0")], SDP),
        483,
    );
    code(&rig.a("BYE", 2, None, &[], b""), 481);
    code(&rig.a("CANCEL", 2, None, &[], b""), 481);
    code(&rig.a("REGISTER", 3, None, &[], b""), 405);
    code(&rig.a("NEWMETHOD", 4, None, &[], b""), 501);
    let options = code(&rig.a("OPTIONS", 5, None, &[], b""), 200);
    assert!(options.header(Name::Allow).is_some());
    assert!(rig.a("ACK", 6, None, &[], b"").is_empty());
    rig.until(200 * SECOND);
    assert!(rig.machine.is_empty() && rig.records.is_empty());
}

#[test]
fn refusals_leave_a_record_and_challenges_none() {
    for (status, records) in [(403, 1), (407, 0)] {
        let mut rig = Rig::plain();
        rig.hold = true;
        rig.a("INVITE", 1, None, &[], SDP);
        let call = crate::sip::call::CallId(1);
        let decision = Decision::Refuse(Refusal {
            code: status,
            headers: vec![("X-Why".into(), b"z".to_vec())],
        });
        let said = rig.step(Input::Decide { call, decision });
        assert_eq!(code(&said, status).other("x-why"), Some(&b"z"[..]));
        rig.until(100 * SECOND);
        assert_eq!((rig.records.len(), rig.machine.is_empty()), (records, true));
    }
}

#[test]
fn a_caller_may_give_up_before_anything_was_decided() {
    let mut rig = Rig::plain();
    rig.hold = true;
    rig.a("INVITE", 1, None, &[], SDP);
    rig.branch -= 1;
    let said = rig.a("CANCEL", 1, None, &[], b"");
    assert_eq!(codes(&said), [(String::new(), 200), (String::new(), 487)]);
    // The decision comes late and finds nobody.
    let call = crate::sip::call::CallId(1);
    let decision = Decision::Route(Box::new(route(vec![target("b", B)])));
    assert!(rig.step(Input::Decide { call, decision }).is_empty());
    let record = rig.ended();
    assert_eq!(
        (record.code, record.by, record.attempts.len()),
        (487, EndedBy::Caller, 0)
    );
}

#[test]
fn the_operator_and_broken_transports_end_calls() {
    let mut rig = Rig::plain();
    rig.connect(&[], &[]);
    let said = rig.step(Input::Hangup {
        call: crate::sip::call::CallId(1),
    });
    assert_eq!(
        said.iter()
            .filter(|(_, m)| m.method_text() == b"BYE")
            .count(),
        2
    );
    assert_eq!(rig.ended().by, EndedBy::Operator);
    let mut rig = Rig::plain();
    rig.a("INVITE", 1, None, &[], SDP);
    code(&rig.step(Input::TransportError { to: peer(B) }), 408);
    assert_eq!(rig.ended().code, 408);
}

#[test]
fn more_calls_than_allowed_are_refused_at_once() {
    let mut rig = Rig::plain();
    for n in 0..101 {
        let text = format!(
            "INVITE sip:1@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP {A};rport;branch=z9hG4bKm{n}\r\nFrom: <sip:a@b>;tag={n}\r\nTo: <sip:c@d>\r\nCall-ID: m{n}\r\nCSeq: 1 INVITE\r\nContact: <sip:a@{A}>\r\n\r\n"
        );
        let said = rig.says(A, text.as_bytes());
        assert_eq!(said.iter().any(|(_, m)| m.code() == 503), n == 100, "{n}");
    }
}

#[test]
fn a_process_that_ends_waits_for_nobodys_answer() {
    // Neither a BYE that is not answered nor an INVITE that cannot be cancelled yet keeps the record.
    let mut rig = Rig::plain();
    rig.connect(&[], &[]);
    rig.now += 5 * SECOND;
    let call = CallId(1);
    rig.step(Input::Hangup { call });
    assert!(rig.records.is_empty());
    rig.now += SECOND;
    rig.step(Input::LetGo { call });
    let record = rig.records.pop().unwrap();
    assert_eq!(
        (record.by, record.talked()),
        (EndedBy::Operator, 5 * SECOND)
    );
    assert!(rig.machine.is_idle());
    let mut rig = Rig::plain();
    only(&rig.a("INVITE", 1, None, &[], SDP), "INVITE");
    code(&rig.step(Input::LetGo { call }), 480);
    assert_eq!(
        (rig.records.len(), rig.records[0].by),
        (1, EndedBy::Operator)
    );
    assert!(rig.machine.is_idle());
    rig.until(100 * SECOND);
    assert!(rig.machine.is_empty() && rig.records.len() == 1);
}

#[test]
fn a_cancel_is_answered_with_the_tag_of_its_call_also_too_late() {
    let mut rig = Rig::plain();
    let said = rig.a("INVITE", 1, None, &[], SDP);
    let invite = only(&said, "INVITE");
    let ok = code(&rig.answers(B, &invite, 200, "b", &[], SDP), 200);
    rig.branch -= 1;
    let cancelled = rig.a("CANCEL", 1, None, &[], b"");
    assert_eq!(
        codes(&cancelled),
        [(String::new(), 200)],
        "and nothing else"
    );
    assert_eq!(cancelled[0].1.to_tag(), ok.to_tag());
    rig.branch += 2;
    rig.a("ACK", 1, Some(&ok), &[], b"");
    rig.a("BYE", 2, Some(&ok), &[], b"");
    let bye = rig.until(rig.now).into_iter().next();
    assert!(bye.is_none());
    assert_eq!(rig.ended().code, 200);
}
