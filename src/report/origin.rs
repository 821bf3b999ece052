//! Where results come from: the scenario, the machine, and the command that brings them about again.

use crate::scenario::{Clock, Scenario, Target};
use std::num::NonZeroUsize;
use std::path::Path;
use stormglass_model::fault::Place;

/// What reports say of a storm besides what it measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The scenario's name.
    pub scenario: String,
    /// SHA-256 of the scenario, what it refers to and what was overridden, in hex.
    pub scenario_sha256: String,
    /// The seed of the first replication.
    pub seed: u64,
    /// What time it followed.
    pub clock: Clock,
    /// `embedded` or `glance`.
    pub target: &'static str,
    /// Where the server is, without credentials; none for the embedded service.
    pub target_url: Option<String>,
    /// The rules of the embedded service, or `glance`.
    pub profile: &'static str,
    /// The machine it ran on.
    pub host: Host,
    /// `stormglass run FILE`, quoted for a shell.
    command: String,
    /// `--set KEY=VALUE …` and what else it takes, quoted for a shell, with a space in front; empty without any.
    settings: String,
    replications: u32,
}

/// The machine a storm ran on; never its name.
#[derive(Clone, Debug, PartialEq, Eq)]
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
            seed: scenario.seed.0,
            clock: scenario.clock,
            target: scenario.target.name(),
            target_url,
            profile,
            host,
            command: format!("stormglass run {}", quoted(&file.to_string_lossy())),
            settings: settings
                .iter()
                .map(|setting| format!(" --set {}", quoted(&redacted(setting))))
                .chain(commanded.then(|| " --allow-commands".to_owned()))
                .collect(),
            replications: scenario.replications.get(),
        }
    }

    /// The command that repeats the whole storm.
    pub(crate) fn repeat(&self) -> String {
        let Origin {
            command,
            seed,
            settings,
            replications,
            ..
        } = self;
        match replications {
            1 => format!("{command} --seed {seed}{settings}"),
            n => format!("{command} --seed {seed} --replications {n}{settings}"),
        }
    }

    /// The command that repeats the one run that had this seed.
    pub(crate) fn repeat_run(&self, seed: u64) -> String {
        let Origin {
            command,
            settings,
            replications,
            ..
        } = self;
        match replications {
            1 => format!("{command} --seed {seed}{settings}"),
            _ => format!("{command} --seed {seed} --replications 1{settings}"),
        }
    }
}

/// As one word of a POSIX shell.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// `KEY=VALUE` without the value where key or value speak of a secret: results are made to be shared. The
/// name of an environment variable is none.
fn redacted(setting: &str) -> String {
    let Some((key, value)) = setting.split_once('=') else {
        return setting.to_owned();
    };
    let key = key.trim_end();
    let secret = ["token", "password", "secret", "database"]
        .iter()
        .any(|word| key.contains(word) || value.contains(word));
    if secret && !key.ends_with("_env") {
        return format!("{key}=…");
    }
    format!("{key}={}", without_credentials(value))
}

/// A URL without `user:password@`.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_split_them() {
        assert_eq!(quoted("scenarios/smoke.toml"), "scenarios/smoke.toml");
        assert_eq!(
            quoted("load.arrivals.rate=\"5/s\""),
            "'load.arrivals.rate=\"5/s\"'"
        );
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }

    #[test]
    fn secrets_stay_out_of_results() {
        assert_eq!(
            redacted("target.glance.member.token=abc"),
            "target.glance.member.token=…"
        );
        assert_eq!(redacted("seed=7"), "seed=7");
        assert_eq!(
            redacted("target.glance={url=\"http://host\",token=\"abc\"}"),
            "target.glance=…"
        );
        assert_eq!(
            redacted("target.glance.token_env=MEMBER"),
            "target.glance.token_env=MEMBER"
        );
        assert_eq!(
            redacted("target.glance.probe.database=mysql://me:p/w@host/glance"),
            "target.glance.probe.database=…"
        );
        assert_eq!(
            redacted("target.glance.url=http://me:pw@host:9292"),
            "target.glance.url=http://host:9292"
        );
        assert_eq!(
            without_credentials("http://me:pw@host:9292/image"),
            "http://host:9292/image"
        );
        assert_eq!(without_credentials("http://host:9292"), "http://host:9292");
    }
}
