//! The forms an answer can take, their names and content types.

/// One form; every one is written from the same `Decision`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Everything (docs/decision.md 7).
    #[default]
    Native,
    /// The native answer cut down to what call set-up needs.
    Compact,
    /// Kamailio, module rtjson.
    Rtjson,
    /// FreeSWITCH, mod_xml_curl.
    Freeswitch,
    /// FreeSWITCH, mod_httapi.
    Httapi,
    /// FreeSWITCH, mod_curl: a string for `bridge`.
    DialString,
    /// OpenSIPS, rest_client: flat JSON.
    Opensips,
    /// OpenSIPS: carriers for `route_to_carrier`.
    Carriers,
    /// Asterisk, `CURL()` with hashcompat.
    Asterisk,
    /// siphon-sip, external LCR contract version 1.
    Siphon,
    /// One line a route.
    Text,
}

const JSON: &str = "application/json";
const XML: &str = "text/xml; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

impl Format {
    pub const ALL: [Self; 11] = [
        Self::Native,
        Self::Compact,
        Self::Rtjson,
        Self::Freeswitch,
        Self::Httapi,
        Self::DialString,
        Self::Opensips,
        Self::Carriers,
        Self::Asterisk,
        Self::Siphon,
        Self::Text,
    ];

    /// The name in `format=` and in the path below `/v1/lcr/`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "json",
            Self::Compact => "compact",
            Self::Rtjson => "rtjson",
            Self::Freeswitch => "freeswitch",
            Self::Httapi => "httapi",
            Self::DialString => "dialstring",
            Self::Opensips => "opensips",
            Self::Carriers => "carriers",
            Self::Asterisk => "asterisk",
            Self::Siphon => "siphon",
            Self::Text => "text",
        }
    }

    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.name() == name)
    }

    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Native | Self::Compact | Self::Rtjson | Self::Opensips | Self::Siphon => JSON,
            Self::Freeswitch | Self::Httapi => XML,
            Self::DialString | Self::Carriers | Self::Text => TEXT,
            Self::Asterisk => "application/x-www-form-urlencoded",
        }
    }

    /// The form of the first media range of an `Accept` field that names one; `None` when none does.
    /// Weights are not read: switches send one type.
    #[must_use]
    pub fn accepted(accept: &str) -> Option<Self> {
        accept
            .split(',')
            .find_map(|range| match range.split(';').next().unwrap_or("").trim() {
                "application/json" => Some(Self::Native),
                "text/xml" | "application/xml" => Some(Self::Freeswitch),
                "text/plain" => Some(Self::Text),
                "application/x-www-form-urlencoded" => Some(Self::Asterisk),
                _ => None,
            })
    }
}
