//! A number as a trunk sends it to E.164 (docs/decision.md 9). Nothing is guessed: what fits two readings is refused.

use serde::{Deserialize, Serialize};

use super::country::{country_code, is_possible};
use super::uri::undress;
use super::{DigitKey, MAX_DIGITS};

/// How numbers of a trunk are written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    #[serde(default)]
    pub tech_prefix: Option<String>,
    #[serde(default)]
    pub international_prefixes: Vec<String>,
    #[serde(default)]
    pub national_prefix: Option<String>,
    #[serde(default)]
    pub country_code: Option<String>,
    #[serde(default)]
    pub min_digits: Option<usize>,
    #[serde(default)]
    pub max_digits: Option<usize>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Normalised {
    pub e164: Option<String>,
    pub tech_prefix: Option<String>,
    pub rn: Option<String>,
    pub npdi: bool,
    pub cic: Option<String>,
    pub tgrp: Option<String>,
    pub ok: bool,
    pub reason: Option<&'static str>,
}

const LONGEST_TEXT: usize = 256;
/// Country codes whose numbers keep the 0 they are dialled with at home.
const KEEP_ZERO: [&str; 3] = ["39", "378", "379"];

impl Words {
    /// The word and what is wrong with it.
    pub fn check(&self) -> Result<(), String> {
        let digits = |text: &str| text.len() <= 8 && text.bytes().all(|b| b.is_ascii_digit());
        let prefix = |text: &str| {
            text.len() <= 16
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'#' || b == b'*')
        };
        if !self.tech_prefix.as_deref().is_none_or(prefix) {
            return Err("tech_prefix: at most 16 digits, letters, # and *".to_owned());
        }
        if self
            .international_prefixes
            .iter()
            .any(|p| p.is_empty() || !digits(p))
        {
            return Err("international_prefixes: each 1 to 8 digits".to_owned());
        }
        if !self.national_prefix.as_deref().is_none_or(digits) {
            return Err("national_prefix: at most 8 digits".to_owned());
        }
        if let Some(code) = &self.country_code {
            let key = DigitKey::from_digits(code);
            if key.is_none_or(|k| country_code(k) != Some(k)) {
                return Err(format!(
                    "country_code: {:?} is not an assigned country code",
                    cut(code)
                ));
            }
            if KEEP_ZERO.contains(&code.as_str()) && self.national_prefix() == Some("0") {
                return Err(format!(
                    "national_prefix: numbers of +{code} keep their leading 0; leave the national prefix empty"
                ));
            }
        } else if self.national_prefix().is_some() {
            return Err("national_prefix: needs a country_code".to_owned());
        }
        let (least, most) = self.lengths();
        if least == 0 || least > most || most > MAX_DIGITS {
            return Err(
                "min_digits and max_digits: 1 to 15, the first not above the second".to_owned(),
            );
        }
        Ok(())
    }

    fn lengths(&self) -> (usize, usize) {
        (
            self.min_digits.unwrap_or(1),
            self.max_digits.unwrap_or(MAX_DIGITS),
        )
    }

    fn national_prefix(&self) -> Option<&str> {
        self.national_prefix.as_deref().filter(|p| !p.is_empty())
    }

    fn tech_prefix(&self) -> Option<&str> {
        self.tech_prefix.as_deref().filter(|p| !p.is_empty())
    }
}

fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

/// The number in `text` as E.164, or the reason why not. Idempotent: `+` and the answer give the answer again.
pub fn normalise(words: &Words, text: &str) -> Normalised {
    if text.len() > LONGEST_TEXT {
        return refused(Normalised::default(), "too_long");
    }
    let dressed = undress(text);
    let mut out = Normalised {
        rn: dressed.rn.clone(),
        npdi: dressed.npdi,
        cic: dressed.cic.clone(),
        tgrp: dressed.tgrp.clone(),
        ..Normalised::default()
    };
    let mut number = dressed.text.as_str();
    if number.is_empty() {
        return refused(out, "empty");
    }
    if let Some(prefix) = words.tech_prefix().filter(|_| !number.starts_with('+')) {
        match number.strip_prefix(prefix) {
            Some(rest) => number = rest,
            None => return refused(out, "tech_prefix_missing"),
        }
        out.tech_prefix = Some(prefix.to_owned());
    }
    match read(words, number, dressed.context.as_deref()) {
        Ok(digits) => {
            let (least, most) = words.lengths();
            if digits.len() < least {
                return refused(out, "too_short");
            }
            if digits.len() > most {
                return refused(out, "too_long");
            }
            out.e164 = Some(digits);
            out.ok = true;
            out
        }
        Err(reason) => refused(out, reason),
    }
}

