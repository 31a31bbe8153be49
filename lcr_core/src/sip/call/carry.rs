//! Which headers pass from one side to the other. All others stay where they came from.
use crate::sip::message::{Message, Writer};
use crate::sip::name::Name;

/// End to end in requests that begin a call.
const INVITE: [Name; 11] = [
    Name::Privacy,
    Name::Diversion,
    Name::HistoryInfo,
    Name::Reason,
    Name::Identity,
    Name::Date,
    Name::SessionExpires,
    Name::MinSe,
    Name::PEarlyMedia,
    Name::ContentDisposition,
    Name::RecvInfo,
];
/// In requests within a call.
const INSIDE: [Name; 8] = [
    Name::Reason,
    Name::SessionExpires,
    Name::MinSe,
    Name::Privacy,
    Name::InfoPackage,
    Name::RecvInfo,
    Name::PEarlyMedia,
    Name::ContentDisposition,
];
/// In answers.
const ANSWER: [Name; 8] = [
    Name::Reason,
    Name::RetryAfter,
    Name::SessionExpires,
    Name::MinSe,
    Name::Privacy,
    Name::PEarlyMedia,
    Name::ContentDisposition,
    Name::RecvInfo,
];
/// Options that work end to end through this machine.
const OPTIONS: [&str; 2] = ["100rel", "timer"];

fn copy(from: &Message, names: &[Name], out: &mut Writer) {
    for name in names {
        for line in from.lines(*name) {
            out.header(name.as_bytes(), line);
        }
    }
    for name in [Name::Supported, Name::Require] {
        let known: Vec<&str> = OPTIONS
            .into_iter()
            .filter(|o| from.has_option(name, o))
            .collect();
        if !known.is_empty() {
            out.header(name.as_bytes(), known.join(", "));
        }
    }
    if let Some(value) = from.other("User-to-User") {
        out.header("User-to-User", value);
    }
}

pub(super) fn invite(from: &Message, out: &mut Writer) {
    copy(from, &INVITE, out);
}

pub(super) fn inside(from: &Message, out: &mut Writer) {
    copy(from, &INSIDE, out);
}

pub(super) fn answer(from: &Message, out: &mut Writer) {
    copy(from, &ANSWER, out);
}
