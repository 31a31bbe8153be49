//! Origin groups and jurisdictions: the flattened columns against the contract read word for word, and lists against rows.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use lcr_core::decide::{Decision, Prepared};
use lcr_core::index::container;
use lcr_core::layers::Jurisdiction;
use lcr_core::layers::blocks::{self, Block, Blocks, Pair};
use lcr_core::layers::origin::valid_caller;
use lcr_core::layers::rules::{IjFallback, Reading, Rules};
use lcr_core::number::DigitKey;
use lcr_core::query::{Call, Common, Scope};
use lcr_core::snapshot::{Snapshot, UserFiles};
use proptest::prelude::*;
use support::{Dice, EPOCH, Rate, index_bytes_with, snapshot_with};

fn key(text: &str) -> DigitKey {
    DigitKey::from_digits(text).unwrap()
}

fn open_blocks() -> Arc<Blocks> {
    let block = |code: &str, state: &str, centre: &str| Block {
        code: code.to_owned(),
        state: state.to_owned(),
        rate_centre: centre.to_owned(),
        ..Block::default()
    };
    let lines = [
        block("212555", "NY", "NEW YORK"),
        block("718555", "NY", "BRONX"),
        block("914555", "NY", "YONKERS"),
        block("9735550", "NJ", "NEWARK"),
        block("973", "NJ", ""),
        block("416555", "ON", "TORONTO"),
        block("787555", "PR", ""),
        block("876555", "JM", ""),
    ];
    let pair = Pair {
        state: "NY".to_owned(),
        a: "New York".to_owned(),
        b: "Bronx".to_owned(),
    };
    let mut bytes = Vec::new();
    let built = blocks::build(&lines, &[pair]).unwrap();
    container::write(&built.sections, &mut bytes).unwrap();
    Arc::new(Blocks::from_bytes(&bytes, "blocks").unwrap())
}

const ACCESS: &str = r#"{"base_currency":"USD","fx":{},"offers":[
    {"offer_id":1,"carrier_id":1,"vendor":"v","product":"p"},
    {"offer_id":2,"carrier_id":2,"vendor":"w","product":"p","lrn_rated":true},
    {"offer_id":3,"carrier_id":3,"vendor":"x","product":"p"}]}"#;

fn ask(snapshot: &Snapshot, call: &Call) -> Decision {
    let common = Common::default();
    let prepared = Prepared::new(snapshot, None, &common).unwrap();
    let by_lists = prepared.decide(call).unwrap();
    assert_eq!(by_lists, prepared.decide_by_rows(call).unwrap());
    by_lists
}

fn json(snapshot: &Snapshot, call: &Call) -> serde_json::Value {
    let text = lcr_core::answer::native_json(snapshot, &ask(snapshot, call));
    serde_json::from_str(&text).unwrap()
}

/// domain.md 19 I.
#[test]
fn the_caller_s_group_prices_the_call() {
    let rules: Rules = serde_json::from_str(
        r#"{"origin":{"groups":[{"name":"EEA","prefixes":["33","49"]},{"name":"Rest"},{"name":"Invalid"}],"rest_group":"Rest","invalid_group":"Invalid"}}"#,
    )
    .unwrap();
    let of = |origin, rate| Rate {
        origin: Some(origin),
        ..Rate::new("4915", rate)
    };
    let rates = vec![
        of("EEA", 3_000_000),
        of("Rest", 120_000_000),
        of("Invalid", 250_000_000),
    ];
    let bytes = index_bytes_with(&[(1, 1, rates)], |_| rules.clone());
    let snapshot = snapshot_with(&bytes, ACCESS, &UserFiles::default()).unwrap();
    for (a, rate, group, unknown) in [
        (Some("33123456789"), "0.003", "EEA", false),
        (Some("2348012345678"), "0.12", "Rest", false),
        (Some("anonymous"), "0.25", "Invalid", true),
        (None, "0.25", "Invalid", true),
    ] {
        let mut call = Call::new(key("4915112345678"), EPOCH);
        call.ani = a.map(str::to_owned);
        let answer = json(&snapshot, &call);
        let route = &answer["routes"][0];
        assert_eq!(
            (route["rate"].as_str(), route["origin"]["group"].as_str()),
            (Some(rate), Some(group))
        );
        assert_eq!(route["origin"]["unknown"].as_bool(), Some(unknown));
    }
}

