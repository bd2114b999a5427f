//! What this process may do in a provider's lane now: pause, parking, credential, breaker, concurrency.

use std::time::Instant;

use super::work::Steps;
use crate::breakers::{Admission, State};
use crate::catalogue;
use crate::providers::gateway::budget::Room;
use crate::providers::limiter::share;
use crate::queue::engine::Gate;
use crate::queue::lane::Switch;

/// Jobs of our own that run at once in a process; their work is done by the settler.
const OWN_AT_ONCE: u32 = 64;

impl Steps {
    /// By a person, by a cause that the fleet knows, or by one that this process has just found. Not even a probe goes out.
    fn is_stopped(&self, lane: &str, switch: &Switch) -> bool {
        let until = self.shut_until().get(lane).copied();
        until.is_some_and(|until| Instant::now() < until)
            || *self.resting.borrow()
            || switch.paused
            || switch.parked_reason.is_some()
            || switch.concurrency == Some(0)
    }

    /// The gate of `lane`.
    pub(super) fn look_at(&self, lane: &'static str) -> Gate {
        let standing = self.standing.borrow();
        let switch = standing.switches.get(lane).cloned().unwrap_or_default();
        if Instant::now() >= standing.valid_until {
            return Gate::Hold;
        }
        if standing.quiet {
            return Gate::Shut;
        }
        let Some(line) = self.bench.gateway.line(lane) else {
            // Our own work asks nobody.
            let ours = catalogue::provider(lane).is_some_and(|p| p.breaker.is_none());
            return if ours && !self.is_stopped(lane, &switch) { Gate::Open(OWN_AT_ONCE) } else { Gate::Shut };
        };
        let stopped = self.is_stopped(lane, &switch) || !self.bench.gateway.has_credential(line);
        line.stop(stopped);
        if stopped {
            return Gate::Shut;
        }
        if line.room() == Room::Later {
            return Gate::Shut;
        }
        let now = self.bench.clock.now();
        let breaker = line.guard.shared();
        // Silence that the provider asked for holds for the probe, too; and after an outage the limit is found anew.
        let limit = line.limiter.lock().map_or(1, |mut limiter| {
            if breaker.state != State::Closed {
                limiter.at_most(line.guard.rules().full);
            }
            limiter.allowed(now)
        });
        if limit > 0 && breaker.wants_probe(now) {
            return Gate::Probe;
        }
        if line.guard.admit() == Admission::Refused {
            return Gate::Shut;
        }
        let (nodes, rank) = standing.places.get(lane).copied().unwrap_or((1, 0));
        let mine = |whole: u32| share(whole, nodes, rank);
        let mut allowed = mine(limit);
        if breaker.state == State::HalfOpen {
            allowed = allowed.min(mine(breaker.ramp_limit));
        }
        if let Some(concurrency) = switch.concurrency {
            allowed = allowed.min(mine(u32::try_from(concurrency).unwrap_or(0)));
        }
        if let Some(here) = switch.node_concurrency {
            allowed = allowed.min(u32::try_from(here).unwrap_or(0));
        }
        if let Some(per_second) = line.per_second() {
            // More hands than calls in a second would only stand and wait.
            allowed = allowed.min(per_second);
        }
        if self.bench.world.borrow().incident {
            // What is left of the network is not pushed to its limit while three providers are down.
            allowed = allowed.div_ceil(2);
        }
        // Nothing is kept while the provider asked for silence, or while others have all of the concurrency.
        if allowed == 0 { Gate::Shut } else { Gate::Open(allowed) }
    }
}
