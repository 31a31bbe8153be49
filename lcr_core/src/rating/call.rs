//! Rating one call: duration in milliseconds to billed seconds and an amount.

use super::Terms;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondsRounding {
    #[default]
    Up,
    Nearest,
    Down,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundingMode {
    #[default]
    HalfUp,
    Up,
    Down,
    HalfEven,
    None,
}

/// How a call is rounded; both parties of an agreement share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rounding {
    pub seconds: SecondsRounding,
    /// Decimal places of the amount, 0–9.
    pub places: u32,
    pub mode: RoundingMode,
}

impl Default for Rounding {
    fn default() -> Self {
        Self {
            seconds: SecondsRounding::Up,
            places: 6,
            mode: RoundingMode::HalfUp,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rated {
    pub billed_seconds: u64,
    pub amount_nanos: u128,
}

/// The amount is rounded once, from the exact figure.
pub fn rate_call(terms: &Terms, duration_ms: u64, rounding: &Rounding) -> Rated {
    let whole = duration_ms / 1000;
    let rest = duration_ms % 1000;
    let seconds = match rounding.seconds {
        SecondsRounding::Up => whole + u64::from(rest > 0),
        SecondsRounding::Nearest => whole + u64::from(rest >= 500),
        SecondsRounding::Down => whole,
    };
    let exact = terms.amount_times_60(seconds);
    let (unit, mode) = match rounding.mode {
        RoundingMode::None => (1, RoundingMode::HalfUp),
        mode => (10u128.pow(9 - rounding.places.min(9)), mode),
    };
    Rated {
        billed_seconds: terms.billed_seconds(seconds),
        amount_nanos: divide(exact, 60 * unit, mode) * unit,
    }
}

fn divide(value: u128, by: u128, mode: RoundingMode) -> u128 {
    let (quotient, rest) = (value / by, value % by);
    let up = match mode {
        RoundingMode::Down => false,
        RoundingMode::Up => rest > 0,
        RoundingMode::HalfUp | RoundingMode::None => rest >= by - rest,
        RoundingMode::HalfEven => rest > by - rest || (rest == by - rest && quotient % 2 == 1),
    };
    quotient + u128::from(up)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(rate: i64, initial: u32, next: u32, fee: i64) -> Terms {
        Terms {
            rate_nanos: rate,
            first_rate_nanos: None,
            connect_fee_nanos: fee,
            initial_increment: initial,
            next_increment: next,
            free_seconds: 0,
        }
    }

    #[test]
    fn the_worked_examples_of_the_trade() {
        let cases = [
            (0, terms(12_300_000, 30, 6, 10_000_000), 0, 0),
            (1_000, terms(12_300_000, 1, 1, 0), 1, 205_000),
            (30_001, terms(12_300_000, 30, 6, 0), 36, 7_380_000),
            (37_000, terms(12_300_000, 30, 6, 0), 42, 8_610_000),
            (37_000, terms(12_300_000, 1, 1, 10_000_000), 37, 17_585_000),
            (61_000, terms(12_300_000, 60, 60, 0), 120, 24_600_000),
            (61_000, terms(12_300_000, 60, 1, 0), 61, 12_505_000),
            (5_000, terms(4_800_000, 6, 6, 0), 6, 480_000),
            (205_000, terms(1_370_000, 6, 6, 0), 210, 4_795_000),
            (125_000, terms(25_700_000, 60, 60, 0), 180, 77_100_000),
        ];
        for (duration, terms, billed_seconds, amount_nanos) in cases {
            assert_eq!(
                rate_call(&terms, duration, &Rounding::default()),
                Rated {
                    billed_seconds,
                    amount_nanos
                }
            );
        }
    }

    #[test]
    fn every_mode_rounds_once_from_the_exact_amount() {
        // 7 s at 0.0043 = 0.00050166…
        let of = |mode, places| {
            let rounding = Rounding {
                mode,
                places,
                ..Rounding::default()
            };
            rate_call(&terms(4_300_000, 1, 1, 0), 7_000, &rounding).amount_nanos
        };
        assert_eq!(of(RoundingMode::HalfUp, 4), 500_000);
        assert_eq!(of(RoundingMode::Up, 4), 600_000);
        assert_eq!(of(RoundingMode::Down, 6), 501_000);
        assert_eq!(of(RoundingMode::HalfUp, 6), 502_000);
        assert_eq!(of(RoundingMode::None, 2), 501_667);
        // 0.0015 to three places is a tie
        let tie = |mode| {
            rate_call(
                &terms(1_500_000, 60, 60, 0),
                60_000,
                &Rounding {
                    mode,
                    places: 3,
                    ..Rounding::default()
                },
            )
            .amount_nanos
        };
        assert_eq!(
            (tie(RoundingMode::HalfEven), tie(RoundingMode::HalfUp)),
            (2_000_000, 2_000_000)
        );
    }

    #[test]
    fn free_seconds_and_a_first_rate() {
        let mut terms = terms(60_000_000, 30, 6, 0);
        terms.free_seconds = 5;
        terms.first_rate_nanos = Some(120_000_000);
        let amount = |ms| rate_call(&terms, ms, &Rounding::default());
        assert_eq!(
            amount(5_000),
            Rated {
                billed_seconds: 0,
                amount_nanos: 0
            }
        );
        assert_eq!(
            amount(5_001),
            Rated {
                billed_seconds: 30,
                amount_nanos: 60_000_000
            }
        );
        assert_eq!(
            amount(31_000),
            Rated {
                billed_seconds: 36,
                amount_nanos: 66_000_000
            }
        );
    }

    #[test]
    fn seconds_round_as_agreed() {
        let seconds = |mode, ms| {
            let rounding = Rounding {
                seconds: mode,
                ..Rounding::default()
            };
            rate_call(&terms(60_000_000, 1, 1, 0), ms, &rounding).billed_seconds
        };
        assert_eq!(seconds(SecondsRounding::Up, 400), 1);
        assert_eq!(seconds(SecondsRounding::Nearest, 499), 0);
        assert_eq!(seconds(SecondsRounding::Nearest, 1_500), 2);
        assert_eq!(seconds(SecondsRounding::Down, 1_999), 1);
    }
}
