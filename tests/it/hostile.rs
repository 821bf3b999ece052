//! The client against servers that answer badly. They listen on loopback, and need nothing installed.

use crate::glance::local;
use std::num::NonZeroU32;
use std::time::Duration;
use stormglass_glance::{Answer, Client, ImageId, Request, RunId, Watch};
use stormglass_glance::{GlanceTarget, Identity};
use stormglass_model::lifecycle::{Operation, Outcome, Who};
use stormglass_model::script::{ClientFault, Point};
use stormglass_model::units::{Bytes, Span};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn client(url: String) -> Client {
    let identity = Identity::Token("swordfish".to_owned());
    let target = GlanceTarget {
        timeout: Span::from_millis(500),
        connections: NonZeroU32::MIN.saturating_add(3),
        other_project_id: Some("elsewhere".to_owned()),
        ..GlanceTarget::new(url, identity.clone(), identity)
    };
    Client::new(&target, RunId(1)).unwrap()
}

pub fn request(operation: Operation) -> Request {
    Request {
        operation,
        who: Who::Member,
        id: ImageId::new(RunId(1), 1),
        size: Bytes(1_000),
        content_seed: 1,
        fraction: 0.5,
    }
}

/// A server that does `serve` with each connection, once it has read the head of a request.
async fn server<F: Future<Output = ()> + 'static>(
    serve: impl Fn(TcpStream) -> F + 'static,
) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::task::spawn_local(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else {
                    break;
                };
                head.push(byte);
            }
            tokio::task::spawn_local(serve(stream));
        }
    });
    client(url)
}

/// A client of one that answers each request so.
pub async fn client_of(reply: String) -> Client {
    server(move |mut stream| {
        let reply = reply.clone();
        async move { _ = stream.write_all(reply.as_bytes()).await }
    })
    .await
}

/// One that says `start` and then `again`, for as long as anybody listens; nothing more if that is empty.
async fn saying(start: &'static str, again: &'static str) -> Client {
    server(move |mut stream| async move {
        let _ = stream.write_all(start.as_bytes()).await;
        while !again.is_empty() && stream.write_all(again.as_bytes()).await.is_ok() {}
    })
    .await
}

/// Performs each kind of operation against it: all must end soon, and none with ok.
async fn check(client: &Client, expected: Outcome) {
    for &operation in Operation::ALL {
        let is_asked_for = !operation.kind().needs_several_stores();
        if matches!(
            operation,
            Operation::AbortUpload | Operation::UploadTooLarge | Operation::ImportTooLarge
        ) || !is_asked_for
        {
            continue; // the one ends before its answer, the others are not asked for
        }
        let answer = soon(client.perform(&request(operation))).await;
        assert_eq!(answer.outcome, expected, "{operation}: {answer:?}");
        assert_line(&answer.note);
    }
    let shown: Answer = soon(client.show(request(Operation::Create).id)).await;
    assert_ne!(shown.outcome, Outcome::Ok, "{shown:?}");
    let error = soon(client.hello()).await.unwrap_err().to_string();
    assert_line(&error);
}

fn assert_line(text: &str) {
    assert!(!text.is_empty() && text.chars().count() < 300, "{text}");
    assert!(
        !text.contains(char::is_control) && !text.contains("swordfish"),
        "{text}"
    );
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(10);
    tokio::time::timeout(limit, future)
        .await
        .expect("it must not hang")
}

#[test]
fn nobody_there() {
    local(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let client = client(url);
        check(&client, Outcome::Fail).await;
        let error = client.hello().await.unwrap_err().to_string();
        assert!(
            error.starts_with("no Glance at http://127.0.0.1:") && error.contains("refused"),
            "{error}"
        );
        assert_eq!(
            client.created(),
            [],
            "what was never sent was never created"
        );
    });
}

#[test]
fn something_that_is_not_http() {
    local(async {
        let client = saying("SSH-2.0-OpenSSH_9.2\r\n\x1b[31m", "").await;
        check(&client, Outcome::Unknown).await;
        assert_eq!(
            client.created().len(),
            1,
            "a create without an answer may have happened"
        );
    });
}

#[test]
fn a_head_without_end() {
    local(async {
        let client = saying(
            "HTTP/1.1 200 OK\r\nX-Endless: ",
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        )
        .await;
        check(&client, Outcome::Unknown).await;
    });
}

#[test]
fn more_headers_than_anybody_has() {
    local(async {
        let client = saying("HTTP/1.1 200 OK\r\n", "X: y\r\n").await;
        check(&client, Outcome::Unknown).await;
    });
}

