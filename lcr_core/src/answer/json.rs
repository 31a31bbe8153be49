//! Writing JSON into a string, field by field, without a tree in between.

use std::fmt::Write;

use crate::digits::{write_key, write_signed};
use crate::money::write_decimal;
use crate::number::DigitKey;
use crate::time::write_instant;

pub struct Object<'a> {
    out: &'a mut String,
    first: bool,
}

impl<'a> Object<'a> {
    pub fn begin(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, first: true }
    }

    /// Goes on in an object that has fields already; whoever began it ends it.
    pub fn inside(out: &'a mut String) -> Self {
        Self { out, first: false }
    }

    pub fn end(self) {
        self.out.push('}');
    }

    /// Writes the name; the caller writes the value.
    pub fn key(&mut self, name: &str) -> &mut String {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
        self.out
    }

    /// Writes a name that ends in a number (`uri2`); the caller writes the value.
    pub fn numbered(&mut self, name: &str, place: u32) -> &mut String {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        // Writing to a String cannot fail.
        let _ = write!(self.out, "\"{name}{place}\":");
        self.out
    }

    pub fn null(&mut self, name: &str) {
        self.key(name).push_str("null");
    }

    pub fn text(&mut self, name: &str, value: &str) {
        write_text(self.key(name), value);
    }

    pub fn text_or_null(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.null(name),
        }
    }

    pub fn int(&mut self, name: &str, value: i64) {
        write_signed(self.key(name), value);
    }

    pub fn boolean(&mut self, name: &str, value: bool) {
        self.key(name)
            .push_str(if value { "true" } else { "false" });
    }

    pub fn int_or_null(&mut self, name: &str, value: Option<i64>) {
        match value {
            Some(value) => self.int(name, value),
            None => self.null(name),
        }
    }

    pub fn flag(&mut self, name: &str, value: bool) {
        self.key(name)
            .push_str(if value { "true" } else { "false" });
    }

    pub fn ints_or_null(&mut self, name: &str, values: Option<impl Iterator<Item = u16>>) {
        let Some(values) = values else {
            return self.null(name);
        };
        let out = self.key(name);
        out.push('[');
        for (i, value) in values.enumerate() {
            let _ = write!(out, "{}{value}", if i > 0 { "," } else { "" });
        }
        out.push(']');
    }

    pub fn digits(&mut self, name: &str, value: Option<DigitKey>) {
        match value {
            Some(value) => {
                let out = self.key(name);
                out.push('"');
                write_key(out, value);
                out.push('"');
            }
            None => self.null(name),
        }
    }

    pub fn instant(&mut self, name: &str, micros: i64) {
        let out = self.key(name);
        out.push('"');
        write_instant(out, micros);
        out.push('"');
    }

    /// `value / 10^scale` as a decimal string.
    pub fn decimal(&mut self, name: &str, value: u128, scale: u32) {
        let out = self.key(name);
        out.push('"');
        write_decimal(out, value, scale);
        out.push('"');
    }

    pub fn decimal_or_null(&mut self, name: &str, value: Option<u128>, scale: u32) {
        match value {
            Some(value) => self.decimal(name, value, scale),
            None => self.null(name),
        }
    }

    /// Money that is never negative.
    pub fn nanos(&mut self, name: &str, nanos: i64) {
        self.decimal(name, u128::from(nanos.max(0).unsigned_abs()), 9);
    }

    pub fn score(&mut self, name: &str, score: Option<u64>) {
        self.decimal_or_null(name, score.map(u128::from), 9);
    }
}

pub fn write_text(out: &mut String, value: &str) {
    out.push('"');
    // All bytes are looked at, whatever is found: that way many are looked at together.
    let escapes = |b: u8| b < 0x20 || b == b'"' || b == b'\\';
    if !value.bytes().fold(false, |any, b| any | escapes(b)) {
        out.push_str(value);
        out.push('"');
        return;
    }
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
