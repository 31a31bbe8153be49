//! Date: `Sat, 13 Nov 2010 23:29:00 GMT`, and nothing else (RFC 3261 section 20.17).
use crate::sip::chars::{number, trim};
use crate::sip::fault::Fault;

const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
const DAYS: &[u8; 21] = b"MonTueWedThuFriSatSun";

/// Seconds since 1970.
pub fn parse(text: &[u8]) -> Result<i64, Fault> {
    read(trim(text)).ok_or(Fault::bad("Bad Date"))
}

fn read(text: &[u8]) -> Option<i64> {
    let shape = text.len() == 29
        && &text[3..5] == b", "
        && [7, 11, 16, 25].iter().all(|at| text[*at] == b' ')
        && text[19] == b':'
        && text[22] == b':'
        && &text[26..] == b"GMT";
    if !shape || !DAYS.chunks(3).any(|d| d == &text[..3]) {
        return None;
    }
    let field =
        |range: std::ops::Range<usize>| number(&text[range]).and_then(|n| i64::try_from(n).ok());
    let month = i64::try_from(MONTHS.chunks(3).position(|m| m == &text[8..11])?).ok()? + 1;
    let (day, year) = (field(5..7)?, field(12..16)?);
    let (hour, minute, second) = (field(17..19)?, field(20..22)?, field(23..25)?);
    if !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    // Days from civil (H. Hinnant), March-based years.
    let y = if month <= 2 { year - 1 } else { year };
    let (era, m) = (y.div_euclid(400), (month + 9) % 12);
    let yoe = y.rem_euclid(400);
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + (153 * m + 2) / 5 + day - 1;
    let days = era * 146_097 + doe - 719_468;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_greenwich_time_in_the_one_form_counts() {
        assert_eq!(parse(b"Sat, 13 Nov 2010 23:29:00 GMT"), Ok(1_289_690_940));
        assert_eq!(parse(b"Thu, 01 Jan 1970 00:00:00 GMT"), Ok(0));
        for bad in [
            "Fri, 01 Jan 2010 16:00:00 EST",
            "Fri, 1 Jan 2010 16:00:00 GMT",
            "",
            "Foo, 01 Jan 2010 16:00:00 GMT",
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