#[test]
fn a_body_without_end() {
    local(async {
        // Large enough that a megabyte comes well within the time-out.
        let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000)).leak();
        let client = saying(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            chunk,
        )
        .await;
        let read = soon(client.perform(&request(Operation::Download))).await;
        assert_eq!(
            read.content.map(|data| data.size),
            Some(1_001),
            "one byte too many is enough to know"
        );
        assert!(read.note.contains("more than 1000 bytes"), "{}", read.note);
        let error = soon(client.hello()).await.unwrap_err().to_string();
        assert!(error.contains("longer than 1048576 bytes"), "{error}");
    });
}

#[test]
fn a_body_that_declares_a_petabyte() {
    local(async {
        let client = saying(
            "HTTP/1.1 500 No\r\nContent-Length: 1125899906842624\r\n\r\n",
            "x",
        )
        .await;
        let answer = soon(client.perform(&request(Operation::Delete))).await;
        assert_eq!(
            (answer.outcome, answer.http_status),
            (Outcome::Fail, Some(500))
        );
    });
}

#[test]
fn a_download_cut_short_is_unknown() {
    for head in [
        "Content-Length: 1000",
        "Transfer-Encoding: chunked",
        "Connection: close",
    ] {
        local(async {
            let reply = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n5\r\nshort\r\n");
            let client = saying(Box::leak(reply.into_boxed_str()), "").await;
            let read = soon(client.perform(&request(Operation::Download))).await;
            assert_eq!(
                (read.outcome, read.content),
                (Outcome::Unknown, None),
                "{head}: {read:?}"
            );
            assert_line(&read.note);
        });
    }
}

#[test]
fn closed_without_a_word() {
    local(async {
        let client = saying("", "").await;
        check(&client, Outcome::Unknown).await;
    });
}

#[test]
fn silence() {
    local(async {
        let client = server(|stream| async move {
            tokio::time::sleep(Duration::from_secs(60)).await;
            drop(stream);
        })
        .await;
        check(&client, Outcome::Unknown).await;
    });
}

#[test]
fn another_kind_of_server() {
    local(async {
        let page = "HTTP/1.1 200 OK\r\nContent-Length: 18\r\n\r\n<h1>It works!</h1>";
        let client = saying(page, "").await;
        let error = client.hello().await.unwrap_err().to_string();
        assert!(
            error.contains("does not answer like a Glance: no list of images"),
            "{error}"
        );
        let shown = client.show(request(Operation::Create).id).await;
        assert_eq!((shown.outcome, shown.observed), (Outcome::Unknown, None));
    });
}

#[test]
fn json_too_deep_to_read() {
    local(async {
        let client = server(|mut stream| async move {
            let body = "[".repeat(500_000);
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            let _ = stream.write_all((head + &body).as_bytes()).await;
        })
        .await;
        assert!(client.hello().await.is_err());
    });
}

#[test]
fn an_early_answer_ends_an_upload() {
    local(async {
        let client = server(|mut stream| async move {
            let _ = stream
                .write_all(b"HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\nno")
                .await;
            // It reads no more and keeps the connection.
            tokio::time::sleep(Duration::from_secs(60)).await;
        })
        .await;
        let large = Request {
            size: Bytes(1 << 30),
            ..request(Operation::Upload)
        };
        let answer = soon(client.perform(&large)).await;
        assert_eq!(
            (answer.outcome, answer.http_status),
            (Outcome::Refused, Some(409))
        );
        assert_eq!(answer.content, None, "not all of it was sent");
    });
}

#[test]
fn a_kept_connection_is_used_again_and_a_closed_one_is_not() {
    for (closes, expected) in [(false, 1), (true, 6)] {
        local(async move {
            let opened = std::rc::Rc::new(std::cell::Cell::new(0));
            let count = opened.clone();
            let client = server(move |mut stream| {
                count.set(count.get() + 1);
                async move {
                    let reply = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
                    let _ = stream.write_all(reply).await;
                    let mut byte = [0; 4096];
                    while !closes && matches!(stream.read(&mut byte).await, Ok(1..)) {
                        let _ = stream.write_all(reply).await;
                    }
                }
            })
            .await;
            for _ in 0..6 {
                let answer = client.perform(&request(Operation::Download)).await;
                assert_eq!(answer.http_status, Some(404), "{answer:?}");
                tokio::time::sleep(Duration::from_millis(5)).await; // time for a close to arrive
            }
            assert_eq!(opened.get(), expected);
        });
    }
}

