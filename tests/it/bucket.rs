//! A store in S3, probed: what is asked of it, and what bad answers do. The servers listen on loopback.

use crate::glance::local;
use crate::safety::fake::{Asked, Fake, reply};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use stormglass_glance::auth::Secret;
use stormglass_glance::{BucketTarget, ProbeTarget, Proxies, StoreTarget};
use stormglass_glance::{ImageId, Probe, ProbeError, RunId};
use stormglass_model::history::{Held, ProbeReading};

pub const SECRET: &str = "swordfish";

fn reading(
    endpoint: &str,
    secret: &str,
    images: &[ImageId],
) -> Result<Vec<ProbeReading>, ProbeError> {
    let target = target(endpoint, secret);
    local(async { Probe::open(&target).await?.read(images).await })
}

pub fn target(endpoint: &str, secret: &str) -> ProbeTarget {
    ProbeTarget {
        database: None,
        store: Some(StoreTarget::Bucket(BucketTarget {
            endpoint: endpoint.to_owned(),
            region: "here".to_owned(),
            bucket: "glance".to_owned(),
            access_key: Secret::new("angler"),
            secret_key: Secret::new(secret),
            ca: None,
            proxies: Proxies::default(),
        })),
        staging: None,
    }
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(pad, key)| *pad ^= key);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text);
    let outer = Sha256::new().chain_update(pad(0x5c));
    outer.chain_update(inner.finalize()).finalize().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The value of a query's parameter.
fn said<'a>(query: &'a str, key: &str) -> &'a str {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, _)| *name == key).map_or("", |it| it.1)
}

/// Whether a request is signed as AWS says, with this server's secret.
fn is_signed(asked: &Asked, query: &str) -> bool {
    let host = asked.head.split("host: ").nth(1).unwrap();
    let host = host.lines().next().unwrap();
    let mut pairs: Vec<&str> = (query.split('&'))
        .filter(|pair| !pair.starts_with("X-Amz-Signature="))
        .collect();
    pairs.sort_unstable();
    let request = format!(
        "GET\n/glance/\n{}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD",
        pairs.join("&")
    );
    let date = said(query, "X-Amz-Date");
    let day = &date[..8];
    let scope = format!("{day}/here/s3/aws4_request");
    let request = hex(&Sha256::digest(request));
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{request}");
    let key = ["here", "s3", "aws4_request"].iter().fold(
        hmac(format!("AWS4{SECRET}").as_bytes(), day),
        |key, part| hmac(&key, part),
    );
    said(query, "X-Amz-Credential") == format!("angler/{scope}").replace('/', "%2F")
        && said(query, "X-Amz-Signature") == hex(&hmac(&key, &text))
}

const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">"#;

fn object(key: &str, size: &str) -> String {
    format!(
        "<Contents><Key>{key}</Key><LastModified>2026-11-23T00:54:04.000Z</LastModified><ETag>\"4a21\"</ETag>\
         <Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
    )
}

/// A bucket with these objects, in the order of their names.
pub fn holding(objects: Vec<(String, u64)>) -> Fake {
    Fake::with(Arc::new(move |asked: &Asked, stream: &mut TcpStream| {
        let (path, query) = asked.path.split_once('?').unwrap();
        assert_eq!((asked.method.as_str(), path), ("GET", "/glance/"));
        let (status, text) = match is_signed(asked, query) {
            false => {
                let said = format!("<Message>{SECRET} angler</Message>");
                (
                    403,
                    format!("<Error><Code>SignatureDoesNotMatch</Code>{said}</Error>"),
                )
            }
            true => {
                let most = said(query, "max-keys").parse().unwrap();
                let found = (objects.iter()).filter(|it| it.0.starts_with(said(query, "prefix")));
                let found = found
                    .take(most)
                    .map(|(key, size)| object(key, &size.to_string()));
                let found: String = found.collect();
                (
                    200,
                    format!("{HEAD}<MaxKeys>{most}</MaxKeys>{found}</ListBucketResult>"),
                )
            }
        };
        reply(stream, status, &text).unwrap();
        true
    }))
}

#[test]
fn exactly_one_name_is_asked_for_and_signed() {
    let [one, other, none] = [1, 2, 3].map(|number| ImageId::new(RunId(1), number));
    let fake = holding(vec![
        (one.to_string(), 5),
        (format!("{one}.bak"), 6),
        (format!("{other}.bak"), 7),
    ]);
    let found = reading(&fake.url, SECRET, &[other, none, one]).unwrap();
    let held = |bytes| ProbeReading {
        data: Some(Held {
            bytes,
            ..Held::default()
        }),
        ..ProbeReading::default()
    };
    assert_eq!(found, [held(None), held(None), held(Some(5))]);
    // The first is that of the opening, which asks for nobody.
    let asked = fake.asked.lock().unwrap();
    let prefixes: Vec<&str> = asked.iter().map(|it| said(&it.path, "prefix")).collect();
    let wanted = [other, none, one].map(|id| id.to_string());
    assert_eq!(prefixes[1..], wanted);
}

