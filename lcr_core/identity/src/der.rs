//! Just enough DER to walk to one extension of a certificate: definite lengths, tags of one byte.

pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const OID: u8 = 0x06;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const IA5: u8 = 0x16;

/// One element: its tag and its content.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    pub tag: u8,
    pub content: &'a [u8],
}

/// Elements one after the other; ends at the first damaged one.
#[derive(Debug, Clone)]
pub(crate) struct Elements<'a>(pub &'a [u8]);

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let (tag, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(*first), rest),
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length = bytes
                    .iter()
                    .fold(0usize, |length, byte| length << 8 | usize::from(*byte));
                (length, rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(Element { tag: *tag, content })
    }
}

/// The content of the only element there, when it has the tag.
pub(crate) fn only(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let mut elements = Elements(bytes);
    let first = elements.next()?;
    (first.tag == tag && elements.0.is_empty()).then_some(first.content)
}

/// The value of an extension of a certificate, by the content of its OID.
pub(crate) fn extension<'a>(certificate: &'a [u8], oid: &[u8]) -> Option<&'a [u8]> {
    let signed = Elements(only(certificate, SEQUENCE)?).next()?;
    let list = Elements(signed.content).find(|element| element.tag == 0xa3)?;
    for extension in Elements(only(list.content, SEQUENCE)?) {
        let mut parts = Elements(extension.content);
        let name = parts.next()?;
        let mut value = parts.next()?;
        if value.tag == BOOLEAN {
            value = parts.next()?;
        }
        if name.tag == OID && name.content == oid && value.tag == OCTETS {
            return Some(value.content);
        }
    }
    None
}
