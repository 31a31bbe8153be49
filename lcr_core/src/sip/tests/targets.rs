//! The trunks that are tried: answers, forks, failover, challenges.
use super::rig::{C, Rig, code, codes, only};
use super::world::{B, SDP, route, target};
use crate::sip::call::{EndedBy, Route};
use crate::sip::clock::SECOND;
use crate::sip::digest::client::Credentials;
use crate::sip::name::Name;

#[test]
fn forked_answers_are_taken_and_ended() {
    let mut rig = Rig::plain();
    let (invite, ok) = rig.connect(&[], &[]);
    let copy = rig.answers(B, &invite, 200, "b", &[], SDP);
    assert_eq!(
        codes(&copy),
        [("ACK".into(), 0)],
        "a copy of the 200 gets its ACK again"
    );
    let fork = rig.answers(B, &invite, 200, "other", &[], SDP);
    let (ack, bye) = (only(&fork, "ACK"), only(&fork, "BYE"));
    assert_eq!(
        (ack.to_tag(), bye.to_tag()),
        (Some(&b"other"[..]), Some(&b"other"[..]))
    );
    assert_eq!(bye.cseq(), ack.cseq() + 1);
    assert!(
        rig.answers(B, &invite, 180, "b", &[], b"").is_empty(),
        "an 18x behind the 200 is swallowed"
    );
    rig.a("BYE", 2, Some(&ok), &[], b"");
    assert_eq!(rig.ended().by, EndedBy::Caller);
}

#[test]
fn a_dead_trunk_gives_way_to_the_next() {
    let mut rig = Rig::new(route(vec![target("b", B), target("c", C)]));
    let first = only(&rig.a("INVITE", 1, None, &[], SDP), "INVITE");
    let said = rig.answers(B, &first, 503, "b", &[], b"");
    let (to, second) = said
        .iter()
        .find(|(_, m)| m.method_text() == b"INVITE")
        .unwrap();
    assert_eq!(
        (to.address, second.call_id() == first.call_id()),
        (C.parse().unwrap(), false)
    );
    let second = second.clone();
    rig.answers(C, &second, 180, "c", &[], b"");
    let said = rig.answers(C, &second, 486, "c", &[("Reason", "Q.850;cause=17")], b"");
    assert_eq!(code(&said, 486).q850(), Some(17));
    let record = rig.ended();
    let tried: Vec<_> = record
        .attempts
        .iter()
        .map(|a| (a.target.as_str(), a.code, a.q850, a.ringing.is_some()))
        .collect();
    assert_eq!(tried, [("b", 503, None, false), ("c", 486, Some(17), true)]);
    assert_eq!((record.code, record.q850), (486, Some(17)));
}

#[test]
fn a_silent_trunk_is_given_up_after_timer_b_and_a_ringing_one_after_its_limit() {
    let mut rig = Rig::plain();
    rig.a("INVITE", 1, None, &[], SDP);
    let said = rig.until(34 * SECOND);
    code(&said, 408);
    assert!(
        said.iter().all(|(_, m)| m.method_text() != b"CANCEL"),
        "never CANCEL before a 1xx"
    );
    let record = rig.ended();
    assert_eq!(
        (record.by, record.attempts[0].code),
        (EndedBy::NoAnswer, 408)
    );
    let mut rig = Rig::plain();
    let invite = only(&rig.a("INVITE", 1, None, &[], SDP), "INVITE");
    rig.answers(B, &invite, 180, "b", &[], b"");
    let said = rig.until(101 * SECOND);
    code(&said, 480);
    only(&said, "CANCEL");
    // It answers all the same.
    let late = rig.answers(B, &invite, 200, "b", &[], SDP);
    assert_eq!(codes(&late), [("ACK".into(), 0), ("BYE".into(), 0)]);
    let record = rig.ended();
    assert_eq!(
        (record.by, record.code, record.talked()),
        (EndedBy::NoAnswer, 480, 0)
    );
}

#[test]
fn redirects_are_asked_about_and_followed_to_what_was_decided() {
    let mut rig = Rig::new(Route {
        follow_redirects: true,
        ..route(vec![target("b", B)])
    });
    let invite = only(&rig.a("INVITE", 1, None, &[], SDP), "INVITE");
    let contacts = "<sip:2@203.0.113.2>;q=0.5, <sip:3@203.0.113.3>;q=0.9";
    let said = rig.answers(B, &invite, 302, "b", &[("Contact", contacts)], b"");
    assert_eq!(
        rig.contacts,
        [b"sip:3@203.0.113.3".to_vec(), b"sip:2@203.0.113.2".to_vec()]
    );
    let second = only(&said, "INVITE");
    code(&rig.answers(C, &second, 300, "c", &[], b""), 480);
    assert_eq!(rig.ended().attempts.len(), 2);
}

#[test]
fn a_trunk_that_asks_for_credentials_gets_them_once() {
    let mut with = target("b", B);
    with.credentials = Some(Credentials {
        user: "u".into(),
        password: "p".into(),
    });
    let mut rig = Rig::new(route(vec![with]));
    let invite = only(&rig.a("INVITE", 1, None, &[], SDP), "INVITE");
    let challenge = [(
        "Proxy-Authenticate",
        "Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256",
    )];
    let again = only(
        &rig.answers(B, &invite, 407, "b", &challenge, b""),
        "INVITE",
    );
    assert_eq!((again.cseq(), again.call_id()), (2, invite.call_id()));
    assert!(again.header(Name::ProxyAuthorization).is_some());
    let said = rig.answers(B, &again, 200, "b", &[], SDP);
    assert!(
        only(&said, "ACK")
            .header(Name::ProxyAuthorization)
            .is_some()
    );
    let ok = code(&said, 200);
    rig.a("ACK", 1, Some(&ok), &[], b"");
    rig.a("BYE", 2, Some(&ok), &[], b"");
    assert_eq!(rig.ended().attempts.len(), 1);
    let mut rig = Rig::plain();
    let invite = only(&rig.a("INVITE", 1, None, &[], SDP), "INVITE");
    code(&rig.answers(B, &invite, 407, "b", &challenge, b""), 503);
    assert_eq!(rig.ended().attempts[0].code, 407);
}

#[test]
fn an_offer_that_cannot_be_relayed_is_488() {
    let mut rig = Rig::plain();
    let two = [SDP, b"m=video 5000 RTP/AVP 31\r\n"].concat();
    code(&rig.a("INVITE", 1, None, &[], &two), 488);
    assert_eq!(rig.ended().code, 488);
}
