use contracts::redemption::v1 as wire;
use contracts::redemption::v1::event_service_server::EventService;
use futures::stream::{BoxStream, StreamExt as _};
use rpc::{Fields, encode_timestamp};
use tonic::{Request, Response, Status, async_trait};

use super::encode;
use super::status::read_status;
use crate::domain::{Event, EventKind};
use crate::usecase::Events;

/// The version of CloudEvents that an event has the shape of.
const SPEC_VERSION: &str = "1.0";

/// Events over gRPC.
pub struct EventRpc {
    /// The events.
    pub events: Events,
}

#[async_trait]
impl EventService for EventRpc {
    type WatchEventsStream = BoxStream<'static, Result<wire::WatchEventsResponse, Status>>;

    async fn watch_events(
        &self,
        request: Request<wire::WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        let caller = rpc::caller(&request)?;
        let after = request.get_ref().after_position;
        let mut fields = Fields::new();
        let after = match after >= 0 {
            true => Some(after),
            false => fields.take("after_position", Err("must be 0 or more")),
        };
        let after = fields.finish(after)?;
        let pages = self.events.watch(&caller, after).await.map_err(read_status)?;
        let source = format!("zhisong/redemption/{}", caller.subject);
        let messages = pages.map(move |page| {
            let events = page.map_err(read_status)?.into_iter();
            let events = events.map(|one| event(one, &source)).collect();
            Ok(wire::WatchEventsResponse { events })
        });
        Ok(Response::new(messages.boxed()))
    }
}

fn event(event: Event, source: &str) -> wire::Event {
    let authorization = encode::authorization(event.authorization);
    wire::Event {
        id: event.position.to_string(),
        source: source.to_owned(),
        spec_version: SPEC_VERSION.to_owned(),
        r#type: type_name(event.kind).to_owned(),
        subject: authorization.authorization_id.clone(),
        time: Some(encode_timestamp(event.at)),
        position: event.position,
        authorization: Some(authorization),
    }
}

const fn type_name(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Held => "zhisong.authorization.held.v1",
        EventKind::Captured => "zhisong.authorization.captured.v1",
        EventKind::Voided => "zhisong.authorization.voided.v1",
        EventKind::Expired => "zhisong.authorization.expired.v1",
        EventKind::Refunded => "zhisong.authorization.refunded.v1",
    }
}
