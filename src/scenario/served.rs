//! What `stormglass serve` reads of a scenario: the service, its faults, and `[serve]`. The load is passed over.

use super::Target;
use super::fault;
use super::mistake::Mistakes;
use super::read::{check_schema, name, read_root};
use super::reader::Fields;
use super::serve::Serve;
use super::target;
use std::path::Path;
use stormglass_model::config::{FailureRule, ServiceConfig};
use stormglass_model::fault::Fault;
use stormglass_model::random::Seed;

/// What a server is told by a scenario.
#[derive(Clone, Debug)]
pub struct Served {
    /// The scenario's name.
    pub name: String,
    /// Its seed.
    pub seed: Seed,
    /// The service; it follows Glance's rules unless the scenario says otherwise.
    pub service: ServiceConfig,
    /// Its faults. Those without a window wait to be opened by hand.
    pub faults: Vec<(Fault, bool)>,
    /// What `[serve]` says.
    pub serve: Serve,
}

/// Reads what a server is told by a scenario file.
pub fn read_for_serve(path: &Path, overrides: &[String]) -> Result<Served, Mistakes> {
    read_root(path, overrides, served)
}

/// What a run reads nothing of, and a server does not either.
const OF_A_RUN: [&str; 10] = [
    "replications",
    "clock",
    "load",
    "story",
    "phase",
    "settle",
    "report",
    "thresholds",
    "forecast",
    "prices",
];

/// Reads the root of a scenario.
fn served(t: &mut Fields) -> Option<Served> {
    check_schema(t);
    let name = t.need_with("name", "\"a-test-cloud\"", name);
    let seed = t.or("seed", 42);
    let named = t.input("service").is_some_and(|it| it.has("profile"));
    let target = target::read(t);
    if matches!(target, Some(Target::Glance(_))) {
        let message = "this scenario runs on a real Glance, and `serve` is the embedded service";
        t.wrong_key("target", message, "leave out [target.glance]");
    }
    let faults = fault::read(t, target.as_ref(), true, None);
    let serve = t.get::<Serve>("serve");
    for key in OF_A_RUN {
        let _ = t.input(key);
    }
    let windows = t.tables("fault");
    let windowed = windows.iter().map(|it| it.has("window"));
    let mut service = match target? {
        Target::Embedded(service) => *service,
        Target::Glance(_) => return None,
    };
    if !named {
        service.rules = FailureRule::Glance;
    }
    Some(Served {
        name: name?,
        seed: Seed(seed),
        service,
        faults: faults.into_iter().zip(windowed).collect(),
        serve: serve.unwrap_or_default(),
    })
}
