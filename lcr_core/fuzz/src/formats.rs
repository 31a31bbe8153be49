//! Names of a deck and of access in every form of answer: each is read back by a parser of its kind and holds both routes.
#![no_main]
use lcr_core::access::Access;
use lcr_core::answer::{self, Dial, Format};
use lcr_core::decide::decide;
use lcr_core::number::DigitKey;
use lcr_core::query::{Call, Common, Query};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

#[path = "../../tests/support/mod.rs"]
#[allow(dead_code)]
mod support;

fuzz_target!(|texts: (String, String, String)| {
    let (destination, vendor, prefix) = texts;
    let deck = |rate: i64| {
        let mut row = support::Rate::new("44", rate);
        row.destination.clone_from(&destination);
        vec![row]
    };
    let offer = |id: i64| json!({"offer_id": id, "carrier_id": id, "vendor": vendor, "product": vendor, "uri_host": "192.0.2.1", "uri_user_prefix": prefix});
    let access =
        json!({"base_currency": "USD", "fx": {}, "offers": [offer(1), offer(2)]}).to_string();
    if Access::parse(access.as_bytes()).is_err() {
        return;
    }
    let bytes = support::index_bytes(&[(1, 1, deck(1)), (2, 2, deck(2))]);
    let Ok(snapshot) = support::snapshot_of(&bytes, &access) else {
        return;
    };
    let query = Query {
        common: Common::default(),
        call: Call::new(
            DigitKey::from_digits("442079460000").unwrap(),
            support::EPOCH,
        ),
    };
    let decision = decide(&snapshot, None, &query).unwrap();
    for format in Format::ALL {
        let mut out = String::new();
        answer::write(format, &snapshot, &decision, &Dial::default(), &mut out);
        match format {
            Format::Native | Format::Compact | Format::Rtjson | Format::Siphon => {
                let value: Value = serde_json::from_str(&out).unwrap();
                assert_eq!(value["routes"].as_array().unwrap().len(), 2);
            }
            Format::Opensips => {
                let value: Value = serde_json::from_str(&out).unwrap();
                assert_eq!(value["count"], 2);
            }
            Format::Freeswitch | Format::Httapi => {
                let document = roxmltree::Document::parse(&out).unwrap();
                let bridges = document
                    .descendants()
                    .filter(|n| n.attribute("application") == Some("bridge"));
                assert_eq!(bridges.count(), 2);
            }
            Format::DialString => assert_eq!(out.split('|').count(), 2),
            Format::Carriers => assert_eq!(out, "v1,v2"),
            Format::Asterisk => {
                assert_eq!(out.split('&').count(), 5 + 2 * 8);
                assert!(out.bytes().all(|b| b.is_ascii_graphic()));
            }
            Format::Text => {
                assert_eq!(out.lines().count(), 3);
                assert!(out.lines().all(|l| l.split(' ').count() == 5));
            }
        }
    }
});
