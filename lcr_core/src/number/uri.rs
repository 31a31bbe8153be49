//! The dressing of a number: `sip:` and `tel:` addresses with their parameters (RFC 3966, RFC 4694), display names, separators.

/// A number out of its dressing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undressed {
    /// Without visual separators; may begin with `+` and hold what a tech prefix holds.
    pub text: String,
    /// Routing number of a ported number; the context put in front.
    pub rn: Option<String>,
    /// Somebody looked for portability already.
    pub npdi: bool,
    pub cic: Option<String>,
    pub tgrp: Option<String>,
    /// Leading digits of the place a local number counts in, or a domain.
    pub context: Option<String>,
}

pub fn undress(text: &str) -> Undressed {
    let mut text = text.trim();
    // "Display" <sip:…>;tag=…
    if let Some((_, inside)) = text.split_once('<') {
        text = inside.split('>').next().unwrap_or(inside).trim();
    }
    let scheme = text.split_once(':').filter(|(scheme, _)| {
        ["sip", "sips", "tel"]
            .iter()
            .any(|s| scheme.eq_ignore_ascii_case(s))
    });
    let rest = scheme.map_or(text, |(_, rest)| rest);
    // Parameters stand behind the number and, in a SIP address, behind the host too.
    let (user, host) = rest.split_once('@').unwrap_or((rest, ""));
    let mut parts = user.split(';');
    let number = decoded(parts.next().unwrap_or(""));
    let mut out = Undressed {
        text: without_separators(&number),
        ..Undressed::default()
    };
    let (mut rn_context, mut cic_context) = (None, None);
    for parameter in parts.chain(host.split(';').skip(1)) {
        let parameter = parameter.split(['?', '>']).next().unwrap_or("");
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = || Some(decoded(value)).filter(|v| !v.is_empty());
        match name.trim().to_ascii_lowercase().as_str() {
            "rn" => out.rn = value(),
            "rn-context" => rn_context = value(),
            "npdi" => out.npdi = true,
            "cic" => out.cic = value(),
            "cic-context" => cic_context = value(),
            "tgrp" => out.tgrp = value(),
            "phone-context" => out.context = value(),
            _ => {}
        }
    }
    out.rn = out.rn.and_then(|rn| in_context(&rn, rn_context.as_deref()));
    out.cic = out
        .cic
        .and_then(|cic| in_context(&cic, cic_context.as_deref()));
    out
}

/// Digits of a global number, or of a local one behind the digits of its context.
fn in_context(number: &str, context: Option<&str>) -> Option<String> {
    let number = without_separators(number);
    let digits = match number.strip_prefix('+') {
        Some(global) => global.to_owned(),
        None => {
            let context = without_separators(context.unwrap_or(""));
            format!("{}{number}", context.strip_prefix('+').unwrap_or(""))
        }
    };
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then_some(digits)
}

pub fn without_separators(text: &str) -> String {
    let separator = |c: &char| matches!(c, ' ' | '-' | '.' | '(' | ')' | '\u{a0}' | '\t');
    text.chars().filter(|c| !separator(c)).collect()
}

/// `%23` → `#`; what is not an escape stays.
fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let code = after
            .get(..2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code.filter(u8::is_ascii_graphic) {
            Some(byte) => {
                out.push(char::from(byte));
                rest = after.get(2..).unwrap_or("");
            }
            None => {
                out.push('%');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}
