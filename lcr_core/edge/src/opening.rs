//! What stands before a decision in its answer. All but the decision's id and its length stays the same for a second: it is kept,
//! and the decision is written right behind it, in the buffer that the connection sends from.

use lcr_core::answer::Format;

use crate::answer::{self, Answer, MOST_DIGITS, SnapshotId};
use crate::clock::HttpDate;

const LENGTH: &str = "Content-Length: ";
const ID: &str = "X-Tandem-Decision: ";
/// As long as an id.
const NO_ID: u128 = 0;
const ID_DIGITS: usize = 32;
/// `MOST_DIGITS` of them.
const ZEROS: &str = "00000000000000000000";

/// The openings of one worker, one for each form.
#[derive(Default)]
pub struct Openings {
    forms: [Opening; Format::ALL.len()],
    /// Where they are made; kept for its room.
    head: Vec<u8>,
}

/// Status line and fields of a connection that lives on, cut where the length and the id stand.
#[derive(Default)]
struct Opening {
    second: i64,
    snapshot: Option<SnapshotId>,
    parts: [String; 3],
    /// As many digits as the length of the last answer had: the next has as many, most likely.
    digits: usize,
}

/// An answer that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    format: Format,
    length_at: usize,
    body_at: usize,
}

impl Openings {
    /// Begins the answer to a question of `now_us` in `out`, which is empty; the decision is written behind.
    pub fn begin(
        &mut self,
        out: &mut String,
        format: Format,
        (date, now_us): (&mut HttpDate, i64),
        snapshot: SnapshotId,
        id: &str,
    ) -> Begun {
        let opening = &mut self.forms[format as usize];
        let second = now_us.div_euclid(1_000_000);
        if opening.second != second || opening.snapshot != Some(snapshot) {
            opening.make(format, date.at(now_us), snapshot, &mut self.head);
            opening.second = second;
        }
        let [before, between, behind] = &opening.parts;
        out.push_str(before);
        let length_at = out.len();
        out.push_str(ZEROS.get(..opening.digits).unwrap_or_default());
        out.push_str(between);
        out.push_str(id);
        out.push_str(behind);
        Begun {
            format,
            length_at,
            body_at: out.len(),
        }
    }

    /// Ends it: its length is known.
    pub fn end(&mut self, out: &mut Vec<u8>, begun: Begun) {
        let kept = &mut self.forms[begun.format as usize].digits;
        let length = out.len().saturating_sub(begun.body_at);
        let mut room = [0; MOST_DIGITS];
        let digits = answer::digits(length as u64, &mut room);
        let place = begun.length_at..begun.length_at + *kept;
        if digits.len() == *kept
            && let Some(room) = out.get_mut(place.clone())
        {
            room.copy_from_slice(digits);
        } else {
            out.splice(place, digits.iter().copied());
            *kept = digits.len();
        }
    }
}

impl Opening {
    /// As `answer::append` writes it, cut into three.
    fn make(&mut self, format: Format, date: &str, snapshot: SnapshotId, head: &mut Vec<u8>) {
        let mut answer = Answer::new(200, format.content_type());
        answer.decision_id = Some(NO_ID);
        answer.snapshot = Some(snapshot);
        self.snapshot = Some(snapshot);
        head.clear();
        answer::append(head, &answer, b"", date, true, true);
        // Fields are ASCII, and both of these are among them.
        let head = std::str::from_utf8(head).unwrap_or_default();
        let after = |name: &str| head.find(name).map_or(head.len(), |at| at + name.len());
        let (length, id) = (after(LENGTH), after(ID));
        let places = [0..length, length + 1..id, id + ID_DIGITS..head.len()];
        for (part, place) in self.parts.iter_mut().zip(places) {
            part.clear();
            part.push_str(head.get(place).unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision_id;

    #[test]
    fn an_answer_begun_before_its_decision_is_as_one_written_after_it() {
        let mut openings = Openings::default();
        let mut date = HttpDate::default();
        let bodies = [
            "{}",
            &"x".repeat(2_926),
            &"y".repeat(816),
            "",
            &"z".repeat(100_000),
        ];
        let mut id = u128::MAX / 3;
        for (now_us, snapshot) in [
            (1, "a"),
            (999_999, "a"),
            (1_000_000, "a"),
            (1_000_001, "bc"),
        ] {
            for format in Format::ALL {
                for body in bodies {
                    let snapshot = SnapshotId::new(snapshot);
                    id = id.wrapping_mul(7);
                    let hex = decision_id::hex(id);
                    let mut out = String::new();
                    let begun = openings.begin(
                        &mut out,
                        format,
                        (&mut date, now_us),
                        snapshot,
                        std::str::from_utf8(&hex).unwrap(),
                    );
                    out.push_str(body);
                    let mut out = out.into_bytes();
                    openings.end(&mut out, begun);
                    let mut answer = Answer::new(200, format.content_type());
                    answer.decision_id = Some(id);
                    answer.snapshot = Some(snapshot);
                    let mut whole = Vec::new();
                    let date = date.at(now_us);
                    answer::append(&mut whole, &answer, body.as_bytes(), date, true, true);
                    assert_eq!(String::from_utf8(out), String::from_utf8(whole));
                }
            }
        }
    }
}