#[test]
fn tasks_that_no_server_has() {
    local(async {
        for (tasks, why) in [
            ("{}", "no list of tasks"),
            ("[[[[", "no list of tasks"),
            (r#"{"tasks":[{"status":7}]}"#, "no list of tasks"),
            (
                r#"{"tasks":[{"status":"\u001b[31m"}]}"#,
                "which none can be",
            ),
        ] {
            let reply = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{tasks}",
                tasks.len()
            );
            let client = saying(Box::leak(reply.into_boxed_str()), "").await;
            let error = soon(client.tasks(request(Operation::Import).id))
                .await
                .unwrap_err();
            assert!(error.contains(why), "{error}");
            assert_line(&error);
        }
        let client = saying(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "1\r\n[\r\n",
        )
        .await;
        assert!(
            soon(client.tasks(request(Operation::Import).id))
                .await
                .is_err()
        );
    });
}

/// Whatever the server does, a watch lets go of whoever waits for it, and no fault of the client's own is a hang.
#[test]
fn a_watched_operation_ends_whatever_the_server_does() {
    let endless = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    for (start, again) in [
        ("", ""),
        ("HTTP/1.1 200 OK\r\nX-Endless: ", endless),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "1\r\nx\r\n",
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
        ),
        ("HTTP/1.1 409 No\r\nContent-Length: 99\r\n\r\nno", ""),
    ] {
        local(async {
            let faults = [None]
                .into_iter()
                .chain(ClientFault::ALL.iter().copied().map(Some));
            for fault in faults.filter(|fault| *fault != Some(ClientFault::Slow)) {
                for operation in [Operation::Upload, Operation::Download, Operation::Delete] {
                    let client = saying(start, again).await;
                    let hold = Span::from_millis(5);
                    let watch = Watch::stalling(Point::MidBody, hold, fault, hold);
                    let request = request(operation);
                    let answer = soon(client.perform_watched(&request, &watch)).await;
                    soon(watch.passed()).await;
                    assert_line(&answer.note);
                    let lies = operation.reads() && start.contains("chunked");
                    assert!(
                        answer.outcome != Outcome::Ok
                            || operation == Operation::Delete
                            || lies
                            || start.contains("200"),
                        "{answer:?}"
                    );
                }
            }
        });
    }
}

#[test]
fn an_upload_broken_off_by_its_client_has_failed_and_a_whole_one_is_unknown() {
    local(async {
        for fault in [
            ClientFault::Close,
            ClientFault::Reset,
            ClientFault::HalfClose,
        ] {
            for (point, operation, outcome) in [
                (Point::LastByte, Operation::Upload, Outcome::Fail),
                (Point::LastByte, Operation::UploadChunked, Outcome::Fail),
                (
                    Point::After(Bytes(1_000)),
                    Operation::Upload,
                    Outcome::Unknown,
                ),
                (Point::Before, Operation::Delete, Outcome::Fail),
                (Point::FirstByte, Operation::Delete, Outcome::Unknown),
            ] {
                let client = server(|mut stream| async move {
                    let _ = stream.read_to_end(&mut Vec::new()).await;
                })
                .await;
                let watch = Watch::new(point, Span::ZERO, Some(fault));
                let answer = soon(client.perform_watched(&request(operation), &watch)).await;
                assert_eq!(
                    answer.outcome, outcome,
                    "{fault} {point} {operation}: {answer:?}"
                );
                assert!(watch.struck());
            }
        }
    });
}

/// What the server has received when the point is passed.
#[test]
fn at_a_point_all_before_it_is_on_the_wire_and_nothing_after_it() {
    local(async {
        use Operation::{Upload, UploadChunked};
        for (operation, point, body) in [
            (Upload, Point::FirstByte, 0),
            (Upload, Point::After(Bytes(1)), 1),
            (Upload, Point::MidBody, 500),
            (Upload, Point::LastByte, 999),
            (Upload, Point::After(Bytes(4_000)), 1_000),
            // A head of the one chunk, two ends of lines, and the end.
            (UploadChunked, Point::FirstByte, 0),
            (UploadChunked, Point::MidBody, 506),
            (UploadChunked, Point::LastByte, 1_011),
            (UploadChunked, Point::After(Bytes(4_000)), 1_012),
        ] {
            let received = std::rc::Rc::new(std::cell::Cell::new(0));
            let count = received.clone();
            let client = server(move |mut stream| {
                let count = count.clone();
                async move {
                    let mut bytes = [0; 4096];
                    while let Ok(more @ 1..) = stream.read(&mut bytes).await {
                        count.set(count.get() + more);
                    }
                }
            })
            .await;
            let watch = Watch::new(point, Span::from_secs(3_600), None);
            let holding = watch.clone();
            let upload = tokio::task::spawn_local(async move {
                client.perform_watched(&request(operation), &holding).await
            });
            soon(watch.passed()).await;
            soon(async {
                while received.get() < body {
                    tokio::task::yield_now().await;
                }
            })
            .await;
            tokio::time::sleep(Duration::from_millis(5)).await;
            assert_eq!(received.get(), body, "{operation} {point}");
            upload.abort();
        }
    });
}
