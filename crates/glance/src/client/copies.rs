//! Another image whose data lies where this one's does, for as long as it takes to delete it.

use super::{Client, OperationContext};
use crate::answer::{Answer, ImageId, Request, line};
use crate::dialect;
use crate::http::Trouble;
use stormglass_model::lifecycle::{Operation, Outcome};
use stormglass_model::operations::{Formats, Hash, OperationKind};

impl Client {
    /// Has another image read from the first place that this one's record shows, and deletes it. It ends with the request that was
    /// not answered ok, or else with the one that named the place; that the other is deleted is tried whatever came of that.
    pub(super) async fn copy_location(&self, context: &mut OperationContext<'_>) -> Answer {
        let url = match self.first_location(context.request).await {
            Ok(url) => url,
            Err(answer) => return answer,
        };
        let id = self.copy_of(context.request.id);
        let asked = |operation| Request {
            operation,
            id,
            ..*context.request
        };
        let [create, name, delete] =
            [Operation::Create, Operation::AddLocation, Operation::Delete].map(asked);
        let mut other = OperationContext {
            request: &create,
            watch: None,
            times: context.times,
            exchanges: Vec::new(),
        };
        let mut answer = self.create(&mut other, Formats::Raw).await;
        if answer.outcome == Outcome::Ok {
            other.request = &name;
            other.watch = context.watch.take();
            let kind = OperationKind::AddLocation(Hash::Unsaid);
            let call = self.call_of(kind, id, &url, None);
            answer = self.exchange(&mut other, call).await.0;
            other.watch = None;
            other.request = &delete;
            let deleted = self.delete(&mut other).await;
            if answer.outcome == Outcome::Ok && deleted.outcome != Outcome::Ok {
                answer = deleted;
            }
        }
        context.times = other.times;
        context.exchanges.append(&mut other.exchanges);
        // What was shown is the other's.
        (answer.observed, answer.content, answer.property) = (None, None, None);
        answer
    }

    /// Where the data of an image lies, or the answer of one who does not learn it.
    async fn first_location(&self, request: &Request) -> Result<String, Answer> {
        let path = format!("/images/{}", request.id);
        let unanswered =
            |trouble: Trouble| Answer::new(Outcome::Fail).with_note(line(trouble.text()));
        let reply = self.get(request.who, &path).await.map_err(unanswered)?;
        let mut answer = Answer::new(match reply.status {
            200 => Outcome::Refused,
            status => dialect::outcome(Operation::Show, status),
        });
        answer.http_status = Some(reply.status).filter(|status| *status != 200);
        answer.observed = dialect::gone(reply.status);
        let url = dialect::first_location(&reply.text).filter(|_| reply.status == 200);
        url.ok_or_else(|| answer.with_note("its record shows no place of its data"))
    }

    /// An identifier that no subject of the run has, and no other copy.
    fn copy_of(&self, id: ImageId) -> ImageId {
        let copies = &self.shared.copies;
        copies.set(copies.get() + 1);
        let [.., a, b, c, d, e, f, g, h] = id.0;
        let number = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        ImageId::new(self.shared.run, number.wrapping_add(copies.get()))
    }
}
