//! Reports as values: what each exporter makes of a storm that never happened.

mod diagram;
mod latency;
pub mod sample;
pub mod summary;
mod tenants;
mod together;

use crate::schema::assert_fits;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use insta::assert_snapshot;
use sample::{invalid, origin, origin_of, origin_with, valid};
use std::fs;
use stormglass::{Folder, FolderError, Origin, StormResult};
use stormglass_model::lifecycle::Operation;

/// The bytes of one file of a result.
pub fn file(origin: &Origin, result: &StormResult, name: &str) -> Vec<u8> {
    let mut files = stormglass::files(origin, result);
    let found = files.find(|(other, _)| *other == name);
    let bytes = found.unwrap().1.unwrap();
    if name == "run.json" {
        assert_fits("run", &bytes);
    }
    bytes
}

fn text(origin: &Origin, result: &StormResult, name: &str) -> String {
    String::from_utf8(file(origin, result, name)).unwrap()
}

#[test]
fn csv_of_transitions_and_operations() {
    // Those of all stories together are in `together`.
    let of_stories = |name: &str| {
        let text = text(&origin(), &valid(), name);
        let lines = text.lines().filter(|line| !line.contains("(all)"));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(of_stories("transitions.csv"), @r#"
    run,phase,story,kind,from,to,count,rate_per_s,min_us,mean_us,p50_us,p90_us,p95_us,p99_us,p999_us,max_us
    1,warm_up,"upload, keep, delete",subject,,queued,100,50,2000,2000,2000,2000,2000,2000,2000,2000
    1,load,"upload, keep, delete",subject,,queued,400,50,1,200.5,200.063,360.191,380.159,396.031,400,400
    1,load,"upload, keep, delete",subject,queued,saving,400,50,1000,1199.5,1199.103,1359.871,1379.327,1395.711,1399,1399
    1,load,"upload, keep, delete",subject,saving,active,400,50,0,53133.5,39616.511,128909.311,143654.911,156106.751,159201,159201
    1,load,"upload, keep, delete",task,pending,processing,1,0.125,7,7,7,7,7,7,7,7
    1,settle,"upload, keep, delete",subject,pending_delete,deleted,380,380,1500000,1500000,1500000,1500000,1500000,1500000,1500000,1500000
    "#);
    assert_snapshot!(of_stories("operations.csv"), @r#"
    run,phase,story,operation,outcome,count,rate_per_s,min_us,mean_us,p50_us,p90_us,p95_us,p99_us,p999_us,max_us,service_p50_us,service_p99_us
    1,load,"upload, keep, delete",create,ok,400,50,1,200.5,200.063,360.191,380.159,396.031,400,400,200.063,396.031
    1,load,"upload, keep, delete",upload,ok,390,48.75,2000,2194.5,2195.455,2351.103,2371.583,2387.967,2389,2389,2195.455,2387.967
    1,load,"upload, keep, delete",upload,fail,7,0.875,900,900,900,900,900,900,900,900,900,900
    1,load,"upload, keep, delete",upload,unknown,3,0.375,30000000,30000000,30000000,30000000,30000000,30000000,30000000,30000000,30000000,30000000
    "#);
}

#[test]
fn csv_of_timeline_and_resources() {
    assert_snapshot!(text(&origin(), &valid(), "timeline.csv"), @"
    run,t_s,phase,arrivals,completions,in_flight,dropped,queued,saving,active,deactivated,killed,pending_delete,deleted,uploading,importing,bytes_stored,bytes_pending_delete,queue_workers,utilisation_workers,queue_registry_connections,utilisation_registry_connections,queue_store_slots,utilisation_store_slots,queue_scrub_workers,utilisation_scrub_workers,queue_task_workers,utilisation_task_workers,queue_cpu_cores,utilisation_cpu_cores,queue_store_shared_bandwidth,utilisation_store_shared_bandwidth,in_flight_min,in_flight_mean,in_flight_max,queued_min,queued_mean,queued_max,saving_min,saving_mean,saving_max,active_min,active_mean,active_max,deactivated_min,deactivated_mean,deactivated_max,killed_min,killed_mean,killed_max,pending_delete_min,pending_delete_mean,pending_delete_max,deleted_min,deleted_mean,deleted_max,uploading_min,uploading_mean,uploading_max,importing_min,importing_mean,importing_max,bytes_stored_min,bytes_stored_mean,bytes_stored_max,bytes_queued_min,bytes_queued_mean,bytes_queued_max,bytes_saving_min,bytes_saving_mean,bytes_saving_max,bytes_active_min,bytes_active_mean,bytes_active_max,bytes_deactivated_min,bytes_deactivated_mean,bytes_deactivated_max,bytes_killed_min,bytes_killed_mean,bytes_killed_max,bytes_pending_delete_min,bytes_pending_delete_mean,bytes_pending_delete_max,bytes_deleted_min,bytes_deleted_mean,bytes_deleted_max,bytes_uploading_min,bytes_uploading_mean,bytes_uploading_max,bytes_importing_min,bytes_importing_mean,bytes_importing_max,queue_workers_min,queue_workers_mean,queue_workers_max,busy_workers_min,busy_workers_mean,busy_workers_max,queue_registry_connections_min,queue_registry_connections_mean,queue_registry_connections_max,busy_registry_connections_min,busy_registry_connections_mean,busy_registry_connections_max,queue_store_slots_min,queue_store_slots_mean,queue_store_slots_max,busy_store_slots_min,busy_store_slots_mean,busy_store_slots_max,queue_scrub_workers_min,queue_scrub_workers_mean,queue_scrub_workers_max,busy_scrub_workers_min,busy_scrub_workers_mean,busy_scrub_workers_max,queue_task_workers_min,queue_task_workers_mean,queue_task_workers_max,busy_task_workers_min,busy_task_workers_mean,busy_task_workers_max,queue_cpu_cores_min,queue_cpu_cores_mean,queue_cpu_cores_max,busy_cpu_cores_min,busy_cpu_cores_mean,busy_cpu_cores_max,queue_store_shared_bandwidth_min,queue_store_shared_bandwidth_mean,queue_store_shared_bandwidth_max,busy_store_shared_bandwidth_min,busy_store_shared_bandwidth_mean,busy_store_shared_bandwidth_max,mean_response_us
    1,4.000000001,load,100,198,14,0,0,0,120,0,0,0,380,0,0,1073741824,1048576,,,,,3,0.75,,,,,,,,,12,12,14,0,0,0,0,0,0,100,100,120,0,0,0,0,0,0,0,0,0,0,0,380,0,0,0,0,0,0,2147483648,2147483648,2147483648,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1048576,1048576,1048576,0,0,0,0,0,0,0,0,0,,,,,,,,,,,,,2,2,3,12,12,12,,,,,,,,,,,,,,,,,,,,,,,,,0
    ");
    assert_snapshot!(text(&origin(), &valid(), "resources.csv"), @"
    run,phase,resource,arrivals,mean_wait_us,mean_hold_us,mean_queue,utilisation
    1,load,store.slots,400,10000,200000,2,0.75
    ");
}

#[test]
fn csv_of_quantiles_and_of_the_heat_map() {
    let mut result = valid();
    let few = sample::latency([1, 2, 3, 1_000]);
    let one = sample::latency([3]);
    result.runs[0].timeline[1].responses = vec![(Operation::Create, few), (Operation::Delete, one)];
    assert_snapshot!(text(&origin(), &result, "quantiles.csv"), @"
    run,t_s,phase,operation,count,p50_us,p90_us,p99_us,p999_us,max_us
    1,4.000000001,load,create,4,2,1000,1000,1000,1000
    1,4.000000001,load,delete,1,3,3,3,3,3
    ");
    assert_snapshot!(text(&origin(), &result, "heatmap.csv"), @"
    run,t_s,from_us,to_us,count
    1,4.000000001,0.768,1.024,1
    1,4.000000001,1.792,2.048,1
    1,4.000000001,2.56,3.072,2
    1,4.000000001,917.504,1048.576,1
    ");
}

#[test]
fn csv_of_violations() {
    assert_snapshot!(text(&origin_of(2), &invalid(), "violations.csv"), @r#"
    run,t_s,subject,invariant,from,to,operation,detail,repeat
    2,3.25,17,edge,deleted,killed,upload,deleted → killed is no edge of v2,stormglass run scenarios/smoke.toml --seed 43 --replications 1 --set service.store.slots=8
    2,11,,conservation,,,,"the store holds 4096 bytes, ""orphans"", that no subject or operation accounts for, which is more than one line of a screen has room for",stormglass run scenarios/smoke.toml --seed 43 --replications 1 --set service.store.slots=8
    "#);
}

#[test]
fn a_server_without_queues_leaves_their_columns_empty() {
    let mut result = valid();
    result.runs[0].timeline[1].gauges.resources = Default::default();
    let csv = text(&origin(), &result, "timeline.csv");
    let (header, row) = csv.split_once('\n').unwrap();
    assert!(row.trim_end().ends_with(",,,,,,,,,,,0"), "{row}");
    assert_eq!(header.matches(',').count(), row.matches(',').count());
}

#[test]
fn run_json_holds_what_scripts_rely_on() {
    let json = text(&origin_of(2), &invalid(), "run.json");
    // A release changes nothing else.
    let json = json.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    assert_snapshot!("run_json", json);
}

#[test]
fn a_live_run_has_no_hash() {
    let mut result = valid();
    result.runs[0].event_hash = None;
    let json: serde_json::Value =
        serde_json::from_slice(&file(&origin(), &result, "run.json")).unwrap();
    assert!(json["event_hash"].is_null());
    result.runs[0].event_hash = Some(7);
    let json: serde_json::Value =
        serde_json::from_slice(&file(&origin(), &result, "run.json")).unwrap();
    assert_eq!(json["event_hash"], "0000000000000007");
}

/// Results are made to be shared, and their commands to be pasted.
#[test]
fn the_command_to_repeat_is_quoted_and_tells_no_secret() {
    for (setting, shown) in [
        ("seed=7", "seed=7"),
        ("load.arrivals.rate=\"5/s\"", "'load.arrivals.rate=\"5/s\"'"),
        ("it's", r"'it'\''s'"),
        (
            "target.glance.member.token=abc",
            "'target.glance.member.token=…'",
        ),
        (
            "target.glance={url=\"http://host\",token=\"abc\"}",
            "'target.glance=…'",
        ),
        (
            "target.glance.token_env=MEMBER",
            "target.glance.token_env=MEMBER",
        ),
        (
            "target.glance.probe.database=mysql://me:p/w@host/glance",
            "'target.glance.probe.database=…'",
        ),
        (
            "target.glance.url=http://me:pw@host:9292/image",
            "target.glance.url=http://host:9292/image",
        ),
        (
            "target.glance.url=http://host:9292",
            "target.glance.url=http://host:9292",
        ),
    ] {
        let json = file(&origin_with(1, setting), &valid(), "run.json");
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let wanted = format!("stormglass run scenarios/smoke.toml --seed 42 --set {shown}");
        assert_eq!(json["repeat"], wanted);
    }
}

#[test]
fn the_histogram_log_is_read_back() {
    let log = file(&origin(), &valid(), "latencies.hlog");
    let mut found = Vec::new();
    for entry in IntervalLogIterator::new(&log) {
        let LogEntry::Interval(interval) = entry.unwrap() else {
            continue;
        };
        // Compressed V2 is the only form that the tools of every language read.
        assert!(interval.encoded_histogram().starts_with("HISTFAAA"));
        let bytes = base64(interval.encoded_histogram());
        let histogram: hdrhistogram::Histogram<u64> = Deserializer::new()
            .deserialize(&mut bytes.as_slice())
            .unwrap();
        found.push(format!(
            "{}+{} {} {} {}",
            interval.start_timestamp().as_secs(),
            interval.duration().as_secs(),
            interval.tag().unwrap().as_str(),
            histogram.len(),
            histogram.value_at_quantile(0.5),
        ));
    }
    assert_snapshot!(found.join("\n"), @r#"
    0+2 ->queued 100 2000895
    2+8 ->queued 400 200063
    2+8 queued->saving 400 1199103
    2+8 saving->active 400 39616511
    2+8 task:pending->processing 1 7003
    2+8 create:response 400 200063
    2+8 create:service 400 200063
    2+8 upload:response 400 2193407
    2+8 upload:service 400 2193407
    10+1 pending_delete->deleted 380 1500512255
    "#);
}

/// Decodes the standard alphabet.
fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for digit in text.chars().filter_map(|c| ALPHABET.find(c)) {
        bits = bits << 6 | digit as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}

#[test]
fn folders_are_numbered_and_never_reused() {
    let base = tempfile::tempdir().unwrap();
    let name = |folder: &Folder| folder.path().file_name().unwrap().to_owned();
    let first = Folder::numbered(base.path(), "a/b c", 42).unwrap();
    let second = Folder::numbered(base.path(), "a/b c", 42).unwrap();
    assert_eq!(name(&first), "a-b-c-42-1");
    assert_eq!(name(&second), "a-b-c-42-2");
    first.discard();
    let again = Folder::numbered(base.path(), "a/b c", 42).unwrap();
    assert_eq!(name(&again), "a-b-c-42-1");
    let files: Vec<_> = (fs::read_dir(again.path()).unwrap())
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(files, ["partial"]);
}

#[test]
fn a_folder_in_use_is_refused_and_left_alone() {
    let base = tempfile::tempdir().unwrap();
    let fresh = Folder::named(&base.path().join("deep/fresh")).unwrap();
    fs::write(fresh.path().join("mine"), "x").unwrap();
    let refused = Folder::named(fresh.path()).unwrap_err();
    assert!(matches!(refused, FolderError::InUse(_)), "{refused}");
    assert_eq!(fs::read(fresh.path().join("mine")).unwrap(), b"x");
}

#[test]
fn a_folder_that_cannot_be_written_is_refused() {
    let base = tempfile::tempdir().unwrap();
    let file = base.path().join("file");
    fs::write(&file, "x").unwrap();
    for refused in [Folder::named(&file), Folder::numbered(&file, "smoke", 1)] {
        let error = refused.unwrap_err();
        assert!(matches!(error, FolderError::Unwritable { .. }), "{error}");
    }
}

#[test]
fn what_can_be_written_is_kept_when_a_file_is_lost() {
    let base = tempfile::tempdir().unwrap();
    let folder = Folder::named(&base.path().join("out")).unwrap();
    fs::create_dir(folder.path().join("operations.csv")).unwrap();
    let (origin, result) = (origin(), valid());
    let kept = folder.write(stormglass::files(&origin, &result));
    assert_eq!(kept.lost[0].0, "operations.csv");
    assert_eq!(
        kept.files,
        [
            "run.json",
            "violations.csv",
            "transitions.csv",
            "resources.csv",
            "levels.csv",
            "storage.csv",
            "timeline.csv",
            "quantiles.csv",
            "heatmap.csv",
            "latencies.hlog"
        ]
    );
    for file in kept.files {
        assert!(fs::metadata(folder.path().join(file)).unwrap().len() > 0);
    }
}

/// Of 1 ms and 3 ms Student's interval over two runs is 2 ms ± 12.7 × 1 ms; pooled, a median would be one of the two.
#[test]
fn intervals_are_over_runs_and_never_pooled() {
    let json = |result: &StormResult, runs| -> serde_json::Value {
        serde_json::from_slice(&file(&origin_of(runs), result, "run.json")).unwrap()
    };
    let mut result = valid();
    assert_eq!(json(&result, 1)["intervals"], serde_json::json!([]));
    result.runs.push(result.runs[0].clone());
    for (run, us) in result.runs.iter_mut().zip([1_000, 3_000]) {
        run.transitions.truncate(1);
        run.transitions[0].phase = 1;
        run.transitions[0].latency = sample::latency([us; 10]);
    }
    let document = json(&result, 2);
    let intervals = document["intervals"].as_array().unwrap();
    let p50 = intervals
        .iter()
        .find(|it| it["transition"] == "->queued" && it["quantity"] == "p50");
    let of = |key: &str| p50.unwrap()[key].as_f64().unwrap();
    assert!((of("mean") / 2e6 - 1.0).abs() < 1e-3, "{document:#}");
    assert!((of("high") / 14.706e6 - 1.0).abs() < 1e-3, "{document:#}");
    assert_eq!(of("runs"), 2.0);
}
