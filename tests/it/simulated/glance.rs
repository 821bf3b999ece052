//! A Glance inside the process: the little server of one subject, once for each image, behind HTTP.

use super::world::World;
use crate::clients::server::{self, Defect, Reply, Status, Subject, Work};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use md5::{Digest, Md5};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use stormglass_glance::ImageId;
use stormglass_model::lifecycle::{Operation, Outcome, Profile, Who};
use stormglass_model::random::{Rng, Seed, unit};
use tokio::io::DuplexStream;
use tokio::sync::oneshot;

/// The longest that one step of an operation takes.
const STEP: Duration = Duration::from_millis(60);
/// How often a step goes another way than the usual one.
const UNUSUAL: f64 = 0.06;

/// The server. What it holds outlives its connections, and the processes of its clients.
pub struct Glance {
    pub world: server::World,
    state: Mutex<State>,
}

struct State {
    rng: Rng,
    images: BTreeMap<ImageId, Image>,
    /// Whether it answers nothing but errors.
    broken: bool,
    /// What has been sent, by size and the leading bytes of its checksum.
    data: BTreeMap<(u64, u64), Data>,
}

#[derive(Clone)]
struct Data {
    bytes: Bytes,
    checksum: String,
}

#[derive(Default)]
struct Image {
    subject: Subject,
    tags: Vec<String>,
    note: Option<String>,
    /// Of each task whether it has ended.
    tasks: Vec<bool>,
    /// How many operations it has had.
    operations: u8,
}

/// What a request asks for.
struct Asked {
    id: ImageId,
    operation: Operation,
    who: Who,
    /// What a property is set to.
    note: Option<String>,
}

