//! Lists: what a server says to one, and what a storm measures of it.

use crate::glance::local;
use crate::hostile::{client_of, request};
use std::path::Path;
use stormglass::{RunOptions, parse, run};
use stormglass_glance::Answer;
use stormglass_model::history::Seen;
use stormglass_model::lifecycle::{Operation, Outcome, Verdict, Who};
use stormglass_model::script::Act;
use stormglass_model::units::Span;

/// What a list comes to where the server answers so.
fn listed(head: &str, body: &str) -> Answer {
    let length = body.len();
    let reply =
        format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    local(async {
        let client = client_of(reply).await;
        client.perform(&request(Operation::List)).await
    })
}

#[test]
fn a_list_is_a_page_and_tells_nothing_of_one_image() {
    let page = "{\"images\": [], \"first\": \"/v2/images\", \"schema\": \"/v2/schemas/images\"}";
    let image = format!(
        "{{\"id\": \"{}\", \"status\": \"active\"}}",
        request(Operation::List).id
    );
    let full = format!("{{\"images\": [{image}], \"schema\": \"/v2/schemas/images\"}}");
    for (head, body, outcome) in [
        ("200 OK", page, Outcome::Ok),
        ("200 OK", &full, Outcome::Ok),
        ("200 OK", &image, Outcome::Unknown),
        ("200 OK", "<html>welcome</html>", Outcome::Unknown),
        ("404 Not Found", "", Outcome::Refused),
        ("500 Internal Server Error", "", Outcome::Fail),
        ("502 Bad Gateway", page, Outcome::Unknown),
    ] {
        let answer = listed(head, body);
        assert_eq!(answer.outcome, outcome, "{head} {body}: {answer:?}");
        let told = (answer.observed, answer.content, answer.property);
        assert_eq!(told, (None::<Seen>, None, None), "{head} {body}");
        let code = head[..3].parse().ok();
        assert_eq!(answer.http_status, code);
    }
}

/// Everybody may list, whatever became of the subject.
#[test]
fn who_may_list() {
    for &who in Who::ALL {
        assert!(Operation::List.kind().allows(who), "{who}");
    }
    let text: Act = "list:stranger".parse().unwrap();
    assert_eq!(
        (text.operation, text.who),
        (Operation::List, Who::OtherProject)
    );
}

const STORM: &str = r#"
schema = 1
name = "lists"
[service.registry]
commit = "5ms"
[load]
arrivals = { rate = "20/s", spacing = "even" }
duration = "10s"
[[story]]
name = "look around"
steps = ["create", "list", "upload", "list", "delete", "list"]
"#;

#[test]
fn a_list_takes_the_time_of_a_commit_and_changes_nothing() {
    let scenario = parse("a test", STORM, Path::new("."), &[]).unwrap();
    let mut with_history = scenario.clone();
    with_history.keeps_history = true;
    let result = run(&with_history, &RunOptions::default()).unwrap();
    assert_eq!(
        result.verdict,
        Verdict::Valid,
        "{:?}",
        result.runs[0].violations
    );
    let rows = &result.runs[0].operations;
    let lists: Vec<_> = rows
        .iter()
        .filter(|row| row.operation == Operation::List)
        .collect();
    let [lists] = lists[..] else {
        panic!("{} rows", lists.len());
    };
    assert_eq!(
        (lists.outcome, lists.response.count()),
        (Outcome::Ok, 3 * 200)
    );
    assert_eq!(lists.response.min(), Span::from_millis(5));
    let end = &result.runs[0].end;
    // Created, begun, ended, deleted.
    assert_eq!(result.runs[0].transition_total(), 4 * 200);
    assert_eq!(end.arrivals, 200);
}

#[test]
fn a_list_fails_where_the_registry_does() {
    let fault = "[[fault]]\nname = \"down\"\nat = \"registry.commit\"\nkind = { error = { probability = 0.5 } }\n";
    let text = format!("{STORM}{fault}");
    let scenario = parse("a test", &text, Path::new("."), &[]).unwrap();
    let result = run(&scenario, &RunOptions::default()).unwrap();
    let rows = result.runs[0].operations.iter();
    let failed =
        rows.filter(|row| row.operation == Operation::List && row.outcome == Outcome::Fail);
    assert!(failed.count() > 0);
}

#[test]
fn a_list_is_never_refused() {
    let text = STORM.replace("\"delete\", \"list\"", "\"delete\", { refused = \"list\" }");
    let mistakes = parse("a test", &text, Path::new("."), &[]).unwrap_err();
    let messages: Vec<&str> = mistakes.messages().collect();
    assert_eq!(messages.len(), 1, "{mistakes}");
    assert!(
        messages[0].starts_with("`list` can never be refused here"),
        "{mistakes}"
    );
}
