//! The only place of the engines that reads the wall's time and the process's own use of the machine.

use stormglass_model::units::{Span, Time};
use tokio::time::Instant;

/// A clock that started at the beginning of a run.
#[derive(Clone, Copy, Debug)]
pub struct WallClock(Instant);

impl WallClock {
    /// Starts now.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn start() -> WallClock {
        WallClock(Instant::now())
    }

    /// Nanoseconds since the start.
    #[inline]
    pub fn now(&self) -> Time {
        Time(self.0.elapsed().as_nanos() as u64)
    }
}

/// The time since 1970 by the system's clock.
#[cfg(feature = "otlp")]
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn unix_time() -> Span {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Span(since.map_or(0, |since| since.as_nanos() as u64))
}

/// Processor time that the process has used so far.
pub fn cpu_time() -> Span {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Span(time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs())
}

/// The most memory that the process has held, in bytes; zero where the system does not tell.
pub fn peak_rss_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = status.lines().find_map(|line| {
        let kib = line.strip_prefix("VmHWM:")?.trim().trim_end_matches("kB");
        kib.trim().parse::<u64>().ok()
    });
    kib.map_or(0, |kib| kib * 1_024)
}
