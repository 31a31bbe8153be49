//! The values that matching, routing and limits rest upon, checked once when a message comes in.
use super::frame::span_of;
use super::{Message, Span, Start};
use crate::sip::chars::{all, is_token, is_word, number, trim};
use crate::sip::fault::Fault;
use crate::sip::limits;
use crate::sip::method::Method;
use crate::sip::name::Name;
use crate::sip::value::address::Address;
use crate::sip::value::list::Values;
use crate::sip::value::uri::{Scheme, Uri};
use crate::sip::value::via::Via;
use crate::sip::value::{cseq, date};

/// What the checks found, to be remembered.
#[derive(Default)]
struct Found {
    branch: Span,
    from_tag: Span,
    to_tag: Span,
    cseq: Option<(u32, Method)>,
    vias: usize,
    from: bool,
    to: bool,
    call_id: bool,
}

pub(super) fn check(message: &mut Message) -> Result<(), Fault> {
    let mut found = Found::default();
    request_uri(message)?;
    for index in 0..message.lines.len() {
        let line = message.lines[index];
        let value = message.at(line.value);
        one(message, line.name, value, &mut found)?;
    }
    let missing = |what| Err(Fault::bad(what));
    if found.vias == 0 {
        return missing("Missing Via");
    }
    if !found.from {
        return missing("Missing From");
    }
    if !found.to {
        return missing("Missing To");
    }
    if !found.call_id {
        return missing("Missing Call-ID");
    }
    let (number, method) = found.cseq.ok_or(Fault::bad("Missing CSeq"))?;
    (message.cseq, message.cseq_method) = (number, method);
    (message.branch, message.from_tag, message.to_tag) =
        (found.branch, found.from_tag, found.to_tag);
    Ok(())
}

fn request_uri(message: &Message) -> Result<(), Fault> {
    let Start::Request { uri, .. } = message.start else {
        return Ok(());
    };
    let uri = Uri::parse(message.at(uri))?;
    if matches!(uri.scheme, Scheme::Other(_)) {
        return Err(Fault {
            status: 416,
            what: "Unsupported URI Scheme",
        });
    }
    if !uri.headers.is_empty() {
        return Err(Fault::bad("Headers In Request-URI"));
    }
    Ok(())
}

fn within(value: Option<u64>, most: u64, what: &'static str) -> Result<(), Fault> {
    match value {
        Some(value) if value <= most => Ok(()),
        _ => Err(Fault::bad(what)),
    }
}

fn addresses(value: &[u8]) -> Result<(), Fault> {
    for (count, value) in Values::new(value).enumerate() {
        if count == limits::VALUES {
            return Err(Fault::too_large("Too Many Values"));
        }
        Address::parse(value)?;
    }
    Ok(())
}

fn one(message: &Message, name: Name, value: &[u8], found: &mut Found) -> Result<(), Fault> {
    match name {
        Name::Via => {
            for value in Values::new(value) {
                let via = Via::parse(value)?;
                if found.vias == 0 {
                    found.branch = via
                        .branch()
                        .map_or(Span::default(), |b| span_of(&message.bytes, b));
                }
                found.vias += 1;
                if found.vias > limits::VALUES {
                    return Err(Fault::too_large("Too Many Vias"));
                }
            }
        }
        Name::From | Name::To => {
            let address = Address::parse(value)?;
            let tag = address
                .tag()
                .map_or(Span::default(), |t| span_of(&message.bytes, t));
            if name == Name::From {
                (found.from, found.from_tag) = (true, tag);
            } else {
                (found.to, found.to_tag) = (true, tag);
            }
        }
        Name::CallId => {
            if !all(value, is_word) || value.len() > 256 {
                return Err(Fault::bad("Bad Call-ID"));
            }
            found.call_id = true;
        }
        Name::CSeq => {
            let (number, text) = cseq::parse(value)?;
            if message.method().is_some() && text != message.method_text() {
                return Err(Fault::bad("CSeq Method Mismatch"));
            }
            found.cseq = Some((number, Method::parse(text).unwrap_or(Method::Other)));
        }
        Name::MaxForwards => within(number(value), 255, "Bad Max-Forwards")?,
        Name::Contact if value == b"*" => {
            let everywhere =
                [Some(Method::Register), Some(Method::Other), None].contains(&message.method());
            within(Some(u64::from(!everywhere)), 0, "Bad Contact")?;
        }
        Name::Contact | Name::Route | Name::RecordRoute => addresses(value)?,
        Name::Expires | Name::RSeq => {
            within(number(value), u32::MAX.into(), "Number Out Of Range")?
        }
        Name::SessionExpires | Name::MinSe => {
            let seconds = value
                .split(|b| *b == b';')
                .next()
                .map(trim)
                .and_then(number);
            within(seconds, u32::MAX.into(), "Number Out Of Range")?;
        }
        Name::RAck => {
            cseq::parse_rack(value)?;
        }
        Name::Date => {
            date::parse(value)?;
        }
        Name::ContentType => {
            let kind = value.split(|b| *b == b';').next().map(trim).unwrap_or(b"");
            let mut halves = kind.splitn(2, |b| *b == b'/').map(trim);
            if !halves.next().is_some_and(|h| all(h, is_token))
                || !halves.next().is_some_and(|h| all(h, is_token))
            {
                return Err(Fault::bad("Bad Content-Type"));
            }
        }
        _ => {}
    }
    Ok(())
}
