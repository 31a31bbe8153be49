//! Questions that were read and wait for their turn: before the first of them is answered, the memory that all of them
//! will need is asked for together (`lcr_core::index`). A hint: what is misread here is only not there earlier.

use lcr_core::index::walk::BATCH;
use lcr_core::number::DigitKey;
use memchr::memmem;

use crate::engine::Loaded;

/// A request line that says more before its number is not looked through.
const FAR: usize = 256;

/// The numbers that wait.
#[derive(Debug)]
pub struct Foreseen {
    numbers: [DigitKey; BATCH],
    count: usize,
}

impl Default for Foreseen {
    fn default() -> Self {
        Self {
            numbers: [DigitKey::ONE; BATCH],
            count: 0,
        }
    }
}

impl Foreseen {
    /// Notes the number that a request line asks for; true when no more go in.
    pub fn note(&mut self, request: &[u8]) -> bool {
        if let (Some(number), Some(slot)) = (number(request), self.numbers.get_mut(self.count)) {
            *slot = number;
            self.count += 1;
        }
        self.count == BATCH
    }

    /// Has memory asked for what was noted, and forgets it.
    pub fn look(&mut self, loaded: Option<&Loaded>) {
        let count = std::mem::take(&mut self.count);
        if count > 1
            && let (Some(loaded), Some(numbers)) = (loaded, self.numbers.get(..count))
        {
            loaded.snapshot().index.foresee(numbers);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

fn number(request: &[u8]) -> Option<DigitKey> {
    let line = request.get(..request.len().min(FAR))?;
    let said = line.get(memmem::find(line, b"dnis=")? + 5..)?;
    let length = said.iter().take_while(|b| b.is_ascii_digit()).count();
    DigitKey::from_digits(std::str::from_utf8(said.get(..length)?).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_request_line_is_read_and_nothing_else() {
        let of = |line: &str| number(line.as_bytes());
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

    #[test]
    fn sixteen_are_looked_at_together_and_forgotten() {
        let mut foreseen = Foreseen::default();
        foreseen.note(b"nothing");
        assert!(foreseen.is_empty());
        let full: Vec<bool> = (0..BATCH).map(|_| foreseen.note(b"dnis=44")).collect();
        assert_eq!(full.iter().position(|&full| full), Some(BATCH - 1));
        assert!(foreseen.note(b"dnis=44"), "there is no room for more");
        foreseen.look(None);
        assert!(foreseen.is_empty());
    }
}
