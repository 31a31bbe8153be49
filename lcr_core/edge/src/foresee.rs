//! Questions that were read and wait for their turn: while others are read and answers are sent, the memory that all of
//! them will need is asked for (`lcr_core::index::foresee`). A hint: what is misread here is only not there earlier.

use lcr_core::index::foresee::Ahead;
use lcr_core::number::DigitKey;
use memchr::memmem::Finder;

use crate::engine::Loaded;

/// A request line that says more before its number is not looked through.
const FAR: usize = 256;
const NAME: &[u8] = b"dnis=";

/// The numbers that wait.
#[derive(Debug)]
pub struct Foreseen {
    ahead: Ahead,
    /// Made once: it prepares itself for what it looks for.
    finder: Finder<'static>,
}

impl Default for Foreseen {
    fn default() -> Self {
        Self {
            ahead: Ahead::default(),
            finder: Finder::new(NAME),
        }
    }
}

impl Foreseen {
    /// Notes the number that a request line asks for.
    pub fn note(&mut self, loaded: &Loaded, request: &[u8]) {
        if let Some(number) = number(&self.finder, request) {
            self.ahead.follow(&loaded.snapshot().index, number);
        }
    }

    pub fn step(&mut self, loaded: &Loaded) {
        self.ahead.step(&loaded.snapshot().index);
    }

    pub fn finish(&mut self, loaded: &Loaded) {
        self.ahead.finish(&loaded.snapshot().index);
    }

    pub fn is_empty(&self) -> bool {
        self.ahead.is_empty()
    }
}

fn number(finder: &Finder<'_>, request: &[u8]) -> Option<DigitKey> {
    let line = request.get(..request.len().min(FAR))?;
    let said = line.get(finder.find(line)? + NAME.len()..)?;
    let length = said.iter().take_while(|b| b.is_ascii_digit()).count();
    DigitKey::from_digits(std::str::from_utf8(said.get(..length)?).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_request_line_is_read_and_nothing_else() {
        let finder = Finder::new(NAME);
        let of = |line: &str| number(&finder, line.as_bytes());
        let plain = DigitKey::from_digits("442079460000");
        assert_eq!(
            of("GET /v1/lcr?dnis=442079460000&max=5 HTTP/1.1\r\n"),
            plain
        );
        assert_eq!(of("GET /v1/lcr?max=5&dnis=442079460000"), plain);
        for other in [
            "",
            "GET / HTTP/1.1",
            "dnis=",
            "dnis=%2B44",
            "dnis=1234567890123456",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
        let far = format!("GET /?{}&dnis=44", "x".repeat(FAR));
        assert_eq!(of(&far), None);
    }
}
