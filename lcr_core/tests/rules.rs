//! Errors of a build, checks of access and switching snapshots, on small worlds.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;

use lcr_core::access::Access;
use lcr_core::error::{BuildError, SnapshotError};
use lcr_core::index::build::{Config, Source, compile};
use lcr_core::snapshot::{Snapshot, publish, write_index};
use support::{EPOCH, Rate, batch};

fn config() -> Config {
    Config {
        base_currency: "USD".to_owned(),
        fx: BTreeMap::new(),
        reference_seconds: 180,
        epoch_us: EPOCH,
    }
}

fn build(rates: &[Rate]) -> Result<lcr_core::index::build::Compiled, BuildError> {
    let source = Source {
        offer_id: 5,
        carrier_id: 1,
        rules: Default::default(),
        batches: vec![batch(rates)],
    };
    compile(&config(), vec![source], &|_, _| true)
}

#[test]
fn a_bad_cell_is_named_by_offer_row_column_and_value() {
    let good = Rate::new("44", 1);
    let cases = [
        (
            Rate {
                code: "4x".to_owned(),
                ..good.clone()
            },
            "code",
            "4x",
        ),
        (
            Rate {
                code: "1234567890123456".to_owned(),
                ..good.clone()
            },
            "code",
            "1234567890123456",
        ),
        (
            Rate {
                rate: -1,
                ..good.clone()
            },
            "rate_nanos",
            "-1",
        ),
        (
            Rate {
                initial: 0,
                ..good.clone()
            },
            "initial_increment",
            "0",
        ),
        (
            Rate {
                next: -6,
                ..good.clone()
            },
            "next_increment",
            "-6",
        ),
        (
            Rate {
                status: 3,
                ..good.clone()
            },
            "status",
            "3",
        ),
        (
            Rate {
                currency: "usd",
                ..good.clone()
            },
            "currency",
            "usd",
        ),
        (
            Rate {
                until: Some(0),
                ..good.clone()
            },
            "effective_until",
            "1970-01-01T00:00:00.000000Z",
        ),
    ];
    for (bad, named, text) in cases {
        match build(&[Rate::new("1", 1), bad]).err() {
            Some(BuildError::Row {
                offer: 5,
                row: 1,
                column,
                value,
                ..
            }) => assert_eq!((column, value.as_str()), (named, text)),
            other => panic!("{named}: {other:?}"),
        }
    }
}

#[test]
fn overlapping_rows_of_a_code_are_refused_and_touching_ones_are_not() {
    let row = |from, until| Rate {
        from,
        until,
        ..Rate::new("44", 1)
    };
    assert!(build(&[row(0, Some(10)), row(10, None)]).is_ok());
    let overlap = build(&[row(5, None), row(0, Some(6))]).err();
    assert!(
        matches!(
            overlap,
            Some(BuildError::Overlap {
                offer: 5,
                first: 1,
                second: 0,
                ..
            })
        ),
        "{overlap:?}"
    );
}

#[test]
fn a_build_can_be_cancelled() {
    let source = Source {
        offer_id: 1,
        carrier_id: 1,
        rules: Default::default(),
        batches: vec![batch(&[Rate::new("44", 1)])],
    };
    assert!(matches!(
        compile(&config(), vec![source], &|done, _| done == 0).err(),
        Some(BuildError::Cancelled)
    ));
}

