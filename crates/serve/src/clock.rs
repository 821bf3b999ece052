//! The one place of this package that reads the wall's time. It can be held.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use stormglass_model::units::{Span, Time};

/// A clock that started with the server.
#[derive(Debug)]
pub(crate) struct Clock {
    started: Instant,
    /// Nanoseconds since 1970 when it started.
    origin: u64,
    /// Nanoseconds for which it was held so far.
    held: u64,
    /// When it was held, if it is.
    frozen: Option<Time>,
}

impl Clock {
    /// Starts now.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn start() -> Clock {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Clock {
            started: Instant::now(),
            origin: since.map_or(0, |since| since.as_nanos() as u64),
            held: 0,
            frozen: None,
        }
    }

    fn elapsed(&self) -> u64 {
        self.started.elapsed().as_nanos() as u64
    }

    /// Since the start, without the time for which it was held.
    pub fn now(&self) -> Time {
        let running = || Time(self.elapsed().saturating_sub(self.held));
        self.frozen.unwrap_or_else(running)
    }

    /// Seconds since 1970.
    pub fn unix(&self) -> u64 {
        (self.origin + self.now().0) / 1_000_000_000
    }

    /// Holds it, or lets it go on.
    pub fn freeze(&mut self, frozen: bool) {
        match (frozen, self.frozen) {
            (true, None) => self.frozen = Some(self.now()),
            (false, Some(at)) => {
                self.held = self.elapsed().saturating_sub(at.0);
                self.frozen = None;
            }
            (true, Some(_)) | (false, None) => {}
        }
    }

    /// Whether it is held.
    pub fn is_frozen(&self) -> bool {
        self.frozen.is_some()
    }

    /// How long it is until then; none while it is held.
    pub fn until(&self, at: Time) -> Option<Duration> {
        let Span(left) = at.since(self.now());
        (!self.is_frozen()).then_some(Duration::from_nanos(left))
    }
}
