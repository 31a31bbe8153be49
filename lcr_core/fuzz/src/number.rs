//! Numbers as they arrive: no text panics, what is read prints as digits and reads back as itself.
#![no_main]
use lcr_core::number::DigitKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some(raw) = data.first_chunk::<8>()
        && let Some(key) = DigitKey::from_raw(u64::from_le_bytes(*raw))
    {
        assert_eq!(DigitKey::from_digits(&key.to_string()), Some(key));
    }
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Some(key) = DigitKey::normalise(text) {
        let digits = key.to_string();
        assert!((1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()));
        assert_eq!(DigitKey::normalise(&format!("+{digits}")), Some(key));
        assert!(key.starts_with(key.prefix(digits.len().div_ceil(2))));
    }
});
