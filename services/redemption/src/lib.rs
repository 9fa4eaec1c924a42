//! Redemption: vouchers at the till. Wallets, authorizations, the journal and statements.
//!
//! | folder | what |
//! |---|---|
//! | `domain` | the rules: which voucher applies, what becomes of a hold, what is booked |
//! | `usecase` | one verb a file: who may, whose voucher it is, what is asked of the store |
//! | `store` | one atomic step a method, on SQLite and PostgreSQL; `conformance` states what every store must do |
//! | `rpc` | the contract's messages, in and out, and the peers |
//!
//! **Invariant** (A1): an effect or a refusal of Authorize, Capture, Void and Refund is committed
//! together with the request that it answers, and every answer is made from what was committed.
//! **Invariant** (R3): of capture, void and expiry of a hold exactly one happens; a hold whose time
//! has run out counts as expired at once, swept or not.
//! **Invariant** (R4, R5): the journal is only ever added to, a transaction's entries come to zero,
//! and a row is written to a day that is open when it is committed.
//! **Invariant** (R5): a statement of a closed day, whoever it is for, is the same bytes for ever;
//! what signs its head is no part of them.
//! **Invariant** (R5): a capture counts as the chain that its shop belongs to when it is committed,
//! and a refund as the chain of its capture, whatever becomes of the shop.
//! **Invariant**: what ops were answered of a shop, a till, a list, a mapping or a stop is met by
//! every Authorize that is judged after it, at every replica: the order's own transaction reads it.
//! **Invariant** (I6): what issuance was told will never be spent of a voucher is never spent: a
//! closed voucher is over at every replica, whatever its clock says.
//! **Invariant**: each position of the voucher feed takes effect once; a feed that does not go on
//! exactly where it was left is not followed.
//! Absent on purpose: ID numbers (a member stands in tables as a digest of the member id), counters
//! on the hot path (totals are derived from entries), and any call to a peer inside a transaction.

mod config;
pub mod domain;
mod entropy;
pub mod rpc;
mod service;
pub mod store;
pub mod usecase;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use ::rpc::{DocumentKey, DocumentSigner, KeyProblem, Peer};
use runtime::{Context, Part, StartProblem};

pub use config::{CheckoutConfig, Config, SettlementConfig, WebhooksConfig};
pub use entropy::SystemEntropy;
pub use service::{Ingredients, Redemption, SERVICES, Sending};

use crate::rpc::{EligibilityOverRpc, IssuanceOverRpc};
use crate::usecase::SettlementKeys;

/// Opens the store, reaches for the peers, and starts the service.
pub async fn build(config: Config, context: Context) -> Result<Part, StartProblem> {
    let settlement_keys = Arc::new(settlement_keys(&config.settlement)?);
    let sending = sending(&config.webhooks)?;
    let store = store::open(&config.database).await?;
    let eligibility = Peer::lazy(&config.eligibility)?;
    let issuance = Peer::lazy(&config.issuance)?;
    let feed = Peer::streaming(&config.issuance)?;
    let redemption = Redemption::start(Ingredients {
        store: Arc::clone(&store),
        clock: context.clock,
        entropy: Arc::new(SystemEntropy),
        eligibility: Arc::new(EligibilityOverRpc::new(&eligibility)),
        issuance: Arc::new(IssuanceOverRpc::new(&issuance, &feed)),
        lane: config.checkout.lane(),
        lanes: config.checkout.lanes,
        settlement_keys,
        sending,
    });
    Ok(redemption.into_part(async move { store.close().await }))
}

fn settlement_keys(config: &SettlementConfig) -> Result<SettlementKeys, StartProblem> {
    let signer = read_key(&config.signing_key_path, DocumentSigner::from_pem)?;
    let retired = config.retired_key_paths.iter();
    let retired =
        retired.map(|path| read_key(path, DocumentKey::from_pem)).collect::<Result<_, _>>();
    Ok(SettlementKeys { signer, retired: retired? })
}

fn sending(config: &WebhooksConfig) -> Result<Sending, StartProblem> {
    let path = &config.secret_path;
    let named = || path.display().to_string();
    let text = fs::read_to_string(path).map_err(|problem| StartProblem::new(named(), problem))?;
    let sending = from_hex(text.trim()).and_then(|key| Sending::over_http(&key, config.reach()));
    let sending = sending.ok_or_else(|| {
        let problem =
            "it must hold 64 hexadecimal digits or more, as `openssl rand -hex 32` writes";
        StartProblem::new(named(), problem)
    })?;
    sending.map_err(|problem| StartProblem::new("the client of webhooks", problem))
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<_>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let pairs = digits?;
    let bytes = pairs.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    });
    bytes.collect()
}

fn read_key<T>(
    path: &Path,
    read: impl FnOnce(&str) -> Result<T, KeyProblem>,
) -> Result<T, StartProblem> {
    let named = || path.display().to_string();
    let pem = fs::read_to_string(path).map_err(|problem| StartProblem::new(named(), problem))?;
    read(&pem).map_err(|problem| StartProblem::new(named(), problem))
}

/// The whole `main` of the service as a process of its own.
pub fn main() -> std::process::ExitCode {
    runtime::run("redemption", build)
}
