//! A command that is run while the server serves, and that ends it.

use super::exit::{Exit, Told};
use rustix::process::{Pid, Signal, kill_process};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::process::{Child as Process, Command, ExitStatus};
use std::thread::sleep;
use std::time::Duration;
use stormglass_serve::User;

/// How often it is looked whether it has ended, and how often at most before it is killed.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS: u32 = 100;

/// A command, or none.
pub struct Child {
    process: Option<Process>,
    ended: Option<ExitStatus>,
}

impl Child {
    /// Starts it, if there is one; it finds in its environment where the server is, and who it is there.
    pub fn start(command: &[OsString], address: SocketAddr, user: &User) -> anyhow::Result<Child> {
        let Some((program, rest)) = command.split_first() else {
            return Ok(Child {
                process: None,
                ended: None,
            });
        };
        let started = Command::new(program)
            .args(rest)
            .env("STORMGLASS_SERVE_URL", format!("http://{address}"))
            .env("OS_AUTH_URL", format!("http://{address}/identity/v3"))
            .env("OS_USERNAME", &user.name)
            .env("OS_PASSWORD", &user.password)
            .env("OS_PROJECT_NAME", &user.project)
            .env("OS_USER_DOMAIN_NAME", "Default")
            .env("OS_PROJECT_DOMAIN_NAME", "Default")
            .env("OS_IDENTITY_API_VERSION", "3")
            .env("OS_REGION_NAME", "RegionOne")
            .env_remove("OS_CLOUD")
            .spawn();
        let process = started.map_err(|error| {
            tell!("stormglass: cannot run {}: {error}", program.display());
            Told(Exit::CouldNotRun)
        })?;
        Ok(Child {
            process: Some(process),
            ended: None,
        })
    }

    /// Whether it has ended by itself; one that is not there never does.
    pub fn has_ended(&mut self) -> bool {
        if let (Some(process), None) = (&mut self.process, self.ended) {
            self.ended = process.try_wait().ok().flatten();
        }
        self.ended.is_some()
    }

    /// Ends it if it is still there; says how the process is to end where it failed.
    pub fn end(mut self) -> Option<Exit> {
        if !self.has_ended()
            && let Some(process) = &self.process
            && let Some(pid) = Pid::from_raw(process.id().cast_signed())
        {
            let _ = kill_process(pid, Signal::TERM); // gone meanwhile
        }
        for _ in 0..LOOKS {
            if self.process.is_none() || self.has_ended() {
                break;
            }
            sleep(LOOK);
        }
        let process = self.process.as_mut()?;
        if self.ended.is_none() {
            let _ = process.kill(); // gone meanwhile
            self.ended = process.wait().ok();
        }
        match self.ended {
            Some(status) if status.success() => None,
            Some(status) => {
                tell!("stormglass: the command failed: {status}");
                Some(Exit::CouldNotRun)
            }
            None => Some(Exit::CouldNotRun),
        }
    }
}
