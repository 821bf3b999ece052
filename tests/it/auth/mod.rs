//! Who asks, and over what: `clouds.yaml` and its like, Keystone, TLS. All servers here are made by the tests, on loopback.

mod clouds;
mod hostile;
mod login;
mod proxy;
mod revoked;
mod sources;
mod tls;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::Future;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use stormglass_glance::auth::{Domain, Login, Named, Proof, Scope, Secret};
use stormglass_glance::{GlanceTarget, Identity};
use stormglass_glance::{ImageId, Request, RunId};
use stormglass_model::lifecycle::{Operation, Who};
use stormglass_model::units::{Bytes, Span};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

/// What must never be seen anywhere.
const SECRET: &str = "open-sesame";

/// A Keystone and a Glance in one, with one user.
struct Cloud {
    /// `http://127.0.0.1:port` or `https://…`
    url: String,
    /// How many tokens were issued, and how many were asked for.
    issued: Cell<u32>,
    asked: Cell<u32>,
    /// The tokens that Glance accepts.
    accepted: RefCell<BTreeSet<String>>,
    /// Those that their owner gave back, in order.
    revoked: RefCell<Vec<String>>,
    /// Whether Glance accepts new ones.
    trusts: Cell<bool>,
    /// When tokens are issued, and when they end.
    times: Cell<[&'static str; 2]>,
    /// While set, Keystone answers only once it is told.
    gate: RefCell<Option<Rc<Notify>>>,
    /// The bodies that Keystone got.
    logins: RefCell<Vec<serde_json::Value>>,
    /// Method and path of what Glance got, with its answer.
    seen: RefCell<Vec<String>>,
    /// What connections agreed to speak.
    protocols: RefCell<Vec<Option<Vec<u8>>>>,
}

impl Cloud {
    async fn start() -> Rc<Cloud> {
        Cloud::start_with(None).await
    }

