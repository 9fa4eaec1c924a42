//! The contract's services, and the peers: decode, use case, map the error, encode. This
//! folder alone names the messages.

mod checkout_service;
mod closure_feed_service;
mod cloud_event;
mod decode;
mod eligibility_peer;
mod encode;
mod event_service;
mod issuance_peer;
mod merchant_decode;
mod merchant_encode;
mod merchant_service;
mod receivers;
mod settlement_decode;
mod settlement_encode;
mod settlement_service;
mod status;
mod terminal_service;
mod terms;
mod wallet_service;
mod webhook_service;

pub use checkout_service::CheckoutRpc;
pub use closure_feed_service::ClosureFeedRpc;
pub use eligibility_peer::EligibilityOverRpc;
pub use event_service::EventRpc;
pub use issuance_peer::IssuanceOverRpc;
pub use merchant_service::MerchantRpc;
pub use receivers::HttpReceivers;
pub use settlement_service::SettlementRpc;
pub use terminal_service::TerminalRpc;
pub use wallet_service::WalletRpc;
pub use webhook_service::WebhookRpc;