/// domain.md 5: rows `4475 any 0.30` and `447 EEA 0.01`.
#[test]
fn both_readings_of_origin() {
    for (reading, rate) in [("origin_first", "0.01"), ("code_first", "0.3")] {
        let rules: Rules = serde_json::from_str(&format!(
            r#"{{"origin":{{"reading":"{reading}","groups":[{{"name":"EEA","prefixes":["33"]}}]}}}}"#
        ))
        .unwrap();
        let rates = vec![
            Rate::new("4475", 300_000_000),
            Rate {
                origin: Some("EEA"),
                ..Rate::new("447", 10_000_000)
            },
        ];
        let bytes = index_bytes_with(&[(1, 1, rates)], |_| rules.clone());
        let snapshot = snapshot_with(&bytes, ACCESS, &UserFiles::default()).unwrap();
        let mut call = Call::new(key("447512345678"), EPOCH);
        call.ani = Some("33123456789".to_owned());
        assert_eq!(json(&snapshot, &call)["routes"][0]["rate"], rate);
        call.ani = Some("2348012345678".to_owned());
        let other = json(&snapshot, &call);
        assert_eq!(other["routes"][0]["rate"], "0.3");
        assert_eq!(
            other["routes"][0]["origin"]["group"],
            serde_json::Value::Null
        );
        // Not known, no group for that: the dearest of all.
        call.ani = None;
        assert_eq!(json(&snapshot, &call)["routes"][0]["rate"], "0.3");
    }
}

#[test]
fn a_surcharge_makes_rows_without_origin_dearer() {
    let rules: Rules = serde_json::from_str(
        r#"{"origin":{"groups":[{"name":"EEA","prefixes":["33"]},{"name":"Rest"}],"rest_group":"Rest","surcharges":[{"group":"Rest","nanos":250000000}]}}"#,
    )
    .unwrap();
    let bytes = index_bytes_with(&[(1, 1, vec![Rate::new("49", 10_000_000)])], |_| {
        rules.clone()
    });
    let snapshot = snapshot_with(&bytes, ACCESS, &UserFiles::default()).unwrap();
    let mut call = Call::new(key("4915112345678"), EPOCH);
    for (a, rate, surcharge) in [
        (Some("33123456789"), "0.01", None),
        (Some("2348012345678"), "0.26", Some("0.25")),
        (None, "0.26", Some("0.25")),
    ] {
        call.ani = a.map(str::to_owned);
        let route = json(&snapshot, &call)["routes"][0].clone();
        assert_eq!(
            (
                route["rate"].as_str(),
                route["origin"]["surcharge"].as_str()
            ),
            (Some(rate), surcharge)
        );
    }
}

/// domain.md 19 J: one deck rated by the dialled number, one by the LRN.
#[test]
fn jurisdiction_follows_the_number_the_deck_is_rated_by() {
    let deck = || {
        let of = |code, kind, rate| Rate {
            jurisdiction: Some(kind),
            ..Rate::new(code, rate)
        };
        let mut rates = Vec::new();
        for code in ["1718555", "1973555"] {
            rates.push(of(code, "interstate", 1_000_000));
            rates.push(of(code, "intrastate", 2_000_000));
        }
        rates
    };
    let bytes = index_bytes_with(&[(1, 1, deck()), (2, 2, deck())], |_| Rules::default());
    let files = UserFiles {
        blocks: Some(open_blocks()),
        ..UserFiles::default()
    };
    let snapshot = snapshot_with(&bytes, ACCESS, &files).unwrap();
    let mut call = Call::new(key("17185550123"), EPOCH);
    call.ani = Some("12125550100".to_owned());
    call.lrn = Some(key("19735550000"));
    let answer = json(&snapshot, &call);
    let shown = |answer: &serde_json::Value, offer: i64| {
        let routes = answer["routes"].as_array().unwrap();
        let route = routes.iter().find(|r| r["offer"] == offer).unwrap();
        let text = |v: &serde_json::Value| v.as_str().unwrap_or("").to_owned();
        let of = &route["jurisdiction"];
        [
            text(&route["code"]),
            text(&of["is"]),
            text(&of["b_state"]),
            text(&of["keyed"]),
            of["lrn_unknown"].to_string(),
        ]
    };
    assert_eq!(
        shown(&answer, 2),
        ["1973555", "interstate", "NJ", "lrn", "false"]
    );
    assert_eq!(
        shown(&answer, 1),
        ["1718555", "local", "NY", "dialled", "false"]
    );
    call.lrn = None;
    let answer = json(&snapshot, &call);
    assert_eq!(
        shown(&answer, 2),
        ["1718555", "local", "NY", "dialled", "true"]
    );
    call.npdi = true;
    assert_eq!(shown(&json(&snapshot, &call), 2)[4], "false");
    call.ani = Some("18005550100".to_owned());
    let answer = json(&snapshot, &call);
    for offer in [1, 2] {
        assert_eq!(shown(&answer, offer)[1], "indeterminate");
    }
    assert_eq!(answer["routes"][0]["rate"], "0.002"); // the dearer of both
    for (a, is) in [
        ("19145550100", "intrastate"),
        ("14165550100", "interstate"),
        ("17875550100", "indeterminate"),
        ("18765550100", "indeterminate"),
        ("19735550100", "interstate"),
        ("19739990100", "interstate"),
        ("33123456789", "indeterminate"),
    ] {
        call.ani = Some(a.to_owned());
        assert_eq!(shown(&json(&snapshot, &call), 1)[1], is, "{a}");
    }
    call.a_lrn = Some(key("19735550100"));
    assert_eq!(shown(&json(&snapshot, &call), 1)[1], "interstate");
}