fn refused(mut out: Normalised, reason: &'static str) -> Normalised {
    out.reason = Some(reason);
    out
}

fn plain(text: &str) -> Result<&str, &'static str> {
    if text.is_empty() {
        Err("empty")
    } else if text.bytes().all(|b| b.is_ascii_digit()) {
        Ok(text)
    } else {
        Err("not_digits")
    }
}

/// All digits of the number with its country code.
fn read(words: &Words, number: &str, context: Option<&str>) -> Result<String, &'static str> {
    if let Some(global) = number.strip_prefix('+') {
        return plain(global).map(str::to_owned);
    }
    let number = plain(number)?;
    if let Some(context) = context {
        // A local number counts in its context; one that is a domain says nothing about digits.
        let context = super::uri::without_separators(context);
        let digits = context.strip_prefix('+').ok_or("local_number")?;
        return Ok(format!("{}{number}", plain(digits)?));
    }
    let prefixes = words.international_prefixes.iter();
    let international = prefixes
        .filter_map(|p| number.strip_prefix(p.as_str()))
        .filter(|rest| !rest.is_empty())
        .min_by_key(|rest| rest.len());
    let Some(code) = words.country_code.as_deref() else {
        return Ok(international.unwrap_or(number).to_owned());
    };
    let at_home = |rest: &str| format!("{code}{rest}");
    let national = words.national_prefix().and_then(|p| number.strip_prefix(p));
    // Where 0 is dialled in front of national numbers none of them begins with 0: two zeros are an international prefix.
    // Of other prefixes this does not hold: 8 812 is Saint Petersburg.
    let again = |rest: &str| words.national_prefix() == Some("0") && rest.starts_with('0');
    let national = national
        .filter(|rest| !rest.is_empty() && !again(rest))
        .map(at_home);
    match (international, national) {
        (Some(abroad), Some(home)) if abroad != home => match (possible(abroad), possible(&home)) {
            (true, false) => Ok(abroad.to_owned()),
            (false, true) => Ok(home),
            (true, true) => Err("ambiguous"),
            // Which of the two was meant is not to be told from lengths: nothing is guessed.
            (false, false) => Err("not_assigned"),
        },
        (Some(abroad), _) => Ok(abroad.to_owned()),
        (None, Some(home)) => Ok(home),
        (None, None) => bare(words, number, &at_home(number)),
    }
}

/// Digits without any prefix on a trunk with a country.
fn bare(words: &Words, number: &str, home: &str) -> Result<String, &'static str> {
    let (abroad, at_home) = (possible(number), possible(home));
    match (abroad, at_home) {
        (true, false) => Ok(number.to_owned()),
        (true, true) => Err("ambiguous"),
        // Without a national prefix of its own a country's numbers are dialled bare.
        (false, true) if words.national_prefix().is_none() => Ok(home.to_owned()),
        (false, true) => Err("national_prefix_missing"),
        (false, false) => Err("not_assigned"),
    }
}

