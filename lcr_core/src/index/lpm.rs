//! Longest match: a direct table on the first five digits, 10-ary nodes behind it.

use bytemuck::Zeroable;

use super::layout::LpmNode;
use crate::number::DigitKey;

pub const ROOT_DIGITS: usize = 5;
pub const ROOT_SLOTS: usize = 100_000;
/// Slot of a node for numbers that end at it.
pub const END: usize = 10;
pub const NODE: u32 = 0x8000_0000;

fn leading(number: DigitKey) -> usize {
    (0..ROOT_DIGITS).fold(0, |value, i| value * 10 + number.digit(i))
}

pub fn longest(codes: &[u64], root: &[u32], nodes: &[LpmNode], number: DigitKey) -> Option<u32> {
    let len = number.len();
    if len < ROOT_DIGITS {
        return (1..=len)
            .rev()
            .find_map(|l| codes.binary_search(&number.prefix(l).raw()).ok())
            .and_then(|i| u32::try_from(i).ok());
    }
    let mut value = *root.get(leading(number))?;
    let mut at = ROOT_DIGITS;
    while value & NODE != 0 {
        let slot = if at < len { number.digit(at) } else { END };
        value = *nodes.get((value & !NODE) as usize)?.slots.get(slot)?;
        at += 1;
    }
    value.checked_sub(1)
}

/// `codes` sorted, so that every code comes after its prefixes.
pub fn build(codes: &[u64]) -> (Vec<u32>, Vec<LpmNode>) {
    let mut root = vec![0u32; ROOT_SLOTS];
    let mut nodes: Vec<LpmNode> = Vec::new();
    for (i, key) in codes.iter().enumerate() {
        let Some(code) = DigitKey::from_raw(*key) else {
            continue;
        };
        let leaf = i as u32 + 1;
        let len = code.len();
        if len <= ROOT_DIGITS {
            let width = 10usize.pow((ROOT_DIGITS - len) as u32);
            let first = (0..len).fold(0, |value, i| value * 10 + code.digit(i)) * width;
            root[first..first + width].fill(leaf);
            continue;
        }
        let mut node = open_node(&mut root[leading(code)], &mut nodes);
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