/// The layer of docs/decision.md 8 at one instant, read word for word: rows that are left, with their surcharge.
fn layer<'a>(
    rates: &'a [Rate],
    rules: &Rules,
    group: Option<&str>,
    kind: Jurisdiction,
    at: i64,
) -> Vec<(&'a Rate, i64)> {
    let valid = |r: &&Rate| r.from <= at && r.until.is_none_or(|u| at < u);
    let mut left: Vec<&Rate> = Vec::new();
    let mut pairs: Vec<(&str, Option<&str>)> =
        rates.iter().map(|r| (r.code.as_str(), r.origin)).collect();
    pairs.sort_unstable();
    pairs.dedup();
    for (code, origin) in pairs {
        let of = |j: Option<&str>| {
            rates
                .iter()
                .filter(valid)
                .find(|r| r.code == code && r.origin == origin && r.jurisdiction == j)
        };
        let (inter, intra) = (of(Some("interstate")), of(Some("intrastate")));
        let price = |r: &Rate| (r.rate, r.first_rate.unwrap_or(r.rate), r.fee);
        let fallback = match kind {
            Jurisdiction::Local => intra,
            Jurisdiction::Indeterminate => match rules.ij_fallback() {
                IjFallback::Max => match (inter, intra) {
                    (Some(a), Some(b)) => Some(if price(b) > price(a) { b } else { a }),
                    (a, b) => a.or(b),
                },
                IjFallback::Intrastate => intra.or(inter),
                IjFallback::Interstate => inter.or(intra),
            },
            _ => None,
        };
        left.extend(of(Some(kind.as_str())).or(fallback).or(of(None)));
    }
    let origin_rules = rules.origin.as_ref();
    let surcharge = group
        .and_then(|g| origin_rules?.surcharges.iter().find(|s| s.group == g))
        .map_or(0, |s| s.nanos);
    let own: Vec<&Rate> = left
        .iter()
        .copied()
        .filter(|r| group.is_some() && r.origin == group)
        .collect();
    let stays = |r: &&Rate| match origin_rules.map_or(Reading::OriginFirst, |o| o.reading) {
        Reading::OriginFirst => !own.iter().any(|o| r.code.starts_with(&o.code)),
        Reading::CodeFirst => !own.iter().any(|o| r.code == o.code),
    };
    let base = left
        .iter()
        .copied()
        .filter(|r| r.origin.is_none())
        .filter(stays)
        .map(|r| (r, surcharge));
    own.iter().map(|r| (*r, 0)).chain(base).collect()
}

struct Naive {
    code: String,
    rate: i64,
    open: bool,
    cost: u128,
}

fn naive_match(
    rates: &[Rate],
    rules: &Rules,
    group: Option<&str>,
    kind: Jurisdiction,
    number: &str,
    at: i64,
) -> Option<Naive> {
    let left = layer(rates, rules, group, kind, at);
    let best = left
        .into_iter()
        .filter(|(r, _)| number.starts_with(&r.code))
        .max_by_key(|(r, _)| r.code.len())?;
    let rate = best.0.rate + best.1;
    let terms = lcr_core::rating::Terms {
        rate_nanos: rate,
        first_rate_nanos: best.0.first_rate.map(|f| f + best.1),
        connect_fee_nanos: best.0.fee,
        initial_increment: best.0.initial as u32,
        next_increment: best.0.next as u32,
        free_seconds: 0,
    };
    Some(Naive {
        code: best.0.code.clone(),
        rate,
        open: best.0.status == 0,
        cost: terms.comparable(180, 1_000_000_000),
    })
}

