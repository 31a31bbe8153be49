//! The tracker: commands in, words out, and what decisions make of them.
#![allow(clippy::unwrap_used)]

mod support;

use lcr_core::decide::{Decision, Prepared, Status, decide};
use lcr_core::number::DigitKey;
use lcr_core::policy::verdict::Verdict;
use lcr_core::query::{Call, Common, Query, Scope};
use lcr_core::snapshot::Snapshot;
use lcr_core::state::{Command, CommandError, Level, Rules, Tracker, View, Words};
use support::{EPOCH, Rate, index_bytes, snapshot_of};

const SECOND: i64 = 1_000_000;

/// Offers 1, 2, 3 of carriers 11, 12, 13 at rising cost to 44 and (1 only) dear to 447.
fn market(more: &str) -> Snapshot {
    let rate = |code: &str, nanos| Rate::new(code, nanos);
    let offers = vec![
        (1, 11, vec![rate("44", 1_000_000), rate("447", 9_000_000)]),
        (2, 12, vec![rate("44", 2_000_000)]),
        (3, 13, vec![rate("44", 3_000_000)]),
    ];
    let offer = |id: i64, more: &str| {
        format!(
            r#"{{"offer_id":{id},"carrier_id":{},"vendor":"v{id}","product":"p"{more}}}"#,
            10 + id
        )
    };
    let access = format!(
        r#"{{"base_currency":"USD","fx":{{}},"offers":[{},{},{}],"trunks":[{{"trunk_id":1,"company_id":99,"name":"t",
        "grants":[{{"offer_id":1}},{{"offer_id":2}},{{"offer_id":3}}]}}]}}"#,
        offer(1, more),
        offer(2, ""),
        offer(3, "")
    );
    snapshot_of(&index_bytes(&offers), &access).unwrap()
}

fn ask(
    snapshot: &Snapshot,
    words: &Words,
    number: &str,
    call_id: Option<&str>,
    explain: bool,
) -> Decision {
    let view = View::compile(snapshot, words).unwrap();
    let common = Common {
        trunk: Some(1),
        ..Common::default()
    };
    let mut call = Call::new(DigitKey::from_digits(number).unwrap(), EPOCH);
    call.call_id = call_id.map(str::to_owned);
    let prepared = Prepared::new(snapshot, Some(&view), &common).unwrap();
    let by_lists = prepared.decide(&call).unwrap();
    assert_eq!(by_lists, prepared.decide_by_rows(&call).unwrap());
    if !explain {
        return by_lists;
    }
    call.explain = Some(Scope::All);
    decide(snapshot, Some(&view), &Query { common, call }).unwrap()
}

/// Offer ids of the routes.
fn routes(snapshot: &Snapshot, words: &Words, number: &str) -> Vec<i64> {
    let decision = ask(snapshot, words, number, None, false);
    let id = |r: &lcr_core::decide::Route| snapshot.access.offers[r.offer as usize].offer_id;
    decision.routes.iter().map(id).collect()
}

fn verdict(snapshot: &Snapshot, words: &Words, number: &str, offer_id: i64) -> (Verdict, String) {
    let decision = ask(snapshot, words, number, None, true);
    let lines = decision.explain.unwrap();
    let line = lines
        .iter()
        .find(|l| snapshot.access.offers[l.offer as usize].offer_id == offer_id);
    let line = line.unwrap();
    (line.verdict, line.detail.clone())
}

fn tell(tracker: &mut Tracker, json: &str, now: i64) -> bool {
    tracker
        .apply_all(&Command::parse(json).unwrap(), now)
        .unwrap()
}

fn tracker(snapshot: &Snapshot) -> Tracker {
    let mut tracker = Tracker::new(Rules::default()).unwrap();
    tracker.adopt(&snapshot.access, 0);
    tracker
}

