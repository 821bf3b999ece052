//! `stormglass serve`: the embedded service as a Glance that others can talk to.

use super::child::Child;
use super::judging::Judging;
use super::{Exit, Interruption, Told, size, told};
use crate::engine::Progress;
use crate::scenario::{self, Served};
use anyhow::Context;
use clap::Args;
use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use stormglass_glance::{Commands, room_for, runtime};
use stormglass_model::fault::{FaultKind, ReplyFault};
use stormglass_model::misuse::Misuse;
use stormglass_model::units::{Bytes, Span};
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
    /// Judges clients, and this server's own answers, and writes what is found when it ends
    #[arg(long)]
    judge: bool,
    /// Where what is found goes: a folder that is empty or does not exist [default: a new one under results/]
    #[arg(long, value_name = "DIR", requires = "judge")]
    out: Option<PathBuf>,
    /// Prints clients.json in place of the summary
    #[arg(long, requires = "judge")]
    json: bool,
    /// Listens also where other machines can connect. Then only who logs in with a password is answered
    #[arg(long)]
    yes_serve_everybody: bool,
    /// Runs a command, which finds the server in OS_AUTH_URL and what belongs to it, and ends with it
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

const HELP: &str = "\
Examples:
  stormglass serve
  stormglass serve scenarios/store-chaos.toml --listen 127.0.0.1:19292
  stormglass serve scenarios/bad-day.toml --judge -- pytest tests/
  stormglass serve scenarios/bad-day.toml --judge --listen 127.0.0.1:0 -- sh -c 'curl $STORMGLASS_SERVE_URL/v2/images'

With --judge it exits with 90 where a client made a mistake that the scenario does not accept, or an answer of its own was wrong, and
with 91 where no client asked for anything. With a command that failed it exits with 1, whatever was found.

Log in at http://127.0.0.1:9292/identity/v3 as admin, demo or alt, each with its name for a password and
for a project; or send the token `user:project:role1,role2`. docs/serve.md has examples.";

/// How much is kept in memory where nothing is said.
const MEMORY: Bytes = Bytes(1 << 30);
/// Connections that wait to be accepted at most; the system may allow fewer.
const BACKLOG: i32 = 16_384;
/// How often it is looked whether the user wants to stop.
const LOOK: Duration = Duration::from_millis(50);
/// How long clients are to wait between two looks where nothing is said.
const POLL: Span = Span::from_millis(500);
/// What is told when it is to stop.
const STOPPING: &str = "stopping: requests under way are given up";

pub fn serve(arguments: &Arguments, interruption: &Interruption) -> anyhow::Result<Exit> {
    check_reach(arguments)?;
    let (mut config, accepts) = config(arguments)?;
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
    let judging = match arguments.judge {
        true => {
            let out = arguments.out.as_deref();
            Some(Judging::begin(out, &config.name, config.seed.0, accepts)?)
        }
        false => None,
    };
    let user = usual(&config.users);
    let other = other_host(&mut config, arguments.listen)?;
    let server = Server::new(config).with_context(|| match folder {
        Some(folder) => format!("cannot keep data in {folder}"),
        None => "cannot serve".to_owned(),
    })?;
    let mut child = Child::start(&arguments.command, address, &user)?;
    let runtime = runtime()?;
    let stop = async {
        while !progress.is_interrupted() && !child.has_ended() {
            sleep(LOOK).await;
        }
    };
    LocalSet::new().block_on(&runtime, async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let other = other.map(tokio::net::TcpListener::from_std).transpose()?;
        tell!("serving: http://{address}, Keystone at http://{address}/identity/v3, this server's own path at http://{address}/stormglass");
        server.serve(listener, other, stop).await;
        anyhow::Ok(())
    })?;
    let failed = child.end();
    let exit = match judging {
        Some(judging) => judging.conclude(&server, arguments.json)?,
        None => Exit::Valid,
    };
    Ok(failed.unwrap_or(exit))
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
    // Connections that come all at once wait, and are not tried again after a second.
    rustix::net::listen(&listener, BACKLOG)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// What the server is told, and which mistakes of clients are accepted.
fn config(arguments: &Arguments) -> anyhow::Result<(Config, Vec<Misuse>)> {
    let mut config = Config::default();
    let mut memory = MEMORY;
    let mut accepts = Vec::new();
    config.judge = arguments.judge.then_some(POLL);
    if let Some(file) = &arguments.scenario {
        room_for(1)?;
        let served = scenario::read_for_serve(file, &arguments.overrides);
        let mut served = served.map_err(|mistakes| told(&mistakes))?;
        accepts = std::mem::take(&mut served.serve.accepts);
        memory = take_over(&mut config, served, memory);
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
    Ok((config, accepts))
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
    config.judge = config.judge.map(|usual| serve.poll.unwrap_or(usual));
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

/// The other host to which downloads are redirected, where a fault wants that: an address of this machine that is not the server's.
fn other_host(config: &mut Config, listen: SocketAddr) -> anyhow::Result<Option<TcpListener>> {
    let redirects = |rule: &FaultRule| {
        matches!(
            rule.kind,
            FaultKind::Reply {
                fault: ReplyFault::Redirect,
                ..
            }
        )
    };
    if !config.faults.iter().any(redirects) {
        return Ok(None);
    }
    let second = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    let bound = match listen.ip() {
        IpAddr::V4(Ipv4Addr::LOCALHOST) => TcpListener::bind((second, 0)),
        _ => TcpListener::bind((listen.ip(), 0)),
    };
    // Where there is no second address, another port is another host as well.
    let bound = bound.or_else(|_| TcpListener::bind((listen.ip(), 0)));
    let listener = bound.with_context(|| "cannot listen as the other host of a redirect")?;
    listener.set_nonblocking(true)?;
    config.other_host = Some(listener.local_addr()?);
    Ok(Some(listener))
}

/// As whom a command is to log in: the first who is no admin.
fn usual(users: &[User]) -> User {
    let admin = |user: &&User| !user.roles.iter().any(|role| role == "admin");
    let first = users.iter().find(admin).or(users.first()).cloned();
    first.unwrap_or_else(|| User {
        name: String::new(),
        password: String::new(),
        project: String::new(),
        roles: Vec::new(),
    })
}
