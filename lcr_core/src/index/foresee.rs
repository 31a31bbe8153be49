//! Numbers that callers are about to ask for. The memory a decision reads is a chain: each place is known only when the one
//! before it was read. The chains of many numbers are followed here one step at a time, a step whenever the caller has done
//! something else for a moment: what a step reads was asked for by the step before it, and nothing waits. Hints only:
//! nothing is kept, and the same is looked up afterwards as if this had not been.

use super::lookup::Lookup;
use super::lpm::{NODE, ROOT_DIGITS, node_slot, root_slot};
use super::prefetch::Asks;
use super::{Index, candidate};
use crate::number::{DigitKey, MAX_DIGITS};

/// Numbers under way at a time; those beyond are not looked ahead for.
pub const AHEAD: usize = 32;
/// Candidates a number is expected to need: those of an answer, and some that its caller may not use.
const CANDIDATES: usize = 8;

/// What the next step of a chain reads.
#[derive(Debug, Clone, Copy)]
enum Next {
    /// A slot of the table of first digits.
    Root,
    /// A slot of this node.
    Node(u32),
    Code(u32),
    /// The next shorter code.
    Parent(u32),
    /// The top list of this code.
    Top(u32),
    /// The codes' own entries.
    Entries,
    Rows,
    /// The first candidate's price, for where its destination's name is. The others mostly go there too.
    Price(u32),
    Name(u32),
}

/// A number on its way. Places are checked as they are read: another index in between makes hints useless, not wrong.
#[derive(Debug, Clone, Copy)]
struct Chain {
    number: DigitKey,
    next: Next,
    /// Digits that were followed, or a slot of the first table.
    at: usize,
    /// Code and column of each candidate, then row and column.
    ways: [(u32, u16); CANDIDATES],
    count: usize,
}

/// The numbers that are under way.
#[derive(Debug)]
pub struct Ahead {
    chains: [Chain; AHEAD],
    count: usize,
}

impl Default for Ahead {
    fn default() -> Self {
        let chain = Chain {
            number: DigitKey::ONE,
            next: Next::Root,
            at: 0,
            ways: [(0, 0); CANDIDATES],
            count: 0,
        };
        Self {
            chains: [chain; AHEAD],
            count: 0,
        }
    }
}

impl Ahead {
    /// No number is under way.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Another number, and a step for all of them. Of a patch nothing is asked for: it is small and mostly near.
    pub fn follow(&mut self, index: &Index, number: DigitKey) {
        let lookup = index.lookup();
        let mut asks = Asks::default();
        self.go(&lookup, &mut asks);
        if let Some(chain) = self.chains.get_mut(self.count) {
            chain.number = number;
            chain.next = Next::Root;
            chain.at = root_slot(number, number.len().min(ROOT_DIGITS));
            asks.note(lookup.base.lpm.root, chain.at);
            self.count += 1;
        }
        asks.ask();
    }

    /// A step for all that are under way.
    pub fn step(&mut self, index: &Index) {
        let mut asks = Asks::default();
        self.go(&index.lookup(), &mut asks);
        asks.ask();
    }

    /// All steps there are, with their waits: nothing else is to be done meanwhile.
    pub fn finish(&mut self, index: &Index) {
        while !self.is_empty() {
            self.step(index);
        }
    }

    fn go(&mut self, lookup: &Lookup<'_>, asks: &mut Asks) {
        let mut at = 0;
        while at < self.count {
            let goes_on = self
                .chains
                .get_mut(at)
                .is_some_and(|chain| chain.go(lookup, asks).is_some());
            if goes_on {
                at += 1;
            } else {
                self.count -= 1;
                self.chains.swap(at, self.count);
            }
        }
    }
}

impl Chain {
    /// Reads what was asked for and notes what it names; `None` at the end of the chain.
    fn go(&mut self, lookup: &Lookup<'_>, asks: &mut Asks) -> Option<()> {
        let (base, segment) = (&lookup.base, &lookup.index.base);
        self.next = match self.next {
            Next::Root => {
                let value = *base.lpm.root.get(self.at)?;
                self.at = ROOT_DIGITS;
                self.enter(lookup, value, asks)?
            }
            Next::Node(node) => {
                let node = base.lpm.nodes.get(node as usize)?;
                let value = *node.slots.get(node_slot(self.number, self.at))?;
                self.at += 1;
                self.enter(lookup, value, asks)?
            }
            Next::Code(code) => {
                let record = base.codes.get(code as usize)?;
                asks.note(base.codes, record.parent as usize);
                asks.note(base.top, record.top as usize);
                asks.note(base.top, record.top as usize + 1);
                Next::Parent(code)
            }
            Next::Parent(code) => {
                let record = base.codes.get(code as usize)?;
                if let Some(parent) = base.codes.get(record.parent as usize) {
                    asks.note(base.codes, parent.parent as usize);
                }
                Next::Top(code)
            }
            Next::Top(code) => {
                let entries = base.top_of(base.codes.get(code as usize)?).0;
                self.count = 0;
                // Candidates of one call mostly match by the same few codes, one behind the other.
                let (mut digits, mut matched) = (0, code);
                for (way, &entry) in self.ways.iter_mut().zip(entries) {
                    let rank = candidate::rank(entry);
                    asks.note(segment.costs(), segment.places.guess(rank));
                    if candidate::matched_len(entry) != digits {
                        digits = candidate::matched_len(entry);
                        matched = lookup.matched_ahead(code, entry, asks)?;
                    }
                    *way = (matched, candidate::column(entry));
                    self.count += 1;
                }
                Next::Entries
            }
            Next::Entries => {
                let mut last = None;
                for (place, column) in self.ways.iter_mut().take(self.count) {
                    let own = match last {
                        Some((code, own)) if code == *place => own,
                        _ => lookup.base.own_of(*place)?,
                    };
                    last = Some((*place, own));
                    *place = lookup.row_ahead(own, *column, asks);
                }
                Next::Rows
            }
            Next::Rows => {
                let mut first = None;
                for &(row, _) in self.ways.iter().take(self.count) {
                    let term = lookup.rows.term(row as usize)?;
                    asks.note(segment.prices(), term as usize);
                    first = first.or(Some(term));
                }
                Next::Price(first?)
            }
            Next::Price(term) => {
                let destination = segment.prices().get(term as usize)?.destination;
                asks.note(segment.name_starts(), destination as usize);
                Next::Name(destination)
            }
            Next::Name(destination) => {
                let start = *segment.name_starts().get(destination as usize)?;
                asks.note(segment.names(), start as usize);
                return None;
            }
        };
        Some(())
    }

    fn enter(&self, lookup: &Lookup<'_>, value: u32, asks: &mut Asks) -> Option<Next> {
        let base = &lookup.base;
        if value & NODE == 0 {
            let code = value.checked_sub(1)?;
            asks.note(base.codes, code as usize);
            return Some(Next::Code(code));
        }
        if self.at > MAX_DIGITS {
            return None;
        }
        let node = value & !NODE;
        let slots = &base.lpm.nodes.get(node as usize)?.slots;
        asks.note(slots, node_slot(self.number, self.at));
        Some(Next::Node(node))
    }
}
