//! Signals that would end the process: the first one asks what is under way to stop in order, the second one ends the process
//! as soon as nothing is left broken, the third one at once.

use super::{Exit, commands};
use crate::engine::Progress;
use rustix::process::Signal;
use signal_hook::iterator::Signals;
use std::fs;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use stormglass_glance::Commands;

/// What ends a process that does not catch it, but for what says that the process itself is broken.
const NAMED: [Signal; 12] = [
    Signal::HUP,
    Signal::INT,
    Signal::QUIT,
    Signal::TERM,
    Signal::USR1,
    Signal::USR2,
    Signal::ALARM,
    Signal::VTALARM,
    Signal::PROF,
    Signal::XCPU,
    Signal::XFSZ,
    Signal::IO,
];
#[cfg(target_os = "linux")]
const OF_LINUX: [Signal; 2] = [Signal::POWER, Signal::STKFLT];

/// Numbers of the real-time signals. A C library keeps the first ones for itself, and refuses them.
#[cfg(target_os = "linux")]
const REAL_TIME: std::ops::RangeInclusive<i32> = 34..=64;

/// Hears signals from when the process begins to its end.
#[derive(Clone, Default)]
pub struct Interruption {
    work: Arc<Mutex<Option<Work>>>,
}

/// What can be stopped in order.
struct Work {
    progress: Arc<Progress>,
    commands: Commands,
    /// What the user hears when it is asked to stop.
    told: &'static str,
}

/// What a signal makes of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reaction {
    /// It goes on.
    GoOn,
    /// It ends, since nothing was begun.
    Leave,
    /// What is under way stops in order.
    Stop,
    /// It ends as soon as everything is undone.
    Undo,
    /// It ends.
    End,
}

impl Interruption {
    /// Listens for the rest of the process, on a thread of its own. A signal that was ignored when the process began stays so.
    pub fn listen() -> Interruption {
        let interruption = Interruption::default();
        let (theirs, (caught, catches)) = (interruption.clone(), mpsc::channel::<()>());
        let listens = thread::Builder::new().name("signals".to_owned());
        let listens = listens.spawn(move || {
            if let Some(mut signals) = catch() {
                drop(caught);
                theirs.hear(signals.forever());
            }
        });
        // Without a thread a signal ends the process, as it would without us.
        if listens.is_ok() {
            let _ = catches.recv();
        }
        interruption
    }

    /// From now on the first signal asks `progress` to stop, and the user hears `told`; until now it has ended the process.
    pub fn stops(&self, progress: &Arc<Progress>, commands: &Commands, told: &'static str) {
        *self.lock() = Some(Work {
            progress: Arc::clone(progress),
            commands: commands.clone(),
            told,
        });
    }

    fn lock(&self) -> MutexGuard<'_, Option<Work>> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, signals: impl Iterator<Item = i32>) {
        let mut heard = 0;
        for signal in signals {
            // Held until the process has ended: nothing is begun meanwhile.
            let work = self.lock();
            let reaction = react(signal, heard, work.is_some());
            heard += u32::from(reaction != Reaction::GoOn);
            match (reaction, work.as_ref()) {
                (Reaction::GoOn, _) => {}
                (Reaction::Stop, Some(work)) => {
                    work.progress.interrupt();
                    // After what the terminal shows of the key.
                    tell!("");
                    tell!("{}", work.told);
                }
                (Reaction::Undo, Some(work)) => undo(&work.commands),
                (Reaction::End, Some(work)) => leave(&work.commands),
                (Reaction::Leave, _) | (_, None) => {
                    tell!("stormglass: stopped by a signal");
                    std::process::exit(Exit::CouldNotRun as i32);
                }
            }
        }
    }
}

/// Catches them all, as far as the system lets us.
fn catch() -> Option<Signals> {
    let ignored = ignored();
    let signals = Signals::new([] as [i32; 0]).ok()?;
    let named = NAMED.into_iter();
    #[cfg(target_os = "linux")]
    let named = named.chain(OF_LINUX);
    let numbers = named.map(Signal::as_raw);
    #[cfg(target_os = "linux")]
    let numbers = numbers.chain(REAL_TIME);
    for number in numbers.filter(|number| ignored & 1 << (number - 1) == 0) {
        // What is not caught ends the process, as it would without us.
        let _ = signals.add_signal(number);
    }
    Some(signals)
}

/// The signals that are ignored, a bit each, as far as the system tells: those after `nohup`, say.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let mask = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

/// What to do about a signal after so many that counted. `at_work`: whether there is something to stop.
fn react(signal: i32, heard: u32, at_work: bool) -> Reaction {
    // The write that would have made a file too large fails, which says more.
    if signal == Signal::XFSZ.as_raw() {
        return Reaction::GoOn;
    }
    // Nobody insists: a shell and the system both say that a terminal is gone, and processor time is up once a second.
    if heard > 0
        && [Signal::HUP, Signal::XCPU]
            .map(Signal::as_raw)
            .contains(&signal)
    {
        return Reaction::GoOn;
    }
    match (heard, at_work) {
        (_, false) => Reaction::Leave,
        (0, true) => Reaction::Stop,
        (1, true) => Reaction::Undo,
        (_, true) => Reaction::End,
    }
}

/// Undoes everything and ends the process. The next signal is heard meanwhile.
fn undo(commands: &Commands) {
    let theirs = commands.clone();
    let undoes = thread::Builder::new().spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        if let Ok(runtime) = runtime {
            runtime.block_on(theirs.abandon());
        }
        leave(&theirs);
    });
    if undoes.is_err() {
        leave(commands);
    }
}

/// Ends the process, and says what is left.
fn leave(commands: &Commands) -> ! {
    tell!("stormglass: stopped at once: a folder that says `partial` does not hold all results");
    commands::warn_not_undone(commands);
    commands::warn_left(commands);
    std::process::exit(Exit::CouldNotRun as i32);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_signal_insists_more_than_the_one_before() {
        let term = Signal::TERM.as_raw();
        let reactions = [0, 1, 2, 9].map(|heard| react(term, heard, true));
        assert_eq!(
            reactions,
            [Reaction::Stop, Reaction::Undo, Reaction::End, Reaction::End]
        );
        assert_eq!(react(term, 0, false), Reaction::Leave);
    }

    #[test]
    fn a_terminal_that_hangs_up_twice_has_hung_up_once() {
        for signal in [Signal::HUP, Signal::XCPU] {
            let reactions = [0, 1, 2].map(|heard| react(signal.as_raw(), heard, true));
            assert_eq!(
                reactions,
                [Reaction::Stop, Reaction::GoOn, Reaction::GoOn],
                "{signal:?}"
            );
        }
    }

    #[test]
    fn a_file_that_grows_too_large_interrupts_nothing() {
        for at_work in [false, true] {
            assert_eq!(react(Signal::XFSZ.as_raw(), 0, at_work), Reaction::GoOn);
        }
    }
}
