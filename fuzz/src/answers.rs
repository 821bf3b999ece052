//! What servers answer: a Glance to every operation, and a Keystone to a login. The server is on loopback and says what the fuzzer says.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use stormglass_glance::auth::{Domain, Login, Named, Proof, Scope, Secret};
use stormglass_glance::{Client, GlanceTarget, Identity, ImageId, Request, RunId, locate};
use stormglass_model::lifecycle::{Operation, Who};
use stormglass_model::units::{Bytes, Span};

const RUN: RunId = RunId(7);
/// How long an answer is waited for, which is only where none is complete.
const PATIENCE: Span = Span::from_millis(50);

/// A server that answers everything with the same bytes.
struct Server {
    url: String,
    answer: Arc<Mutex<Vec<u8>>>,
}

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let answer = Arc::new(Mutex::new(Vec::new()));
    let shared = Arc::clone(&answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // One that the client has left is nobody's loss.
            let _ = serve(stream, &shared);
        }
    });
    Server { url, answer }
});

/// Reads the head of a request, answers, and waits until the client has heard it.
fn serve(mut stream: TcpStream, answer: &Mutex<Vec<u8>>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_millis(100)))?;
    let mut head: Vec<u8> = Vec::new();
    let mut buffer = [0; 8_192];
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            read => head.extend(&buffer[..read]),
        }
    }
    let answer = answer
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    stream.write_all(&answer)?;
    stream.shutdown(std::net::Shutdown::Write)?;
    while stream.read(&mut buffer)? > 0 {}
    Ok(())
}

/// The bytes as they are; or, where the first is even, a reply that is right but for its body.
fn answers(how: u8, data: &[u8]) {
    let codes = [
        "200 OK",
        "201 Created",
        "204 No Content",
        "300 Multiple Choices",
    ];
    let others = [
        "400 Bad",
        "404 Not Found",
        "409 Conflict",
        "503 Unavailable",
    ];
    let code = [codes, others].concat()[usize::from(how >> 1) % 8];
    let bytes = match how % 2 {
        0 => {
            let token = "X-Subject-Token: a-token\r\n";
            let length = data.len();
            let head = format!("HTTP/1.1 {code}\r\n{token}Content-Length: {length}\r\n\r\n");
            [head.as_bytes(), data].concat()
        }
        _ => data.to_vec(),
    };
    *SERVER.answer.lock().unwrap_or_else(PoisonError::into_inner) = bytes;
}

fn local<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, work)
}

/// What a Glance answers to an operation: the first byte says how, the second which operation.
pub fn http_answer(data: &[u8]) {
    let [how, which, data @ ..] = data else {
        return;
    };
    answers(*how, data);
    let target = GlanceTarget {
        timeout: PATIENCE,
        location: Some("http://127.0.0.1:1/data".to_owned()),
        too_large: Some(Bytes(64)),
        ..GlanceTarget::new(SERVER.url.clone(), Identity::Anonymous, Identity::Anonymous)
    };
    let request = Request {
        operation: Operation::ALL[usize::from(*which) % Operation::ALL.len()],
        who: Who::Member,
        id: ImageId::new(RUN, 0),
        size: Bytes(16),
        content_seed: 1,
        fraction: 0.5,
    };
    let answer = local(async {
        let client = Client::new(&target, RUN).expect("a target that is right");
        client.perform(&request).await
    });
    assert!(!answer.note.contains(char::is_control), "{:?}", answer.note);
    assert!(answer.note.len() < 4_096, "{} bytes", answer.note.len());
}

/// What a Keystone answers to a login: the first byte says how.
pub fn keystone_answer(data: &[u8]) {
    let [how, data @ ..] = data else {
        return;
    };
    answers(*how, data);
    let domain = Domain::Name("Default".to_owned());
    let named = |name: &str| Named::Name(name.to_owned(), domain.clone());
    let proof = Proof::Password(named("demo"), Secret::new("open-sesame"));
    let login = Login::new(SERVER.url.clone(), proof, Scope::Project(named("project")));
    let identity = Identity::Keystone(Arc::new(login));
    let target = GlanceTarget {
        url: None,
        timeout: PATIENCE,
        ..GlanceTarget::new(String::new(), identity.clone(), identity)
    };
    if let Err(error) = local(locate(&target)) {
        let said = error.to_string();
        assert!(!said.contains("open-sesame"), "{said}");
        assert!(!said.contains(char::is_control), "{said:?}");
        assert!(said.len() < 4_096, "{} bytes", said.len());
    }
}