#[test]
fn who_may_not_list_is_told_so_and_no_secret_is_shown() {
    let fake = holding(Vec::new());
    let error = reading(&fake.url, "wrong-key", &[])
        .unwrap_err()
        .to_string();
    assert!(error.contains("HTTP 403 SignatureDoesNotMatch"), "{error}");
    assert!(error.contains("s3:ListBucket"), "{error}");
    for secret in ["wrong-key", "angler", SECRET] {
        assert!(!error.contains(secret), "{error}");
    }
    let asked = fake.asked.lock().unwrap();
    let shown = |it: &Asked| format!("{} {}", it.path, it.head).contains("wrong-key");
    assert!(!asked.is_empty() && !asked.iter().any(shown));
}

/// What is said of a server that answers only this; `again` for as long as it is read.
fn told(start: String, again: &'static [u8]) -> String {
    let fake = Fake::with(Arc::new(move |_: &Asked, stream: &mut TcpStream| {
        let mut sent = stream.write_all(start.as_bytes());
        while sent.is_ok() && !again.is_empty() {
            sent = stream.write_all(again);
        }
        true
    }));
    let error = reading(&fake.url, SECRET, &[]).unwrap_err();
    assert!(matches!(error, ProbeError::Bucket { .. }), "{error:?}");
    error.to_string()
}

#[test]
fn a_list_without_sense_or_end_is_an_error() {
    let nobody = ImageId([0; 16]).to_string();
    let no_list = "no list of objects";
    for (body, why) in [
        (String::new(), no_list),
        ("{\"objects\":[]}".to_owned(), no_list),
        ("<ListBucketResult>".to_owned(), no_list),
        ("<html><body>Welcome</body></html>".to_owned(), no_list),
        (HEAD.to_owned(), no_list),
        (format!("{HEAD}<MaxKeys>1</MaxKeys>"), no_list),
        (
            format!("{HEAD}<NextContinuationToken>a</NextContinuationToken></ListBucketResult>"),
            "goes on",
        ),
        (
            format!("{HEAD}{}</ListBucketResult>", object(&nobody, "-5")),
            no_list,
        ),
        (
            format!(
                "{HEAD}{}</ListBucketResult>",
                object(&nobody, "99999999999999999999")
            ),
            no_list,
        ),
        (
            format!("{HEAD}{}</ListBucketResult>", object("&a;&lol;", "5")),
            no_list,
        ),
        // Whoever follows these as deep as they go ends with his stack.
        ("<a>".repeat(300_000), no_list),
        (
            format!("{HEAD}{}</ListBucketResult>", "<a>".repeat(300_000)),
            no_list,
        ),
        (
            format!(
                "{HEAD}{}</ListBucketResult>",
                object("other", "5").repeat(1_000)
            ),
            "other names",
        ),
        ("x".repeat(2 << 20), "longer than"),
    ] {
        let length = body.len();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        let error = told(head + &body, b"");
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn an_exchange_without_sense_or_end_is_an_error() {
    let ended = "Content-Length: 0\r\n\r\n";
    for (start, again, why) in [
        (
            format!("HTTP/1.1 301 Go\r\nLocation: http://127.0.0.1:1/\r\n{ended}"),
            &b""[..],
            "HTTP 301",
        ),
        (format!("HTTP/1.1 503 No\r\n{ended}"), b"", "HTTP 503"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<".to_owned(),
            b"",
            "",
        ),
        (
            "HTTP/1.1 200 OK\r\n\r\n<Contents>".to_owned(),
            &[b'<'; 65_536],
            "longer than",
        ),
        (
            "HTTP/1.1 404 No\r\n\r\n<Error>".to_owned(),
            &[b'<'; 65_536],
            "longer than",
        ),
        ("HTTP/1.1 200 OK\r\nX: ".to_owned(), &[b'x'; 65_536], ""),
        (String::new(), b"", ""),
    ] {
        let error = told(start, again);
        assert!(error.contains(why) && !error.contains(SECRET), "{error}");
    }
}

#[test]
fn an_endpoint_that_is_none_is_an_error() {
    let fake = holding(Vec::new());
    let tls = fake.url.replace("http://", "https://");
    for endpoint in [
        "",
        "glance",
        "ftp://127.0.0.1",
        "http://me:swordfish@127.0.0.1",
        &tls,
    ] {
        let error = reading(endpoint, SECRET, &[]).unwrap_err();
        assert!(matches!(error, ProbeError::Bucket { .. }), "{error:?}");
        assert!(!error.to_string().contains(SECRET), "{error}");
    }
}
