//! Any method, called by its path with encoded messages, so that one table can hold all of them.

use contracts::common::v1::ErrorReason;
use prost::Message;
use prost::bytes::{Buf as _, BufMut as _, Bytes};
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;
use tonic::{Request, Status};

/// What is sent: one message, or those of a client stream.
pub type Ask = Vec<Bytes>;

/// A call of one message.
pub fn ask(message: &impl Message) -> Ask {
    vec![message.encode_to_vec().into()]
}

/// A call of several messages.
pub fn ask_stream(messages: &[impl Message]) -> Ask {
    messages.iter().flat_map(ask).collect()
}

/// Reads what was answered.
pub fn read<M: Message + Default>(answer: &Bytes) -> M {
    M::decode(answer.clone()).expect("the method's own message")
}

/// Calls a method and gives the first message of its answer.
pub async fn call(
    connection: &Channel,
    path: &'static str,
    authorization: Option<&str>,
    ask: &Ask,
) -> Result<Bytes, Status> {
    let mut request = Request::new(tokio_stream::iter(ask.clone()));
    if let Some(authorization) = authorization {
        let authorization = authorization.parse().expect("plain ASCII");
        request.metadata_mut().insert("authorization", authorization);
    }
    let mut client = tonic::client::Grpc::new(connection.clone());
    client.ready().await.expect("the suite listens");
    let path = tonic::codegen::http::uri::PathAndQuery::from_static(path);
    let mut answer = client.streaming(request, path, RawCodec).await?.into_inner();
    Ok(answer.message().await?.expect("every method answers with a message"))
}

/// The name of a reason as callers see it.
pub fn name(reason: ErrorReason) -> &'static str {
    let name = reason.as_str_name();
    name.strip_prefix("ERROR_REASON_").expect("every reason has the prefix")
}

/// Messages as they are.
struct RawCodec;

impl Codec for RawCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put(message);
        Ok(())
    }
}

impl Decoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
