//! Request methods.
use super::chars;

/// A method this project acts on; any other is `Other` and answered 501 or 405.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    Invite,
    Ack,
    Bye,
    Cancel,
    Options,
    Register,
    Prack,
    Update,
    Info,
    Subscribe,
    Notify,
    Refer,
    Message,
    Publish,
    Other,
}

const NAMES: [(Method, &[u8]); 14] = [
    (Method::Invite, b"INVITE"),
    (Method::Ack, b"ACK"),
    (Method::Bye, b"BYE"),
    (Method::Cancel, b"CANCEL"),
    (Method::Options, b"OPTIONS"),
    (Method::Register, b"REGISTER"),
    (Method::Prack, b"PRACK"),
    (Method::Update, b"UPDATE"),
    (Method::Info, b"INFO"),
    (Method::Subscribe, b"SUBSCRIBE"),
    (Method::Notify, b"NOTIFY"),
    (Method::Refer, b"REFER"),
    (Method::Message, b"MESSAGE"),
    (Method::Publish, b"PUBLISH"),
];

impl Method {
    /// Methods are case-sensitive tokens. None: no token at all.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        if let Some((method, _)) = NAMES.iter().find(|(_, name)| *name == text) {
            return Some(*method);
        }
        chars::all(text, chars::is_token).then_some(Self::Other)
    }

    /// As on the wire; empty for `Other`, whose text the message holds.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        NAMES
            .iter()
            .find(|(method, _)| *method == self)
            .and_then(|(_, name)| std::str::from_utf8(name).ok())
            .unwrap_or("")
    }
}
