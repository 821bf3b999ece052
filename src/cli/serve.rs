//! `stormglass serve`: the embedded service as a Glance that others can talk to.

use super::{Exit, Interruption, Told, size, told};
use crate::engine::Progress;
use crate::scenario::{self, Served};
use anyhow::Context;
use clap::Args;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use stormglass_glance::{Commands, room_for, runtime};
use stormglass_model::units::Bytes;
use stormglass_serve::{Config, FaultRule, Keep, Server, User};
use tokio::task::LocalSet;
use tokio::time::sleep;

/// Serves the embedded service as an OpenStack Glance: the image API v2, and as much of Keystone as clients need to log in
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// A scenario, of which the service, its faults and `[serve]` count; without one nothing takes time and nothing fails
    scenario: Option<PathBuf>,
    /// Where to listen. Port 0 is any that is free
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9292")]
    listen: SocketAddr,
    /// Keeps data in this folder, which must be new or empty, and not in memory
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// How much data is kept in memory at most; what is more is answered 413
    #[arg(long, value_name = "SIZE", value_parser = size, conflicts_with = "data")]
    memory: Option<Bytes>,
    /// Sets a key over the scenario's, as service.store.put=5ms
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "scenario")]
    overrides: Vec<String>,
    /// Listens also where other machines can connect. Then only who logs in with a password is answered
    #[arg(long)]
    yes_serve_everybody: bool,
}

const HELP: &str = "\
Log in at http://127.0.0.1:9292/identity/v3 as admin, demo or alt, each with its name for a password and
for a project; or send the token `user:project:role1,role2`. docs/serve.md has examples.";

/// How much is kept in memory where nothing is said.
const MEMORY: Bytes = Bytes(1 << 30);
/// How often it is looked whether the user wants to stop.
const LOOK: Duration = Duration::from_millis(50);
/// What is told when it is to stop.
const STOPPING: &str = "stopping: requests under way are given up";

pub fn serve(arguments: &Arguments, interruption: &Interruption) -> anyhow::Result<Exit> {
    check_reach(arguments)?;
    let config = config(arguments)?;
    let listener = listen(arguments)?;
    let address = listener.local_addr()?;
    room_for(64)?;
    many_files();
    let progress = Arc::new(Progress::default());
    interruption.stops(&progress, &Commands::default(), STOPPING);
    let folder = arguments
        .data
        .as_ref()
        .map(|folder| folder.display().to_string());
    let server = Server::new(config).with_context(|| match folder {
        Some(folder) => format!("cannot keep data in {folder}"),
        None => "cannot serve".to_owned(),
    })?;
    let runtime = runtime()?;
    let stop = async move {
        while !progress.is_interrupted() {
            sleep(LOOK).await;
        }
    };
    LocalSet::new().block_on(&runtime, async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        tell!("serving: http://{address}, Keystone at http://{address}/identity/v3, this server's own path at http://{address}/stormglass");
        server.serve(listener, stop).await;
        anyhow::Ok(())
    })?;
    Ok(Exit::Valid)
}

/// Whether it is wanted that others connect, if they can.
fn check_reach(arguments: &Arguments) -> anyhow::Result<()> {
    let address = arguments.listen;
    if address.ip().is_loopback() || arguments.yes_serve_everybody {
        return Ok(());
    }
    tell!(
        "stormglass: {address} can be reached from other machines, and whoever connects may fill this one; add --yes-serve-everybody if that is wanted"
    );
    Err(Told(Exit::Usage).into())
}

/// Takes the address; says in one line why it cannot be had.
fn listen(arguments: &Arguments) -> anyhow::Result<TcpListener> {
    let address = arguments.listen;
    let listener = TcpListener::bind(address).map_err(|error| {
        let help = match error.kind() {
            std::io::ErrorKind::AddrInUse => "; name another one with --listen",
            _ => "",
        };
        tell!("stormglass: cannot listen at {address}: {error}{help}");
        Told(Exit::CouldNotRun)
    })?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn config(arguments: &Arguments) -> anyhow::Result<Config> {
    let mut config = Config::default();
    let mut memory = MEMORY;
    if let Some(file) = &arguments.scenario {
        room_for(1)?;
        let served = scenario::read_for_serve(file, &arguments.overrides);
        memory = take_over(
            &mut config,
            served.map_err(|mistakes| told(&mistakes))?,
            memory,
        );
    }
    config.keep = match &arguments.data {
        Some(folder) => Keep::Folder(folder.clone()),
        None => Keep::Memory(arguments.memory.unwrap_or(memory).0),
    };
    config.open = !arguments.listen.ip().is_loopback();
    if config.open && config.users == User::usual() {
        tell!(
            "stormglass: everybody knows the usual passwords; name who may log in under [[serve.users]] in a scenario"
        );
        return Err(Told(Exit::Usage).into());
    }
    // A token that anybody can write is none.
    config.development_tokens = !config.open;
    Ok(config)
}

/// Takes over what a scenario says; gives how much memory there is for data.
fn take_over(config: &mut Config, served: Served, memory: Bytes) -> Bytes {
    config.name = served.name;
    config.seed = served.seed;
    config.service = served.service;
    config.faults = (served.faults.into_iter())
        .map(|(fault, windowed)| FaultRule {
            name: fault.name,
            place: fault.place,
            kind: fault.kind,
            from: windowed.then_some(fault.from.since(stormglass_model::units::Time::ZERO)),
            to: fault
                .to
                .map(|to| to.since(stormglass_model::units::Time::ZERO)),
        })
        .collect();
    let serve = served.serve;
    if !serve.users.is_empty() {
        config.users = (serve.users.into_iter())
            .map(|user| User {
                name: user.name,
                password: user.password,
                project: user.project,
                roles: user.roles,
            })
            .collect();
    }
    config.size_cap = serve.size_cap;
    config.quota = serve.quota;
    config.show_locations = serve.show_locations.unwrap_or(config.show_locations);
    serve.memory.unwrap_or(memory)
}

/// Lets the process have as many files as it may, for as many connections.
fn many_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit); // fewer connections, and no more
}
