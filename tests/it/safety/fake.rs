//! A server that keeps images as a Glance would, tells what it was asked, and can be made to lie.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    /// Header lines, in lower case.
    pub head: String,
    pub body: String,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

impl Asked {
    /// The image that its path or its body names; empty without one.
    pub fn id(&self) -> &str {
        let after = match self.method.as_str() {
            "POST" if self.path == "/v2/images" => self.body.split("\"id\":\"").nth(1),
            _ => self.path.strip_prefix("/v2/images/"),
        };
        after.and_then(|text| text.get(..36)).unwrap_or_default()
    }
}

#[derive(Clone, Debug)]
pub struct Image {
    pub tag: String,
    pub protected: bool,
    pub status: &'static str,
}

/// The server; its threads end with the process.
#[derive(Clone)]
pub struct Fake {
    pub url: String,
    pub asked: Arc<Mutex<Vec<Asked>>>,
    pub images: Arc<Mutex<BTreeMap<String, Image>>>,
}

/// Answers a request in its own way; false leaves it to the server.
pub type Mood = dyn Fn(&Asked, &mut TcpStream) -> bool + Send + Sync;

impl Fake {
    pub fn honest() -> Fake {
        Fake::with(Arc::new(|_: &Asked, _: &mut TcpStream| false))
    }

    pub fn with(mood: Arc<Mood>) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let fake = Fake {
            url: format!("http://{}", listener.local_addr().unwrap()),
            asked: Arc::default(),
            images: Arc::default(),
        };
        let server = fake.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (server, mood) = (server.clone(), Arc::clone(&mood));
                // A client that goes away in the middle is no concern of the server's.
                std::thread::spawn(move || server.serve(stream, &*mood).ok());
            }
        });
        fake
    }

    /// The images that were asked to be created, or deleted.
    pub fn ids(&self, method: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        let ids = asked.iter().filter(|asked| asked.method == method);
        ids.map(|asked| asked.id().to_owned()).collect()
    }

    fn serve(&self, mut stream: TcpStream, mood: &Mood) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            match line.trim_end() {
                "" => break,
                text => lines.push(text.to_owned()),
            }
        }
        let mut first = lines.first().map_or("", String::as_str).split(' ');
        let mut word = || first.next().unwrap_or_default().to_owned();
        let (method, path) = (word(), word());
        let head = lines.join("\n").to_lowercase();
        let length = head.split("content-length: ").nth(1);
        let length = length.map_or(0, |text| text.lines().next().unwrap().parse().unwrap());
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let bytes = body;
        let body = String::from_utf8_lossy(&bytes).into_owned();
        let asked = Asked {
            method,
            path,
            head,
            body,
            bytes,
        };
        self.asked.lock().unwrap().push(asked.clone());
        if mood(&asked, &mut stream) {
            return Ok(());
        }
        let (status, text) = self.answer(&asked);
        reply(&mut stream, status, &text)
    }

    fn answer(&self, asked: &Asked) -> (u16, String) {
        let mut images = self.images.lock().unwrap();
        let id = asked.id().to_owned();
        let known = images.get_mut(&id);
        match (asked.method.as_str(), asked.path.as_str(), known) {
            ("GET", path, _) if path.starts_with("/v2/images?") => {
                let tag = path
                    .split("tag=")
                    .nth(1)
                    .map(|tag| tag.split('&').next().unwrap());
                let listed = images
                    .iter()
                    .filter(|(_, it)| tag.is_none_or(|tag| it.tag == tag));
                let listed: Vec<String> = listed.map(|(id, image)| record(id, image)).collect();
                (200, list(&listed.join(","), ""))
            }
            ("GET", path, _) if path.starts_with("/v2/tasks") => match asked.head.contains("admin")
            {
                true => (200, r#"{"tasks":[]}"#.to_owned()),
                false => (403, String::new()),
            },
            ("POST", "/v2/images", _) => {
                let tag = asked.body.split("\"tags\":[\"").nth(1).unwrap_or_default();
                let tag = tag.split('"').next().unwrap().to_owned();
                let image = Image {
                    tag,
                    protected: false,
                    status: "queued",
                };
                let text = record(&id, &image);
                images.insert(id, image);
                (201, text)
            }
            (_, _, None) => (404, String::new()),
            ("GET", _, Some(image)) => (200, record(&id, image)),
            ("PUT", _, Some(image)) => {
                image.status = "active";
                (204, String::new())
            }
            ("PATCH", _, Some(image)) => {
                image.protected = asked.body.contains("true");
                (200, record(&id, image))
            }
            (
                "DELETE",
                _,
                Some(Image {
                    protected: true, ..
                }),
            ) => (403, "protected".to_owned()),
            ("DELETE", _, _) => {
                images.remove(&id);
                (204, String::new())
            }
            _ => (405, String::new()),
        }
    }
}

pub fn record(id: &str, image: &Image) -> String {
    let Image {
        tag,
        protected,
        status,
    } = image;
    format!(r#"{{"id":"{id}","status":"{status}","protected":{protected},"tags":["{tag}"]}}"#)
}

/// A page of a list, with `"next":…,` or nothing.
pub fn list(images: &str, next: &str) -> String {
    format!(r#"{{"images":[{images}],{next}"schema":"/v2/schemas/images"}}"#)
}

pub fn reply(stream: &mut TcpStream, status: u16, text: &str) -> std::io::Result<()> {
    let length = match status {
        204 => String::new(),
        _ => format!("Content-Length: {}\r\n", text.len()),
    };
    write!(
        stream,
        "HTTP/1.1 {status} So\r\n{length}Connection: close\r\n\r\n"
    )?;
    stream.write_all(if status == 204 { b"" } else { text.as_bytes() })
}
