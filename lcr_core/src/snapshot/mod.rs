//! Files to memory and back: compile an index, publish a snapshot, open one. A bad snapshot is refused whole.

pub mod eligible;
mod files;
mod manifest;
mod next;
mod publish;
mod sell;
mod timetable;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

pub use manifest::Manifest;
pub use next::{Next, in_force, promote};
pub use publish::{IndexFacts, publish, publish_next, write_file, write_index};
pub use sell::Card;

use crate::access::Access;
use crate::answer::fragments::Fragments;
use crate::error::SnapshotError;
use crate::index::Index;
use crate::index::container::{hex, sha256};
use crate::layers::blocks::Blocks;
use crate::layers::lrn::LrnFile;
use crate::layers::table::{LayeredOffer, Table};
use crate::policy::number_length::Lengths;
use eligible::Eligibility;
use timetable::Timetable;

/// No offer of access for this column of the index.
pub const NO_OFFER: u32 = u32::MAX;

/// A published snapshot in memory; immutable, shared between threads.
pub struct Snapshot {
    pub manifest: Manifest,
    pub access: Access,
    pub index: Arc<Index>,
    pub cards: BTreeMap<i64, Card>,
    /// Offer place in access for each column of the index.
    pub offer_of_column: Vec<u32>,
    /// Column of the index for each offer of access.
    pub column_of_offer: Vec<Option<u16>>,
    /// Exchange rate for each currency of the index.
    pub fx: Vec<Option<u64>>,
    /// The index was compiled with the exchange rates and reference seconds of access: its lists may be used.
    pub lists_hold: bool,
    /// What each trunk may use, by place; the last is the operator's.
    pub(crate) eligibility: Vec<Eligibility>,
    pub(crate) lengths: Lengths,
    pub(crate) timetable: Timetable,
    pub(crate) fragments: Fragments,
    /// Offers with origin groups or jurisdictions.
    pub layers: Table,
    /// Number blocks of North America.
    pub blocks: Option<Arc<Blocks>>,
    /// Ported numbers.
    pub lrn: Option<Arc<LrnFile>>,
    /// Some offer is rated by the LRN, be it one without rates: its explanation says what is known, too.
    pub any_lrn: bool,
}

impl Snapshot {
    pub fn id(&self) -> &str {
        &self.manifest.id
    }

