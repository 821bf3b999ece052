//! What servers answer, and whom they are trusted by, takes time in proportion to its length as well.

use super::readers::grows_evenly;
use crate::safety::fake::{Asked, Fake, list};
use rcgen::{CertificateParams, KeyPair};
use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use stormglass_glance::auth::{Domain, Login, Named, Proof, Scope, Secret};
use stormglass_glance::{Client, GlanceTarget, Identity, ImageId, RunId, locate};

const RUN: RunId = RunId(7);

/// A server that answers everything with this.
fn saying(status: &str, headers: &str, text: &str) -> Fake {
    let length = text.len();
    let answer = format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{text}"
    );
    Fake::with(Arc::new(move |_: &Asked, stream: &mut TcpStream| {
        stream.write_all(answer.as_bytes()).is_ok()
    }))
}

/// Waits for requests on this thread.
fn wait<F: Future>(requests: F) -> F::Output {
    let runtime = stormglass_glance::runtime().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, requests)
}

#[test]
fn lists_of_images() {
    let page = |images: Vec<String>| list(&images.join(","), "");
    let image = |n| format!(r#"{{"id":"{}","status":"active"}}"#, ImageId::new(RUN, n));
    let right = |n: usize| page((0..n as u64).map(image).collect());
    let wrong = |n: usize| right(n).replace('}', ",");
    for (what, text) in [
        ("a list", &right as &dyn Fn(usize) -> String),
        ("no list", &wrong),
    ] {
        let make = |n: usize| saying("200 OK", "", &text(n));
        grows_evenly(what, 2_000, make, |server: &Fake| {
            let target =
                GlanceTarget::new(server.url.clone(), Identity::Anonymous, Identity::Anonymous);
            let found = wait(Client::new(&target, RUN).unwrap().tagged());
            assert_eq!(found.is_ok(), what == "a list", "{found:?}");
        });
    }
}

#[test]
fn catalogs() {
    let endpoint = r#"{"interface":"public","region_id":"r","url":"http://127.0.0.1:9"}"#;
    let catalog = |services: &str| format!(r#"{{"token":{{"catalog":[{services}]}}}}"#);
    let services = |n: usize| {
        let service = |n| format!(r#"{{"type":"t{n}","endpoints":[{endpoint}]}}"#);
        catalog(&(0..n).map(service).collect::<Vec<_>>().join(","))
    };
    let endpoints = |n: usize| {
        let all = vec![endpoint; n].join(",");
        catalog(&format!(r#"{{"type":"image","endpoints":[{all}]}}"#))
    };
    let tokens = |n: usize| "{\"token\":".repeat(n);
    let domain = Domain::Name("Default".to_owned());
    let named = |name: &str| Named::Name(name.to_owned(), domain.clone());
    let proof = Proof::Password(named("demo"), Secret::new("open-sesame"));
    let parts: [(&str, &dyn Fn(usize) -> String); 3] = [
        ("services", &services),
        ("endpoints", &endpoints),
        ("no catalog", &tokens),
    ];
    for (what, text) in parts {
        let headers = "X-Subject-Token: open-sesame\r\n";
        let make = |n: usize| saying("201 Created", headers, &text(n));
        grows_evenly(what, 2_000, make, |server: &Fake| {
            let scope = Scope::Project(named("project"));
            let login = Login::new(server.url.clone(), proof.clone(), scope);
            let identity = Identity::Keystone(Arc::new(login));
            let target = GlanceTarget {
                url: None,
                ..GlanceTarget::new(String::new(), identity.clone(), identity)
            };
            assert_eq!(wait(locate(&target)).is_ok(), what == "endpoints");
        });
    }
}

#[test]
fn certificates() {
    let folder = tempfile::tempdir().unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["here".to_owned()]).unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    for (what, one) in [
        ("certificates", pem.as_str()),
        ("no certificates", "-----BEGIN CERTIFICATE-----\n"),
        ("no PEM", "-----BEGIN -----END\n"),
    ] {
        let make = |n: usize| {
            let path = folder.path().join(format!("{n}.pem"));
            fs::write(&path, one.repeat(n)).unwrap();
            path
        };
        grows_evenly(what, 500, make, |path: &PathBuf| {
            let url = "https://127.0.0.1:9".to_owned();
            let target = GlanceTarget {
                ca: Some(path.clone()),
                ..GlanceTarget::new(url, Identity::Anonymous, Identity::Anonymous)
            };
            let client = Client::new(&target, RUN);
            assert_eq!(client.is_ok(), what == "certificates");
        });
    }
}
