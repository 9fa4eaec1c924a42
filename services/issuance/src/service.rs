use std::sync::Arc;

use rpc::Peer;
use runtime::{Context, Part, StartProblem};

use crate::config::Config;
use crate::domain::Entropy;
use crate::rpc::{EligibilityService, RedemptionService};
use crate::store;
use crate::usecase::{Issuance, Parts};

/// Randomness of the operating system's quality.
struct RandomEntropy;

impl Entropy for RandomEntropy {
    fn draw(&self) -> [u8; 9] {
        rand::random()
    }
}

/// Opens the store and puts the service together.
pub async fn build(config: Config, context: Context) -> Result<Part, StartProblem> {
    let eligibility = EligibilityService::new(Peer::lazy(&config.eligibility)?);
    let redemption = config.redemption.as_ref().map(Peer::streaming).transpose()?;
    let store = store::open(&config.database).await?;
    let parts = Parts {
        store: Arc::clone(&store),
        clock: context.clock,
        eligibility: Arc::new(eligibility),
        entropy: Arc::new(RandomEntropy),
    };
    let issuance = Arc::new(Issuance::new(parts, config.claim.limits()));
    // Ended by the end of the streams, before the store is closed.
    let follower = redemption.map(|redemption| {
        let redemption = Arc::new(RedemptionService::new(&redemption));
        tokio::spawn(issuance.closure_follower(redemption).run())
    });
    let (served, streaming) = (Arc::clone(&issuance), Arc::clone(&issuance));
    Ok(Part {
        name: "issuance",
        services: crate::rpc::names(),
        mount: Box::new(move |routes| crate::rpc::mount(&served, routes)),
        leave: Box::new(move || streaming.end_streams()),
        stop: Box::pin(async move {
            issuance.stop().await;
            if let Some(follower) = follower
                && let Err(error) = follower.await
            {
                tracing::error!(%error, "the follower of the closures ended badly");
            }
            store.close().await;
        }),
    })
}
