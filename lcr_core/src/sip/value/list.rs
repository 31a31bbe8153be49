//! Comma-separated values: commas inside quotes and angle brackets belong to the value.
use super::params::quoted_len;
use crate::sip::chars::trim;

/// The values of one header line, trimmed. An unbalanced quote or bracket makes the rest one value (its parser refuses it).
#[derive(Debug, Clone)]
pub struct Values<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Values<'a> {
    #[must_use]
    pub const fn new(line: &'a [u8]) -> Self {
        Self { rest: Some(line) }
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let text = self.rest.take()?;
        let mut at = 0;
        while let Some(byte) = text.get(at) {
            at += match byte {
                b',' => {
                    self.rest = Some(&text[at + 1..]);
                    return Some(trim(&text[..at]));
                }
                b'"' => match quoted_len(&text[at..]) {
                    Some(len) => len,
                    None => break,
                },
                b'<' => match memchr::memchr(b'>', &text[at..]) {
                    Some(len) => len + 1,
                    None => break,
                },
                _ => 1,
            };
        }
        Some(trim(text))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_quotes_and_brackets_do_not_separate() {
        let values: Vec<_> = Values::new(br#" "a,\",b" <sip:x,y@z>;q=1 , <sip:b> "#).collect();
        assert_eq!(values, [&br#""a,\",b" <sip:x,y@z>;q=1"#[..], b"<sip:b>"]);
        assert_eq!(Values::new(b"a,,b").count(), 3);
        assert_eq!(Values::new(b"\"a,b").count(), 1);
    }
}
