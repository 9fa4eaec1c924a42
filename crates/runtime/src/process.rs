use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusBuilder;
use rpc::Verifier;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    Context, Part, ProcessConfig, ServeOptions, ServiceConfig, StartProblem, load, serve,
    start_telemetry,
};

/// Runs one service as a process of its own: `NAME [--config FILE]`.
///
/// Exit codes: 0 after a drain, 1 when it could not start or serve, 2 for a wrong configuration.
pub fn run<C, F, B>(service: &'static str, build: F) -> ExitCode
where
    C: ServiceConfig,
    F: FnOnce(C, Context) -> B + Send + 'static,
    B: Future<Output = Result<Part, StartProblem>> + Send,
{
    match config_file() {
        Ok(file) => run_with(service, file.as_deref(), build),
        Err(problem) => {
            eprintln!("{service}: {problem}");
            ExitCode::from(2)
        }
    }
}

/// The same with the configuration file named by the caller.
pub fn run_with<C, F, B>(service: &'static str, file: Option<&Path>, build: F) -> ExitCode
where
    C: ServiceConfig,
    F: FnOnce(C, Context) -> B + Send + 'static,
    B: Future<Output = Result<Part, StartProblem>> + Send,
{
    let config = match load::<C>(service, file) {
        Ok(config) => config,
        Err(problem) => {
            eprintln!("{service}: {problem}");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(live(service, config, build)),
        Err(problem) => Err(StartProblem::new("runtime", problem)),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{service}: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// `--config FILE`, or nothing.
fn config_file() -> Result<Option<PathBuf>, &'static str> {
    let mut arguments = std::env::args_os().skip(1);
    match (arguments.next(), arguments.next(), arguments.next()) {
        (None, _, _) => Ok(None),
        (Some(flag), Some(file), None) if flag == "--config" => Ok(Some(PathBuf::from(file))),
        _ => Err("usage: [--config FILE]; every key can also be set by environment"),
    }
}

async fn live<C, F, B>(service: &'static str, config: C, build: F) -> Result<(), StartProblem>
where
    C: ServiceConfig,
    F: FnOnce(C, Context) -> B,
    B: Future<Output = Result<Part, StartProblem>> + Send,
{
    let process = config.process().clone();
    let telemetry = start_telemetry(service, &process.telemetry)?;
    tracing::info!(service, version = env!("CARGO_PKG_VERSION"), ?config, "starting");
    let ended = serve_one(&process, |context| build(config, context)).await;
    if let Err(problem) = &ended {
        tracing::error!(service, problem = %problem, "ended");
    }
    telemetry.flush().await;
    ended
}

async fn serve_one<B>(
    process: &ProcessConfig,
    build: impl FnOnce(Context) -> B,
) -> Result<(), StartProblem>
where
    B: Future<Output = Result<Part, StartProblem>> + Send,
{
    if let Some(address) = process.metrics_listen {
        PrometheusBuilder::new()
            .with_http_listener(address)
            .install()
            .map_err(|problem| StartProblem::new("process.metrics_listen", problem))?;
    }
    let clock = process.clock();
    let verifier = Arc::new(verifier(process, &clock)?);
    let listener = TcpListener::bind(process.listen).await.map_err(|problem| {
        StartProblem::new(format!("process.listen = {}", process.listen), problem)
    })?;
    let part = build(Context { clock: Arc::clone(&clock) }).await?;
    let options = ServeOptions {
        listener,
        clock,
        verifier,
        admission: process.admission(),
        drain_timeout: Duration::from_millis(process.drain_timeout_ms),
    };
    let stop = stop_signal()?;
    tracing::info!(listen = %process.listen, "serving");
    serve(vec![part], options, stop).await
}

fn verifier(
    process: &ProcessConfig,
    clock: &Arc<dyn clock::Clock>,
) -> Result<Verifier, StartProblem> {
    let mut keys = Vec::new();
    for key in &process.callers.keys {
        let pem = std::fs::read_to_string(&key.public_key_file).map_err(|problem| {
            StartProblem::new(key.public_key_file.display().to_string(), problem)
        })?;
        keys.push((key.key_id.clone(), pem));
    }
    Verifier::new(&keys, Arc::clone(clock))
        .map_err(|problem| StartProblem::new("process.callers.keys", problem))
}

/// Done at SIGTERM or SIGINT.
pub fn stop_signal() -> Result<impl Future<Output = ()> + Send + 'static, StartProblem> {
    let listen = |kind| signal(kind).map_err(|problem| StartProblem::new("signals", problem));
    let mut terminate = listen(SignalKind::terminate())?;
    let mut interrupt = listen(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("draining");
    })
}
