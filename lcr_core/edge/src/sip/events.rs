//! What the call machine tells of its calls: attempts, media, answer, end.
use std::sync::Arc;

use lcr_core::sip::call::{CallId, EndedBy, Event, Record, Side};
use lcr_core::sip::clock::Micros;
use serde_json::json;

use super::description;
use super::finish::{self, Kept};
use super::running::{Media, Running, Task, leg, letter};
use super::worker::{Work, Worker};

/// The agent of a number of ours waits under this name until the machine gives its leg a Call-ID.
pub fn far_key(call: CallId) -> Vec<u8> {
    format!("far {}", call.0).into_bytes()
}

impl Worker {
    pub(super) fn attempt(&mut self, now: Micros, call: CallId, call_id: &[u8], tag: &str) {
        let Some(running) = self.running.get_mut(&call) else {
            return;
        };
        let Some(_) = letter(&running.task, Side::B) else {
            // The end of a number of ours is an agent of this Call-ID.
            if let Some(agent) = self.agents.remove(far_key(call).as_slice()) {
                self.agents.insert(call_id.to_vec(), agent);
            }
            running.call_ids.push(call_id.to_vec());
            return;
        };
        let facts = &running.facts;
        let fields = json!({"offer_id": facts.offer_id, "address": facts.address.to_string()});
        running.note(now, "attempt", fields);
        running.live.state("calling");
        self.follow(call, Side::B, call_id, Some(tag));
    }

    /// A fault within the machine may have cost it a call: such a call ends here, with a record, and its ports go back.
    pub(super) fn mend(&mut self) {
        let lost = |(call, running): (&CallId, &Running)| {
            (running.record.is_none() && !self.machine.holds(*call)).then_some(*call)
        };
        let lost: Vec<CallId> = self.running.iter().filter_map(lost).collect();
        let now = self.sip.now();
        for call in lost {
            let record = Record {
                call,
                call_id: String::new(),
                started: now,
                attempts: Vec::new(),
                answered: None,
                confirmed: None,
                ended: now,
                by: EndedBy::Lost,
                code: 500,
                q850: None,
                stamps: Vec::new(),
            };
            self.silent(now, call);
            self.ended(now, Box::new(record));
        }
    }

    pub(super) fn event(&mut self, now: Micros, event: Event) {
        match event {
            Event::Ask {
                call,
                from,
                invite,
                looped,
            } => self.asked(now, call, from, &invite, looped),
            Event::Redirected { call, .. } => {
                // A seller's trunk that sends us elsewhere: only configured targets are called.
                self.refuse(call, 480, &[]);
            }
            Event::Media { call, side, sdp } => self.media(now, call, side, &sdp),
            Event::Answered { call } => self.answered(now, call),
            Event::Silent { call } => self.silent(now, call),
            Event::Ended(record) => self.ended(now, record),
            Event::Attempt { .. } => {}
        }
    }

    fn media(&mut self, now: Micros, call: CallId, side: Side, sdp: &[u8]) {
        let Some(running) = self.running.get_mut(&call) else {
            return;
        };
        let (Some(letter), Some(audio)) = (letter(&running.task, side), description::audio(sdp))
        else {
            return;
        };
        match &running.media {
            Some(Media::Relay(session)) => {
                let leg = leg(side);
                session.protect(leg, audio.protection);
                session.set_payloads(leg, audio.payloads.clone(), audio.audible);
                audio
                    .address
                    .into_iter()
                    .for_each(|a| session.announce(leg, a));
            }
            Some(Media::End(endpoint)) => {
                if let Some((payload, law)) = audio.audible {
                    endpoint.agree(audio.payloads.clone(), payload, law, audio.event);
                }
                audio.address.into_iter().for_each(|a| endpoint.announce(a));
            }
            None => {}
        }
        let address = audio.address.map(|a| a.to_string());
        let fields = json!({"side": letter, "codec": audio.codec, "address": address});
        running.sides[leg(side)].audio = Some(audio);
        running.note(now, "media", fields);
    }

    fn answered(&mut self, now: Micros, call: CallId) {
        let Some(running) = self.running.get_mut(&call) else {
            return;
        };
        running.answered = true;
        let side = match &running.task {
            Task::Far { .. } => "f",
            _ => "b",
        };
        running.note(now, "answered", json!({"side": side}));
        if !matches!(running.task, Task::Far { .. }) {
            running.live.state("talking");
        }
        if let Some(Media::Relay(session)) = &running.media {
            session.listen();
        }
        if let Some(Media::End(endpoint)) = &running.media {
            endpoint.send(true);
            if let Task::Originated { order, .. } = &running.task {
                for key in order.keys.iter().flat_map(|keys| keys.chars()) {
                    endpoint.press(key);
                }
            }
        }
    }

    /// Nobody talks any more: the ports go back.
    fn silent(&mut self, now: Micros, call: CallId) {
        let Some(running) = self.running.get_mut(&call) else {
            return;
        };
        if !matches!(running.task, Task::Far { .. }) {
            running.live.state("ending");
        }
        running.second(running.wall_us(now));
        let Some(media) = running.media.take() else {
            return;
        };
        running.closing = true;
        let back = self.sip.workers[self.index].work.clone();
        tokio::spawn(async move {
            let kept = match media {
                Media::Relay(session) => Kept::Relay(Box::new(session.close())),
                Media::End(endpoint) => Kept::End(Box::new(endpoint.close().await)),
            };
            let kept = Box::new(kept);
            // The worker is gone only when the process ends.
            let _ = back.send(Work::Kept { call, kept });
        });
    }

    fn ended(&mut self, now: Micros, record: Box<Record>) {
        let call = record.call;
        if let Some(running) = self.running.get_mut(&call) {
            if !matches!(running.task, Task::Far { .. }) {
                let (who, by) = finish::released(&running.task, record.by);
                running.note(now, "released", json!({"side": who, "by": by}));
            }
            running.record = Some(record);
            self.finish(call);
        }
    }

    pub(super) fn finish(&mut self, call: CallId) {
        if !self.running.get(&call).is_some_and(Running::is_finished) {
            return;
        }
        let Some(running) = self.running.remove(&call) else {
            return;
        };
        for call_id in &running.call_ids {
            self.unfollow(call, call_id);
            self.agents.remove(call_id);
        }
        let sip = Arc::clone(&self.sip);
        tokio::spawn(finish::finish(sip, running));
    }

    /// A call that is given up before it began.
    pub(super) fn forget(&mut self, call: CallId) {
        if let Some(running) = self.running.remove(&call) {
            for call_id in &running.call_ids {
                self.unfollow(call, call_id);
            }
            self.sip.told.release(&running.facts.name);
            self.sip.board.remove(&running.facts.name);
        }
    }
}
