//! Instants are microseconds since the epoch, UTC; intervals are half-open.

use crate::digits;

/// An open end: the interval never ends.
pub const NEVER: i64 = i64::MAX;

/// Is `at` inside `[from, until)`?
pub fn within(at: i64, from: i64, until: i64) -> bool {
    from <= at && at < until
}

/// `2026-11-21T05:00:00.000000Z`.
pub fn write_instant(out: &mut String, micros: i64) {
    let (days, rest) = (
        micros.div_euclid(86_400_000_000),
        micros.rem_euclid(86_400_000_000),
    );
    let (year, month, day) = civil(days);
    let Some(year) = u64::try_from(year).ok().filter(|y| *y <= 9999) else {
        return write_far(out, (year, month, day), rest);
    };
    let (seconds, micro) = (
        (rest / 1_000_000).unsigned_abs(),
        rest.unsigned_abs() % 1_000_000,
    );
    // Four pairs of digits each: the date, the time of day, the micros; put between their signs.
    let pairs = |value: u64| {
        let digits = digits::eight(value) | 0x3030_3030_3030_3030;
        [0, 16, 32, 48].map(|bits| u128::from(digits >> bits as u32 & 0xffff))
    };
    let [century, year, month, day] =
        pairs(year * 10_000 + month.unsigned_abs() * 100 + day.unsigned_abs());
    let (minutes, second) = (seconds / 60, seconds % 60);
    let [_, hour, minute, second] = pairs(minutes / 60 * 10_000 + minutes % 60 * 100 + second);
    let [_, first, next, last] = pairs(micro);
    let sign = |byte: u8, at: u32| u128::from(byte) << (8 * at);
    let minute_of_day = century
        | year << 16
        | sign(b'-', 4)
        | month << 40
        | sign(b'-', 7)
        | day << 64
        | sign(b'T', 10)
        | hour << 88
        | sign(b':', 13)
        | minute << 112;
    let rest = sign(b':', 0)
        | second << 8
        | sign(b'.', 3)
        | first << 32
        | next << 48
        | last << 64
        | sign(b'Z', 10);
    digits::Short::ascii([minute_of_day, rest], 27).push(out);
}

/// Years that are not four digits.
fn write_far(out: &mut String, (year, month, day): (i64, i64, i64), rest: i64) {
    use std::fmt::Write;
    let (seconds, micro) = (rest / 1_000_000, rest % 1_000_000);
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{micro:06}Z",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    );
}

pub fn instant_to_string(micros: i64) -> String {
    let mut out = String::with_capacity(27);
    write_instant(&mut out, micros);
    out
}

/// Days since 1970-01-01 to a Gregorian date (Howard Hinnant's `civil_from_days`).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_print_in_utc() {
        assert_eq!(instant_to_string(0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(
            instant_to_string(1_795_237_200_000_001),
            "2026-11-21T05:00:00.000001Z"
        );
        assert_eq!(
            instant_to_string(951_782_400_000_000),
            "2000-02-29T00:00:00.000000Z"
        );
        assert_eq!(instant_to_string(-1), "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn instants_print_as_fmt_prints_them() {
        for step in -2000i64..8000 {
            let micros = step * 41_234_567_890_123;
            let (short, mut long) = (instant_to_string(micros), String::new());
            write_far(
                &mut long,
                civil(micros.div_euclid(86_400_000_000)),
                micros.rem_euclid(86_400_000_000),
            );
            assert_eq!(short, long);
        }
    }

    #[test]
    fn an_interval_holds_its_start_and_not_its_end() {
        assert!(within(5, 5, 6) && !within(6, 5, 6) && within(7, 5, NEVER));
    }
}
