//! Numbers and dial codes: 1–15 digits, held as a `DigitKey` that sorts a code right before its extensions.

pub mod country;
pub mod normalise;
mod uri;

use std::fmt;

use crate::digits::nibbles;

pub const MAX_DIGITS: usize = 15;

/// 1–15 digits, left-aligned, four bits each holding digit + 1; the lowest nibble is 0.
/// Plain integer order = prefix order: `44` < `440` < `441` < `45`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DigitKey(u64);

impl DigitKey {
    /// The number `1`: something to fill an array with.
    pub const ONE: Self = Self(2 << 60);

    /// Digits only, 1–15 of them; `None` otherwise.
    pub fn from_digits(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.is_empty() || bytes.len() > MAX_DIGITS {
            return None;
        }
        let mut key = 0u64;
        let mut shift = 60u32;
        for &byte in bytes {
            if !byte.is_ascii_digit() {
                return None;
            }
            key |= u64::from(byte - b'0' + 1) << shift;
            shift -= 4;
        }
        Some(Self(key))
    }

    /// Digits after normalisation: `+` in front and visual separators (space `-` `.` `(` `)`) are dropped.
    pub fn normalise(text: &str) -> Option<Self> {
        let mut key = 0u64;
        let mut shift = 64u32;
        let mut plus_allowed = true;
        for byte in text.bytes() {
            match byte {
                b' ' | b'-' | b'.' | b'(' | b')' => {}
                b'+' if plus_allowed => plus_allowed = false,
                b'0'..=b'9' if shift > 4 => {
                    shift -= 4;
                    key |= u64::from(byte - b'0' + 1) << shift;
                    plus_allowed = false;
                }
                _ => return None,
            }
        }
        (key != 0).then_some(Self(key))
    }

    /// From the stored form; `None` unless it is well formed.
    pub fn from_raw(raw: u64) -> Option<Self> {
        let key = Self(raw);
        let len = key.len();
        let well_formed =
            raw & 0xf == 0 && len >= 1 && (0..len).all(|i| (1..=10).contains(&key.nibble(i)));
        well_formed.then_some(key)
    }

    /// From a stored form that was checked when its file was opened.
    pub(crate) fn from_checked(raw: u64) -> Self {
        Self(raw)
    }

    pub fn raw(self) -> u64 {
        self.0
    }

    fn nibble(self, i: usize) -> u64 {
        (self.0 >> (60 - 4 * i)) & 0xf
    }

    /// The digit at position `i` (0 = first), 0–9; callers keep `i < len()`.
    pub fn digit(self, i: usize) -> usize {
        (self.nibble(i).max(1) - 1) as usize
    }

    #[allow(clippy::len_without_is_empty)] // never empty by construction
    pub fn len(self) -> usize {
        MAX_DIGITS + 1 - (self.0.trailing_zeros() as usize / 4).min(MAX_DIGITS + 1)
    }

    /// The first `len` digits; `len` 1–15.
    pub fn prefix(self, len: usize) -> Self {
        let len = len.clamp(1, MAX_DIGITS);
        Self(self.0 & (u64::MAX << (64 - 4 * len)))
    }

    pub fn starts_with(self, code: Self) -> bool {
        code.len() <= self.len() && self.prefix(code.len()) == code
    }
}

impl DigitKey {
    /// The digits as ASCII, the first in the lowest byte; what is behind the last one is no digit.
    #[inline]
    pub(crate) fn ascii(self) -> u128 {
        let pairs = self.0.swap_bytes();
        let digits =
            u128::from(nibbles(pairs as u32)) | u128::from(nibbles((pairs >> 32) as u32)) << 64;
        // Each holds its digit + 1, at most 10: no byte carries into the next.
        digits + u128::from_le_bytes([b'0' - 1; 16])
    }
}

impl fmt::Display for DigitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.ascii().to_le_bytes();
        let digits = digits.get(..self.len()).unwrap_or_default();
        f.write_str(std::str::from_utf8(digits).unwrap_or(""))
    }
}

