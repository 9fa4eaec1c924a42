//! Events in the shape of CloudEvents (cloudevents.io, version 1.0), as messages and as JSON.

use std::sync::LazyLock;

use contracts::redemption::v1 as wire;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use rpc::encode_timestamp;
use serde_json::{Value, json};

use super::encode;
use crate::domain::{Event, EventKind};

/// The version of CloudEvents that an event has the shape of.
const SPEC_VERSION: &str = "1.0";

/// What an event's data is, for its JSON form.
static AUTHORIZATION: LazyLock<MessageDescriptor> = LazyLock::new(|| {
    let pool = DescriptorPool::decode(contracts::DESCRIPTOR_SET).expect("the contracts are built");
    let name = "zhisong.redemption.v1.Authorization";
    pool.get_message_by_name(name).expect("it is in the contract")
});

/// An event as a message.
pub(super) fn message(event: Event) -> wire::Event {
    let source = format!("zhisong/redemption/{}", event.authorization.partner);
    let authorization = encode::authorization(event.authorization);
    wire::Event {
        id: event.position.to_string(),
        source,
        spec_version: SPEC_VERSION.to_owned(),
        r#type: type_name(event.kind).to_owned(),
        subject: authorization.authorization_id.clone(),
        time: Some(encode_timestamp(event.at)),
        position: event.position,
        authorization: Some(authorization),
    }
}

/// A batch of events as JSON.
pub(super) fn batch(events: Vec<Event>) -> String {
    let events = events.into_iter().map(|event| {
        let time = event.at.to_string();
        let message = message(event);
        let data = message.authorization.as_ref().map(data);
        json!({
            "specversion": message.spec_version,
            "id": message.id,
            "source": message.source,
            "type": message.r#type,
            "subject": message.subject,
            "time": time,
            "datacontenttype": "application/json",
            "data": data,
        })
    });
    Value::Array(events.collect()).to_string()
}

/// An authorization in the JSON form of protobuf.
fn data(authorization: &wire::Authorization) -> Value {
    let bytes = authorization.encode_to_vec();
    let message = DynamicMessage::decode(AUTHORIZATION.clone(), bytes.as_slice());
    let message = message.expect("the descriptor is of the same contract");
    serde_json::to_value(&message).expect("a message of the contract has a JSON form")
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
