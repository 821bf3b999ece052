//! Live progress on standard error: a bar on a terminal, a line every few seconds elsewhere.

use crate::engine::Progress;
use crate::report::number::{compact, thousands};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use stormglass_model::units::Span;

/// How often the bar is drawn.
const TICK: Duration = Duration::from_millis(100);
/// How often a line is written where there is no terminal.
const LINE: Duration = Duration::from_secs(5);
/// How far along the bar is when it is full.
const FULL: u64 = 10_000;

/// Shows progress until it is dropped.
pub struct Watch {
    /// Dropped to end the thread at once, whatever it waits for.
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Starts to show what the counters say.
    pub fn start(progress: Arc<Progress>) -> Watch {
        let (stop, stopped) = mpsc::channel::<()>();
        let terminal = io::stderr().is_terminal();
        // A storm without progress to see is still a storm: no thread is no error.
        let thread = thread::Builder::new()
            .name("progress".to_owned())
            .spawn(move || {
                let mut view = View::new(terminal, super::colour(&io::stderr()));
                let interval = if terminal { TICK } else { LINE };
                while stopped.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                    view.show(&progress);
                }
                view.bar.finish_and_clear();
            })
            .ok();
        Watch {
            stop: Some(stop),
            thread,
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A view that panicked has nothing more to show.
            let _ = thread.join();
        }
    }
}

/// What is on the screen, and how it stood when it was drawn last.
struct View {
    /// Hidden without a terminal; it still keeps the time.
    bar: ProgressBar,
    terminal: bool,
    colour: bool,
    seen: u64,
    seen_at: Duration,
    /// Transitions a second, smoothed over about a second on a terminal.
    rate: f64,
}

impl View {
    fn new(terminal: bool, colour: bool) -> View {
        let target = if terminal {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(FULL), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:20} {percent:>3}%  {msg}") {
            bar.set_style(style.progress_chars("━╸─"));
        }
        View {
            bar,
            terminal,
            colour,
            seen: 0,
            seen_at: Duration::ZERO,
            rate: 0.0,
        }
    }

    fn show(&mut self, progress: &Progress) {
        self.measure(progress.transitions.load(Relaxed));
        let line = self.line(progress);
        if self.terminal {
            self.bar.set_message(line);
            self.bar
                .set_position((share(progress) * FULL as f64) as u64);
        } else {
            let wall = Span::from_secs(self.bar.elapsed().as_secs());
            eprintln!("{wall}: {:.0}%  {line}", share(progress) * 100.0);
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
        let mut line = format!(
            "{} of {} scripts · {} tries",
            thousands(sweep.cases.load(Relaxed)),
            thousands(total),
            thousands(sweep.tries.load(Relaxed)),
        );
        let findings = sweep.findings.load(Relaxed);
        if findings > 0 {
            line += &self.alarm(&format!("{} findings", thousands(findings)));
        }
        line
    }

    fn alarm(&self, text: &str) -> String {
        match self.colour {
            true => format!(" · \x1b[1;31m{text}\x1b[0m"),
            false => format!(" · {text}"),
        }
    }

    fn storm(&self, progress: &Progress) -> String {
        let covered = Span(progress.elapsed_ns.load(Relaxed));
        let total = progress.total_ns.load(Relaxed);
        let of = if total > 0 {
            format!(" of {}", Span(total))
        } else {
            String::new()
        };
        let mut line = format!(
            "{covered}{of} · {} transitions/s · {} in flight",
            compact(self.rate),
            thousands(progress.in_flight.load(Relaxed)),
        );
        let violations = progress.violations.load(Relaxed);
        if violations > 0 {
            line += &self.alarm(&format!("{} violations", thousands(violations)));
        }
        line
    }
}

/// How much is done, 0 to 1: by time or by stories, whichever is further, since either ends the load.
fn share(progress: &Progress) -> f64 {
    let sweep = &progress.sweep;
    let part = |done: u64, total: u64| match total {
        0 => 0.0,
        total => done as f64 / total as f64,
    };
    let time = part(
        progress.elapsed_ns.load(Relaxed),
        progress.total_ns.load(Relaxed),
    );
    let stories = part(
        progress.arrivals.load(Relaxed),
        progress.total_arrivals.load(Relaxed),
    );
    let scripts = part(sweep.cases.load(Relaxed), sweep.cases_total.load(Relaxed));
    let scripts = match sweep.time.load(Relaxed) {
        0 => scripts,
        thousandths => thousandths as f64 / 1_000.0,
    };
    time.max(stories).max(scripts).min(1.0)
}
