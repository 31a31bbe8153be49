//! The scripted vendors. Each call has its own times, voices and network, all from its seed.

use lcr_core::rtp::audio::Heard;
use lcr_core::testcall::fas::{Call, EndedBy, Far, FarLeg, NearLeg, Thresholds, Verdict, judge};

use crate::random::Random;
use crate::sound::{Network, Source, listen};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vendor {
    EarlyAnswer,
    EarlyAnswerStranger,
    FakeAnswer,
    RingAfterAnswer,
    Silence,
    ComfortNoise,
    Constant,
    NoMedia,
    Recording,
    LoopBack,
    LateRelease,
    Stretched,
    Cut,
    FalseBusy,
    FalseInformation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Honest {
    Ours,
    Person,
    QuickPerson,
    Voicemail,
    Music,
    Busy,
    FarHangsUp,
}

const NEAR_MARKER: u16 = 0x1a2b;
const FAR_MARKER: u16 = 0x9c4d;

/// A call in the making: an honest one to our own number until a script changes it.
struct Script {
    near: NearLeg,
    far: Far,
    scene: Vec<(i64, Source)>,
    billed_ms: Option<i64>,
    network: Network,
}

impl Script {
    fn honest(random: &mut Random) -> Self {
        let mut network = Network::new(random);
        let way = random.between(20, 300);
        let invited = random.between(200, 2500);
        let far_answered = invited + random.between(300, 3500);
        let answered = far_answered + way;
        let ended = answered + random.between(7500, 9000);
        network.noise = network.noise.min(8.0);
        let near = NearLeg {
            invited_ms: 0,
            ringing_ms: Some(invited + way),
            answered_ms: Some(answered),
            ended_ms: ended,
            ended_by: EndedBy::Us,
            final_code: 200,
        };
        let far = FarLeg {
            invited_ms: Some(invited),
            answered_ms: Some(far_answered),
            ended_ms: Some(ended + way),
            ended_by_us: false,
        };
        Self {
            near,
            far: Far::Ours(far),
            scene: vec![
                (invited, Source::Ring(random.between(0, 2) as usize)),
                (far_answered, Source::Marker(FAR_MARKER)),
            ],
            billed_ms: Some(ended - answered + random.between(-400, 400)),
            network,
        }
    }

    fn answered(&self) -> i64 {
        self.near.answered_ms.unwrap_or(self.near.ended_ms)
    }

    /// What is sent so that it arrives from the answer on.
    fn after_answer(&mut self, source: Source) {
        let answered = self.answered();
        self.scene.retain(|(at, _)| *at < answered);
        self.scene
            .retain(|(_, source)| !matches!(source, Source::Marker(_)));
        self.scene.push((answered, source));
    }

    fn stranger(&mut self) {
        self.far = Far::Stranger;
    }

    fn far(&mut self) -> &mut FarLeg {
        match &mut self.far {
            Far::Ours(leg) => leg,
            Far::Stranger => panic!("no far end of ours"),
        }
    }

    fn judge(self, random: &mut Random) -> Verdict {
        let heard: Heard = listen(&self.scene, self.near.ended_ms, &self.network, random);
        let ours = matches!(self.far, Far::Ours(_));
        let call = Call {
            near: self.near,
            far: self.far,
            heard: Some(&heard),
            no_media_ms: None,
            near_marker: Some(NEAR_MARKER),
            far_marker: ours.then_some(FAR_MARKER),
            billed_ms: self.billed_ms,
        };
        judge(&call, &Thresholds::default())
    }
}

fn voice(random: &mut Random) -> Source {
    Source::Voice(random.between(0, 5) as usize, random.between(30, 150))
}

pub fn run_vendor(vendor: Vendor, seed: u64) -> Verdict {
    let mut random = Random::new(seed * 1000 + vendor as u64);
    let random = &mut random;
    let mut script = Script::honest(random);
    match vendor {
        Vendor::EarlyAnswer => {
            let far_answered = script.far().answered_ms.unwrap_or(0);
            let invited = script.far().invited_ms.unwrap_or(0);
            let answered = random.between(invited.min(far_answered - 300), far_answered - 300);
            script.near.answered_ms = Some(answered);
            script.billed_ms = Some(script.near.ended_ms - answered);
        }
        Vendor::EarlyAnswerStranger => {
            script.stranger();
            let answered = random.between(150, 950);
            script.near.answered_ms = Some(answered);
            script.near.ringing_ms = None;
            script.near.ended_ms = answered + 9000;
            script.billed_ms = None;
            let ring = answered + random.between(0, 2000);
            let which = random.between(0, 2) as usize;
            script.scene = vec![(answered, Source::Quiet), (ring, Source::Ring(which))];
            if random.chance(50) {
                script.scene.push((ring + 5800, voice(random)));
            }
        }
        Vendor::FakeAnswer => {
            *script.far() = FarLeg::default();
            script.near.ended_ms = script.answered() + random.between(10_500, 12_500);
            script.billed_ms = None;
            let source = voice(random);
            script.after_answer(source);
        }
        Vendor::RingAfterAnswer => {
            script.stranger();
            script.near.invited_ms = script.answered() - random.between(1500, 6000);
            let which = random.between(0, 2) as usize;
            script.after_answer(Source::Ring(which));
            if random.chance(50) {
                let at = script.answered() + 5900;
                script.scene.push((at, voice(random)));
            }
        }
        Vendor::Silence => {
            script.network.noise = 0.0;
            script.after_answer(Source::Quiet);
        }
        Vendor::ComfortNoise => {
            script.network.noise = random.between(10, 35) as f64;
            script.after_answer(Source::Quiet);
        }
        Vendor::Constant => {
            let byte = [0xd5, 0xff, 0x55, 0x7f, 0x2a][random.between(0, 4) as usize];
            script.after_answer(Source::Constant(byte));
        }
        Vendor::NoMedia => script.after_answer(Source::NoPackets),
        Vendor::Recording => {
            let source = if random.chance(70) {
                voice(random)
            } else {
                Source::Music(1)
            };
            script.after_answer(source);
        }
        Vendor::LoopBack => script.after_answer(Source::Marker(NEAR_MARKER)),
        Vendor::LateRelease => {
            let hung_up = script.near.ended_ms;
            script.near.ended_ms += random.between(2_100, 8_000);
            script.near.ended_by = EndedBy::Peer;
            let far = script.far();
            (far.ended_ms, far.ended_by_us) = (Some(hung_up), true);
            script.billed_ms = Some(script.near.ended_ms - script.answered());
            let after = if random.chance(50) {
                Source::NoPackets
            } else {
                Source::Quiet
            };
            script.scene.push((hung_up, after));
        }
        Vendor::Stretched => {
            let talk = script.near.ended_ms - script.answered();
            script.billed_ms = Some(talk + random.between(1_100, 20_000));
        }
        Vendor::Cut => script.near.ended_by = EndedBy::Peer,
        Vendor::FalseBusy | Vendor::FalseInformation => {
            *script.far() = FarLeg::default();
            script.near.answered_ms = None;
            script.near.ended_by = EndedBy::Peer;
            script.billed_ms = None;
            if vendor == Vendor::FalseBusy {
                script.near.final_code = [480, 486, 600, 603][random.between(0, 3) as usize];
                script.near.ended_ms = random.between(800, 4000);
                script.scene = vec![(500, Source::Quiet)];
            } else {
                script.near.final_code = [404, 487, 503][random.between(0, 2) as usize];
                script.near.ended_ms = 6000;
                script.scene = vec![
                    (400, Source::Quiet),
                    (random.between(500, 2000), Source::Information),
                ];
            }
        }
    }
    script.judge(random)
}

pub fn run_honest(honest: Honest, seed: u64) -> Verdict {
    let mut random = Random::new(seed * 1000 + 500 + honest as u64);
    let random = &mut random;
    let mut script = Script::honest(random);
    match honest {
        Honest::Ours => {}
        Honest::FarHangsUp => {
            let far_ended = script.near.ended_ms - random.between(20, 600);
            let far = script.far();
            (far.ended_ms, far.ended_by_us) = (Some(far_ended), true);
            script.near.ended_by = EndedBy::Peer;
        }
        Honest::Person | Honest::QuickPerson => {
            script.stranger();
            if honest == Honest::QuickPerson {
                let answered = random.between(400, 990);
                script.near.answered_ms = Some(answered);
                script.near.ended_ms = answered + 8000;
                script.billed_ms = None;
                let which = random.between(0, 2) as usize;
                script.scene = vec![(random.between(100, 380), Source::Ring(which))];
            }
            script.after_answer(Source::Quiet);
            let speaks = script.answered() + random.between(200, 3500);
            script.scene.push((speaks, voice(random)));
            if random.chance(50) {
                script
                    .scene
                    .push((speaks + random.between(700, 2500), Source::Quiet));
            }
        }
        Honest::Voicemail => {
            script.stranger();
            let source = voice(random);
            script.after_answer(source);
            let beep = script.answered() + random.between(2500, 5000);
            script.scene.push((beep, Source::Beep));
        }
        Honest::Music => {
            script.stranger();
            let which = random.between(0, 3) as usize;
            script.after_answer(Source::Music(which));
        }
        Honest::Busy => {
            let far = script.far();
            (far.answered_ms, far.ended_ms) = (None, None);
            script.near.answered_ms = None;
            script.near.final_code = 486;
            script.near.ended_by = EndedBy::Peer;
            script.billed_ms = None;
            script.near.ended_ms = script.far().invited_ms.unwrap_or(0) + random.between(100, 900);
            script.scene.truncate(1);
        }
    }
    script.judge(random)
}
