//! Impairment of each codec: ITU-T G.113 appendix I.

/// `ie` at no loss; `bpl` = robustness against loss. Whole numbers or tenths, hence kept in tenths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codec {
    /// As a configuration names it.
    pub name: &'static str,
    pub ie_tenths: u32,
    pub bpl_tenths: u32,
    pub look_ahead_micros: u32,
    /// True where ITU-T has published no value: the score is shown as estimated.
    pub estimated: bool,
}

const fn codec(
    name: &'static str,
    ie_tenths: u32,
    bpl_tenths: u32,
    look_ahead_micros: u32,
) -> Codec {
    Codec {
        name,
        ie_tenths,
        bpl_tenths,
        look_ahead_micros,
        estimated: false,
    }
}

pub static CODECS: [Codec; 7] = [
    codec("g711", 0, 43, 0),
    codec("g711-plc", 0, 251, 0),
    codec("g729", 100, 190, 5_000),
    codec("g729a-vad", 110, 190, 5_000),
    codec("g723.1-6.3k", 150, 161, 7_500),
    codec("gsm-efr", 50, 100, 0),
    Codec {
        name: "opus",
        ie_tenths: 0,
        bpl_tenths: 250,
        look_ahead_micros: 5_000,
        estimated: true,
    },
];

impl Codec {
    pub fn named(name: &str) -> Option<&'static Self> {
        CODECS.iter().find(|codec| codec.name == name)
    }

    /// By the encoding name of an SDP rtpmap, in any case; receivers conceal lost G.711 packets nowadays. None = no values known.
    pub fn of_encoding(encoding: &str) -> Option<&'static Self> {
        let names = [
            ("PCMU", "g711-plc"),
            ("PCMA", "g711-plc"),
            ("G729", "g729"),
            ("G723", "g723.1-6.3k"),
            ("GSM-EFR", "gsm-efr"),
            ("opus", "opus"),
        ];
        names
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(encoding))
            .and_then(|(_, name)| Self::named(name))
    }
}
