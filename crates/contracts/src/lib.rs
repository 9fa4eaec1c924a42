//! The generated bindings of `proto/`, and nothing else.
//!
//! The comments of every message and field are in the `.proto` files. [`METHOD_SCOPES`] is read
//! from the same files, so that what a caller needs is stated once.

/// What all services share.
pub mod common {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("zhisong.common.v1");
    }
}

/// The eligibility service.
pub mod eligibility {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("zhisong.eligibility.v1");
    }
}

/// The issuance service.
pub mod issuance {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("zhisong.issuance.v1");
    }
}

/// The redemption service.
pub mod redemption {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("zhisong.redemption.v1");
    }
}

/// The encoded `FileDescriptorSet` of all protos, for reflection.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.bin"));

/// A method and the scope that a caller's token must list to call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MethodScope {
    /// The request path, as `/zhisong.issuance.v1.IssuanceService/Claim`.
    pub path: &'static str,
    /// The scope, as `voucher.claim`; `None` for a method that needs no token.
    pub scope: Option<&'static str>,
    /// Whether either side sends a stream.
    pub streams: bool,
}

/// Every method of every Zhisong service.
pub const METHOD_SCOPES: &[MethodScope] = include!(concat!(env!("OUT_DIR"), "/scopes.rs"));
