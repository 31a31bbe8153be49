//! Requests within a call, its timers and its limits.
use super::rig::{Rig, code, codes, only};
use super::world::{A, B, SDP, route, target};
use crate::sip::call::{EndedBy, Route};
use crate::sip::clock::SECOND;
use crate::sip::name::Name;

#[test]
fn requests_within_the_call_pass_both_ways() {
    let mut rig = Rig::plain();
    let (invite, ok) = rig.connect(&[], &[]);
    let info = only(&rig.a("INFO", 2, Some(&ok), &[], b"Signal=5\r\n"), "INFO");
    assert_eq!(
        (info.body(), info.call_id()),
        (&b"Signal=5\r\n"[..], invite.call_id())
    );
    assert_eq!(
        code(&rig.answers(B, &info, 200, "b", &[], b""), 200).cseq(),
        2
    );
    let update = only(&rig.b("UPDATE", 1, &invite, &[], SDP), "UPDATE");
    assert!(String::from_utf8_lossy(update.body()).contains("m=audio 30000 "));
    code(&rig.answers(A, &update, 200, "a", &[], SDP), 200);
    let again = only(&rig.a("INVITE", 3, Some(&ok), &[], SDP), "INVITE");
    let said = rig.answers(B, &again, 200, "b", &[], SDP);
    assert_eq!(only(&said, "ACK").cseq(), again.cseq());
    let ok3 = code(&said, 200);
    rig.a("ACK", 3, Some(&ok3), &[], b"");
    let ask = only(&rig.b("OPTIONS", 2, &invite, &[], b""), "OPTIONS");
    code(&rig.answers(A, &ask, 200, "a", &[], b""), 200);
    rig.now += 7 * SECOND;
    let said = rig.b("BYE", 3, &invite, &[("Reason", "Q.850;cause=16")], b"");
    assert_eq!(only(&said, "BYE").q850(), Some(16));
    code(&said, 200);
    let bye = only(&said, "BYE");
    rig.answers(A, &bye, 200, "a", &[], b"");
    let record = rig.ended();
    assert_eq!(
        (record.by, record.talked(), record.q850),
        (EndedBy::Callee, 7 * SECOND, Some(16))
    );
}

#[test]
fn a_reinvite_without_offer_waits_for_the_ack_with_the_answer() {
    let mut rig = Rig::plain();
    let (invite, ok) = rig.connect(&[], &[]);
    let again = only(&rig.a("INVITE", 2, Some(&ok), &[], b""), "INVITE");
    assert!(again.body().is_empty());
    let said = rig.answers(B, &again, 200, "b", &[], SDP);
    assert!(said.iter().all(|(_, m)| m.method().is_none()), "no ACK yet");
    let said = rig.a("ACK", 2, Some(&ok), &[], SDP);
    assert!(String::from_utf8_lossy(only(&said, "ACK").body()).contains("m=audio 30002 "));
    rig.b("BYE", 1, &invite, &[], b"");
    rig.ended();
}

#[test]
fn crossing_reinvites_are_491_and_a_second_one_500() {
    let mut rig = Rig::plain();
    let (invite, ok) = rig.connect(&[], &[]);
    let again = only(&rig.a("INVITE", 2, Some(&ok), &[], SDP), "INVITE");
    code(&rig.b("INVITE", 1, &invite, &[], SDP), 491);
    code(&rig.b("UPDATE", 2, &invite, &[], SDP), 491);
    assert!(
        code(&rig.a("INVITE", 3, Some(&ok), &[], SDP), 500)
            .header(Name::RetryAfter)
            .is_some()
    );
    code(&rig.a("INFO", 2, Some(&ok), &[], b"x"), 500);
    code(&rig.answers(B, &again, 491, "b", &[], b""), 491);
    // Free again, now from the other side.
    let other = only(&rig.b("INVITE", 3, &invite, &[], SDP), "INVITE");
    rig.answers(A, &other, 200, "a", &[], SDP);
    rig.b("ACK", 3, &invite, &[], b"");
    rig.a("BYE", 9, Some(&ok), &[], b"");
    rig.ended();
}

#[test]
fn a_lost_dialog_ends_the_call() {
    let mut rig = Rig::plain();
    let (_, ok) = rig.connect(&[], &[]);
    let again = only(&rig.a("INVITE", 2, Some(&ok), &[], SDP), "INVITE");
    let said = rig.answers(B, &again, 481, "b", &[], b"");
    code(&said, 481);
    assert_eq!(
        said.iter()
            .filter(|(_, m)| m.method_text() == b"BYE")
            .count(),
        2
    );
    assert_eq!(rig.ended().by, EndedBy::Lost);
}

#[test]
fn session_timers_are_bounded_refreshed_and_end_dead_calls() {
    let mut rig = Rig::plain();
    let short = rig.a(
        "INVITE",
        1,
        None,
        &[("Session-Expires", "60"), ("Supported", "timer")],
        SDP,
    );
    assert_eq!(code(&short, 422).seconds(Name::MinSe), Some(90));
    assert!(rig.records.is_empty(), "a question of terms is no call");
    let mut rig = Rig::plain();
    let se = [
        ("Session-Expires", "90;refresher=uac"),
        ("Supported", "timer"),
    ];
    let (invite, ok) = rig.connect(
        &se,
        &[
            ("Session-Expires", "90;refresher=uac"),
            ("Require", "timer"),
        ],
    );
    assert!(invite.has_option(Name::Supported, "timer") && ok.has_option(Name::Require, "timer"));
    rig.until(50 * SECOND);
    let update = only(&rig.a("UPDATE", 2, Some(&ok), &se, b""), "UPDATE");
    rig.answers(
        B,
        &update,
        200,
        "b",
        &[("Session-Expires", "90;refresher=uac")],
        b"",
    );
    assert!(rig.until(109 * SECOND).is_empty(), "refreshed");
    let said = rig.until(110 * SECOND);
    assert_eq!(
        said.iter()
            .filter(|(_, m)| m.method_text() == b"BYE")
            .count(),
        2,
        "{:?}",
        codes(&said)
    );
    assert_eq!(rig.ended().by, EndedBy::SessionTimer);
}

#[test]
fn a_call_ends_at_its_limit() {
    let mut rig = Rig::new(Route {
        talk_limit: 30 * SECOND,
        ..route(vec![target("b", B)])
    });
    rig.connect(&[], &[]);
    let said = rig.until(31 * SECOND);
    assert_eq!(
        said.iter()
            .filter(|(_, m)| m.method_text() == b"BYE")
            .count(),
        2
    );
    let record = rig.ended();
    assert_eq!(
        (record.by, record.talked()),
        (EndedBy::TalkLimit, 30 * SECOND)
    );
}

#[test]
fn a_caller_that_never_confirms_is_hung_up() {
    let mut rig = Rig::plain();
    let invite = only(&rig.a("INVITE", 1, None, &[], SDP), "INVITE");
    rig.answers(B, &invite, 200, "b", &[], SDP);
    let said = rig.until(34 * SECOND);
    assert_eq!(
        said.iter().filter(|(_, m)| m.code() == 200).count(),
        10,
        "copies of the 200: {:?}",
        codes(&said)
    );
    assert_eq!(
        said.iter()
            .filter(|(_, m)| m.method_text() == b"BYE")
            .count(),
        4,
        "two and their first copies"
    );
    let record = rig.ended();
    assert_eq!((record.by, record.confirmed), (EndedBy::NoAck, None));
}
