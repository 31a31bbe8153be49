//! One side of a relayed call: whom it listens to, what came from it, what it heard.

use std::net::SocketAddr;

use lcr_core::rtp::audio::{Ear, Heard, payload_level_tenths};
use lcr_core::rtp::dtmf::KeysHeard;
use lcr_core::rtp::packet::{Packet, Protection};
use lcr_core::rtp::payload::{Kind, Law, PayloadMap};
use lcr_core::rtp::rtcp::{self, PassingReports};
use lcr_core::rtp::source::{Judgement, Learning, SourceLock};
use lcr_core::rtp::stats::{Arrival, Buffer, Direction, DirectionFigures, Interval, Sample};

/// What is to be heard in readable audio. Its level is measured either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listening {
    /// Nothing: nobody judges this side.
    Not,
    /// Tones of call progress, voice, silence.
    Tones,
    /// These, and our own markers.
    Markers,
}

impl Listening {
    fn ear(self, law: Law) -> Option<Box<Ear>> {
        match self {
            Self::Not => None,
            Self::Tones => Some(Box::new(Ear::without_markers(law))),
            Self::Markers => Some(Box::new(Ear::new(law))),
        }
    }
}

/// What SDP and configuration say about one leg.
#[derive(Debug, Clone)]
pub struct LegSettings {
    /// Of c= and m=; None until the answer.
    pub announced: Option<SocketAddr>,
    pub learning: Learning,
    pub protection: Protection,
    pub payloads: PayloadMap,
    pub buffer: Buffer,
    /// Payload type and law when the audio is G.711 in the clear: then it is listened to.
    pub audible: Option<(u8, Law)>,
    pub listens: Listening,
    pub room_seconds: usize,
}

impl Default for LegSettings {
    fn default() -> Self {
        Self {
            announced: None,
            learning: Learning::Never,
            protection: Protection::Clear,
            payloads: PayloadMap::default(),
            buffer: Buffer::default(),
            audible: None,
            listens: Listening::Markers,
            room_seconds: 300,
        }
    }
}

/// What came from one leg, and went to it.
#[derive(Debug, Clone, Default)]
pub struct LegFigures {
    pub received: DirectionFigures,
    pub samples: Vec<Sample>,
    pub round_trip_nanos: Option<i64>,
    pub keys: String,
    /// From sources that are not believed.
    pub refused: u64,
    /// No RTP or RTCP, or too long.
    pub malformed: u64,
    pub control_packets: u64,
    /// Sent on to this leg, and what its socket would not take.
    pub sent: u64,
    pub unsent: u64,
    pub source_moved: u32,
    pub source: Option<SocketAddr>,
}

/// A look while the call runs.
#[derive(Debug, Clone, Default)]
pub struct Glance {
    /// The last whole second.
    pub last: Option<Sample>,
    pub received: DirectionFigures,
    pub round_trip_nanos: Option<i64>,
    pub keys: String,
}

pub(super) struct Leg {
    lock: SourceLock,
    protection: Protection,
    payloads: PayloadMap,
    direction: Direction,
    audible: Option<(u8, Law)>,
    /// Apart: it is large, and most packets need little of it.
    ear: Option<Box<Ear>>,
    listens: Listening,
    /// From when on it is listened to, once that was said.
    listens_ms: Option<i64>,
    keys: KeysHeard,
    /// Sender reports that were sent on to this leg.
    pub passing: PassingReports,
    pub figures: LegFigures,
}

impl Leg {
    pub fn new(settings: LegSettings) -> Self {
        Self {
            lock: SourceLock::new(settings.announced, settings.learning),
            protection: settings.protection,
            direction: Direction::new(
                settings.payloads.clone(),
                settings.buffer,
                settings.room_seconds,
            ),
            payloads: settings.payloads,
            audible: settings.audible,
            ear: settings
                .audible
                .and_then(|(_, law)| settings.listens.ear(law)),
            listens: settings.listens,
            listens_ms: None,
            keys: KeysHeard::default(),
            passing: PassingReports::default(),
            figures: LegFigures::default(),
        }
    }

