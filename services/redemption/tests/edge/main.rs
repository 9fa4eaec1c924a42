//! The services over gRPC, with made-up peers: what a platform, a member app and ops see.

mod bench;
mod checkout;
mod closures;
mod events;
mod feed;
mod keys;
mod parts;
mod reasons;
mod rechecks;
mod reconciliation;
mod settlement;
mod shops;
mod webhooks;
