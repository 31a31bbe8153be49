//! Worlds drawn from a seed: rates, offers, trunks, policies, states.
use std::fmt::Write;

use super::{Dice, EPOCH, Rate};

pub fn random_rates(dice: &mut Dice) -> Vec<Rate> {
    let mut rates = Vec::new();
    let mut codes: Vec<String> = (0..dice.below(40)).map(|_| dice.digits(1, 8)).collect();
    codes.sort();
    codes.dedup();
    for code in codes {
        let mut from = dice.below(EPOCH as u64 * 2) as i64;
        for _ in 0..1 + dice.below(2) {
            let open_ended = dice.chance(40);
            let until = from + 1 + dice.below(EPOCH as u64) as i64;
            rates.push(Rate {
                rate: dice.below(20) as i64 * 1_000_000,
                first_rate: dice.chance(20).then_some(3_000_000),
                fee: if dice.chance(20) { 1_000_000 } else { 0 },
                initial: [1, 6, 30, 60][dice.below(4) as usize],
                next: [1, 6, 60][dice.below(3) as usize],
                currency: ["USD", "EUR", "XXX"][(dice.below(10) as usize).saturating_sub(7)],
                status: (dice.below(10) as i8 - 7).max(0),
                from,
                until: (!open_ended).then_some(until),
                ..Rate::new(&code, 0)
            });
            if open_ended {
                break;
            }
            from = until + dice.below(1000) as i64;
        }
    }
    rates
}

