//! Requests through a proxy that the environment names. Everything here is on loopback; the names of servers are known to the proxy alone.

use super::tls::Authority;
use super::{answer, request, soon};
use crate::glance::local;
use std::cell::RefCell;
use std::rc::Rc;
use stormglass_glance::{Client, GlanceTarget, Identity, Routes, RunId};
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// A proxy that answers plain requests itself and leads all others to one place.
struct Proxy {
    url: String,
    /// The first line of what it got, and whom it was told that it is from.
    seen: RefCell<Vec<String>>,
}

impl Proxy {
    async fn start(leads_to: Option<String>) -> Rc<Proxy> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Rc::new(Proxy {
            url: listener.local_addr().unwrap().to_string(),
            seen: RefCell::default(),
        });
        let shared = proxy.clone();
        tokio::task::spawn_local(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (proxy, leads_to) = (shared.clone(), leads_to.clone());
                tokio::task::spawn_local(async move {
                    while let Some((head, _)) = request(&mut stream).await {
                        let own = |line: &&str| line.to_lowercase().starts_with("proxy-");
                        let line = head.lines().next().unwrap();
                        let from = head.lines().find(own).unwrap_or("nobody");
                        proxy.seen.borrow_mut().push(format!("{line} {from}"));
                        let reply = match (&leads_to, line.starts_with("CONNECT ")) {
                            (Some(place), true) => {
                                let mut server = TcpStream::connect(place).await.unwrap();
                                stream
                                    .write_all(b"HTTP/1.1 200 Go on\r\n\r\n")
                                    .await
                                    .unwrap();
                                let _ = copy_bidirectional(&mut stream, &mut server).await;
                                return;
                            }
                            (None, true) => answer("403 Forbidden", "", ""),
                            _ => answer("200 OK", "", "{\"images\": [], \"schema\": \"images\"}"),
                        };
                        stream.write_all(reply.as_bytes()).await.unwrap();
                    }
                });
            }
        });
        proxy
    }
}

fn target(url: &str, variables: &[(&str, &str)]) -> GlanceTarget {
    let token = Identity::Token("t".to_owned());
    let variable = |name: &str| variables.iter().find(|it| it.0 == name).map(|it| it.1);
    GlanceTarget {
        routes: Routes::of_variables(variable),
        ..GlanceTarget::new(url.to_owned(), token.clone(), token)
    }
}

#[test]
fn plain_http_goes_through_a_proxy() {
    local(async {
        let proxy = Proxy::start(None).await;
        let with_login = format!("http://me:it%21@{}", proxy.url);
        for (url, variables) in [
            (
                "http://glance.example:9292",
                [("http_proxy", with_login.as_str())],
            ),
            (
                "http://glance.example/image",
                [("ALL_PROXY", proxy.url.as_str())],
            ),
        ] {
            let client = Client::new(&target(url, &variables), RunId(1)).unwrap();
            soon(client.hello()).await.unwrap();
        }
        let seen = proxy.seen.take();
        let ours: Vec<&str> = seen.iter().map(String::as_str).collect();
        assert!(
            ours.contains(&"GET http://glance.example:9292/v2/images?limit=1 HTTP/1.1 proxy-authorization: Basic bWU6aXQh")
                && ours.contains(&"GET http://glance.example/image/v2/images?limit=1 HTTP/1.1 nobody"),
            "{ours:?}"
        );
    });
}

#[test]
fn tls_goes_through_a_proxy_from_end_to_end() {
    local(async {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new(folder.path());
        let cloud = authority.cloud("glance.example", 2999).await;
        cloud.accepted.borrow_mut().insert("t".to_owned());
        let place = cloud.url.strip_prefix("https://").unwrap().to_owned();
        let port = place.rsplit_once(':').unwrap().1.to_owned();
        let proxy = Proxy::start(Some(place)).await;
        let url = format!("https://glance.example:{port}");
        let mut target = target(&url, &[("https_proxy", &proxy.url)]);
        target.ca = Some(authority.pem);
        let client = Client::new(&target, RunId(1)).unwrap();
        soon(client.hello()).await.unwrap();
        let expected = format!("CONNECT glance.example:{port} HTTP/1.1 nobody");
        assert!(proxy.seen.borrow().iter().all(|line| *line == expected));
        assert!(!cloud.seen.borrow().is_empty());
    });
}

#[test]
fn a_proxy_that_does_not_help_is_named() {
    local(async {
        let proxy = Proxy::start(None).await;
        let error = |target: GlanceTarget| async move {
            let client = Client::new(&target, RunId(1)).unwrap();
            soon(client.hello()).await.unwrap_err().to_string()
        };
        let refused = error(target(
            "https://glance.example",
            &[("https_proxy", &proxy.url)],
        ))
        .await;
        let expected = format!(
            "the proxy http://{} of https_proxy does not lead on to it: HTTP 403",
            proxy.url
        );
        assert!(refused.ends_with(&expected), "{refused}");
        let gone = error(target(
            "http://glance.example",
            &[("HTTP_PROXY", "127.0.0.1:1")],
        ))
        .await;
        assert!(
            gone.contains("cannot connect to the proxy http://127.0.0.1:1 of HTTP_PROXY: "),
            "{gone}"
        );
        // This machine is asked directly.
        let here = target("http://127.0.0.1:1", &[("http_proxy", "127.0.0.1:2")]);
        let direct = error(here).await;
        assert!(!direct.contains("proxy"), "{direct}");
    });
}
