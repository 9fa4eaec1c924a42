use contracts::redemption::v1 as wire;
use contracts::redemption::v1::event_service_server::EventService;
use futures::stream::{BoxStream, StreamExt as _};
use rpc::Fields;
use tonic::{Request, Response, Status, async_trait};

use super::cloud_event;
use super::status::read_status;
use crate::usecase::Events;

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
        let messages = pages.map(|page| {
            let events = page.map_err(read_status)?.into_iter();
            let events = events.map(cloud_event::message).collect();
            Ok(wire::WatchEventsResponse { events })
        });
        Ok(Response::new(messages.boxed()))
    }
}
