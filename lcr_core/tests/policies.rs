//! The policies of the trade (docs/decision.md 5), each by an example that can be worked out by hand.
#![allow(clippy::unwrap_used)]

mod support;

use lcr_core::decide::{Decision, Prepared, decide};
use lcr_core::number::DigitKey;
use lcr_core::policy::verdict::Verdict;
use lcr_core::query::{Call, Common, Query, Scope};
use lcr_core::snapshot::Snapshot;
use lcr_core::state::{View, Words};
use support::{EPOCH, Rate, index_bytes, snapshot_of};

/// Offers 1, 2, 3, 4 of carriers 11 … 14, 44 at 1, 2, 3, 4 thousandths; `words[i]` = more words of offer i + 1.
fn market(words: [&str; 4], more: &str) -> Snapshot {
    let offers: Vec<(i64, i64, Vec<Rate>)> = (1..=4)
        .map(|i| (i, 10 + i, vec![Rate::new("44", i * 1_000_000)]))
        .collect();
    let offer = |(i, words): (i64, &&str)| {
        let carrier = 10 + i;
        format!(r#"{{"offer_id":{i},"carrier_id":{carrier},"vendor":"v{i}","product":"p"{words}}}"#)
    };
    let lines: Vec<String> = (1..).zip(&words).map(offer).collect();
    let access = format!(
        r#"{{"base_currency":"USD","fx":{{}},"offers":[{}]{more}}}"#,
        lines.join(",")
    );
    snapshot_of(&index_bytes(&offers), &access).unwrap()
}

fn plain() -> Snapshot {
    market([""; 4], "")
}

fn common(policy: &str) -> Common {
    Common {
        policy: Some(serde_json::from_str(policy).unwrap()),
        ..Common::default()
    }
}

fn call(call_id: Option<&str>) -> Call {
    let mut call = Call::new(DigitKey::from_digits("442079460000").unwrap(), EPOCH);
    call.call_id = call_id.map(str::to_owned);
    call
}

/// Offer ids by rank; lists and rows must agree.
fn order(
    snapshot: &Snapshot,
    view: Option<&View>,
    policy: &str,
    call_id: Option<&str>,
) -> Vec<i64> {
    let common = common(policy);
    let prepared = Prepared::new(snapshot, view, &common).unwrap();
    let decision = prepared.decide(&call(call_id)).unwrap();
    assert_eq!(decision, prepared.decide_by_rows(&call(call_id)).unwrap());
    let id = |r: &lcr_core::decide::Route| snapshot.access.offers[r.offer as usize].offer_id;
    decision.routes.iter().map(id).collect()
}

fn explained(snapshot: &Snapshot, policy: &str) -> Decision {
    let mut call = call(None);
    call.explain = Some(Scope::All);
    let common = common(policy);
    decide(snapshot, None, &Query { common, call }).unwrap()
}

fn verdict(snapshot: &Snapshot, policy: &str, offer_id: i64) -> (Verdict, String) {
    let lines = explained(snapshot, policy).explain.unwrap();
    let of = |offer: u32| snapshot.access.offers[offer as usize].offer_id;
    let line = lines.iter().find(|l| of(l.offer) == offer_id).unwrap();
    (line.verdict, line.detail.clone())
}

#[test]
fn ten_thousand_calls_are_shared_within_a_point_and_a_half() {
    let snapshot = market(
        [r#","weight":60"#, r#","weight":30"#, r#","weight":10"#, ""],
        "",
    );
    let mut first = [0u32; 5];
    for i in 0..10_000 {
        let routes = order(
            &snapshot,
            None,
            r#"{"kind":"percentage"}"#,
            Some(&format!("call-{i}")),
        );
        assert_eq!(routes.last(), Some(&4)); // no weight: after all others
        first[routes[0] as usize] += 1;
    }
    for (got, want) in first[1..].iter().zip([6_000u32, 3_000, 1_000, 0]) {
        assert!(got.abs_diff(want) <= 150, "{first:?}");
    }
}

#[test]
fn the_same_call_draws_the_same_order_and_fewer_routes_do_not_change_it() {
    let snapshot = market([r#","weight":1"#; 4], "");
    let all = order(&snapshot, None, r#"{"kind":"percentage"}"#, Some("abc"));
    assert_eq!(
        order(&snapshot, None, r#"{"kind":"percentage"}"#, Some("abc")),
        all
    );
    let mut two = common(r#"{"kind":"percentage"}"#);
    two.max = Some(2);
    let decision = Prepared::new(&snapshot, None, &two)
        .unwrap()
        .decide(&call(Some("abc")))
        .unwrap();
    let ids: Vec<i64> = decision
        .routes
        .iter()
        .map(|r| i64::from(r.offer) + 1)
        .collect();
    assert_eq!(ids, all[..2]);
}

#[test]
fn forced_offers_come_first_in_their_order_and_exclusive_ones_alone() {
    let snapshot = plain();
    assert_eq!(
        order(&snapshot, None, r#"{"first_offers":[4,2]}"#, None),
        [4, 2, 1, 3]
    );
    assert_eq!(
        order(&snapshot, None, r#"{"only_offers":[3,2]}"#, None),
        [2, 3]
    );
    assert_eq!(
        verdict(&snapshot, r#"{"only_offers":[3,2]}"#, 1).0,
        Verdict::NotExclusive
    );
    assert_eq!(
        order(
            &snapshot,
            None,
            r#"{"only_offers":[3,2],"first_offers":[3]}"#,
            None
        ),
        [3, 2]
    );
}

#[test]
fn a_demoted_route_is_a_last_resort_even_when_it_is_forced() {
    let snapshot = plain();
    let words = r#"{"generation":1,"demoted":[{"offer_id":4,"code":"44","level":"critical"},{"offer_id":1,"code":"442","level":"critical"},
        {"offer_id":2,"code":"44","level":"warn"}]}"#;
    let view = View::compile(&snapshot, &Words::parse(words).unwrap()).unwrap();
    assert_eq!(order(&snapshot, Some(&view), "{}", None), [2, 3, 1, 4]);
    assert_eq!(
        order(&snapshot, Some(&view), r#"{"first_offers":[4,3]}"#, None),
        [3, 2, 4, 1]
    );
}

#[test]
fn bands_of_cost_are_formed_among_the_eligible_and_ordered_by_priority() {
    let snapshot = market(
        [
            r#","priority":9,"enabled":false"#,
            r#","priority":8"#,
            r#","priority":1"#,
            r#","priority":1"#,
        ],
        "",
    );
    // 1 is off: the band begins at 2 (0.002), 0.003 is within 0.001, 0.004 is not.
    let policy = r#"{"kind":"cost_delta","delta_nanos":1000000}"#;
    assert_eq!(order(&snapshot, None, policy, None), [3, 2, 4]);
    assert_eq!(
        order(&snapshot, None, r#"{"kind":"priority"}"#, None),
        [3, 4, 2]
    );
}

#[test]
fn what_an_offer_cannot_do_refuses_it_in_plain_words() {
    let snapshot = market(
        [
            r#","keeps_cli":false"#,
            r#","keeps_identity":true"#,
            r#","max_digits":11"#,
            r#","min_digits":13"#,
        ],
        "",
    );
    assert_eq!(order(&snapshot, None, r#"{"need_cli":true}"#, None), [2]);
    assert_eq!(
        order(&snapshot, None, r#"{"need_signature":true}"#, None),
        [2]
    );
    let (length, why) = verdict(&snapshot, "{}", 3);
    assert_eq!(
        (length, why.as_str()),
        (
            Verdict::NumberLength,
            "442079460000 has 12 digits, this offer takes 1 to 11"
        )
    );
    assert_eq!(
        verdict(&snapshot, r#"{"need_cli":true}"#, 1).0,
        Verdict::Cli
    );
    assert_eq!(
        verdict(&snapshot, r#"{"need_signature":true}"#, 4).0,
        Verdict::Signature
    );
}

#[test]
fn an_offer_outside_its_hours_says_the_local_time_and_the_answer_holds_until_they_begin() {
    let hours = r#","schedule":{"zone":"Europe/Paris","open":[["thu 02:00","thu 03:00"]]}"#;
    let snapshot = market([hours, "", "", ""], "");
    // One second after 1970-01-01T00:00 UTC, a Thursday; Paris is one hour ahead.
    let decision = explained(&snapshot, "{}");
    assert_eq!(decision.valid_until, 3_600_000_000);
    let (refused, why) = verdict(&snapshot, "{}", 1);
    assert_eq!(
        (refused, why.as_str()),
        (
            Verdict::Schedule,
            "thu 01:00 in Europe/Paris is outside the offer's hours"
        )
    );
    let at_two = Call {
        at_us: 3_600_000_000,
        ..call(None)
    };
    let open = Prepared::new(&snapshot, None, &common("{}"))
        .unwrap()
        .decide(&at_two)
        .unwrap();
    assert_eq!((open.routes.len(), open.valid_until), (4, 7_200_000_000));
}

#[test]
fn the_destinations_own_durations_change_which_route_is_cheap() {
    // X: 0.0010 at 60/60; Y: 0.0011 at 1/1. At 180 s X is cheaper; calls of 12 s make Y cheaper.
    let x = Rate {
        initial: 60,
        next: 60,
        ..Rate::new("44", 1_000_000)
    };
    let offers = vec![(1, 11, vec![x]), (2, 12, vec![Rate::new("44", 1_100_000)])];
    let access = r#"{"base_currency":"USD","fx":{},"offers":[{"offer_id":1,"carrier_id":11,"vendor":"x","product":"p"},{"offer_id":2,"carrier_id":12,"vendor":"y","product":"p"}],
        "durations":[{"code":"4420","mix":[[12,900],[300,100]]}]}"#;
    let snapshot = snapshot_of(&index_bytes(&offers), access).unwrap();
    assert_eq!(order(&snapshot, None, "{}", None), [1, 2]);
    assert_eq!(order(&snapshot, None, r#"{"use_mix":true}"#, None), [2, 1]);
    let decision = explained(&snapshot, r#"{"use_mix":true}"#);
    assert_eq!(decision.mix.map(|c| c.to_string()).as_deref(), Some("4420"));
    // Y: 0.0011 a minute whatever the mix; D = 0.9·12 + 0.1·300 = 40.8 s.
    assert_eq!(
        (
            decision.basis,
            decision.effective_nanos(decision.routes[0].comparable)
        ),
        (40_800, 1_100_000)
    );
    // X: (0.9·60 + 0.1·300) s billed at 0.001 over 40.8 s.
    assert_eq!(
        decision.effective_nanos(decision.routes[1].comparable),
        2_058_824
    );
    // A query that states its own duration is answered by that.
    let mut own = common(r#"{"use_mix":true}"#);
    own.reference_seconds = Some(180);
    let plain = Prepared::new(&snapshot, None, &own)
        .unwrap()
        .decide(&call(None))
        .unwrap();
    assert_eq!((plain.mix, plain.basis), (None, 180));
}

#[test]
fn a_policy_that_names_an_unknown_offer_is_refused() {
    let json = r#"{"base_currency":"USD","fx":{},"trunks":[{"trunk_id":1,"company_id":1,"name":"t","policy":{"first_offers":[9]}}]}"#;
    let why = lcr_core::access::Access::parse(json.as_bytes())
        .err()
        .unwrap();
    assert!(why.contains("offer 9"), "{why}");
}
