//! What became of the caller's number on its way to our own far end.

use crate::number::MAX_DIGITS;

/// How the far end's network writes numbers.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// Country code of the far end: `44`.
    pub country: &'a str,
    /// What stands before a national number: `0`, or empty.
    pub national_prefix: &'a str,
    /// What stands before a foreign number: `00`, `011`.
    pub international_prefix: &'a str,
}

/// Best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CliClass {
    /// The digits that were sent, with or without a plus.
    Exact,
    /// The same number written another way.
    Reformatted,
    /// The beginning or the end of it.
    Truncated,
    Withheld,
    /// Another number: a SIM box or grey route.
    Substituted,
}

impl CliClass {
    pub fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Reformatted => "reformatted",
            Self::Truncated => "truncated",
            Self::Withheld => "withheld",
            Self::Substituted => "substituted",
        }
    }
}

/// What the far end received: user parts of the headers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Delivered<'a> {
    pub from: &'a str,
    pub asserted: Option<&'a str>,
    /// Privacy asks for `id`, `user` or `header`.
    pub private: bool,
    /// Of Diversion or History-Info.
    pub diversion: Option<&'a str>,
    /// `orig` of a verified PASSporT.
    pub signed: Option<&'a str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CliVerdict {
    /// Of what a person would see: From, or nothing when private.
    pub shown: CliClass,
    pub asserted: Option<CliClass>,
    pub signed: Option<CliClass>,
    /// Shown, asserted and signed number are not all one number.
    pub disagree: bool,
    /// The number came as a diverting one.
    pub diverted: bool,
}

/// Fewer digits prove nothing about the number they were cut from.
const LEAST_DIGITS: usize = 4;

/// `sent` = the test number in E.164, digits only.
pub fn verify(sent: &str, delivered: &Delivered, plan: &Plan) -> CliVerdict {
    let shown = if delivered.private {
        CliClass::Withheld
    } else {
        classify(sent, delivered.from, plan)
    };
    let number = |user: &str| e164(user, plan);
    let known = [Some(delivered.from), delivered.asserted, delivered.signed];
    let mut numbers = known.into_iter().flatten().filter_map(number);
    let first = numbers.next();
    CliVerdict {
        shown,
        asserted: delivered.asserted.map(|user| classify(sent, user, plan)),
        signed: delivered.signed.map(|user| classify(sent, user, plan)),
        disagree: numbers.any(|other| Some(other) != first),
        diverted: delivered.diversion.and_then(number).as_deref() == Some(sent),
    }
}

/// One received user part against the number that was sent.
pub fn classify(sent: &str, received: &str, plan: &Plan) -> CliClass {
    let received = received.trim();
    let digits = visible_digits(received);
    if received.strip_prefix('+').unwrap_or(received) == sent {
        return CliClass::Exact;
    }
    let Some(digits) = digits.filter(|digits| !digits.is_empty()) else {
        return if withheld(received) {
            CliClass::Withheld
        } else {
            CliClass::Substituted
        };
    };
    if e164(received, plan).as_deref() == Some(sent) {
        return CliClass::Reformatted;
    }
    let national = sent.strip_prefix(plan.country).unwrap_or(sent);
    let whole = digits.trim_start_matches('0');
    if digits == national || whole == sent {
        return CliClass::Reformatted;
    }
    if digits.bytes().all(|digit| digit == b'0') {
        return CliClass::Withheld;
    }
    let cut = |part: &str| {
        let found = sent.starts_with(part) || sent.ends_with(part) || national.starts_with(part);
        part.len() >= LEAST_DIGITS && part.len() < sent.len() && found
    };
    let local = digits.strip_prefix(plan.national_prefix).unwrap_or(&digits);
    if cut(&digits) || cut(local) {
        CliClass::Truncated
    } else {
        CliClass::Substituted
    }
}

/// The digits of a number written with the usual marks; None when it holds anything else.
fn visible_digits(user: &str) -> Option<String> {
    let user = user.strip_prefix('+').unwrap_or(user);
    let user = user.split(';').next().unwrap_or(user);
    let mut digits = String::new();
    for letter in user.chars() {
        match letter {
            '0'..='9' => digits.push(letter),
            '-' | '.' | '(' | ')' | ' ' => {}
            _ => return None,
        }
    }
    Some(digits)
}

