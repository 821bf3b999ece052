//! The real server on which `stormglass advise --confirm` measures what it advises.

use super::exit::{Exit, Told};
use super::reach::reach;
use crate::capacity::Advice;
use crate::scenario::{Clock, NamedPhase, Scenario, Target};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use stormglass_glance::{Command, Commands, Journal};
use stormglass_model::units::{Span, Time};

/// Set-ups that are measured on a real server.
pub const CONFIRMED: usize = 2;
/// The command that restarts it.
const RESTART: &str = "restart";
/// The share of a storm on it that is warm-up.
const WARM_UP: f64 = 0.15;

/// What the command line says of it.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// How long a storm lasts.
    pub length: Span,
    /// How many of one set-up there are at most.
    pub replications: NonZeroU32,
    /// Whether it may be on another machine.
    pub yes_load_this_server: bool,
}

/// The real server, and what it is measured with.
pub struct Server {
    pub scenario: Scenario,
    /// Where that is written.
    file: PathBuf,
    /// What restarts it.
    restart: Command,
    /// Storms of one set-up at most.
    pub replications: NonZeroU32,
}

impl Server {
    /// Reads where it is. It is given the load and the stories of the scenario that is advised on.
    pub fn read(file: &Path, asked: Asked, first: &Scenario) -> anyhow::Result<Server> {
        let mut scenario = super::read(file, &[])?;
        let Target::Glance(target) = &mut scenario.target else {
            let why = format!(
                "{} has no [target.glance]: --confirm is about a real server",
                file.display()
            );
            return Err(misused(&why));
        };
        let restart = target.commands.iter().find(|it| it.name == RESTART);
        let Some(restart) = restart.cloned() else {
            let why = format!(
                "{} has no [target.glance.commands.{RESTART}], which restarts the server with another set-up",
                file.display()
            );
            return Err(misused(&why));
        };
        **target = reach(target, asked.yes_load_this_server)?;
        let warm_up = Span((asked.length.0 as f64 * WARM_UP) as u64);
        scenario.clock = Clock::Real;
        scenario.stories.clone_from(&first.stories);
        scenario.thresholds.clone_from(&first.thresholds);
        scenario.load = first.load.clone();
        scenario.load.duration = Some(asked.length);
        scenario.load.subjects = None;
        scenario.load.warm_up = warm_up;
        scenario.faults.clear();
        scenario.replications = NonZeroU32::MIN;
        let phase = |name: &str, from| NamedPhase {
            name: name.to_owned(),
            from,
        };
        scenario.phases = vec![phase("warm_up", Time::ZERO), phase("load", Time(warm_up.0))];
        Ok(Server {
            scenario,
            file: file.to_owned(),
            restart,
            replications: asked.replications,
        })
    }

    /// A command for each of the best set-ups. The first one's undo takes back all of them.
    pub fn commands(&self, advice: &Advice, journal: &Journal) -> Commands {
        let best = advice.enough().take(CONFIRMED).enumerate();
        let commands: Vec<Command> = best
            .map(|(at, tried)| {
                let setup = tried.setup;
                Command {
                    name: named(at),
                    run: format!(
                        "export STORMGLASS_PROCESSES={} STORMGLASS_THREADS={} STORMGLASS_CONNECTIONS={} STORMGLASS_SLOTS={}\n{}",
                        setup.processes, setup.threads, setup.connections, setup.slots, self.restart.run
                    ),
                    undo: self.restart.undo.clone().filter(|_| at == 0),
                    ..self.restart.clone()
                }
            })
            .collect();
        let commands = Commands::new(&commands, true);
        commands.write_into(journal, &self.file);
        commands
    }
}

/// The name of the command for the best set-up but so many.
pub fn named(at: usize) -> String {
    format!("{RESTART} {}", at + 1)
}

fn misused(why: &str) -> anyhow::Error {
    tell!("stormglass: {why}");
    Told(Exit::Usage).into()
}
