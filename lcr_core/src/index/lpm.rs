//! Longest match: direct tables on the first one to five digits, 10-ary leaf-pushed nodes behind the last of them.
//! Leaves name codes, not lists: a patch or a new price never touches this part.

use bytemuck::Zeroable;

use super::layout::LpmNode;
use super::prefetch::prefetch;
use crate::number::DigitKey;

pub const ROOT_DIGITS: usize = 5;
/// First slot of the table for numbers of this many digits (the last one: and more).
const TABLE: [usize; ROOT_DIGITS + 1] = [0, 0, 10, 110, 1_110, 11_110];
pub const ROOT_SLOTS: usize = 111_110;
/// Slot of a node for numbers that end at it.
pub const END: usize = 10;
pub const NODE: u32 = 0x8000_0000;

/// The two arrays of a longest match.
#[derive(Clone, Copy)]
pub struct Lpm<'a> {
    pub root: &'a [u32],
    pub nodes: &'a [LpmNode],
}

fn root_slot(number: DigitKey, digits: usize) -> usize {
    (0..digits).fold(0, |value, i| value * 10 + number.digit(i)) + TABLE[digits]
}

fn node_slot(number: DigitKey, at: usize) -> usize {
    if at < number.len() {
        number.digit(at)
    } else {
        END
    }
}

impl Lpm<'_> {
    /// The longest code that is a prefix of `number`.
    #[inline]
    pub fn longest(&self, number: DigitKey) -> Option<u32> {
        let mut value = *self
            .root
            .get(root_slot(number, number.len().min(ROOT_DIGITS)))?;
        let mut at = ROOT_DIGITS;
        while value & NODE != 0 {
            let node = self.nodes.get((value & !NODE) as usize)?;
            value = node.slots[node_slot(number, at)];
            at += 1;
        }
        value.checked_sub(1)
    }

    /// The same for up to `N` numbers in step, so that their memory accesses overlap.
    #[inline]
    pub fn longest_of<const N: usize>(&self, numbers: &[DigitKey], out: &mut [Option<u32>; N]) {
        let mut values = [0u32; N];
        let mut slots = [0usize; N];
        let count = numbers.len().min(N);
        for (slot, number) in slots.iter_mut().zip(numbers) {
            *slot = root_slot(*number, number.len().min(ROOT_DIGITS));
            prefetch(self.root, *slot);
        }
        let mut open = 0u32;
        for i in 0..count {
            values[i] = self.root.get(slots[i]).copied().unwrap_or(0);
            open |= self.step(&mut values[i], &mut slots[i], numbers[i], ROOT_DIGITS) << i;
        }
        let mut at = ROOT_DIGITS;
        while open != 0 {
            at += 1;
            let mut rest = open;
            while rest != 0 {
                let i = rest.trailing_zeros() as usize;
                rest &= rest - 1;
                let node = self.nodes.get((values[i] & !NODE) as usize);
                values[i] = node.map_or(0, |n| n.slots[slots[i]]);
                if self.step(&mut values[i], &mut slots[i], numbers[i], at) == 0 {
                    open &= !(1 << i);
                }
            }
        }
        for (slot, value) in out.iter_mut().zip(values) {
            *slot = value.checked_sub(1);
        }
    }

    /// 1 and the next node under way, or 0 at a leaf.
    #[inline]
    fn step(&self, value: &mut u32, slot: &mut usize, number: DigitKey, at: usize) -> u32 {
        if *value & NODE == 0 {
            return 0;
        }
        *slot = node_slot(number, at);
        let words: &[u32] = bytemuck::cast_slice(self.nodes);
        prefetch(words, (*value & !NODE) as usize * 11 + *slot);
        1
    }
}

/// `codes` sorted, so that every code comes after its prefixes.
pub fn build(codes: &[u64]) -> (Vec<u32>, Vec<LpmNode>) {
    let mut root = vec![0u32; ROOT_SLOTS];
    let mut nodes: Vec<LpmNode> = Vec::with_capacity(codes.len() / 4);
    for (i, key) in codes.iter().enumerate() {
        let Some(code) = DigitKey::from_raw(*key) else {
            continue;
        };
        let leaf = i as u32 + 1;
        let len = code.len();
        for (digits, table) in TABLE.iter().enumerate().skip(len) {
            let width = 10usize.pow((digits - len) as u32);
            let first = (root_slot(code, len) - TABLE[len]) * width + table;
            root[first..first + width].fill(leaf);
        }
        if len <= ROOT_DIGITS {
            continue;
        }
        let mut node = open_node(&mut root[root_slot(code, ROOT_DIGITS)], &mut nodes);
        for at in ROOT_DIGITS..len - 1 {
            let mut slot = nodes[node].slots[code.digit(at)];
            let next = open_node(&mut slot, &mut nodes);
            nodes[node].slots[code.digit(at)] = slot;
            node = next;
        }
        nodes[node].slots[code.digit(len - 1)] = leaf;
    }
    (root, nodes)
}

/// The node behind `slot`; a leaf there is pushed down into a new one.
fn open_node(slot: &mut u32, nodes: &mut Vec<LpmNode>) -> usize {
    if *slot & NODE == 0 {
        let mut node = LpmNode::zeroed();
        node.slots.fill(*slot);
        *slot = nodes.len() as u32 | NODE;
        nodes.push(node);
    }
    (*slot & !NODE) as usize
}
