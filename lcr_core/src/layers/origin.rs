//! Which origin group of a deck a caller belongs to.

use super::rules::OriginRules;
use crate::number::country::country_code;
use crate::number::{DigitKey, longest_prefix_len};

/// Fewest digits of a caller's number that can be one.
const MIN_CALLER_DIGITS: usize = 5;

/// The caller's number when it is valid: 5–15 digits, beginning with an assigned country code.
pub fn valid_caller(ani: Option<&str>) -> Option<DigitKey> {
    let number = DigitKey::normalise(ani?)?;
    (number.len() >= MIN_CALLER_DIGITS && country_code(number).is_some()).then_some(number)
}

/// An offer's origin choice for one call: a place among its groups, `groups.len()` for "no group".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    pub choice: usize,
    /// The A-prefix that decided.
    pub prefix: Option<DigitKey>,
}

/// A-prefixes of one offer.
#[derive(Debug, Clone)]
pub struct Groups {
    /// Sorted.
    prefixes: Vec<DigitKey>,
    group_of_prefix: Vec<usize>,
    rest: usize,
    invalid: Option<usize>,
    count: usize,
}

impl Groups {
    pub fn new(rules: &OriginRules) -> Self {
        let mut prefixes: Vec<(DigitKey, usize)> = Vec::new();
        for (place, group) in rules.groups.iter().enumerate() {
            let keys = group
                .prefixes
                .iter()
                .filter_map(|p| DigitKey::from_digits(p));
            prefixes.extend(keys.map(|key| (key, place)));
        }
        prefixes.sort_unstable();
        let named = |name: &Option<String>| name.as_deref().and_then(|n| rules.group(n));
        Self {
            rest: named(&rules.rest_group).unwrap_or(rules.groups.len()),
            invalid: named(&rules.invalid_group),
            count: rules.groups.len(),
            group_of_prefix: prefixes.iter().map(|p| p.1).collect(),
            prefixes: prefixes.into_iter().map(|p| p.0).collect(),
        }
    }

    pub fn prefixes(&self) -> &[DigitKey] {
        &self.prefixes
    }

    /// The choice of a valid caller with none of the prefixes.
    pub fn rest(&self) -> usize {
        self.rest
    }

    /// Groups and "no group".
    pub fn choices(&self) -> usize {
        self.count + 1
    }

    /// `None`: the caller is not known and the deck has no group for that, so the dearest choice holds.
    pub fn origin(&self, caller: Option<DigitKey>) -> Option<Origin> {
        let Some(caller) = caller else {
            return self.invalid.map(|choice| Origin {
                choice,
                prefix: None,
            });
        };
        let len = longest_prefix_len(&self.prefixes, caller);
        let found = (len > 0).then(|| caller.prefix(len));
        let group = found
            .and_then(|p| self.prefixes.binary_search(&p).ok())
            .and_then(|at| self.group_of_prefix.get(at));
        Some(match group {
            Some(&choice) => Origin {
                choice,
                prefix: found,
            },
            None => Origin {
                choice: self.rest,
                prefix: None,
            },
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_valid_with_a_country_and_five_digits() {
        for (text, valid) in [
            ("33123456789", true),
            ("+33 1 23 45 67 89", true),
            ("33123", true),
            ("3312", false),
            ("2101234567", false),
            ("anonymous", false),
            ("1234567890123456", false),
        ] {
            assert_eq!(valid_caller(Some(text)).is_some(), valid, "{text}");
        }
        assert_eq!(valid_caller(None), None);
    }

    #[test]
    fn the_longest_prefix_decides_then_rest_then_nobody() {
        let rules: OriginRules = serde_json::from_str(
            r#"{"groups":[{"name":"EEA","prefixes":["33","49"]},{"name":"FR2","prefixes":["3370"]},{"name":"Rest"}],"rest_group":"Rest"}"#,
        )
        .unwrap();
        let groups = Groups::new(&rules);
        let of = |t: &str| {
            groups
                .origin(valid_caller(Some(t)))
                .map(|o| (o.choice, o.prefix.map(|p| p.to_string())))
        };
        assert_eq!(of("33123456789"), Some((0, Some("33".to_owned()))));
        assert_eq!(of("33701234567"), Some((1, Some("3370".to_owned()))));
        assert_eq!(of("2348012345678"), Some((2, None)));
        assert_eq!(of("anonymous"), None);
    }
}