impl fmt::Debug for DigitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Length of the longest code of `sorted` that is a prefix of `number`; 0 = none.
pub fn longest_prefix_len(sorted: &[DigitKey], number: DigitKey) -> usize {
    if sorted.is_empty() {
        return 0;
    }
    (1..=number.len())
        .rev()
        .find(|&len| sorted.binary_search(&number.prefix(len)).is_ok())
        .unwrap_or(0)
}

/// Smallest set of prefixes that covers exactly `first..=last`; both ends of one length, 1–15 digits.
pub fn expand_range(first: &str, last: &str) -> Result<Vec<String>, String> {
    let valid = |text: &str| DigitKey::from_digits(text).is_some();
    if !valid(first) || !valid(last) {
        return Err(format!(
            "{first}-{last}: both ends of a range are 1 to 15 digits"
        ));
    }
    if first.len() != last.len() {
        return Err(format!(
            "{first}-{last}: both ends of a range have one length"
        ));
    }
    let width = first.len();
    let parse = |text: &str| {
        text.parse::<u64>()
            .map_err(|_| format!("{text}: not digits"))
    };
    let (mut low, high) = (parse(first)?, parse(last)?);
    if low > high {
        return Err(format!("{first}-{last}: the range ends before it begins"));
    }
    let mut codes = Vec::new();
    loop {
        // The largest aligned block of 10^k numbers that starts at `low` and stays inside; at least one digit remains.
        let mut block = 1u64;
        let mut cut = 0usize;
        while cut + 1 < width && low % (block * 10) == 0 && low + block * 10 - 1 <= high {
            block *= 10;
            cut += 1;
        }
        codes.push(format!("{:0digits$}", low / block, digits = width - cut));
        match low.checked_add(block) {
            Some(next) if next <= high => low = next,
            _ => return Ok(codes),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_key_keeps_its_digits_and_sorts_before_its_extensions() {
        for text in ["0", "44", "442079460000", "999999999999999"] {
            let key = DigitKey::from_digits(text).unwrap();
            assert_eq!((key.to_string().as_str(), key.len()), (text, text.len()));
            assert_eq!(DigitKey::from_raw(key.raw()), Some(key));
        }
        let key = |t| DigitKey::from_digits(t).unwrap();
        assert!(key("44") < key("440") && key("440") < key("4499") && key("4499") < key("45"));
        assert!(key("4420").starts_with(key("44")) && !key("44").starts_with(key("4420")));
        assert!(!key("45").starts_with(key("44")) && key("00").starts_with(key("0")));
    }

    #[test]
    fn separators_are_dropped_and_nothing_is_guessed() {
        let digits = |t: &str| DigitKey::normalise(t).map(|k| k.to_string());
        assert_eq!(
            digits("+44 (20) 7946-00.00").as_deref(),
            Some("442079460000")
        );
        assert_eq!(digits("0044").as_deref(), Some("0044"));
        for bad in ["", "+", "4+4", "44a", "1234567890123456", "++44", "４４"] {
            assert_eq!(digits(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_range_becomes_the_smallest_set_of_codes() {
        assert_eq!(expand_range("4470", "4479").unwrap(), ["447"]);
        assert_eq!(
            expand_range("4475", "4482").unwrap(),
            [
                "4475", "4476", "4477", "4478", "4479", "4480", "4481", "4482"
            ]
        );
        assert_eq!(expand_range("100", "399").unwrap(), ["1", "2", "3"]);
        assert_eq!(
            expand_range("098", "101").unwrap(),
            ["098", "099", "100", "101"]
        );
        assert_eq!(expand_range("0", "9").unwrap().len(), 10);
        assert!(
            expand_range("5", "44").is_err()
                && expand_range("5", "4").is_err()
                && expand_range("", "").is_err()
        );
    }
}
