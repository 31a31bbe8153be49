//! Our own end of a test call: one leg, packets of 20 ms out, everything that comes in measured, heard and recorded.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lcr_core::rtp::audio::{Heard, marker_frame};
use lcr_core::rtp::dtmf::KeyPress;
use lcr_core::rtp::packet::{Packet, is_rtcp};
use lcr_core::rtp::payload::{Law, PayloadMap};
use lcr_core::rtp::record::{Pcap, Track};
use lcr_core::rtp::rtcp::{
    self, Builder, LastSenderReport, NtpTime, ReportBlock, SenderInfo, round_trip_nanos,
};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use super::MediaError;
use super::leg::{Glance, Leg, LegFigures, LegSettings};
use super::ports::PortPool;
use super::stamped::{Receiver, Unread, utc_nanos};

const FRAME_MS: u64 = 20;
const FRAME_SAMPLES: u32 = 160;
const REPORT_EVERY: u64 = 5000 / FRAME_MS;
/// Keys waiting to be pressed.
const MAX_KEYS: usize = 64;
const KEY_FRAMES: u32 = 5;
const PAUSE_FRAMES: u32 = 3;
const KEY_VOLUME: u8 = 10;

/// What is sent.
#[derive(Debug, Clone, Copy)]
pub struct Play {
    pub law: Law,
    pub payload_type: u8,
    /// None = digital silence.
    pub marker: Option<u16>,
    pub event_payload_type: Option<u8>,
    pub ssrc: u32,
    pub first_sequence: u16,
    pub first_timestamp: u32,
    /// Bounds of the recording (0 = none) and of the capture.
    pub record_seconds: u32,
    pub pcap_bytes: usize,
}

/// A running end. Dropping it stops it and gives its ports back.
pub struct Endpoint {
    local: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

/// What an end leaves behind.
pub struct EndpointClosed {
    pub figures: LegFigures,
    pub heard: Option<Heard>,
    pub recorded: Track,
    pub pcap: Option<Pcap>,
}

struct State {
    leg: Leg,
    play: Play,
    recorded: Track,
    pcap: Option<Pcap>,
    begun_nanos: i64,
    /// Media flows only while this is set: from the answer (or early media) on.
    sending: bool,
    frames: u64,
    packets: u32,
    keys: VecDeque<char>,
    pressing: Option<(KeyPress, u32)>,
    pause: u32,
    heard_report: LastSenderReport,
    last_frame: u32,
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Endpoint {
    /// Listens at once; sends after [`Endpoint::send`].
    pub fn open(pool: &PortPool, settings: LegSettings, play: Play) -> Result<Self, MediaError> {
        let lease = pool.lease()?;
        let local = lease.rtp.local_addr().map_err(MediaError::Io)?;
        let (media, control, ports) = lease.parts();
        let media = UdpSocket::from_std(media).map_err(MediaError::Io)?;
        let control = UdpSocket::from_std(control).map_err(MediaError::Io)?;
        let state = Arc::new(Mutex::new(State {
            leg: Leg::new(settings),
            play,
            recorded: Track::new(play.record_seconds),
            pcap: (play.pcap_bytes > 0).then(|| Pcap::new(play.pcap_bytes)),
            begun_nanos: utc_nanos(),
            sending: false,
            frames: 0,
            packets: 0,
            keys: VecDeque::new(),
            pressing: None,
            pause: 0,
            heard_report: LastSenderReport::default(),
            last_frame: play.first_timestamp,
        }));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            let _ports = ports;
            run(media, control, local, &shared).await;
        });
        Ok(Self { local, state, task })
    }

    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// The other side's SDP.
    pub fn announce(&self, address: SocketAddr) {
        locked(&self.state).leg.announce(address);
    }

    /// Begins or stops sending.
    pub fn send(&self, sending: bool) {
        let mut state = locked(&self.state);
        state.sending = sending;
        state.leg.listen(utc_nanos());
    }

    /// False when too many keys wait, or the other side takes no telephone events.
    pub fn press(&self, key: char) -> bool {
        let mut state = locked(&self.state);
        let takes = state.play.event_payload_type.is_some() && state.keys.len() < MAX_KEYS;
        if takes {
            state.keys.push_back(key);
        }
        takes
    }