impl Glance {
    pub fn new(seed: Seed) -> Glance {
        let mut rng = seed.rng();
        Glance {
            world: server::World {
                profile: Profile::Glance,
                delayed: unit(&mut rng) < 0.3,
                defect: None::<Defect>,
            },
            state: Mutex::new(State {
                rng,
                images: BTreeMap::new(),
                broken: false,
                data: BTreeMap::new(),
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Has it answer nothing but errors, or no longer.
    pub fn break_down(&self, broken: bool) {
        self.state().broken = broken;
    }

    /// The images that are there, by their tags.
    pub fn images(&self) -> Vec<(ImageId, Vec<String>)> {
        let state = self.state();
        let there = state.images.iter().filter(|(_, it)| !it.subject.gone());
        there.map(|(id, image)| (*id, image.tags.clone())).collect()
    }

    /// An image of somebody else's.
    pub fn hold(&self, id: ImageId, tag: &str) {
        let mut state = self.state();
        let image = state.images.entry(id).or_default();
        image.subject.status = Some(Status::Queued);
        image.tags = vec![tag.to_owned()];
    }

    async fn pause(&self) {
        let length = STEP.mul_f64(unit(&mut self.state().rng).powi(2));
        tokio::time::sleep(length).await;
    }
}

/// Serves one connection to its end.
pub async fn serve(stream: DuplexStream, world: Arc<World>) {
    let connection = hyper::server::conn::http1::Builder::new()
        .header_read_timeout(None)
        .half_close(true)
        .serve_connection(
            TokioIo::new(stream),
            service_fn(|request| {
                // What has come is worked on, whoever goes away meanwhile.
                let working = tokio::task::spawn_local(answer(request, Arc::clone(&world)));
                async { Ok::<_, Infallible>(working.await.unwrap()) }
            }),
        );
    let _ = connection.await; // a client that has gone away
}

type Answer = Response<Full<Bytes>>;

fn plain(status: u16, body: impl Into<Bytes>) -> Answer {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

fn json(status: u16, body: &Value) -> Answer {
    plain(status, body.to_string())
}

async fn answer(request: Request<Incoming>, world: Arc<World>) -> Answer {
    let glance = &world.glance;
    glance.pause().await;
    if glance.state().broken {
        return plain(503, "");
    }
    let who = match request
        .headers()
        .get("x-auth-token")
        .map(|it| it.as_bytes())
    {
        Some(b"member") => Who::Member,
        Some(b"admin") => Who::Admin,
        Some(b"reader") => Who::Reader,
        Some(b"other") => Who::OtherProject,
        _ => return plain(401, ""),
    };
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (request.method().clone(), &parts[..]) {
        (Method::GET, ["v2", "images"]) => list(glance, &query),
        (Method::GET, ["v2", "tasks"]) if who == Who::Admin => json(200, &json!({ "tasks": [] })),
        (Method::GET, ["v2", "images", id, "tasks"]) if who == Who::Admin => tasks(glance, id),
        (Method::POST, ["v2", "images"]) => {
            let Ok(body) = request.into_body().collect().await else {
                return plain(400, "");
            };
            create(&world, who, &body.to_bytes()).await
        }
        (method, ["v2", "images", id, rest @ ..]) => {
            let Some(id) = ImageId::parse(id) else {
                return plain(404, "");
            };
            operate(&world, who, id, &method, rest, request).await
        }
        _ => plain(403, ""),
    }
}

fn list(glance: &Glance, query: &str) -> Answer {
    let state = glance.state();
    let tag = query.split('&').find_map(|part| part.strip_prefix("tag="));
    let there = state.images.iter().filter(|(_, it)| !it.subject.gone());
    let these = there.filter(|(_, it)| tag.is_none_or(|tag| it.tags.iter().any(|it| it == tag)));
    let images: Vec<Value> = these.map(|(id, it)| state.record(*id, it)).collect();
    json(
        200,
        &json!({ "images": images, "schema": "/v2/schemas/images" }),
    )
}

fn tasks(glance: &Glance, id: &str) -> Answer {
    let state = glance.state();
    let image = ImageId::parse(id).and_then(|id| state.images.get(&id));
    let of = |ended: &bool| json!({ "status": if *ended { "success" } else { "processing" } });
    let tasks: Vec<Value> = image.iter().flat_map(|it| &it.tasks).map(of).collect();
    json(200, &json!({ "tasks": tasks }))
}

async fn create(world: &Arc<World>, who: Who, body: &[u8]) -> Answer {
    let body: Value = serde_json::from_slice(body).unwrap();
    let id = ImageId::parse(body["id"].as_str().unwrap()).unwrap();
    let tags: Vec<String> = serde_json::from_value(body["tags"].clone()).unwrap();
    world.asked_to_create(id);
    let asked = Asked {
        id,
        operation: Operation::Create,
        who,
        note: None,
    };
    let came = perform(world, asked, None).await;
    if came.reply.outcome == Outcome::Ok {
        let mut state = world.glance.state();
        state.images.entry(id).or_default().tags = tags;
    }
    came.answer(201)
}

async fn operate(
    world: &Arc<World>,
    who: Who,
    id: ImageId,
    method: &Method,
    rest: &[&str],
    request: Request<Incoming>,
) -> Answer {
    let declared = request.headers().get("x-openstack-image-size").is_some();
    let asked = |operation| Asked {
        id,
        operation,
        who,
        note: None,
    };
    let (asked, status) = match (method.as_str(), rest) {
        ("PUT", ["file"]) if declared => (asked(Operation::UploadWrongSize), 204),
        ("PUT", ["file"]) => (asked(Operation::Upload), 204),
        ("PUT", ["stage"]) => (asked(Operation::Stage), 204),
        ("GET", ["file"]) => (asked(Operation::Download), 200),
        ("GET", []) => (asked(Operation::Show), 200),
        ("DELETE", []) => (asked(Operation::Delete), 204),
        ("POST", ["actions", "deactivate"]) => (asked(Operation::Deactivate), 204),
        ("POST", ["actions", "reactivate"]) => (asked(Operation::Reactivate), 204),
        ("POST", ["import"]) => (asked(Operation::ImportStaged), 202),
        ("PATCH", []) => {
            let Ok(body) = request.into_body().collect().await else {
                return plain(400, "");
            };
            let change: Value = serde_json::from_slice(&body.to_bytes()).unwrap();
            let value = &change[0]["value"];
            let asked = match change[0]["path"].as_str() {
                Some("/protected") if value == true => asked(Operation::Protect),
                Some("/protected") => asked(Operation::Unprotect),
                Some("/stormglass_note") => Asked {
                    note: value.as_str().map(str::to_owned),
                    ..asked(Operation::SetProperty)
                },
                _ => return plain(403, ""),
            };
            return perform(world, asked, None).await.answer(200);
        }
        _ => return plain(403, ""),
    };
    let body = asked.operation.sends_data().then(|| request.into_body());
    perform(world, asked, body).await.answer(status)
}

/// What came of a request, and what was there when it did.
struct Came {
    operation: Operation,
    reply: Reply,
    record: Option<Value>,
    data: Option<Bytes>,
}

impl Came {
    /// As HTTP has it; `status` where all went well.
    fn answer(self, status: u16) -> Answer {
        match (self.reply.outcome, self.operation) {
            (Outcome::Ok, Operation::Show) if self.reply.shown == Some(None) => plain(404, ""),
            (Outcome::Ok, Operation::Download) => plain(status, self.data.unwrap_or_default()),
            (Outcome::Ok, _) if status == 204 => plain(204, ""),
            (Outcome::Ok, _) => json(status, &self.record.unwrap_or_default()),
            // That there is no data to read is no error.
            (Outcome::Refused, Operation::Download) if self.reply.code != 404 => plain(403, ""),
            _ => plain(self.reply.code, ""),
        }
    }
}

/// Does what was asked for, to its end even if nobody waits any more.
async fn perform(world: &Arc<World>, asked: Asked, body: Option<Incoming>) -> Came {
    let (sender, receiver) = oneshot::channel();
    let world = Arc::clone(world);
    tokio::task::spawn_local(async move { work(&world.glance, &asked, body, sender).await });
    receiver.await.unwrap()
}

/// Goes step by step; tells the reply as soon as there is one, after which there may be more to do.
async fn work(
    glance: &Glance,
    asked: &Asked,
    mut body: Option<Incoming>,
    sender: oneshot::Sender<Came>,
) {
    let mut sender = Some(sender);
    let serial = {
        let mut state = glance.state();
        let image = state.images.entry(asked.id).or_default();
        image.operations = image.operations.wrapping_add(1);
        image.operations
    };
    let mut work = Work::new(serial, asked.operation, asked.who, (0, 0));
    let (mut whole, mut task) = (true, None);
    // What is staged is taken in as a whole; an upload shows that it has begun.
    let mut takes = asked.operation == Operation::Stage;
    while !work.over {
        if let Some(body) = body.take_if(|_| takes) {
            match body.collect().await {
                Ok(body) => work.data = glance.state().take_in(body.to_bytes()),
                Err(_) => whole = false,
            }
        }
        glance.pause().await;
        let mut state = glance.state();
        let State { rng, images, .. } = &mut *state;
        let image = images.entry(asked.id).or_default();
        let mut steps = server::steps(&glance.world, image.subject, work);
        let is_ok = |work: &Work| work.reply.is_some_and(|it| it.outcome == Outcome::Ok);
        steps.retain(|(_, work)| whole || !is_ok(work));
        let usual = steps.iter().position(|(_, work)| is_ok(work));
        let at = match unit(rng) < UNUSUAL {
            true => (unit(rng) * steps.len() as f64) as usize,
            false => usual.unwrap_or(0),
        };
        // Where a body broke off there may be nothing else left to do.
        let Some((subject, next)) = steps.get(at).copied() else {
            return;
        };
        (image.subject, work, takes) = (subject, next, true);
        if asked.note.is_some() && is_ok(&work) {
            image.note.clone_from(&asked.note);
        }
        if asked.operation.row().by_task {
            if task.is_none() && is_ok(&work) {
                task = Some(image.tasks.len());
                image.tasks.push(false);
            }
            if let (Some(task), true) = (task, work.over) {
                image.tasks[task] = true;
            }
        }
        if let (Some(reply), Some(sender)) = (work.reply, sender.take_if(|_| work.reply.is_some()))
        {
            let _ = sender.send(state.came(asked, reply)); // whoever asked may have gone
        }
    }
}

impl State {
    fn take_in(&mut self, bytes: Bytes) -> (u64, u64) {
        let digest = Md5::digest(&bytes);
        let checksum: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let leading = u64::from_str_radix(&checksum[..16], 16).unwrap();
        let key = (bytes.len() as u64, leading);
        self.data.insert(key, Data { bytes, checksum });
        key
    }

    fn record(&self, id: ImageId, image: &Image) -> Value {
        let is_whole = matches!(
            image.subject.status,
            Some(Status::Active | Status::Deactivated)
        );
        let data = image.subject.data.filter(|_| is_whole);
        let data = data.and_then(|key| self.data.get(&key));
        let mut record = json!({
            "id": id.to_string(),
            "status": image.subject.status.map(|status| status.name()),
            "tags": image.tags,
            "protected": image.subject.protected,
            "size": data.map(|data| data.bytes.len()),
            "checksum": data.map(|data| &data.checksum),
        });
        if let Some(note) = &image.note {
            record["stormglass_note"] = note.clone().into();
        }
        record
    }

    fn came(&self, asked: &Asked, reply: Reply) -> Came {
        let image = self.images.get(&asked.id);
        let data = reply.data.and_then(|key| self.data.get(&key));
        Came {
            operation: asked.operation,
            reply,
            record: image.map(|image| self.record(asked.id, image)),
            data: data.map(|data| data.bytes.clone()),
        }
    }
}
