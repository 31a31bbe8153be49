//! A seeded market on real country codes: 200 vendors, some whole and fine, some coarse, codes nested as decks nest them.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, Int8Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use lcr_core::index::build::Source;
use lcr_core::rating::{Terms, effective_nanos};

pub const EPOCH: i64 = 1_795_219_200_000_000;
const WEEK: i64 = 7 * 86_400 * 1_000_000;

/// Country codes with the share of codes each has in decks, heaviest first (the NANP's `1` apart).
const COUNTRIES: &str = "52 55 44 49 33 39 34 91 86 62 7 81 92 880 234 63 84 90 98 20 66 61 48 31 32 41 43 46 47 45 358 351 \
353 30 36 40 420 421 359 385 386 381 380 375 370 371 372 373 374 995 994 996 998 993 992 976 852 853 886 82 60 65 673 64 675 \
679 676 677 678 685 686 687 688 689 690 691 692 670 672 680 681 682 683 54 56 57 58 51 591 592 593 594 595 596 597 598 599 501 \
502 503 504 505 506 507 508 509 53 590 500 27 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 235 236 \
237 238 239 240 241 242 243 244 245 246 247 248 249 250 251 252 253 254 255 256 257 258 260 261 262 263 264 265 266 267 268 269 \
290 291 297 298 299 350 352 354 355 356 357 376 377 378 379 382 383 387 389 423 93 94 95 960 961 962 963 964 965 966 967 968 970 \
971 972 973 974 975 977 211 290 850 855 856 870 881 882 883";

/// SplitMix64.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// What a carrier calls one destination: its codes, how common it is in decks, its price level.
pub struct Destination {
    pub name: String,
    pub codes: Vec<String>,
    /// Of 100 vendors, how many list it by itself.
    common: u64,
    /// Price level, in 10⁻⁴ a minute.
    level: u64,
}

pub struct Market {
    pub destinations: Vec<Destination>,
    /// All codes, sorted.
    pub codes: Vec<String>,
}

impl Market {
    /// About `codes` distinct codes.
    pub fn new(seed: u64, codes: usize) -> Self {
        let mut dice = Dice(seed);
        let mut destinations = Vec::new();
        nanp(&mut dice, codes * 3 / 10, &mut destinations);
        let mut countries: Vec<&str> = COUNTRIES.split_ascii_whitespace().collect();
        countries.dedup();
        // The share of the n-th country falls as 1/(n + 8).
        let weights: Vec<usize> = (0..countries.len()).map(|n| 1_000_000 / (n + 8)).collect();
        let whole: usize = weights.iter().sum();
        for (country, weight) in countries.iter().zip(&weights) {
            world(
                country,
                codes * 7 / 10 * weight / whole,
                &mut dice,
                &mut destinations,
            );
        }
        let mut seen = std::collections::HashSet::new();
        for destination in &mut destinations {
            destination.codes.retain(|code| seen.insert(code.clone()));
        }
        destinations.retain(|d| !d.codes.is_empty());
        let mut all: Vec<String> = destinations.iter().flat_map(|d| d.codes.clone()).collect();
        all.sort();
        Self {
            destinations,
            codes: all,
        }
    }

