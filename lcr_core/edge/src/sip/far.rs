//! Numbers of our own: an originated call to one of them waits here for its other end to come in.
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::board::Live;
use super::finish::Kept;
use super::words::OwnNumber;

/// What the far end saw. Instants in microseconds since 1970.
#[derive(Debug, Default)]
pub struct FarPart {
    pub invited_us: Option<i64>,
    pub ringing_us: Option<i64>,
    pub answered_us: Option<i64>,
    pub ended_us: Option<i64>,
    pub ended_by_us: bool,
    pub delivered: Delivered,
    pub kept: Option<Kept>,
    pub codec: String,
    pub address: Option<std::net::SocketAddr>,
    pub identity: Option<String>,
}

/// The caller's number as it arrived: user parts.
#[derive(Debug, Clone, Default)]
pub struct Delivered {
    pub from: String,
    pub asserted: Option<String>,
    pub private: bool,
    pub diversion: Option<String>,
}

#[derive(Debug)]
enum State {
    Waiting,
    Taken,
    Done(Box<FarPart>),
    Closed,
}

/// One number that is waited for.
#[derive(Debug)]
pub struct Slot {
    pub own: OwnNumber,
    /// The call that waits.
    pub live: Arc<Live>,
    pub marker: Option<u16>,
    pub record_seconds: u32,
    pub pcap_bytes: usize,
    state: Mutex<State>,
    changed: Notify,
}

impl Slot {
    pub fn new(
        own: OwnNumber,
        live: Arc<Live>,
        marker: Option<u16>,
        record_seconds: u32,
        pcap_bytes: usize,
    ) -> Self {
        Self {
            own,
            live,
            marker,
            record_seconds,
            pcap_bytes,
            state: Mutex::new(State::Waiting),
            changed: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> bool {
        let mut state = self.lock();
        let waiting = matches!(*state, State::Waiting);
        if waiting {
            *state = State::Taken;
        }
        waiting
    }

    pub fn done(&self, part: FarPart) {
        *self.lock() = State::Done(Box::new(part));
        self.changed.notify_one();
    }

    /// The far end's part once the near call has ended: none when it never came. Waits for one that is under way.
    pub async fn finished(&self) -> Option<Box<FarPart>> {
        loop {
            {
                let mut state = self.lock();
                match std::mem::replace(&mut *state, State::Closed) {
                    State::Done(part) => return Some(part),
                    State::Waiting | State::Closed => return None,
                    State::Taken => *state = State::Taken,
                }
            }
            self.changed.notified().await;
        }
    }
}

/// All numbers that are waited for.
#[derive(Debug, Default)]
pub struct FarDesk {
    slots: Mutex<Vec<Arc<Slot>>>,
}

impl FarDesk {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number is one call's at a time; false when it is taken.
    pub fn wait(&self, slot: Arc<Slot>) -> bool {
        let mut slots = self.lock();
        let free = slots.iter().all(|s| s.own.number != slot.own.number);
        if free {
            slots.push(slot);
        }
        free
    }

    pub fn leave(&self, slot: &Arc<Slot>) {
        self.lock().retain(|s| !Arc::ptr_eq(s, slot));
    }

    /// The call that waits for this number, if none came in for it yet.
    pub fn come(&self, number: &str) -> Option<Arc<Slot>> {
        let slots = self.lock();
        let found = slots.iter().find(|s| s.own.number == number)?;
        found.take().then(|| Arc::clone(found))
    }
}

/// Which of our numbers was dialled, however the last network writes it.
pub fn own<'n>(numbers: &'n [OwnNumber], dialled: &str) -> Option<&'n OwnNumber> {
    let digits = dialled.strip_prefix('+').unwrap_or(dialled);
    numbers.iter().find(|own| {
        let national = own
            .number
            .strip_prefix(own.country.as_str())
            .unwrap_or(&own.number);
        let after = |prefix: &str| {
            (!prefix.is_empty())
                .then(|| digits.strip_prefix(prefix))
                .flatten()
        };
        digits == own.number
            || after(&own.international_prefix) == Some(own.number.as_str())
            || after(&own.national_prefix) == Some(national)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::board::Mode;

    fn number() -> OwnNumber {
        serde_json::from_str(r#"{"number":"442079460123","country":"44","national_prefix":"0","international_prefix":"00"}"#).unwrap()
    }

    #[test]
    fn our_number_is_known_in_every_spelling() {
        let numbers = [number()];
        for dialled in [
            "442079460123",
            "+442079460123",
            "00442079460123",
            "02079460123",
        ] {
            assert!(own(&numbers, dialled).is_some(), "{dialled}");
        }
        for dialled in ["2079460123", "0442079460123", "44207946012"] {
            assert!(own(&numbers, dialled).is_none(), "{dialled}");
        }
    }

    #[tokio::test]
    async fn a_number_is_one_calls_at_a_time_and_comes_in_once() {
        let live = || {
            Arc::new(Live::new(
                "c".into(),
                Mode::Originated,
                "4".into(),
                1,
                0,
                String::new(),
            ))
        };
        let slot = || Arc::new(Slot::new(number(), live(), None, 0, 0));
        let (desk, first) = (FarDesk::default(), slot());
        assert!(desk.wait(Arc::clone(&first)) && !desk.wait(slot()));
        let came = desk.come("442079460123").unwrap();
        assert!(desk.come("442079460123").is_none(), "once");
        came.done(FarPart {
            answered_us: Some(5),
            ..FarPart::default()
        });
        assert_eq!(first.finished().await.unwrap().answered_us, Some(5));
        desk.leave(&first);
        let never = slot();
        assert!(desk.wait(Arc::clone(&never)));
        assert!(never.finished().await.is_none());
        assert!(desk.come("442079460123").is_none(), "too late");
    }
}
