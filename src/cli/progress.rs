//! Live progress on standard error: a bar on a terminal, a line every few seconds elsewhere.

use crate::engine::Progress;
use crate::report::Paint;
use crate::report::number::{compact, thousands};
use indicatif::{ProgressBar, ProgressStyle};
use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;
use stormglass_model::units::Span;

/// How often the bar is drawn.
const TICK: Duration = Duration::from_millis(100);
/// How often a line is written where there is no terminal.
const LINE: Duration = Duration::from_secs(5);
/// How far along the bar is when it is full.
const FULL: u64 = 10_000;

/// Does the work, and shows meanwhile what the counters say.
pub fn watched<T>(progress: &Progress, quiet: bool, work: impl FnOnce() -> T) -> T {
    if quiet {
        return work();
    }
    let (stop, stopped) = mpsc::channel();
    thread::scope(|scope| {
        // A storm without progress to see is still a storm: no thread is no error.
        let view = thread::Builder::new()
            .name("progress".to_owned())
            .spawn_scoped(scope, move || View::new().show_until(&stopped, progress));
        let done = work();
        // Ends the thread at once, whatever it waits for.
        drop(stop);
        // A view that panicked has nothing more to show.
        let _ = view.map(ScopedJoinHandle::join);
        done
    })
}

/// A bar on standard error, hidden where that is no terminal.
pub fn bar(length: u64) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template("{bar:20} {percent:>3}%  {msg}") {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar
}

/// What is on the screen, and how it stood when it was drawn last.
struct View {
    /// Hidden without a terminal; it still keeps the time.
    bar: ProgressBar,
    paint: Paint,
    seen: u64,
    seen_at: Duration,
    /// Transitions a second, smoothed over about a second on a terminal.
    rate: f64,
}

impl View {
    fn new() -> View {
        View {
            bar: bar(FULL),
            paint: Paint {
                colour: super::colour(&io::stderr()),
            },
            seen: 0,
            seen_at: Duration::ZERO,
            rate: 0.0,
        }
    }

    fn show_until(mut self, stopped: &Receiver<()>, progress: &Progress) {
        let interval = if self.bar.is_hidden() { LINE } else { TICK };
        while stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
            self.show(progress);
        }
        self.bar.finish_and_clear();
    }

    fn show(&mut self, progress: &Progress) {
        self.measure(progress.transitions.load(Relaxed));
        let (line, share) = (self.line(progress), progress.share());
        if self.bar.is_hidden() {
            let wall = Span::from_secs(self.bar.elapsed().as_secs());
            tell!("{wall}: {:.0}%  {line}", share * 100.0);
        } else {
            self.bar.set_message(line);
            self.bar.set_position((share * FULL as f64) as u64);
        }
    }

    fn measure(&mut self, transitions: u64) {
        let now = self.bar.elapsed();
        let seconds = (now.saturating_sub(self.seen_at)).as_secs_f64();
        if seconds > 0.0 {
            let rate = transitions.saturating_sub(self.seen) as f64 / seconds;
            let weight = if self.seen_at.is_zero() {
                1.0
            } else {
                seconds.min(1.0)
            };
            self.rate += (rate - self.rate) * weight;
        }
        (self.seen, self.seen_at) = (transitions, now);
    }

    fn line(&self, progress: &Progress) -> String {
        let mut line = match progress.sweep.cases_total.load(Relaxed) {
            0 => self.storm(progress),
            total => self.sweep(progress, total),
        };
        if progress.is_interrupted() {
            line += " · stopping";
        }
        line
    }

    fn sweep(&self, progress: &Progress, total: u64) -> String {
        let sweep = &progress.sweep;
        if sweep.closing.load(Relaxed) {
            return "deleting what the sweep has created".to_owned();
        }
        format!(
            "{} of {} scripts · {} tries{}",
            thousands(sweep.cases.load(Relaxed)),
            thousands(total),
            thousands(sweep.tries.load(Relaxed)),
            self.alarm(sweep.findings.load(Relaxed), "findings"),
        )
    }

    fn storm(&self, progress: &Progress) -> String {
        let covered = Span(progress.elapsed_ns.load(Relaxed));
        let of = match progress.total_ns.load(Relaxed) {
            0 => String::new(),
            total => format!(" of {}", Span(total)),
        };
        format!(
            "{covered}{of} · {} transitions/s · {} in flight{}",
            compact(self.rate),
            thousands(progress.in_flight.load(Relaxed)),
            self.alarm(progress.violations.load(Relaxed), "violations"),
        )
    }

    fn alarm(&self, count: u64, what: &str) -> String {
        if count == 0 {
            return String::new();
        }
        let alarm = format!("{} {what}", thousands(count));
        format!(" · {}", self.paint.bad(&alarm))
    }
}
