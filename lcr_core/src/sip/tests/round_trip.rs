//! parse(serialise(m)) = m for any message the writer can write.
use proptest::prelude::*;

use crate::sip::message::{Message, Writer, phrase};
use crate::sip::name::Name;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Model {
    start: (Vec<u8>, Vec<u8>, u16),
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    body: Vec<u8>,
}

fn token() -> impl Strategy<Value = String> {
    "[A-Za-z0-9.!%*_+`'~-]{1,12}"
}

fn user() -> impl Strategy<Value = String> {
    "([A-Za-z0-9_.!~*'()&=+$,;?/-]|%[0-9A-F]{2}){1,16}"
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z][a-z0-9]{0,8}(\\.[a-z]{2,5})?",
        Just("[2001:db8::9]".into()),
        Just("10.1.1.1".into())
    ]
}

fn uri() -> impl Strategy<Value = String> {
    (
        user(),
        host(),
        proptest::option::of(1_u16..),
        "(;[a-z]{1,5}(=[a-z0-9.]{1,5})?){0,3}",
    )
        .prop_map(|(user, host, port, params)| match port {
            Some(port) => format!("sip:{user}@{host}:{port}{params}"),
            None => format!("sip:{user}@{host}{params}"),
        })
}

fn display() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[a-z]{1,5}( [a-z]{1,5})? ",
        "\"([ !#-\\[\\]-~äЖ]|\\\\[\"\\\\])*\" ",
    ]
}

fn address() -> impl Strategy<Value = String> {
    (display(), uri(), token())
        .prop_map(|(display, uri, tag)| format!("{display}<{uri}>;tag={tag}"))
}

fn model() -> impl Strategy<Value = Model> {
    let start = prop_oneof![
        (token(), uri()).prop_map(|(m, u)| (m.into_bytes(), u.into_bytes(), 0)),
        (100_u16..700).prop_map(|code| (vec![], vec![], code)),
    ];
    let via = (host(), token())
        .prop_map(|(h, t)| format!("SIP/2.0/UDP {h}:5060;rport;branch=z9hG4bK{t}"));
    let others = proptest::collection::vec(("X-[A-Za-z]{1,9}", "[!-~]([ -~ä]{0,20}[!-~])?"), 0..6);
    (
        start,
        via,
        address(),
        address(),
        "[A-Za-z0-9@.-]{1,20}",
        any::<u32>(),
        others,
        proptest::collection::vec(any::<u8>(), 0..60),
    )
        .prop_map(|(start, via, from, to, call_id, cseq, others, body)| {
            let method = if start.2 == 0 {
                String::from_utf8_lossy(&start.0).into_owned()
            } else {
                "INVITE".into()
            };
            let mut headers = vec![
                ("Via", via),
                ("From", from),
                ("To", to),
                ("Call-ID", call_id),
                ("CSeq", format!("{cseq} {method}")),
            ]
            .into_iter()
            .map(|(n, v)| (n.as_bytes().to_vec(), v.into_bytes()))
            .collect::<Vec<_>>();
            headers.extend(
                others
                    .into_iter()
                    .map(|(n, v)| (n.into_bytes(), v.into_bytes())),
            );
            Model {
                start,
                headers,
                body,
            }
        })
}

fn write(model: &Model) -> Vec<u8> {
    let (method, uri, code) = &model.start;
    let mut out = match code {
        0 => Writer::request(method, uri),
        code => Writer::response(*code, phrase(*code).as_bytes()),
    };
    for (name, value) in &model.headers {
        out.header(name, value);
    }
    out.body(Some(b"application/octet-stream"), &model.body)
        .to_vec()
}

fn read(bytes: &[u8]) -> Model {
    let message = Message::parse(bytes)
        .unwrap_or_else(|r| panic!("{}: {}", r.fault, String::from_utf8_lossy(bytes)));
    let headers = message
        .all_lines()
        .filter(|(name, _, _)| !matches!(name, Name::ContentType | Name::ContentLength))
        .map(|(_, name, value)| (name.to_vec(), value.to_vec()))
        .collect();
    Model {
        start: (
            message.method_text().to_vec(),
            message.request_uri().to_vec(),
            message.code(),
        ),
        headers,
        body: message.body().to_vec(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_is_written_is_read_back_the_same(model in model()) {
        prop_assert_eq!(read(&write(&model)), model);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Message::parse(&bytes);
    }

    #[test]
    fn one_damaged_byte_never_panics(model in model(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = write(&model);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = Message::parse(&bytes);
    }

    #[test]
    fn nothing_a_stranger_wrote_ends_a_line_early(value in "(?s).{0,40}") {
        let mut out = Writer::request(b"INVITE", b"sip:a@b");
        out.header("X", &value);
        let bytes = out.end();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        prop_assert_eq!(text.matches('\n').count(), 4);
    }
}
