use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use contracts::common::v1::ErrorReason;
use contracts::{METHOD_SCOPES, MethodScope};
use http::{HeaderMap, Request, Response};
use tokio::time::Instant;
use tonic::Status;
use tower::{Layer, Service};
use tracing::Instrument;

use crate::admission::Gate;
use crate::caller::Deadline;
use crate::{Admission, Caller, Problem, Verifier, trace_context};

/// What needs no token besides the methods that the contract says are public: health and
/// reflection.
const PUBLIC_PREFIXES: [&str; 2] = ["/grpc.health.v1.Health/", "/grpc.reflection.v1"];
/// We answer this much before the caller's timeout, ahead of tonic, whose answer is `CANCELLED`.
const DEADLINE_MARGIN: Duration = Duration::from_millis(2);

/// The one layer before every handler.
#[derive(Clone)]
pub struct CallerLayer {
    shared: Arc<Shared>,
}

struct Shared {
    verifier: Arc<Verifier>,
    methods: HashMap<&'static str, MethodScope>,
    gate: Gate,
}

impl CallerLayer {
    /// Lets in whom `verifier` knows, within the limits of `admission`.
    pub fn new(verifier: Arc<Verifier>, admission: Admission) -> Self {
        let methods = METHOD_SCOPES.iter().map(|method| (method.path, *method)).collect();
        Self { shared: Arc::new(Shared { verifier, methods, gate: Gate::new(admission) }) }
    }
}

impl<S> Layer<S> for CallerLayer {
    type Service = CallerService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CallerService { inner, shared: Arc::clone(&self.shared) }
    }
}

/// What [`CallerLayer`] makes of a service.
#[derive(Clone)]
pub struct CallerService<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S, B, R> Service<Request<B>> for CallerService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    B: Send + 'static,
    R: Default + Send + 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // The service that was polled ready is the one to call; a clone may not be.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let shared = Arc::clone(&self.shared);
        let method = self.shared.method(request.uri().path());
        let span = tracing::info_span!("rpc", method, otel.kind = "server");
        trace_context::continue_trace(request.headers(), &span);
        let answer = async move {
            let started = Instant::now();
            let known = shared.methods.get(request.uri().path());
            let room = known.map(|known| shared.gate.enter(known.streams));
            if matches!(room, Some(None)) {
                return Ok(refuse(method, started, Problem::new(ErrorReason::Overloaded)));
            }
            match shared.admit(request.uri().path(), request.headers()) {
                Ok(Some(caller)) => request.extensions_mut().insert(caller),
                Ok(None) => None,
                Err(problem) => return Ok(refuse(method, started, problem)),
            };
            let deadline = timeout(request.headers()).map(|timeout| started + timeout);
            if let Some(deadline) = deadline {
                request.extensions_mut().insert(Deadline(deadline));
            }
            let answered = within(deadline, inner.call(request)).await;
            match answered {
                Some(result) => result.inspect(|response| {
                    record(method, started, outcome(response.headers()));
                }),
                None => Ok(refuse(method, started, Problem::new(ErrorReason::DeadlinePassed))),
            }
        };
        Box::pin(answer.instrument(span))
    }
}

impl Shared {
    /// The method for labels: a path of ours, or one word for all others.
    fn method(&self, path: &str) -> &'static str {
        self.methods.get(path).map_or("other", |known| known.path)
    }

    fn admit(&self, path: &str, headers: &HeaderMap) -> Result<Option<Arc<Caller>>, Problem> {
        let Some(MethodScope { scope, .. }) = self.methods.get(path) else {
            let public = PUBLIC_PREFIXES.iter().any(|prefix| path.starts_with(prefix));
            return match public {
                true => Ok(None),
                // Unknown methods are tonic's to answer, but only to those we know.
                false => self.caller(headers).map(Some),
            };
        };
        // Everybody may call it: a token is not even looked at.
        let Some(scope) = scope else { return Ok(None) };
        let caller = self.caller(headers)?;
        match caller.has_scope(scope) {
            true => Ok(Some(caller)),
            false => Err(Problem::new(ErrorReason::ScopeMissing).with("scope", scope)),
        }
    }

    fn caller(&self, headers: &HeaderMap) -> Result<Arc<Caller>, Problem> {
        let header = headers.get(http::header::AUTHORIZATION);
        let header = header.ok_or_else(|| Problem::new(ErrorReason::TokenMissing))?;
        let token = header.to_str().ok().and_then(|text| text.strip_prefix("Bearer "));
        self.verifier.verify(token.ok_or_else(|| Problem::new(ErrorReason::TokenInvalid))?)
    }
}

async fn within<T>(deadline: Option<Instant>, work: impl Future<Output = T>) -> Option<T> {
    match deadline {
        Some(deadline) => tokio::time::timeout_at(deadline, work).await.ok(),
        None => Some(work.await),
    }
}

fn refuse<R: Default>(method: &'static str, started: Instant, problem: Problem) -> Response<R> {
    record(method, started, "refused");
    Status::from(problem).into_http()
}

fn outcome(headers: &HeaderMap) -> &'static str {
    // Only a refusal has its status in the headers; an answer has it in the trailers.
    match headers.get("grpc-status").map(http::HeaderValue::as_bytes) {
        None | Some(b"0") => "ok",
        Some(b"2" | b"13" | b"14" | b"15") => "error",
        Some(_) => "refused",
    }
}

fn record(method: &'static str, started: Instant, outcome: &'static str) {
    let labels = [("method", method), ("outcome", outcome)];
    metrics::histogram!("zhisong_rpc_seconds", &labels).record(started.elapsed().as_secs_f64());
}

/// The caller's `grpc-timeout`: up to eight digits and a unit (gRPC over HTTP/2 specification).
fn timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let amount: u64 = digits.parse().ok().filter(|_| digits.len() <= 8)?;
    let timeout = match unit {
        "H" => Duration::from_secs(amount * 3_600),
        "M" => Duration::from_secs(amount * 60),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    };
    Some(timeout.saturating_sub(DEADLINE_MARGIN))
}
