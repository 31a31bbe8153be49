//! Whole numbers as decimal text, two digits at a time, without the machinery of `fmt`.

use crate::number::{DigitKey, MAX_DIGITS};

const PAIRS: &[u8; 200] = b"0001020304050607080910111213141516171819\
2021222324252627282930313233343536373839\
4041424344454647484950515253545556575859\
6061626364656667686970717273747576777879\
8081828384858687888990919293949596979899";

/// The two digits of a value below 100.
#[inline]
pub(crate) fn pair(value: u64) -> [u8; 2] {
    let at = (value % 100) as usize * 2;
    [PAIRS[at], PAIRS[at + 1]]
}

/// ASCII made here; anything else would be a fault, and is left out.
#[inline]
pub(crate) fn push_ascii(out: &mut String, text: &[u8]) {
    debug_assert!(text.is_ascii());
    out.push_str(std::str::from_utf8(text).unwrap_or(""));
}

/// Fills the end of `buffer` with the digits of `value`; returns where they begin.
#[inline]
pub(crate) fn fill(buffer: &mut [u8], mut value: u64) -> usize {
    let mut at = buffer.len();
    while value >= 100 {
        at -= 2;
        buffer[at..at + 2].copy_from_slice(&pair(value % 100));
        value /= 100;
    }
    if value >= 10 {
        at -= 2;
        buffer[at..at + 2].copy_from_slice(&pair(value));
    } else {
        at -= 1;
        buffer[at] = b'0' + value as u8;
    }
    at
}

pub fn write_unsigned(out: &mut String, value: u64) {
    let mut buffer = [0u8; 20];
    let at = fill(&mut buffer, value);
    push_ascii(out, &buffer[at..]);
}

pub fn write_signed(out: &mut String, value: i64) {
    if value < 0 {
        out.push('-');
    }
    write_unsigned(out, value.unsigned_abs());
}

/// A number or code as its digits.
pub fn write_key(out: &mut String, key: DigitKey) {
    let mut buffer = [0u8; MAX_DIGITS];
    let length = key.fill(&mut buffer);
    push_ascii(out, &buffer[..length]);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_print_as_fmt_prints_them(value in any::<i64>(), small in 0u64..20_000, digits in "[0-9]{1,15}") {
            let mut out = String::new();
            write_signed(&mut out, value);
            prop_assert_eq!(&out, &value.to_string());
            out.clear();
            write_unsigned(&mut out, small);
            prop_assert_eq!(&out, &small.to_string());
            out.clear();
            write_key(&mut out, DigitKey::from_digits(&digits).unwrap());
            prop_assert_eq!(&out, &digits);
        }
    }
}
