//! Another image whose data lies where this one's does, for as long as it takes to delete it.

use super::{Client, OperationContext};
use crate::answer::{Answer, ImageId, Request};
use crate::dialect;
use stormglass_model::lifecycle::{Operation, Outcome};
use stormglass_model::operations::{Formats, Hash, OperationKind};

impl Client {
    /// Has another image read from the first place that this one's record shows, and deletes it. It ends with the request that was
    /// not answered ok, or else with the one that named the place; that the other is deleted is tried whatever came of that.
    pub(super) async fn copy_location(&self, context: &mut OperationContext<'_>) -> Answer {
        let watch = context.watch.take();
        let url = match self.first_location(context).await {
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
            sent: false,
            exchanges: Vec::new(),
        };
        let mut answer = self.create(&mut other, Formats::Raw).await;
        if answer.outcome == Outcome::Ok {
            other.request = &name;
            other.watch = watch;
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
        context.sent |= other.sent;
        context.exchanges.append(&mut other.exchanges);
        // What was shown is the other's.
        (answer.observed, answer.content, answer.property) = (None, None, None);
        answer
    }

    /// Where the data of the image lies, or the answer of one who does not learn it.
    async fn first_location(&self, context: &mut OperationContext<'_>) -> Result<String, Answer> {
        let record = self.call_of(OperationKind::Show, context.request.id, "", None);
        let (mut answer, came) = self.exchange(context, record).await;
        let came = came.ok().filter(|_| answer.outcome == Outcome::Ok);
        let url = came
            .as_ref()
            .and_then(|reply| dialect::first_location(&reply.text));
        url.ok_or_else(|| {
            if came.is_some() {
                // A 200 that grants nothing of what is asked for.
                (answer.outcome, answer.http_status) = (Outcome::Refused, None);
                answer.note = "its record shows no place of its data".to_owned();
            }
            answer
        })
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
