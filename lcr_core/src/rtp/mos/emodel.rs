//! ITU-T G.107 with its default values: R = 93.2 - Id - Ie,eff. Idd is the recommendation's own curve, not the harsher
//! approximation of Cole and Rosenbluth (0.024d + 0.11(d - 177.3)), which many tools use: 3.04 against 7.3 at 200 ms.
// The E-model is real arithmetic with powers; no money is near it.
#![allow(clippy::float_arithmetic)]

/// R without any impairment of ours.
const BASE: f64 = 93.2;

/// How users judge (G.107 annex B).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Band {
    /// Below 50.
    NotRecommended,
    NearlyAllDissatisfied,
    ManyDissatisfied,
    SomeDissatisfied,
    Satisfied,
    VerySatisfied,
}

impl Band {
    pub fn of(r: f64) -> Self {
        match r {
            r if r >= 90.0 => Self::VerySatisfied,
            r if r >= 80.0 => Self::Satisfied,
            r if r >= 70.0 => Self::SomeDissatisfied,
            r if r >= 60.0 => Self::ManyDissatisfied,
            r if r >= 50.0 => Self::NearlyAllDissatisfied,
            _ => Self::NotRecommended,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::VerySatisfied => "very_satisfied",
            Self::Satisfied => "satisfied",
            Self::SomeDissatisfied => "some_dissatisfied",
            Self::ManyDissatisfied => "many_dissatisfied",
            Self::NearlyAllDissatisfied => "nearly_all_dissatisfied",
            Self::NotRecommended => "not_recommended",
        }
    }
}

/// Idd of a one-way mouth-to-ear delay in ms.
pub fn delay_impairment(one_way_ms: f64) -> f64 {
    if one_way_ms <= 100.0 {
        return 0.0;
    }
    let x = (one_way_ms / 100.0).log2();
    let root = |value: f64| (1.0 + value.powi(6)).powf(1.0 / 6.0);
    25.0 * (root(x) - 3.0 * root(x / 3.0) + 2.0)
}

/// BurstR: the mean length of observed loss runs against that of random loss, 1 / (1 - Ppl). At least 1.
pub fn burst_ratio(mean_run: f64, loss_percent: f64) -> f64 {
    (mean_run * (1.0 - loss_percent / 100.0)).max(1.0)
}

/// Ie,eff = Ie + (95 - Ie) * Ppl / (Ppl / BurstR + Bpl).
pub fn equipment_impairment(ie: f64, bpl: f64, loss_percent: f64, burst_ratio: f64) -> f64 {
    if loss_percent <= 0.0 {
        return ie;
    }
    ie + (95.0 - ie) * loss_percent / (loss_percent / burst_ratio + bpl)
}

/// R, with no advantage factor.
pub fn rating(one_way_ms: f64, equipment_impairment: f64) -> f64 {
    BASE - delay_impairment(one_way_ms) - equipment_impairment
}

/// MOS of R (G.107 annex B). 1 at the least, 4.5 at the most.
pub fn mos(r: f64) -> f64 {
    if r <= 0.0 {
        1.0
    } else if r >= 100.0 {
        4.5
    } else {
        (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(value: f64, golden: f64) {
        assert!((value - golden).abs() <= 0.01, "{value} is not {golden}");
    }

    fn table(ie: f64, bpl: f64, delay_ms: f64, golden: [f64; 5]) {
        for (loss, golden) in [0.0, 1.0, 3.0, 5.0, 10.0].into_iter().zip(golden) {
            near(
                mos(rating(delay_ms, equipment_impairment(ie, bpl, loss, 1.0))),
                golden,
            );
        }
    }

    #[test]
    fn delay_costs_what_the_recommendation_says() {
        for (delay, golden) in [
            (0.0, 0.0),
            (100.0, 0.0),
            (150.0, 0.16),
            (200.0, 3.04),
            (300.0, 14.76),
            (400.0, 24.07),
        ] {
            near(delay_impairment(delay), golden);
        }
    }

    #[test]
    fn g711_with_concealment_at_50_ms() {
        table(0.0, 25.1, 50.0, [4.41, 4.33, 4.13, 3.92, 3.41]);
    }

    #[test]
    fn g711_without_concealment_at_50_ms() {
        table(0.0, 4.3, 50.0, [4.41, 3.83, 2.79, 2.17, 1.48]);
    }

    #[test]
    fn g729a_at_50_ms() {
        table(11.0, 19.0, 50.0, [4.10, 3.95, 3.63, 3.34, 2.75]);
    }

    #[test]
    fn g711_with_concealment_at_200_ms() {
        table(0.0, 25.1, 200.0, [4.34, 4.25, 4.03, 3.80, 3.26]);
    }

    #[test]
    fn mos_stays_within_its_bounds() {
        assert_eq!((mos(-5.0), mos(0.0), mos(120.0)), (1.0, 1.0, 4.5));
        assert_eq!(mos(3.0), 1.0, "the polynomial dips below 1 there");
    }

    #[test]
    fn losses_in_a_row_cost_more_than_the_same_number_alone() {
        near(burst_ratio(1.0 / 0.95, 5.0), 1.0);
        let alone = equipment_impairment(0.0, 25.1, 5.0, 1.0);
        let in_runs = equipment_impairment(0.0, 25.1, 5.0, burst_ratio(3.0, 5.0));
        assert!(in_runs > alone);
        assert_eq!(burst_ratio(0.9, 5.0), 1.0);
    }

    #[test]
    fn bands_begin_at_their_lower_edge() {
        use Band::*;
        let bands = [
            (93.2, VerySatisfied),
            (90.0, VerySatisfied),
            (89.99, Satisfied),
            (80.0, Satisfied),
            (70.0, SomeDissatisfied),
            (60.0, ManyDissatisfied),
            (50.0, NearlyAllDissatisfied),
            (49.9, NotRecommended),
        ];
        for (r, band) in bands {
            assert_eq!(Band::of(r), band, "{r}");
        }
    }
}
