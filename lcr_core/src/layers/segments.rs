//! Half-open intervals of time, each with the row that holds in it.

/// `[from, until)` of a row of the timeline (by number).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    pub from: i64,
    pub until: i64,
    pub row: u32,
}

/// For every stretch of time in which the set of valid rows is constant, the one `pick` takes; neighbours of one row joined.
/// `valid` says whether a row holds at an instant; `cuts` are all instants at which a row begins or ends.
pub fn resolve(mut cuts: Vec<i64>, pick: impl Fn(i64) -> Option<u32>) -> Vec<Segment> {
    cuts.sort_unstable();
    cuts.dedup();
    let mut out: Vec<Segment> = Vec::new();
    for pair in cuts.windows(2) {
        let (from, until) = (pair[0], pair[1]);
        let Some(row) = pick(from) else { continue };
        match out.last_mut() {
            Some(last) if last.row == row && last.until == from => last.until = until,
            _ => out.push(Segment { from, until, row }),
        }
    }
    out
}

/// What of `segments` lies outside all `cover`; both in any order.
pub fn outside<'a>(segments: &[Segment], cover: impl Iterator<Item = &'a Segment>) -> Vec<Segment> {
    let mut left = segments.to_vec();
    for taken in cover {
        if left.is_empty() {
            break;
        }
        let mut next = Vec::with_capacity(left.len() + 1);
        for segment in left {
            if taken.until <= segment.from || segment.until <= taken.from {
                next.push(segment);
                continue;
            }
            if segment.from < taken.from {
                next.push(Segment {
                    until: taken.from,
                    ..segment
                });
            }
            if taken.until < segment.until {
                next.push(Segment {
                    from: taken.until,
                    ..segment
                });
            }
        }
        left = next;
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_covered_is_cut_out() {
        let of = |from, until| Segment {
            from,
            until,
            row: 7,
        };
        let cover = [of(2, 4), of(4, 5), of(9, 12)];
        assert_eq!(outside(&[of(0, 10)], cover.iter()), [of(0, 2), of(5, 9)]);
        assert_eq!(outside(&[of(2, 5)], cover.iter()), []);
    }

    #[test]
    fn neighbours_of_one_row_are_one() {
        let picked = resolve(vec![0, 5, 5, 9, 12], |t| match t {
            0 | 5 => Some(1),
            9 => None,
            _ => Some(2),
        });
        assert_eq!(
            picked,
            [Segment {
                from: 0,
                until: 9,
                row: 1
            }]
        );
    }
}
