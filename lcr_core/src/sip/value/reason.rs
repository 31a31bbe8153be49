//! Reason (RFC 3326): why a call ended, `Q.850;cause=16;text="..."`.
use super::list::Values;
use super::params::Params;
use crate::sip::chars::{is_token, number, span, trim};

/// The Q.850 cause of a Reason line, where one of its values has one.
#[must_use]
pub fn q850(line: &[u8]) -> Option<u8> {
    Values::new(line).find_map(|value| {
        let (protocol, params) = value.split_at(span(value, is_token));
        if !protocol.eq_ignore_ascii_case(b"Q.850") {
            return None;
        }
        number(trim(Params::value(params, b"cause")?))
            .and_then(|n| u8::try_from(n).ok())
            .filter(|n| *n < 128)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_found_among_other_reasons() {
        assert_eq!(
            q850(br#"SIP ;cause=600 ;text="Busy, really", Q.850;cause=17;text="User busy""#),
            Some(17)
        );
        assert_eq!(q850(b"Q.850 ; location=LN ; cause = 16"), Some(16));
        assert_eq!(q850(b"Q.850;cause=999"), None);
        assert_eq!(q850(b"SIP;cause=200"), None);
    }
}
