//! A scenario that is read, run to its end, and judged by both judges.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};
use stormglass::{Clock, Progress, RunOptions, Scenario, Target};
use stormglass_glance::auth::Environment;
use stormglass_model::checker::concurrent::{Rules, judge};
use stormglass_model::lifecycle::Verdict;
use stormglass_model::units::Bytes;

/// After so long a run is interrupted, as a user would, and must end.
const LONGEST: Duration = Duration::from_millis(200);
/// What it may take.
const MEMORY: Bytes = Bytes(256 << 20);

type Under = Mutex<(Instant, Weak<Progress>)>;

/// The run under way, which one thread watches.
static UNDER_WAY: LazyLock<Arc<Under>> = LazyLock::new(|| {
    let under_way = Arc::new(Mutex::new((Instant::now(), Weak::<Progress>::new())));
    let watched = Arc::clone(&under_way);
    thread::spawn(move || {
        loop {
            thread::sleep(Duration::from_millis(20));
            let (since, progress) = &*watched.lock().unwrap_or_else(PoisonError::into_inner);
            if since.elapsed() > LONGEST
                && let Some(progress) = progress.upgrade()
            {
                progress.interrupt();
            }
        }
    });
    under_way
});

/// A scenario on the embedded service, in virtual time.
pub fn storm(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let here = Path::new(".");
    let environment = Environment::new([], here, here);
    if let Ok(mut scenario) = stormglass::parse_in(&environment, "fuzz.toml", text, here, &[])
        && scenario.clock == Clock::Virtual
    {
        scenario.replications = NonZeroU32::MIN;
        runs(&scenario);
    }
}

/// Runs it. A service without a planted defect breaks no invariant, whoever looks.
pub fn runs(scenario: &Scenario) {
    let Target::Embedded(service) = &scenario.target else {
        return;
    };
    let mut scenario = scenario.clone();
    scenario.keeps_history = true;
    let options = RunOptions {
        threads: NonZeroUsize::new(1),
        memory: Some(MEMORY),
        ..RunOptions::default()
    };
    let watched = (Instant::now(), Arc::downgrade(&options.progress));
    *UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner) = watched;
    let Ok(result) = stormglass::run(&scenario, &options) else {
        return;
    };
    if service.defects.iter().next().is_some() {
        return;
    }
    let run = &result.runs[0];
    assert_ne!(
        result.verdict,
        Verdict::Invalid,
        "{:?}",
        run.violations.first()
    );
    let rules = Rules::embedded(service.rules.profile(), service.delayed_delete);
    for history in run.histories.iter().take(500) {
        let judgement = judge(history, &rules);
        assert_ne!(judgement.verdict, Verdict::Invalid, "{judgement:?}");
    }
}
