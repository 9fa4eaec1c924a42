use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use clock::Clock;
use futures::future::BoxFuture;
use rpc::{Admission, CallerLayer, Verifier};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::service::RoutesBuilder;
use tonic::transport::Server;
use tonic_health::ServingStatus;

use crate::clock_service::ClockRpc;

/// How long an idle connection waits before it asks whether the other side is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// Headers of one request, in bytes.
const HEADERS_MAX: u32 = 16 * 1024;
/// Calls at a time on one connection; further ones wait in the client.
const STREAMS_MAX: u32 = 1_000;
/// Calls of one connection that were taken back before they were looked at; one more closes the
/// connection (CVE-2023-44487). As many as may be open at a time: with h2's 20, one burst of callers
/// who hang up ends the calls of all others on a gateway's connection.
const TAKEN_BACK_MAX: usize = STREAMS_MAX as usize;

/// What a service is built with.
#[derive(Clone)]
pub struct Context {
    /// Where it takes its time from.
    pub clock: Arc<dyn Clock>,
}

/// A service, ready to be served.
pub struct Part {
    /// Its name, as `issuance`.
    pub name: &'static str,
    /// Full names of its gRPC services, for health.
    pub services: Vec<&'static str>,
    /// Adds its gRPC services to a server.
    pub mount: Box<dyn FnOnce(&mut RoutesBuilder) + Send>,
    /// Ends streams that would never end by themselves, when the drain begins.
    pub leave: Box<dyn FnOnce() + Send>,
    /// Finishes its lanes and closes its store, after the last call has been answered.
    pub stop: BoxFuture<'static, ()>,
}

/// Why a process could not start: what, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {why}")]
pub struct StartProblem {
    what: String,
    why: String,
}

impl StartProblem {
    /// `what` names a setting or a dependency, `why` says what is wrong with it.
    pub fn new(what: impl Into<String>, why: impl std::fmt::Display) -> Self {
        Self { what: what.into(), why: why.to_string() }
    }
}

impl From<sql::OpenProblem> for StartProblem {
    fn from(problem: sql::OpenProblem) -> Self {
        Self::new("database", problem)
    }
}

impl From<rpc::PeerProblem> for StartProblem {
    fn from(problem: rpc::PeerProblem) -> Self {
        Self::new("peer", problem)
    }
}

/// How a process serves.
pub struct ServeOptions {
    /// The bound port.
    pub listener: TcpListener,
    /// The business clock that the clock service shows and moves.
    pub clock: Arc<dyn Clock>,
    /// Who is let in.
    pub verifier: Arc<Verifier>,
    /// How much is taken on at a time.
    pub admission: Admission,
    /// How long calls may go on once `shutdown` is done.
    pub drain_timeout: Duration,
}

/// Serves the parts on one port until `shutdown` is done, then drains within the limit and stops
/// each part. Health, reflection and the clock service come with them.
pub async fn serve(
    parts: Vec<Part>,
    options: ServeOptions,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), StartProblem> {
    let (health, health_service) = tonic_health::server::health_reporter();
    let mut routes = RoutesBuilder::default();
    let mut names = Vec::new();
    let mut leaves = Vec::new();
    let mut stops = Vec::new();
    for part in parts {
        (part.mount)(&mut routes);
        names.extend(part.services);
        leaves.push(part.leave);
        stops.push(part.stop);
    }
    routes.add_service(ClockRpc::server(Arc::clone(&options.clock)));
    routes.add_service(health_service);
    let reflection = |problem| StartProblem::new("reflection", problem);
    routes.add_service(reflected(&names).build_v1().map_err(reflection)?);
    // Older clients, among them the Python one, know only the version before.
    routes.add_service(reflected(&names).build_v1alpha().map_err(reflection)?);
    for name in names.iter().copied().chain([""]) {
        health.set_service_status(name, ServingStatus::Serving).await;
    }

    let incoming = TcpListenerStream::new(options.listener).map(|accepted| {
        // tonic sets this only on listeners of its own; without it small answers wait 40 ms.
        accepted.and_then(|stream| stream.set_nodelay(true).map(|()| stream))
    });
    let (draining, drain) = oneshot::channel::<()>();
    let stopped = async move {
        shutdown.await;
        for name in names.into_iter().chain([""]) {
            health.set_service_status(name, ServingStatus::NotServing).await;
        }
        leaves.into_iter().for_each(|leave| leave());
        // The other side waits for nothing else.
        let _ = draining.send(());
    };
    let server = Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_max_header_list_size(HEADERS_MAX)
        .max_concurrent_streams(STREAMS_MAX)
        .http2_max_pending_accept_reset_streams(Some(TAKEN_BACK_MAX))
        .layer(CallerLayer::new(options.verifier, options.admission))
        .add_routes(routes.routes())
        .serve_with_incoming_shutdown(incoming, stopped);
    let result = drain_within(server, drain, options.drain_timeout).await;
    futures::future::join_all(stops).await;
    result
}

/// Ends the server when it is done, or when the limit after the shutdown has passed: hyper may
/// wait for ever for a connection that never spoke.
async fn drain_within(
    server: impl Future<Output = Result<(), tonic::transport::Error>>,
    drain: oneshot::Receiver<()>,
    limit: Duration,
) -> Result<(), StartProblem> {
    let cut_off = async move {
        if drain.await.is_err() {
            // The server ended first; let it give its result.
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(limit).await;
    };
    tokio::select! {
        served = server => served.map_err(|problem| StartProblem::new("server", problem)),
        () = cut_off => {
            tracing::warn!(drain_timeout_ms = limit.as_millis(), "calls were cut off");
            Ok(())
        }
    }
}

/// What reflection tells: the services that are served here.
fn reflected(names: &[&'static str]) -> tonic_reflection::server::Builder<'static> {
    let builder = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(contracts::DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
    let mut shown: HashSet<_> = names.iter().copied().collect();
    shown.extend(["zhisong.common.v1.ClockService", "grpc.health.v1.Health"]);
    shown.into_iter().fold(builder, |builder, name| builder.with_service_name(name))
}
