use rpc::{DocumentKey, DocumentSigner, key_set};

use super::Settlement;

/// The keys of statements' heads.
pub struct SettlementKeys {
    /// The one that signs.
    pub signer: DocumentSigner,
    /// Those that signed before: what they signed stays valid.
    pub retired: Vec<DocumentKey>,
}

impl Settlement {
    /// The public keys as a JSON Web Key Set: the one that signs comes first.
    pub fn get_settlement_keys(&self) -> String {
        let SettlementKeys { signer, retired } = &*self.keys;
        key_set(std::iter::once(signer.public()).chain(retired))
    }
}