    /// One vendor's deck of about `rows` rows; another `version` has other prices, or a tenth of them (`all` false).
    pub fn deck(&self, vendor: i64, rows: usize, version: u64) -> Deck {
        let mut dice = Dice(vendor as u64 * 7919 + 17);
        let mut prices = Dice(vendor as u64 * 104_729 + version);
        let grain = dice.below(3);
        let factor = 80 + dice.below(45);
        let scale = [100_000, 100_000, 10_000, 1_000][dice.below(4) as usize];
        let mut deck = Deck {
            currency: if dice.chance(20) { "EUR" } else { "USD" },
            ..Deck::default()
        };
        let mut order: Vec<u32> = (0..self.destinations.len() as u32).collect();
        for i in (1..order.len()).rev() {
            order.swap(i, dice.below(i as u64 + 1) as usize);
        }
        let increments = [(1, 1), (60, 60), (30, 6), (6, 6)][dice.below(4) as usize];
        let mut left = rows;
        let mut taken = vec![false; self.destinations.len()];
        for round in 0..3 {
            for &at in &order {
                let destination = &self.destinations[at as usize];
                if left == 0
                    || taken[at as usize]
                    || !(round == 2 || dice.chance(destination.common + 10 * grain))
                {
                    continue;
                }
                taken[at as usize] = true;
                let level = destination.level * factor / 100;
                let price = (level * (70 + prices.below(60)) / 100).max(1) as i64 * 100_000
                    + prices.below(100_000 / scale) as i64 * scale as i64;
                let increment = if destination.name.starts_with("Mexico") {
                    (60, 60)
                } else {
                    increments
                };
                let status = i8::from(prices.below(500) == 0);
                let raised = (prices.below(100) < 2).then(|| price * 11 / 10);
                for code in destination.codes.iter().take(left) {
                    deck.rows.push(DeckRow {
                        code: code.clone(),
                        destination: at,
                        price,
                        increment,
                        status,
                        until: raised.map(|_| EPOCH + WEEK),
                        second: false,
                    });
                    if let Some(price) = raised {
                        deck.rows.push(DeckRow {
                            code: code.clone(),
                            destination: at,
                            price,
                            increment,
                            status,
                            until: None,
                            second: true,
                        });
                    }
                }
                left = left
                    .saturating_sub(destination.codes.len() * (1 + usize::from(raised.is_some())));
            }
        }
        deck.rows
            .sort_by(|a, b| (&a.code, a.until.is_none()).cmp(&(&b.code, b.until.is_none())));
        deck
    }

    pub fn source(&self, vendor: i64, deck: &Deck) -> Source {
        Source {
            offer_id: vendor,
            carrier_id: vendor,
            rules: Default::default(),
            batches: vec![self.batch(vendor, deck)],
        }
    }

    fn batch(&self, vendor: i64, deck: &Deck) -> RecordBatch {
        let rows = &deck.rows;
        let n = rows.len();
        let longs = |f: &dyn Fn(&DeckRow) -> Option<i64>| {
            Arc::new(rows.iter().map(f).collect::<Int64Array>()) as ArrayRef
        };
        let ints = |f: &dyn Fn(usize, &DeckRow) -> i32| {
            Arc::new(
                rows.iter()
                    .enumerate()
                    .map(|(i, r)| Some(f(i, r)))
                    .collect::<Int32Array>(),
            ) as ArrayRef
        };
        let instants = |f: &dyn Fn(&DeckRow) -> Option<i64>| {
            Arc::new(
                rows.iter()
                    .map(f)
                    .collect::<TimestampMicrosecondArray>()
                    .with_timezone("UTC"),
            ) as ArrayRef
        };
        let second = |i: usize, r: &DeckRow| i > 0 && rows[i - 1].code == r.code;
        let from = rows.iter().enumerate().map(|(i, r)| {
            Some(if second(i, r) {
                EPOCH + WEEK
            } else {
                EPOCH - WEEK
            })
        });
        RecordBatch::try_from_iter_with_nullable([
            (
                "code",
                Arc::new(StringArray::from_iter_values(rows.iter().map(|r| &r.code))) as ArrayRef,
                false,
            ),
            (
                "destination",
                Arc::new(StringArray::from_iter_values(
                    rows.iter()
                        .map(|r| &self.destinations[r.destination as usize].name),
                )) as ArrayRef,
                false,
            ),
            ("rate_nanos", longs(&|r| Some(r.price)), false),
            (
                "first_rate_nanos",
                Arc::new(Int64Array::new_null(n)) as ArrayRef,
                true,
            ),
            ("connect_fee_nanos", longs(&|_| Some(0)), false),
            ("initial_increment", ints(&|_, r| r.increment.0), false),
            ("next_increment", ints(&|_, r| r.increment.1), false),
            ("free_seconds", ints(&|_, _| 0), false),
            (
                "currency",
                Arc::new(StringArray::from_iter_values(
                    rows.iter().map(|_| deck.currency),
                )) as ArrayRef,
                false,
            ),
            (
                "status",
                Arc::new(rows.iter().map(|r| Some(r.status)).collect::<Int8Array>()) as ArrayRef,
                false,
            ),
            (
                "effective_from",
                Arc::new(
                    from.collect::<TimestampMicrosecondArray>()
                        .with_timezone("UTC"),
                ) as ArrayRef,
                false,
            ),
            ("effective_until", instants(&|r| r.until), true),
            ("received_at", instants(&|_| Some(EPOCH - WEEK)), false),
            ("deck_id", longs(&|_| Some(vendor)), false),
            ("deck_row", ints(&|i, _| i as i32), false),
        ])
        .unwrap()
    }
}

