//! The format: what is written is read again, and what is wrong is named with its line.

use proptest::prelude::*;
use std::io::{self, BufReader, Read};
use stormglass_model::history::file::{Header, ReadError, Reader, Writer};
use stormglass_model::history::{
    ClientEvent, Content, Ending, Held, Observation, OpId, PresentRow, ProbeReading, Row, Seen,
    SubjectHistory,
};
use stormglass_model::lifecycle::{Operation, Outcome, Profile, SubjectStatus, Who};
use stormglass_model::units::Time;

type Saved = Vec<(u32, SubjectHistory)>;

fn written(header: &Header, saved: &Saved) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), header).unwrap();
    for (run, history) in saved {
        writer.write(*run, history).unwrap();
    }
    writer.finish().unwrap()
}

fn read(text: &[u8]) -> Result<(Header, Saved), ReadError> {
    let reader = Reader::new(text)?;
    let header = reader.header().clone();
    Ok((header, reader.collect::<Result<_, _>>()?))
}

fn is_whole(text: &[u8]) -> bool {
    let Ok(mut reader) = Reader::new(text) else {
        return false;
    };
    reader.by_ref().all(|read| read.is_ok()) && reader.is_whole()
}

fn content() -> impl Strategy<Value = Option<Content>> {
    let content =
        (any::<u64>(), any::<u64>()).prop_map(|(size, checksum)| Content { size, checksum });
    proptest::option::of(content)
}

fn header() -> impl Strategy<Value = Header> {
    let profile = prop_oneof![
        any::<bool>().prop_map(|delayed| (Profile::V1, Some(delayed))),
        any::<bool>().prop_map(|delayed| (Profile::V2, Some(delayed))),
        any::<Option<bool>>().prop_map(|delayed| (Profile::Glance, delayed)),
    ];
    (any::<String>(), any::<u64>(), profile, any::<bool>()).prop_map(
        |(scenario, seed, (profile, delayed_delete), one_identity)| Header {
            scenario,
            seed,
            profile,
            delayed_delete,
            one_identity,
        },
    )
}

fn status() -> impl Strategy<Value = SubjectStatus> {
    proptest::sample::select(SubjectStatus::ALL.to_vec())
}

fn reading() -> impl Strategy<Value = ProbeReading> {
    let present = (
        status(),
        any::<bool>(),
        content(),
        any::<u32>(),
        any::<bool>(),
    )
        .prop_map(|(status, deleted, content, locations, in_store)| {
            Row::Present(PresentRow {
                status,
                deleted,
                content,
                locations,
                in_store,
            })
        });
    let row = proptest::option::of(prop_oneof![Just(Row::Absent), present]);
    let held =
        any::<([Option<u64>; 3], bool)>().prop_map(|([bytes, staged, stray], lacking)| Held {
            bytes,
            staged,
            stray,
            lacking,
        });
    (row, proptest::option::of(held), any::<Option<u32>>()).prop_map(|(row, data, tasks_open)| {
        ProbeReading {
            row,
            data,
            tasks_open,
        }
    })
}

/// An operation from its invocation to its answer, which may be missing.
fn operation() -> impl Strategy<Value = (Observation, Option<Observation>)> {
    let op = OpId(0);
    let invoked = (
        proptest::sample::select(Operation::ALL.to_vec()),
        proptest::sample::select(Who::ALL.to_vec()),
        content(),
        any::<bool>(),
    )
        .prop_map(
            move |(operation, who, brings, spoiled)| Observation::Invoked {
                op,
                operation,
                who,
                brings,
                spoiled,
            },
        );
    let seen = prop_oneof![Just(Seen::Gone), status().prop_map(Seen::Status)];
    let answered = (
        proptest::sample::select(Outcome::ALL.to_vec()),
        proptest::option::of(seen),
        content(),
        any::<Option<u16>>(),
    )
        .prop_map(
            move |(outcome, seen, content, http_status)| Observation::Answered {
                op,
                ending: Ending {
                    outcome,
                    seen,
                    content,
                    http_status,
                },
            },
        );
    (invoked, proptest::option::of(answered))
}