    /// What both sides agreed on: how to read what comes and what to send.
    pub fn agree(&self, payloads: PayloadMap, payload_type: u8, law: Law, event: Option<u8>) {
        let mut state = locked(&self.state);
        let readable = Some((payload_type, law));
        state.leg.set_payloads(payloads, readable);
        state.play.law = law;
        state.play.payload_type = payload_type;
        state.play.event_payload_type = event;
    }

    /// What a page shows each second.
    pub fn glance(&self) -> Glance {
        locked(&self.state).leg.glance()
    }

    /// A message of the call beside its media, for the capture.
    pub fn capture(&self, at_nanos: i64, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        if let Some(pcap) = &mut locked(&self.state).pcap {
            pcap.push(at_nanos, from, to, bytes);
        }
    }

    #[cfg(test)]
    pub fn figures(&self) -> LegFigures {
        locked(&self.state).leg.figures()
    }

    /// Ends it; when this returns, its ports are free.
    pub async fn close(mut self) -> EndpointClosed {
        self.task.abort();
        // An aborted task ends with an error; either way its sockets are gone.
        let _ = (&mut self.task).await;
        let mut state = locked(&self.state);
        let now = utc_nanos();
        state.leg.close_seconds(now);
        EndpointClosed {
            figures: state.leg.figures(),
            heard: state.leg.finish_listening(now),
            recorded: std::mem::replace(&mut state.recorded, Track::new(0)),
            pcap: state.pcap.take(),
        }
    }
}

async fn run(media: UdpSocket, control: UdpSocket, local: SocketAddr, state: &Mutex<State>) {
    let mut receiver = Receiver::new();
    let mut frame = tokio::time::interval(Duration::from_millis(FRAME_MS));
    loop {
        tokio::select! {
            Ok(()) = media.readable() => drain(&media, false, local, state, &mut receiver),
            Ok(()) = control.readable() => drain(&control, true, local, state, &mut receiver),
            _ = frame.tick() => locked(state).on_frame(&media, &control, local),
        }
    }
}

fn drain(
    socket: &UdpSocket,
    control: bool,
    local: SocketAddr,
    state: &Mutex<State>,
    receiver: &mut Receiver,
) {
    let mut state = locked(state);
    for _ in 0..64 {
        let read = socket.try_io(tokio::io::Interest::READABLE, || {
            match receiver.receive(socket) {
                Ok(one) => Ok(Some((one.at_nanos, one.from, one.bytes.len()))),
                Err(Unread::Unusable) => Ok(None),
                Err(Unread::WouldBlock | Unread::Failed) => {
                    Err(std::io::ErrorKind::WouldBlock.into())
                }
            }
        });
        match read {
            Ok(Some((at_nanos, from, length))) => {
                let bytes = receiver.filled(length);
                if let Some(pcap) = &mut state.pcap {
                    pcap.push(at_nanos, from, local, bytes);
                }
                if control || is_rtcp(bytes) {
                    state.on_control(at_nanos, from, bytes);
                } else {
                    state.on_media(at_nanos, from, bytes);
                }
            }
            Ok(None) => state.leg.figures.malformed += 1,
            Err(_) => return,
        }
    }
}

impl State {
    fn on_media(&mut self, at_nanos: i64, from: SocketAddr, bytes: &[u8]) {
        if !self.leg.on_media(at_nanos, from, bytes) {
            return;
        }
        if let Some((law, timestamp, payload)) = self.leg.audio(bytes) {
            let at_ms = (at_nanos - self.begun_nanos) / 1_000_000;
            self.recorded.put_packet(at_ms, timestamp, law, payload);
        }
    }

    fn on_control(&mut self, at_nanos: i64, from: SocketAddr, bytes: &[u8]) {
        let heard = &mut self.heard_report;
        if !self
            .leg
            .on_control(at_nanos, from, bytes, |ntp| heard.hear(ntp, at_nanos))
        {
            return;
        }
        let middle = NtpTime::from_utc_nanos(at_nanos).middle();
        for part in rtcp::compound(bytes).map_while(Result::ok) {
            for block in part
                .report_blocks()
                .filter(|block| block.ssrc == self.play.ssrc)
            {
                let trip = round_trip_nanos(middle, block.last_sr, block.delay_since_last_sr);
                self.leg.figures.round_trip_nanos = trip.or(self.leg.figures.round_trip_nanos);
            }
        }
    }

