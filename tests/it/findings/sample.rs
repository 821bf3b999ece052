//! A sweep that never happened, and looks like one that did.

use std::collections::BTreeMap;
use stormglass::{Cause, Finding, SweepResult, Tally, Trial, Variant};
use stormglass_glance::Exchange;
use stormglass_model::checker::concurrent::{Rules, Symptom};
use stormglass_model::history::{
    ClientEvent, Content, Ending, Held, Observation, OpId, PresentRow, ProbeReading, Row, Seen,
    SubjectHistory,
};
use stormglass_model::lifecycle::{Invariant, Operation, Outcome, SubjectStatus, Verdict, Who};
use stormglass_model::script::Script;
use stormglass_model::units::{Span, Time};

pub const IMAGE: &str = "4f1c2a9e-7b61-4d0e-9f52-0c8d6a3e11b7";
pub const DATA: Content = Content {
    size: 65_536,
    checksum: 7,
};

/// Three findings on a server with a probe.
pub fn three() -> SweepResult {
    result(vec![orphan(), stuck(), server_error()])
}

/// A sweep of a few hundred scripts that came to this.
pub fn result(findings: Vec<Finding>) -> SweepResult {
    SweepResult {
        target: "http://127.0.0.1:9292".to_owned(),
        rules: Rules::glance(Some(false)),
        seed: 42,
        cases: (412, 412),
        families: Vec::new(),
        met: BTreeMap::new(),
        tries: 3_020,
        unknown: 12,
        acknowledged: true,
        first_local_failure: None,
        findings,
        notes: Vec::new(),
        wall: Span::from_secs(1_446),
        interrupted: false,
        left: Vec::new(),
        left_data: Vec::new(),
        looks: vec!["ls -l '/var/lib/glance/images'/$IMAGE".to_owned()],
    }
}

/// Tells a history in milliseconds.
#[derive(Clone, Default)]
pub struct Tale(Vec<ClientEvent>);

impl Tale {
    pub fn observed(mut self, ms: f64, observation: Observation) -> Tale {
        let at = Time((ms * 1e6) as u64);
        self.0.push(ClientEvent { at, observation });
        self
    }

    pub fn sent(self, ms: f64, op: u64, operation: Operation, who: Who) -> Tale {
        let invoked = Observation::Invoked {
            op: OpId(op),
            operation,
            who,
            brings: operation.sends_data().then_some(DATA),
            spoiled: false,
        };
        self.observed(ms, invoked)
    }

    pub fn answered(self, ms: f64, op: u64, status: Option<u16>, seen: Option<Seen>) -> Tale {
        let outcome = match status {
            None | Some(502..=599) => Outcome::Unknown,
            Some(500 | 501) => Outcome::Fail,
            Some(400..=499) => Outcome::Refused,
            Some(_) => Outcome::Ok,
        };
        let answered = Observation::Answered {
            op: OpId(op),
            ending: Ending {
                outcome,
                seen,
                content: None,
                http_status: status,
            },
        };
        self.observed(ms, answered)
    }

    pub fn history(self) -> SubjectHistory {
        SubjectHistory {
            subject: 17,
            events: self.0,
        }
    }
}

/// A finding with one variant.
pub fn finding(
    cause: &str,
    symptom: Symptom,
    invariant: Invariant,
    sentence: &str,
    tallies: &[(&str, u32, u32)],
) -> Finding {
    let tallies: Vec<Tally> = tallies
        .iter()
        .map(|&(script, shown, tries)| {
            let script: Script = script.parse().unwrap();
            Tally {
                script,
                shown,
                tries,
            }
        })
        .collect();
    let script = tallies[0].script.clone();
    Finding {
        cause: Cause::from_name(cause).unwrap(),
        variants: vec![Variant {
            severity: symptom.severity(),
            symptom,
            invariant,
            sentence: sentence.to_owned(),
            repeat: format!("stormglass sweep http://127.0.0.1:9292 --script '{script}' --seed 42"),
            tallies,
            at: Time(u64::MAX),
            example: Trial {
                script,
                history: SubjectHistory::default(),
                violations: Vec::new(),
                verdict: Verdict::Invalid,
                exchanges: Vec::new(),
                image: IMAGE.to_owned(),
            },
        }],
        accepted: false,
        month: None,
    }
}

/// The finding as this history and these requests show it.
fn shown(mut finding: Finding, history: SubjectHistory, exchanges: Vec<Exchange>) -> Finding {
    let variant = &mut finding.variants[0];
    variant.at = history.events.last().unwrap().at;
    variant.example.history = history;
    variant.example.exchanges = exchanges;
    finding
}

