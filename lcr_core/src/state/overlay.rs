//! Codes that the state names, with the columns they touch: a small longest match beside the index.

use crate::number::DigitKey;

/// Sorted codes; each node holds what applies to numbers that end there, its parents included.
#[derive(Debug, Default)]
pub struct Overlay {
    keys: Vec<DigitKey>,
    parents: Vec<u32>,
    /// Blocked, then demoted columns of each node; `width` words each.
    bits: Vec<u64>,
    width: usize,
}

const ROOT: u32 = u32::MAX;

/// What one code says about columns, before its parents are added.
#[derive(Debug, Clone)]
pub struct Own {
    pub code: DigitKey,
    /// Columns blocked here.
    pub blocked: Vec<u32>,
    /// Columns judged here, and whether they are demoted.
    pub judged: Vec<(u32, bool)>,
}

impl Overlay {
    /// `own` sorted by code, each code once; `width` = words of a bitmap over the columns.
    pub fn build(own: &[Own], width: usize) -> Self {
        let keys: Vec<DigitKey> = own.iter().map(|o| o.code).collect();
        let mut parents: Vec<u32> = Vec::with_capacity(own.len());
        let mut bits: Vec<u64> = Vec::with_capacity(own.len() * 2 * width);
        for (i, node) in own.iter().enumerate() {
            // In this order the parent is the code before, or one of its parents.
            let mut parent = (i as u32).checked_sub(1).unwrap_or(ROOT);
            while parent != ROOT && !node.code.starts_with(keys[parent as usize]) {
                parent = parents[parent as usize];
            }
            parents.push(parent);
            let start = bits.len();
            if parent == ROOT {
                bits.resize(start + 2 * width, 0);
            } else {
                let from = parent as usize * 2 * width;
                bits.extend_from_within(from..from + 2 * width);
            }
            let (blocked, demoted) = bits[start..].split_at_mut(width);
            for &column in &node.blocked {
                set(blocked, column, true);
            }
            for &(column, is_demoted) in &node.judged {
                set(demoted, column, is_demoted);
            }
        }
        Self {
            keys,
            parents,
            bits,
            width,
        }
    }

    /// The blocked and the demoted columns of a number; empty slices = none.
    #[inline]
    pub fn at(&self, number: DigitKey) -> (&[u64], &[u64]) {
        let mut node = (self.keys.partition_point(|k| *k <= number) as u32)
            .checked_sub(1)
            .unwrap_or(ROOT);
        while let Some(key) = self.keys.get(node as usize) {
            if number.starts_with(*key) {
                let start = node as usize * 2 * self.width;
                return self
                    .bits
                    .get(start..start + 2 * self.width)
                    .map_or((&[], &[]), |both| both.split_at(self.width));
            }
            node = self.parents.get(node as usize).copied().unwrap_or(ROOT);
        }
        (&[], &[])
    }
}

fn set(bits: &mut [u64], column: u32, on: bool) {
    let bit = 1u64 << (column % 64);
    if let Some(word) = bits.get_mut(column as usize / 64) {
        if on {
            *word |= bit;
        } else {
            *word &= !bit;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(text: &str) -> DigitKey {
        DigitKey::from_digits(text).unwrap()
    }

    #[test]
    fn a_longer_code_adds_blocks_and_overrides_demotions() {
        let own = |code: &str, blocked: &[u32], judged: &[(u32, bool)]| Own {
            code: key(code),
            blocked: blocked.to_vec(),
            judged: judged.to_vec(),
        };
        let overlay = Overlay::build(
            &[
                own("44", &[0], &[(1, true)]),
                own("4420", &[2], &[(1, false), (3, true)]),
                own("45", &[], &[(70, true)]),
            ],
            2,
        );
        let at = |n: &str| {
            let (blocked, demoted) = overlay.at(key(n));
            (blocked.to_vec(), demoted.to_vec())
        };
        assert_eq!(at("4412"), (vec![1, 0], vec![2, 0]));
        assert_eq!(at("44207"), (vec![5, 0], vec![8, 0]));
        assert_eq!(at("4421"), (vec![1, 0], vec![2, 0]));
        assert_eq!(at("459"), (vec![0, 0], vec![0, 64]));
        assert_eq!(at("4"), (vec![], vec![]));
        assert_eq!(at("46"), (vec![], vec![]));
    }

    proptest! {
        #[test]
        fn the_node_found_is_the_longest_prefix(
            mut codes in proptest::collection::vec("[12]{1,5}", 1..20), number in "[123]{1,8}",
        ) {
            codes.sort();
            codes.dedup();
            let mut own: Vec<Own> = (0u32..).zip(&codes)
                .map(|(i, c)| Own { code: key(c), blocked: vec![i], judged: vec![] }).collect();
            own.sort_by_key(|o| o.code);
            let overlay = Overlay::build(&own, 1);
            let want = codes.iter().enumerate().filter(|(_, c)| number.starts_with(c.as_str())).fold(0u64, |b, (i, _)| b | 1 << i);
            prop_assert_eq!(overlay.at(key(&number)).0.first().copied().unwrap_or(0), want);
        }
    }
}
