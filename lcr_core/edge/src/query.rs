//! The query string: `name=value&name=value`, percent-decoded, each name once, unknown names refused.
use std::borrow::Cow;
use std::cell::RefCell;

/// Why a query string is not acceptable; `parameter` is the name as sent when it is a known one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadParameter {
    pub code: &'static str,
    pub parameter: Cow<'static, str>,
    pub detail: String,
    pub hint: &'static str,
}

impl BadParameter {
    pub fn new(
        code: &'static str,
        parameter: &'static str,
        detail: impl Into<String>,
        hint: &'static str,
    ) -> Self {
        Self {
            code,
            parameter: Cow::Borrowed(parameter),
            detail: detail.into(),
            hint,
        }
    }
}

/// The names `/v1/lcr` knows, in the order of `Parameters::values`.
pub const NAMES: [&str; COUNT] = [
    "dnis", "ani", "lrn", "call_id", "at", "max", "explain", "format", "dial", "profile",
    "context", "a_lrn", "npdi",
];
const COUNT: usize = 13;
pub const NAMES_HINT: &str =
    "use dnis, ani, lrn, a_lrn, npdi, call_id, at, max, explain, format, dial, profile, context";
/// Longest decoded value, in bytes, per name.
const LIMITS: [usize; COUNT] = [160, 64, 64, 128, 40, 16, 16, 16, 16, 64, 64, 64, 16];

thread_local! {
    /// Room of decoded values that were read.
    static ROOM: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Room for so many bytes, used before where there is some.
fn room(bytes: usize) -> Vec<u8> {
    let used = ROOM.with_borrow_mut(Vec::pop);
    let mut room = used.unwrap_or_default().into_bytes();
    room.reserve(bytes);
    room
}

impl Drop for Parameters<'_> {
    fn drop(&mut self) {
        for value in &mut self.values {
            if let Some(Cow::Owned(text)) = value {
                let mut text = std::mem::take(text);
                text.clear();
                ROOM.with_borrow_mut(|room| {
                    if room.len() < COUNT && text.capacity() <= 512 {
                        room.push(text);
                    }
                });
            }
        }
    }
}

/// Its place in `NAMES`. Where the name is a literal the compiler knows the answer: a question is looked through for every name.
#[inline(always)]
fn place(name: &str) -> Option<usize> {
    Some(match name {
        "dnis" => 0,
        "ani" => 1,
        "lrn" => 2,
        "call_id" => 3,
        "at" => 4,
        "max" => 5,
        "explain" => 6,
        "format" => 7,
        "dial" => 8,
        "profile" => 9,
        "context" => 10,
        "a_lrn" => 11,
        "npdi" => 12,
        _ => return None,
    })
}

/// Decoded values; an empty value counts as absent, so a switch may send `ani=` when it knows none.
#[derive(Debug, Default)]
pub struct Parameters<'a> {
    values: [Option<Cow<'a, str>>; COUNT],
}

impl<'a> Parameters<'a> {
    /// Take a value from elsewhere than the query string (a form, a JSON body). Over-long ones are cut off at nothing:
    /// they count as not given.
    pub fn put(&mut self, name: &str, value: Cow<'a, str>) {
        if let Some(index) = place(name) {
            self.values[index] = Some(value).filter(|v| v.len() <= LIMITS[index]);
        }
    }

    #[inline(always)]
    pub fn get(&self, name: &str) -> Option<&str> {
        let index = place(name)?;
        self.values[index].as_deref().filter(|v| !v.is_empty())
    }
}