#[test]
fn a_block_removes_the_offer_and_never_falls_back_to_its_shorter_code() {
    let snapshot = market("");
    let mut state = tracker(&snapshot);
    assert_eq!(routes(&snapshot, &state.words(), "447700"), [2, 3, 1]);
    assert!(tell(
        &mut state,
        r#"{"do":"block","offer_id":1,"code":"4477"}"#,
        0
    ));
    assert_eq!(routes(&snapshot, &state.words(), "447700"), [2, 3]);
    assert_eq!(routes(&snapshot, &state.words(), "447600"), [2, 3, 1]);
    let (refused, why) = verdict(&snapshot, &state.words(), "447700", 1);
    assert_eq!(refused, Verdict::DestinationBlocked);
    assert!(why.contains("4477"), "{why}");
    assert!(tell(
        &mut state,
        r#"{"do":"unblock","offer_id":1,"code":"4477"}"#,
        0
    ));
    assert_eq!(routes(&snapshot, &state.words(), "447700"), [2, 3, 1]);
}

#[test]
fn the_same_again_makes_no_generation() {
    let snapshot = market("");
    let mut state = tracker(&snapshot);
    assert!(tell(
        &mut state,
        r#"{"do":"disable_offer","offer_id":2}"#,
        0
    ));
    let first = state.generation();
    assert!(!tell(
        &mut state,
        r#"{"do":"disable_offer","offer_id":2}"#,
        0
    ));
    assert!(!tell(
        &mut state,
        r#"{"do":"set","disabled_offers":[2],"blocks":[]}"#,
        0
    ));
    assert_eq!(state.generation(), first);
    assert_eq!(
        verdict(&snapshot, &state.words(), "4412", 2).0,
        Verdict::Disabled
    );
    assert!(tell(&mut state, r#"{"do":"set","disabled_offers":[]}"#, 0));
    assert_eq!(routes(&snapshot, &state.words(), "4412"), [1, 2, 3]);
}

#[test]
fn a_list_of_commands_is_carried_out_whole_or_not_at_all() {
    let snapshot = market("");
    let mut state = tracker(&snapshot);
    let both = Command::parse(
        r#"[{"do":"disable_offer","offer_id":1},{"do":"disable_offer","offer_id":77}]"#,
    )
    .unwrap();
    assert_eq!(
        state.apply_all(&both, 0),
        Err(CommandError::UnknownOffer(77))
    );
    assert_eq!(state.words(), Words::default());
    assert!(
        state
            .apply_all(
                &Command::parse(r#"{"do":"enable_offer","offer_id":77}"#).unwrap(),
                0
            )
            .is_ok()
    );
}

#[test]
fn channels_and_calls_a_second_fill_and_free() {
    let snapshot = market(r#","max_channels":2,"max_cps":3"#);
    let mut state = tracker(&snapshot);
    assert!(!tell(
        &mut state,
        r#"{"do":"channels","offer_id":1,"add":1}"#,
        0
    ));
    assert!(tell(
        &mut state,
        r#"{"do":"channels","offer_id":1,"add":1}"#,
        0
    ));
    assert_eq!(
        verdict(&snapshot, &state.words(), "4412", 1),
        (
            Verdict::ChannelsFull,
            "all 2 channels are in use".to_owned()
        )
    );
    assert!(tell(
        &mut state,
        r#"{"do":"channels","offer_id":1,"add":-5}"#,
        0
    ));
    assert_eq!(state.channels(1), 0);
    assert!(tell(
        &mut state,
        r#"{"do":"cps","offer_id":1,"calls":3}"#,
        0
    ));
    assert_eq!(
        verdict(&snapshot, &state.words(), "4412", 1).0,
        Verdict::CpsFull
    );
    assert_eq!(routes(&snapshot, &state.words(), "4412"), [2, 3]);
    assert!(!state.tick(SECOND / 2));
    assert!(state.tick(2 * SECOND));
    assert_eq!(routes(&snapshot, &state.words(), "4412"), [1, 2, 3]);
    // A snapshot with other limits is counted against them.
    tell(&mut state, r#"{"do":"channels","offer_id":1,"set":2}"#, 0);
    assert!(state.adopt(&market(r#","max_channels":9"#).access, 0));
    assert_eq!(state.words().channels_full, Vec::<i64>::new());
}

#[test]
fn credit_and_caps_have_their_verdicts_in_order() {
    let snapshot = market(r#","max_channels":1"#);
    let mut state = tracker(&snapshot);
    tell(
        &mut state,
        r#"[{"do":"channels","offer_id":1,"add":1},{"do":"cap","offer_id":1,"reached":true},{"do":"vendor_credit","carrier_id":11,"out":true}]"#,
        0,
    );
    assert_eq!(
        verdict(&snapshot, &state.words(), "4412", 1).0,
        Verdict::VendorCredit
    );
    tell(
        &mut state,
        r#"{"do":"vendor_credit","carrier_id":11,"out":false}"#,
        0,
    );
    assert_eq!(
        verdict(&snapshot, &state.words(), "4412", 1).0,
        Verdict::CapReached
    );
    tell(
        &mut state,
        r#"{"do":"cap","offer_id":1,"reached":false}"#,
        0,
    );
    assert_eq!(
        verdict(&snapshot, &state.words(), "4412", 1).0,
        Verdict::ChannelsFull
    );
    tell(
        &mut state,
        r#"[{"do":"trunk_credit","trunk_id":1,"out":true}]"#,
        0,
    );
    assert_eq!(
        ask(&snapshot, &state.words(), "4412", None, false).status,
        Status::NoCredit("trunk")
    );
    tell(
        &mut state,
        r#"[{"do":"company_credit","company_id":99,"out":true}]"#,
        0,
    );
    let refused = ask(&snapshot, &state.words(), "4412", None, true);
    assert_eq!(refused.status, Status::NoCredit("company"));
    assert_eq!(
        (refused.routes.len(), refused.explain, refused.sell),
        (0, Some(Vec::new()), None)
    );
}

#[test]
fn a_bad_route_is_demoted_keeps_its_trial_share_and_recovers() {
    let snapshot = market("");
    let mut state = tracker(&snapshot);
    let bad =
        r#"{"do":"quality","offer_id":1,"code":"44","attempts":200,"answered":2,"effective":150}"#;
    assert!(!tell(&mut state, bad, 0));
    assert!(state.tick(SECOND));
    let words = state.words();
    assert_eq!(
        words.demoted.first().map(|d| (d.code.as_str(), d.level)),
        Some(("4", Level::Critical))
    );
    assert_eq!(routes(&snapshot, &words, "4412"), [2, 3, 1]);
    // 2 % of the calls find it in its old place.
    let tried = (0..2000)
        .filter(|i| {
            let decision = ask(&snapshot, &words, "4412", Some(&format!("call-{i}")), false);
            let first = decision.routes[0];
            assert!(decision.routes.iter().any(|r| r.demoted));
            assert_eq!(first.trial, first.offer == 0);
            first.offer == 0
        })
        .count();
    assert!((20..=60).contains(&tried), "{tried}");
    // Trials go well, half-lives pass: it is healthy again.
    let good = r#"{"do":"quality","offer_id":1,"code":"44","attempts":200,"answered":110,"effective":190}"#;
    assert!(!tell(&mut state, good, 4 * 1800 * SECOND));
    assert!(state.tick(4 * 1800 * SECOND + SECOND));
    assert_eq!(state.words().demoted, []);
    assert_eq!(routes(&snapshot, &state.words(), "4412"), [1, 2, 3]);
}

#[test]
fn a_code_with_too_few_samples_is_judged_by_its_parent_and_one_with_enough_by_itself() {
    let snapshot = market("");
    let mut state = tracker(&snapshot);
    tell(
        &mut state,
        r#"[{"do":"quality","offer_id":1,"code":"4471","attempts":300,"answered":1,"effective":290},
        {"do":"quality","offer_id":1,"code":"4420","attempts":100,"answered":60,"effective":95},
        {"do":"quality","offer_id":1,"code":"4472","attempts":5,"answered":5,"effective":5}]"#,
        0,
    );
    state.tick(SECOND);
    let view = View::compile(&snapshot, &state.words()).unwrap();
    let level = |n: &str| {
        view.demotion(0, DigitKey::from_digits(n).unwrap())
            .map(|d| (d.code.to_string(), d.level))
    };
    // 44 as a whole is between (61 of 400): warn; 447 is critical, and with it 4472 that has five calls.
    assert_eq!(level("44719"), Some(("447".to_owned(), Level::Critical)));
    assert_eq!(level("44729"), Some(("447".to_owned(), Level::Critical)));
    assert_eq!(level("44209"), Some(("442".to_owned(), Level::Healthy)));
    assert_eq!(level("44309"), Some(("4".to_owned(), Level::Warn)));
    assert_eq!(routes(&snapshot, &state.words(), "442099"), [1, 2, 3]);
    // Forgetting the branch leaves the rest.
    assert!(tell(
        &mut state,
        r#"{"do":"forget_quality","offer_id":1,"code":"447"}"#,
        SECOND
    ));
    assert!(
        state
            .words()
            .quality
            .iter()
            .all(|q| !q.code.starts_with("447"))
    );
}

#[test]
fn a_judgement_stands_for_a_while_without_samples_and_then_falls() {
    let snapshot = market("");
    let mut state = tracker(&snapshot);
    tell(
        &mut state,
        r#"{"do":"quality","offer_id":1,"code":"44","attempts":100,"answered":0,"effective":0}"#,
        0,
    );
    state.tick(SECOND);
    state.tick(5 * 3600 * SECOND);
    assert_eq!(state.words().demoted.len(), 1);
    state.tick(7 * 3600 * SECOND);
    assert_eq!(state.words().demoted, []);
}

#[test]
fn a_restart_goes_on_where_the_words_stopped() {
    let snapshot = market("");
    let mut state = tracker(&snapshot);
    tell(
        &mut state,
        r#"[{"do":"disable_offer","offer_id":2},{"do":"block","offer_id":3,"code":"44"},{"do":"trunk_credit","trunk_id":8,"out":true},
        {"do":"quality","offer_id":1,"code":"44","attempts":100,"answered":0,"effective":0}]"#,
        0,
    );
    state.tick(SECOND);
    let json = state.words().to_json();
    let again =
        Tracker::restore(Rules::default(), &Words::parse(&json).unwrap(), 9 * SECOND).unwrap();
    assert_eq!(again.words(), state.words());
}

#[test]
fn fresh_counters_replace_those_of_the_snapshot_for_their_code_only() {
    let snapshot = market("");
    let policy = r#"{"kind":"quality","floor_asr_ppm":300000}"#;
    let words = Words::parse(
        r#"{"generation":1,"quality":[{"offer_id":1,"code":"44","attempts":100,"answered":10}]}"#,
    )
    .unwrap();
    let view = View::compile(&snapshot, &words).unwrap();
    let common = Common {
        trunk: Some(1),
        policy: Some(serde_json::from_str(policy).unwrap()),
        ..Common::default()
    };
    let call = Call::new(DigitKey::from_digits("4412").unwrap(), EPOCH);
    let with = Prepared::new(&snapshot, Some(&view), &common)
        .unwrap()
        .decide(&call)
        .unwrap();
    let without = Prepared::new(&snapshot, None, &common)
        .unwrap()
        .decide(&call)
        .unwrap();
    assert_eq!((with.routes.len(), without.routes.len()), (2, 3));
    assert_eq!((with.state, without.state), (Some(1), None));
}
