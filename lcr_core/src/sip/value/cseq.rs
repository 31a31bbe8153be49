//! CSeq and RAck.
use crate::sip::chars::{all, is_lws, is_token, number, span, trim};
use crate::sip::fault::Fault;

/// A sequence number must stay below 2^31 (RFC 3261 section 8.1.1.5); the parser takes all 32 bits.
pub fn parse(text: &[u8]) -> Result<(u32, &[u8]), Fault> {
    const BAD: Fault = Fault::bad("Bad CSeq");
    let text = trim(text);
    let len = span(text, |b| b.is_ascii_digit());
    let (digits, rest) = text.split_at(len);
    let value = number(digits)
        .and_then(|n| u32::try_from(n).ok())
        .ok_or(BAD)?;
    if !rest.first().is_some_and(|b| is_lws(*b)) {
        return Err(BAD);
    }
    let method = trim(rest);
    if all(method, is_token) {
        Ok((value, method))
    } else {
        Err(BAD)
    }
}

/// `RAck: 776656 1 INVITE` (RFC 3262): response number, sequence number, method.
pub fn parse_rack(text: &[u8]) -> Result<(u32, u32, &[u8]), Fault> {
    const BAD: Fault = Fault::bad("Bad RAck");
    let text = trim(text);
    let len = span(text, |b| b.is_ascii_digit());
    let rseq = number(&text[..len])
        .and_then(|n| u32::try_from(n).ok())
        .ok_or(BAD)?;
    if !text[len..].first().is_some_and(|b| is_lws(*b)) {
        return Err(BAD);
    }
    let (cseq, method) = parse(&text[len..]).map_err(|_| BAD)?;
    Ok((rseq, cseq, method))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        assert_eq!(parse(b"0009\r\n  INVITE").unwrap(), (9, &b"INVITE"[..]));
        assert_eq!(
            parse_rack(b"776656 1 INVITE").unwrap(),
            (776_656, 1, &b"INVITE"[..])
        );
        for bad in [
            "36893488147419103232 REGISTER",
            "4294967296 BYE",
            "-1 BYE",
            "1",
            "1BYE",
            "BYE",
            "1 B(E",
            "1 BYE BYE",
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