/// Decode `%XX` and `+`; `None` when an escape is cut off or not hexadecimal, the bytes are not UTF-8,
/// or a control character is among them.
pub fn decode(raw: &str) -> Option<Cow<'_, str>> {
    if !raw
        .bytes()
        .any(|b| b == b'%' || b == b'+' || b < 0x20 || b == 0x7f)
    {
        return Some(Cow::Borrowed(raw));
    }
    let mut out = room(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        let decoded = match byte {
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            b'+' => b' ',
            other => other,
        };
        if decoded < 0x20 || decoded == 0x7f {
            return None;
        }
        out.push(decoded);
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Text of a stranger, fit to be shown in an answer: short, printable ASCII only.
pub fn shown(raw: &str) -> String {
    raw.chars()
        .take(32)
        .map(|c| {
            if c.is_ascii_graphic() || c == ' ' {
                c
            } else {
                '?'
            }
        })
        .collect()
}

/// What stands before the first such (ASCII) character and what behind it; all and nothing without one. A loop over bytes: these
/// texts are short.
#[inline]
fn cut(text: &str, at: u8) -> (&str, &str) {
    let found = text.bytes().position(|byte| byte == at);
    let place = found.unwrap_or(text.len());
    (
        text.get(..place).unwrap_or_default(),
        text.get(place + 1..).unwrap_or_default(),
    )
}

/// Parse the query string of `/v1/lcr`.
pub fn parse(query: &str) -> Result<Parameters<'_>, BadParameter> {
    let mut parameters = Parameters::default();
    let mut rest = query;
    while !rest.is_empty() {
        let (pair, behind) = cut(rest, b'&');
        rest = behind;
        if pair.is_empty() {
            continue;
        }
        let (raw_name, raw_value) = cut(pair, b'=');
        let Some(index) = place(raw_name) else {
            let name = shown(raw_name);
            return Err(BadParameter {
                code: "unknown_parameter",
                detail: format!("There is no parameter \"{name}\"."),
                parameter: Cow::Owned(name),
                hint: NAMES_HINT,
            });
        };
        let name = NAMES[index];
        if parameters.values[index].is_some() {
            return Err(BadParameter::new(
                "duplicate_parameter",
                name,
                format!("The parameter {name} is given more than once."),
                "give each parameter once",
            ));
        }
        let value = decode(raw_value).ok_or_else(|| {
            BadParameter::new(
                "bad_encoding",
                name,
                format!("The value of {name} is not percent-encoded UTF-8 text, or holds a control character."),
                "percent-encode the value, for example + as %2B",
            )
        })?;
        if value.len() > LIMITS[index] {
            return Err(BadParameter::new(
                "value_too_long",
                name,
                format!(
                    "The value of {name} is longer than {} bytes.",
                    LIMITS[index]
                ),
                "shorten the value",
            ));
        }
        parameters.values[index] = Some(value);
    }
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_decoded_and_empty_ones_are_absent() {
        let parameters = parse("dnis=%2B44%2020&ani=&at=1").unwrap();
        assert_eq!(parameters.get("dnis"), Some("+44 20"));
        assert_eq!(parameters.get("ani"), None);
        assert_eq!(parameters.get("at"), Some("1"));
        assert_eq!(parameters.get("max"), None);
    }

    #[test]
    fn every_name_has_its_place() {
        for (index, name) in NAMES.iter().enumerate() {
            assert_eq!(place(name), Some(index), "{name}");
        }
        assert_eq!(place("dnis "), None);
    }

    #[test]
    fn unknown_double_and_broken_parameters_are_named() {
        assert_eq!(
            parse("dnis=1&trunk=2").unwrap_err().code,
            "unknown_parameter"
        );
        let double = parse("dnis=1&dnis=1").unwrap_err();
        assert_eq!(
            (double.code, double.parameter.as_ref()),
            ("duplicate_parameter", "dnis")
        );
        for bad in [
            "dnis=%",
            "dnis=%4",
            "dnis=%zz",
            "dnis=%ff",
            "dnis=%00",
            "dnis=1%0d%0a",
        ] {
            assert_eq!(parse(bad).unwrap_err().code, "bad_encoding", "{bad}");
        }
        assert_eq!(
            parse(&format!("dnis={}", "1".repeat(161)))
                .unwrap_err()
                .code,
            "value_too_long"
        );
    }

    #[test]
    fn a_strange_name_is_shown_harmlessly() {
        let error = parse("<script>\u{7}=1").unwrap_err();
        assert_eq!(error.parameter, "<script>?");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>()) {
            let _ = parse(&text);
            let _ = decode(&text);
        }

        #[test]
        fn decoded_values_never_hold_control_characters(text in "[ -~]{0,40}") {
            if let Some(value) = decode(&text) {
                prop_assert!(value.bytes().all(|b| b >= 0x20 && b != 0x7f));
            }
        }
    }
}
