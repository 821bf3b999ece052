//! A run, or a shard of one, on the embedded service: the same on either runtime.

use super::actor::Runtime;
use super::actor_table::{ActorTable, ControlActors};
use super::driver::Share;
use super::nemesis::Nemesis;
use super::progress::Progress;
use super::recorder::{Recorder, seed_of};
use super::run_checker::RunChecker;
use super::storm::Storm;
use crate::scenario::{Clock, Scenario};
use std::sync::Arc;
use stormglass_model::config::ServiceConfig;
use stormglass_model::fault::Faults;
use stormglass_model::service::Service;

/// The storm of replication `run` (from one), or of one shard of it, with that shard's share of the service.
pub fn storm<S: Runtime>(
    scenario: &Scenario,
    config: ServiceConfig,
    run: u32,
    share: Share,
    progress: &Arc<Progress>,
) -> Storm<Service<ActorTable<S>>, S> {
    let seed = seed_of(scenario, run);
    let own = match scenario.clock {
        Clock::Virtual => seed,
        Clock::Real => seed.named("shard").numbered(u64::from(share.index)),
    };
    let checker = RunChecker::embedded(&config);
    let recorder = Recorder::new(scenario, run, checker, Arc::clone(progress));
    let controls = ControlActors::new(recorder, Nemesis::new(&scenario.faults));
    let actors = ActorTable::new(Service::<ActorTable<S>>::scrubber_of(&config));
    let service = Service::new(config, Faults::new(&scenario.faults, own), own, actors);
    Storm::new(scenario, seed, share, service, controls)
}
