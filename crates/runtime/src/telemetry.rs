use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer};

use crate::{LogFormat, StartProblem, TelemetryConfig};

/// How long the last spans may take to be sent.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);

/// What our own exporter does must not be exported: it would feed itself without end.
const EXPORTED: &str = "info,tonic=off,h2=off,hyper=off,tower=off,opentelemetry=off";

/// Flushes spans when the process ends.
#[derive(Debug, Default)]
pub struct TelemetryGuard {
    provider: Option<SdkTracerProvider>,
}

impl TelemetryGuard {
    /// Sends what is left, within a bound and off the workers.
    pub async fn flush(self) {
        let Some(provider) = self.provider else { return };
        let flushed =
            tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(FLUSH_TIMEOUT));
        if !matches!(flushed.await, Ok(Ok(()))) {
            tracing::warn!("the last spans could not be sent");
        }
    }
}

/// Starts logs, and traces if they are to be sent anywhere. Logs go to standard error.
pub fn start_telemetry(
    service: &'static str,
    config: &TelemetryConfig,
) -> Result<TelemetryGuard, StartProblem> {
    opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
    let filter = EnvFilter::try_new(&config.log_filter)
        .map_err(|problem| StartProblem::new("process.telemetry.log_filter", problem))?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match config.log_format {
        LogFormat::Json => lines.json().with_filter(filter).boxed(),
        LogFormat::Text => lines.with_filter(filter).boxed(),
    };
    let provider = config.otlp_endpoint.as_deref().map(|endpoint| {
        provider(service, endpoint, config.trace_ratio)
            .map_err(|problem| StartProblem::new("process.telemetry.otlp_endpoint", problem))
    });
    let provider = provider.transpose()?;
    let spans = provider.as_ref().map(|provider| {
        let exported = EnvFilter::new(EXPORTED);
        tracing_opentelemetry::layer().with_tracer(provider.tracer(service)).with_filter(exported)
    });
    tracing_subscriber::registry()
        .with(lines)
        .with(spans)
        .try_init()
        .map_err(|problem| StartProblem::new("telemetry", problem))?;
    Ok(TelemetryGuard { provider })
}

fn provider(
    service: &'static str,
    endpoint: &str,
    ratio: f64,
) -> Result<SdkTracerProvider, opentelemetry_otlp::ExporterBuildError> {
    let exporter =
        opentelemetry_otlp::SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio)));
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(sampler)
        .with_resource(Resource::builder().with_service_name(service).build())
        .build())
}
