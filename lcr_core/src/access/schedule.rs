//! When an offer takes calls: local wall-clock intervals of the week (docs/decision.md 10). The zones are those compiled in.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::words::ScheduleWords;
use crate::time;

const MINUTE_US: i64 = 60_000_000;
const WEEK: u32 = 7 * 24 * 60;
const WEEK_US: i64 = WEEK as i64 * MINUTE_US;
/// 1970-01-01 was a Thursday.
const EPOCH_US: i64 = 3 * 24 * 60 * MINUTE_US;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// More zone changes than this never stand between an instant and the next opening of a schedule that opens at all.
const MAX_SPANS: usize = 16;

#[derive(Debug, Clone)]
pub struct Schedule {
    zone: TimeZone,
    pub zone_name: String,
    /// Minutes of the local week at which it opens or closes, sorted; it is shut before the first.
    toggles: Vec<u32>,
}

impl Schedule {
    pub fn parse(words: &ScheduleWords) -> Result<Self, String> {
        let zone = TimeZone::get(&words.zone).map_err(|_| {
            format!(
                "schedule: zone {:?} is not a time zone such as Europe/Berlin",
                words.zone
            )
        })?;
        let mut open = vec![false; WEEK as usize];
        for (from, until) in &words.open {
            let (first, last) = (minute(from)?, minute(until)?);
            if first == last {
                return Err(format!(
                    "schedule: {from:?} to {until:?} is empty: leave the schedule out for always"
                ));
            }
            let length = (last + WEEK - first) % WEEK;
            for i in 0..length {
                open[((first + i) % WEEK) as usize] = true;
            }
        }
        let mut toggles = Vec::new();
        let mut was = false;
        for (minute, is) in (0..WEEK).zip(&open) {
            if *is != was {
                toggles.push(minute);
                was = *is;
            }
        }
        Ok(Self {
            zone,
            zone_name: words.zone.clone(),
            toggles,
        })
    }

    pub fn is_open(&self, at_us: i64) -> bool {
        self.open_at(self.of_week(at_us, self.offset_us(at_us)))
    }

    /// The first instant after `at_us` at which it opens or closes; `time::NEVER` = it never does.
    pub fn next_change(&self, at_us: i64) -> i64 {
        let is_open = self.is_open(at_us);
        let mut from = at_us;
        for _ in 0..MAX_SPANS {
            let offset = self.offset_us(from);
            let span_end = self.next_zone_change(from);
            let here = self.of_week(from, offset);
            if self.open_at(here) != is_open {
                return from; // a change of the zone moved the wall clock into or out of an interval
            }
            let wait = self.until_toggle(here, is_open);
            match wait.map(|wait| from.saturating_add(wait)) {
                Some(at) if at < span_end => return at,
                _ if span_end == time::NEVER => return time::NEVER,
                _ => from = span_end,
            }
        }
        time::NEVER
    }

    /// The local time in words of the contract: `tue 17:05`.
    pub fn local(&self, at_us: i64) -> String {
        let minute = self.of_week(at_us, self.offset_us(at_us)) / MINUTE_US;
        let day = DAYS.get((minute / 1440) as usize).unwrap_or(&"");
        format!("{day} {:02}:{:02}", minute / 60 % 24, minute % 60)
    }

    fn offset_us(&self, at_us: i64) -> i64 {
        Timestamp::from_microsecond(at_us).map_or(0, |t| {
            i64::from(self.zone.to_offset(t).seconds()) * 1_000_000
        })
    }

    fn next_zone_change(&self, at_us: i64) -> i64 {
        Timestamp::from_microsecond(at_us)
            .ok()
            .and_then(|t| self.zone.following(t).next())
            .map_or(time::NEVER, |change| change.timestamp().as_microsecond())
    }

    /// Microseconds since Monday 00:00 of the local clock.
    fn of_week(&self, at_us: i64, offset_us: i64) -> i64 {
        at_us
            .saturating_add(offset_us)
            .saturating_add(EPOCH_US)
            .rem_euclid(WEEK_US)
    }

    fn open_at(&self, of_week_us: i64) -> bool {
        let minute = (of_week_us / MINUTE_US) as u32;
        self.toggles.partition_point(|t| *t <= minute) % 2 == 1
    }

    /// Local microseconds until the state is no longer `is_open`; `None` = never in a week.
    fn until_toggle(&self, of_week_us: i64, is_open: bool) -> Option<i64> {
        let ahead =
            |minute: u32| (i64::from(minute) * MINUTE_US - of_week_us - 1).rem_euclid(WEEK_US) + 1;
        // Open at the end of the week and at its start is one interval: its halves are no change.
        let changes = |minute: u32| self.open_at(i64::from(minute) * MINUTE_US) != is_open;
        let starts = self.toggles.iter().copied().chain([0]);
        starts.filter(|m| changes(*m)).map(ahead).min()
    }
}

