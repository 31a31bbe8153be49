//! ITU-T G.711: both laws, by table one way and by segments the other.

use crate::rtp::payload::Law;

/// Samples of every code.
static FROM_A: [i16; 256] = table(Law::A);
static FROM_MU: [i16; 256] = table(Law::Mu);

const fn table(law: Law) -> [i16; 256] {
    let mut out = [0i16; 256];
    let mut code = 0;
    while code < 256 {
        out[code] = match law {
            Law::A => a_sample(code as u8),
            Law::Mu => mu_sample(code as u8),
        };
        code += 1;
    }
    out
}

const fn a_sample(code: u8) -> i16 {
    let bits = code ^ 0x55;
    let segment = (bits >> 4) & 7;
    let mut size = ((bits & 0x0f) as i16) << 4 | 8;
    if segment > 0 {
        size = (size + 0x100) << (segment - 1);
    }
    if bits & 0x80 != 0 { size } else { -size }
}

const fn mu_sample(code: u8) -> i16 {
    let bits = !code;
    let segment = (bits >> 4) & 7;
    let size = ((((bits & 0x0f) as i16) << 3) + 0x84) << segment;
    if bits & 0x80 != 0 {
        0x84 - size
    } else {
        size - 0x84
    }
}

#[inline]
pub fn decode(law: Law, code: u8) -> i16 {
    match law {
        Law::A => FROM_A[usize::from(code)],
        Law::Mu => FROM_MU[usize::from(code)],
    }
}

pub fn encode(law: Law, sample: i16) -> u8 {
    match law {
        Law::A => encode_a(sample),
        Law::Mu => encode_mu(sample),
    }
}

fn encode_a(sample: i16) -> u8 {
    let positive = sample >= 0;
    let size = if positive { sample } else { !sample } >> 4;
    let segment = (12 - (size as u16).leading_zeros() as i16).max(0);
    let step = if segment > 1 {
        size >> (segment - 1)
    } else {
        size
    };
    let bits = (segment << 4) as u8 | (step & 0x0f) as u8;
    (bits | u8::from(positive) << 7) ^ 0x55
}

fn encode_mu(sample: i16) -> u8 {
    let size = (i32::from(sample).abs() + 0x84).min(0x7fff) as u32;
    let segment = 24 - size.leading_zeros();
    let step = (size >> (segment + 3)) & 0x0f;
    let bits = (segment << 4 | step) as u8;
    !(bits | u8::from(sample < 0) << 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corner_codes_have_the_values_of_the_recommendation() {
        assert_eq!((decode(Law::A, 0xd5), decode(Law::A, 0x55)), (8, -8));
        assert_eq!(
            (decode(Law::A, 0xaa), decode(Law::A, 0x2a)),
            (32256, -32256)
        );
        assert_eq!((decode(Law::Mu, 0xff), decode(Law::Mu, 0x7f)), (0, 0));
        assert_eq!(
            (decode(Law::Mu, 0x80), decode(Law::Mu, 0x00)),
            (32124, -32124)
        );
    }

    #[test]
    fn every_code_survives_decoding_and_encoding() {
        for code in 0..=255u8 {
            assert_eq!(encode(Law::A, decode(Law::A, code)), code);
            // Two codes of the mu law stand for zero.
            let back = encode(Law::Mu, decode(Law::Mu, code));
            assert!(back == code || code == 0x7f, "{code:#x} became {back:#x}");
        }
    }

    #[test]
    fn every_sample_comes_back_within_its_step() {
        for law in [Law::A, Law::Mu] {
            for sample in (i16::MIN..=i16::MAX).step_by(5) {
                let back = i32::from(decode(law, encode(law, sample)));
                let wrong = (back - i32::from(sample)).abs();
                let step = (i32::from(sample).abs() / 16).max(16);
                assert!(wrong <= step, "{law:?} {sample} became {back}");
            }
        }
    }
}
