//! Figures of received media: `Direction` holds the streams (SSRCs) of one leg and one way, `Stream` one of them.
//!
//! Every figure is whole numbers: nanoseconds, counts, 1/256 parts. Ratios are made when shown.

mod bursts;
mod dejitter;
mod direction;
mod jitter;
mod series;
mod stream;
mod window;

pub use bursts::{BurstFigures, Bursts, GMIN};
pub use dejitter::{Buffer, Dejitter};
pub use direction::{Arrival, Direction, DirectionFigures, MAX_STREAMS};
pub use jitter::{Jitter, media_nanos};
pub use series::{Sample, Series};
pub use stream::{Interval, Stream, StreamFigures};
pub use window::{Fate, Window};