/// Match or the verdict without one.
fn naive(
    rates: &[Rate],
    rules: &Rules,
    a: Option<DigitKey>,
    kind: Jurisdiction,
    number: &str,
    at: i64,
) -> Result<Naive, &'static str> {
    let groups: Vec<&str> = rules
        .origin
        .iter()
        .flat_map(|o| &o.groups)
        .map(|g| g.name.as_str())
        .collect();
    let origin = rules.origin.as_ref();
    let choice: Option<Option<&str>> = match (origin, a) {
        (None, _) => Some(None),
        (Some(o), Some(a)) => {
            let longest = o
                .groups
                .iter()
                .flat_map(|g| g.prefixes.iter().map(move |p| (p.len(), g)))
                .filter(|(len, g)| {
                    g.prefixes
                        .iter()
                        .any(|p| p.len() == *len && a.to_string().starts_with(p.as_str()))
                })
                .max_by_key(|p| p.0);
            Some(
                longest
                    .map(|l| l.1.name.as_str())
                    .or(o.rest_group.as_deref()),
            )
        }
        (Some(o), None) => o.invalid_group.as_deref().map(Some),
    };
    let of = |group| naive_match(rates, rules, group, kind, number, at);
    let (found, over): (Option<Naive>, Option<Option<&str>>) = match choice {
        Some(group) => (of(group), Some(group)),
        None => {
            let all: Vec<Naive> = groups
                .iter()
                .map(|g| Some(*g))
                .chain([None])
                .filter_map(of)
                .collect();
            let open = all
                .iter()
                .map(|n| if n.open { Some(n.cost) } else { None })
                .max()
                .flatten();
            let at = match open {
                Some(most) => all.iter().position(|n| n.open && n.cost == most),
                None => (!all.is_empty()).then_some(0),
            };
            (at.and_then(|at| all.into_iter().nth(at)), None)
        }
    };
    found.ok_or_else(|| {
        let counts = |r: &&Rate| {
            number.starts_with(&r.code) && over.is_none_or(|g| r.origin.is_none() || r.origin == g)
        };
        let pending = rates.iter().filter(counts).any(|r| r.from > at);
        let ended = rates
            .iter()
            .filter(counts)
            .any(|r| r.until.is_some_and(|u| u <= at));
        if pending {
            "not_yet_effective"
        } else if ended {
            "expired"
        } else {
            "no_match"
        }
    })
}

