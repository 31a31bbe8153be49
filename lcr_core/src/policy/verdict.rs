//! What became of an offer: the first verdict that applies, in the order of their numbers.

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    NotYetEffective,
    Expired,
    NoMatch,
    Blocked,
    Closed,
    Disabled,
    NotGranted,
    Loop,
    Class,
    NoFx,
    QualityFloor,
    MaxCost,
    ProfitGuard,
    Outranked,
    Selected,
}

impl Verdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotYetEffective => "not_yet_effective",
            Self::Expired => "expired",
            Self::NoMatch => "no_match",
            Self::Blocked => "blocked",
            Self::Closed => "closed",
            Self::Disabled => "disabled",
            Self::NotGranted => "not_granted",
            Self::Loop => "loop",
            Self::Class => "class",
            Self::NoFx => "no_fx",
            Self::QualityFloor => "quality_floor",
            Self::MaxCost => "max_cost",
            Self::ProfitGuard => "profit_guard",
            Self::Outranked => "outranked",
            Self::Selected => "selected",
        }
    }

    /// Number in the table; blocked and closed share one.
    pub fn number(self) -> u8 {
        match self {
            Self::NotYetEffective => 1,
            Self::Expired => 2,
            Self::NoMatch => 3,
            Self::Blocked | Self::Closed => 4,
            Self::Disabled => 5,
            Self::NotGranted => 6,
            Self::Loop => 7,
            Self::Class => 8,
            Self::NoFx => 9,
            Self::QualityFloor => 10,
            Self::MaxCost => 11,
            Self::ProfitGuard => 12,
            Self::Outranked => 13,
            Self::Selected => 14,
        }
    }

    /// No row matched at the instant.
    pub fn is_no_match(self) -> bool {
        self.number() <= 3
    }
}
