//! Where results come from: the scenario, the machine, and the command that brings them about again.

use crate::capacity::storage::Plan;
use crate::scenario::{Clock, Model, Scenario, Target, repeatable};
use serde::Serialize;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use stormglass_glance::shown::without_credentials;
use stormglass_model::fault::Place;

/// What reports say of a storm besides what it measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    pub(super) scenario: String,
    /// SHA-256 of the scenario, what it refers to and what was overridden, in hex.
    pub(super) scenario_sha256: String,
    /// Every key that the scenario writes, with its value.
    pub(super) keys: BTreeMap<String, String>,
    /// Of the first replication.
    pub(super) seed: u64,
    pub(super) clock: Clock,
    /// `embedded` or `glance`.
    pub(super) target: &'static str,
    /// Where the server is, without credentials; none for the embedded service.
    pub(super) target_url: Option<String>,
    /// The rules of the embedded service, or `glance`.
    pub(super) profile: &'static str,
    pub(super) host: Host,
    /// `stormglass run FILE`, quoted for a shell.
    command: String,
    /// `--set KEY=VALUE …` and what else it takes, quoted for a shell, with a space in front; empty without any.
    settings: String,
    /// What says when there are enough replications, as options of a command line.
    until: String,
    replications: u32,
    /// Whether virtual users send the load, who wait for their answers.
    pub(super) closed: bool,
    /// The names of the faults, by their ids.
    pub(super) faults: Vec<String>,
    /// What it says of storage.
    pub(super) plan: Plan,
    /// What a person should know of the scenario before they believe the figures.
    pub(super) cautions: Vec<String>,
}

/// The machine a storm ran on; never its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Host {
    /// Processors that the process may use.
    pub cores: usize,
    /// The operating system.
    pub os: &'static str,
    /// The processor's architecture.
    pub arch: &'static str,
}

impl Host {
    /// The machine this runs on.
    pub fn this() -> Host {
        Host {
            cores: std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            os: std::env::consts::OS,
            arch: std::env::consts::ARCH,
        }
    }
}

impl Origin {
    /// Describes a storm read from `file` with the `--set` options of the command line.
    pub fn new(scenario: &Scenario, file: &Path, settings: &[String], host: Host) -> Origin {
        let (target_url, profile) = match &scenario.target {
            Target::Embedded(service) => (None, service.rules.profile().name()),
            Target::Glance(glance) => (glance.url.as_deref().map(without_credentials), "glance"),
        };
        let commanded = (scenario.faults.iter()).any(|fault| fault.place == Place::Server);
        Origin {
            scenario: scenario.name.clone(),
            scenario_sha256: scenario.sha256.clone(),
            keys: scenario.keys.clone(),
            seed: scenario.seed.0,
            clock: scenario.clock,
            target: scenario.target.name(),
            target_url,
            profile,
            host,
            command: format!("stormglass run {}", quoted(&file.to_string_lossy())),
            settings: settings
                .iter()
                .map(|setting| format!(" --set {}", quoted(&repeatable(setting))))
                .chain(commanded.then(|| " --allow-commands".to_owned()))
                .collect(),
            until: String::new(),
            replications: scenario.replications.get(),
            closed: matches!(scenario.load.model, Model::Closed { .. }),
            faults: (scenario.faults.iter())
                .map(|fault| fault.name.clone())
                .collect(),
            plan: Plan::of(scenario),
            cautions: (scenario.cautions().into_iter())
                .map(|caution| caution.message)
                .collect(),
        }
    }

    /// Describes what another command than `run` did with the scenario, with the options that say what it looked for.
    pub(crate) fn of_command(
        command: &str,
        scenario: &Scenario,
        file: &Path,
        settings: &[String],
        options: &[String],
        host: Host,
    ) -> Origin {
        let mut origin = Origin::new(scenario, file, settings, host);
        let options: Vec<String> = options.iter().map(|option| quoted(option)).collect();
        let file = quoted(&file.to_string_lossy());
        origin.command = format!("stormglass {command} {file} {}", options.join(" "));
        origin
    }

    /// The same of a storm that ended when figures were known within this share.
    pub(crate) fn until_within(mut self, share: f64) -> Origin {
        self.until = format!(" --until-within {share}");
        self
    }

    /// The command that repeats the whole storm.
    pub(super) fn repeat(&self) -> String {
        self.command(self.seed, self.replications) + &self.until
    }

    /// The command that repeats the one run that had this seed.
    pub(super) fn repeat_run(&self, seed: u64) -> String {
        self.command(seed, 1)
    }

    fn command(&self, seed: u64, replications: u32) -> String {
        let replications = match self.replications {
            1 => String::new(),
            _ => format!(" --replications {replications}"),
        };
        format!(
            "{} --seed {seed}{replications}{}",
            self.command, self.settings
        )
    }
}

/// As one word of a POSIX shell.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        single_quoted(word)
    }
}

/// The same in any case.
pub(super) fn single_quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
