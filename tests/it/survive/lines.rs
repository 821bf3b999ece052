//! Slow lines: data that comes slowly but steadily is read to its end, however long that takes; data that drips is not.

use crate::glance::local;
use std::num::NonZeroU32;
use std::time::Duration;
use stormglass_glance::{Answer, Client, GlanceTarget, Identity, ImageId, Request, RunId};
use stormglass_model::lifecycle::{Operation, Outcome, Who};
use stormglass_model::units::{Bytes, Span};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

/// Bytes that may take as long as a whole request without data.
const PIECE: usize = 64 * 1024;
const PIECES: usize = 7;
const TIMEOUT: Duration = Duration::from_secs(4);

/// Downloads the pieces from a server that sends so many bytes at a time, with a pause before each.
async fn download(bytes: usize, pause: Duration) -> Answer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::task::spawn_local(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
            PIECES * PIECE
        );
        let _ = stream.write_all(head.as_bytes()).await;
        loop {
            sleep(pause).await;
            if stream.write_all(&vec![b'x'; bytes]).await.is_err() {
                return;
            }
        }
    });
    let identity = Identity::Token("swordfish".to_owned());
    let target = GlanceTarget {
        timeout: Span::from_secs(TIMEOUT.as_secs()),
        connections: NonZeroU32::MIN,
        ..GlanceTarget::new(url, identity.clone(), identity)
    };
    let client = Client::new(&target, RunId(1)).unwrap();
    let request = Request {
        operation: Operation::Download,
        who: Who::Member,
        id: ImageId::new(RunId(1), 1),
        size: Bytes((PIECES * PIECE) as u64),
        content_seed: 1,
        fraction: 1.0,
    };
    let most = Duration::from_secs(60);
    let answer = timeout(most, client.perform(&request)).await;
    answer.expect("it must not hang")
}

#[test]
fn what_comes_slowly_and_steadily_is_read_to_its_end() {
    // A second for each piece: more than the time-out in all.
    local(async {
        let answer = download(PIECE, Duration::from_secs(1)).await;
        assert_eq!(answer.outcome, Outcome::Ok, "{answer:?}");
        let content = answer.content.unwrap();
        assert_eq!(content.size, (PIECES * PIECE) as u64);
    });
}

#[test]
fn what_drips_is_given_up() {
    local(async {
        let answer = download(1, Duration::from_millis(200)).await;
        assert_eq!(answer.outcome, Outcome::Unknown, "{answer:?}");
        assert_eq!(answer.http_status, Some(200));
        assert!(answer.note.contains("no more content within"), "{answer:?}");
    });
}
