//! One worker: a call machine, its clock, the calls it holds. Everything it does is short; what waits (disk, closing of sockets)
//! is done elsewhere and comes back as work.
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lcr_core::sip::call::{Actions, B2bua, CallId, Decision, Event, Input, Refusal, Side};
use lcr_core::sip::clock::Micros;
use lcr_core::sip::message::Message;
use lcr_core::sip::peer::{Peer, Transport};
use lcr_core::sip::transaction::layer::Outgoing;
use tokio::sync::mpsc;
use tokio::time::{Instant, interval, sleep_until};

use super::agent::{Act, Agent, INSIDE};
use super::counters::count;
use super::finish::Kept;
use super::ingress::{Packet, call_id};
use super::placed::Begun;
use super::question::Asking;
use super::running::{Running, Task};
use super::{Sip, wire};

/// Packets looked at before work and timers have their turn.
const TURN: usize = 64;

/// What comes back to a worker, or is asked of it.
pub enum Work {
    Order(Box<Begun>),
    /// The begin of a forwarded call is on disk, or could not be written.
    Begun {
        call: CallId,
        ok: bool,
    },
    Hangup(String),
    /// Nothing can be sent there.
    Lost(Peer),
    Kept {
        call: CallId,
        kept: Box<Kept>,
    },
    /// No new calls; `at_once`: end those that are.
    Drain {
        at_once: bool,
    },
    /// The process ends: whatever the others have not answered is not waited for.
    LetGo,
}

/// Where a worker is reached.
pub struct Door {
    pub packets: mpsc::Sender<Packet>,
    pub work: mpsc::UnboundedSender<Work>,
}

enum Next {
    Inside(Arc<[u8]>),
    Say(Arc<[u8]>),
    Decide(CallId, Decision),
    Hangup(CallId),
    LetGo(CallId),
}

/// One side of a call that goes by a Call-ID. A call that comes back to us by way of a proxy has the same one on both legs: then our
/// own tag tells them apart.
#[derive(Debug)]
struct Followed {
    call: CallId,
    side: Side,
    tag: Option<Vec<u8>>,
}

pub struct Worker {
    pub(super) sip: Arc<Sip>,
    pub(super) index: usize,
    pub(super) machine: B2bua,
    pub(super) asking: Asking,
    pub(super) running: HashMap<CallId, Running>,
    pub(super) orders: HashMap<Vec<u8>, Box<Begun>>,
    pub(super) agents: HashMap<Vec<u8>, Agent>,
    pub(super) draining: bool,
    by_call_id: HashMap<Vec<u8>, Vec<Followed>>,
    acts: BTreeMap<(Micros, u64), (Vec<u8>, Act)>,
    count: u64,
    next: VecDeque<Next>,
}

impl Worker {
    pub fn new(sip: Arc<Sip>, index: usize, machine: B2bua) -> Self {
        Self {
            asking: Asking::new(index),
            sip,
            index,
            machine,
            running: HashMap::new(),
            orders: HashMap::new(),
            agents: HashMap::new(),
            draining: false,
            by_call_id: HashMap::new(),
            acts: BTreeMap::new(),
            count: 0,
            next: VecDeque::new(),
        }
    }

    /// Until a drain is through.
    pub async fn run(
        mut self,
        mut packets: mpsc::Receiver<Packet>,
        mut work: mpsc::UnboundedReceiver<Work>,
    ) {
        let mut second = interval(Duration::from_secs(1));
        loop {
            let deadline = self.deadline().map(|at| self.sip.instant(at));
            tokio::select! {
                Some(work) = work.recv() => self.work(work),
                Some(packet) = packets.recv() => {
                    self.packet(&packet);
                    for _ in 0..TURN {
                        let Ok(packet) = packets.try_recv() else { break };
                        self.drain_next();
                        self.packet(&packet);
                    }
                }
                () = until(deadline) => {}
                _ = second.tick() => {
                    let at_us = crate::clock::now_us();
                    self.running.values_mut().for_each(|call| call.second(at_us));
                    self.mend();
                }
            }
            self.drain_next();
            self.due();
            self.drain_next();
            let held = &self.sip.held[self.index];
            held[0].store(self.machine.calls(), Ordering::Relaxed);
            held[1].store(self.machine.transactions(), Ordering::Relaxed);
            if self.draining && self.running.is_empty() && self.machine.calls() == 0 {
                return;
            }
        }
    }