    /// The id in CURRENT below `root`.
    pub fn current_id(root: &Path) -> Result<String, SnapshotError> {
        /// CURRENT holds one id; what is longer is cut and so refused as unknown.
        const MOST_BYTES: u64 = 128;
        let path = root.join("CURRENT");
        let read = || -> std::io::Result<String> {
            let mut text = String::new();
            let file = std::fs::File::open(&path)?;
            file.take(MOST_BYTES).read_to_string(&mut text)?;
            Ok(text)
        };
        match read() {
            Ok(text) => Ok(text.trim().to_owned()),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                Err(SnapshotError::NothingPublished {
                    root: root.display().to_string(),
                })
            }
            Err(e) => Err(files::io(&path, &e)),
        }
    }

    /// Opens `id`, or the one CURRENT names; everything is verified first.
    pub fn open(root: &Path, id: Option<&str>) -> Result<Self, SnapshotError> {
        Self::open_beside(root, id, None)
    }

    /// The same; index files that `known` has open are not read and verified again (a file never changes under its name).
    pub fn open_beside(
        root: &Path,
        id: Option<&str>,
        known: Option<&Self>,
    ) -> Result<Self, SnapshotError> {
        let id = match id {
            Some(id) => id.to_owned(),
            None => Self::current_id(root)?,
        };
        if id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(SnapshotError::BadId { id });
        }
        let dir = root.join("snapshots").join(&id);
        let manifest_path = dir.join("manifest.json");
        let damaged = |section: &str, why: String| SnapshotError::Damaged {
            file: format!("snapshots/{id}"),
            section: section.to_owned(),
            why,
        };
        let manifest: Manifest = serde_json::from_slice(&files::read(&manifest_path)?)
            .map_err(|e| damaged("manifest", e.to_string()))?;
        if manifest.format != manifest::FORMAT
            || manifest.id != id
            || manifest.access != manifest::ACCESS_FILE
            || manifest::id_of(
                &manifest.index,
                &manifest.access_sha256,
                manifest.created_at_us,
            ) != id
        {
            return Err(damaged(
                "manifest",
                "it does not describe this snapshot".to_owned(),
            ));
        }
        let access_json = files::read(&dir.join(manifest::ACCESS_FILE))?;
        if hex(&sha256(&access_json)) != manifest.access_sha256 {
            return Err(damaged("access", "checksum mismatch".to_owned()));
        }
        let access = Access::parse(&access_json).map_err(|why| SnapshotError::Access { why })?;
        let shared = |name: &str| -> Result<Arc<Index>, SnapshotError> {
            let all = known.into_iter().flat_map(|k| {
                std::iter::once(&k.index).chain(k.cards.values().map(|card| &card.index))
            });
            match all.into_iter().find(|index| index.file() == name) {
                Some(index) => Ok(Arc::clone(index)),
                None => open_index(root, name, known.map(|k| &*k.index)).map(Arc::new),
            }
        };
        let index = shared(&manifest.index)?;
        let told = Manifest::of(
            &index,
            &access,
            manifest.access_sha256.clone(),
            manifest.created_at_us,
        );
        if told != manifest {
            return Err(damaged(
                "manifest",
                "it does not describe the files it names".to_owned(),
            ));
        }
        let mut opened: BTreeMap<String, Arc<Index>> = BTreeMap::new();
        opened.insert(manifest.index.clone(), Arc::clone(&index));
        for name in access.cards.values() {
            if !opened.contains_key(name) {
                opened.insert(name.clone(), shared(name)?);
            }
        }
        let files = UserFiles::open(root, &access)?;
        Self::assemble(manifest, access, index, &opened, &files)
    }

    /// Puts opened parts together; they must agree on ids.
    pub fn assemble(
        manifest: Manifest,
        access: Access,
        index: Arc<Index>,
        indexes: &BTreeMap<String, Arc<Index>>,
        files: &UserFiles,
    ) -> Result<Self, SnapshotError> {
        let mut offer_of_column = Vec::with_capacity(index.columns().len());
        let mut column_of_offer = vec![None; access.offers.len()];
        for (column, id) in (0u16..).zip(index.columns()) {
            let place = access.offer_place(id.offer_id).unwrap_or(NO_OFFER);
            offer_of_column.push(place);
            if let Some(offer) = access.offers.get(place as usize) {
                if offer.carrier_id != id.carrier_id {
                    let why = format!(
                        "offer {}: carrier_id {} differs from the index, which has {}",
                        id.offer_id, offer.carrier_id, id.carrier_id
                    );
                    return Err(SnapshotError::Access { why });
                }
                column_of_offer[place as usize].get_or_insert(column);
            }
        }
        let fx_of = |index: &Index| {
            index
                .meta
                .currencies
                .iter()
                .map(|c| access.fx.get(c).copied())
                .collect::<Vec<_>>()
        };
        let fx = fx_of(&index);
        let compiled_fx = |currency: &String| {
            if *currency == index.meta.base_currency {
                Some(crate::money::NANOS)
            } else {
                index.meta.fx.get(currency).copied()
            }
        };
        let lists_hold = index.meta.base_currency == access.base_currency
            && index.meta.reference_seconds == access.reference_seconds
            && index
                .meta
                .currencies
                .iter()
                .all(|c| compiled_fx(c) == access.fx.get(c).copied());
        let mut cards = BTreeMap::new();
        for (&card_id, name) in &access.cards {
            let missing = |why: &str| SnapshotError::Access {
                why: format!("card {card_id}: {why}"),
            };
            let of_card = indexes
                .get(name)
                .ok_or_else(|| missing("its index is not there"))?;
            let column = of_card
                .column_of(card_id)
                .ok_or_else(|| missing("its index has no offer with offer_id = card_id"))?;
            cards.insert(
                card_id,
                Card {
                    index: Arc::clone(of_card),
                    column,
                    columns: of_card
                        .columns()
                        .iter()
                        .filter(|c| c.offer_id == card_id)
                        .count() as u16,
                    layers: (of_card.meta.layers.iter())
                        .find(|l| l.offer_id == card_id)
                        .map(|l| LayeredOffer::new(l, NO_OFFER, false)),
                    fx: fx_of(of_card),
                },
            );
        }
        let lengths = Lengths::compile(
            offer_of_column
                .iter()
                .map(|&place| access.offers.get(place as usize)),
        );
        let born_us = manifest.created_at_us.max(index.meta.epoch_from_us);
        let timetable = Timetable::compile(&access, &offer_of_column, born_us);
        let layers = Table::new(&index.meta.layers, index.columns(), |offer_id| {
            let place = access.offer_place(offer_id).unwrap_or(NO_OFFER);
            let offer = access.offers.get(place as usize);
            (place, offer.is_some_and(|o| o.lrn_rated))
        });
        let mut snapshot = Self {
            fragments: Fragments::compile(&access.offers, &layers, &index),
            layers,
            blocks: files.blocks.clone(),
            lrn: files.lrn.clone(),
            any_lrn: access.offers.iter().any(|o| o.lrn_rated),
            manifest,
            access,
            index,
            cards,
            offer_of_column,
            column_of_offer,
            fx,
            lists_hold,
            eligibility: Vec::new(),
            lengths,
            timetable,
        };
        let trunks = snapshot.access.trunks.iter().map(Some).chain([None]);
        let eligibility = trunks
            .map(|trunk| Eligibility::standing(&snapshot, trunk))
            .collect();
        snapshot.eligibility = eligibility;
        Ok(snapshot)
    }
}

/// Files of a user's own that access names.
#[derive(Default, Clone)]
pub struct UserFiles {
    pub blocks: Option<Arc<Blocks>>,
    pub lrn: Option<Arc<LrnFile>>,
}

impl UserFiles {
    pub fn open(root: &Path, access: &Access) -> Result<Self, SnapshotError> {
        let path = |name: &String| root.join("indexes").join(name);
        let blocks = access
            .nanp
            .as_ref()
            .map(|n| Blocks::open(&path(n)))
            .transpose()?;
        let lrn = access
            .lrn
            .as_ref()
            .map(|n| LrnFile::open(&path(n)))
            .transpose()?;
        Ok(Self {
            blocks: blocks.map(Arc::new),
            lrn: lrn.map(Arc::new),
        })
    }
}

fn open_index(root: &Path, name: &str, known: Option<&Index>) -> Result<Index, SnapshotError> {
    if !crate::access::is_index_name(name) {
        return Err(SnapshotError::Invalid {
            file: name.to_owned(),
            why: "not the name of an index file".to_owned(),
        });
    }
    Index::open_beside(&root.join("indexes").join(name), known)
}