#[derive(Default)]
pub struct Deck {
    pub currency: &'static str,
    pub rows: Vec<DeckRow>,
}

pub struct DeckRow {
    pub code: String,
    destination: u32,
    price: i64,
    increment: (i32, i32),
    status: i8,
    until: Option<i64>,
    /// It follows another of the same code.
    second: bool,
}

impl DeckRow {
    pub fn begins_us(&self) -> i64 {
        if self.second {
            EPOCH + WEEK
        } else {
            EPOCH - WEEK
        }
    }

    pub fn is_open(&self) -> bool {
        self.status == 0
    }

    /// Nanos of the base currency per minute at 180 seconds, half-up; what `eff` is in an answer.
    pub fn cost(&self, currency: &str) -> u128 {
        let terms = Terms {
            rate_nanos: self.price,
            first_rate_nanos: None,
            connect_fee_nanos: 0,
            initial_increment: self.increment.0 as u32,
            next_increment: self.increment.1 as u32,
            free_seconds: 0,
        };
        let fx = if currency == "EUR" {
            1_080_000_000
        } else {
            1_000_000_000
        };
        effective_nanos(terms.comparable(180, fx), 180)
    }
}

/// North America: `1`, the area codes, and six-digit blocks in groups of one state each.
fn nanp(dice: &mut Dice, codes: usize, out: &mut Vec<Destination>) {
    out.push(Destination {
        name: "USA".to_owned(),
        codes: vec!["1".to_owned()],
        common: 90,
        level: 60,
    });
    let mut areas: Vec<u64> = (200..990)
        .filter(|a| a % 100 != 11 && dice.chance(45))
        .collect();
    areas.dedup();
    let each = codes / areas.len().max(1);
    for area in areas {
        out.push(Destination {
            name: format!("USA area {area}"),
            codes: vec![format!("1{area}")],
            common: 45,
            level: 40 + dice.below(40),
        });
        let mut blocks: Vec<u64> = (0..each).map(|_| 200 + dice.below(800)).collect();
        blocks.sort_unstable();
        blocks.dedup();
        for (i, group) in blocks.chunks(24).enumerate() {
            let codes = group
                .iter()
                .map(|block| format!("1{area}{block}"))
                .collect();
            out.push(Destination {
                name: format!("USA {area} OCN {i}"),
                codes,
                common: 25,
                level: 20 + dice.below(120),
            });
        }
    }
}

/// A country: its code, then groups of codes below ever longer stems, a longer one more often than not below another's.
fn world(country: &str, codes: usize, dice: &mut Dice, out: &mut Vec<Destination>) {
    let level = 50 + dice.below(2500);
    out.push(Destination {
        name: format!("Country {country}"),
        codes: vec![country.to_owned()],
        common: 92,
        level,
    });
    let mut stems: Vec<String> = vec![country.to_owned()];
    let mut made = 1usize;
    let mut number = 0usize;
    while made < codes {
        number += 1;
        let stem = stems[dice.below(stems.len() as u64) as usize].clone();
        let size = [1, 1, 2, 3, 5, 8, 13, 21, 40][dice.below(9) as usize].min(codes - made);
        let mobile = dice.chance(40);
        let mut group = Vec::with_capacity(size);
        for _ in 0..size {
            let more = [1, 1, 2, 2, 2, 3, 3][dice.below(7) as usize];
            let mut code = stem.clone();
            for _ in 0..more {
                code.push(char::from(b'0' + dice.below(10) as u8));
            }
            if code.len() <= 9 {
                group.push(code);
            }
        }
        group.sort();
        group.dedup();
        made += size;
        if let Some(first) = group.first().filter(|c| c.len() < 7) {
            stems.push(first.clone());
        }
        if !group.is_empty() {
            let kind = if mobile { "Mobile" } else { "Proper" };
            let level = level * if mobile { 150 } else { 60 + dice.below(60) } / 100;
            let common =
                [20, 30, 45, 60, 80][dice.below(5) as usize] / if stem.len() > 6 { 3 } else { 1 };
            out.push(Destination {
                name: format!("Country {country} {kind} {number}"),
                codes: group,
                common,
                level,
            });
        }
    }
}