/// What an operation writes or shows, if it does.
fn property() -> impl Strategy<Value = Option<Observation>> {
    let op = OpId(0);
    let told = any::<Option<u64>>().prop_map(move |value| Observation::Property { op, value });
    proptest::option::of(told)
}

/// One that no operation belongs to, or all of an operation.
fn part() -> impl Strategy<Value = Vec<Observation>> {
    prop_oneof![
        4 => (operation(), property()).prop_map(|((invoked, answered), property)| {
            [Some(invoked), property, answered].into_iter().flatten().collect()
        }),
        1 => any::<bool>().prop_map(|broken| vec![Observation::Broken(broken)]),
        1 => reading().prop_map(|reading| vec![Observation::Probed(reading)]),
    ]
}

/// Histories of subjects 0, 3, 6 … of up to three runs; times stand still now and then.
fn saved() -> impl Strategy<Value = Saved> {
    let events = proptest::collection::vec((part(), 0..3_u64), 1..8);
    proptest::collection::vec((1..3_u32, events), 0..6).prop_map(|subjects| {
        let mut saved: Saved = Vec::new();
        for (run, parts) in subjects {
            let (mut at, mut events) = (Time(0), Vec::new());
            for (number, (part, later)) in parts.into_iter().enumerate() {
                for mut observation in part {
                    if let Observation::Invoked { op, .. }
                    | Observation::Property { op, .. }
                    | Observation::Answered { op, .. } = &mut observation
                    {
                        *op = OpId(number as u64);
                    }
                    events.push(ClientEvent { at, observation });
                    at = Time(at.0 + later * 1_000_000_007);
                }
            }
            let run = saved.last().map_or(run, |(last, _)| run.max(*last));
            let subject = 3 * saved.len() as u64;
            saved.push((run, SubjectHistory { subject, events }));
        }
        saved
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_again(header in header(), saved in saved()) {
        let text = written(&header, &saved);
        prop_assert_eq!(read(&text).unwrap(), (header, saved));
    }

    /// Whatever becomes of a file, it is read or refused.
    #[test]
    fn a_damaged_file_is_no_reason_to_crash(
        header in header(),
        saved in saved(),
        at in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut text = written(&header, &saved);
        let at = at.index(text.len());
        let _ = read(&text[..at]);
        text[at] = byte;
        let _ = read(&text);
        text.remove(at);
        let _ = read(&text);
    }

    /// Wherever it is cut, and whatever becomes of one of its bytes, it is refused, or known not to be whole. Only the last line feed
    /// says nothing.
    #[test]
    fn what_was_cut_or_altered_is_never_whole(
        header in header(),
        saved in saved(),
        at in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut text = written(&header, &saved);
        prop_assert!(is_whole(&text));
        let at = at.index(text.len() - 1);
        prop_assert!(!is_whole(&text[..at]));
        prop_assume!(text[at] != byte);
        text[at] = byte;
        prop_assert!(!is_whole(&text));
    }
}

const HEADER: &str = r#"{"schema":1,"scenario":"s","seed":1,"target":"embedded","profile":"v2","delayed_delete":false}"#;

fn refused(lines: &[&str]) -> String {
    match read(lines.join("\n").as_bytes()) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("{lines:?} is read"),
    }
}

#[test]
fn what_is_no_history_is_told_from_one() {
    insta::assert_snapshot!(
        [
            &[][..],
            &["\n\n"],
            &["run,t_s,phase"],
            &["{}"],
            &[r#"[1,"s",1,"embedded","v2",false]"#],
            &[r#"{"schema":2,"anything":"else"}"#],
            &[r#"{"schema":1,"scenario":"s"}"#],
            &[&HEADER.replace("v2", "v3")],
            &[&HEADER.replace("v2", "glance")],
            &[&HEADER.replace("embedded", "glance")],
            &[&HEADER.replace("embedded", "swift")],
            &[&HEADER.replace(":false", ":null")],
            &[&HEADER[..40]],
        ]
        .map(refused)
        .join("\n"),
        @r#"
    line 1: the file is empty; `stormglass run SCENARIO --history` writes a history
    line 2: the file is empty; `stormglass run SCENARIO --history` writes a history
    line 1: this is no header of a history (it does not begin with a brace); `stormglass run SCENARIO --history` writes one
    line 1: this is no header of a history (missing field `schema`); `stormglass run SCENARIO --history` writes one
    line 1: this is no header of a history (it does not begin with a brace); `stormglass run SCENARIO --history` writes one
    line 1: its schema is 2, and this version reads 1: check it with the version that wrote it
    line 1: this is no header of a history (missing field `seed`); `stormglass run SCENARIO --history` writes one
    line 1: this is no header of a history (`v3` is no profile; did you mean `v1`?); `stormglass run SCENARIO --history` writes one
    line 1: this is no header of a history (the embedded service has profile v1 or v2 and says whether it has delayed_delete, a real Glance has profile glance); `stormglass run SCENARIO --history` writes one
    line 1: this is no header of a history (the embedded service has profile v1 or v2 and says whether it has delayed_delete, a real Glance has profile glance); `stormglass run SCENARIO --history` writes one
    line 1: this is no header of a history (unknown variant `swift`, expected `embedded` or `glance`); `stormglass run SCENARIO --history` writes one
    line 1: this is no header of a history (the embedded service has profile v1 or v2 and says whether it has delayed_delete, a real Glance has profile glance); `stormglass run SCENARIO --history` writes one
    line 1: this is no header of a history (EOF while parsing a string); `stormglass run SCENARIO --history` writes one
    "#
    );
}

#[test]
fn a_wrong_line_is_named_with_what_to_do() {
    let create =
        r#"{"subject":3,"t_ns":5,"event":"invoked","op":7,"operation":"create","who":"member"}"#;
    let answer = r#"{"subject":3,"t_ns":6,"event":"answered","op":7,"outcome":"ok"}"#;
    let wrong = |lines: &[&str]| refused(&[&[HEADER][..], lines].concat());
    let with = |line: &str, from: &str, to: &str| wrong(&[&line.replace(from, to)]);
    let long = "x".repeat(2 << 20);
    let messages = [
        wrong(&["not json"]),
        wrong(&["[1]"]),
        wrong(&["\u{feff}{}"]),
        wrong(&[create, &answer[..30]]),
        wrong(&[create, answer, HEADER]),
        wrong(&[&long]),
        with(create, "create", "craete"),
        with(create, "create", &long[..1_000]),
        with(create, "member", "me"),
        with(create, "invoked", "sent"),
        with(create, r#""op":7,"#, ""),
        with(create, r#""op":7"#, r#""op":-7"#),
        with(create, r#""op":7"#, r#""op":7,"op":7"#),
        with(create, r#""op":7"#, r#""op":7,"ob":7"#),
        with(create, r#""op":7"#, r#""op":7,"http":200,"outcome":"ok""#),
        with(create, r#""op":7"#, r#""op":7,"size":7"#),
        with(create, r#""op":7"#, r#""op":7,"checksum":"1234""#),
        with(create, "5,", "99999999999999999999,"),
        wrong(&[answer]),
        wrong(&[create, create]),
        wrong(&[create, answer, answer]),
        wrong(&[create, &answer.replace('6', "4")]),
        wrong(&[create, &create.replace(":3", ":2")]),
        wrong(&[create, &create.replace(":3", ":4"), answer]),
        wrong(&[&create.replace("{", r#"{"run":2,"#), create]),
        wrong(&[r#"{"subject":3,"t_ns":5,"event":"probed","row":"gone"}"#]),
        wrong(&[
            r#"{"subject":3,"t_ns":5,"event":"probed","row":{"present":{"status":"active"}}}"#,
        ]),
    ];
    insta::assert_snapshot!(messages.join("\n"), @r#"
    line 2: column 1: an event begins with a brace
    line 2: column 1: an event begins with a brace
    line 2: column 1: an event begins with a brace
    line 3: it ends in the middle: the file was cut short, so write it anew, or take this line away
    line 4: a second header; check each history on its own
    line 2: it is longer than 1048576 bytes, which no event is; is this a history?
    line 2: column 67: `craete` is no operation; did you mean `create`?
    line 2: column 1061: `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx` is no operation; write create, create-with-location, create-empty, add-location, remove-location, upload, abort-upload, download, export, clone, download-as-admin, deactivate, reactivate, delete, import, show, set-property, protect, unprotect, stage, import-staged, register-location, replace-location, create-without-format, create-with-wrong-format, upload-wrong-size, upload-too-large, upload-chunked, import-slow, import-missing, import-dead, import-cut, import-too-large, register-location-checked, register-location-wrong-hash, share, unshare, add-location-checked, add-location-wrong-hash, accept, copy-location, copy-image, delete-from-store, delete-from-default-store, import-to-all-stores, list
    line 2: column 78: `me` is no client; write member, admin, reader, stranger
    line 2: column 36: unknown variant `sent`, expected one of `invoked`, `answered`, `broken`, `healed`, `probed`, `property`
    line 2: an event `invoked` must say `op`
    line 2: column 47: invalid value: integer `-7`, expected u64
    line 2: column 51: duplicate field `op`
    line 2: column 51: unknown field `ob`, expected one of `run`, `subject`, `t_ns`, `event`, `op`, `operation`, `who`, `outcome`, `status`, `size`, `checksum`, `spoiled`, `http`, `value`, `row`, `data`, `tasks_open`
    line 2: an event `invoked` does not say "outcome":"ok","http":200
    line 2: an event `invoked` must say `checksum`
    line 2: column 64: `1234` is no checksum, which is sixteen hexadecimal digits
    line 2: column 40: invalid type: floating point `1e+20`, expected u64
    line 2: operation 7 of this subject is answered before it is invoked; add the line that invokes it, or take this one away
    line 3: operation 7 of this subject is invoked for the second time; give each a number of its own
    line 4: operation 7 of this subject is answered for the second time; take one answer away
    line 3: it is earlier than the line before: sort a subject's events by `t_ns`
    line 3: subject 2 of run 1 comes too late: keep a subject's events together, and sort subjects by run and number
    line 4: subject 3 of run 1 comes too late: keep a subject's events together, and sort subjects by run and number
    line 3: subject 3 of run 1 comes too late: keep a subject's events together, and sort subjects by run and number
    line 2: column 51: unknown variant `gone`, expected `absent` or `present`
    line 2: column 75: missing field `deleted`
    "#);
}

#[test]
fn blank_lines_and_carriage_returns_do_no_harm() {
    let create =
        r#"{"subject":3,"t_ns":5,"event":"invoked","op":7,"operation":"create","who":"member"}"#;
    let text = format!("\n{HEADER}\r\n\r\n{create}\r\n  \n");
    let (_, saved) = read(text.as_bytes()).unwrap();
    assert_eq!(saved.len(), 1);
}

/// A line without an end must not be taken into memory, nor read to its end: there is none.
#[test]
fn an_endless_line_is_left_soon() {
    let endless = BufReader::new(io::repeat(b'x'));
    let Err(error) = Reader::new(endless) else {
        panic!("an endless line is a header")
    };
    assert!(error.to_string().contains("longer than"), "{error}");
    let endless = BufReader::new(HEADER.as_bytes().chain(&b"\n"[..]).chain(io::repeat(b'[')));
    let last = Reader::new(endless).unwrap().next().unwrap();
    assert_eq!(last.unwrap_err().line, 2);
}

/// After an error there is nothing more.
#[test]
fn an_error_is_the_end() {
    let text = format!("{HEADER}\nx\n{}", "y\n".repeat(10));
    assert_eq!(Reader::new(text.as_bytes()).unwrap().count(), 1);
}