fn possible(digits: &str) -> bool {
    DigitKey::from_digits(digits).is_some_and(is_possible)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(json: &str) -> Words {
        let words: Words = serde_json::from_str(json).unwrap();
        words.check().unwrap();
        words
    }

    fn read(words: &Words, text: &str) -> String {
        let out = normalise(words, text);
        assert_eq!(out.ok, out.e164.is_some());
        out.e164.or(out.reason.map(|r| format!("!{r}"))).unwrap()
    }

    #[test]
    fn prefixes_come_off_in_order() {
        let uk = words(
            r#"{"tech_prefix":"7701#","international_prefixes":["00","0011"],"national_prefix":"0","country_code":"44","min_digits":7}"#,
        );
        for (text, expected) in [
            ("7701#00442079460000", "442079460000"),
            ("7701# 020 7946 0000", "442079460000"),
            ("7701#0011 1 212 555 0100", "12125550100"),
            ("+44 (20) 7946-0000", "442079460000"),
            ("7701#+442079460000", "442079460000"),
            (
                "sip:7701%23442079460000@192.0.2.1:5060;transport=tcp",
                "442079460000",
            ),
            (
                "\"Bob\" <sip:+442079460000@example.net>;tag=1",
                "442079460000",
            ),
            ("02079460000", "!tech_prefix_missing"),
            ("7701#", "!empty"),
            ("7701#2079460000", "!ambiguous"), // Egypt, or London without its 0
            ("7701#00441", "!too_short"),
            ("7701#0044abc", "!not_digits"),
            ("", "!empty"),
        ] {
            assert_eq!(read(&uk, text), expected, "{text}");
        }
    }

    #[test]
    fn two_readings_are_refused() {
        let us =
            words(r#"{"international_prefixes":["011"],"national_prefix":"1","country_code":"1"}"#);
        for (text, expected) in [
            ("12125550100", "12125550100"),
            ("011442079460000", "442079460000"),
            ("2125550100", "!national_prefix_missing"), // no number of Morocco
            ("4420794600", "!ambiguous"),               // Britain, or the area 442 without its 1
            ("442079460000", "442079460000"),
            ("5550100", "!not_assigned"),
        ] {
            assert_eq!(read(&us, text), expected, "{text}");
        }
        let sheffield = words(
            r#"{"international_prefixes":["011"],"national_prefix":"0","country_code":"44"}"#,
        );
        assert_eq!(read(&sheffield, "01144960000"), "441144960000");
        assert_eq!(read(&sheffield, "0114420794600"), "4420794600");
        // 011 and two digits, or Sheffield and far too few: neither can be a number.
        assert_eq!(read(&sheffield, "01144"), "!not_assigned");
    }

    #[test]
    fn italy_keeps_its_zero_and_spain_dials_bare() {
        let italy = words(r#"{"international_prefixes":["00"],"country_code":"39"}"#);
        assert_eq!(read(&italy, "0612345678"), "390612345678");
        assert_eq!(read(&italy, "003906698123"), "3906698123");
        let stripped: Words =
            serde_json::from_str(r#"{"country_code":"39","national_prefix":"0"}"#).unwrap();
        assert!(
            stripped
                .check()
                .unwrap_err()
                .contains("keep their leading 0")
        );
        let spain = words(r#"{"international_prefixes":["00"],"country_code":"34"}"#);
        assert_eq!(read(&spain, "0034912345678"), "34912345678");
        let russia =
            words(r#"{"international_prefixes":["810"],"national_prefix":"8","country_code":"7"}"#);
        assert_eq!(read(&russia, "84951234567"), "74951234567");
        assert_eq!(read(&russia, "88121234567"), "78121234567");
        assert_eq!(read(&russia, "88005553535"), "78005553535");
        assert_eq!(read(&russia, "810442079460000"), "442079460000");
    }

    #[test]
    fn tel_parameters_are_read() {
        let any = Words::default();
        let out = normalise(
            &any,
            "tel:+1-718-555-0123;rn=+1-973-555-0000;npdi;cic=+1-6789;tgrp=tg1;trunk-context=example.net",
        );
        assert_eq!(out.e164.as_deref(), Some("17185550123"));
        assert_eq!(
            (
                out.rn.as_deref(),
                out.npdi,
                out.cic.as_deref(),
                out.tgrp.as_deref()
            ),
            (Some("19735550000"), true, Some("16789"), Some("tg1"))
        );
        let out = normalise(
            &any,
            "sip:+17185550123;npdi;rn=9735550000;rn-context=+1@example.net;user=phone",
        );
        assert_eq!((out.rn.as_deref(), out.npdi), (Some("19735550000"), true));
        assert_eq!(read(&any, "tel:5550123;phone-context=+1718"), "17185550123");
        assert_eq!(
            read(&any, "tel:7042;phone-context=example.com"),
            "!local_number"
        );
        assert_eq!(read(&any, "442079460000"), "442079460000");
        assert_eq!(read(&any, "anonymous"), "!not_digits");
    }

    proptest! {
        #[test]
        fn normalising_again_changes_nothing(
            text in "[+0-9 #()-]{0,20}", national in prop::option::of("[018]"), code in prop::sample::select(vec!["44", "1", "7", "49", "54"]),
            with_code in any::<bool>(), tech in prop::option::of("[0-9]{2}#"), least in 1usize..8,
        ) {
            let words = Words {
                tech_prefix: tech,
                international_prefixes: vec!["00".to_owned(), "011".to_owned(), "810".to_owned()],
                national_prefix: national.filter(|_| with_code),
                country_code: with_code.then(|| code.to_owned()),
                min_digits: Some(least),
                max_digits: None,
            };
            prop_assert!(words.check().is_ok());
            if let Some(number) = normalise(&words, &text).e164 {
                let again = normalise(&words, &format!("+{number}"));
                prop_assert_eq!(again.e164, Some(number));
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = normalise(&Words::default(), &text);
        }
    }
}
