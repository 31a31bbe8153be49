//! SIP final codes and Q.850 causes, both ways (RFC 3398 7.2.4.1 and 8.2.6.1), and the Reason header that carries the cause itself
//! (RFC 3326, location RFC 8606).

/// The cause of a SIP final response. `warning` = code of its Warning header. None for 2xx, for 487 (the end of our own CANCEL) and
/// for codes that are no failure.
pub fn q850_of_sip(code: u16, warning: Option<u16>) -> Option<u8> {
    let cause = match code {
        401 | 402 | 403 | 407 | 603 | 607 | 608 => 21,
        404 | 485 | 604 => 1,
        405 => 63,
        406 | 415 | 501 => 79,
        408 | 504 => 102,
        410 => 22,
        413 | 414 | 416 | 420 | 421 | 423 | 505 | 513 => 127,
        480 => 18,
        482 | 483 => 25,
        484 => 28,
        486 | 600 => 17,
        487 => return None,
        488 | 606 => match warning {
            Some(370) => 58,
            Some(300..=399) => 65,
            _ => 31,
        },
        502 => 38,
        400 | 481 | 500 | 503 => 41,
        // Codes the RFC does not name count as the x00 of their class (RFC 3261 8.1.3.2).
        401..=499 | 501..=599 => 41,
        601..=699 => 21,
        _ => return None,
    };
    Some(cause)
}

/// What a cause asks of a SIP leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SipAnswer {
    /// Normal clearing of an answered call.
    Bye,
    Code(u16),
}

/// `from_user` = the cause was given by the user (location 0); `new_number` = it names another number.
pub fn sip_of_q850(cause: u8, from_user: bool, new_number: bool) -> SipAnswer {
    let code = match cause {
        16 => return SipAnswer::Bye,
        1 | 2 | 3 | 26 => 404,
        17 => 486,
        18 => 408,
        19 | 20 | 31 => 480,
        21 if from_user => 603,
        21 | 55 | 57 | 87 => 403,
        22 if new_number => 301,
        22 | 23 => 410,
        27 => 502,
        28 => 484,
        29 | 79 => 501,
        34 | 38 | 41 | 42 | 47 | 58 | 88 => 503,
        65 | 70 => 488,
        102 => 504,
        _ => 500,
    };
    SipAnswer::Code(code)
}

/// A Q.850 cause as a Reason header gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason {
    pub cause: u8,
    /// Location `U` of RFC 8606.
    pub from_user: bool,
}

/// The Q.850 value of a Reason header, which may hold several values. None when there is none, or its cause is not 1..=127.
pub fn reason_cause(header: &str) -> Option<Reason> {
    for value in split_outside_quotes(header, ',') {
        let mut parts = split_outside_quotes(value, ';');
        let protocol = parts.next().map(str::trim)?;
        if !protocol.eq_ignore_ascii_case("Q.850") {
            continue;
        }
        let (mut cause, mut from_user) = (None, false);
        for part in parts {
            let Some((name, text)) = part.split_once('=') else {
                continue;
            };
            let (name, text) = (name.trim(), text.trim());
            if name.eq_ignore_ascii_case("cause") {
                cause = text.parse().ok().filter(|cause| (1..=127).contains(cause));
            } else if name.eq_ignore_ascii_case("location") {
                from_user = text.eq_ignore_ascii_case("U");
            }
        }
        return cause.map(|cause| Reason { cause, from_user });
    }
    None
}

fn split_outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |letter: char| {
        if escaped {
            escaped = false;
        } else if letter == '\\' && quoted {
            escaped = true;
        } else if letter == '"' {
            quoted = !quoted;
        }
        letter == separator && !quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_the_table_has_its_cause() {
        let table: [(&[u16], u8); 14] = [
            (&[400, 481, 500, 503], 41),
            (&[401, 402, 403, 407, 603], 21),
            (&[404, 485, 604], 1),
            (&[405], 63),
            (&[406, 415, 501], 79),
            (&[408, 504], 102),
            (&[410], 22),
            (&[413, 414, 416, 420, 421, 423, 505, 513], 127),
            (&[480], 18),
            (&[482, 483], 25),
            (&[484], 28),
            (&[486, 600], 17),
            (&[502], 38),
            (&[488, 606], 31),
        ];
        for (codes, cause) in table {
            for code in codes {
                assert_eq!(q850_of_sip(*code, None), Some(cause), "{code}");
            }
        }
        assert_eq!(
            (
                q850_of_sip(487, None),
                q850_of_sip(200, None),
                q850_of_sip(302, None)
            ),
            (None, None, None)
        );
        assert_eq!(
            (q850_of_sip(488, Some(305)), q850_of_sip(606, Some(370))),
            (Some(65), Some(58))
        );
        assert_eq!(
            (
                q850_of_sip(499, None),
                q850_of_sip(599, None),
                q850_of_sip(699, None)
            ),
            (Some(41), Some(41), Some(21))
        );
    }

    #[test]
    fn every_cause_of_the_table_has_its_code() {
        let table: [(&[u8], u16); 13] = [
            (&[1, 2, 3, 26], 404),
            (&[17], 486),
            (&[18], 408),
            (&[19, 20, 31], 480),
            (&[21, 55, 57, 87], 403),
            (&[22, 23], 410),
            (&[27], 502),
            (&[28], 484),
            (&[29, 79], 501),
            (&[34, 38, 41, 42, 47, 58, 88], 503),
            (&[65, 70], 488),
            (&[102], 504),
            (&[111, 127], 500),
        ];
        for (causes, code) in table {
            for cause in causes {
                assert_eq!(
                    sip_of_q850(*cause, false, false),
                    SipAnswer::Code(code),
                    "{cause}"
                );
            }
        }
        assert_eq!(sip_of_q850(16, false, false), SipAnswer::Bye);
        assert_eq!(sip_of_q850(21, true, false), SipAnswer::Code(603));
        assert_eq!(sip_of_q850(22, false, true), SipAnswer::Code(301));
    }

    #[test]
    fn the_reason_header_is_read_beside_other_reasons() {
        let reason = |text| reason_cause(text).map(|one| (one.cause, one.from_user));
        assert_eq!(
            reason("Q.850;cause=17;text=\"User, busy; really\""),
            Some((17, false))
        );
        assert_eq!(
            reason("SIP;cause=486;text=\"a, b\", q.850 ; cause = 21 ; location=U"),
            Some((21, true))
        );
        assert_eq!(reason("SIP;cause=200"), None);
        assert_eq!(
            (
                reason("Q.850;cause=999"),
                reason("Q.850;cause=0"),
                reason("")
            ),
            (None, None, None)
        );
    }
}
