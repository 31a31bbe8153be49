//! What an index file must hold beyond its checksums, so that no look-up can leave its arrays.

use rayon::prelude::*;

use super::layout::CLOSED;
use super::{Index, NONE, candidate, lpm};
use crate::error::SnapshotError;
use crate::number::DigitKey;

pub fn check(index: &Index) -> Result<(), SnapshotError> {
    let bad = |section: &str, why: &str| SnapshotError::Damaged {
        file: index.file().to_owned(),
        section: section.to_owned(),
        why: why.to_owned(),
    };
    let require =
        |ok: bool, section: &str, why: &str| if ok { Ok(()) } else { Err(bad(section, why)) };
    let meta = &index.meta;
    require(
        (1..=crate::rating::MAX_SECONDS).contains(&meta.reference_seconds),
        "meta",
        "reference seconds out of range",
    )?;
    require(
        meta.fx
            .values()
            .all(|fx| (1..=crate::money::MAX_FX_NANOS).contains(fx)),
        "meta",
        "exchange rate out of range",
    )?;

    let columns = index.columns();
    require(
        columns.len() <= usize::from(u16::MAX),
        "columns",
        "too many offers",
    )?;
    let sorted = columns
        .windows(2)
        .all(|w| (w[0].carrier_id, w[0].offer_id) < (w[1].carrier_id, w[1].offer_id));
    require(sorted, "columns", "offers are not sorted by ids")?;

    let (codes, parents) = (index.codes(), index.parents());
    require(
        codes.len() < (lpm::NODE - 1) as usize,
        "codes",
        "too many codes",
    )?;
    require(
        codes.windows(2).all(|w| w[0] < w[1]),
        "codes",
        "codes are not sorted",
    )?;
    require(
        codes.par_iter().all(|&c| DigitKey::from_raw(c).is_some()),
        "codes",
        "a code is not digits",
    )?;
    require(parents.len() == codes.len(), "parents", "wrong length")?;
    let parent_fits = |(i, &parent): (usize, &u32)| {
        parent == NONE
            || (parent as usize) < i
                && index
                    .code(i as u32)
                    .zip(index.code(parent))
                    .is_some_and(|(code, parent)| code.starts_with(parent))
    };
    require(
        parents.par_iter().enumerate().all(parent_fits),
        "parents",
        "a parent is not a prefix of its code",
    )?;
    require(
        index.next_changes().len() == codes.len(),
        "next_change",
        "wrong length",
    )?;

    let (starts, rows) = (index.row_starts(), index.rows());
    require(
        starts.len() == codes.len() + 1,
        "row_starts",
        "wrong length",
    )?;
    require(
        starts.first() == Some(&0) && starts.last().map(|&s| s as usize) == Some(rows.len()),
        "row_starts",
        "does not span the rows",
    )?;
    require(
        starts.windows(2).all(|w| w[0] <= w[1]),
        "row_starts",
        "is not ascending",
    )?;
    let (terms, windows) = (index.terms(), index.windows());
    let row_fits = |r: &super::layout::Row| {
        usize::from(r.column) < columns.len()
            && (r.term as usize) < terms.len()
            && (r.window as usize) < windows.len()
            && r.status <= CLOSED
    };
    require(
        rows.par_iter().all(row_fits),
        "rows",
        "a row points outside",
    )?;
    let ordered = |w: &[u32]| {
        rows.get(w[0] as usize..w[1] as usize)
            .is_some_and(|of| of.windows(2).all(|p| p[0].column <= p[1].column))
    };
    require(
        starts.par_windows(2).all(ordered),
        "rows",
        "the rows of a code are not sorted by offer",
    )?;

    let name_starts: &[u32] = index.container.slice(&index.name_starts);
    let names: &[u8] = index.container.slice(&index.names);
    require(
        !name_starts.is_empty() && name_starts.windows(2).all(|w| w[0] <= w[1]),
        "name_starts",
        "is not ascending",
    )?;
    require(
        name_starts.last().map(|&s| s as usize) == Some(names.len()),
        "name_starts",
        "does not span the names",
    )?;
    let names_are_text = name_starts.windows(2).all(|w| {
        names
            .get(w[0] as usize..w[1] as usize)
            .is_some_and(|n| std::str::from_utf8(n).is_ok())
    });
    require(names_are_text, "names", "a name is not text")?;
    let term_fits = |t: &super::layout::Term| {
        usize::from(t.currency) < meta.currencies.len()
            && (t.destination as usize) + 1 < name_starts.len()
            && t.first_rate_nanos >= -1
            && t.terms().check().is_ok()
    };
    require(
        terms.par_iter().all(term_fits),
        "terms",
        "a term is out of range",
    )?;
    require(
        windows.iter().all(|w| w.from_us < w.until_us),
        "windows",
        "an interval ends before it begins",
    )?;

    let (list_of_code, list_starts, lists) =
        (index.list_of_code(), index.list_starts(), index.lists());
    require(
        list_of_code.len() == codes.len(),
        "list_of_code",
        "wrong length",
    )?;
    require(
        !list_starts.is_empty() && list_starts.windows(2).all(|w| w[0] <= w[1]),
        "list_starts",
        "is not ascending",
    )?;
    require(
        list_starts.last() == Some(&(lists.len() as u64)),
        "list_starts",
        "does not span the lists",
    )?;
    require(
        list_of_code
            .par_iter()
            .all(|&l| (l as usize) + 1 < list_starts.len()),
        "list_of_code",
        "points outside the lists",
    )?;
    let costs = index.costs();
    let candidate_fits = |&c: &u64| {
        usize::from(candidate::column(c)) < columns.len()
            && (candidate::rank(c) as usize) < costs.len()
            && candidate::matched_len(c) >= 1
    };
    require(
        lists.par_iter().all(candidate_fits),
        "lists",
        "a candidate points outside",
    )?;

    let (root, nodes) = index.lpm();
    require(root.len() == lpm::ROOT_SLOTS, "lpm_root", "wrong length")?;
    let slot_fits = |&slot: &u32| {
        if slot & lpm::NODE != 0 {
            ((slot & !lpm::NODE) as usize) < nodes.len()
        } else {
            slot as usize <= codes.len()
        }
    };
    require(
        root.par_iter().all(slot_fits),
        "lpm_root",
        "a slot points outside",
    )?;
    let node_fits = |n: &super::layout::LpmNode| {
        n.slots.iter().all(slot_fits) && n.slots[lpm::END] & lpm::NODE == 0
    };
    require(
        nodes.par_iter().all(node_fits),
        "lpm_nodes",
        "a node points outside",
    )
}
