//! What switches send in bodies of their own: the forms of FreeSWITCH, the JSON of siphon. They become the same
//! parameters as a query string; everything else in them is left unread.
use std::borrow::Cow;

use lcr_core::answer::{Format, safe};
use serde::Deserialize;

use crate::query::{BadParameter, Parameters, decode};

/// What a body turned out to be.
pub enum Posted {
    /// A question; its words are in the parameters.
    Question,
    /// Nothing that routes answer (another section of FreeSWITCH's configuration, the end of a call).
    Nothing,
}

pub fn read<'a>(
    format: Format,
    body: &'a [u8],
    parameters: &mut Parameters<'a>,
) -> Result<Posted, BadParameter> {
    match format {
        Format::Siphon => siphon(body, parameters).map(|()| Posted::Question),
        Format::Freeswitch | Format::Httapi => form(format, body, parameters),
        _ => Ok(Posted::Question),
    }
}

/// FreeSWITCH's form. The number of the dial plan (`Hunt-…`) comes before that of the call when a transfer changed it.
/// A value that is no text (a header of the call may hold any bytes) is skipped: only the few read here matter.
fn form<'a>(
    format: Format,
    body: &'a [u8],
    parameters: &mut Parameters<'a>,
) -> Result<Posted, BadParameter> {
    let Ok(text) = std::str::from_utf8(body) else {
        return Err(bad_body("The body is not an URL-encoded form."));
    };
    // Rank of the field that gave a value: a lower one wins.
    let mut seen = [u8::MAX; 4];
    let mut section = Cow::Borrowed("dialplan");
    let mut exiting = false;
    for pair in text.split('&') {
        let (name, raw) = pair.split_once('=').unwrap_or((pair, ""));
        let (slot, rank, word) = match name {
            "Hunt-Destination-Number" => (0, 0, "dnis"),
            "Caller-Destination-Number" => (0, 1, "dnis"),
            "variable_effective_caller_id_number" => (1, 0, "ani"),
            "Caller-Caller-ID-Number" => (1, 1, "ani"),
            "Hunt-Context" => (2, 0, "context"),
            "Caller-Context" => (2, 1, "context"),
            "variable_sip_call_id" => (3, 0, "call_id"),
            "Unique-ID" | "session_id" => (3, 1, "call_id"),
            "section" => {
                section = decode(raw).unwrap_or_default();
                continue;
            }
            "exiting" => {
                exiting |= raw == "true";
                continue;
            }
            _ => continue,
        };
        let Some(value) = decode(raw).filter(|v| !v.is_empty()) else {
            continue;
        };
        if word == "context" && !safe::is_name(&value) {
            continue;
        }
        if rank < seen[slot] {
            seen[slot] = rank;
            parameters.put(word, value);
        }
    }
    let asks = match format {
        Format::Freeswitch => section == "dialplan",
        _ => !exiting,
    };
    Ok(if asks {
        Posted::Question
    } else {
        Posted::Nothing
    })
}

/// The request of siphon's contract version "1"; fields we do not use may be anything.
#[derive(Deserialize)]
struct SiphonRequest<'a> {
    #[serde(borrow)]
    version: Cow<'a, str>,
    #[serde(borrow)]
    dialed_number: Cow<'a, str>,
    #[serde(borrow, default)]
    call_id: Cow<'a, str>,
    #[serde(borrow, default, rename = "from")]
    from_uri: Cow<'a, str>,
}

fn siphon<'a>(body: &'a [u8], parameters: &mut Parameters<'a>) -> Result<(), BadParameter> {
    let request: SiphonRequest<'a> = serde_json::from_slice(body)
        .map_err(|e| bad_body(format!("The body is not a request of siphon: {e}.")))?;
    if request.version != "1" {
        return Err(BadParameter::new(
            "bad_version",
            "version",
            "Only version \"1\" of siphon's LCR contract is spoken here.",
            "use the version of siphon that this contract belongs to",
        ));
    }
    parameters.put(
        "ani",
        match request.from_uri {
            Cow::Borrowed(uri) => Cow::Borrowed(user_of(uri)),
            Cow::Owned(uri) => Cow::Owned(user_of(&uri).to_owned()),
        },
    );
    parameters.put("dnis", request.dialed_number);
    parameters.put("call_id", request.call_id);
    Ok(())
}

/// `442079460000` of `sip:442079460000;x=y@host`.
fn user_of(uri: &str) -> &str {
    let rest = uri
        .split_once(':')
        .filter(|(scheme, _)| matches!(*scheme, "sip" | "sips" | "tel"))
        .map_or(uri, |(_, rest)| rest);
    let user = rest.split_once('@').map_or(rest, |(user, _)| user);
    user.split(';').next().unwrap_or("")
}

fn bad_body(detail: impl Into<String>) -> BadParameter {
    BadParameter::new(
        "bad_body",
        "body",
        detail,
        "send what docs/switches shows for this switch",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(format: Format, body: &[u8]) -> Result<(bool, [String; 4]), &'static str> {
        let mut parameters = Parameters::default();
        let posted = read(format, body, &mut parameters).map_err(|e| e.code)?;
        let word = |name| parameters.get(name).unwrap_or("").to_owned();
        Ok((
            matches!(posted, Posted::Question),
            ["dnis", "ani", "call_id", "context"].map(word),
        ))
    }

    #[test]
    fn freeswitch_names_the_number_the_caller_and_the_context() {
        let body = b"hostname=fs1&section=dialplan&tag_name=&key_name=&key_value=&Caller-Caller-ID-Number=33123456789\
&Caller-Destination-Number=442079460000&Hunt-Destination-Number=%2B442079460001&Caller-Context=public&Unique-ID=ab-1\
&variable_odd=%00%ff";
        let (asks, words) = of(Format::Freeswitch, body).unwrap();
        assert!(asks);
        assert_eq!(words, ["+442079460001", "33123456789", "ab-1", "public"]);
    }

    #[test]
    fn other_sections_and_the_end_of_a_call_ask_nothing() {
        assert!(
            !of(
                Format::Freeswitch,
                b"section=configuration&key_value=sofia.conf"
            )
            .unwrap()
            .0
        );
        assert!(!of(Format::Httapi, b"session_id=x&exiting=true").unwrap().0);
    }

    #[test]
    fn a_context_that_is_no_name_is_not_taken() {
        let body = b"section=dialplan&Caller-Destination-Number=44&Caller-Context=a%22%3E%3Cx";
        assert_eq!(of(Format::Freeswitch, body).unwrap().1[3], "");
    }

    #[test]
    fn siphon_asks_by_its_contract() {
        let body = br#"{"version":"1","call_id":"abc123@10.0.0.1","from":"sip:+13105550100@sbc.example.com",
            "to":"sip:+12025550123@sbc.example.com","dialed_number":"+12025550123",
            "source":{"ip":"192.0.2.50","transport":"udp"},"attributes":{"customer_id":"cust-42"}}"#;
        let (asks, words) = of(Format::Siphon, body).unwrap();
        assert!(asks);
        assert_eq!(
            words,
            ["+12025550123", "+13105550100", "abc123@10.0.0.1", ""]
        );
        assert_eq!(of(Format::Siphon, b"{}").unwrap_err(), "bad_body");
        let other = br#"{"version":"2","dialed_number":"1"}"#;
        assert_eq!(of(Format::Siphon, other).unwrap_err(), "bad_version");
    }

    proptest! {
        #[test]
        fn no_body_makes_the_readers_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            for format in [Format::Freeswitch, Format::Httapi, Format::Siphon] {
                let _ = of(format, &body);
            }
        }
    }
}