/// Names offers 1 to `count`.
pub fn random_policy(dice: &mut Dice, count: u32) -> String {
    let mut words = Vec::new();
    match dice.below(8) {
        0 => words.push(r#""kind":"quality","floor_asr_ppm":300000,"min_attempts":10"#.to_owned()),
        1 => words.push(r#""kind":"priority""#.to_owned()),
        2 => words.push(format!(r#""kind":"cost_delta","delta_nanos":{}"#, dice.below(9_000_000))),
        3 => words.push(format!(r#""kind":"cost_delta","delta_ppm":{}"#, dice.below(900_000))),
        4 => words.push(r#""kind":"score","w_cost_ppm":500000,"w_asr_ppm":300000,"asr_target_ppm":500000,"w_ner_ppm":200000"#.to_owned()),
        5 | 6 => words.push(r#""kind":"percentage""#.to_owned()),
        _ => {}
    }
    if dice.chance(20) {
        words.push(r#""need_cli":true"#.to_owned());
    }
    if dice.chance(10) {
        words.push(r#""need_signature":true"#.to_owned());
    }
    if dice.chance(15) {
        words.push(format!(
            r#""first_offers":[{},1]"#,
            1 + dice.below(u64::from(count))
        ));
    }
    if dice.chance(10) {
        words.push(format!(
            r#""only_offers":[{},1]"#,
            1 + dice.below(u64::from(count))
        ));
    }
    if dice.chance(15) {
        words.push(r#""use_mix":true"#.to_owned());
    }
    if dice.chance(20) {
        words.push(r#""classes":["gold"]"#.to_owned());
    }
    if dice.chance(20) {
        words.push(format!(r#""max_cost_nanos":{}"#, dice.below(20_000_000)));
    }
    match dice.below(12) {
        0 => words.push(r#""guard":"loss_allowed","loss_nanos":2000000,"loss_first":1"#.to_owned()),
        1 => words.push(r#""guard":"no_loss""#.to_owned()),
        2 => words
            .push(r#""guard":"min_margin","min_abs_nanos":1000000,"min_pct_ppm":50000"#.to_owned()),
        _ => {}
    }
    format!("{{{}}}", words.join(","))
}

/// The newer words of an offer, each now and then.
fn random_words(dice: &mut Dice) -> String {
    let mut out = format!(r#","weight":{}"#, dice.below(4) * 10);
    if dice.chance(20) {
        out.push_str(r#","keeps_cli":false"#);
    }
    if dice.chance(60) {
        out.push_str(r#","keeps_identity":true"#);
    }
    if dice.chance(15) {
        write!(out, r#","min_digits":{}"#, 1 + dice.below(5)).unwrap();
    }
    if dice.chance(15) {
        write!(out, r#","max_digits":{}"#, 6 + dice.below(10)).unwrap();
    }
    if dice.chance(10) {
        // The epoch is one second into a Thursday.
        out.push_str(r#","schedule":{"zone":"Europe/Paris","open":[["thu 01:00","fri 00:00"]]}"#);
    } else if dice.chance(10) {
        out.push_str(r#","schedule":{"zone":"UTC","open":[["fri 22:00","mon 06:00"]]}"#);
    }
    out
}

/// A state over offers 1 to 8.
pub fn random_state(seed: u64) -> String {
    let mut dice = Dice(seed ^ 0x57a7e);
    let mut ids = |percent: u64, base: i64, many: i64| {
        let drawn: Vec<String> = (1..=many)
            .filter(|_| dice.chance(percent))
            .map(|i| (base + i).to_string())
            .collect();
        drawn.join(",")
    };
    let flags = format!(
        r#""generation":{},"disabled_offers":[{}],"channels_full":[{}],"cps_full":[{}],"cap_reached":[{}],"vendor_credit_out":[{}],
        "company_credit_out":[{}],"trunk_credit_out":[{}]"#,
        seed % 1000,
        ids(8, 0, 9),
        ids(8, 0, 9),
        ids(8, 0, 9),
        ids(5, 0, 9),
        ids(5, 0, 4),
        ids(2, 98, 1),
        ids(2, 0, 1),
    );
    let mut unique = std::collections::BTreeSet::new();
    for _ in 0..dice.below(12) {
        unique.insert((1 + dice.below(9), dice.digits(1, 4)));
    }
    let (mut blocks, mut demoted, mut quality) = (Vec::new(), Vec::new(), Vec::new());
    for (offer, code) in unique {
        if dice.chance(30) {
            blocks.push(format!(r#"{{"offer_id":{offer},"code":"{code}"}}"#));
        }
        if dice.chance(60) {
            let level = ["healthy", "warn", "critical", "critical"][dice.below(4) as usize];
            demoted.push(format!(
                r#"{{"offer_id":{offer},"code":"{code}","level":"{level}","trial_ppm":{}}}"#,
                dice.below(3) * 250_000
            ));
        }
        if dice.chance(40) {
            let attempts = dice.below(100);
            let answered = dice.below(attempts + 1);
            quality.push(format!(
                r#"{{"offer_id":{offer},"code":"{code}","attempts":{attempts},"answered":{answered},"effective":{answered}}}"#
            ));
        }
    }
    format!(
        r#"{{{flags},"blocks":[{}],"demoted":[{}],"quality":[{}]}}"#,
        blocks.join(","),
        demoted.join(","),
        quality.join(",")
    )
}

/// Offers with rates, access over them with one trunk of id 1.
pub fn world(seed: u64) -> (Vec<(i64, i64, Vec<Rate>)>, String) {
    let count = 1 + Dice(seed).below(8) as i64;
    world_of(seed, count)
}

/// The same with this many offers; with more than 31 the top lists are cut.
pub fn world_of(seed: u64, count: i64) -> (Vec<(i64, i64, Vec<Rate>)>, String) {
    let mut dice = Dice(seed);
    dice.next();
    let offers: Vec<_> = (0..count)
        .map(|i| (i + 1, 1 + dice.below(4) as i64, random_rates(&mut dice)))
        .collect();
    let (mut words, mut grants, mut quality) = (Vec::new(), Vec::new(), Vec::new());
    for (offer_id, carrier_id, _) in &offers {
        let class = if dice.chance(50) { "gold" } else { "silver" };
        let (priority, enabled) = (dice.below(3), !dice.chance(10));
        let mut line = String::new();
        write!(line, r#"{{"offer_id":{offer_id},"carrier_id":{carrier_id},"vendor":"v","product":"p","class":"{class}","priority":{priority},"enabled":{enabled}"#).unwrap();
        line.push_str(&random_words(&mut dice));
        line.push('}');
        words.push(line);
        if dice.chance(85) {
            let (from, until) = (dice.below(1_500_000), dice.below(3_000_000) + 500_000);
            grants.push(format!(
                r#"{{"offer_id":{offer_id},"from_us":{from},"until_us":{until}}}"#
            ));
        }
        let attempts = dice.below(100);
        let (answered, effective) = (dice.below(attempts + 1), dice.below(attempts + 1));
        quality.push(format!(
            r#"[{offer_id},"{}",{attempts},{answered},{effective},1000,500,5,0,0]"#,
            dice.digits(1, 2)
        ));
    }
    let access = format!(
        r#"{{"base_currency":"USD","fx":{{"EUR":"1.08"}},"offers":[{}],"trunks":[{{"trunk_id":1,"company_id":99,"name":"t",
        "policy":{},"grants":[{}],"never_carriers":[4],"blocked_codes":["33"],"opened_codes":["331"]}}],"quality":[{}],
        "durations":[{{"code":"1","mix":[[12,400],[95,350],[610,250]]}},{{"code":"12","mix":[[30,1000]]}}]}}"#,
        words.join(","),
        random_policy(&mut dice, count as u32),
        grants.join(","),
        quality.join(",")
    );
    (offers, access)
}