fn minute(text: &str) -> Result<u32, String> {
    let parse = || {
        let (day, clock) = text.split_once(' ')?;
        let (hour, minute) = clock.split_once(':')?;
        let two = |t: &str| {
            let digits = t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit());
            digits.then(|| t.parse::<u32>().ok()).flatten()
        };
        let day = DAYS.iter().position(|d| *d == day)? as u32;
        let (hour, minute) = (two(hour)?, two(minute)?);
        (hour < 24 && minute < 60).then_some(day * 1440 + hour * 60 + minute)
    };
    parse().ok_or_else(|| {
        format!("schedule: {text:?} is not a time of the week such as \"mon 08:00\"")
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn schedule(zone: &str, open: &[(&str, &str)]) -> Schedule {
        let words = ScheduleWords {
            zone: zone.to_owned(),
            open: open
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect(),
        };
        Schedule::parse(&words).unwrap()
    }

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    #[test]
    fn hours_are_those_of_the_local_clock_and_half_open() {
        let office = schedule("Europe/Berlin", &[("mon 08:00", "mon 18:00")]);
        // 23 November 2026 is a Monday; Berlin is one hour ahead of UTC.
        assert!(!office.is_open(at("2026-11-23T06:59:59.999999Z")));
        assert!(office.is_open(at("2026-11-23T07:00:00Z")));
        assert!(office.is_open(at("2026-11-23T16:59:59.999999Z")));
        assert!(!office.is_open(at("2026-11-23T17:00:00Z")));
        // In summer two hours.
        assert!(office.is_open(at("2026-07-20T06:00:00Z")));
        assert_eq!(office.local(at("2026-11-24T16:05:00Z")), "tue 17:05");
    }

    #[test]
    fn an_interval_may_wrap_the_week_and_changes_are_found() {
        let weekend = schedule("UTC", &[("fri 22:00", "mon 06:00")]);
        assert!(weekend.is_open(at("2026-11-22T12:00:00Z")));
        assert_eq!(
            weekend.next_change(at("2026-11-22T12:00:00Z")),
            at("2026-11-23T06:00:00Z")
        );
        assert_eq!(
            weekend.next_change(at("2026-11-23T06:00:00Z")),
            at("2026-11-27T22:00:00Z")
        );
        assert_eq!(
            weekend.next_change(at("2026-11-23T05:59:59.999999Z")),
            at("2026-11-23T06:00:00Z")
        );
    }

    #[test]
    fn touching_intervals_over_the_end_of_the_week_are_one() {
        let both = schedule(
            "UTC",
            &[("sun 20:00", "mon 00:00"), ("mon 00:00", "mon 04:00")],
        );
        assert_eq!(
            both.next_change(at("2026-11-22T21:00:00Z")),
            at("2026-11-23T04:00:00Z")
        );
        let always = schedule(
            "Europe/Berlin",
            &[("mon 00:00", "thu 00:00"), ("thu 00:00", "mon 00:00")],
        );
        assert_eq!(always.next_change(at("2026-11-22T21:00:00Z")), time::NEVER);
        assert_eq!(schedule("UTC", &[]).next_change(0), time::NEVER);
    }

    #[test]
    fn a_clock_set_back_opens_twice_and_one_set_forward_skips() {
        // Berlin, 25 October 2026: 03:00 summer time becomes 02:00.
        let night = schedule("Europe/Berlin", &[("sun 02:30", "sun 03:00")]);
        assert!(
            night.is_open(at("2026-10-25T00:30:00Z")) && !night.is_open(at("2026-10-25T01:00:00Z"))
        );
        assert!(night.is_open(at("2026-10-25T01:30:00Z")));
        assert_eq!(
            night.next_change(at("2026-10-25T00:30:00Z")),
            at("2026-10-25T01:00:00Z")
        );
        assert_eq!(
            night.next_change(at("2026-10-25T01:00:00Z")),
            at("2026-10-25T01:30:00Z")
        );
        // 29 March 2026: 02:00 becomes 03:00, so 02:30 never comes.
        assert!(
            !night.is_open(at("2026-03-29T00:59:59Z"))
                && !night.is_open(at("2026-03-29T01:00:00Z"))
        );
        // An interval that holds the skipped hour opens when the clock jumps.
        let jump = schedule("Europe/Berlin", &[("sun 02:30", "sun 05:00")]);
        assert_eq!(
            jump.next_change(at("2026-03-29T00:00:00Z")),
            at("2026-03-29T01:00:00Z")
        );
    }

    #[test]
    fn every_change_found_is_the_first_minute_that_differs() {
        let cases = [
            schedule(
                "America/New_York",
                &[("sat 23:15", "sun 03:45"), ("wed 00:00", "wed 00:01")],
            ),
            schedule("Asia/Kathmandu", &[("mon 08:00", "fri 18:00")]),
        ];
        for schedule in cases {
            for day in [
                "2026-10-31T20:00:30Z",
                "2026-03-07T12:00:00Z",
                "2026-11-01T05:30:00Z",
            ] {
                let start = at(day);
                let mut minute = start.div_euclid(MINUTE_US) * MINUTE_US + MINUTE_US;
                while schedule.is_open(minute) == schedule.is_open(start) {
                    minute += MINUTE_US;
                }
                assert_eq!(schedule.next_change(start), minute, "{day}");
            }
        }
    }

    #[test]
    fn wrong_words_are_named() {
        let parse = |zone: &str, from: &str, until: &str| {
            Schedule::parse(&ScheduleWords {
                zone: zone.to_owned(),
                open: vec![(from.to_owned(), until.to_owned())],
            })
            .unwrap_err()
        };
        assert!(parse("Mars/Base", "mon 08:00", "mon 09:00").contains("Mars/Base"));
        assert!(parse("UTC", "mo 08:00", "mon 09:00").contains("mo 08:00"));
        assert!(parse("UTC", "mon 24:00", "mon 09:00").contains("mon 24:00"));
        assert!(parse("UTC", "mon 08:00", "mon 08:00").contains("empty"));
    }
}
