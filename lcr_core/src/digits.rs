//! Numbers and instants as text, eight digits at a time in a register, without the machinery of `fmt`. Nothing is put
//! together byte by byte in memory: a copy of bytes that were just stored one by one would have to wait for them.

use crate::number::DigitKey;

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
const EIGHT: u64 = UNITS[8];
/// ASCII of eight zeros.
const ZEROS: u64 = 0x3030_3030_3030_3030;
/// The most bytes of a short text: a decimal of 64 bits has 30 at most, an instant 27.
const SHORT: usize = 32;

/// The eight digits of a value below 10^8, leading zeros too, a byte each from 0 to 9, the first in the lowest byte. (Paul
/// Khuong's method: thousands, hundreds and tens of both halves at once, divisions by multiplying.)
#[inline]
pub(crate) fn eight(value: u64) -> u64 {
    let value = value % EIGHT;
    let halves = (value / 10_000) | ((value % 10_000) << 32);
    let hundreds = (halves * 10_486) >> 20 & 0x0000_007f_0000_007f;
    let pairs = hundreds | (halves - 100 * hundreds) << 16;
    let tens = (pairs * 103) >> 10 & 0x000f_000f_000f_000f;
    tens | (pairs - 10 * tens) << 8
}

/// Four bits to a byte each: the eight of `pairs`, whose bytes stand as in memory, the high half of each first.
#[inline]
pub fn nibbles(pairs: u32) -> u64 {
    let apart = u64::from(pairs);
    let apart = (apart | apart << 16) & 0x0000_ffff_0000_ffff;
    let apart = (apart | apart << 8) & 0x00ff_00ff_00ff_00ff;
    (apart >> 4 & 0x000f_000f_000f_000f) | (apart & 0x000f_000f_000f_000f) << 8
}

/// How many of the eight are leading zeros; the last digit never is one.
#[inline]
fn leading(digits: u64) -> u32 {
    (digits | 1 << 56).trailing_zeros() / 8
}

/// A number or an instant printed on the stack: digits, points and signs only. An answer prints dozens of them, most of
/// them twice.
#[derive(Clone, Copy)]
pub(crate) struct Short {
    /// ASCII, the first byte lowest; what is behind `length` is not part of the text.
    words: [u128; 2],
    length: usize,
}

impl Short {
    /// Up to 32 bytes of ASCII, the first lowest.
    #[inline]
    pub fn ascii(words: [u128; 2], length: usize) -> Self {
        debug_assert!(length <= SHORT);
        Self { words, length }
    }

    #[inline]
    pub fn unsigned(value: u64) -> Self {
        if value < EIGHT {
            let digits = eight(value);
            let zeros = leading(digits);
            return Self::ascii(
                [u128::from((digits | ZEROS) >> (8 * zeros)), 0],
                8 - zeros as usize,
            );
        }
        let mut bytes = [b'0'; SHORT];
        let start = fill(&mut bytes, value);
        Self::of(bytes.get(start..).unwrap_or_default())
    }

    /// `value / 10^scale` without trailing zeros, for scales up to 9.
    #[inline]
    pub fn decimal(value: u64, scale: u32) -> Self {
        // A division by a constant is a multiplication: nanos are most of what is printed.
        let (whole, fraction) = match scale {
            9.. => (value / UNITS[9], value % UNITS[9]),
            less => {
                let unit = UNITS[less as usize];
                (value / unit, value % unit * UNITS[9 - less as usize])
            }
        };
        if fraction == 0 {
            return Self::unsigned(whole);
        }
        // Nine places: eight, and one.
        let (most, last) = (eight(fraction / 10), fraction % 10);
        let places = match last {
            0 => 8 - most.leading_zeros() as usize / 8,
            _ => 9,
        };
        let behind =
            u128::from(b'.') | u128::from(most | ZEROS) << 8 | u128::from(b'0' + last as u8) << 72;
        if whole < UNITS[6] {
            let digits = eight(whole);
            let zeros = leading(digits);
            let before = 8 - zeros as usize;
            let word = u128::from((digits | ZEROS) >> (8 * zeros)) | behind << (8 * before);
            return Self::ascii([word, 0], before + 1 + places);
        }
        let mut bytes = [b'0'; SHORT];
        let start = fill(&mut bytes[..20], whole);
        bytes[20..30].copy_from_slice(&behind.to_le_bytes()[..10]);
        Self::of(bytes.get(start..21 + places).unwrap_or_default())
    }

    #[inline]
    pub fn key(key: DigitKey) -> Self {
        Self::ascii([key.ascii(), 0], key.len())
    }

    /// A text that is put together byte by byte.
    fn of(text: &[u8]) -> Self {
        let mut bytes = [0u8; SHORT];
        bytes
            .iter_mut()
            .zip(text)
            .for_each(|(to, from)| *to = *from);
        let word = |half: &[u8]| u128::from_le_bytes(half.try_into().unwrap_or_default());
        Self::ascii([word(&bytes[..16]), word(&bytes[16..])], text.len())
    }

    /// Appends it by one copy of a fixed length, of which only what counts is kept.
    #[inline]
    pub fn push(&self, out: &mut String) {
        out.reserve(SHORT);
        let end = out.len() + self.length.min(SHORT);
        // SAFETY: after `reserve` the room behind the text holds the `SHORT` bytes that are stored there, and those up to
        // `length` are ASCII (nothing but digits, points and signs is ever put there), which is UTF-8.
        #[allow(unsafe_code)]
        unsafe {
            let held = out.as_mut_vec();
            let room = held.as_mut_ptr().add(held.len()).cast::<[u8; 16]>();
            room.write(self.words[0].to_le_bytes());
            room.add(1).write(self.words[1].to_le_bytes());
            held.set_len(end);
        }
    }
}

/// Fills the end of `buffer` with the digits of `value`; returns where they begin.
fn fill(buffer: &mut [u8], mut value: u64) -> usize {
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            return at;
        }
    }
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
        fn numbers_print_as_fmt_prints_them(value in any::<i64>(), small in 0u64..20_000, small_as_eight in 0u32..200_000_000, digits in "[0-9]{1,15}") {
            let mut out = String::new();
            write_signed(&mut out, value);
            prop_assert_eq!(&out, &value.to_string());
            out.clear();
            write_unsigned(&mut out, small);
            prop_assert_eq!(&out, &small.to_string());
            out.clear();
            write_unsigned(&mut out, u64::from(small_as_eight));
            prop_assert_eq!(&out, &small_as_eight.to_string());
            out.clear();
            write_key(&mut out, DigitKey::from_digits(&digits).unwrap());
            prop_assert_eq!(&out, &digits);
        }
    }
}
