//! What is known of a run under way, and what browsers are told of it.

use super::gate::Gate;
use crate::engine::Progress;
use crate::metrics::Tally;
use crate::report::exposition::RunMetrics;
use crate::report::{LivePage, POINTS, Point};
use bytes::Bytes;
use http_body_util::channel::{Channel, Sender};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// How often the run is looked at: in real time, and where time is simulated and much of it passes.
const EVERY: [Duration; 2] = [Duration::from_millis(1_000), Duration::from_millis(250)];
/// How long the run may take to say how it stands.
const ANSWER: Duration = Duration::from_millis(60);
/// Browsers that are told at once.
const FEEDS: usize = 24;

/// What is new.
#[derive(Clone, Debug, Default)]
pub enum News {
    /// Nothing yet.
    #[default]
    Nothing,
    /// An interval has ended; as an event of a stream.
    Point(Bytes),
    /// The run has ended; as an event of a stream.
    Ended(Bytes),
}

/// What is known of the run, and of who is connected.
pub struct State {
    pub gate: Gate,
    pub page: LivePage,
    pub metrics: RunMetrics,
    pub progress: Arc<Progress>,
    pub is_virtual: bool,
    /// Asks the run to stop.
    pub stop: Box<dyn Fn() + Send>,
    /// As it was when the last interval ended.
    pub tally: RefCell<Tally>,
    /// The last intervals, as JSON.
    pub points: RefCell<VecDeque<String>>,
    pub news: watch::Sender<News>,
    /// Browsers that hear events.
    pub feeds: Cell<usize>,
    /// The finished page, once there is one.
    pub report: RefCell<Option<Bytes>>,
    /// Connections that have got it.
    pub fetched: Cell<usize>,
}

impl State {
    /// Looks at the run for as long as somebody lets it.
    pub async fn watch(&self) {
        let pause = EVERY[usize::from(self.is_virtual)].saturating_sub(ANSWER);
        loop {
            sleep(pause).await;
            self.progress.ask();
            sleep(ANSWER).await;
            self.look();
        }
    }

    /// Takes in what the run says of itself, and tells everybody who is connected.
    pub fn look(&self) {
        let now = self.progress.tally().unwrap_or_default();
        let (stopping, share) = (self.progress.is_interrupted(), self.progress.share());
        let point = self.page.point(&self.tally.borrow(), &now, stopping, share);
        if let Some(point) = point {
            let json = self.keep(&point);
            self.news.send_replace(News::Point(event("point", &json)));
        }
        *self.tally.borrow_mut() = now;
    }

    /// The point as JSON. Whoever comes later is told of it too.
    fn keep(&self, point: &Point) -> String {
        // Of strings, numbers and lists JSON refuses nothing.
        let json = serde_json::to_string(point).unwrap_or_default();
        let mut points = self.points.borrow_mut();
        if points.len() == POINTS {
            points.pop_front();
        }
        points.push_back(json.clone());
        json
    }

    /// The events of the run, from the first that is kept; none where too many hear them.
    pub fn feed(self: &Rc<State>) -> Option<Channel<Bytes>> {
        if self.feeds.get() >= FEEDS {
            return None;
        }
        let (sender, body) = Channel::new(1);
        self.feeds.update(|feeds| feeds + 1);
        let state = Rc::clone(self);
        tokio::task::spawn_local(async move {
            state.tell(sender).await;
            state.feeds.update(|feeds| feeds - 1);
        });
        Some(body)
    }

    /// Tells one browser. Where it is slow, it hears the latest and not what was between.
    async fn tell(&self, mut sender: Sender<Bytes>) {
        let mut news: watch::Receiver<News> = self.news.subscribe();
        let mut latest = news.borrow_and_update().clone();
        let all = {
            let points = self.points.borrow();
            let all: Vec<&str> = points.iter().map(String::as_str).collect();
            format!("[{}]", all.join(","))
        };
        if sender.send_data(event("points", &all)).await.is_err() {
            return;
        }
        loop {
            if let News::Ended(event) = latest {
                let _ = sender.send_data(event).await; // it has gone before
                return;
            }
            if news.changed().await.is_err() {
                return;
            }
            latest = news.borrow_and_update().clone();
            if let News::Point(event) = &latest
                && sender.send_data(event.clone()).await.is_err()
            {
                return;
            }
        }
    }
}

/// An event of a stream.
pub fn event(name: &str, data: &str) -> Bytes {
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}
