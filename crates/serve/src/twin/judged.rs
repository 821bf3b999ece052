//! What clients do wrong, and what goes wrong with their replies.

use super::Twin;
use crate::catalog::{ImageId, Requester};
use crate::clients::{Answered, Asked, Client, ClientReport, Doing, Left};
use rustc_hash::FxHasher;
use serde_json::Value;
use std::collections::BTreeSet;
use std::hash::Hasher as _;
use stormglass_model::fault::ReplyFault;
use stormglass_model::lifecycle::{SubjectStatus, TaskStatus};
use stormglass_model::units::Span;

impl Twin {
    /// A client asks for something that is judged.
    pub fn asked(&mut self, number: u64, requester: &Requester, doing: Doing, on: Option<ImageId>) {
        let at = self.clock.now();
        if let Some(clients) = &mut self.clients {
            let asked = Asked::new(Client::of(requester), doing, on, at);
            clients.asked(number, asked);
        }
    }

    /// The document of a create has come. One that names its image can be sent again without harm.
    pub fn says(&mut self, number: u64, document: &Value) {
        if let Some(clients) = &mut self.clients
            && document.get("id").is_none()
        {
            let mut hasher = FxHasher::default();
            hasher.write(document.to_string().as_bytes());
            clients.says(number, hasher.finish());
        }
    }

    /// A call has made an image.
    pub fn made(&mut self, number: u64, image: ImageId) {
        if let Some(clients) = &mut self.clients {
            clients.made(number, image);
        }
    }

    /// A call has brought data with this checksum.
    pub fn brought(&mut self, number: u64, md5: &str) {
        if let Some(clients) = &mut self.clients {
            clients.brought(number, md5);
        }
    }

    /// A call has shown these images.
    pub fn listed(&mut self, number: u64, images: Vec<ImageId>) {
        if let Some(clients) = &mut self.clients {
            clients.listed(number, images);
        }
    }

    /// A call is over. `status`: what its client was answered; none where it never heard.
    pub fn answered(&mut self, number: u64, status: Option<u16>, retry_after: Option<Span>) {
        let at = self.clock.now();
        let on = self.clients.as_ref().and_then(|it| it.looks_at(number));
        let under_way = on.is_some_and(|on| self.is_under_way(on));
        if let Some(clients) = &mut self.clients {
            let answered = Answered {
                status,
                retry_after,
                under_way,
            };
            clients.answered(number, at, answered);
        }
    }

    /// Data went out to a client that is not the image's.
    pub fn delivered_wrong(
        &mut self,
        client: Client,
        image: ImageId,
        md5: String,
        how: &'static str,
    ) {
        if let Some(clients) = &mut self.clients {
            clients.delivered_wrong(client, image, md5, how);
        }
    }

    /// Another host was asked for the data of an image, with a token.
    pub fn token_came(&mut self, token: &str, image: Option<ImageId>) {
        let at = self.clock.now();
        let requester = self.identity.requester(Some(token), self.clock.unix());
        let client = requester.ok().map(|it| Client::of(&it));
        if let (Some(clients), Some(host)) = (&mut self.clients, self.config.other_host) {
            clients.token_came(client.as_ref(), host, image, at);
        }
    }

    /// What is said of clients, if they are done.
    pub fn client_report(&mut self) -> Option<ClientReport> {
        self.run_due();
        let images: Vec<_> = (self.catalog.images().map(|it| (it.id, it.subject))).collect();
        let at_work: BTreeSet<ImageId> = (self.catalog.tasks())
            .filter(|task| is_open(task.status))
            .filter_map(|task| task.image)
            .collect();
        let left: Vec<Left> = (images.into_iter())
            .filter_map(|(image, subject)| {
                let status = self.status(subject)?;
                let living = self.living.get(&subject.slot);
                Some(Left {
                    image,
                    has_data: matches!(status, SubjectStatus::Active | SubjectStatus::Deactivated),
                    busy: at_work.contains(&image) || living.is_some_and(|it| it.open > 0),
                })
            })
            .collect();
        let now = self.clock.now();
        let clients = self.clients.as_ref()?;
        Some(clients.report(left.into_iter(), now))
    }

    /// What goes wrong with a reply, if anything does.
    pub fn reply_fault(&mut self, has_data: bool) -> Option<ReplyFault> {
        self.run_due();
        self.replies.reply_fault(has_data)
    }

    /// From now on the other host has the data of an image; where it is there. None: there is no other host.
    pub fn put_elsewhere(&mut self, image: ImageId) -> Option<String> {
        let other = self.config.other_host?;
        self.elsewhere.insert(image);
        Some(format!("http://{other}/data/{image}"))
    }

    /// Whether an image or a task is on its way to something else.
    fn is_under_way(&mut self, on: ImageId) -> bool {
        if let Some(task) = self.catalog.task(on) {
            return is_open(task.status);
        }
        let Some(subject) = self.catalog.image(on).map(|it| it.subject) else {
            return false;
        };
        let moves = matches!(
            self.status(subject),
            Some(SubjectStatus::Saving | SubjectStatus::Importing)
        );
        moves || (self.catalog.tasks()).any(|it| it.image == Some(on) && is_open(it.status))
    }
}

fn is_open(status: TaskStatus) -> bool {
    matches!(status, TaskStatus::Pending | TaskStatus::Processing)
}
