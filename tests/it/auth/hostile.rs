//! Keystones that answer badly: each ends in one line, soon, in little memory.

use super::{SECRET, assert_line, request, soon, target_of};
use crate::glance::local;
use stormglass_glance::GlanceTarget;
use stormglass_glance::auth::{Login, Named, Proof, Scope, Secret};
use stormglass_glance::{Client, RunId, locate};
use stormglass_model::units::Span;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

fn target(url: String) -> GlanceTarget {
    let proof = Proof::Password(Named::Id("u".to_owned()), Secret::new(SECRET));
    GlanceTarget {
        timeout: Span::from_millis(500),
        ..target_of(Login::new(url, proof, Scope::Unsaid))
    }
}

/// One that says `start` and then `again` for as long as anybody listens.
async fn keystone(start: String, again: &'static str) -> GlanceTarget {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::task::spawn_local(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let start = start.clone();
            tokio::task::spawn_local(async move {
                request(&mut stream).await;
                let _ = stream.write_all(start.as_bytes()).await;
                while !again.is_empty() && stream.write_all(again.as_bytes()).await.is_ok() {}
            });
        }
    });
    target(url)
}

/// The error of a login there holds `expected`, whether it is looked for in a catalog or said hello to.
async fn check(start: impl Into<String>, again: &'static str, expected: &str) {
    let mut target = keystone(start.into(), again).await;
    let located = soon(locate(&target)).await.unwrap_err().to_string();
    assert_line(&located);
    assert!(located.contains(expected), "{located}");
    target.url = Some("http://127.0.0.1:9".to_owned());
    let client = Client::new(&target, RunId(1)).unwrap();
    let error = soon(client.hello()).await.unwrap_err().to_string();
    assert_line(&error);
    assert!(error.contains(expected), "{error}");
}

fn created(body: &str) -> String {
    super::answer("201 Created", "X-Subject-Token: of-the-cloud\r\n", body)
}

#[test]
fn each_ends_in_one_line() {
    local(async {
        check("", "", "no Keystone at http://127.0.0.1:").await;
        check("SSH-2.0-OpenSSH_9.2\r\n", "", "no Keystone at").await;
        check(created(""), "", "no description of a token").await;
        check(created("[]"), "", "no description of a token").await;
        check(
            created(&"[".repeat(100_000)),
            "",
            "no description of a token",
        )
        .await;
        check(
            created("{\"token\": {\"catalog\": 7}}"),
            "",
            "no description",
        )
        .await;
        let headless = super::answer("201 Created", "", "{\"token\": {}}");
        check(headless, "", "no token in the head").await;
        let odd = super::answer(
            "201 Created",
            "X-Subject-Token: \u{e9}\r\n",
            "{\"token\": {}}",
        );
        check(odd, "", "no token in the head").await;
        let head = "HTTP/1.1 201 Created\r\nX-Subject-Token: t\r\n";
        check(format!("{head}\r\n"), "{\"token\": 1}", "too long").await;
        check(
            format!("{head}Content-Length: 999999999999\r\n\r\n"),
            "",
            "too long",
        )
        .await;
        check(
            format!("{head}Content-Length: 10\r\n\r\n{{"),
            "",
            "does not end",
        )
        .await;
        check(
            "HTTP/1.1 201 Created\r\n",
            "X-Subject-Token: t\r\n",
            "no Keystone at",
        )
        .await;
        check(
            super::answer("302 Found", "Location: /\r\n", ""),
            "",
            "is it the auth_url",
        )
        .await;
        let echo = format!("the password {SECRET} is not allowed");
        check(super::answer("400 Bad Request", "", &echo), "", "HTTP 400").await;
        check(
            super::answer("403 Forbidden", "", &echo),
            "",
            "disabled or locked",
        )
        .await;
        check(super::answer("503 Busy", "", &echo), "", "HTTP 503").await;
    });
}

#[test]
fn a_catalog_may_say_anything() {
    local(async {
        let catalog =
            |services: &str| created(&format!("{{\"token\": {{\"catalog\": {services}}}}}"));
        let check = async |services: &str, expected: &str| {
            let target = keystone(catalog(services), "").await;
            let error = soon(locate(&target)).await.unwrap_err().to_string();
            assert_line(&error);
            assert!(error.contains(expected), "{error}");
        };
        check("[]", "without a project has no catalog").await;
        check(
            "[{\"type\": \"compute\"}, {\"type\": \"a\\u001bb\"}]",
            "it has compute, a b",
        )
        .await;
        let many = vec!["{\"type\": \"x\"}"; 10_000].join(",");
        check(&format!("[{many}]"), "it has x, x").await;
        let place = "{\"interface\": \"public\", \"url\": \"gopher://\\u0000\"}";
        let target = keystone(
            catalog(&format!(
                "[{{\"type\": \"image\", \"endpoints\": [{place}]}}]"
            )),
            "",
        )
        .await;
        assert_line(&soon(locate(&target)).await.unwrap_err().to_string());
    });
}

#[test]
fn nobody_there() {
    local(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let error = soon(locate(&target(url.clone())))
            .await
            .unwrap_err()
            .to_string();
        let expected =
            format!("cannot log in: no Keystone at {url}: cannot connect: Connection refused");
        assert!(error.starts_with(&expected), "{error}");
        for url in ["cloud:5000", "http://me:word@cloud", "ftp://cloud"] {
            let error = soon(locate(&target(url.to_owned())))
                .await
                .unwrap_err()
                .to_string();
            assert!(
                error.ends_with("(auth_url)") && !error.contains("word"),
                "{error}"
            );
        }
    });
}
