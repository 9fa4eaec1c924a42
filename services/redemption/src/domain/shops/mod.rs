//! Shops and tills: what is registered, what is stopped, and what both mean for an order.
//!
//! - [`Registrations`] is what is known of the places of a batch of orders; [`Premises`] judges by
//!   it, for an order as a whole and for each campaign.
//! - [`decide`] judges the verbs of ops, [`decide_import`] a batch of rows of a file of shops.

mod change;
mod import;
mod premises;
mod shop;
mod stop;

pub use change::{
    PutShop, SeenShopRequest, ShopAction, ShopChange, ShopCommand, ShopRefusal, ShopState,
    Terminal, decide,
};
pub use import::{
    ImportBatch, ImportEffects, ImportState, SHOP_PROBLEMS_MAX, ShopImport, ShopRow,
    ShopRowProblem, WrittenShop, decide_import, decide_import_beginning,
};
pub use premises::{Mapping, Obstacle, Place, Premises, Registrations, ShopHere};
pub use shop::{GoodsText, Shop, ShopKey, ShopStage, ShopText, TextProblem};
pub use stop::{Stop, StopKey, StopScope, StopTexts};

#[cfg(test)]
mod tests;
