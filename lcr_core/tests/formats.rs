//! Nothing that a deck, an access file or a caller holds can break out of a form of answer: every form is read back by a
//! parser of its kind and says exactly what the decision says.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;

use lcr_core::answer::{self, Dial, Format, native_json};
use lcr_core::decide::decide;
use lcr_core::number::DigitKey;
use lcr_core::query::{Call, Common, Query};
use lcr_core::snapshot::Snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{EPOCH, Rate, index_bytes, snapshot_of};

const NUMBER: &str = "442079460000";

/// Texts of a deck and of access, chosen by whoever wants to break out.
#[derive(Debug, Clone)]
struct Hostile {
    destination: String,
    vendor: String,
    product: String,
    class: String,
    prefix: String,
    call_id: String,
}

fn world(of: &Hostile) -> Option<(Snapshot, lcr_core::decide::Decision)> {
    let deck = |rate: i64| {
        vec![Rate {
            destination: of.destination.clone(),
            ..Rate::new("44", rate)
        }]
    };
    let bytes = index_bytes(&[(1, 11, deck(10)), (2, 12, deck(20))]);
    let offer = |id: i64, host: Option<&str>| {
        json!({"offer_id": id, "carrier_id": id + 10, "vendor": of.vendor, "product": of.product, "class": of.class,
            "uri_host": host, "uri_port": 5060, "uri_user_prefix": of.prefix, "transport": "tcp"})
    };
    let access = json!({"base_currency": "USD", "fx": {}, "offers": [offer(1, Some("192.0.2.10")), offer(2, Some("2001:db8::1"))]});
    // A prefix that cannot stand in a SIP user is refused with the access file already.
    lcr_core::access::Access::parse(access.to_string().as_bytes()).ok()?;
    let snapshot = snapshot_of(&bytes, &access.to_string()).ok()?;
    let query = Query {
        common: Common::default(),
        call: Call {
            call_id: Some(of.call_id.clone()),
            ..Call::new(DigitKey::from_digits(NUMBER).unwrap(), EPOCH)
        },
    };
    let decision = decide(&snapshot, None, &query).unwrap();
    Some((snapshot, decision))
}

fn printed(format: Format, snapshot: &Snapshot, decision: &lcr_core::decide::Decision) -> String {
    let mut out = String::new();
    answer::write(format, snapshot, decision, &Dial::default(), &mut out);
    out
}

