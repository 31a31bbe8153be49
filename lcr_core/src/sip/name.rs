//! Header names this project knows, their compact forms, and which may stand once only.

macro_rules! names {
    ($($variant:ident $text:literal $compact:literal $once:literal),* $(,)?) => {
        /// A header name; compact and long form are one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Name { $($variant),*, Other }

        const KNOWN: &[(Name, &[u8], u8, bool)] = &[$((Name::$variant, $text.as_bytes(), $compact, $once)),*];
    };
}

names! {
    Via "Via" b'v' false,
    From "From" b'f' true,
    To "To" b't' true,
    CallId "Call-ID" b'i' true,
    CSeq "CSeq" 0 true,
    MaxForwards "Max-Forwards" 0 true,
    ContentLength "Content-Length" b'l' true,
    ContentType "Content-Type" b'c' true,
    ContentEncoding "Content-Encoding" b'e' false,
    ContentDisposition "Content-Disposition" 0 true,
    Contact "Contact" b'm' false,
    Route "Route" 0 false,
    RecordRoute "Record-Route" 0 false,
    Accept "Accept" 0 false,
    Allow "Allow" 0 false,
    Supported "Supported" b'k' false,
    Require "Require" 0 false,
    ProxyRequire "Proxy-Require" 0 false,
    Unsupported "Unsupported" 0 false,
    Authorization "Authorization" 0 false,
    ProxyAuthorization "Proxy-Authorization" 0 false,
    WwwAuthenticate "WWW-Authenticate" 0 false,
    ProxyAuthenticate "Proxy-Authenticate" 0 false,
    SessionExpires "Session-Expires" b'x' true,
    MinSe "Min-SE" 0 true,
    RSeq "RSeq" 0 true,
    RAck "RAck" 0 true,
    Reason "Reason" 0 false,
    RetryAfter "Retry-After" 0 true,
    Warning "Warning" 0 false,
    Expires "Expires" 0 true,
    Date "Date" 0 true,
    Subject "Subject" b's' true,
    UserAgent "User-Agent" 0 true,
    Server "Server" 0 true,
    PAssertedIdentity "P-Asserted-Identity" 0 false,
    PPreferredIdentity "P-Preferred-Identity" 0 false,
    Privacy "Privacy" 0 false,
    Diversion "Diversion" 0 false,
    HistoryInfo "History-Info" 0 false,
    Identity "Identity" b'y' false,
    InfoPackage "Info-Package" 0 true,
    RecvInfo "Recv-Info" 0 false,
    ReferTo "Refer-To" b'r' true,
    Event "Event" b'o' true,
    PEarlyMedia "P-Early-Media" 0 false,
    Ticket "X-Tandem-Ticket" 0 true,
}

/// Length and first letter: tells most names apart without a look at the rest.
const fn key(len: usize, first: u8) -> u16 {
    let len = if len < 256 { len as u16 } else { 0 };
    len << 8 | first.to_ascii_lowercase() as u16
}

static KEYS: [u16; KNOWN.len()] = {
    let mut out = [0; KNOWN.len()];
    let mut at = 0;
    while at < KNOWN.len() {
        out[at] = key(KNOWN[at].1.len(), KNOWN[at].1[0]);
        at += 1;
    }
    out
};

impl Name {
    /// Any case, long or compact.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        if let [byte] = text {
            let lower = byte.to_ascii_lowercase();
            return KNOWN
                .iter()
                .find(|k| k.2 == lower && lower != 0)
                .map_or(Self::Other, |k| k.0);
        }
        let Some(key) = text.first().map(|first| key(text.len(), *first)) else {
            return Self::Other;
        };
        KEYS.iter()
            .zip(KNOWN)
            .find(|(k, known)| **k == key && known.1.eq_ignore_ascii_case(text))
            .map_or(Self::Other, |(_, known)| known.0)
    }

    /// The long form; empty for `Other`.
    #[must_use]
    pub fn as_bytes(self) -> &'static [u8] {
        KNOWN.get(self as usize).map_or(b"", |k| k.1)
    }

    /// A second line of it makes the message ambiguous.
    #[must_use]
    pub fn once(self) -> bool {
        KNOWN.get(self as usize).is_some_and(|k| k.3)
    }

    /// One bit a name, for sets.
    #[must_use]
    pub const fn bit(self) -> u64 {
        1 << (self as u64)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn long_and_compact_names_of_any_case_are_the_same_name() {
        for (text, name) in [
            ("Via", Name::Via),
            ("vIA", Name::Via),
            ("V", Name::Via),
            ("call-id", Name::CallId),
            ("i", Name::CallId),
            ("x", Name::SessionExpires),
            ("K", Name::Supported),
            ("\0", Name::Other),
            ("C%6Fntact", Name::Other),
        ] {
            assert_eq!(Name::parse(text.as_bytes()), name, "{text}");
        }
        assert!(KNOWN.len() < 64, "a set of names is one word");
        for (index, known) in KNOWN.iter().enumerate() {
            assert_eq!(known.0 as usize, index);
        }
    }
}
