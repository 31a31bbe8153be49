//! One call of a batch, read by the same rules as a single question.
use std::borrow::Cow;
use std::fmt;

use lcr_core::access::Trunk;
use lcr_core::query::Call;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::asked::{a_lrn, ani, dnis, flag, optional_number, options};
use crate::query::{self, BadParameter, Parameters};

/// The names a call may have.
pub const NAMES: [&str; 8] = [
    "dnis", "ani", "lrn", "a_lrn", "npdi", "call_id", "at", "max",
];
const HINT: &str = "of each call say dnis, ani, lrn, a_lrn, npdi, call_id, at, max";

/// One call and how many routes it wants at most.
pub struct Row {
    pub call: Call,
    pub max: Option<u32>,
}

/// What the parameters ask; `at_us` holds where they say no instant.
pub fn read(parameters: &Parameters<'_>, trunk: &Trunk, at_us: i64) -> Result<Row, BadParameter> {
    let options = options(parameters)?;
    let dialled = dnis(parameters, trunk)?;
    let lrn = optional_number(parameters, "lrn")?.or(dialled.rn);
    let call = Call {
        ani: ani(parameters).map(|number| number.to_string()),
        lrn,
        a_lrn: a_lrn(parameters)?,
        npdi: dialled.npdi || flag(parameters, "npdi")?,
        call_id: parameters.get("call_id").map(str::to_owned),
        ..Call::new(dialled.number, options.at_us.unwrap_or(at_us))
    };
    Ok(Row {
        call,
        max: options.max,
    })
}

/// A value of a call put among the parameters, held to what a query string is held to.
pub fn put<'a>(
    parameters: &mut Parameters<'a>,
    name: &'static str,
    value: Cow<'a, str>,
) -> Result<(), BadParameter> {
    if value.bytes().any(|b| b < 0x20 || b == 0x7f) {
        return Err(BadParameter::new(
            "bad_encoding",
            name,
            format!("The value of {name} holds a control character."),
            "send plain text",
        ));
    }
    let given = !value.is_empty();
    parameters.put(name, value);
    if given && parameters.get(name).is_none() {
        return Err(BadParameter::new(
            "value_too_long",
            name,
            format!("The value of {name} is too long."),
            "shorten the value",
        ));
    }
    Ok(())
}

/// The parameters of a call in JSON: an object of names and plain values, each name once.
pub fn from_json(text: &str) -> Result<Parameters<'static>, BadParameter> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let pairs = reader.deserialize_map(Pairs).map_err(|e| {
        BadParameter::new(
            "bad_call",
            "body",
            format!("A call is not a JSON object of names and plain values: {e}"),
            HINT,
        )
    })?;
    let mut parameters = Parameters::default();
    let mut seen = [false; NAMES.len()];
    for (name, value) in pairs {
        let Some(place) = NAMES.iter().position(|known| *known == name) else {
            let name = query::shown(&name);
            return Err(BadParameter {
                code: "unknown_parameter",
                detail: format!("A call has no \"{name}\"."),
                parameter: Cow::Owned(name),
                hint: HINT,
            });
        };
        let name = NAMES[place];
        if std::mem::replace(&mut seen[place], true) {
            return Err(BadParameter::new(
                "duplicate_parameter",
                name,
                format!("{name} is given more than once."),
                "give each name once",
            ));
        }
        let text = match value {
            Value::Null => continue,
            Value::String(text) => text,
            Value::Bool(yes) => if yes { "1" } else { "0" }.to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Array(_) | Value::Object(_) => {
                return Err(BadParameter::new(
                    "bad_call",
                    name,
                    format!("{name} is not a plain value."),
                    "send text or a number",
                ));
            }
        };
        put(&mut parameters, name, Cow::Owned(text))?;
    }
    Ok(parameters)
}

/// Names and values in the order sent, repeated ones too.
struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(String, Value)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        /// More names than any call has; the rest is not even kept.
        const MOST: usize = 32;
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            if pairs.len() < MOST {
                pairs.push(pair);
            }
        }
        Ok(pairs)
    }
}
