//! Inputs to one machine, and what it wants done.
use super::{ClientId, Layer, Outgoing, ServerId, Timer};
use crate::sip::clock::Micros;
use crate::sip::transaction::{Do, Todo, client, server};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passed {
    Nothing,
    Message,
    Timeout,
}

impl Layer {
    pub(super) fn drive_client(
        &mut self,
        now: Micros,
        id: ClientId,
        input: &client::Input<'_>,
        out: &mut Vec<Outgoing>,
    ) -> Passed {
        let Some(entry) = self.clients.get_mut(&id) else {
            return Passed::Nothing;
        };
        let before = entry.machine.deadline();
        let todo = entry.machine.step(now, input);
        let after = entry.machine.deadline();
        self.retime(Timer::Client(id), before, after);
        self.client_todo(id, todo, out)
    }

    pub(super) fn client_todo(
        &mut self,
        id: ClientId,
        todo: Todo,
        out: &mut Vec<Outgoing>,
    ) -> Passed {
        let mut passed = Passed::Nothing;
        for todo in todo {
            match todo {
                Do::Send(bytes) => out.extend(
                    self.clients
                        .get(&id)
                        .map(|c| Outgoing { to: c.peer, bytes }),
                ),
                Do::Pass => passed = Passed::Message,
                Do::Timeout | Do::Gone => {
                    if todo == Do::Timeout {
                        passed = Passed::Timeout;
                    }
                    if let Some(entry) = self.clients.remove(&id) {
                        self.client_keys.remove(&entry.key);
                    }
                }
            }
        }
        passed
    }

    /// True: the user is concerned (an ACK to a 2xx; or the transaction ended without its ACK).
    pub(super) fn drive_server(
        &mut self,
        now: Micros,
        id: ServerId,
        input: server::Input,
        out: &mut Vec<Outgoing>,
    ) -> bool {
        let Some(entry) = self.servers.get_mut(&id) else {
            return false;
        };
        let before = entry.machine.deadline();
        let todo = entry.machine.step(now, input);
        let (after, peer) = (entry.machine.deadline(), entry.peer);
        self.retime(Timer::Server(id), before, after);
        let mut concerned = false;
        for todo in todo {
            match todo {
                Do::Send(bytes) => out.push(Outgoing { to: peer, bytes }),
                Do::Pass => concerned = true,
                Do::Timeout | Do::Gone => {
                    concerned |= todo == Do::Timeout;
                    if let Some(entry) = self.servers.remove(&id) {
                        self.server_keys.remove(&entry.key);
                        self.leave(entry.source);
                        if let Some(merged) = entry.merged {
                            self.merges.remove(&merged);
                        }
                    }
                }
            }
        }
        concerned
    }

    fn leave(&mut self, source: std::net::IpAddr) {
        if let std::collections::hash_map::Entry::Occupied(mut held) = self.sources.entry(source) {
            *held.get_mut() -= 1;
            if *held.get() == 0 {
                held.remove();
            }
        }
    }

    pub(super) fn retime(&mut self, timer: Timer, before: Option<Micros>, after: Option<Micros>) {
        if before == after {
            return;
        }
        if let Some(at) = before {
            self.timers.remove(&(at, timer));
        }
        self.timers.extend(after.map(|at| (at, timer)));
    }
}