    fn deadline(&self) -> Option<Micros> {
        let act = self.acts.keys().next().map(|(at, _)| *at);
        self.machine.deadline().into_iter().chain(act).min()
    }

    fn due(&mut self) {
        let now = self.sip.now();
        while let Some(entry) = self.acts.first_entry().filter(|e| e.key().0 <= now) {
            let (key, act) = entry.remove();
            if let Some(Agent::Callee(callee)) = self.agents.get_mut(&key) {
                self.next.extend(callee.act(act).map(Next::Say));
            }
        }
        if self.machine.deadline().is_some_and(|at| at <= now) {
            self.step(Input::Time);
        }
    }

    fn drain_next(&mut self) {
        while let Some(next) = self.next.pop_front() {
            match next {
                Next::Inside(bytes) => self.inside(&bytes),
                Next::Say(bytes) => self.step(Input::Packet {
                    from: INSIDE,
                    bytes: &bytes,
                }),
                Next::Decide(call, decision) => self.step(Input::Decide { call, decision }),
                Next::Hangup(call) => self.step(Input::Hangup { call }),
                Next::LetGo(call) => self.step(Input::LetGo { call }),
            }
        }
    }

    fn packet(&mut self, packet: &Packet) {
        let now = self.sip.now();
        self.trace(now, packet.from, true, &packet.bytes);
        self.step(Input::Packet {
            from: packet.from,
            bytes: &packet.bytes,
        });
    }

    pub(super) fn step(&mut self, input: Input<'_>) {
        let now = self.sip.now();
        let machine = &mut self.machine;
        match catch_unwind(AssertUnwindSafe(|| machine.step(now, input))) {
            Ok(actions) => self.act(now, actions),
            // The hook has reported the place; the machine checks itself by its timers.
            Err(_) => count(&self.sip.counters.panics),
        }
    }

    fn act(&mut self, now: Micros, actions: Actions) {
        for event in &actions.events {
            if let Event::Attempt {
                call, call_id, tag, ..
            } = event
            {
                self.attempt(now, *call, call_id, tag);
            }
        }
        for out in actions.send {
            self.send(now, out);
        }
        for event in actions.events {
            self.event(now, event);
        }
    }

    fn send(&mut self, now: Micros, out: Outgoing) {
        self.trace(now, out.to, false, &out.bytes);
        if out.to.transport == Transport::Inside {
            self.next.push_back(Next::Inside(out.bytes));
        } else {
            wire::send(&self.sip, out.to, out.bytes);
        }
    }

    /// A row of the ladder and a packet of the capture, where the call is kept.
    fn trace(&mut self, now: Micros, peer: Peer, to_us: bool, bytes: &[u8]) {
        if self.by_call_id.is_empty() || peer.transport == Transport::Inside {
            return;
        }
        let Some(sides) = self.by_call_id.get(call_id(bytes)) else {
            return;
        };
        let Ok(message) = Message::parse(bytes) else {
            return;
        };
        let ours = match message.method().is_some() == to_us {
            true => message.to_tag(),
            false => message.from_tag(),
        };
        let named = |f: &&Followed| f.tag.is_some() && f.tag.as_deref() == ours;
        let found = sides.iter().find(named);
        let found = found.or_else(|| sides.iter().find(|f| f.tag.is_none()));
        if let Some((call, side)) = found.map(|f| (f.call, f.side))
            && let Some(call) = self.running.get_mut(&call)
        {
            Self::trace_call(&self.sip, call, now, side, peer, to_us, &message);
        }
    }

    fn trace_call(
        sip: &Sip,
        call: &mut Running,
        now: Micros,
        side: Side,
        peer: Peer,
        to_us: bool,
        message: &Message,
    ) {
        call.row(now, side, to_us, message);
        if let (Some(media), Some(own)) = (&call.media, sip.own_address(peer)) {
            let at_nanos = call.wall_us(now) * 1000;
            let (from, to) = if to_us {
                (peer.address, own)
            } else {
                (own, peer.address)
            };
            media.capture(at_nanos, from, to, message.bytes());
        }
    }

