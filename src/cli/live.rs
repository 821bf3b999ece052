//! `--live`: a run under way in a browser.

use super::{Exit, STOPPING, Told};
use crate::engine::Progress;
#[cfg(feature = "otlp")]
use crate::live::{Collector, Push};
use crate::live::{Listening, Live, Token};
use crate::report::{Folder, PAGE};
use crate::scenario::Scenario;
use clap::Args;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use stormglass_glance::input;
use stormglass_model::units::Bytes;

/// Where a run is shown, and to whom.
#[derive(Debug, Args)]
pub struct LiveArguments {
    /// Shows the run in a browser while it goes on, with a button that stops it, and its metrics to Prometheus under /metrics: on
    /// 127.0.0.1:5665 where no address follows. Port 0 is any that is free
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        num_args = 0..=1,
        default_missing_value = "127.0.0.1:5665",
        value_parser = address
    )]
    live: Option<SocketAddr>,
    /// A file with a token that whoever watches must know; STORMGLASS_LIVE_TOKEN may hold it in its place. An address that other
    /// machines reach needs one
    #[arg(long, value_name = "FILE", requires = "live")]
    live_token_file: Option<PathBuf>,
    /// Pushes the metrics of the run to a collector by OTLP over HTTP, every ten seconds and at the end, as http://127.0.0.1:4318
    #[cfg(feature = "otlp")]
    #[arg(long, value_name = "URL")]
    otlp: Option<Collector>,
}

/// A token takes less.
const TOKEN: Bytes = Bytes(4_096);

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "write an address and a port, as 127.0.0.1:5665; for that one, put --live behind the scenario"
            .to_owned()
    })
}

impl LiveArguments {
    /// Takes the address. Where it cannot be had, nothing is begun.
    pub fn listen(&self) -> anyhow::Result<Option<Listening>> {
        let Some(address) = self.live else {
            return Ok(None);
        };
        let token = self
            .token()
            .and_then(|token| Listening::at(address, token).map_err(|error| error.to_string()));
        token.map(Some).map_err(|error| {
            tell!("stormglass: {error}");
            Told(Exit::Usage).into()
        })
    }

    fn token(&self) -> Result<Option<Token>, String> {
        let (text, from) = match &self.live_token_file {
            Some(file) => (Some(read(file)?), "the token file"),
            None => {
                let text =
                    std::env::var_os("STORMGLASS_LIVE_TOKEN").filter(|text| !text.is_empty());
                let text = text.map(|text| text.to_string_lossy().into_owned());
                (text, "STORMGLASS_LIVE_TOKEN")
            }
        };
        let token = |text: String| {
            Token::new(text.trim()).ok_or_else(|| {
                format!(
                    "{from} must hold 16 to 256 letters, digits or any of -_.~ and nothing else; \
                     `openssl rand -hex 16` makes a token"
                )
            })
        };
        text.map(token).transpose()
    }
}

fn read(file: &Path) -> Result<String, String> {
    input::text(file, TOKEN).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

impl LiveArguments {
    /// What the run counts: all that can be asked for where somebody may ask.
    pub fn progress(&self) -> Arc<Progress> {
        let watched = self.live.is_some();
        #[cfg(feature = "otlp")]
        let watched = watched || self.otlp.is_some();
        Arc::new(match watched {
            true => Progress::tallied(),
            false => Progress::default(),
        })
    }

    /// Begins to show a run, and says where.
    pub fn show(
        &self,
        listening: Option<Listening>,
        scenario: &Scenario,
        progress: &Arc<Progress>,
    ) -> anyhow::Result<Shown> {
        #[cfg(feature = "otlp")]
        let push = (self.otlp.clone())
            .map(|collector| Push::begin(collector, scenario, progress))
            .transpose()?;
        let theirs = Arc::clone(progress);
        let stop = move || {
            theirs.interrupt();
            tell!("{STOPPING}");
        };
        let show = |listening: Listening| {
            let token = if listening.has_token() {
                "?token=…"
            } else {
                ""
            };
            tell!("live: {}{token}", listening.url());
            listening.show(scenario, progress, stop)
        };
        Ok(Shown {
            live: listening.map(show).transpose()?,
            #[cfg(feature = "otlp")]
            push,
        })
    }
}

/// A run that is shown.
#[derive(Debug)]
pub struct Shown {
    live: Option<Live>,
    #[cfg(feature = "otlp")]
    push: Option<Push>,
}

impl Shown {
    /// The run has ended: whoever watches sees its report.
    pub fn end(self, folder: &Folder) {
        #[cfg(feature = "otlp")]
        if let Some(Err(error)) = self.push.map(Push::end) {
            tell!("stormglass: {error}");
        }
        if let Some(live) = self.live {
            live.end(fs::read(folder.path().join(PAGE)).ok());
        }
    }
}
