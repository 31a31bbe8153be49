//! What became of an offer: the first verdict that applies, in the order of their numbers.

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    NotYetEffective,
    Expired,
    NoMatch,
    Blocked,
    Closed,
    Disabled,
    DestinationBlocked,
    NotGranted,
    Loop,
    Class,
    NotExclusive,
    Cli,
    Signature,
    NumberLength,
    Schedule,
    NoFx,
    VendorCredit,
    CapReached,
    ChannelsFull,
    CpsFull,
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
            Self::DestinationBlocked => "destination_blocked",
            Self::NotGranted => "not_granted",
            Self::Loop => "loop",
            Self::Class => "class",
            Self::NotExclusive => "not_exclusive",
            Self::Cli => "cli",
            Self::Signature => "signature",
            Self::NumberLength => "number_length",
            Self::Schedule => "schedule",
            Self::NoFx => "no_fx",
            Self::VendorCredit => "vendor_credit",
            Self::CapReached => "cap_reached",
            Self::ChannelsFull => "channels_full",
            Self::CpsFull => "cps_full",
            Self::QualityFloor => "quality_floor",
            Self::MaxCost => "max_cost",
            Self::ProfitGuard => "profit_guard",
            Self::Outranked => "outranked",
            Self::Selected => "selected",
        }
    }

    /// Number in the table; blocked and closed share one, and so do full channels and calls a second.
    pub fn number(self) -> u8 {
        match self {
            Self::NotYetEffective => 1,
            Self::Expired => 2,
            Self::NoMatch => 3,
            Self::Blocked | Self::Closed => 4,
            Self::Disabled => 5,
            Self::DestinationBlocked => 6,
            Self::NotGranted => 7,
            Self::Loop => 8,
            Self::Class => 9,
            Self::NotExclusive => 10,
            Self::Cli => 11,
            Self::Signature => 12,
            Self::NumberLength => 13,
            Self::Schedule => 14,
            Self::NoFx => 15,
            Self::VendorCredit => 16,
            Self::CapReached => 17,
            Self::ChannelsFull | Self::CpsFull => 18,
            Self::QualityFloor => 19,
            Self::MaxCost => 20,
            Self::ProfitGuard => 21,
            Self::Outranked => 22,
            Self::Selected => 23,
        }
    }

    /// No row matched at the instant.
    pub fn is_no_match(self) -> bool {
        self.number() <= 3
    }
}