fn random_rules(dice: &mut Dice) -> Rules {
    let mut words = Vec::new();
    if dice.chance(80) {
        let reading = ["origin_first", "code_first"][dice.below(2) as usize];
        let rest = ["null", "\"B\"", "\"C\""][dice.below(3) as usize];
        let invalid = ["null", "null", "\"C\""][dice.below(3) as usize];
        let surcharges = [
            "",
            r#"{"group":"B","nanos":5000000}"#,
            r#"{"group":"A","nanos":3000000},{"group":"C","nanos":0}"#,
        ][dice.below(3) as usize];
        words.push(format!(
            r#""origin":{{"reading":"{reading}","groups":[{{"name":"A","prefixes":["33","49","3312"]}},{{"name":"B","prefixes":["331","12"]}},{{"name":"C"}}],"rest_group":{rest},"invalid_group":{invalid},"surcharges":[{surcharges}]}}"#
        ));
    }
    let fallback = ["max", "intrastate", "interstate"][dice.below(3) as usize];
    words.push(format!(r#""jurisdiction":{{"ij_fallback":"{fallback}"}}"#));
    serde_json::from_str(&format!("{{{}}}", words.join(","))).unwrap()
}

/// Codes below +1 718 555 and +1 973 555, so that jurisdictions differ.
fn random_layered(dice: &mut Dice, rules: &Rules) -> Vec<Rate> {
    let mut rates = Vec::new();
    let with_kinds = dice.chance(60);
    for _ in 0..dice.below(12) {
        let whole = ["17185550123", "19735550000"][dice.below(2) as usize];
        let code = &whole[..1 + dice.below(9) as usize];
        for origin in [None, Some("A"), Some("B"), Some("C")] {
            if origin.is_some() && rules.origin.is_none() || dice.chance(55) {
                continue;
            }
            for kind in [
                None,
                Some("interstate"),
                Some("intrastate"),
                Some("indeterminate"),
                Some("local"),
            ] {
                if kind.is_some() != with_kinds && dice.chance(80) || dice.chance(40) {
                    continue;
                }
                if rates
                    .iter()
                    .any(|r: &Rate| r.code == code && r.origin == origin && r.jurisdiction == kind)
                {
                    continue;
                }
                let mut from = dice.below(EPOCH as u64 * 2) as i64;
                for _ in 0..1 + dice.below(2) {
                    let until = dice
                        .chance(60)
                        .then(|| from + 1 + dice.below(EPOCH as u64) as i64);
                    rates.push(Rate {
                        origin,
                        jurisdiction: kind,
                        status: (dice.below(10) as i8 - 8).max(0),
                        first_rate: dice.chance(20).then_some(3_000_000),
                        from,
                        until,
                        ..Rate::new(code, dice.below(20) as i64 * 1_000_000)
                    });
                    match until {
                        Some(until) => from = until + dice.below(2) as i64 * 1000,
                        None => break,
                    }
                }
            }
        }
    }
    rates
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn columns_are_the_contract_read_word_for_word(seed in any::<u64>()) {
        let mut dice = Dice(seed);
        let rules: Vec<Rules> = (0..3).map(|_| random_rules(&mut dice)).collect();
        let offers: Vec<_> = (1i64..4).map(|i| (i, i, random_layered(&mut dice, &rules[i as usize - 1]))).collect();
        let bytes = index_bytes_with(&offers, |id| rules[id as usize - 1].clone());
        let files = UserFiles { blocks: Some(open_blocks()), ..UserFiles::default() };
        let snapshot = snapshot_with(&bytes, ACCESS, &files).unwrap();
        let common = Common::default();
        let prepared = Prepared::new(&snapshot, None, &common).unwrap();
        let until = snapshot.index.meta.epoch_until_us.unwrap_or(EPOCH + 1000);
        for _ in 0..40 {
            let number = ["17185550123", "19735550000", "19735551111", "17180000000"][dice.below(4) as usize];
            let mut call = Call::new(key(number), EPOCH + dice.below((until - EPOCH).max(1) as u64) as i64);
            if dice.chance(40) {
                call.at_us = dice.below(3 * EPOCH as u64) as i64;
            }
            let callers = ["12125550100", "19145550100", "19735550100", "18005550100", "33123456789", "33223456789", "49151123456", "2348012345678", "anonymous"];
            call.ani = dice.chance(85).then(|| callers[dice.below(9) as usize].to_owned());
            call.lrn = dice.chance(40).then(|| key(["19735550000", "17185550123"][dice.below(2) as usize]));
            let by_lists = prepared.decide(&call).unwrap();
            prop_assert_eq!(&by_lists, &prepared.decide_by_rows(&call).unwrap());
            call.explain = Some(Scope::All);
            let explained = prepared.decide(&call).unwrap();
            prop_assert_eq!(&by_lists.routes, &explained.routes);
            let answer: serde_json::Value = serde_json::from_str(&lcr_core::answer::native_json(&snapshot, &explained)).unwrap();
            let a = valid_caller(call.ani.as_deref());
            for line in answer["explain"].as_array().unwrap() {
                let id = line["offer"].as_i64().unwrap();
                let lrn_rated = id == 2;
                let kind = explained.facts.sides(lrn_rated).is;
                let matched = call.lrn.filter(|_| lrn_rated).map_or(number.to_owned(), |l| l.to_string());
                let rates = &offers[id as usize - 1].2;
                match naive(rates, &rules[id as usize - 1], a, kind, &matched, call.at_us) {
                    Ok(found) => {
                        prop_assert_eq!(line["code"].as_str(), Some(found.code.as_str()), "{}", line);
                        let shown = lcr_core::money::nanos_to_string(found.rate as u128);
                        prop_assert_eq!(line["rate"].as_str(), Some(shown.as_str()), "{}", line);
                        prop_assert_eq!(line["verdict"] == "selected" || line["verdict"] == "outranked", found.open);
                    }
                    Err(verdict) => prop_assert_eq!(line["verdict"].as_str(), Some(verdict), "{} {}", line, call.at_us),
                }
            }
            // The next change is that of any row of any offer, whatever its layer.
            let next = offers.iter().flat_map(|(id, _, rates)| {
                let matched = call.lrn.filter(|_| *id == 2).map_or(number.to_owned(), |l| l.to_string());
                let at = call.at_us;
                rates.iter().filter(move |r| matched.starts_with(&r.code)).flat_map(move |r| [Some(r.from), r.until]).flatten().filter(move |&t| t > at)
            }).min();
            prop_assert_eq!(explained.valid_until, next.unwrap_or(i64::MAX));
        }
    }
}