/// A request of the member with its reply; what differs is set afterwards.
pub fn exchange(sent_ms: f64, ended_ms: f64, method: &str, path: &str, status: u16) -> Exchange {
    Exchange {
        sent: Time((sent_ms * 1e6) as u64),
        ended: Some(Time((ended_ms * 1e6) as u64)),
        who: Who::Member,
        method: method.to_owned(),
        path: path.replace("ID", IMAGE),
        headers: Vec::new(),
        text: String::new(),
        data: None,
        data_sent: 0,
        status: Some(status),
        reply: String::new(),
    }
}

fn create(sent_ms: f64, ended_ms: f64) -> Exchange {
    Exchange {
        headers: vec![("Content-Type".to_owned(), "application/json".to_owned())],
        text: format!(
            r#"{{"id":"{IMAGE}","name":"stormglass","disk_format":"raw","container_format":"bare"}}"#
        ),
        reply: format!(r#"{{"status": "queued", "id": "{IMAGE}", "size": null}}"#),
        ..exchange(sent_ms, ended_ms, "POST", "/v2/images", 201)
    }
}

pub fn upload(sent_ms: f64, ended_ms: f64) -> Exchange {
    Exchange {
        headers: vec![
            (
                "Content-Type".to_owned(),
                "application/octet-stream".to_owned(),
            ),
            ("Content-Length".to_owned(), "65536".to_owned()),
        ],
        data: Some(65_536),
        data_sent: 65_536,
        ..exchange(sent_ms, ended_ms, "PUT", "/v2/images/ID/file", 204)
    }
}

pub fn status(status: SubjectStatus) -> Option<Seen> {
    Some(Seen::Status(status))
}

/// Both are answered 204, and the data stays.
pub fn orphan() -> Finding {
    let reading = ProbeReading {
        row: Some(Row::Present(PresentRow {
            status: SubjectStatus::Deleted,
            deleted: true,
            content: None,
            locations: 0,
            in_store: false,
        })),
        data: Some(Held {
            bytes: Some(65_536),
            ..Held::default()
        }),
        tasks_open: Some(0),
    };
    let history = Tale::default()
        .sent(0.0, 0, Operation::Create, Who::Member)
        .answered(14.8, 0, Some(201), status(SubjectStatus::Queued))
        .sent(14.9, 1, Operation::Upload, Who::Member)
        .sent(31.2, 2, Operation::Delete, Who::Member)
        .answered(52.7, 2, Some(204), None)
        .answered(60.1, 1, Some(204), None)
        .sent(60.2, 3, Operation::Show, Who::Member)
        .answered(65.0, 3, Some(404), Some(Seen::Gone))
        .observed(1_204.0, Observation::Probed(reading));
    shown(
        finding(
            "no-clean-up: upload",
            Symptom::Orphan,
            Invariant::Conservation,
            "The upload and the delete were both acknowledged, the image is gone, and its data is still in the store.",
            &[
                ("create [upload last-byte delete]", 11, 60),
                ("create [upload mid-body delete] show", 2, 60),
                ("create [upload before delete]", 0, 20),
            ],
        ),
        history.history(),
        vec![
            create(0.0, 14.8),
            upload(14.9, 60.1),
            exchange(31.2, 52.7, "DELETE", "/v2/images/ID", 204),
            Exchange {
                reply: "404 Not Found: No image found with ID".to_owned(),
                ..exchange(60.2, 65.0, "GET", "/v2/images/ID", 404)
            },
        ],
    )
}

/// The server is killed in mid-upload and comes back; the image is saving for good.
pub fn stuck() -> Finding {
    let reading = ProbeReading {
        row: Some(Row::Present(PresentRow {
            status: SubjectStatus::Saving,
            deleted: false,
            content: None,
            locations: 0,
            in_store: false,
        })),
        data: Some(Held {
            bytes: Some(32_768),
            ..Held::default()
        }),
        tasks_open: None,
    };
    let mut tale = Tale::default()
        .sent(0.0, 0, Operation::Create, Who::Member)
        .answered(15.3, 0, Some(201), status(SubjectStatus::Queued))
        .sent(15.4, 1, Operation::Upload, Who::Member)
        .observed(28.0, Observation::Broken(true))
        .answered(41.0, 1, None, None)
        .observed(2_950.0, Observation::Broken(false));
    for look in 0..25 {
        let at = 3_000.0 + 400.0 * f64::from(look);
        tale = tale
            .sent(at, 2 + look as u64, Operation::Show, Who::Member)
            .answered(
                at + 5.0,
                2 + look as u64,
                Some(200),
                status(SubjectStatus::Saving),
            );
    }
    shown(
        finding(
            "no-recovery: upload",
            Symptom::StuckSubject,
            Invariant::Progress,
            "The image is still saving when nothing is open any more, and no client can bring it to an end but by a delete.",
            &[("create [upload mid-body !kill-api]", 3, 3)],
        ),
        tale.observed(13_000.0, Observation::Probed(reading))
            .history(),
        vec![
            create(0.0, 15.3),
            Exchange {
                data_sent: 32_768,
                status: None,
                reply: "connection reset by peer".to_owned(),
                ..upload(15.4, 41.0)
            },
            Exchange {
                reply: format!(r#"{{"status": "saving", "id": "{IMAGE}", "size": null}}"#),
                ..exchange(3_000.0, 3_005.0, "GET", "/v2/images/ID", 200)
            },
        ],
    )
}

/// The loser of two deactivations gets a 500.
pub fn server_error() -> Finding {
    let history = Tale::default()
        .sent(0.0, 0, Operation::Create, Who::Member)
        .answered(14.1, 0, Some(201), status(SubjectStatus::Queued))
        .sent(14.2, 1, Operation::Upload, Who::Member)
        .answered(36.0, 1, Some(204), None)
        .sent(36.1, 2, Operation::Deactivate, Who::Admin)
        .sent(36.4, 3, Operation::Deactivate, Who::Admin)
        .answered(52.0, 2, Some(204), None)
        .answered(55.3, 3, Some(500), None);
    let deactivate = |sent, ended, status| Exchange {
        who: Who::Admin,
        ..exchange(
            sent,
            ended,
            "POST",
            "/v2/images/ID/actions/deactivate",
            status,
        )
    };
    shown(
        finding(
            "server-error: deactivate",
            Symptom::ServerError,
            Invariant::Answer,
            "A deactivate was answered with a server error, and nothing was broken.",
            &[("create upload [deactivate before deactivate]", 9, 20)],
        ),
        history.history(),
        vec![
            create(0.0, 14.1),
            upload(14.2, 36.0),
            deactivate(36.1, 52.0, 204),
            Exchange {
                reply: "500 Internal Server Error The server has either erred or is incapable of performing the requested operation."
                    .to_owned(),
                ..deactivate(36.4, 55.3, 500)
            },
        ],
    )
}

/// What a malicious server, or a careless person, could have put into a report.
pub const HOSTILE: &str = "```\n# </text><script>alert(1)</script> ]]> `id` $(id) 'x' \"y\" | a | \u{1b}[31m\u{0} \u{202e}txt.exe \u{200b}雷雨 <!-- \\";

/// It everywhere where text may come from outside.
pub fn hostile() -> SweepResult {
    let mut finding = orphan();
    let variant = &mut finding.variants[0];
    variant.sentence = HOSTILE.to_owned();
    variant.repeat = HOSTILE.to_owned();
    for exchange in &mut variant.example.exchanges {
        exchange.reply = HOSTILE.to_owned();
        exchange.path = format!("/v2/{HOSTILE}/{IMAGE}");
        exchange.headers = vec![(HOSTILE.to_owned(), HOSTILE.to_owned())];
    }
    variant.example.exchanges[0].text = HOSTILE.to_owned();
    variant.example.exchanges[3].method = HOSTILE.to_owned();
    SweepResult {
        target: HOSTILE.to_owned(),
        rules: Rules::glance(Some(false)),
        notes: vec![HOSTILE.to_owned()],
        left: vec![HOSTILE.to_owned()],
        left_data: vec![HOSTILE.to_owned()],
        ..result(vec![finding])
    }
}

/// More of everything than a page has room for: a thousand operations, nine of them at once, and a thousand requests.
pub fn long() -> Finding {
    let mut tale = Tale::default()
        .sent(0.0, 0, Operation::Create, Who::Member)
        .answered(1.0, 0, Some(201), None);
    for op in 1..12 {
        tale = tale.sent(2.0, op, Operation::Upload, Who::Member);
    }
    for round in 0..500_u32 {
        let (at, op) = (10.0 + f64::from(round), 100 + 2 * u64::from(round));
        tale = tale
            .sent(at, op, Operation::Delete, Who::OtherProject)
            .answered(at + 0.2, op, Some(404), None)
            .sent(at + 0.3, op + 1, Operation::Show, Who::Reader)
            .answered(at + 0.4, op + 1, Some(200), status(SubjectStatus::Saving));
    }
    shown(
        orphan(),
        tale.history(),
        (0..1_000)
            .map(|n| {
                let at = f64::from(n);
                exchange(at, at + 0.5, "GET", "/v2/images/ID", 200)
            })
            .collect(),
    )
}
