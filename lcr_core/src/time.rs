//! Instants are microseconds since the epoch, UTC; intervals are half-open.

/// An open end: the interval never ends.
pub const NEVER: i64 = i64::MAX;

/// Is `at` inside `[from, until)`?
pub fn within(at: i64, from: i64, until: i64) -> bool {
    from <= at && at < until
}

/// `2026-11-21T05:00:00.000000Z`.
pub fn write_instant(out: &mut String, micros: i64) {
    use std::fmt::Write;
    let (days, rest) = (
        micros.div_euclid(86_400_000_000),
        micros.rem_euclid(86_400_000_000),
    );
    let (year, month, day) = civil(days);
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
    fn an_interval_holds_its_start_and_not_its_end() {
        assert!(within(5, 5, 6) && !within(6, 5, 6) && within(7, 5, NEVER));
    }
}