    async fn start_with(tls: Option<TlsAcceptor>) -> Rc<Cloud> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let cloud = Rc::new(Cloud {
            url: format!("{scheme}://{}", listener.local_addr().unwrap()),
            issued: Cell::new(0),
            asked: Cell::new(0),
            accepted: RefCell::default(),
            revoked: RefCell::default(),
            trusts: Cell::new(true),
            times: Cell::new(["2031-02-28T00:00:00.000000Z", "2031-02-28T01:00:00.000000Z"]),
            gate: RefCell::default(),
            logins: RefCell::default(),
            seen: RefCell::default(),
            protocols: RefCell::default(),
        });
        let shared = cloud.clone();
        tokio::task::spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (cloud, tls) = (shared.clone(), tls.clone());
                tokio::task::spawn_local(async move {
                    let Some(tls) = tls else {
                        cloud.serve(stream).await;
                        return;
                    };
                    if let Ok(stream) = tls.accept(stream).await {
                        let protocol = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
                        cloud.protocols.borrow_mut().push(protocol);
                        cloud.serve(stream).await;
                    }
                });
            }
        });
        cloud
    }

    async fn serve(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        while let Some((head, body)) = request(&mut stream).await {
            let mut words = head.split(' ');
            let (method, path) = (words.next().unwrap(), words.next().unwrap());
            let answer = if path == "/identity/v3/auth/tokens" {
                self.asked.set(self.asked.get() + 1);
                let gate = self.gate.borrow().clone();
                if let Some(gate) = gate {
                    gate.notified().await;
                }
                match method {
                    "DELETE" => self.revoke_one(&head),
                    _ => self.keystone(&body),
                }
            } else {
                self.glance(method, path, &head)
            };
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    fn keystone(&self, body: &[u8]) -> String {
        let body: serde_json::Value = serde_json::from_slice(body).unwrap();
        let right = body.to_string().contains(SECRET);
        self.logins.borrow_mut().push(body);
        if !right {
            return answer("401 Unauthorized", "", "{\"error\": {\"message\": \"no\"}}");
        }
        self.issued.set(self.issued.get() + 1);
        let token = format!("token-{}-of-the-cloud", self.issued.get());
        if self.trusts.get() {
            self.accepted.borrow_mut().insert(token.clone());
        }
        let [issued_at, expires_at] = self.times.get();
        let text = serde_json::json!({ "token": {
            "issued_at": issued_at,
            "expires_at": expires_at,
            "catalog": [
                { "type": "identity", "name": "keystone", "endpoints": [] },
                { "type": "image", "endpoints": [
                    { "interface": "internal", "region": "One", "url": "http://internal" },
                    { "interface": "public", "region": "One", "url": format!("{}/image", self.url) },
                    { "interface": "public", "region_id": "Two", "url": "http://two/image/v2/610275" },
                ] },
            ],
        } });
        let header = format!("X-Subject-Token: {token}\r\n");
        answer("201 Created", &header, &text.to_string())
    }

    fn glance(&self, method: &str, path: &str, head: &str) -> String {
        let token = head
            .lines()
            .find_map(|line| line.strip_prefix("x-auth-token: "));
        let token = token.unwrap_or("nobody");
        let accepted = self.accepted.borrow().contains(token);
        let status = if accepted { 200 } else { 401 };
        self.seen
            .borrow_mut()
            .push(format!("{method} {path} {status}"));
        match (accepted, method) {
            (false, _) => answer("401 Unauthorized", "", &format!("who is {token}?")),
            (true, "GET") => answer("200 OK", "", "{\"images\": [], \"schema\": \"images\"}"),
            (true, "POST") => answer("201 Created", "", "{\"status\": \"queued\"}"),
            (true, _) => answer("204 No Content", "", ""),
        }
    }

    /// Takes back the token that is named, if it is shown as well.
    fn revoke_one(&self, head: &str) -> String {
        let said = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
        let token = said("x-subject-token: ").unwrap_or_default();
        let own = said("x-auth-token: ") == Some(token);
        match own && self.accepted.borrow_mut().remove(token) {
            true => {
                self.revoked.borrow_mut().push(token.to_owned());
                answer("204 No Content", "", "")
            }
            false => answer("404 Not Found", "", "{}"),
        }
    }

    /// Takes back every token.
    fn revoke(&self) {
        self.accepted.borrow_mut().clear();
    }

    fn login(&self, password: &str) -> Login {
        let domain = Domain::Name("Default".to_owned());
        let named = |name: &str| Named::Name(name.to_owned(), domain.clone());
        let proof = Proof::Password(named("demo"), Secret::new(password));
        let url = format!("{}/identity", self.url);
        Login::new(url, proof, Scope::Project(named("project")))
    }

    /// A target whose member, and admin, logs in; the catalog says where Glance is.
    fn target(&self) -> GlanceTarget {
        target_of(self.login(SECRET))
    }
}

fn target_of(login: Login) -> GlanceTarget {
    let identity = Identity::Keystone(Arc::new(login));
    GlanceTarget {
        url: None,
        timeout: Span::from_secs(5),
        ..GlanceTarget::new(String::new(), identity.clone(), identity)
    }
}

/// Reads one request, body and all.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> Option<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
        if head == [0x16] {
            return Some(("HELLO TLS".to_owned(), Vec::new())); // no HTTP begins like this
        }
    }
    let head = String::from_utf8(head).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.ok()?;
    Some((head, body))
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
}

fn asked(operation: Operation, number: u64) -> Request {
    Request {
        operation,
        who: Who::Member,
        id: ImageId::new(RunId(1), number),
        size: Bytes(100_000),
        content_seed: 1,
        fraction: 0.5,
    }
}

/// A line that can be shown to a user, and holds no secret.
fn assert_line(text: &str) {
    assert!(!text.is_empty() && text.chars().count() < 400, "{text}");
    let told = text.contains(SECRET) || text.contains("of-the-cloud");
    assert!(!text.contains(char::is_control) && !told, "{text}");
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(30);
    tokio::time::timeout(limit, future)
        .await
        .expect("it must not hang")
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join(name), text).unwrap();
}