    /// A datagram of the media port; true when it is to be sent on.
    pub fn on_media(&mut self, at_nanos: i64, from: SocketAddr, bytes: &[u8]) -> bool {
        let Ok(packet) = Packet::parse(bytes, self.protection) else {
            self.figures.malformed += 1;
            return false;
        };
        if self.lock.judge(at_nanos, from, &packet) == Judgement::Refuse {
            return false;
        }
        let clear = self.protection == Protection::Clear;
        let mut level = None;
        if clear && self.payloads.of(packet.payload_type).kind == Kind::TelephoneEvent {
            self.keys.on_packet(packet.timestamp, packet.payload);
        }
        if let Some((payload_type, law)) = self.audible
            && packet.payload_type == payload_type
            && clear
        {
            level = Some(payload_level_tenths(law, packet.payload));
            if let Some(ear) = &mut self.ear {
                ear.hear(at_nanos / 1_000_000, packet.timestamp, packet.payload);
            }
        }
        self.direction.on_packet(&Arrival {
            at_nanos,
            packet,
            level_tenths_dbm0: level,
        });
        true
    }

    /// A control datagram of this leg: true when it is to be sent on. Its sender reports are told to `report`.
    pub fn on_control(
        &mut self,
        at_nanos: i64,
        from: SocketAddr,
        bytes: &[u8],
        mut report: impl FnMut(u64),
    ) -> bool {
        if !self.lock.is_locked_host(from) {
            self.figures.refused += 1;
            return false;
        }
        self.figures.control_packets += 1;
        if self.protection == Protection::Srtp {
            return true;
        }
        let mut any = false;
        for part in rtcp::compound(bytes).map_while(Result::ok) {
            any = true;
            if let rtcp::Packet::SenderReport { info, .. } = part {
                report(info.ntp);
            }
            for block in part.report_blocks() {
                let trip = self.passing.round_trip_nanos(&block, at_nanos);
                self.figures.round_trip_nanos = trip.or(self.figures.round_trip_nanos);
            }
        }
        self.figures.malformed += u64::from(!any);
        any
    }

    /// Law, timestamp and codes of a datagram that is readable audio.
    pub fn audio<'a>(&self, bytes: &'a [u8]) -> Option<(Law, u32, &'a [u8])> {
        let (payload_type, law) = self.audible?;
        let packet = Packet::parse(bytes, self.protection).ok()?;
        let readable = packet.payload_type == payload_type && self.protection == Protection::Clear;
        readable.then_some((law, packet.timestamp, packet.payload))
    }

    /// Reception reports of what came since the last ones.
    pub fn intervals(&mut self) -> Vec<Interval> {
        self.direction.close_interval().collect()
    }

    pub fn close_seconds(&mut self, at_nanos: i64) {
        self.direction.close_seconds(at_nanos);
    }

    pub fn announce(&mut self, address: SocketAddr) {
        self.lock.announce(address);
    }

    pub fn set_payloads(&mut self, payloads: PayloadMap, audible: Option<(u8, Law)>) {
        self.direction.set_payloads(payloads.clone());
        self.payloads = payloads;
        match (audible, &mut self.ear) {
            (Some((_, law)), Some(ear)) => ear.set_law(law),
            (Some((_, law)), None) => {
                let mut ear = self.listens.ear(law);
                if let (Some(ear), Some(at)) = (&mut ear, self.listens_ms) {
                    ear.begin(at);
                }
                self.ear = ear;
            }
            _ => {}
        }
        self.audible = audible;
    }

    /// Listening begins, whether anything comes or not.
    pub fn listen(&mut self, at_nanos: i64) {
        let at_ms = *self.listens_ms.get_or_insert(at_nanos / 1_000_000);
        if let Some(ear) = &mut self.ear {
            ear.begin(at_ms);
        }
    }

    pub fn protect(&mut self, protection: Protection) {
        self.protection = protection;
    }

    pub fn glance(&self) -> Glance {
        Glance {
            last: self.direction.series().samples().last().copied(),
            received: self.direction.figures(),
            round_trip_nanos: self.figures.round_trip_nanos,
            keys: self.keys.keys().to_owned(),
        }
    }

    /// Where media for this leg goes.
    pub fn target(&self) -> Option<SocketAddr> {
        self.lock.target()
    }

    /// Who alone is listened to now: the locked source, unless it has been silent so long that another may take its place.
    pub fn speaker(&self, at_nanos: i64) -> Option<SocketAddr> {
        self.lock.speaker(at_nanos)
    }

    pub fn figures(&self) -> LegFigures {
        LegFigures {
            received: self.direction.figures(),
            samples: self.direction.series().samples().to_vec(),
            keys: self.keys.keys().to_owned(),
            refused: self.figures.refused + self.lock.refused(),
            source_moved: self.lock.moved(),
            source: self.lock.target(),
            ..self.figures.clone()
        }
    }

    pub fn finish_listening(&mut self, at_nanos: i64) -> Option<Heard> {
        self.ear.take().map(|ear| ear.finish(at_nanos / 1_000_000))
    }
}