/// The user part as it must stand in every form: letters, digits and `-_.*+#`, the rest percent-encoded.
fn safe_user(prefix: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.*+#".contains(&b);
    let mut out: String = prefix
        .bytes()
        .map(|b| {
            if plain(b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect();
    out.push_str(NUMBER);
    out
}

fn label(text: &str) -> String {
    text.chars()
        .take(80)
        .map(|c| {
            if c.is_ascii_alphanumeric() || " ._-".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect()
}

fn check(of: &Hostile) {
    let Some((snapshot, decision)) = world(of) else {
        return;
    };
    let id = answer::decision_id(&snapshot, &decision);
    let user = safe_user(&of.prefix);
    let addresses = [
        "192.0.2.10:5060;transport=tcp",
        "[2001:db8::1]:5060;transport=tcp",
    ];
    let uris: Vec<String> = addresses
        .iter()
        .map(|a| format!("sip:{user}@{a}"))
        .collect();
    let read = |format| printed(format, &snapshot, &decision);
    let parsed = |format| serde_json::from_str::<Value>(&read(format)).unwrap();

    let native: Value = serde_json::from_str(&native_json(&snapshot, &decision)).unwrap();
    assert_eq!(native["routes"][0]["vendor"], json!(of.vendor));
    assert_eq!(native["routes"][1]["destination"], json!(of.destination));
    assert_eq!(native["routes"][1]["product"], json!(of.product));

    let compact = parsed(Format::Compact);
    assert_eq!(compact["decision_id"], json!(id));
    assert_eq!(compact["routes"][1]["uri"], json!(uris[1]));

    let rtjson = parsed(Format::Rtjson);
    assert_eq!(rtjson["routes"].as_array().unwrap().len(), 2);
    assert_eq!(rtjson["routes"][0]["uri"], json!(uris[0]));
    assert_eq!(
        rtjson["routes"][0]["dst_uri"],
        json!(format!("sip:{}", addresses[0]))
    );
    assert_eq!(rtjson["routes"][0]["headers"]["extra"], "");

    let flat = parsed(Format::Opensips);
    assert_eq!(
        (&flat["count"], &flat["carriers"]),
        (&json!(2), &json!("v11,v12"))
    );
    assert_eq!(
        (&flat["uri2"], &flat["destination1"]),
        (&json!(uris[1]), &json!(of.destination))
    );
    assert!(
        flat.as_object()
            .unwrap()
            .values()
            .all(|v| v.is_string() || v.is_i64())
    );

    let siphon = parsed(Format::Siphon);
    assert_eq!(siphon["routes"][1]["ruri"], json!(uris[1]));
    assert_eq!(siphon["routes"][0]["cdr_fields"]["decision_id"], json!(id));

    assert_eq!(read(Format::Carriers), "v11,v12");

    let text = read(Format::Text);
    let lines: Vec<Vec<&str>> = text.lines().map(|l| l.split(' ').collect()).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0], ["ok", "-", "2", "3600", &id]);
    assert_eq!(lines[2], [&uris[1], "6000", "v12", "0.00000002", "USD"]);

    let pairs: BTreeMap<String, String> = form_urlencoded::parse(read(Format::Asterisk).as_bytes())
        .into_owned()
        .collect();
    assert_eq!(pairs.len(), 5 + 2 * 8);
    assert_eq!(pairs["route1"], format!("PJSIP/{user}@v11"));
    assert_eq!(pairs["uri2"], uris[1]);
    assert_eq!(pairs["destination1"], label(&of.destination));
    // What `Dial()` would read as several, as options or as code.
    assert!(!pairs["route1"].contains(['&', ',', '|', '$', '{', '^', '"', '\'', '\\', ' ']));

    let bridges: Vec<String> = read(Format::DialString)
        .split('|')
        .map(str::to_owned)
        .collect();
    let bridge = |place: usize| {
        let rate = ["0.00000001", "0.00000002"][place];
        format!(
            "[tandem_offer={},tandem_attempt={},lcr_carrier=v{},lcr_rate={rate},leg_progress_timeout=6]sofia/external/{user}@{}",
            place + 1,
            place + 1,
            place + 11,
            addresses[place]
        )
    };
    assert_eq!(bridges, [bridge(0), bridge(1)]);
    for (format, element) in [(Format::Freeswitch, "action"), (Format::Httapi, "execute")] {
        let xml = read(format);
        let document = roxmltree::Document::parse(&xml).unwrap();
        let data: Vec<&str> = document
            .descendants()
            .filter(|n| n.has_tag_name(element) && n.attribute("application") == Some("bridge"))
            .map(|n| n.attribute("data").unwrap())
            .collect();
        assert_eq!(data, [bridge(0), bridge(1)]);
    }
}

/// The texts that broke out elsewhere, and any others.
fn text() -> impl Strategy<Value = String> {
    let nasty = prop::sample::select(vec![
        "\r\nX-Evil: 1",
        "a,b|c&d;e",
        "${shell(rm -rf /)}",
        "\"><action application=\"system\"/>",
        "]]>",
        "\0",
        "\u{feff}\u{202e}\u{ffff}",
        "'; DROP TABLE--",
        "\\\"\\",
        "&amp;%0d%0a",
        "{sip_h_X=1}",
        "^^:x:y",
        "<!--",
        "ü€𝄞",
    ]);
    prop_oneof![
        any::<String>(),
        nasty.clone().prop_map(str::to_owned),
        (any::<String>(), nasty, any::<String>()).prop_map(|(a, b, c)| format!("{a}{b}{c}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn no_text_breaks_out_of_any_form(
        destination in text(), vendor in text(), product in text(), class in text(), call_id in text(),
        prefix in prop_oneof!["[!-~]{0,12}", Just(String::new()), Just("7701#".to_owned())],
    ) {
        check(&Hostile { destination, vendor, product, class, prefix, call_id });
    }
}

#[test]
fn every_form_says_so_when_there_is_no_route() {
    let of = Hostile {
        destination: "x".to_owned(),
        vendor: "v".to_owned(),
        product: "p".to_owned(),
        class: String::new(),
        prefix: String::new(),
        call_id: String::new(),
    };
    let (snapshot, mut decision) = world(&of).unwrap();
    decision.routes.clear();
    decision.status = lcr_core::decide::Status::NoCode;
    let id = answer::decision_id(&snapshot, &decision);
    let read = |format| printed(format, &snapshot, &decision);
    assert_eq!(
        read(Format::Text),
        format!("no_route no_code 0 3600 {id}\n")
    );
    assert_eq!(read(Format::DialString), "");
    assert_eq!(read(Format::Carriers), "");
    assert!(read(Format::Asterisk).starts_with("status=no_route&reason=no_code&count=0&"));
    assert!(read(Format::Freeswitch).contains("<result status=\"not found\"/>"));
    assert!(read(Format::Httapi).contains("<work><hangup cause=\"NO_ROUTE_DESTINATION\"/></work>"));
    for format in [Format::Compact, Format::Rtjson, Format::Siphon] {
        let value: Value = serde_json::from_str(&read(format)).unwrap();
        assert_eq!(value["routes"], json!([]), "{format:?}");
    }
    let flat: Value = serde_json::from_str(&read(Format::Opensips)).unwrap();
    assert_eq!(
        (&flat["status"], &flat["count"]),
        (&json!("no_route"), &json!(0))
    );
}
