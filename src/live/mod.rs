//! A run under way, shown in a browser and to Prometheus, by a server on a thread of its own.
//!
//! It looks at the run's tally once an interval, and whoever is connected hears of it. No browser, however slow, holds up a run.

mod gate;
#[cfg(feature = "otlp")]
mod otlp;
mod server;
mod state;

pub use gate::Token;
#[cfg(feature = "otlp")]
pub use otlp::{Collector, Push};

use crate::engine::Progress;
use crate::report::LivePage;
use crate::report::exposition::RunMetrics;
use crate::scenario::{Clock, Scenario};
use gate::Gate;
use state::{News, State};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use stormglass_glance::{NoRuntime, runtime};
use tokio::sync::{oneshot, watch};
use tokio::task::LocalSet;

/// Why nobody can watch.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Everybody on the network could see the run and stop it.
    #[error(
        "{0} can be reached from other machines, so that a run there needs a token; \
         set STORMGLASS_LIVE_TOKEN, or name a file that holds it with --live-token-file"
    )]
    NoToken(SocketAddr),
    /// The system gives it not.
    #[error("cannot listen on {0}: {1}; name another address, or a free port with port 0")]
    Address(SocketAddr, io::Error),
}

/// A place where the run will be shown.
#[derive(Debug)]
pub struct Listening {
    listener: TcpListener,
    gate: Gate,
}

impl Listening {
    /// Takes an address. One that other machines reach needs a token.
    pub fn at(address: SocketAddr, token: Option<Token>) -> Result<Listening, ListenError> {
        if token.is_none() && !address.ip().is_loopback() {
            return Err(ListenError::NoToken(address));
        }
        let taken = || {
            let listener = TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        };
        let failed = |error| ListenError::Address(address, error);
        let (listener, address) = taken().map_err(failed)?;
        Ok(Listening {
            listener,
            gate: Gate { address, token },
        })
    }

    /// Where a browser finds it, without the token.
    pub fn url(&self) -> String {
        format!("http://{}/", self.gate.address)
    }

    /// Whether whoever asks must know a token.
    pub fn has_token(&self) -> bool {
        self.gate.token.is_some()
    }

    /// Begins to show a run. `stop` is called when somebody wants it to stop.
    pub fn show(
        self,
        scenario: &Scenario,
        progress: &Arc<Progress>,
        stop: impl Fn() + Send + 'static,
    ) -> Result<Live, NoRuntime> {
        let Listening { listener, gate } = self;
        let (page, metrics) = (LivePage::new(scenario), RunMetrics::new(scenario));
        let (progress, is_virtual) = (Arc::clone(progress), scenario.clock == Clock::Virtual);
        let runtime = runtime()?;
        let (ended, end) = oneshot::channel();
        let serves = thread::Builder::new().name("live".to_owned());
        let thread = serves.spawn(move || {
            let state = Rc::new(State {
                gate,
                page,
                metrics,
                progress,
                is_virtual,
                stop: Box::new(stop),
                tally: RefCell::default(),
                points: RefCell::new(VecDeque::new()),
                news: watch::Sender::new(News::default()),
                feeds: Cell::new(0),
                report: RefCell::new(None),
                fetched: Cell::new(0),
            });
            LocalSet::new().block_on(&runtime, async {
                // A run that nobody can watch is still a run.
                if let Ok(listener) = tokio::net::TcpListener::from_std(listener) {
                    server::serve(listener, state, end).await;
                }
            });
            runtime.shutdown_background();
        })?;
        Ok(Live {
            end: Some((ended, thread)),
        })
    }
}

/// Tells that the run has ended, with its report if there is one.
type End = oneshot::Sender<Option<Vec<u8>>>;

/// A run that is shown. It is shown no more when this goes.
#[derive(Debug)]
pub struct Live {
    /// What its thread waits for, and the thread; none once it has ended.
    end: Option<(End, JoinHandle<()>)>,
}

impl Live {
    /// The run has ended: whoever watches is given its report, and has a few seconds to fetch it.
    pub fn end(mut self, report: Option<Vec<u8>>) {
        self.close(report);
    }

    fn close(&mut self, report: Option<Vec<u8>>) {
        if let Some((ended, thread)) = self.end.take() {
            let _ = ended.send(report); // its thread may have ended
            let _ = thread.join();
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.close(None);
    }
}