#[test]
fn access_says_what_is_wrong() {
    let cases = [
        (
            r#"{"base_currency":"USD","fx":{},"trunk":[]}"#,
            "unknown field `trunk`",
        ),
        (r#"{"base_currency":"usd","fx":{}}"#, "base_currency"),
        (r#"{"base_currency":"USD","fx":{"EUR":"abc"}}"#, "EUR"),
        (
            r#"{"base_currency":"USD","fx":{},"keys":[{"key_id":1,"sha256":"zz"}]}"#,
            "key 1: sha256",
        ),
        (
            r#"{"base_currency":"USD","fx":{},"trunks":[{"trunk_id":1,"company_id":1,"name":"t","policy":{"kynd":"cost"}}]}"#,
            "unknown field `kynd`",
        ),
        (
            r#"{"base_currency":"USD","fx":{},"trunks":[{"trunk_id":1,"company_id":1,"name":"t","grants":[{"offer_id":9}]}]}"#,
            "offer_id 9",
        ),
        (
            r#"{"base_currency":"USD","fx":{},"trunks":[{"trunk_id":1,"company_id":1,"name":"t","source_ips":["x"]}]}"#,
            "source_ips",
        ),
    ];
    for (json, words) in cases {
        let why = Access::parse(json.as_bytes()).err().unwrap();
        assert!(why.contains(words), "{why}");
    }
}

#[test]
fn trunks_and_keys_are_found() {
    let sha = "ab".repeat(32);
    let json = format!(
        r#"{{"base_currency":"USD","fx":{{}},"trunks":[
        {{"trunk_id":1,"company_id":1,"name":"a","source_ips":["192.0.2.7","2001:db8::/32"]}},
        {{"trunk_id":2,"company_id":1,"name":"b","source_ips":["192.0.2.0/24"],"tech_prefix":"7701#"}}],
        "keys":[{{"key_id":3,"sha256":"{sha}","trunk_id":2,"scopes":["lcr"],"expires_at_us":10}}]}}"#
    );
    let access = Access::parse(json.as_bytes()).unwrap();
    let key = access.key(&[0xab; 32]).unwrap();
    assert!(
        key.has_scope("lcr") && !key.has_scope("cdr") && key.is_expired(10) && !key.is_expired(9)
    );
    let by = |ip: &str, dialled| {
        access
            .identify(ip.parse().unwrap(), dialled)
            .map(|(t, rest)| (t.trunk_id, rest.to_owned()))
    };
    assert_eq!(by("192.0.2.7", "7701#4420"), Some((2, "4420".to_owned())));
    assert_eq!(by("192.0.2.7", "4420"), Some((1, "4420".to_owned())));
    assert_eq!(by("192.0.2.8", "4420"), None);
    assert_eq!(by("2001:db8::5", "44"), Some((1, "44".to_owned())));
    assert_eq!(
        access
            .trunk_by_source("::ffff:192.0.2.9".parse().unwrap())
            .map(|t| t.trunk_id),
        Some(2)
    );
    assert!(
        access
            .trunk_by_source("192.0.2.7".parse().unwrap())
            .is_none()
    );
}

#[test]
fn a_snapshot_is_switched_whole_and_the_old_one_stays_readable() {
    let root = std::env::temp_dir().join(format!("lcr-core-switch-{}", std::process::id()));
    let compiled = build(&[Rate::new("44", 1)]).unwrap();
    assert!(matches!(
        Snapshot::open(&root, None).err(),
        Some(SnapshotError::NothingPublished { .. })
    ));
    let index = write_index(&root, &compiled, EPOCH).unwrap().index;
    assert_eq!(write_index(&root, &compiled, EPOCH).unwrap().index, index);
    let access = r#"{"base_currency":"USD","fx":{}}"#;
    let first = publish(&root, &index, access, 1).unwrap();
    let second = publish(&root, &index, access, 2).unwrap();
    assert_ne!(first, second);
    assert_eq!(Snapshot::open(&root, None).unwrap().id(), second);
    assert_eq!(Snapshot::open(&root, Some(&first)).unwrap().id(), first);
    assert!(publish(&root, &index, r#"{"base_currency":"USD"}"#, 3).is_err());
    assert!(publish(&root, &index.replace('a', "b"), access, 3).is_err());
    assert_eq!(Snapshot::current_id(&root).unwrap(), second);
    std::fs::write(
        root.join("snapshots").join(&second).join("access.json"),
        "{}",
    )
    .unwrap();
    assert!(
        matches!(Snapshot::open(&root, None).err(), Some(SnapshotError::Damaged { section, .. }) if section == "access")
    );
    assert!(matches!(
        Snapshot::open(&root, Some("../x")).err(),
        Some(SnapshotError::BadId { .. })
    ));
    std::fs::remove_dir_all(&root).unwrap();
}