    /// An agent hears a message and answers.
    fn inside(&mut self, bytes: &[u8]) {
        let Ok(message) = Message::parse(bytes) else {
            return;
        };
        let key = message.call_id().to_vec();
        let Some(agent) = self.agents.get_mut(&key) else {
            return;
        };
        let first = matches!(&agent, Agent::Callee(callee) if !callee.plan.is_empty());
        self.next
            .extend(agent.hear(&message).into_iter().map(Next::Say));
        if let (true, Agent::Callee(callee)) = (first, agent) {
            let now = self.sip.now();
            for (after, act) in std::mem::take(&mut callee.plan) {
                self.count += 1;
                self.acts
                    .insert((now + after, self.count), (key.clone(), act));
            }
        }
    }

    /// Messages of this Call-ID belong to the call from here on.
    pub(super) fn follow(&mut self, call: CallId, side: Side, call_id: &[u8], tag: Option<&str>) {
        if let Some(running) = self.running.get_mut(&call) {
            running.call_ids.push(call_id.to_vec());
            let tag = tag.map(|t| t.as_bytes().to_vec());
            let sides = self.by_call_id.entry(call_id.to_vec()).or_default();
            sides.push(Followed { call, side, tag });
        }
    }

    pub(super) fn unfollow(&mut self, call: CallId, call_id: &[u8]) {
        if let Some(sides) = self.by_call_id.get_mut(call_id) {
            sides.retain(|f| f.call != call);
            if sides.is_empty() {
                self.by_call_id.remove(call_id);
            }
        }
    }

    /// A call is kept from its INVITE on.
    pub(super) fn keep(
        &mut self,
        now: Micros,
        call: CallId,
        from: Peer,
        invite: &Message,
        running: Running,
    ) {
        self.running.insert(call, running);
        self.follow(call, Side::A, invite.call_id(), None);
        if from.transport == Transport::Inside {
            return;
        }
        if let Some(running) = self.running.get_mut(&call) {
            Self::trace_call(&self.sip, running, now, Side::A, from, true, invite);
            running.trying(now, invite.cseq());
        }
    }

    pub(super) fn decide(&mut self, call: CallId, decision: Decision) {
        self.next.push_back(Next::Decide(call, decision));
    }

    pub(super) fn refuse(&mut self, call: CallId, code: u16, headers: &[(&str, String)]) {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone().into_bytes()))
            .collect();
        self.decide(call, Decision::Refuse(Refusal { code, headers }));
    }

    fn work(&mut self, work: Work) {
        match work {
            Work::Order(begun) => self.originate(begun),
            Work::Begun { call, ok } => {
                let waits = self.running.get_mut(&call).and_then(|r| r.waits.take());
                match (waits, ok) {
                    (Some(decision), true) => self.decide(call, decision),
                    (Some(_), false) => {
                        // What has no begin has no record.
                        self.forget(call);
                        self.refuse(call, 503, &[("Retry-After", "5".to_owned())]);
                    }
                    (None, _) => {}
                }
            }
            Work::Hangup(name) => {
                let found = self
                    .running
                    .iter()
                    .find(|(_, r)| r.facts.name == name && !matches!(r.task, Task::Far { .. }));
                self.next.extend(found.map(|(call, _)| Next::Hangup(*call)));
            }
            Work::Lost(to) => self.step(Input::TransportError { to }),
            Work::Kept { call, kept } => {
                if let Some(running) = self.running.get_mut(&call) {
                    running.kept = Some(*kept);
                    self.finish(call);
                }
            }
            Work::LetGo => {
                self.next
                    .extend(self.running.keys().copied().map(Next::LetGo));
            }
            Work::Drain { at_once } => {
                self.draining = true;
                if at_once {
                    self.next
                        .extend(self.running.keys().copied().map(Next::Hangup));
                }
            }
        }
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
