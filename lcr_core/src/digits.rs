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

/// The most bytes of a short text: a decimal of 64 bits has 30 at most, an instant 27.
const SHORT: usize = 32;
/// Where the point of a decimal stands: 20 digits may come before it, 9 after it.
const POINT: usize = 20;
const UNITS: [u64; 10] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
    1_000_000_000,
];

/// A number printed on the stack: digits, points and signs only. An answer prints dozens of them, most of them twice.
#[derive(Clone, Copy)]
pub(crate) struct Short {
    /// ASCII from the first to the last byte, whatever of it counts.
    bytes: [u8; 2 * SHORT],
    start: usize,
    length: usize,
}

impl Short {
    #[inline]
    pub fn unsigned(value: u64) -> Self {
        let mut bytes = [b'0'; 2 * SHORT];
        let start = fill(&mut bytes[..SHORT], value);
        Self {
            bytes,
            start,
            length: SHORT - start,
        }
    }

    /// `value / 10^scale` without trailing zeros, for scales up to 9.
    #[inline]
    pub fn decimal(value: u64, scale: u32) -> Self {
        let scale = scale.min(9) as usize;
        let unit = UNITS[scale];
        let (whole, fraction) = (value / unit, value % unit);
        let mut bytes = [b'0'; 2 * SHORT];
        let mut end = POINT;
        if fraction != 0 {
            bytes[POINT] = b'.';
            end = POINT + 1 + scale;
            // Leading zeros of the fraction stand there already.
            fill(&mut bytes[POINT + 1..end], fraction);
            while bytes[end - 1] == b'0' {
                end -= 1;
            }
        }
        let start = fill(&mut bytes[..POINT], whole);
        Self {
            bytes,
            start,
            length: end - start,
        }
    }

    #[inline]
    pub fn key(key: DigitKey) -> Self {
        let mut digits = [b'0'; MAX_DIGITS];
        let length = key.fill(&mut digits);
        let mut bytes = [b'0'; 2 * SHORT];
        bytes[..MAX_DIGITS].copy_from_slice(&digits);
        Self {
            bytes,
            start: 0,
            length,
        }
    }

    /// Appends it by one copy of a fixed length, of which only what counts is kept.
    #[inline]
    pub fn push(&self, out: &mut String) {
        let Some(text) = self.bytes.get(self.start..self.start + SHORT) else {
            return;
        };
        out.reserve(SHORT);
        let end = out.len() + self.length.min(SHORT);
        // SAFETY: after `reserve` the room behind the text holds the `SHORT` bytes that are copied there, and all of them are
        // ASCII (nothing but digits and points is ever put into `bytes`), which is UTF-8 wherever it is cut.
        #[allow(unsafe_code)]
        unsafe {
            let held = out.as_mut_vec();
            let room = held.as_mut_ptr().add(held.len());
            room.copy_from_nonoverlapping(text.as_ptr(), SHORT);
            held.set_len(end);
        }
    }
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
    Short::unsigned(value).push(out);
}

pub fn write_signed(out: &mut String, value: i64) {
    if value < 0 {
        out.push('-');
    }
    write_unsigned(out, value.unsigned_abs());
}

/// A number or code as its digits.
pub fn write_key(out: &mut String, key: DigitKey) {
    Short::key(key).push(out);
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