    /// One packet each 20 ms, and a report each 5 s.
    fn on_frame(&mut self, media: &UdpSocket, control: &UdpSocket, local: SocketAddr) {
        let now = utc_nanos();
        if self.frames % (1000 / FRAME_MS) == 0 {
            self.leg.close_seconds(now);
        }
        self.frames += 1;
        let Some(target) = self.leg.target().filter(|_| self.sending) else {
            return;
        };
        let mut bytes = [0u8; 12 + FRAME_SAMPLES as usize];
        let length = self.write_frame(&mut bytes);
        self.packets = self.packets.wrapping_add(1);
        self.last_frame = self.last_frame.wrapping_add(FRAME_SAMPLES);
        match media.try_send_to(&bytes[..length], target) {
            Ok(_) => self.leg.figures.sent += 1,
            Err(_) => self.leg.figures.unsent += 1,
        }
        if let Some(pcap) = &mut self.pcap {
            pcap.push(now, local, target, &bytes[..length]);
        }
        if self.frames % REPORT_EVERY == 0 {
            self.report(control, target, now);
        }
    }

    fn write_frame(&mut self, out: &mut [u8]) -> usize {
        let play = self.play;
        let mut packet = Packet {
            marker: self.packets == 0,
            payload_type: play.payload_type,
            sequence: play.first_sequence.wrapping_add(self.packets as u16),
            timestamp: self.last_frame,
            ssrc: play.ssrc,
            csrc: &[],
            extension: None,
            payload: &[],
            padding: 0,
        };
        let event = self.next_event();
        let (key, frame);
        match event.zip(play.event_payload_type) {
            Some(((marker, bytes, timestamp), payload_type)) => {
                key = bytes;
                packet = Packet {
                    marker,
                    payload_type,
                    timestamp,
                    payload: &key,
                    ..packet
                };
            }
            None => {
                frame = match play.marker {
                    Some(code) => marker_frame(code, play.law, u64::from(self.packets)),
                    None => [if play.law == Law::A { 0xd5 } else { 0xff }; FRAME_SAMPLES as usize],
                };
                packet.payload = &frame;
            }
        }
        packet.write(out).unwrap_or(0)
    }

    /// Marker bit, payload and timestamp of the key that is pressed now.
    fn next_event(&mut self) -> Option<(bool, [u8; 4], u32)> {
        if self.pause > 0 {
            self.pause -= 1;
            return None;
        }
        if self.pressing.is_none() {
            let key = self.keys.pop_front()?;
            let press = KeyPress::new(key, KEY_VOLUME, FRAME_SAMPLES as u16, KEY_FRAMES)?;
            self.pressing = Some((press, self.last_frame));
        }
        let (press, timestamp) = self.pressing.as_mut()?;
        match press.next() {
            Some(one) => Some((one.marker, one.event.bytes(), *timestamp)),
            None => {
                self.pressing = None;
                self.pause = PAUSE_FRAMES;
                None
            }
        }
    }

    fn report(&mut self, control: &UdpSocket, target: SocketAddr, now: i64) {
        let (last_sr, delay_since_last_sr) = self.heard_report.fields(now);
        let blocks: Vec<ReportBlock> = self
            .leg
            .intervals()
            .iter()
            .map(|one| ReportBlock {
                ssrc: one.ssrc,
                fraction_lost: one.fraction_lost,
                cumulative_lost: one.cumulative_lost,
                extended_highest: one.extended_highest,
                jitter: one.jitter_units,
                last_sr,
                delay_since_last_sr,
            })
            .collect();
        let info = SenderInfo {
            ntp: NtpTime::from_utc_nanos(now).0,
            rtp_timestamp: self.last_frame,
            packets: self.packets,
            octets: self.packets.wrapping_mul(FRAME_SAMPLES),
        };
        let mut out = [0u8; 512];
        let mut builder = Builder::new(&mut out);
        let written = builder
            .sender_report(self.play.ssrc, &info, &blocks)
            .and_then(|builder| builder.cname(self.play.ssrc, "tandem"))
            .is_ok();
        let length = builder.finish();
        if written {
            let control_target = SocketAddr::new(target.ip(), target.port().saturating_add(1));
            // A lost report is made up for by the next one.
            let _ = control.try_send_to(&out[..length], control_target);
        }
    }
}
