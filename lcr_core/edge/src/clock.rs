//! The edge is the one place that reads the wall clock for the core; everything below takes it as a value.
use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use lcr_core::time::write_instant;

/// Microseconds since the epoch, UTC.
pub fn now_us() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|d| i64::try_from(d.as_micros()).ok())
        .unwrap_or(0)
}

/// `Sat, 21 Nov 2026 05:00:00 GMT`, made once a second per worker.
#[derive(Default)]
pub struct HttpDate {
    second: i64,
    text: String,
    /// The same instant in ISO 8601, kept for its room.
    iso: String,
}

impl HttpDate {
    pub fn at(&mut self, now_us: i64) -> &str {
        let second = now_us.div_euclid(1_000_000);
        if second != self.second || self.text.is_empty() {
            self.second = second;
            self.iso.clear();
            write_instant(&mut self.iso, second.saturating_mul(1_000_000));
            self.text.clear();
            write_http_date(&mut self.text, &self.iso, second);
        }
        &self.text
    }
}

fn write_http_date(out: &mut String, iso: &str, second: i64) {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let weekday = DAYS[second.div_euclid(86_400).rem_euclid(7) as usize];
    let month = iso
        .get(5..7)
        .and_then(|m| m.parse::<usize>().ok())
        .and_then(|m| MONTHS.get(m.wrapping_sub(1)))
        .unwrap_or(&"Jan");
    let part = |range: std::ops::Range<usize>| iso.get(range).unwrap_or("");
    let (day, year, time) = (part(8..10), part(0..4), part(11..19));
    // Writing to a String cannot fail.
    let _ = write!(out, "{weekday}, {day} {month} {year} {time} GMT");
}

/// An instant in a query: microseconds since the epoch, or RFC 3339 with an offset or `Z`.
/// A space where the `+` of an offset stood is read as that `+` (an unescaped `+` in a URL).
pub fn parse_instant(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if !bytes.is_empty() && bytes.len() <= 18 && bytes.iter().all(u8::is_ascii_digit) {
        return text.parse().ok();
    }
    let fixed = bytes.get(..19)?;
    let separators = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if separators.iter().any(|(at, byte)| fixed[*at] != *byte)
        || !matches!(fixed[10], b'T' | b't' | b' ')
    {
        return None;
    }
    let year = digits(&fixed[0..4])?;
    let (month, day) = (digits(&fixed[5..7])?, digits(&fixed[8..10])?);
    let (hour, minute, second) = (
        digits(&fixed[11..13])?,
        digits(&fixed[14..16])?,
        digits(&fixed[17..19])?,
    );
    if !(1..=12).contains(&month)
        || day < 1
        || day > days_in(year, month)
        || hour > 23
        || minute > 59
        || second > 59
    {
        return None;
    }
    let mut rest = &bytes[19..];
    let mut micros = 0;
    if let [b'.', tail @ ..] = rest {
        let length = tail.iter().take_while(|b| b.is_ascii_digit()).count();
        if length == 0 || length > 9 {
            return None;
        }
        for place in 0..6 {
            micros = micros * 10
                + tail
                    .get(place)
                    .filter(|_| place < length)
                    .map_or(0, |b| i64::from(b - b'0'));
        }
        rest = &tail[length..];
    }
    let offset_minutes = match rest {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b' ' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let minutes = hours * 60 + minutes;
            if *sign == b'-' { -minutes } else { minutes }
        }
        _ => return None,
    };
    let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
        - offset_minutes * 60;
    Some(seconds * 1_000_000 + micros)
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |sum, b| {
        b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0'))
    })
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 (Howard Hinnant's `days_from_civil`).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn instants_are_read_in_both_forms() {
        assert_eq!(
            parse_instant("1795237200000001"),
            Some(1_795_237_200_000_001)
        );
        assert_eq!(
            parse_instant("2026-11-21T05:00:00Z"),
            Some(1_795_237_200_000_000)
        );
        assert_eq!(
            parse_instant("2026-11-21T06:00:00.000001+01:00"),
            Some(1_795_237_200_000_001)
        );
        assert_eq!(
            parse_instant("2026-11-21T06:00:00 01:00"),
            Some(1_795_237_200_000_000)
        );
        assert_eq!(
            parse_instant("2026-11-21T00:30:00.5-04:30"),
            Some(1_795_237_200_500_000)
        );
        assert_eq!(
            parse_instant("2024-02-29T00:00:00Z").map(|us| us % 86_400_000_000),
            Some(0)
        );
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "now",
            "-1",
            "2026-11-21",
            "2026-11-21T05:00:00",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-21T24:00:00Z",
            "2026-11-21T05:00:60Z",
            "2026-11-21T05:00:00.Z",
            "2026-11-21T05:00:00+1:00",
            "2026-11-21T05:00:00Zx",
            "1234567890123456789",
            "1e9",
        ] {
            assert_eq!(parse_instant(text), None, "{text}");
        }
    }

    #[test]
    fn the_date_header_names_its_weekday() {
        assert_eq!(
            HttpDate::default().at(1_795_237_200_000_000),
            "Sat, 21 Nov 2026 05:00:00 GMT"
        );
        assert_eq!(
            HttpDate::default().at(784_111_777_000_000),
            "Sun, 06 Nov 1994 08:49:37 GMT"
        );
    }

    proptest! {
        #[test]
        fn what_the_core_prints_is_read_back(us in -60_000_000_000_000_000i64..250_000_000_000_000_000) {
            let text = lcr_core::time::instant_to_string(us);
            prop_assert_eq!(parse_instant(&text), Some(us));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in any::<String>()) {
            let _ = parse_instant(&text);
        }
    }
}
