//! The sweep of a server that is no Glance, and goes wrong in one way or in none.

use crate::process::stormglass;
use crate::safety::fake::{Asked, Fake, reply};
use serde_json::Value;
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

type Answer = dyn Fn(&Asked, &mut TcpStream) -> std::io::Result<bool> + Send + Sync;

/// Sweeps a script as one who has a token and no other; gives the exit code and `sweep.json`.
fn swept(script: &str, answer: Arc<Answer>) -> (Option<i32>, Value) {
    let fake = Fake::with(Arc::new(move |asked: &Asked, stream: &mut TcpStream| {
        answer(asked, stream).unwrap()
    }));
    let folder = tempfile::tempdir().unwrap();
    let done = stormglass([
        "sweep", &fake.url, "--script", script, "--tries", "1", "--json",
    ])
    .env("STORMGLASS_TOKEN", "mine")
    .current_dir(folder.path())
    .output();
    let said = serde_json::from_slice(&done.stdout);
    let said = said.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&done.stderr)));
    (done.status.code(), said)
}

fn reads_data(asked: &Asked) -> bool {
    asked.method == "GET" && asked.path.ends_with("/file")
}

/// A member may deactivate an image of his own, and may then not read its data. With one token nobody else is known who may.
#[test]
fn one_token_is_not_taken_for_an_admin() {
    let deactivated = AtomicBool::new(false);
    let (code, said) = swept(
        "create upload deactivate download",
        Arc::new(move |asked, stream| {
            if asked.method == "DELETE" {
                deactivated.store(false, Relaxed);
                return Ok(false);
            } else if asked.path.ends_with("/deactivate") {
                deactivated.store(true, Relaxed);
                reply(stream, 204, "")?;
            } else if reads_data(asked) {
                assert!(deactivated.load(Relaxed));
                reply(stream, 403, "")?;
            } else if asked.method == "GET" && deactivated.load(Relaxed) {
                let id = asked.id();
                let status = if asked.path.ends_with(id) { 200 } else { 404 };
                let record = format!(r#"{{"id":"{id}","status":"deactivated"}}"#);
                reply(stream, status, &record)?;
            } else {
                return Ok(false);
            }
            Ok(true)
        }),
    );
    assert_eq!((code, &said["findings"]), (Some(0), &Value::Array(vec![])));
}

#[test]
fn an_answer_that_is_no_http_is_no_missing_answer() {
    let (code, said) = swept(
        "create upload download",
        Arc::new(|asked, stream| {
            if reads_data(asked) {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: None\r\n\r\n")?;
            }
            Ok(reads_data(asked))
        }),
    );
    assert_eq!(code, Some(90), "{said}");
    assert!(said.to_string().contains("malformed-answer"), "{said}");
    assert!(!said.to_string().contains("no-answer"), "{said}");
}

/// A delete does not make up for it, and no probe sees it.
#[test]
fn an_image_that_stays_saving_is_stuck() {
    let (code, said) = swept(
        "create [upload mid-body !reset]",
        Arc::new(|asked, stream| {
            let saving =
                asked.method == "GET" && asked.path == format!("/v2/images/{}", asked.id());
            let saving = saving && !asked.id().is_empty();
            if saving {
                let id = asked.id();
                reply(
                    stream,
                    200,
                    &format!(r#"{{"id":"{id}","status":"saving"}}"#),
                )?;
            }
            Ok(saving)
        }),
    );
    assert_eq!(code, Some(90), "{said}");
    assert!(said.to_string().contains("stuck-subject"), "{said}");
}
