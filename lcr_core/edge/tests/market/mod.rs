//! A small exchange on disk: forty offers, so that the pre-sorted lists are cut, and trunks of several kinds.
#![allow(dead_code, clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use lcr_core::index::build::compile;
use lcr_core::snapshot::{publish, write_index};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

#[path = "../../../tests/support/mod.rs"]
mod support;

use support::{EPOCH, Rate, config, source};

const OFFERS: i64 = 40;
const CARD: i64 = 9001;

/// Name of a trunk, whose key is `tk_` and it, and what its access says beyond the usual.
pub fn trunks() -> Vec<(&'static str, Value)> {
    vec![
        ("plain", json!({})),
        (
            "guarded",
            json!({"rate_card_id": CARD, "policy": {"guard": "min_margin", "min_pct_ppm": 1000}}),
        ),
        (
            "shares",
            json!({"policy": {"kind": "percentage", "first_offers": [7, 3]}}),
        ),
        (
            "scored",
            json!({"policy": {"kind": "score", "w_cost_ppm": 600_000, "w_asr_ppm": 400_000, "asr_target_ppm": 500_000,
                "floor_asr_ppm": 1000}}),
        ),
        (
            "dressed",
            json!({"normalise": {"international_prefixes": ["00"], "national_prefix": "0", "country_code": "44"}}),
        ),
        ("narrow", json!({"grants": [grant(5), grant(33)]})),
    ]
}

fn grant(offer: i64) -> Value {
    json!({"offer_id": offer, "from_us": null, "until_us": null})
}

/// A folder of its own below the system's place for such things.
pub fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("tandem-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Publishes the exchange below `root`.
pub fn open(root: &Path) {
    let deck = |offer: i64| {
        let codes = ["44", "4420", "4420794", "447", "49", "1212"];
        let of = |(place, code): (usize, &&str)| {
            Rate::new(
                code,
                1_000_000 + (offer * 7919 + place as i64 * 104_729) % 900_000,
            )
        };
        (
            offer,
            offer + 100,
            codes.iter().enumerate().map(of).collect::<Vec<_>>(),
        )
    };
    let built = |offers: &[(i64, i64, Vec<Rate>)]| {
        let sources = offers.iter().map(source).collect();
        let compiled = compile(&config(EPOCH), sources, &|_, _| true).unwrap();
        write_index(root, &compiled, EPOCH).unwrap().index
    };
    let index = built(&(1..=OFFERS).map(deck).collect::<Vec<_>>());
    let card = vec![Rate::new("44", 3_000_000), Rate::new("49", 3_000_000)];
    let card = built(&[(CARD, 1, card)]);
    let offers: Vec<Value> = (1..=OFFERS)
        .map(|id| {
            json!({"offer_id": id, "carrier_id": id + 100, "vendor": format!("v{id}"), "product": "Premium \"CLI\"", "class": "premium",
                "uri_host": "192.0.2.10", "uri_port": 5060, "uri_user_prefix": "7701#", "weight": id})
        })
        .collect();
    let (mut lines, mut keys) = (Vec::new(), Vec::new());
    for (place, (name, words)) in trunks().into_iter().enumerate() {
        let id = place as i64 + 1;
        let grants: Vec<Value> = (1..=OFFERS).map(grant).collect();
        let mut line = json!({"trunk_id": id, "company_id": 9, "name": name, "enabled": true, "max_routes": 5, "grants": grants});
        for (word, value) in words.as_object().unwrap() {
            line[word] = value.clone();
        }
        lines.push(line);
        let digest: String = Sha256::digest(format!("tk_{name}"))
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        keys.push(json!({"key_id": id, "sha256": digest, "trunk_id": id, "company_id": 9, "scopes": ["lcr:query"], "expires_at_us": null}));
    }
    let quality: Vec<Value> = (1..=OFFERS)
        .map(|id| json!([id, "44", 100, 30 + id, 60 + id, 9_000_000, 90_000, 30, 0, 0]))
        .collect();
    let access = json!({"base_currency": "USD", "fx": {"EUR": "1.08"}, "offers": offers, "trunks": lines, "keys": keys, "quality": quality,
        "cards": [{"card_id": CARD, "index": card}]});
    publish(root, &index, &access.to_string(), EPOCH).unwrap();
}
