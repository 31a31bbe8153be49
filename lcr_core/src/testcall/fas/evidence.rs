//! What the rules read and what they say. All times in ms of one monotonic clock, that of the edge, which holds both legs.

use crate::rtp::audio::Heard;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// We sent BYE or CANCEL.
    Us,
    /// The vendor did, or its final response ended the attempt.
    Peer,
}

/// The leg toward the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NearLeg {
    pub invited_ms: i64,
    /// First 180 or 183.
    pub ringing_ms: Option<i64>,
    /// 200 received.
    pub answered_ms: Option<i64>,
    pub ended_ms: i64,
    pub ended_by: EndedBy,
    /// 200 when answered.
    pub final_code: u16,
}

/// The leg that came to our own number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FarLeg {
    /// INVITE received; None = it never came.
    pub invited_ms: Option<i64>,
    /// 200 sent.
    pub answered_ms: Option<i64>,
    /// BYE sent or received.
    pub ended_ms: Option<i64>,
    /// Our side hung up.
    pub ended_by_us: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Far {
    /// Somebody else's number: only our own leg is known.
    Stranger,
    Ours(FarLeg),
}

/// One test call.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    pub near: NearLeg,
    pub far: Far,
    /// Heard on the near leg; None = a codec the core cannot read.
    pub heard: Option<&'a Heard>,
    /// Longest time without a packet after the answer, from the media statistics; needs no readable codec.
    pub no_media_ms: Option<i64>,
    /// The marker we sent into the near leg.
    pub near_marker: Option<u16>,
    /// The marker our far end sent.
    pub far_marker: Option<u16>,
    /// Duration the vendor reports for the call, before any rounding to increments.
    pub billed_ms: Option<i64>,
}

/// Defaults of the field; ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// An answer sooner than this after the INVITE is suspect when ring tone follows.
    pub short_pdd_ms: i64,
    /// The near answer may come at most this much before the far end's.
    pub early_answer_ms: i64,
    /// Without a far INVITE for this long an answer is fake.
    pub no_far_leg_ms: i64,
    /// Ring tone that ends within this time after the answer was still on its way.
    pub ring_grace_ms: i64,
    pub silence_ms: i64,
    pub no_media_ms: i64,
    /// Silence and missing media count when they begin this soon after the answer.
    pub from_answer_ms: i64,
    /// A marker must begin to be heard within this time.
    pub marker_within_ms: i64,
    pub late_release_ms: i64,
    pub stretched_ms: i64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            short_pdd_ms: 1000,
            early_answer_ms: 200,
            no_far_leg_ms: 10_000,
            ring_grace_ms: 1000,
            silence_ms: 5000,
            no_media_ms: 2000,
            from_answer_ms: 1000,
            marker_within_ms: 2000,
            late_release_ms: 2000,
            stretched_ms: 1000,
        }
    }
}

/// Weightiest first: the first of a verdict names the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// Answered, and our number was never called.
    FakeAnswer,
    /// Our own marker came back.
    LoopBack,
    /// Answered before, or without, the far end answering.
    EarlyAnswer,
    /// Refused as busy, and our number was never called.
    FalseRefusal,
    RingAfterAnswer,
    NoMedia,
    Silence,
    /// Something is heard, but not our far end: a recording, a voicemail, another party.
    ForeignAudio,
    /// Charged on after the far end hung up.
    LateRelease,
    /// Both ends were told that the other hung up.
    Cut,
    /// Reported longer than it lasted.
    Stretched,
}

impl FindingKind {
    pub fn word(self) -> &'static str {
        match self {
            Self::FakeAnswer => "fake_answer",
            Self::LoopBack => "loop_back",
            Self::EarlyAnswer => "early_answer",
            Self::FalseRefusal => "false_refusal",
            Self::RingAfterAnswer => "ring_after_answer",
            Self::NoMedia => "no_media",
            Self::Silence => "silence",
            Self::ForeignAudio => "foreign_audio",
            Self::LateRelease => "late_release",
            Self::Cut => "cut",
            Self::Stretched => "stretched",
        }
    }
}

/// One fault: what, why, and the figures (name, ms) it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub kind: FindingKind,
    pub reason: String,
    pub evidence: Vec<(&'static str, i64)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub findings: Vec<Finding>,
    pub answered: bool,
}

impl Verdict {
    pub fn is_honest(&self) -> bool {
        self.findings.is_empty()
    }

    pub fn first(&self) -> Option<FindingKind> {
        self.findings.first().map(|finding| finding.kind)
    }
}

impl Call<'_> {
    /// How long the near leg stayed answered.
    pub(super) fn talk_ms(&self) -> Option<i64> {
        Some(self.near.ended_ms - self.near.answered_ms?)
    }

    pub(super) fn far(&self) -> Option<FarLeg> {
        match self.far {
            Far::Ours(leg) => Some(leg),
            Far::Stranger => None,
        }
    }
}

pub(super) fn seconds(ms: i64) -> String {
    format!("{}.{:03} s", ms / 1000, (ms % 1000).abs())
}
