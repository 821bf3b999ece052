use super::*;
use insta::assert_snapshot;

/// What is put in place of a source's target, and where.
#[test]
fn a_source_gets_the_service_in_place_of_its_target() {
    let source = "schema = 1\nname = \"x\"\nclock = \"real\"\n\n[target.glance]\nurl = \"http://127.0.0.1:1\"\n\
                  [target.glance.probe]\nstore = \"/images\"\n[load] # the load\nusers = 2\n[[story]]\nname = \"target\"\n";
    assert_eq!(
        in_place(source, "[service]\nworkers = 1\n\n"),
        "schema = 1\nname = \"x\"\n\n[service]\nworkers = 1\n\n[load] # the load\nusers = 2\n[[story]]\nname = \"target\"\n"
    );
    let without = "schema = 1\n[load]\nusers = 1\n[service]\nworkers = 9\n[service.store]\nslots = 1\n[servicing]\n";
    assert_eq!(
        in_place(without, "[service]\n"),
        "schema = 1\n[service]\n[load]\nusers = 1\n[servicing]\n"
    );
}

#[test]
fn the_summary_says_what_it_is_worth() {
    let summary = calibration_summary("glance", &Calibration::example(), "twin", false);
    assert_snapshot!(summary, @r#"
✗ not calibrated: on 2 storms that the fit did not use, it is off by at most 0% in throughput,
  23.1% in medians and 23.1% in 99th percentiles; more than 20% is too much
  glance · 3 storms, each in 2 rounds

  busy, 6 users                              measured            forecast      off
    lives_per_s                                  20/s  ± 28.9%       20/s      +0%
    upload p(50)                                 20ms  ± 28.9%     22.2ms   +11.1%
    upload p(99)                                 80ms  ± 28.9%     88.9ms   +11.1%

  small, 2 users                             measured            forecast      off
    lives_per_s                                  20/s                20/s      +0%
    upload p(50)                                 20ms              15.4ms   −23.1%
    upload p(99)                                 80ms              61.5ms   −23.1%

  these storms do not tell service.cpu.get_bandwidth: larger data would (the scenario's sizes)
  these storms do not tell service.cpu.unbroken.download: more users would (--users)
  threads, connections and slots were given: no storm tells them, unless they are what is short
  results: twin (scenario.toml is the twin)
"#);
}

#[test]
fn the_scenario_says_how_well_each_figure_is_known() {
    let source = "schema = 1\nclock = \"real\"\n[target.glance]\nurl = \"x\"\n[load]\nusers = 4\n";
    assert_snapshot!(calibrated_scenario(source, &Calibration::example()), @r#"
# not calibrated: on 2 storms that the fit did not use, it is off by at most 0% in throughput,
#   23.1% in medians and 23.1% in 99th percentiles; more than 20% is too much
# busy, 6 users: lives_per_s +0%, upload p(50) +11.1%, upload p(99) +11.1%
# small, 2 users: lives_per_s +0%, upload p(50) −23.1%, upload p(99) −23.1%
schema = 1
[service]
workers = 4  # given: 1 × 4 threads
processes = 1  # given
balance = "fewest"

[service.cpu]
cores = 1
lock = 1
request = { lognormal = { median = "10ms", p99 = "22ms" } }
operations.create = { lognormal = { median = "10ms", p99 = "22ms" } }  # ± 3.92%
operations.upload = { lognormal = { median = "10ms", p99 = "22ms" } }  # ± 3.92%
operations.show = { lognormal = { median = "10ms", p99 = "22ms" } }  # ± 3.92%
operations.download = { lognormal = { median = "10ms", p99 = "22ms" } }  # ± 3.92%
operations.delete = { lognormal = { median = "10ms", p99 = "22ms" } }  # ± 3.92%
bandwidth = "190MiB/s"  # ± 19.6%
unbroken.create = 0.400  # ± 23.5%
unbroken.upload = 0.400  # ± 23.5%
unbroken.download = 0.100  # not told by the storms
unbroken.delete = 0.400  # ± 23.5%
put_weight = 0.500  # ± 15.7%
get_weight = 0.500  # ± 15.7%

[service.registry]
connections = 4  # given
commit = "3ms"  # ± 19.6%
read = "3ms"  # ± 19.6%

[service.store]
slots = 4  # given
bandwidth = "190MiB/s"  # ± 19.6%
get_bandwidth = "953MiB/s"  # ± 19.6%
put = "3ms"  # ± 19.6%
get = "3ms"  # ± 19.6%
delete = "3ms"  # ± 19.6%

[load]
users = 4
"#);
}
