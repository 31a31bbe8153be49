//! Exact money: integer nanos (10⁻⁹ of a unit). The only place of the core that rounds; digits are printed by `digits`.

use std::cmp::Ordering;

use crate::digits::Short;

pub const NANOS: u64 = 1_000_000_000;
/// Upper limit of a rate or fee, in nanos (a million units a minute).
pub const MAX_RATE_NANOS: i64 = 1_000_000_000_000_000;
/// Upper limit of an exchange rate, in nanos of the base currency for one unit.
pub const MAX_FX_NANOS: u64 = 1_000_000_000_000_000;

/// `a / b` rounded half-up to a whole number; `b > 0`.
pub fn div_half_up(a: u128, b: u128) -> u128 {
    if let (Ok(a), Ok(b)) = (u64::try_from(a), u64::try_from(b)) {
        let (quotient, rest) = (a / b, a % b);
        return u128::from(quotient) + u128::from(rest >= b - rest);
    }
    let (quotient, rest) = (a / b, a % b);
    if rest >= b - rest {
        quotient + 1
    } else {
        quotient
    }
}

/// `factor · a / c` floored, for `a ≤ c` and `c > 0`, without overflow of the product.
pub fn scale_floor(factor: u64, a: u128, c: u128) -> u64 {
    if let Some(product) = a.checked_mul(u128::from(factor)) {
        return u64::try_from(product / c).unwrap_or(u64::MAX);
    }
    // The largest quotient whose product does not exceed `factor · a`, compared in 256 bits.
    let (mut low, mut high) = (0u64, factor);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if cmp_products(c, middle, a, factor).is_le() {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

/// Compares `a · x` with `b · y` exactly (256-bit products).
pub fn cmp_products(a: u128, x: u64, b: u128, y: u64) -> Ordering {
    wide_mul(a, x).cmp(&wide_mul(b, y))
}

fn wide_mul(a: u128, x: u64) -> (u128, u128) {
    let mask = u128::from(u64::MAX);
    let low = (a & mask) * u128::from(x);
    let high = (a >> 64) * u128::from(x) + (low >> 64);
    (high >> 64, (high << 64) | (low & mask))
}

/// A decimal of at most nine places as nanos: `1.08` → 1_080_000_000.
pub fn parse_decimal_nanos(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 9 || !digits(whole) || !digits(fraction) {
        return None;
    }
    if text.ends_with('.') {
        return None;
    }
    let fraction = if fraction.len() > 9 {
        fraction.trim_end_matches('0')
    } else {
        fraction
    };
    if fraction.len() > 9 {
        return None;
    }
    let units: u64 = whole.parse().ok()?;
    let nanos: u64 = format!("{fraction:0<9}").parse().ok()?;
    units.checked_mul(NANOS)?.checked_add(nanos)
}

/// Writes `value / 10^scale` as a plain decimal without trailing zeros, no exponent.
pub fn write_decimal(out: &mut String, value: u128, scale: u32) {
    if let Ok(value) = u64::try_from(value)
        && scale <= 9
    {
        // What fits 64 bits, as nearly everything does: no 128-bit division.
        return Short::decimal(value, scale).push(out);
    }
    let unit = 10u128.pow(scale);
    let (whole, mut fraction) = (value / unit, value % unit);
    let mut buffer = [0u8; 80];
    let mut at = buffer.len();
    let mut places = scale;
    let mut seen = false;
    while places > 0 {
        let digit = (fraction % 10) as u8;
        fraction /= 10;
        places -= 1;
        if seen || digit != 0 {
            seen = true;
            at -= 1;
            buffer[at] = b'0' + digit;
        }
    }
    if seen {
        at -= 1;
        buffer[at] = b'.';
    }
    let mut rest = whole;
    loop {
        at -= 1;
        buffer[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.push_str(std::str::from_utf8(&buffer[at..]).unwrap_or(""));
}

/// Nanos as a plain decimal: 3_100_000 → `0.0031`.
pub fn nanos_to_string(nanos: u128) -> String {
    let mut out = String::new();
    write_decimal(&mut out, nanos, 9);
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals_are_shortest_and_exact() {
        for (nanos, text) in [
            (0, "0"),
            (3_100_000, "0.0031"),
            (1_000_000_000, "1"),
            (12_500_000_000, "12.5"),
            (1, "0.000000001"),
        ] {
            assert_eq!(nanos_to_string(nanos), text);
            assert_eq!(parse_decimal_nanos(text).map(u128::from), Some(nanos));
        }
        for bad in [
            "",
            ".5",
            "1.",
            "1e3",
            "-1",
            "1.0000000001",
            "1,5",
            "12345678901",
        ] {
            assert_eq!(parse_decimal_nanos(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn short_and_long_ways_print_the_same(value in any::<u64>(), scale in 0u32..=9) {
            let (mut short, mut long) = (String::new(), String::new());
            write_decimal(&mut short, u128::from(value), scale);
            // The long way, at a scale where only it works.
            write_decimal(&mut long, u128::from(value) * 10u128.pow(10), scale + 10);
            prop_assert_eq!(short, long);
        }

        #[test]
        fn scaling_matches_the_plain_product(factor in 0u64..2_000_000_000, a in 0u128..1 << 90, c in 1u128..1 << 90) {
            let (a, c) = (a.min(c), c);
            prop_assert_eq!(u128::from(scale_floor(factor, a, c)), u128::from(factor) * a / c);
            // the long way agrees with the short way at a scale where only it works
            let shift = 37;
            prop_assert_eq!(scale_floor(factor, a << shift, c << shift), scale_floor(factor, a, c));
        }

        #[test]
        fn products_compare_exactly(a in 0u128..1 << 63, x in 0u64..1 << 60, b in 0u128..1 << 63, y in 0u64..1 << 60) {
            prop_assert_eq!(cmp_products(a, x, b, y), (a * u128::from(x)).cmp(&(b * u128::from(y))));
            prop_assert_eq!(cmp_products(a << 64, x, b << 64, y), (a * u128::from(x)).cmp(&(b * u128::from(y))));
        }
    }
}
