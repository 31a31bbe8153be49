//! Which country a number begins with: the assigned country codes and the regions inside shared ones (`countries.tsv`).

use std::sync::LazyLock;

use super::DigitKey;

const TABLE: &str = include_str!("countries.tsv");

struct Country {
    prefix: DigitKey,
    is_code: bool,
    region: &'static str,
    /// Fewest and most digits after the code; of an assigned code only.
    lengths: (usize, usize),
}

/// Sorted by prefix.
static COUNTRIES: LazyLock<Vec<Country>> = LazyLock::new(|| {
    let line = |line: &'static str| {
        let mut cells = line.split('\t');
        let prefix = DigitKey::from_digits(cells.next()?)?;
        let is_code = cells.next()? == "cc";
        let region = cells.next()?;
        let range = |text: &str| {
            let (least, most) = text.split_once('-')?;
            Some((least.parse().ok()?, most.parse().ok()?))
        };
        Some(Country {
            prefix,
            is_code,
            region,
            lengths: cells.next().and_then(range).unwrap_or((0, 15)),
        })
    };
    let lines = TABLE.lines().filter(|l| !l.starts_with('#'));
    let mut all: Vec<Country> = lines.filter_map(line).collect();
    all.sort_by_key(|c| c.prefix);
    all
});

/// For each three digits: length of the country code they begin with; 0 = not assigned.
static CODE_LEN: LazyLock<[u8; 1000]> = LazyLock::new(|| {
    let mut out = [0u8; 1000];
    for country in COUNTRIES.iter().filter(|c| c.is_code) {
        let len = country.prefix.len().min(3);
        let value = (0..len).fold(0, |sum, i| sum * 10 + country.prefix.digit(i));
        let width = [1000, 100, 10, 1][len];
        out[value * width..(value + 1) * width].fill(len as u8);
    }
    out
});

/// The assigned country code a number begins with.
pub fn country_code(number: DigitKey) -> Option<DigitKey> {
    let have = number.len().min(3);
    let value = (0..3).fold(0, |sum, i| {
        sum * 10 + if i < have { number.digit(i) } else { 0 }
    });
    let len = usize::from(CODE_LEN[value]);
    // Shorter than the code it seems to begin with: not that code.
    (len > 0 && len <= number.len()).then(|| number.prefix(len))
}

/// Has a number an assigned country code, and behind it as many digits as numbers of that code have?
pub fn is_possible(number: DigitKey) -> bool {
    let Some(code) = country_code(number) else {
        return false;
    };
    let at = COUNTRIES.binary_search_by_key(&code, |c| c.prefix);
    let lengths = at.ok().and_then(|at| COUNTRIES.get(at)).map(|c| c.lengths);
    lengths.is_some_and(|(least, most)| (least..=most).contains(&(number.len() - code.len())))
}

/// ISO 3166 region of a number; `None` for an unassigned beginning and for world-wide services.
pub fn region(number: DigitKey) -> Option<&'static str> {
    let found = longest(number)?;
    (found.region != "-").then_some(found.region)
}

fn longest(number: DigitKey) -> Option<&'static Country> {
    country_code(number)?;
    (1..=number.len().min(7)).rev().find_map(|len| {
        let at = COUNTRIES
            .binary_search_by_key(&number.prefix(len), |c| c.prefix)
            .ok()?;
        COUNTRIES.get(at)
    })
}

/// All assigned country codes, sorted.
pub fn country_codes() -> Vec<String> {
    let codes = COUNTRIES.iter().filter(|c| c.is_code);
    codes.map(|c| c.prefix.to_string()).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(text: &str) -> (Option<String>, Option<&'static str>) {
        let number = DigitKey::from_digits(text).unwrap();
        (country_code(number).map(|c| c.to_string()), region(number))
    }

    #[test]
    fn shared_codes_are_split_and_shared_territories_kept_apart() {
        for (number, code, country) in [
            ("390669812345", "39", Some("VA")),
            ("390612345678", "39", Some("IT")),
            ("12125550100", "1", Some("US")),
            ("14165550100", "1", Some("CA")),
            ("18765550100", "1", Some("JM")),
            ("17875550100", "1", Some("PR")),
            ("74951234567", "7", Some("RU")),
            ("77012345678", "7", Some("KZ")),
            ("76012345678", "7", Some("KZ")),
            ("262262123456", "262", Some("RE")),
            ("262639123456", "262", Some("YT")),
            ("59995123456", "599", Some("CW")),
            ("5997171234", "599", Some("BQ")),
            ("5491112345678", "54", Some("AR")),
            ("5215512345678", "52", Some("MX")),
            ("441481123456", "44", Some("GG")),
            ("442079460000", "44", Some("GB")),
            ("88161234567", "881", None),
        ] {
            assert_eq!(of(number), (Some(code.to_owned()), country), "{number}");
        }
        for spare in ["2101234567", "2591234567", "0", "00", "9991234567"] {
            assert_eq!(of(spare), (None, None), "{spare}");
        }
        assert_eq!(of("44").0.as_deref(), Some("44"));
        assert_eq!(of("35").0, None);
        assert!(country_codes().len() > 200);
    }
}