/// E.164 digits of a user part by the plan of its network; None when it is no number.
pub fn e164(user: &str, plan: &Plan) -> Option<String> {
    let user = user.trim();
    let digits = visible_digits(user)?;
    let foreign = |rest: &str| (!rest.is_empty()).then(|| rest.to_owned());
    let number = if user.starts_with('+') {
        foreign(&digits)?
    } else if let Some(rest) = strip(&digits, plan.international_prefix) {
        foreign(rest)?
    } else if let Some(rest) = strip(&digits, plan.national_prefix) {
        format!("{}{rest}", plan.country)
    } else {
        digits
    };
    (LEAST_DIGITS..=MAX_DIGITS)
        .contains(&number.len())
        .then_some(number)
}

fn strip<'a>(digits: &'a str, prefix: &str) -> Option<&'a str> {
    if prefix.is_empty() {
        return None;
    }
    digits.strip_prefix(prefix)
}

fn withheld(user: &str) -> bool {
    const WORDS: [&str; 9] = [
        "",
        "anonymous",
        "restricted",
        "unavailable",
        "unknown",
        "private",
        "withheld",
        "asterisk",
        "invalid",
    ];
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(user))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BRITISH: Plan = Plan {
        country: "44",
        national_prefix: "0",
        international_prefix: "00",
    };
    const SENT: &str = "442079460123";

    fn class(received: &str) -> CliClass {
        classify(SENT, received, &BRITISH)
    }

    #[test]
    fn the_same_digits_are_exact_with_or_without_a_plus() {
        assert_eq!(
            (class("442079460123"), class("+442079460123")),
            (CliClass::Exact, CliClass::Exact)
        );
    }

    #[test]
    fn national_and_international_writing_is_the_same_number() {
        for written in [
            "02079460123",
            "00442079460123",
            "2079460123",
            "+44 (20) 7946-0123",
            "442079460123;phone-context=x",
        ] {
            assert_eq!(class(written), CliClass::Reformatted, "{written}");
        }
        let american = Plan {
            country: "1",
            national_prefix: "1",
            international_prefix: "011",
        };
        assert_eq!(
            classify("12125551213", "2125551213", &american),
            CliClass::Reformatted
        );
        assert_eq!(
            classify("442079460123", "011442079460123", &american),
            CliClass::Reformatted
        );
    }

    #[test]
    fn no_number_is_withheld() {
        for written in [
            "anonymous",
            "Anonymous",
            "",
            "restricted",
            "unavailable",
            "0",
            "0000",
        ] {
            assert_eq!(class(written), CliClass::Withheld, "{written}");
        }
    }

    #[test]
    fn a_part_is_truncated_and_anything_else_substituted() {
        assert_eq!(
            (class("44207946"), class("9460123"), class("0207946")),
            (
                CliClass::Truncated,
                CliClass::Truncated,
                CliClass::Truncated
            )
        );
        for written in [
            "447700900123",
            "07700900123",
            "4420794601234",
            "123",
            "alice",
            "442079460124",
        ] {
            assert_eq!(class(written), CliClass::Substituted, "{written}");
        }
    }

    #[test]
    fn headers_that_name_different_numbers_disagree() {
        let delivered = Delivered {
            from: "02079460123",
            asserted: Some("+447700900123"),
            ..Delivered::default()
        };
        let verdict = verify(SENT, &delivered, &BRITISH);
        assert_eq!(
            (verdict.shown, verdict.asserted),
            (CliClass::Reformatted, Some(CliClass::Substituted))
        );
        assert!(verdict.disagree && !verdict.diverted);
        let same = Delivered {
            asserted: Some("+442079460123"),
            signed: Some(SENT),
            ..delivered
        };
        assert!(!verify(SENT, &same, &BRITISH).disagree);
    }

    #[test]
    fn privacy_hides_what_from_still_says() {
        let delivered = Delivered {
            from: SENT,
            private: true,
            asserted: Some(SENT),
            diversion: Some("+442079460123"),
            ..Delivered::default()
        };
        let verdict = verify(SENT, &delivered, &BRITISH);
        assert_eq!(
            (verdict.shown, verdict.asserted),
            (CliClass::Withheld, Some(CliClass::Exact))
        );
        assert!(verdict.diverted);
    }
}
